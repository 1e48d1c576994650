"""Signed heads that are kept elsewhere, held against the store: what nobody who may write here can have changed.

A head is a line of JSON: `head` (day, number of the day's last entry, its hash), `key` and `signature`. Whoever keeps
one can tell later that the log still holds that entry, that the store still has that head, and that what was signed
since is signed by the same key, or by one that it handed over to (`etl.key_change`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from etl.canonical import canonical_json
from etl.faults import Fault
from etl.heads import Head, as_record, signed_heads, wrong_heads
from etl.key_change import keys_in_succession
from etl.records.log import entry_at
from etl.signing import PublicKey


class HeadUnreadableError(ValueError):
    """A file that holds no head: one sentence for the person at the command."""


def as_line(head: Head) -> str:
    """A head to be kept elsewhere, without the end of the line."""
    return canonical_json(as_record(head))


def heads_in(path: Path) -> list[Head]:
    """The heads in a file, a line each, or that of the receipt that it is; HeadUnreadableError where it has none."""
    text = path.read_text("utf-8", errors="replace")
    if (of_receipt := _heads_of_receipt(path, text)) is not None:
        return of_receipt
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise HeadUnreadableError(f"{path} holds no head; 'daxa log head' prints one")
    return [_head(path, line) for line in lines]


def _heads_of_receipt(path: Path, text: str) -> list[Head] | None:
    """The heads that a receipt carries; None where the file is none. Each has its own signature."""
    try:
        content = json.loads(text)["receipt"]
        carried = [one.get("log_head") for one in content.get("receipts", [content])]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    heads = {_head(path, canonical_json(one)) for one in carried if one is not None}
    if not heads:
        raise HeadUnreadableError(
            f"{path} is a receipt that carries no head: an earlier version's, or from before a day was signed"
        )
    return sorted(heads, key=lambda head: head.day)


def _head(path: Path, line: str) -> Head:
    try:
        whole: Any = json.loads(line)
        said = whole["head"]
        head = Head(
            date.fromisoformat(said["day"]), int(said["sequence"]), str(said["hash"]), whole["signature"], whole["key"]
        )
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise HeadUnreadableError(f"{path} holds a line that is no head; 'daxa log head' prints one") from error
    if as_line(head) != canonical_json(whole):
        raise HeadUnreadableError(f"{path} holds a line that is no head; 'daxa log head' prints one")
    return head


def held_against(connection: Connection, kept: Sequence[Head], known: Mapping[str, PublicKey]) -> Iterator[Fault]:
    """What of a store does not agree with heads that were kept elsewhere; `known` are its public keys, by their id."""
    ours = {head.day: head for head in signed_heads(connection)}
    for head in kept:
        what = _disagreement(connection, head, known.get(head.key_id), ours.get(head.day))
        if what is not None:
            yield Fault(f"kept head {head.day}", what)
    roots = {head.key_id: known[head.key_id] for head in kept if head.key_id in known}
    if not roots:
        return
    first = min(head.day for head in kept)
    trusted = keys_in_succession(connection, roots)
    for wrong, what in wrong_heads(connection, trusted):
        if wrong.day >= first and wrong.key_id not in trusted:
            yield Fault(f"log head {wrong.day}", f"{what} by the heads kept elsewhere")


def _disagreement(connection: Connection, kept: Head, key: PublicKey | None, own: Head | None) -> str | None:
    if key is None:
        return f"was signed by the key {kept.key_id}, which this store does not have: another key, or another store"
    if not key.has_signed(kept.signed, kept.signature):
        return "has a signature that is not of its content: it was changed where it was kept"
    entry = entry_at(connection, kept.sequence)
    if entry is None:
        return f"stands for entry {kept.sequence}, before which the log ends: cut off, or an older database"
    if entry.hash != kept.hash:
        return f"stands for entry {kept.sequence}, which has another hash: the log was written anew"
    if own is None:
        return "is not among the heads of this store: removed, or an older database"
    if own != kept:
        return f"is another one in this store, signed by the key {own.key_id}"
    return None

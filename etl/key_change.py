"""Another signing key for the store: an act that the old key signs, so that trust in the one leads to the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from etl.records import log
from etl.records.engine import writing
from etl.records.log import AuditEvent, EventKind
from etl.signing import PublicKey, Signer, put_in_place, signer_of
from etl.store import Store


def change_key(store: Store, *, actor: str, at: datetime) -> PublicKey:
    """Have the store sign with a new key from now on, signed by the old one in the audit log; the new public half.

    KeyUnusableError where there is no old one: a lost key is put back from a copy.
    """
    old, new = signer_of(store.home, may_make=False), Signer.generated()
    content = _content(old.public.id, new.public)
    with writing(store.engine, lock="log_heads") as connection:
        details = {**content, "signature": old.sign(content)}
        log.append(connection, [AuditEvent(actor, EventKind.KEY_CHANGE, new.public.id, details)], at=at)
    put_in_place(store.home, new)  # where that does not come to be, the old one goes on signing
    return new.public


def _content(old: str, new: PublicKey) -> dict[str, Any]:
    return {"kind": "daxa key change", "old": old, "new": new.id, "public": new.raw.hex()}


def keys_in_succession(connection: Connection, roots: Mapping[str, PublicKey]) -> dict[str, PublicKey]:
    """These keys and those that they handed over to, as the audit log has it, by their ids."""
    trusted = dict(roots)
    for entry in reversed(log.entries(connection, act=EventKind.KEY_CHANGE)):
        try:
            said = json.loads(entry.details)
            new = PublicKey(bytes.fromhex(said["public"]))
            old, signature = trusted.get(said["old"]), str(said["signature"])
        except (ValueError, LookupError, TypeError):
            continue
        if old is not None and new.id == said["new"] and old.has_signed(_content(old.id, new), signature):
            trusted[new.id] = new
    return trusted

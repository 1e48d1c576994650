"""`daxa log` and `daxa receipt`: the audit log and its signed heads, signed receipts and their verification."""

from __future__ import annotations

import json as json_library
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.output import emit, emit_text
from app.objects import instant_text
from etl.store import Store, home_folder, open_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from etl.records.log import EventKind
    from etl.signing import PublicKey

log = typer.Typer(invoke_without_command=True, help="The audit log: every act, chained, its days' heads signed.")

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on standard output.")]
_SHOWN = 50


@log.callback()
def show(
    context: typer.Context,
    json: Json = False,
    act: Annotated[str | None, typer.Option("--act", help="One act, such as sign_in_failed.")] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="One person's or token's id, or 'command'.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="What it was done to.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="The newest so many.", min=1)] = _SHOWN,
) -> None:
    """Entries of the audit log, newest first."""
    if context.invoked_subcommand is not None:
        return
    from app.cli.output import table_of
    from etl.records import log as kept
    from etl.records.engine import reading
    from etl.records.vouched import without_digests

    if act is not None and act not in set(kept.EventKind):
        raise ValueError(f"there is no act '{act}'; the acts are {', '.join(kept.EventKind)}")
    with reading(open_store().engine) as connection:
        found = kept.entries(
            connection, act=None if act is None else kept.EventKind(act), actor=actor, subject=subject, limit=limit
        )
    if json:
        for entry in found:
            emit(
                {
                    "sequence": entry.sequence,
                    "at": instant_text(entry.at),
                    "actor": entry.actor,
                    "act": entry.act,
                    "subject": entry.subject,
                    "details": json_library.loads(entry.details),
                    "hash": entry.hash,
                }
            )
    else:
        table_of(
            ("entry", "at (KST)", "actor", "act", "subject", "details"),
            [
                (
                    str(e.sequence),
                    (instant_text(e.at) or "")[:19],
                    e.actor,
                    e.act,
                    e.subject or "",
                    without_digests(e.details),
                )
                for e in found
            ],
        )


@log.command()
def sign() -> None:
    """Sign the last entry of every day that is over; `daxa ingest` does so too."""
    from etl.heads import sign_heads

    for head in sign_heads(open_store(), datetime.now(UTC)):
        print(f"{head.day} entry {head.sequence} {head.hash}")


@log.command()
def key() -> None:
    """The public key that verifies heads and receipts; keep a copy where nobody of this machine can change it."""
    from etl.signing import signer_of

    sys.stdout.write(signer_of(open_store().home).public.pem)


@log.command()
def head(
    out: Annotated[Path | None, typer.Option("--out", help="The file to write; standard output without.")] = None,
) -> None:
    """The newest signed head, to be kept where nobody of this machine can change it; for `daxa verify --head`."""
    from etl.heads import signed_heads
    from etl.outside_heads import as_line
    from etl.records.engine import reading

    with reading(open_store().engine) as connection:
        signed = signed_heads(connection)
    if not signed:
        raise ValueError("no day's head is signed yet; 'daxa log sign' signs those of the days that are over")
    text = as_line(signed[-1]) + "\n"
    if out is None:
        emit_text(text)
    else:
        out.write_text(text, "utf-8")
        print(f"{out}", file=sys.stderr)


@log.command("new-key")
def new_key() -> None:
    """Sign with a new key from now on; the old key signs that, and whoever trusts it can follow. Prints the new one."""
    from etl.key_change import change_key
    from etl.records.log import COMMAND

    sys.stdout.write(change_key(open_store(), actor=COMMAND, at=datetime.now(UTC)).pem)


def receipt(
    submissions: Annotated[list[str], typer.Argument(help="Number of the submission; of several for one receipt.")],
    out: Annotated[Path | None, typer.Option("--out", help="The file to write; standard output without.")] = None,
) -> None:
    """A signed receipt of a submission, or of several: number, hash, times, state and findings."""
    from etl.receipts import receipt_of, receipt_of_all
    from etl.records.log import EventKind

    store = open_store()
    first, *more = submissions
    now = datetime.now(UTC)
    text = receipt_of_all(store, submissions, now) if more else receipt_of(store, first, now)
    for submission in dict.fromkeys(submissions):
        log_act(store, EventKind.RECEIPT, submission, {})
    if out is None:
        emit_text(text)
    else:
        out.write_text(text, "utf-8")
        print(f"{out}", file=sys.stderr)


def check_store(key_file: Path | None, head_files: Sequence[Path], *, sample: int | None, json: bool) -> bool:
    """Verify the store, print what does not agree, and log that it was verified."""
    from app.cli.output import show_progress, verification_table
    from etl.outside_heads import heads_in
    from etl.records.log import EventKind
    from etl.verify import verify_store

    store = open_store()
    kept = [head for path in head_files for head in heads_in(path)]
    trusted = None if key_file is None else trusted_keys(key_file)
    with show_progress("verify", None) as progress:
        found = verify_store(store, trusted=trusted, kept_heads=kept, sample=sample, progress=progress)
    log_act(store, EventKind.VERIFY, None, {"faults": len(found.faults), "read_again": found.read_again})
    if json:
        emit(
            {
                "checked": found.submissions,
                "read_again": found.read_again,
                "judged_again": found.judged_again,
                "log_entries": found.entries,
                "signed_to": found.signed_to and found.signed_to.isoformat(),
                "not_vouched": found.not_vouched,
                "faults": [fault.as_record() for fault in found.faults],
            }
        )
    else:
        verification_table(found)
    return not found.faults


def log_act(store: Store, act: EventKind, subject: str | None, details: dict[str, Any]) -> None:
    """Log what somebody did by the command."""
    from etl.records.engine import writing
    from etl.records.log import COMMAND, AuditEvent, append

    with writing(store.engine) as connection:
        append(connection, [AuditEvent(COMMAND, act, subject, details)])


def check_receipt(path: Path, key_file: Path | None, *, json: bool) -> bool:
    """Print whether a receipt is valid; neither records nor network are needed."""
    from etl.receipts import verify_receipt

    checked = verify_receipt(path.read_text("utf-8", errors="replace"), trusted_keys(key_file))
    if json:
        emit({"valid": checked.fault is None, "fault": checked.fault, "receipt": dict(checked.content) or None})
    elif checked.fault is not None:
        print(checked.fault)
    else:
        for content in checked.receipts:
            print(
                f"valid: {content['submission']}, {content['exchange']} {content['report']} {content['period']}, "
                f"received {content['received_at']}, {content['state']} at {content['issued_at']}"
            )
    return checked.fault is None


def trusted_keys(key_file: Path | None) -> Mapping[str, PublicKey]:
    """Return the public keys by id: that in the file, or without a file those of the store."""
    from etl.signing import public_keys_of, read_public_key

    if key_file is None:
        return public_keys_of(home_folder())
    key = read_public_key(key_file)
    return {key.id: key}

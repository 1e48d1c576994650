"""What is damaged or missing on disk, made whole again: published rows from the kept bytes.

Kept bytes that are damaged cannot be made from anything here: the same bytes, filed again, heal them
(`etl.evidence.Evidence.keep`). What was failed on meanwhile is tried again afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from etl.evidence import digest_of_file
from etl.facts import DamagedRowsError
from etl.failures import tried_again
from etl.records import submissions as life
from etl.records.engine import reading, writing
from etl.records.log import AuditEvent, EventKind, append
from etl.records.submissions import Submission
from etl.records.vouched import about
from etl.store import Store
from etl.verify import is_published, rows_in_bytes
from expectations.vocabulary import State


@dataclass(frozen=True, slots=True)
class Healing:
    """What was healed, by submission; `lost` is what cannot be, with what to do."""

    rows: tuple[str, ...]
    lost: tuple[tuple[str, str], ...]
    tried_again: tuple[str, ...]


def heal(store: Store, *, actor: str, progress: Callable[[int, int, str], None] | None = None) -> Healing:
    """Write published rows anew from the kept bytes where they are missing or damaged, and have failures tried again.

    Nothing else is touched; each submission is healed by itself and logged with it. Judging is left to `etl.jobs`.
    """
    with reading(store.engine) as connection:
        every = life.listed(connection)
    healed, lost = [], []
    for place, submission in enumerate(every, 1):
        if submission.evidence_kept and not store.evidence.is_intact(submission.sha256):
            lost.append((submission.id, "its kept bytes are damaged or missing; file the same bytes again, then heal"))
        elif is_published(submission) and _is_damaged(store, submission):
            reason = _rewritten(store, submission, actor)
            if reason:
                lost.append((submission.id, reason))
            else:
                healed.append(submission.id)
        if progress is not None:
            progress(place, len(every), submission.file)
    return Healing(tuple(healed), tuple(lost), _try_again(store, actor))


def _is_damaged(store: Store, submission: Submission) -> bool:
    try:
        store.facts.verified(life.fact_files([submission])[0])
    except DamagedRowsError:
        return True
    return False


def _rewritten(store: Store, submission: Submission, actor: str) -> str:
    """Write a submission's rows anew and record their hash; why not, where it cannot be."""
    if not submission.evidence_kept:
        return "its rows are damaged, and its bytes must not be kept (SUB-007)"
    table = rows_in_bytes(store, submission)
    if table is None or table.num_rows != submission.row_count:
        return "its kept bytes are not read as they were when they came; the version that judged it heals it"
    sha256 = digest_of_file(store.facts.write(life.fact_files([submission])[0], table))
    details = {"rows": table.num_rows, "rows_sha256": sha256}
    with writing(store.engine) as connection:
        life.record_rows(connection, submission.id, sha256)
        append(
            connection,
            [AuditEvent(actor, EventKind.HEAL, submission.id, details, about([submission.id], "submissions"))],
        )
    return ""


def _try_again(store: Store, actor: str) -> tuple[str, ...]:
    """Have what we failed on tried again, but what a later file has followed."""
    with writing(store.engine) as connection:
        failed = [one for one in life.listed(connection) if one.incident is not None]
        chosen = [one for one in failed if is_published(one) or _is_to_be_judged(connection, one)]
        for one in chosen:
            tried_again(connection, one, actor)
    return tuple(one.id for one in chosen)


def _is_to_be_judged(connection: Connection, submission: Submission) -> bool:
    return submission.state is State.FAILED and not life.followed_by(connection, submission)

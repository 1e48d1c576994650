"""The audit log verified by itself: its chain recomputed from the first entry, and the signed heads of its days."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from etl.heads import signed_heads, wrong_heads
from etl.records import log
from etl.records.engine import reading, writing
from etl.records.log import AuditEvent, EventKind
from etl.signing import public_keys_of
from etl.store import Store


@dataclass(frozen=True, slots=True)
class LogVerification:
    """What was found: how many entries were recomputed, the first that does not fit, and heads that do not stand."""

    entry_count: int
    last_hash: str
    broken_entry: int | None
    what: str | None
    head_count: int
    wrong_days: tuple[str, ...]
    verified_at: str

    def as_record(self) -> dict[str, Any]:
        """For another process."""
        return {**asdict(self), "wrong_days": list(self.wrong_days)}


def verify_log(store: Store, actor: str) -> LogVerification:
    """Recompute every hash; that somebody asked is logged, with what was found."""
    now = datetime.now(UTC)
    with reading(store.engine) as connection:
        broken = log.first_break(connection)
        last = log.last_entry(connection)
        found = LogVerification(
            entry_count=log.entry_count(connection),
            last_hash=last.hash if last else log.NO_HASH,
            broken_entry=None if broken is None else broken.sequence,
            what=None if broken is None else broken.what,
            head_count=len(signed_heads(connection)),
            wrong_days=tuple(head.day.isoformat() for head, _ in wrong_heads(connection, public_keys_of(store.home))),
            verified_at=now.isoformat(),
        )
    details = {"entries": found.entry_count, "broken": found.broken_entry, "wrong_heads": len(found.wrong_days)}
    with writing(store.engine) as connection:
        log.append(connection, [AuditEvent(actor, EventKind.VERIFY, "audit_log", details)], at=now)
    return found

"""The audit log: every act once, in order, each entry chained to the one before by its hash.

The hash of an entry is SHA-256 over the hash of the one before and the entry's canonical JSON, so nothing in it can be
changed, left out or put in between without every later hash being another. That makes the log tamper-evident, not
tamper-proof: the daily signed heads (`etl.heads`) keep the whole chain from being written anew.

An entry also holds digests of the rows that its act made or changed (`etl.records.vouched`), so that the log vouches
for what the tables say.

What is logged: whatever changes something or hands something out. What is not: a check without filing, which keeps
nothing and tells nobody anything but the sender of their own draft; the lists and states of an exchange's own
submissions, which machines ask for every few seconds; and requests whose token does not hold, so that nobody without
one can fill the log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, insert, select

from etl.canonical import canonical_json
from etl.records.access_tables import audit_log
from etl.records.engine import hold
from etl.records.vouched import VOUCHED, Record, as_details, digests

COMMAND, SYSTEM = "command", "system"
"""Who acts where nobody signed in: whoever may run the command on this machine, and the program by itself."""

NO_HASH = "0" * 64
"""What stands before the first entry."""

_LOCK = "audit_log"
_BATCH = 5_000


class EventKind(StrEnum):
    """What can be done: the closed list of acts."""

    SIGN_IN = "sign_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_OUT = "sign_out"
    VIEW_ROWS = "view_rows"
    DOWNLOAD = "download"
    UPLOAD = "upload"
    VERDICT = "verdict"
    FAILURE = "failure"
    RETRY = "retry"
    WITHDRAW = "withdraw"
    RECEIPT = "receipt"
    EXPLANATION = "explanation"
    DECISION = "decision"
    BREACH = "breach"
    VERDICT_READ = "verdict_read"
    THRESHOLD_CHANGE = "threshold_change"
    PERSON_CHANGE = "person_change"
    TOKEN_CHANGE = "token_change"  # noqa: S105  an act, not a secret
    ROW_GRANT = "row_grant"
    MIGRATE = "migrate"
    VERIFY = "verify"
    BACKUP = "backup"
    RESTORE = "restore"
    HEAL = "heal"
    REVIEW = "review"
    INCIDENT = "incident"
    REHASH = "rehash"
    VOUCH = "vouch"
    KEY_CHANGE = "key_change"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An act to be logged: who did what to which subject, and what else is to be known of it.

    `actor` is a person's or a token's id, COMMAND or SYSTEM; `details` holds text, whole numbers and lists of them.
    `vouches` are the records that the act made or changed.
    """

    actor: str
    act: EventKind
    subject: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    vouches: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """An audit event as it is in the log; `details` is its canonical JSON, `at` the machine's clock."""

    sequence: int
    at: datetime
    actor: str
    act: str
    subject: str | None
    details: str
    previous_hash: str
    hash: str

    def hash_due(self) -> str:
        """The hash that the entry must have, from everything else in it."""
        content = canonical_json(
            {
                "sequence": self.sequence,
                "at": self.at.astimezone(UTC).isoformat(timespec="milliseconds"),
                "actor": self.actor,
                "act": self.act,
                "subject": self.subject,
                "details": self.details,
            }
        )
        return hashlib.sha256(f"{self.previous_hash}{content}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Break:
    """The first entry that does not fit the chain, and what is wrong with it."""

    sequence: int
    what: str


def append(connection: Connection, events: Sequence[AuditEvent], *, at: datetime | None = None) -> None:
    """Log what this transaction does, as the last thing that it does.

    Everybody who appends waits here for everybody else's transaction to end, so the chain never forks; whoever goes on
    to wait for something else afterwards could wait for ever. No entry is dated before the one before it. Digests are
    made here, where nobody else's change can come in between any more: of records as this transaction leaves them.
    """
    if not events:
        return
    hold(connection, _LOCK)
    last = last_entry(connection)
    now = at or datetime.now(UTC)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    sequence, previous = (last.sequence, last.hash) if last else (0, NO_HASH)
    moment = max(now, last.at) if last else now
    made = digests(connection, {record: None for event in events for record in event.vouches})
    chained = []
    for place, event in enumerate(events, sequence + 1):
        own = {VOUCHED: as_details({record: made[record] for record in event.vouches})} if event.vouches else {}
        details = canonical_json({**event.details, **own})
        entry = Entry(place, moment, event.actor, event.act.value, event.subject, details, previous, NO_HASH)
        previous = entry.hash_due()
        chained.append(asdict(replace(entry, hash=previous)))
    connection.execute(insert(audit_log), chained)


def _entry(row: RowMapping) -> Entry:
    return Entry(**row)


def last_entry(connection: Connection) -> Entry | None:
    """The newest entry."""
    query = select(audit_log).order_by(audit_log.c.sequence.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return _entry(row) if row else None


def entries(
    connection: Connection,
    *,
    act: EventKind | None = None,
    actor: str | None = None,
    subject: str | None = None,
    limit: int | None = None,
) -> list[Entry]:
    """Entries, newest first."""
    query: Select[Any] = select(audit_log).order_by(audit_log.c.sequence.desc())
    for column, wanted in ((audit_log.c.act, act), (audit_log.c.actor, actor), (audit_log.c.subject, subject)):
        if wanted is not None:
            query = query.where(column == wanted)
    return [_entry(row) for row in connection.execute(query.limit(limit)).mappings()]


def entry_at(connection: Connection, sequence: int) -> Entry | None:
    """The entry with that number."""
    row = connection.execute(select(audit_log).where(audit_log.c.sequence == sequence)).mappings().first()
    return _entry(row) if row else None


def every_entry(connection: Connection) -> Iterator[Entry]:
    """All entries in order of their numbers, a batch at a time."""
    query = select(audit_log).order_by(audit_log.c.sequence).limit(_BATCH)
    after: int | None = None
    while True:
        further = query if after is None else query.where(audit_log.c.sequence > after)
        batch = [_entry(row) for row in connection.execute(further).mappings()]
        yield from batch
        if len(batch) < _BATCH:
            return
        after = batch[-1].sequence


def entry_count(
    connection: Connection, *, act: EventKind | None = None, subject: str | None = None, after: int = 0
) -> int:
    """How many entries there are, of an act, about a subject, after an entry's number."""
    query = select(func.count()).select_from(audit_log).where(audit_log.c.sequence > after)
    for column, wanted in ((audit_log.c.act, act), (audit_log.c.subject, subject)):
        if wanted is not None:
            query = query.where(column == wanted)
    return int(connection.execute(query).scalar_one())


def first_break(connection: Connection) -> Break | None:
    """Walk the chain from its first entry; the first that does not fit, None where all do."""
    due, previous = 1, NO_HASH
    for entry in every_entry(connection):
        if entry.sequence != due:
            return Break(due, f"is missing; the next one there is is {entry.sequence}")
        if entry.previous_hash != previous:
            return Break(entry.sequence, "does not follow the entry before it")
        if entry.hash != entry.hash_due():
            return Break(entry.sequence, "was changed: its hash is not that of its content")
        due, previous = due + 1, entry.hash
    return None

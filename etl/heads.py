"""The heads of the audit log: the last entry of each completed KST day, signed.

Somebody who may write to the database could write the whole chain anew; the signatures over its heads, made with a key
that the database does not hold, they could not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from etl.records.access_tables import audit_log, log_heads
from etl.records.engine import reading, writing
from etl.records.log import EventKind, entry_at
from etl.signing import PublicKey, signer_of
from etl.store import Store
from expectations.vocabulary import KST, Period

_AT_LEISURE = timedelta(hours=1)
"""So long may it take from a day's first verdict until the heads of the days before are signed."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a KST day, its hash, and by which key it was signed."""

    day: date
    sequence: int
    hash: str
    signature: str
    key_id: str

    @property
    def signed(self) -> Mapping[str, Any]:
        """What the signature is over."""
        return _content(self.day, self.sequence, self.hash)


def _content(day: date, sequence: int, hash_: str) -> Mapping[str, Any]:
    return {"kind": "daxa log head", "day": day.isoformat(), "sequence": sequence, "hash": hash_}


def sign_heads(store: Store, now: datetime) -> list[Head]:
    """Sign the last entry of each KST day that is over at `now` and has none signed; the heads made.

    KeyUnusableError where the key that signed the days before is gone.
    """
    today = now.astimezone(KST).date()
    with reading(store.engine) as connection:
        if not _unsigned(connection, today):
            return []
        has_signed = bool(signed_heads(connection))
    signer = signer_of(store.home, may_make=not has_signed)
    made = []
    with writing(store.engine, lock="log_heads") as connection:
        for day, sequence, hash_ in _unsigned(connection, today):
            signature = signer.sign(_content(day, sequence, hash_))
            made.append(Head(day, sequence, hash_, signature, signer.public.id))
        if made:
            connection.execute(insert(log_heads), [asdict(head) for head in made])
    return made


def _unsigned(connection: Connection, today: date) -> list[tuple[date, int, str]]:
    """Day, number and hash of the last entry of each day before `today` that has no head, oldest first."""
    signed = signed_heads(connection)
    signed_to, earliest = (signed[-1].sequence, signed[-1].day + timedelta(days=1)) if signed else (0, date.min)
    found: list[tuple[date, int, str]] = []
    while True:
        # A clock that was set back dates entries into a day that is signed: they belong to the next one.
        day = _day_after(connection, signed_to, earliest)
        if day is None or day >= today:
            return found
        sequence, hash_ = connection.execute(
            select(audit_log.c.sequence, audit_log.c.hash)
            .where(audit_log.c.sequence > signed_to, audit_log.c.at < Period.of_day(day).end)
            .order_by(audit_log.c.sequence.desc())
            .limit(1)
        ).one()
        found.append((day, sequence, hash_))
        signed_to, earliest = sequence, day + timedelta(days=1)


def unsigned_days(connection: Connection, now: datetime) -> list[date]:
    """The KST days that are over at `now` and have entries, but no signed head yet."""
    return [day for day, _, _ in _unsigned(connection, now.astimezone(KST).date())]


def signed_heads(connection: Connection) -> list[Head]:
    """Every signed head, oldest first."""
    return [Head(**row) for row in connection.execute(select(log_heads).order_by(log_heads.c.day)).mappings()]


def newest_head(connection: Connection) -> Head | None:
    """The head of the newest day that has one."""
    row = connection.execute(select(log_heads).order_by(log_heads.c.day.desc()).limit(1)).mappings().first()
    return None if row is None else Head(**row)


def as_record(head: Head) -> dict[str, Any]:
    """A head as it is kept elsewhere: what was signed, by which key, and the signature."""
    return {"head": head.signed, "key": head.key_id, "signature": head.signature}


def days_without_head(connection: Connection, now: datetime) -> Iterator[date]:
    """Finished KST days with entries of which no head is signed although it was due.

    A head is due as soon as later entries have one, or an hour after files were judged on a later day: heads are signed
    with that. A store that nobody used since is owed none yet.
    """
    signed_to, earliest = 0, date.min
    for head in signed_heads(connection):
        day = _day_after(connection, signed_to, earliest)
        if day is not None and day < head.day:
            yield day
        signed_to, earliest = head.sequence, head.day + timedelta(days=1)
    day = _day_after(connection, signed_to, earliest)
    if day is not None:
        judged = select(audit_log.c.sequence).where(
            audit_log.c.sequence > signed_to,
            audit_log.c.act == EventKind.VERDICT.value,
            audit_log.c.at >= Period.of_day(day).end,
            audit_log.c.at < now - _AT_LEISURE,
        )
        if connection.execute(judged.limit(1)).first() is not None:
            yield day


def _day_after(connection: Connection, signed_to: int, earliest: date) -> date | None:
    """The KST day to which the first entry after `signed_to` belongs: its own, but no day that is signed already."""
    c = audit_log.c
    first = connection.execute(select(c.at).where(c.sequence > signed_to).order_by(c.sequence).limit(1)).scalar()
    return None if first is None else max(first.astimezone(KST).date(), earliest)


def wrong_heads(connection: Connection, trusted: Mapping[str, PublicKey]) -> Iterator[tuple[Head, str]]:
    """Return the heads that do not match the log, with the reason; only `trusted` keys, by id, can have signed."""
    for head in signed_heads(connection):
        entry = entry_at(connection, head.sequence)
        key = trusted.get(head.key_id)
        if key is None:
            yield head, f"was signed by the key {head.key_id}, which is not trusted"
        elif not key.has_signed(head.signed, head.signature):
            yield head, "has a signature that is not of its content"
        elif entry is None:
            yield head, f"stands for entry {head.sequence}, which is gone"
        elif entry.hash != head.hash:
            yield head, f"stands for entry {head.sequence}, which has another hash"

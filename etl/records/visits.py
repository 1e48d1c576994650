"""When somebody was last here, and up to which moment changes were shown to them.

A visit lasts while no pause in it is longer than half an hour; all of a visit shows what changed since the one before.
Who a visitor is nobody needs to know: the key is opaque, a digest of the person's id.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from etl.records.tables import visits

LONGEST_PAUSE = timedelta(minutes=30)
"""A longer one ends a visit."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visitor's present visit: since when it shows changes (None: the first one), and what was shown so far."""

    visitor: str
    began_at: datetime
    since: datetime | None
    last_seen_at: datetime
    shown_until: datetime | None


def visit_of(connection: Connection, visitor: str, now: datetime) -> Visit:
    """The visit that a visitor is in at `now`: the one that is recorded, or a new one after a pause."""
    row = connection.execute(select(visits).where(visits.c.visitor == visitor)).mappings().first()
    if row is None or row["last_seen_at"] > now:  # a clock that was set back begins anew
        return Visit(visitor, now, None, now, None)
    known = Visit(**row)
    if now - known.last_seen_at <= LONGEST_PAUSE:
        return replace(known, last_seen_at=now)
    return Visit(visitor, now, known.shown_until, now, known.shown_until)


def keep_visit(connection: Connection, visit: Visit) -> None:
    """Record a visit as it is now."""
    connection.execute(delete(visits).where(visits.c.visitor == visit.visitor))
    connection.execute(
        insert(visits).values(
            visitor=visit.visitor,
            began_at=visit.began_at,
            since=visit.since,
            last_seen_at=visit.last_seen_at,
            shown_until=visit.shown_until,
        )
    )

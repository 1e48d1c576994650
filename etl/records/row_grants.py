"""A supervisor lets an administrator read rows for a time: administrators manage, and see figures without it.

Each grant is an act in the audit log, and each view of rows is one as for everybody else.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, exists, insert, select, update

from etl.records import people
from etl.records.access_tables import row_grants
from etl.records.administrators import RefusedError, reason_of
from etl.records.log import AuditEvent, EventKind, append
from etl.records.moved_on import must_not_have_changed
from etl.records.pairs import are_two
from etl.records.people import Role
from etl.records.vouched import Record

LONGEST = timedelta(days=3)
"""Our assumption: long enough to find out about an incident, a weekend included."""


@dataclass(frozen=True, slots=True)
class RowGrant:
    """Who may read rows, by whom, why and how long; `ended_at` and `ended_by` where it was ended before its time."""

    id: str
    person: str
    granted_by: str
    reason: str
    granted_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    ended_by: str | None

    def holds_at(self, moment: datetime) -> bool:
        """Whether rows may be read by it at a moment."""
        return moment < self.ends_at and self.ended_at is None


def is_granted(person: ColumnElement[str], now: datetime) -> ColumnElement[bool]:
    """As SQL: whether a person has a grant that holds now (`RowGrant.holds_at`)."""
    c = row_grants.c
    return exists().where(c.person == person, c.ends_at > now, c.ended_at.is_(None))


def grant(
    connection: Connection,
    name: str,
    life: timedelta,
    *,
    reason: str,
    seen: str | None = None,
    actor: str,
    at: datetime,
) -> RowGrant:
    """Let an administrator read rows from now on.

    RefusedError where it cannot be, MovedOnError where somebody let them since the list was `seen`.
    """
    _require_supervisor(connection, actor)
    person = people.by_name(connection, name)
    if person is None or not person.acts_as(Role.ADMIN):
        raise RefusedError("no_administrator", name=name)
    if not are_two(connection, actor, person.id):
        raise RefusedError("not_two_people")
    why = reason_of(reason)
    if not timedelta() < life <= LONGEST:
        raise RefusedError("long_grant", hours=int(LONGEST.total_seconds()) // 3600)
    for one in listed(connection):
        if one.person == person.id and one.holds_at(at):
            must_not_have_changed(connection, EventKind.ROW_GRANT, one.id, seen)
            raise RefusedError("already_granted", name=person.name)
    made = RowGrant(f"G-{secrets.token_hex(5)}", person.id, actor, why, at, at + life, None, None)
    connection.execute(
        insert(row_grants).values(
            id=made.id,
            person=made.person,
            granted_by=actor,
            reason=made.reason,
            granted_at=at,
            ends_at=made.ends_at,
        )
    )
    details = {"change": "granted", "person": person.id, "until": made.ends_at.isoformat(), "reason": made.reason}
    append(connection, [AuditEvent(actor, EventKind.ROW_GRANT, made.id, details, _record(made))], at=at)
    return made


def end(connection: Connection, id_: str, *, seen: str | None = None, actor: str, at: datetime) -> RowGrant:
    """End a grant before its time; whoever reads by it is out with their next step."""
    _require_supervisor(connection, actor)
    known = {one.id: one for one in listed(connection)}
    if id_ not in known:
        raise RefusedError("no_grant", grant=id_)
    must_not_have_changed(connection, EventKind.ROW_GRANT, id_, seen)
    if not known[id_].holds_at(at):
        raise RefusedError("grant_over", grant=id_)
    connection.execute(update(row_grants).where(row_grants.c.id == id_).values(ended_at=at, ended_by=actor))
    details = {"change": "ended", "person": known[id_].person}
    append(connection, [AuditEvent(actor, EventKind.ROW_GRANT, id_, details, _record(known[id_]))], at=at)
    return replace(known[id_], ended_at=at, ended_by=actor)


def listed(connection: Connection) -> Sequence[RowGrant]:
    """Every grant, the newest first."""
    query = select(row_grants).order_by(row_grants.c.granted_at.desc(), row_grants.c.id)
    return [RowGrant(**row) for row in connection.execute(query).mappings()]


def _require_supervisor(connection: Connection, actor: str) -> None:
    person = people.by_id(connection, actor)
    if person is None or not person.acts_as(Role.SUPERVISOR):
        raise RefusedError("not_a_supervisor")


def _record(one: RowGrant) -> tuple[Record, ...]:
    return (Record("row_grants", one.id),)

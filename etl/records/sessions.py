"""Sessions: who is signed in, known by a random id that only their browser holds.

Every question about a session reads the person anew, so that whoever is disabled, or whose password was changed, is out
at once, and not only when something runs out.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, Engine, delete, insert, or_, select, update

from etl.records.access_tables import people, sessions
from etl.records.engine import RecordsUnavailableError, reading, writing, writing_soon
from etl.records.log import AuditEvent, EventKind, append
from etl.records.people import Person, PersonError, change_password, person_from
from etl.records.row_grants import is_granted

LONGEST_IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
"""A working day: NIST SP 800-63B-4 (AAL2) has people sign in again after 24 hours or an hour without activity."""

TOUCHED_EVERY = timedelta(minutes=1)
"""That somebody is still there is written down no more often."""

_TOUCH_PATIENCE = timedelta(milliseconds=200)
"""A screen does not wait longer for other writers only to note that somebody looks at it; the next run notes it."""


class Way(StrEnum):
    """How somebody proved who they are."""

    PASSWORD = "password"  # noqa: S105  the way, not a password
    OIDC = "oidc"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person who is signed in: how, since when, and when it ends whatever they do.

    `has_row_grant` is true while a supervisor lets them, an administrator, read rows.
    """

    person: Person
    way: Way
    began_at: datetime
    ends_at: datetime
    has_row_grant: bool = False


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session of somebody's own, as they are shown it; `key` names it and lets nobody in."""

    key: str
    way: Way
    began_at: datetime
    seen_at: datetime
    source: str | None
    is_own: bool


def open_session(engine: Engine, person: Person, way: Way, *, source: str, now: datetime) -> str:
    """Sign a person in and return the session's id, for their browser alone; PersonError where they are disabled.

    `source` is the address that they come from.
    """
    id_ = secrets.token_urlsafe(32)
    with writing(engine, lock="sessions") as connection:
        # Whoever disables the person meanwhile waits, and then ends this session with the others.
        query = select(people).where(people.c.id == person.id).with_for_update(read=True)
        row = connection.execute(query).mappings().first()
        if row is None or not person_from(row).is_active:
            raise PersonError(f"{person.name} may not sign in")
        over = or_(sessions.c.began_at <= now - LONGEST, sessions.c.seen_at <= now - LONGEST_IDLE)
        connection.execute(delete(sessions).where(over))
        connection.execute(
            insert(sessions).values(
                id_hash=_digest(id_), person=person.id, way=way.value, began_at=now, seen_at=now, source=source[:64]
            )
        )
        details = {"way": way.value, "source": source}
        append(connection, [AuditEvent(person.id, EventKind.SIGN_IN, person.id, details)], at=now)
    return id_


def session_of(engine: Engine, id_: str | None, now: datetime) -> SignedIn | None:
    """Who is behind a session's id just now; None where it is over, was ended, or its person is disabled."""
    if not id_:
        return None
    key = _digest(id_)
    query = (
        select(
            people,
            *(sessions.c.way, sessions.c.began_at, sessions.c.seen_at),
            is_granted(people.c.id, now).label("has_row_grant"),
        )
        .join(sessions, sessions.c.person == people.c.id)
        .where(sessions.c.id_hash == key, people.c.disabled_at.is_(None))
    )
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
    if row is None or now >= row["began_at"] + LONGEST or now >= row["seen_at"] + LONGEST_IDLE:
        return None
    if now >= row["seen_at"] + TOUCHED_EVERY:
        with suppress(RecordsUnavailableError), writing_soon(engine, patience=_TOUCH_PATIENCE) as connection:
            connection.execute(update(sessions).where(sessions.c.id_hash == key).values(seen_at=now))
    began_at = row["began_at"]
    return SignedIn(person_from(row), Way(row["way"]), began_at, began_at + LONGEST, bool(row["has_row_grant"]))


def is_ended(engine: Engine, id_: str) -> bool:
    """Whether a session was ended, or its person disabled; that somebody does nothing for a while does not end it."""
    query = (
        select(sessions.c.person)
        .join(people, sessions.c.person == people.c.id)
        .where(sessions.c.id_hash == _digest(id_), people.c.disabled_at.is_(None))
    )
    with reading(engine) as connection:
        return connection.execute(query).first() is None


def end_session(engine: Engine, id_: str, now: datetime) -> None:
    """Sign out: the id is worth nothing from now on."""
    with writing(engine, lock="sessions") as connection:
        person = connection.execute(select(sessions.c.person).where(sessions.c.id_hash == _digest(id_))).scalar()
        if person is not None:
            connection.execute(delete(sessions).where(sessions.c.id_hash == _digest(id_)))
            append(connection, [AuditEvent(person, EventKind.SIGN_OUT, person)], at=now)


def open_sessions(connection: Connection, person: str, own: str, now: datetime) -> list[OpenSession]:
    """The sessions of a person that are not over, the newest first; `own` is the id of the one that asks."""
    c, key = sessions.c, _digest(own)
    query = (
        select(sessions)
        .where(c.person == person, c.began_at > now - LONGEST, c.seen_at > now - LONGEST_IDLE)
        .order_by(c.began_at.desc(), c.id_hash)
    )
    return [
        OpenSession(
            row["id_hash"],
            Way(row["way"]),
            row["began_at"],
            row["seen_at"],
            row["source"],
            is_own=row["id_hash"] == key,
        )
        for row in connection.execute(query).mappings()
    ]


def end_others(engine: Engine, person: str, own: str, now: datetime, *, only: str | None = None) -> int:
    """End a person's other sessions, or `only` the one with that key; how many there were.

    Nobody ends another person's, nor the session that asks.
    """
    c = sessions.c
    theirs = [c.person == person, c.id_hash != _digest(own)]
    if only is not None:
        theirs.append(c.id_hash == only)
    with writing(engine, lock="sessions") as connection:
        ended = connection.execute(delete(sessions).where(*theirs)).rowcount
        if ended:
            append(connection, [AuditEvent(person, EventKind.SIGN_OUT, person, {"sessions": ended})], at=now)
    return ended


def change_own_password(engine: Engine, person: Person, password: str, own: str, now: datetime) -> None:
    """Set one's own new password; every other session of theirs ends. UnfitPasswordError where it is refused.

    Whether the present one was given is for the caller to ask (`etl.records.sign_in.authenticate`).
    """
    with writing(engine) as connection:
        change_password(connection, person.name, password, actor=person.id, at=now, keep=_digest(own))


def _digest(id_: str) -> str:
    return hashlib.sha256(id_.encode()).hexdigest()

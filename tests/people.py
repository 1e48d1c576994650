"""Who looks in tests: a supervisor of everything unless a test says otherwise, and people who really sign in."""

import hashlib
import secrets
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, delete, insert

from app.scope import Identity, Scope
from etl.exchanges import all_exchanges
from etl.records import people
from etl.records.access_tables import sessions
from etl.records.engine import writing
from etl.records.log import COMMAND
from etl.records.people import Person, Role
from etl.records.sessions import Way
from etl.store import open_store

EVERYBODY = Scope(Role.SUPERVISOR, tuple(all_exchanges()))
"""What a supervisor of everything may see."""

SUPERVISOR = Identity("P-0123456789", "supervisor", EVERYBODY)
"""Whoever looks at the screens of a test that does not say who does."""

PASSWORD = "correct horse battery staple"
SESSION = secrets.token_urlsafe(32)
"""The session of the supervisor in the browser tests: the same in every store, for cookies know no ports."""


def identity_of(role: Role, *exchanges: str) -> Identity:
    """Somebody with a role, who may see these exchanges; all where none is named."""
    return Identity(f"P-{role.value}", role.value, Scope(role, exchanges or tuple(all_exchanges())))


def add_person(engine: Engine, name: str, role: Role, exchange: str | None = None, password: str = PASSWORD) -> Person:
    """Somebody who may sign in with the password of the tests."""
    with writing(engine) as connection:
        return people.add(
            connection, name, role, exchange=exchange, password=password, actor=COMMAND, at=datetime.now(UTC)
        )


def sign_in_supervisor(home: Path) -> None:
    """Have the supervisor signed in to the store at `home` from this moment on, without a password's work."""
    sign_in(home, "supervisor", Role.SUPERVISOR, session=SESSION)


def sign_in(home: Path, name: str, role: Role, exchange: str | None = None, *, session: str = "") -> str:
    """Have somebody signed in to the store at `home` from this moment on; the session, for their browser's cookie."""
    session = session or secrets.token_urlsafe(32)
    store = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    now = datetime.now(UTC)
    with writing(store.engine) as connection:
        person = people.by_name(connection, name) or people.add(
            connection, name, role, exchange=exchange, password=None, actor=COMMAND, at=now
        )
        digest = hashlib.sha256(session.encode()).hexdigest()
        connection.execute(delete(sessions).where(sessions.c.id_hash == digest))
        connection.execute(
            insert(sessions).values(id_hash=digest, person=person.id, way=Way.PASSWORD, began_at=now, seen_at=now)
        )
    store.engine.dispose()
    return session

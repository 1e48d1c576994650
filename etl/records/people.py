"""People: who may sign in, in which role and for which exchange. Accounts are disabled, never removed."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, insert, select, update

from etl.exchanges import all_exchanges
from etl.records.access_tables import organisation_accounts, people, sessions
from etl.records.log import AuditEvent, EventKind, append
from etl.records.passwords import hash_of_new
from etl.records.vouched import Record

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")


class Role(StrEnum):
    """What somebody does here."""

    EXCHANGE = "exchange"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    ADMIN = "admin"


class PersonError(ValueError):
    """A change of an account that is refused, with a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Person:
    """An account that may sign in; `exchange` is set for the role of that name and no other."""

    id: str
    name: str
    role: Role
    exchange: str | None
    created_at: datetime
    disabled_at: datetime | None

    @property
    def is_active(self) -> bool:
        """True while they may sign in."""
        return self.disabled_at is None

    def acts_as(self, role: Role) -> bool:
        """Whether they may act in that role just now."""
        return self.role is role and self.is_active


def person_from(row: RowMapping) -> Person:
    """The person in a row of the table `people`."""
    return Person(
        row["id"], row["name"], Role(row["role"]), row["exchange"], row["created_at"], disabled_at=row["disabled_at"]
    )


def name_as_kept(name: str) -> str:
    """Return the form in which a name is stored and compared: lower case, trimmed."""
    return name.strip().lower()


def is_name(kept: str) -> bool:
    """True for a valid account name, in its stored form."""
    return _NAME.fullmatch(kept) is not None


def add(
    connection: Connection,
    name: str,
    role: Role,
    *,
    exchange: str | None = None,
    password: str | None,
    account: tuple[str, str] | None = None,
    actor: str,
    at: datetime,
) -> Person:
    """Let somebody in from now on; without a password they can sign in another way only. PersonError in a sentence.

    `account` is what that way is: their organisation's provider, and its name for them.
    """
    kept = name_as_kept(name)
    if not is_name(kept):
        raise PersonError(f"'{name}' is no name: 2 to 64 small letters, digits, '.', '_', '-' or '@'")
    if (role is Role.EXCHANGE) != (exchange is not None):
        raise PersonError(f"an exchange is given with the role 'exchange' and no other; {kept} is to be {role.value}")
    if exchange is not None and exchange not in all_exchanges():
        raise PersonError(f"there is no exchange '{exchange}'; the members are {', '.join(all_exchanges())}")
    if by_name(connection, kept) is not None:
        raise PersonError(f"there is already somebody called {kept}; 'daxa users list' shows them")
    person = Person(f"P-{secrets.token_hex(5)}", kept, role, exchange, at, None)
    connection.execute(
        insert(people).values(
            id=person.id,
            name=kept,
            role=role.value,
            exchange=exchange,
            password_hash=None if password is None else hash_of_new(password, name=kept, exchange=exchange),
            password_changed_at=None if password is None else at,
            created_at=at,
        )
    )
    made = [Record("people", person.id)]
    if account is not None:
        issuer, subject = account
        connection.execute(insert(organisation_accounts).values(issuer=issuer, subject=subject, person=person.id))
        made.append(Record("organisation_accounts", person.id))
    details = {"change": "added", "name": kept, "role": role.value, "exchange": exchange}
    append(connection, [AuditEvent(actor, EventKind.PERSON_CHANGE, person.id, details, tuple(made))], at=at)
    return person


def change_password(
    connection: Connection, name: str, password: str, *, actor: str, at: datetime, keep: str = ""
) -> Person:
    """Set a new password; sessions opened with the old one end, but for the one whose digest is to be kept."""
    person = named(connection, name)
    hash_ = hash_of_new(password, name=person.name, exchange=person.exchange)
    values = {"password_hash": hash_, "password_changed_at": at}
    connection.execute(update(people).where(people.c.id == person.id).values(values))
    sign_out_everywhere(connection, person, keep=keep)
    append(connection, [_changed(actor, person, "own_password" if actor == person.id else "password")], at=at)
    return person


def disable(connection: Connection, name: str, *, actor: str, at: datetime) -> Person:
    """Let somebody in no more, and end what they are signed in to."""
    return _set_disabled(connection, name, at, "disabled", actor=actor, at=at)


def enable(connection: Connection, name: str, *, actor: str, at: datetime) -> Person:
    """Let somebody in again."""
    return _set_disabled(connection, name, None, "enabled", actor=actor, at=at)


def _set_disabled(
    connection: Connection, name: str, disabled_at: datetime | None, change: str, *, actor: str, at: datetime
) -> Person:
    person = named(connection, name)
    if person.is_active is (disabled_at is None):
        raise PersonError(f"{person.name} is {change} already")
    connection.execute(update(people).where(people.c.id == person.id).values(disabled_at=disabled_at))
    sign_out_everywhere(connection, person)
    append(connection, [_changed(actor, person, change)], at=at)
    return named(connection, name)


def _changed(actor: str, person: Person, change: str) -> AuditEvent:
    return AuditEvent(actor, EventKind.PERSON_CHANGE, person.id, {"change": change}, (Record("people", person.id),))


def sign_out_everywhere(connection: Connection, person: Person, *, keep: str = "") -> None:
    """End every session of a person, but for the one whose digest is to be kept."""
    connection.execute(delete(sessions).where(sessions.c.person == person.id, sessions.c.id_hash != keep))


def listed(connection: Connection) -> list[Person]:
    """Everybody, by name."""
    return [person_from(row) for row in connection.execute(select(people).order_by(people.c.name)).mappings()]


def by_name(connection: Connection, name: str) -> Person | None:
    """The person of that name."""
    kept = name_as_kept(name)
    return _one(connection, people.c.name == kept) if is_name(kept) else None


def by_id(connection: Connection, id_: str) -> Person | None:
    """The person with that id."""
    return _one(connection, people.c.id == id_)


def _one(connection: Connection, condition: ColumnElement[bool]) -> Person | None:
    row = connection.execute(select(people).where(condition)).mappings().first()
    return person_from(row) if row else None


def has_password(connection: Connection, id_: str) -> bool:
    """Whether somebody signs in with a password here, and not with their organisation's account alone."""
    return connection.execute(select(people.c.password_hash).where(people.c.id == id_)).scalar() is not None


def named(connection: Connection, name: str) -> Person:
    """The person of that name; PersonError in one sentence where there is none."""
    person = by_name(connection, name)
    if person is None:
        raise PersonError(f"there is nobody called '{name}'; 'daxa users list' shows who there is")
    return person

"""Who gives the command: a user of the operating system who is bound to a person acts as that person.

What a bound user does by the command about people, tokens and thresholds stands in the log under the person's id, and
joins accounts like what they do at the screen (`etl.records.pairs`). Users who are bound to nobody act as the command:
whoever sets a store up, before it has people. A binding is made once and stays: another person has another user.
"""

from __future__ import annotations

import os
import pwd
import re
from datetime import datetime

from sqlalchemy import Connection, insert, select

from etl.records import people
from etl.records.access_tables import operators
from etl.records.log import COMMAND, AuditEvent, EventKind, append
from etl.records.people import Person, PersonError, Role
from etl.records.vouched import Record

_OS_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")


def bind(connection: Connection, os_user: str, name: str, *, at: datetime) -> Person:
    """Have what an operating-system user does by the command be an administrator's acts; PersonError in a sentence."""
    if not _OS_USER.fullmatch(os_user):
        raise PersonError(f"'{os_user}' is no name of a user of the operating system")
    person = people.named(connection, name)
    if not person.acts_as(Role.ADMIN):
        raise PersonError(f"{person.name} is no administrator who may sign in; only such a one acts by the command")
    if (bound := _bound(connection, os_user)) is not None:
        raise PersonError(f"'{os_user}' is bound to {bound.name} already, and stays so")
    actor = actor_of(connection, os_user)
    connection.execute(insert(operators).values(os_user=os_user, person=person.id, bound_at=at))
    details = {"change": "bound", "os_user": os_user}
    record = (Record("operators", os_user),)
    append(connection, [AuditEvent(actor, EventKind.PERSON_CHANGE, person.id, details, record)], at=at)
    return person


def actor_of(connection: Connection, os_user: str) -> str:
    """The id under which the log has what an operating-system user does by the command.

    PersonError where the person whom they are bound to may not act any more.
    """
    person = _bound(connection, os_user)
    if person is None:
        return COMMAND
    if not person.acts_as(Role.ADMIN):
        raise PersonError(f"'{os_user}' acts as {person.name}, who is no administrator who may sign in")
    return person.id


def user_of_process() -> str:
    """The user of the operating system as whom this process runs, whatever its environment says."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # a container may have users without a name
        return f"uid{number}"


def actor_of_process(connection: Connection) -> str:
    """The id under which the log has what this process does; PersonError where they may not act any more."""
    return actor_of(connection, user_of_process())


def _bound(connection: Connection, os_user: str) -> Person | None:
    id_ = connection.execute(select(operators.c.person).where(operators.c.os_user == os_user)).scalar()
    return None if id_ is None else people.by_id(connection, id_)

"""People who sign in with their organisation's account: created at the first sign-in, updated from the provider."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from etl.exchanges import all_exchanges
from etl.records import people
from etl.records.access_tables import organisation_accounts
from etl.records.access_tables import people as people_table
from etl.records.log import SYSTEM, AuditEvent, EventKind, append
from etl.records.people import Person, PersonError, Role
from etl.records.vouched import Record

_LONGEST = 255


def person_with_account(
    connection: Connection, issuer: str, subject: str, *, name: str, role: Role, exchange: str | None, at: datetime
) -> Person:
    """Return the person that a provider authenticates, with the role it assigns now; a new person is created."""
    if not subject or max(len(issuer), len(subject)) > _LONGEST:
        raise PersonError(f"the provider's name for this account has no 1 to {_LONGEST} characters")
    known = organisation_accounts.c
    id_ = connection.execute(select(known.person).where(known.issuer == issuer, known.subject == subject)).scalar()
    person = None if id_ is None else people.by_id(connection, id_)
    if person is None:
        return _new(connection, issuer, subject, name=name, role=role, exchange=exchange, at=at)
    if not person.is_active:
        raise PersonError(f"{person.name} may not sign in")
    if (person.role, person.exchange) == (role, exchange):
        return person
    if (role is Role.EXCHANGE) != (exchange is not None) or (exchange and exchange not in all_exchanges()):
        raise PersonError(f"the provider gives {person.name} the role '{role}' and the exchange '{exchange or ''}'")
    columns = people_table.c
    connection.execute(update(people_table).where(columns.id == person.id).values(role=role.value, exchange=exchange))
    details = {"change": "role", "role": role.value, "exchange": exchange, "issuer": issuer}
    changed = (Record("people", person.id),)
    append(connection, [AuditEvent(SYSTEM, EventKind.PERSON_CHANGE, person.id, details, changed)], at=at)
    return people.named(connection, person.name)


def _new(
    connection: Connection, issuer: str, subject: str, *, name: str, role: Role, exchange: str | None, at: datetime
) -> Person:
    account = (issuer, subject)
    return people.add(connection, name, role, exchange=exchange, password=None, account=account, actor=SYSTEM, at=at)

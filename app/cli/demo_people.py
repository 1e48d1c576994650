"""One account of each role for a demonstration; the passwords are printed once and stored only as hashes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from etl.records import people
from etl.records.engine import writing
from etl.records.log import COMMAND
from etl.records.passwords import random_password
from etl.records.people import Role
from etl.store import Store

DEMO_PEOPLE = {
    "fss": (Role.SUPERVISOR, None),
    "daxa-manager": (Role.MANAGER, None),
    "admin": (Role.ADMIN, None),
    "upbit": (Role.EXCHANGE, "upbit"),
}
"""Name, role and exchange of each."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A demonstration account: name, role and password."""

    name: str
    role: Role
    exchange: str | None
    password: str


def make_demo_people(store: Store, now: datetime) -> list[DemoAccount]:
    """Create the accounts, each with a random password; existing ones get a new password."""
    accounts = []
    with writing(store.engine) as connection:
        for name, (role, exchange) in DEMO_PEOPLE.items():
            account = DemoAccount(name, role, exchange, random_password())
            if people.by_name(connection, name) is None:
                people.add(connection, name, role, exchange=exchange, password=account.password, actor=COMMAND, at=now)
            else:
                people.change_password(connection, name, account.password, actor=COMMAND, at=now)
            accounts.append(account)
    return accounts

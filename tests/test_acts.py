"""Every act that can be done is brought about here the way people do it, and stands in the audit log."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import insert, update
from typer.testing import CliRunner

from app.cli import app
from etl.records import log, people
from etl.records.access_tables import people as people_table
from etl.records.engine import reading, writing
from etl.records.log import EventKind
from etl.records.people import Role
from etl.records.sessions import Way, end_session, open_session
from etl.records.sign_in import authenticate
from etl.records.vouched import Record
from etl.store import Store, open_store
from etl.vouching import Held, held_against_the_log
from tests.filing import checks, halts

PASSWORD = "correct horse battery"
ELSEWHERE = {
    EventKind.VIEW_ROWS,
    EventKind.VERDICT_READ,
    EventKind.EXPLANATION,
    EventKind.DECISION,
    EventKind.BREACH,
    EventKind.THRESHOLD_CHANGE,
    EventKind.ROW_GRANT,
    EventKind.FAILURE,
    EventKind.RETRY,
    EventKind.INCIDENT,
}
"""Acts that only a screen, or a failure of ours, brings about: their tests are with the screens and the failures."""


class House:
    """A store, and the command over it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.home = folder / "home"

    def daxa(self, *words: object, home: Path | None = None, url: str | None = None) -> str:
        environment = {"DAXA_HOME": str(home or self.home), "DAXA_DATABASE_URL": url or self.url}
        done = CliRunner().invoke(app, [str(word) for word in words], env=environment, catch_exceptions=False)
        assert done.exit_code in (0, 1), done.output
        return done.stdout

    def write(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.write_text(content)
        return path

    def filed(self) -> str:
        self.daxa("ingest", self.write("korbit_halts_2026-11-02.csv", halts()))
        return self.daxa("submissions", "--json").partition('"submission": "')[2].partition('"')[0]

    def store(self) -> Store:
        return open_store(self.home, self.url)

    def person(self) -> people.Person:
        with writing(self.store().engine) as connection:
            return people.add(
                connection, "kim", Role.ADMIN, exchange=None, password=PASSWORD, actor="command", at=datetime.now(UTC)
            )

    def signed_in(self) -> str:
        return open_session(self.store().engine, self.person(), Way.PASSWORD, source="192.0.2.1", now=datetime.now(UTC))

    def try_password(self) -> None:
        self.person()
        authenticate(self.store().engine, "kim", "wrong", source="192.0.2.1", now=datetime.now(UTC))

    def back_up(self) -> Path:
        path = self.folder / "daxa.backup"
        self.daxa("backup", path)
        return path

    def restore(self) -> None:
        self.filed()
        path = self.back_up()
        self.home, self.url = self.folder / "new", f"sqlite:///{self.folder / 'new.sqlite'}"
        self.daxa("restore", path)

    def heal(self) -> None:
        self.filed()
        for path in (self.home / "facts").rglob("*.parquet"):
            path.unlink()
        self.daxa("heal")

    def sign_in_with_an_older_hash(self) -> None:
        """Whose password was hashed with weaker parameters than today's."""
        person = self.person()
        older = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        with writing(self.store().engine) as connection:
            connection.execute(update(people_table).where(people_table.c.id == person.id).values(password_hash=older))
        authenticate(self.store().engine, "kim", PASSWORD, source="192.0.2.1", now=datetime.now(UTC))

    def made_before_digests(self) -> None:
        """A person of whom the log holds no digest, as a version made them that logged none."""
        with writing(self.store().engine) as connection:
            person = {"id": "P-old", "name": "old", "role": "manager", "created_at": datetime.now(UTC)}
            connection.execute(insert(people_table).values(person))
            log.append(connection, [log.AuditEvent("command", EventKind.PERSON_CHANGE, "P-old", {"change": "added"})])


WAYS: dict[EventKind, Callable[[House], object]] = {
    EventKind.SIGN_IN: House.signed_in,
    EventKind.SIGN_IN_FAILED: House.try_password,
    EventKind.SIGN_OUT: lambda h: end_session(h.store().engine, h.signed_in(), datetime.now(UTC)),
    EventKind.DOWNLOAD: lambda h: (
        h.daxa("ingest", h.write("korbit_reconciliation_2026-11-02.csv", checks("2026-11-02"))),
        h.daxa("export", "reconciliation", "--from=2026-11-02", "--to=2026-11-02", "--out", h.folder / "rows.csv"),
    ),
    EventKind.UPLOAD: House.filed,
    EventKind.VERDICT: House.filed,
    EventKind.WITHDRAW: lambda h: h.daxa("withdraw", h.filed(), "--reason", "wrong day"),
    EventKind.RECEIPT: lambda h: h.daxa("receipt", h.filed()),
    EventKind.PERSON_CHANGE: lambda h: h.daxa("users", "add", "lee", "--role", "manager", "--generate"),
    EventKind.TOKEN_CHANGE: lambda h: h.daxa("tokens", "create", "--exchange", "korbit", "--name", "nightly"),
    EventKind.MIGRATE: lambda h: h.daxa("migrate"),
    EventKind.VERIFY: lambda h: h.daxa("verify"),
    EventKind.BACKUP: House.back_up,
    EventKind.RESTORE: House.restore,
    EventKind.HEAL: House.heal,
    EventKind.REVIEW: House.filed,
    EventKind.REHASH: House.sign_in_with_an_older_hash,
    EventKind.VOUCH: lambda h: (h.made_before_digests(), h.daxa("migrate")),
    EventKind.KEY_CHANGE: lambda h: (h.filed(), h.daxa("receipt", h.filed()), h.daxa("log", "new-key")),
}


@pytest.fixture
def house(tmp_path: Path, sqlite_database_url: str) -> Iterator[House]:
    (tmp_path / "home").mkdir()
    yield House(tmp_path, sqlite_database_url)


def test_every_act_has_its_way() -> None:
    assert WAYS.keys() | ELSEWHERE == set(EventKind)
    assert not WAYS.keys() & ELSEWHERE


@pytest.mark.parametrize("act", WAYS)
def test_what_is_done_stands_in_the_log(house: House, act: EventKind) -> None:
    WAYS[act](house)
    store = house.store()
    with reading(store.engine) as connection:
        found = log.entries(connection, act=act)
        assert found
        assert all(e.actor for e in found)
        assert log.first_break(connection) is None
    store.engine.dispose()


def test_what_is_older_than_digests_is_counted_until_the_log_vouches_for_it(house: House) -> None:
    house.made_before_digests()
    with reading(house.store().engine) as connection:
        held = held_against_the_log(connection)
    assert (held.faults, held.not_vouched) == ((), (Record("people", "P-old"),))
    house.daxa("migrate")
    with reading(house.store().engine) as connection:
        assert held_against_the_log(connection) == Held((), ())
    with writing(house.store().engine) as connection:
        connection.execute(update(people_table).where(people_table.c.id == "P-old").values(role="admin"))
    with reading(house.store().engine) as connection:
        assert len(held_against_the_log(connection).faults) == 1

"""On PostgreSQL the service's role can neither change what only grows nor take its guards away, and sees one exchange.

The hostile connection is the service's own: it sends what SQL it likes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from filing import checks, file
from people import add_person
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import ProgrammingError

import etl.store
from app.cli import app as command
from app.scope import Role, Scope
from app.widgets import view
from etl.records.engine import RecordsUnavailableError, open_engine, reading, writing
from etl.records.guards import wrong_guards
from etl.records.log import entry_count, first_break
from etl.records.rights import ONLY_GROWING, give_rights, too_mighty, wall_of
from etl.records.schema import every_table
from etl.records.sessions import Way, open_session, session_of
from etl.records.tables import findings, states, submissions
from etl.store import Store, open_store
from etl.verify import verify_store

pytestmark = pytest.mark.postgres
OWNER, SERVICE = "daxa_owner", "daxa_service"
OF_NO_EXCHANGE = {
    "audit_log": "administrators' and supervisors' alone; it has no exchange",
    "log_heads": "the heads of the log are everybody's",
    "failed_sign_ins": "digests of names and addresses, before anybody knows who asks",
    "figures_made": "the version of the figures",
    "incidents": "what failed, by number",
    "sessions": "looked for before anybody knows who asks",
    "visits": "opaque digests of people",
}


@dataclass(frozen=True, slots=True)
class House:
    """A database with two roles, and the store as the service opens it."""

    owner: str
    service: str
    store: Store

    def send(self, statement: str) -> None:
        """Send SQL over a connection of the service's role."""
        with self.store.engine.begin() as connection:
            connection.exec_driver_sql(statement)


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    """What commands of this module leave open to the end of their process is closed with the module."""
    opened = []

    def open_engine(url: str) -> Engine:
        opened.append(really(url))
        return opened[-1]

    really = etl.store.open_engine
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("etl.store.open_engine", open_engine)
        yield
    for engine in opened:
        engine.dispose()


@pytest.fixture(scope="module")
def addresses(postgres_server: str, _closed: None) -> Iterator[tuple[str, str]]:
    """The owner's and the service's addresses of a database of the module's own, which is empty."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        for role in (OWNER, SERVICE):
            connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute(f"CREATE DATABASE two_roles TEMPLATE template0 OWNER {OWNER}")
        host = connection.info.host
    yield (
        f"postgresql+psycopg://{OWNER}@/two_roles?host={host}",
        f"postgresql+psycopg://{SERVICE}@/two_roles?host={host}",
    )
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP DATABASE two_roles WITH (FORCE)")
        for role in (OWNER, SERVICE):
            connection.execute(f"DROP ROLE {role}")


@pytest.fixture(scope="module")
def house(addresses: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Migrated by the owner with the command; two exchanges have filed by the service."""
    owner, service = addresses
    home = tmp_path_factory.mktemp("house")
    with pytest.raises(RecordsUnavailableError, match=r"may not make them .* run 'daxa migrate' with the owner's"):
        open_store(home, service)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("HOME", str(home)), ("DATABASE_URL", service), ("DATABASE_OWNER_URL", owner)):
            patch.setenv(f"DAXA_{name}", value)
        for _ in range(2):  # rights are given with every migration
            assert not command(["migrate"], standalone_mode=False)
    store = open_store(home, service)
    for exchange in ("korbit", "upbit"):
        # The second is no layout of Upbit's: what is rejected has findings.
        name = f"{exchange}_reconciliation_2026-11-02.csv"
        file(store, home, name, checks("2026-11-02", every=5, short=range(3)))
    yield House(owner, service, store)
    store.engine.dispose()


def count(connection: Connection, table: object) -> int:
    found: int = connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("table", [table.name for table in ONLY_GROWING])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {0} SET {1} = {1}",
        "DELETE FROM {0}",
        "TRUNCATE {0} CASCADE",
        "DROP TABLE {0} CASCADE",
        "ALTER TABLE {0} DISABLE TRIGGER ALL",
        "ALTER TABLE {0} DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE {0} OWNER TO CURRENT_USER",
        "CREATE TRIGGER own BEFORE INSERT ON {0} EXECUTE FUNCTION refuse_change()",
        "GRANT ALL ON {0} TO CURRENT_USER",
    ],
)
def test_what_only_grows_is_neither_changed_nor_laid_open(house: House, table: str, statement: str) -> None:
    column = next(iter(next(one for one in ONLY_GROWING if one.name == table).columns)).name
    if statement.startswith("GRANT"):  # PostgreSQL gives nothing, warns, and goes on
        house.send(statement.format(table, column))
        statement = "DELETE FROM {0}"
    with pytest.raises(ProgrammingError, match=r"permission denied|must be (owner|able)"):
        house.send(statement.format(table, column))


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER audit_log_only_grows ON audit_log",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "DROP FUNCTION refuse_change() CASCADE",
        "SET session_replication_role = replica",
        "DROP POLICY own_exchange ON submissions",
        "CREATE POLICY all_of_it ON submissions USING (true)",
        f"SET ROLE {OWNER}",
        f"ALTER ROLE {SERVICE} SUPERUSER",
        f"ALTER ROLE {SERVICE} BYPASSRLS",
        "CREATE TABLE public.own (x int)",
        "DELETE FROM submissions",
        "DELETE FROM findings",
        "DELETE FROM people",
        "UPDATE alembic_version SET version_num = '0001'",
    ],
)
def test_guards_and_filed_things_are_not_taken_away(house: House, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be (owner|able)|[Oo]nly roles with"):
        house.send(statement)


def test_the_service_does_its_work(house: House) -> None:
    """It has filed, judged and logged; a session begins and ends."""
    with reading(house.store.engine) as connection:
        assert count(connection, submissions) == 2
        assert entry_count(connection) > 4
        assert first_break(connection) is None
    person = add_person(house.store.engine, "somebody", Role.EXCHANGE, "korbit")
    secret = open_session(house.store.engine, person, Way.PASSWORD, source="192.0.2.1", now=datetime.now(UTC))
    assert session_of(house.store.engine, secret, datetime.now(UTC)) is not None


def test_a_query_that_forgets_its_scope_sees_one_exchange(house: House) -> None:
    with reading(house.store.engine) as connection:
        assert set(connection.execute(select(submissions.c.exchange)).scalars()) == {"korbit", "upbit"}
        assert count(connection, findings) > 0
        every = count(connection, states)
    seen = 0
    for exchange in ("korbit", "upbit"):
        with reading(house.store.limited_to(exchange).engine) as connection:
            assert set(connection.execute(select(submissions.c.exchange)).scalars()) == {exchange}
            assert set(connection.execute(select(findings.c.exchange)).scalars()) <= {exchange}
            assert count(connection, states) > 0
            seen += count(connection, states)
    assert seen == every
    with reading(house.store.limited_to("gopax").engine) as connection:
        assert [table.name for table in every_table() if wall_of(table) and count(connection, table)] == []
    with reading(house.store.engine) as connection:  # a connection of the pool remembers nothing
        assert count(connection, submissions) == 2


def test_what_is_asked_at_the_screen_is_limited(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "store", lambda: house.store)
    for scope, seen in ((Scope(Role.EXCHANGE, ("upbit",)), 1), (Scope(Role.SUPERVISOR, ("upbit", "korbit")), 2)):
        with reading(view.store_for(scope).engine) as connection:
            assert count(connection, submissions) == seen


def test_every_table_has_a_wall_or_a_reason() -> None:
    assert {table.name for table in every_table() if wall_of(table) is None} == OF_NO_EXCHANGE.keys()


def test_every_wall_stands(house: House) -> None:
    query = text("SELECT relname FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid WHERE relrowsecurity")
    with reading(house.store.engine) as connection:
        found = set(connection.execute(query).scalars())
    assert found == {table.name for table in every_table() if wall_of(table)}


def test_the_doctor_tells_of_a_role_that_may_do_everything(
    house: House, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setenv("DAXA_HOME", str(house.store.home))
    for address, is_mighty in ((house.service, False), (house.owner, True)):
        monkeypatch.setenv("DAXA_DATABASE_URL", address)
        command(["doctor", "--json"], standalone_mode=False)
        told = json.loads(capsysbinary.readouterr().out)["database"]
        assert ["may change the audit log" in sentence for sentence in told] == [True] * is_mighty


def test_one_right_too_many_is_told(house: House) -> None:
    assert too_mighty(house.store.engine) is None
    owner = open_store(house.store.home, house.owner)
    for right in ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER"):
        with writing(owner.engine) as connection:
            connection.exec_driver_sql(f"GRANT {right} ON log_heads TO {SERVICE}")
        assert SERVICE in (too_mighty(house.store.engine) or "")
        with writing(owner.engine) as connection:
            connection.exec_driver_sql(f"REVOKE {right} ON log_heads FROM {SERVICE}")
    owner.engine.dispose()


def test_a_role_that_is_not_there_is_named(house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAXA_HOME", str(tmp_path))
    monkeypatch.setenv("DAXA_DATABASE_URL", house.service.replace(SERVICE, "nobody_at_all"))
    monkeypatch.setenv("DAXA_DATABASE_OWNER_URL", house.owner)
    with pytest.raises(RecordsUnavailableError, match=r"no role 'nobody_at_all'.*CREATE ROLE"):
        command(["migrate"], standalone_mode=False)


@pytest.mark.parametrize(
    ("statement", "told", "what"),
    [
        (f"GRANT UPDATE ON audit_log TO {SERVICE}", "rights on audit_log", "have to be INSERT, SELECT"),
        (f"GRANT DELETE ON submissions TO {SERVICE}", "rights on submissions", "DELETE"),
        (f"REVOKE INSERT ON log_heads FROM {SERVICE}", "rights on log_heads", "are SELECT,"),
        (f"GRANT UPDATE (hash) ON audit_log TO {SERVICE}", "rights on audit_log", "its column hash"),
        ("GRANT SELECT ON people TO PUBLIC", "rights on people", "of everybody are SELECT, and have to be nothing"),
        (f"GRANT INSERT ON alembic_version TO {SERVICE}", "rights on alembic_version", "INSERT"),
        (f"GRANT CREATE ON SCHEMA public TO {SERVICE}", f"role {SERVICE}", "may make tables"),
        ("DROP POLICY own_exchange ON states", "policy on states", "is missing"),
        ("ALTER POLICY own_exchange ON findings USING (true)", "policy on findings", "was altered to true"),
        ("ALTER POLICY own_exchange ON findings WITH CHECK (true)", "policy on findings", "was altered to"),
        (f"ALTER POLICY own_exchange ON findings TO {OWNER}", "policy on findings", "was altered to"),
        ("ALTER TABLE people DISABLE ROW LEVEL SECURITY", "policy on people", "is switched off"),
        ("CREATE POLICY more ON people USING (true)", "policy on people", "'more' is none of ours"),
        (f"ALTER ROLE {SERVICE} BYPASSRLS", f"role {SERVICE}", "passes row-level security"),
        (f"ALTER ROLE {SERVICE} SUPERUSER", f"role {SERVICE}", "is a superuser"),
        (f"GRANT {OWNER} TO {SERVICE}", f"role {SERVICE}", "may act as the owner"),
        (f"ALTER TABLE audit_log OWNER TO {SERVICE}", "owner of submissions", "one role has to own everything"),
    ],
)
def test_verify_tells_each_right_and_policy_that_is_not_as_it_was_given(
    house: House, postgres_server: str, statement: str, told: str, what: str
) -> None:
    administrator = open_engine(house.owner.replace(f"{OWNER}@", "postgres@"))
    with administrator.connect() as connection:
        assert list(wrong_guards(connection)) == []
        connection.execute(text(statement))
        found = list(wrong_guards(connection))
        connection.rollback()
    administrator.dispose()
    assert any(name == told and what in sentence for name, sentence in found), found


def test_what_was_taken_away_is_given_anew_by_the_owners_migrate(house: House) -> None:
    owner = open_engine(house.owner)
    with writing(owner) as connection:
        connection.exec_driver_sql("DROP POLICY own_exchange ON states")
        connection.exec_driver_sql(f"GRANT TRUNCATE ON findings TO {SERVICE}")
        assert {name for name, _ in wrong_guards(connection)} == {"policy on states", "rights on findings"}
    give_rights(owner, SERVICE)
    owner.dispose()
    assert verify_store(house.store).faults == ()  # as the service sees it

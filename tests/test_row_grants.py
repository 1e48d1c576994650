"""Administrators see no filed row unless a supervisor lets them, for a time that ends by itself."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app import navigation
from app.filing.submissions import Wanted, submission_list
from app.queries.choice import Choice
from app.scope import Role, Scope, scope_of
from etl.exchanges import all_exchanges
from etl.records import people, row_grants
from etl.records.administrators import RefusedError
from etl.records.engine import reading, writing
from etl.records.log import COMMAND, EventKind, entries
from etl.records.sessions import LONGEST_IDLE, Way, open_session, session_of
from etl.store import Store, open_store
from etl.vouching import held_against_the_log
from tests.filing import file, halts

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
DAY = date(2026, 11, 2)
PASSWORD = "correct horse battery"
HOUR = timedelta(hours=1)


class House:
    """A store with an administrator, a supervisor, and others who may grant nothing."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.ids: dict[str, str] = {}
        with writing(store.engine) as connection:
            for name, role, exchange in (
                ("root", Role.ADMIN, None),
                ("other", Role.ADMIN, None),
                ("fss", Role.SUPERVISOR, None),
                ("boss", Role.MANAGER, None),
                ("korbit", Role.EXCHANGE, "korbit"),
            ):
                made = people.add(connection, name, role, exchange=exchange, password=PASSWORD, actor=COMMAND, at=NOW)
                self.ids[name] = made.id

    def grant(self, by: str = "fss", name: str = "root", life: timedelta = HOUR, reason: str = "an incident") -> str:
        with writing(self.store.engine) as connection:
            return row_grants.grant(connection, name, life, reason=reason, actor=self.ids[by], at=NOW).id

    def end(self, grant: str, *, by: str = "fss", at: datetime = NOW) -> None:
        with writing(self.store.engine) as connection:
            row_grants.end(connection, grant, actor=self.ids[by], at=at)

    def scope_at(self, moment: datetime, name: str = "root") -> Scope:
        """What somebody sees who signed in just before."""
        with reading(self.store.engine) as connection:
            person = people.named(connection, name)
        began = moment - LONGEST_IDLE / 2
        session = open_session(self.store.engine, person, Way.PASSWORD, source="192.0.2.1", now=began)
        signed_in = session_of(self.store.engine, session, moment)
        assert signed_in is not None
        return scope_of(signed_in)


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    store = open_store(tmp_path / "home", database_url)
    yield House(store)
    store.engine.dispose()


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(RefusedError) as caught:
        act()
    return caught.value.reason


def test_an_administrator_reads_rows_from_the_grant_to_its_end_and_no_longer(house: House) -> None:
    assert not house.scope_at(NOW).sees_rows
    house.grant()
    for after, sees in ((timedelta(0), True), (HOUR - timedelta(seconds=1), True), (HOUR, False)):
        assert house.scope_at(NOW + after).sees_rows is sees
        assert not house.scope_at(NOW + after, "other").sees_rows


def test_a_session_that_is_open_sees_rows_no_more_once_the_grant_is_ended(house: House) -> None:
    grant = house.grant()
    with reading(house.store.engine) as connection:
        person = people.named(connection, "root")
    session = open_session(house.store.engine, person, Way.PASSWORD, source="192.0.2.1", now=NOW)

    def sees() -> bool:
        found = session_of(house.store.engine, session, NOW)
        return found is not None and scope_of(found).sees_rows

    assert sees()
    house.end(grant)
    assert not sees()
    assert refused(lambda: house.end(grant)) == "grant_over"


@pytest.mark.parametrize("by", ["root", "other", "boss", "korbit"])
def test_nobody_but_a_supervisor_grants_or_ends(house: House, by: str) -> None:
    assert refused(lambda: house.grant(by)) == "not_a_supervisor"
    grant = house.grant()
    assert refused(lambda: house.end(grant, by=by)) == "not_a_supervisor"


def test_nobody_lets_themselves_in_by_a_supervisors_account_that_they_made(house: House) -> None:
    with writing(house.store.engine) as connection:
        made = people.add(connection, "own", Role.SUPERVISOR, password=PASSWORD, actor=house.ids["root"], at=NOW)
    house.ids["own"] = made.id
    assert refused(lambda: house.grant("own")) == "not_two_people"
    assert house.grant("own", name="other")


def test_a_supervisor_who_was_disabled_grants_nothing(house: House) -> None:
    with writing(house.store.engine) as connection:
        people.disable(connection, "fss", actor=COMMAND, at=NOW)
    assert refused(house.grant) == "not_a_supervisor"


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"name": "boss"}, "no_administrator"),
        ({"name": "fss"}, "no_administrator"),
        ({"name": "nobody"}, "no_administrator"),
        ({"reason": "  "}, "no_reason"),
        ({"reason": "x" * 501}, "long_reason"),
        ({"life": timedelta(0)}, "long_grant"),
        ({"life": row_grants.LONGEST + timedelta(seconds=1)}, "long_grant"),
    ],
)
def test_a_grant_is_for_an_administrator_with_a_reason_and_an_end(
    house: House, how: dict[str, Any], reason: str
) -> None:
    assert refused(lambda: house.grant(**how)) == reason


def test_who_reads_rows_already_is_not_granted_it_once_more(house: House) -> None:
    house.end(house.grant())
    house.grant()
    assert refused(house.grant) == "already_granted"


def test_a_grant_makes_nobody_else_see_rows() -> None:
    everything = tuple(all_exchanges())
    assert not Scope(Role.MANAGER, everything, has_row_grant=True).sees_rows
    assert Scope(Role.SUPERVISOR, everything).sees_rows


def test_without_a_grant_no_page_of_rows_is_open_and_no_query_returns_one(house: House, tmp_path: Path) -> None:
    file(house.store, tmp_path, "korbit_halts_2026-11-02.csv", halts())
    choice = Choice((), DAY, DAY)

    def is_open() -> tuple[bool, bool]:
        scope = house.scope_at(NOW)
        pages = navigation.pages(scope, "ko", ())
        return "submissions" in pages, bool(submission_list(house.store, scope, choice, Wanted()))

    assert is_open() == (False, False)
    house.grant()
    assert is_open() == (True, True)


def test_grants_are_in_the_log_and_vouched_for(house: House) -> None:
    house.end(house.grant())
    with reading(house.store.engine) as connection:
        changes = [entry.details for entry in entries(connection, act=EventKind.ROW_GRANT)]
        assert ['"granted"' in changes[1], '"ended"' in changes[0]] == [True, True]
        assert held_against_the_log(connection).faults == ()
    with writing(house.store.engine) as connection:
        connection.exec_driver_sql("UPDATE row_grants SET ended_at = NULL, ended_by = NULL")
    with reading(house.store.engine) as connection:
        assert len(held_against_the_log(connection).faults) == 1

"""What fails at the HTTP door is answered with an incident number that the administrators' list shows."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
from door import token
from opening import keep_nothing
from schemathesis.python.asgi import get_client
from sqlalchemy import update
from starlette.applications import Starlette

from app.administration.work import incident_list
from app.api import Door
from app.incidents import incident_of
from app.scope import Role, Scope
from app.worker.process import Worker
from app.worker.tasks import Place
from etl.exchanges import all_exchanges
from etl.records.engine import RecordsUnavailableError, writing
from etl.records.tables import findings
from etl.store import Store, open_store
from tests.filing import checks, file

ADMINISTRATOR = Scope(Role.ADMIN, tuple(all_exchanges()))
DAY = "2026-11-02"
NUMBER = re.compile(r"I-[0-9a-f]{8}")


@dataclass(frozen=True)
class Counter:
    """A store with one accepted submission that has findings, and a machine of its exchange at the door."""

    store: Store
    submission: str
    client: Any
    headers: dict[str, str]

    def ask(self, what: str) -> Any:
        return self.client.get(f"/api/v1/submissions/{self.submission}{what}", headers=self.headers)

    def incidents(self) -> dict[str, str]:
        """The administrators' list: what happened, by number."""
        return {one.incident: one.summary for one in incident_list(self.store, ADMINISTRATOR)}


@pytest.fixture
def counter(tmp_path: Path, database_url: str) -> Iterator[Counter]:
    keep_nothing()
    store = open_store(tmp_path / "home", database_url)
    outcome = file(store, tmp_path, f"korbit_reconciliation_{DAY}.csv", checks(DAY, short=range(3)))
    door = Door(lambda: store, lambda: Worker(Place(store.home, "")))
    headers = {"Authorization": f"Bearer {token(store, 'korbit')}"}
    with get_client(Starlette(routes=door.routes())) as client:
        yield Counter(store, outcome.receipt.submission.id, client, headers)
    store.engine.dispose()
    keep_nothing()


def lose_evidence(store: Store) -> None:
    """The stored bytes go from under the records."""
    for path in (one for one in store.evidence.folder.rglob("*") if one.is_file()):
        path.unlink()


def test_what_the_door_fails_on_is_on_the_list_of_incidents_once(
    counter: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    lose_evidence(counter.store)
    with caplog.at_level(logging.ERROR):
        first, again = counter.ask("/annotated"), counter.ask("/annotated")
    assert (first.status_code, first.headers["Content-Type"]) == (500, "application/problem+json")
    (incident,) = NUMBER.findall(first.json()["detail"])
    assert NUMBER.findall(again.json()["detail"]) == [incident]
    ((listed, summary),) = counter.incidents().items()
    assert listed == incident
    assert summary.startswith("FileNotFoundError: ")
    assert incident in caplog.text
    assert incident_list(counter.store, Scope(Role.SUPERVISOR, tuple(all_exchanges()))) == ()


def test_what_fails_while_an_answer_is_streamed_is_on_the_list_too(counter: Counter) -> None:
    with writing(counter.store.engine) as connection:
        connection.execute(update(findings).values(rule="ZZZ-999"))
    with pytest.raises(KeyError):
        counter.ask("/findings")
    assert list(counter.incidents().values()) == ["KeyError: 'ZZZ-999'"]


@pytest.mark.parametrize("what", ["/nothing", "/annotated?lang=fr", "0/receipt"])
def test_a_request_that_is_refused_is_no_incident(counter: Counter, what: str) -> None:
    assert 400 <= counter.ask(what).status_code < 500
    assert counter.incidents() == {}


def failed(times: int = 1) -> ZeroDivisionError:
    try:
        times / 0
    except ZeroDivisionError as error:
        return error
    raise AssertionError


def test_another_place_or_another_store_is_another_incident(counter: Counter, tmp_path: Path) -> None:
    other = open_store(tmp_path / "other", f"sqlite:///{tmp_path / 'other.sqlite'}")
    numbers = [
        incident_of(partial(open_again, store), failed(), place)
        for store, place in ((counter.store, "GET /a"), (counter.store, "GET /b"), (other, "GET /a"))
    ]
    assert len(set(numbers)) == 3
    assert counter.incidents().keys() == set(numbers[:2])
    other.engine.dispose()


def open_again(store: Store) -> Store:
    return store


def no_store() -> NoReturn:
    raise RecordsUnavailableError("the database does not answer")


def test_where_nothing_can_be_recorded_the_number_stands_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        incident = incident_of(no_store, failed(), "GET /a")
    assert NUMBER.fullmatch(incident)
    assert incident in caplog.text
    assert "ZeroDivisionError" in caplog.text

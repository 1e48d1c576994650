"""What operators ask: whether the service works and is ready, and its figures, which only their token is told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filing import MORNING, checks, file
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text, update
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.server.operations import HEALTH, METRICS, READY, TOKEN_VARIABLE, Operations
from app.sign_in.gate import is_open
from etl import health, jobs
from etl.health import LONGEST_TRIED, LONGEST_UNTRIED, Trouble, measure, troubles
from etl.intake import Candidate, declare
from etl.records import submissions as life
from etl.records.engine import RecordsUnavailableError, writing
from etl.records.tables import submissions
from etl.store import Store, open_store
from expectations.vocabulary import State

DAY = "2026-11-02"
NAME = f"korbit_reconciliation_{DAY}.csv"
NOW = datetime(2026, 11, 3, 3, tzinfo=UTC)
TOKEN = "operators-alone"


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def client(store: Store) -> TestClient:
    return TestClient(Starlette(routes=Operations(lambda: store).routes()))


def waits(store: Store, folder: Path, *, recorded_ago: timedelta, tried_ago: timedelta | None = None) -> None:
    """A file that was recorded, and taken up, so long ago, and has no verdict."""
    (folder / NAME).write_text(checks(DAY))
    number = jobs.receive(store, Candidate(folder / NAME, declare(NAME)), received_at=MORNING).submission.id
    with writing(store.engine) as connection:
        if tried_ago is not None:
            life.note_attempt(connection, [number], NOW - tried_ago)
        at = {"recorded_at": NOW - recorded_ago}
        connection.execute(update(submissions).where(submissions.c.id == number).values(at))


def figures(client: TestClient) -> dict[str, dict[tuple[str, ...], float]]:
    """The samples of every family, by their labels."""
    told = client.get(METRICS, headers={"Authorization": f"Bearer {TOKEN}"})
    assert told.status_code == 200
    return {
        family.name: {tuple(one.labels.values()): one.value for one in family.samples}
        for family in text_string_to_metric_families(told.text)
    }


def test_a_store_that_works_is_healthy_and_ready(client: TestClient) -> None:
    for address in (HEALTH, READY):
        told = client.get(address)
        assert (told.status_code, told.json()) == (200, {"status": "ok", "troubles": []})
        assert told.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("recorded_ago", "tried_ago", "is_stalled"),
    [
        (LONGEST_UNTRIED / 2, None, False),
        (LONGEST_UNTRIED * 2, None, True),
        (LONGEST_TRIED * 2, LONGEST_TRIED / 2, False),
        (LONGEST_TRIED * 3, LONGEST_TRIED * 2, True),
    ],
)
def test_files_that_nothing_takes_up_are_a_trouble(
    store: Store, tmp_path: Path, recorded_ago: timedelta, tried_ago: timedelta | None, is_stalled: bool
) -> None:
    waits(store, tmp_path, recorded_ago=recorded_ago, tried_ago=tried_ago)
    assert troubles(store, NOW) == ((Trouble.QUEUE,) if is_stalled else ())


def test_a_file_that_is_decided_does_not_wait(store: Store, tmp_path: Path) -> None:
    waits(store, tmp_path, recorded_ago=LONGEST_UNTRIED * 2)
    jobs.process(store)
    assert troubles(store, NOW) == ()


def test_a_database_of_another_revision_takes_no_files(store: Store, client: TestClient) -> None:
    with writing(store.engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    told = client.get(READY)
    assert (told.status_code, told.json()["troubles"]) == (503, ["revision"])
    assert client.get(HEALTH).status_code == 200


def test_a_database_that_is_gone_is_no_service(
    store: Store, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(store.engine) as connection:
        connection.execute(text("ALTER TABLE submissions RENAME TO gone"))
    for address in (HEALTH, READY):
        told = client.get(address)
        assert (told.status_code, told.json()) == (503, {"status": "failing", "troubles": ["records"]})
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    assert figures(client)["daxa_trouble"]["records",] == 1


def test_a_store_that_cannot_be_opened_is_no_service() -> None:
    def store() -> Store:
        raise RecordsUnavailableError("the database cannot be opened")

    told = TestClient(Starlette(routes=Operations(store).routes())).get(HEALTH)
    assert (told.status_code, told.json()["troubles"]) == (503, ["records"])


def test_a_full_disk_takes_no_files(store: Store, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LEAST_FREE_BYTES", 2**62)
    assert client.get(READY).json()["troubles"] == ["disk"]


def test_a_folder_that_cannot_be_written_takes_no_files(
    store: Store, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: not str(path).endswith("facts"))
    (store.home / "facts").mkdir(exist_ok=True)
    assert client.get(READY).json()["troubles"] == ["folders"]


def test_figures_are_for_whoever_has_the_token(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert client.get(METRICS, headers={"Authorization": "Bearer "}).status_code == 404
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    for sent in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": TOKEN}):
        told = client.get(METRICS, headers=sent)
        assert (told.status_code, "daxa_" in told.text) == (401, False)


def test_figures_count_what_is_there(
    store: Store, client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    file(store, tmp_path, NAME, checks(DAY, short=range(3, 5)))
    file(store, tmp_path, NAME, "not a report")
    waits(store, tmp_path, recorded_ago=LONGEST_UNTRIED)
    told = figures(client)
    assert told["daxa_submissions"] == {
        ("korbit", "reconciliation", State.ACCEPTED.value): 1,
        ("korbit", "reconciliation", State.REJECTED.value): 1,
        ("korbit", "reconciliation", State.RECEIVED.value): 1,
    }
    assert told["daxa_queue_files"] == {("korbit",): 1}
    assert told["daxa_queue_oldest_age_seconds"]["korbit",] > 0
    assert told["daxa_findings_open"]["korbit", "compliance"] > 0
    assert told["daxa_verdicts_last_hour"] == {(): 2}
    seconds = told["daxa_verdict_seconds"]
    assert 0 <= seconds["0.5",] <= seconds["0.95",] <= seconds["1",]
    assert told["daxa_log_entries"][()] > 0
    assert told["daxa_disk_free_bytes"][()] > 0
    assert set(told["daxa_trouble"]) == {(one.value,) for one in Trouble}


def test_figures_hold_no_value_out_of_a_report(
    store: Store, client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    number = file(store, tmp_path, NAME, checks(DAY, ledger="7.125", wallet="7.250")).receipt.submission.id
    told = client.get(METRICS, headers={"Authorization": f"Bearer {TOKEN}"}).text
    assert not [one for one in (number, "7.125", "7.25", NAME, "btc", str(store.home)) if one in told]


def test_days_without_a_signed_head_are_counted(store: Store, tmp_path: Path) -> None:
    file(store, tmp_path, NAME, checks(DAY))
    now = datetime.now(UTC)
    assert measure(store, now).unsigned_days == 0
    assert measure(store, now + timedelta(days=2)).unsigned_days == 1


def test_the_addresses_ask_for_no_session() -> None:
    assert all(is_open(address) for address in (HEALTH, READY, METRICS))

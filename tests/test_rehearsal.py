"""A check finds what filing would find, in the same order and the same words, and leaves nothing behind."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.objects import checked_record, submission_record
from etl import jobs
from etl.intake import Candidate, declare
from etl.records.engine import reading
from etl.records.tables import metadata
from etl.steps import FilingStep
from etl.store import Store, open_store
from expectations.vocabulary import State
from tests.filing import MORNING, checks, file, halt, halts

DAY = "2026-11-02"
NAME = f"korbit_reconciliation_{DAY}.csv"


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def contents(store: Store) -> tuple[list[int], list[str]]:
    """How many rows each table has, and every file under the home."""
    with reading(store.engine) as connection:
        counts = [
            connection.execute(select(func.count()).select_from(table)).scalar_one() for table in metadata.sorted_tables
        ]
    return counts, sorted(str(path) for path in store.home.rglob("*") if path.is_file() and "sqlite" not in path.name)


def checked_and_filed(store: Store, folder: Path, name: str, content: str) -> tuple[list[object], list[object]]:
    """The findings of a check, and those of the submission that follows it at once."""
    path = folder / name
    path.write_text(content)
    candidate = Candidate(path, declare(name))
    before = contents(store)
    (verdict,) = jobs.check(store, [candidate])
    assert contents(store) == before
    (outcome,) = jobs.ingest(store, [candidate], received_at=MORNING)
    filed = submission_record(outcome.receipt.submission, file=str(path), duplicate=False, findings=outcome.findings)
    return checked_record(candidate, verdict)["findings"], filed["findings"]


@pytest.mark.parametrize(
    ("content", "rules"),
    [
        pytest.param(checks(DAY, every=5), set(), id="nothing"),
        pytest.param(checks(DAY), {"REC-002"}, id="gaps"),
        pytest.param(checks(DAY, every=5, short=range(10, 20)), {"REC-003", "REC-004"}, id="shortfall"),
        pytest.param(checks(DAY).replace("1.5,1.6", "1.7,1.6", 1), {"REC-001"}, id="contradiction"),
        pytest.param(checks(DAY).replace(",100.5,", ",many,", 3), {"SUB-006"}, id="cells"),
    ],
)
def test_a_check_finds_what_filing_finds(store: Store, tmp_path: Path, content: str, rules: set[str]) -> None:
    checked, filed = checked_and_filed(store, tmp_path, NAME, content)
    assert checked == filed
    assert {finding["rule"] for finding in filed} == rules


def test_it_is_held_against_what_is_accepted(store: Store, tmp_path: Path) -> None:
    """A shortfall that a halt answers, a correction of the day, and the evening before."""
    evening = "2026-11-01"
    file(store, tmp_path, f"korbit_reconciliation_{evening}.csv", checks(evening, every=5, short=range(280, 288)))
    stopped = MORNING - timedelta(hours=20)
    file(store, tmp_path, f"korbit_halts_{DAY}.csv", halts(halt("H1", stopped)))
    file(store, tmp_path, NAME, checks(DAY))
    for content in (
        checks(DAY, every=5, short=range(3)),
        checks(DAY, every=5),
        halts(halt("H1", stopped, stopped + timedelta(hours=1)), halt("H2", stopped)),
    ):
        name = f"korbit_halts_{DAY}.csv" if content.startswith("haltId") else NAME
        checked, filed = checked_and_filed(store, tmp_path, name, content)
        assert checked == filed


def test_every_step_is_told_in_its_order(store: Store, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text(checks(DAY))
    told: list[FilingStep] = []
    (verdict,) = jobs.check(store, [Candidate(path, declare(NAME))], on_step=told.append)
    assert verdict.state is State.ACCEPTED
    assert told == [FilingStep.OPENED, FilingStep.READ, FilingStep.JUDGED, FilingStep.COMPARED]

"""A file that takes the place of accepted rows: what is said before it is filed, and kept once it is (3.9)."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl import jobs
from etl.intake import Candidate, declare
from etl.receipts import receipt_of
from etl.records import submissions as life
from etl.records.engine import reading
from etl.replacement import Replacement, loses_most_rows
from etl.store import Store, open_store
from expectations.vocabulary import KST
from tests.filing import HALTS_HEADER, MORNING, checks, file, milliseconds

CHECKS = "korbit_reconciliation_2026-11-02.csv"
HALTS = "korbit_halts_2026-11-02.csv"
NINE = datetime(2026, 11, 2, 9, 0, 3, tzinfo=KST)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


@pytest.mark.parametrize(
    ("before", "after", "is_most"),
    [
        (0, 0, False),
        (0, 5, False),
        (1, 0, True),
        (2, 1, False),
        (3, 1, True),
        (3, 2, False),
        (26, 0, True),
        (4, 2, False),
    ],
)
def test_none_or_less_than_half_of_the_rows_is_most_of_them(before: int, after: int, is_most: bool) -> None:
    assert loses_most_rows(before, after) is is_most


def suspension(resumed: datetime) -> str:
    """A halts file with the suspension of an asset that a shortfall asks for."""
    halted = milliseconds(NINE + timedelta(minutes=1))
    line = f"KB-1,asset,btc,all,reconciliationMismatch,true,{halted},{halted},{milliseconds(resumed)},{halted},10"
    return f"{HALTS_HEADER}\r\n{line}\r\n"


def looked_at(store: Store, folder: Path, name: str, content: str) -> Replacement | None:
    """What a check says that the file would replace."""
    path = folder / name
    path.write_text(content)
    (verdict,) = jobs.check(store, [Candidate(path, declare(name))], received_at=MORNING + timedelta(hours=1))
    return verdict.replaces


def test_a_nil_return_in_place_of_rows_names_them_and_what_comes_elsewhere(store: Store, tmp_path: Path) -> None:
    shortfall = checks("2026-11-02", every=5, short=range(108, 120))
    reconciled = file(store, tmp_path, CHECKS, shortfall).receipt.submission
    halted = file(store, tmp_path, HALTS, suspension(NINE + timedelta(hours=3))).receipt.submission
    replaces = looked_at(store, tmp_path, HALTS, f"{HALTS_HEADER}\r\n")
    assert replaces is not None
    assert (replaces.submissions, replaces.rows_before, replaces.rows_after) == ((halted.id,), 1, 0)
    assert replaces.needs_reason
    said = {(one.submission, one.finding.rule, one.comes) for one in replaces.elsewhere}
    assert (reconciled.id, "REC-004", True) in said

    before = recorded(store, reconciled.id)
    candidate = Candidate(tmp_path / HALTS, declare(HALTS))
    (outcome,) = jobs.ingest(
        store, [candidate], received_at=MORNING + timedelta(hours=1), reason="it was filed by mistake"
    )
    after = recorded(store, reconciled.id)
    comes = {one.finding.rule for one in replaces.elsewhere if one.comes and one.submission == reconciled.id}
    goes = {one.finding.rule for one in replaces.elsewhere if not one.comes and one.submission == reconciled.id}
    assert (after - before, before - after) == (comes, goes)
    receipt = json.loads(receipt_of(store, outcome.receipt.submission.id, datetime.now(UTC)))["receipt"]
    assert receipt["replaced"] == [{"submission": halted.id, "rows": 1}]
    assert receipt["reason"] == "it was filed by mistake"


def recorded(store: Store, submission: str) -> set[str]:
    """The rules of the open findings of a submission."""
    with reading(store.engine) as connection:
        return {finding.rule for _, finding in life.findings_of(connection, [submission])[submission]}


def test_half_of_the_rows_and_more_need_no_reason(store: Store, tmp_path: Path) -> None:
    filed = file(store, tmp_path, CHECKS, checks("2026-11-02")).receipt.submission
    lines = checks("2026-11-02").splitlines(keepends=True)
    replaces = looked_at(store, tmp_path, CHECKS, "".join(lines[:13]))
    assert replaces == Replacement((filed.id,), 24, 12)
    assert not replaces.needs_reason
    fewer = looked_at(store, tmp_path, CHECKS, "".join(lines[:12]))
    assert fewer is not None
    assert fewer.needs_reason


def test_what_replaces_nothing_accepted_says_nothing(store: Store, tmp_path: Path) -> None:
    assert looked_at(store, tmp_path, CHECKS, checks("2026-11-02")) is None
    file(store, tmp_path, CHECKS, checks("2026-11-02").replace(",match", ",unclear"))
    assert looked_at(store, tmp_path, CHECKS, checks("2026-11-02")) is None


def test_a_check_leaves_no_trace(store: Store, tmp_path: Path) -> None:
    filed = file(store, tmp_path, CHECKS, checks("2026-11-02")).receipt.submission
    before = recorded(store, filed.id)
    looked_at(store, tmp_path, CHECKS, checks("2026-11-02").splitlines()[0])
    assert recorded(store, filed.id) == before
    with reading(store.engine) as connection:
        assert [one.id for one in life.listed(connection)] == [filed.id]

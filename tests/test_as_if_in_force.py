"""What is filed with --as-if-in-force is judged so for good; what is filed otherwise is not, whatever it touches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.objects import submission_record
from etl import jobs
from etl.intake import Candidate, declare
from etl.jobs import Outcome
from etl.receipts import receipt_of
from etl.records import submissions as life
from etl.records.engine import reading
from etl.review import review_submissions
from etl.store import Store, open_store
from tests.filing import checks

EARLY, NEXT = "2026-04-06", "2026-04-07"
"""Days before the standard began."""
AT = datetime(2026, 4, 9, tzinfo=UTC)
LAST, FIRST = range(284, 288), range(2)
"""The checks from 23:40 and the first two of a day: one episode over midnight."""


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def filed(store: Store, folder: Path, day: str, short: range, *, as_if_in_force: bool) -> Outcome:
    path = folder / f"korbit_reconciliation_{day}.csv"
    path.write_text(checks(day, every=5, short=short))
    (outcome,) = jobs.ingest(
        store, [Candidate(path, declare(path.name))], received_at=AT, as_if_in_force=as_if_in_force
    )
    return outcome


def rules_of(store: Store, outcome: Outcome) -> set[str]:
    with reading(store.engine) as connection:
        found = life.findings_of(connection, [outcome.receipt.submission.id])
    return {finding.rule for _, finding in found[outcome.receipt.submission.id]}


def test_it_stays_with_what_was_filed_so(store: Store, tmp_path: Path) -> None:
    first = filed(store, tmp_path, EARLY, LAST, as_if_in_force=True)
    assert rules_of(store, first) == {"REC-003", "REC-004"}
    second = filed(store, tmp_path, NEXT, FIRST, as_if_in_force=False)
    assert rules_of(store, first) == {"REC-003", "REC-004"}
    assert rules_of(store, second) == set()
    with reading(store.engine) as connection:
        every = life.listed(connection)
    assert review_submissions(store, every, at=AT) == {}
    assert rules_of(store, first) == {"REC-003", "REC-004"}
    jobs.withdraw(store, second.receipt.submission.id, reason="wrong", at=AT)
    assert rules_of(store, first) == {"REC-003", "REC-004"}


def test_a_neighbour_that_was_filed_otherwise_keeps_its_own(store: Store, tmp_path: Path) -> None:
    plain = filed(store, tmp_path, EARLY, LAST, as_if_in_force=False)
    filed(store, tmp_path, NEXT, FIRST, as_if_in_force=True)
    assert rules_of(store, plain) == set()


def test_filing_again_without_it_is_judged_without_it(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, EARLY, LAST, as_if_in_force=True)
    again = filed(store, tmp_path, EARLY, FIRST, as_if_in_force=False)
    assert rules_of(store, again) == set()


@pytest.mark.parametrize("as_if_in_force", [True, False])
def test_it_is_said(store: Store, tmp_path: Path, as_if_in_force: bool) -> None:
    submission = filed(store, tmp_path, EARLY, LAST, as_if_in_force=as_if_in_force).receipt.submission
    told = submission_record(submission, file="f", duplicate=False, findings=None)
    assert told["as_if_in_force"] is as_if_in_force
    said = f'"as_if_in_force": {str(as_if_in_force).lower()}'
    assert said in receipt_of(store, submission.id, AT)

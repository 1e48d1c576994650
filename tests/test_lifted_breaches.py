"""Breaches that a correction or a withdrawal takes away, for which the exchange is asked why (FIX-001)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl import jobs
from etl.answers import fingerprint, occurrence
from etl.intake import Candidate, declare
from etl.jobs import Outcome
from etl.records import submissions as life
from etl.records.engine import reading
from etl.review import review_submissions
from etl.store import Store, open_store
from expectations.vocabulary import KST, Finding, Period
from tests.filing import checks, file, halts, milliseconds

pytestmark = pytest.mark.slow

DAY = "2026-12-02"
MORNING = datetime(2026, 12, 3, 9, tzinfo=KST)
HOUR = timedelta(hours=1)
NINE = range(108, 110)
"""The checks at 09:00 and 09:05."""
SHORT = ["REC-003", "REC-004"]


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def reconciled(
    store: Store, folder: Path, hour: int, short: range = range(0), *, day: str = DAY, wallet: str = "1.6"
) -> Outcome:
    """File the day's checks of bitcoin, received so many hours after nine of the next morning."""
    content = checks(day, every=5, short=short, wallet=wallet)
    at = Period.parse(day).end + 9 * HOUR + hour * HOUR
    return file(store, folder, f"korbit_reconciliation_{day}.csv", content, at)


def halted(store: Store, folder: Path, hour: int, *, at_nine: bool) -> Outcome:
    """File the day's halts: none, or one of bitcoin's trading from the shortfall on."""
    return file(store, folder, f"korbit_halts_{DAY}.csv", halt_file(at_nine=at_nine), MORNING + hour * HOUR)


def halt_file(*, at_nine: bool) -> str:
    at, end = (milliseconds(datetime(2026, 12, 2, hour, 0, 3, tzinfo=KST)) for hour in (9, 10))
    row = f"H-1,asset,btc,trading,reconciliationMismatch,true,{at},{at},{end},{at},0"
    return halts(row) if at_nine else halts()


def asked(store: Store) -> list[tuple[str, str | None, str | None]]:
    """The submission, the rule of the breach and how it was taken away, of every question that stands."""
    with reading(store.engine) as connection:
        found = life.current_findings(connection, rule="FIX-001")
    return sorted((one.submission.id, one.finding.subject, one.finding.reason) for one in found)


def of(outcome: Outcome, rules: list[str], reason: str = "corrected") -> list[tuple[str, str, str]]:
    return [(outcome.receipt.submission.id, rule, reason) for rule in rules]


def test_a_correction_after_which_a_breach_stands_no_more_is_asked_about(store: Store, tmp_path: Path) -> None:
    first = reconciled(store, tmp_path, 0, NINE)
    assert {finding.rule for _, finding in first.findings} == set(SHORT)
    second = reconciled(store, tmp_path, 1)
    assert asked(store) == of(second, SHORT)
    (question, *_) = [finding for _, finding in second.findings if finding.subject == "REC-003"]
    (breach,) = [finding for _, finding in first.findings if finding.rule == "REC-003"]
    assert (question.start, question.end, question.row, question.column) == (breach.start, breach.end, None, None)
    assert question.found == f"BTC {breach.found}"


def test_a_breach_that_is_only_shorter_stands(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, 0, NINE)
    reconciled(store, tmp_path, 1, range(109, 110))
    assert asked(store) == []


def test_a_breach_at_another_time_is_another(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, 0, NINE)
    second = reconciled(store, tmp_path, 1, range(200, 202))
    assert asked(store) == of(second, SHORT)


def test_a_second_correction_answers_for_the_first(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, 0, NINE)
    reconciled(store, tmp_path, 1)
    third = reconciled(store, tmp_path, 2, range(200, 202))
    assert asked(store) == of(third, SHORT)
    fourth = reconciled(store, tmp_path, 3, wallet="1.7")
    assert asked(store) == of(fourth, sorted(2 * SHORT))
    fifth = reconciled(store, tmp_path, 4, range(108, 111))
    assert asked(store) == of(fifth, SHORT)


def test_a_withdrawal_is_asked_about_until_the_breach_is_there_again(store: Store, tmp_path: Path) -> None:
    first = reconciled(store, tmp_path, 0, NINE)
    jobs.withdraw(store, first.receipt.submission.id, reason="wrong", at=MORNING + HOUR)
    assert asked(store) == of(first, SHORT, "withdrawn")
    second = reconciled(store, tmp_path, 2)
    assert asked(store) == of(first, SHORT, "withdrawn")
    jobs.withdraw(store, second.receipt.submission.id, reason="wrong", at=MORNING + 3 * HOUR)
    reconciled(store, tmp_path, 4, range(108, 111))
    assert asked(store) == []


def test_another_report_that_is_corrected_takes_a_breach_away(store: Store, tmp_path: Path) -> None:
    halted(store, tmp_path, 0, at_nine=False)
    reconciled(store, tmp_path, 0, NINE)
    correction = halted(store, tmp_path, 1, at_nine=True)
    assert asked(store) == of(correction, ["REC-004"])
    jobs.withdraw(store, correction.receipt.submission.id, reason="wrong", at=MORNING + 2 * HOUR)
    assert asked(store) == []


def test_a_report_that_is_filed_for_the_first_time_mends_nothing(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, 0, NINE)
    halted(store, tmp_path, 1, at_nine=True)
    with reading(store.engine) as connection:
        rules = {one.finding.rule for one in life.current_findings(connection)}
    assert "REC-004" not in rules
    assert asked(store) == []
    second = reconciled(store, tmp_path, 2)
    assert asked(store) == of(second, ["REC-003"])


def test_both_files_in_one_run_hide_nothing(store: Store, tmp_path: Path) -> None:
    candidates = []
    for place, short in enumerate((NINE, range(0))):
        path = tmp_path / str(place) / f"korbit_reconciliation_{DAY}.csv"
        path.parent.mkdir()
        path.write_text(checks(DAY, every=5, short=short))
        candidates.append(Candidate(path, declare(path.name)))
    _, second = jobs.ingest(store, candidates, received_at=MORNING)
    assert asked(store) == of(second, SHORT)


def test_slices_that_the_day_supersedes_are_corrected_by_it(store: Store, tmp_path: Path) -> None:
    at = datetime(2026, 12, 2, 12, 30, tzinfo=KST)
    name, content = f"korbit_reconciliation_{DAY}T00-12.csv", checks(f"{DAY}T00-12", every=5, short=NINE)
    file(store, tmp_path, name, content, at)
    day = reconciled(store, tmp_path, 0)
    assert asked(store) == of(day, SHORT)
    reconciled(store, tmp_path, 1, NINE)
    assert asked(store) == []


def test_days_before_the_rule_say_nothing(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, 0, NINE, day="2026-11-30")
    reconciled(store, tmp_path, 1, day="2026-11-30")
    assert asked(store) == []


@pytest.mark.parametrize("report", ["reconciliation", "halts"])
def test_a_check_asks_what_filing_asks(store: Store, tmp_path: Path, report: str) -> None:
    halted(store, tmp_path, 0, at_nine=False)
    reconciled(store, tmp_path, 0, NINE)
    content = checks(DAY, every=5) if report == "reconciliation" else halt_file(at_nine=True)
    path = tmp_path / f"korbit_{report}_{DAY}.csv"
    path.write_text(content)
    candidate = Candidate(path, declare(path.name))
    (verdict,) = jobs.check(store, [candidate], received_at=MORNING + HOUR)
    (outcome,) = jobs.ingest(store, [candidate], received_at=MORNING + HOUR)
    assert Counter(verdict.findings) == Counter((finding, kind) for kind, finding in outcome.findings)
    assert [finding.subject for finding, _ in verdict.findings if finding.rule == "FIX-001"] != []


def test_judging_again_asks_the_same(store: Store, tmp_path: Path) -> None:
    halted(store, tmp_path, 0, at_nine=False)
    reconciled(store, tmp_path, 0, NINE)
    halted(store, tmp_path, 1, at_nine=True)
    reconciled(store, tmp_path, 2)
    before = asked(store)
    with reading(store.engine) as connection:
        every = life.listed(connection)
    assert review_submissions(store, every, at=datetime(2026, 12, 5, tzinfo=UTC)) == {}
    assert asked(store) == before != []


def test_each_question_is_a_matter_of_its_own() -> None:
    start = datetime(2026, 12, 2, 9, tzinfo=KST)
    questions = [
        Finding("FIX-001", subject="REC-003", start=since, found=found, reason="corrected")
        for since in (start, start + HOUR)
        for found in ("BTC 1", "ETH 1")
    ]
    assert len({fingerprint("korbit", "reconciliation", one) for one in questions}) == 4
    assert len({occurrence("korbit", "reconciliation", start, one) for one in questions}) == 4

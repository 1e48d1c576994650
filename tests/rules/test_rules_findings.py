"""Counts, lists and pages of findings: what is open, what a correction lifts, and who sees which."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from filing import MORNING, checks, file, halts
from hypothesis import given
from hypothesis import strategies as st
from people import EVERYBODY

from app.queries.choice import Choice
from app.rules.evaluated import unevaluated_days
from app.rules.findings import (
    GRAVEST_FIRST,
    About,
    FindingCount,
    finding_counts,
    finding_groups,
    finding_list,
    gravest,
    month_counts,
    open_findings,
    subject_findings,
)
from app.scope import Role, Scope
from etl.store import Store, open_store

DAY = date(2026, 11, 2)
CHOICE = Choice((), DAY, DAY + timedelta(days=3))
GOPAX_ONLY = Scope(Role.EXCHANGE, ("gopax",))


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def reconcile(store: Store, folder: Path, period: str, short: range) -> str:
    """A Korbit file with one check an hour, the checks in `short` lacking coins; its submission."""
    outcome = file(store, folder, f"korbit_reconciliation_{period}.csv", checks(period, short=short))
    assert outcome.receipt.submission.state == "accepted"
    return outcome.receipt.submission.id


def firings(store: Store, rule: str) -> list[tuple[int, int]]:
    counts = finding_counts(store, EVERYBODY, CHOICE, About(rule=rule))
    return [(one.found_count, one.open_finding_count) for one in counts]


def test_a_finding_of_a_refused_file_is_open_until_something_is_filed_for_its_period(
    store: Store, tmp_path: Path
) -> None:
    broken = checks("2026-11-02").replace("100.5,match", "many,match", 1)
    file(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", broken)
    assert firings(store, "SUB-006") == [(1, 1)]
    (one,) = open_findings(store, EVERYBODY, CHOICE, About(kind="integrity"), "en")
    assert (one.rule, one.exchange, one.row) == ("SUB-006", "korbit", 2)
    assert "many" in one.sentence
    file(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02"), MORNING + timedelta(hours=1))
    assert firings(store, "SUB-006") == [(1, 0)]
    assert open_findings(store, EVERYBODY, CHOICE, About(kind="integrity"), "en") == ()


def test_a_breach_is_open_until_a_correction_lifts_it(store: Store, tmp_path: Path) -> None:
    reconcile(store, tmp_path, "2026-11-02", range(3, 6))
    assert firings(store, "REC-003") == [(1, 1)]
    counts = finding_counts(store, EVERYBODY, CHOICE, About())
    worst = gravest(counts)["korbit", "reconciliation"]
    assert (worst.kind, worst.count) == ("compliance", sum(one.open_finding_count for one in counts) - worst.more)
    (one,) = open_findings(store, EVERYBODY, CHOICE, About(rule="REC-003"), "ko")
    assert (one.subject, one.start is not None and one.end is not None and one.end - one.start) == (
        "BTC",
        timedelta(hours=3),
    )
    assert open_findings(store, EVERYBODY, CHOICE, About(rule="REC-003"), "ko", page=2) == ()
    assert open_findings(store, EVERYBODY, CHOICE, About(reports=("halts",)), "ko") == ()
    corrected = checks("2026-11-02")
    file(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", corrected, MORNING + timedelta(hours=1))
    assert firings(store, "REC-003") == [(1, 0)]


def test_a_submissions_findings_come_page_by_page(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.rules.findings.FINDING_PAGE", 2)
    broken = checks("2026-11-02").replace("100.5,match", "many,match", 5)
    submission = file(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", broken).receipt.submission.id
    rows = [[one.row for one in finding_list(store, EVERYBODY, submission, "ko", page)] for page in (1, 2, 3, 4)]
    assert rows == [[2, 3], [4, 5], [6], []]
    (group,) = finding_groups(store, EVERYBODY, submission, "ko")
    assert (group.rule, group.count) == ("SUB-006", 5)


def unevaluated(store: Store, rule: str) -> list[tuple[str, int, int, tuple[date, ...]]]:
    return [
        (one.exchange, one.accepted_day_count, one.unevaluated_day_count, one.days)
        for one in unevaluated_days(store, EVERYBODY, CHOICE)
        if one.rule == rule
    ]


def test_a_day_without_the_report_that_a_rule_needs_is_not_evaluated(store: Store, tmp_path: Path) -> None:
    file(store, tmp_path, "korbit_halts_2026-11-02.csv", halts())
    file(store, tmp_path, "korbit_halts_2026-11-03.csv", halts())
    days = (DAY, DAY + timedelta(days=1))
    assert unevaluated(store, "HLT-005") == [("korbit", 2, 2, days)]
    reconcile(store, tmp_path, "2026-11-02T00-12", range(0))
    assert unevaluated(store, "HLT-005") == [("korbit", 2, 2, days)]
    reconcile(store, tmp_path, "2026-11-02T12-24", range(0))
    assert unevaluated(store, "HLT-005") == [("korbit", 2, 1, days[1:])]
    assert unevaluated(store, "REC-007") == [("korbit", 1, 1, (DAY,))]
    assert unevaluated(store, "KEY-008") == []


def test_an_exchange_gets_no_finding_of_another(store: Store, tmp_path: Path) -> None:
    submission = reconcile(store, tmp_path, "2026-11-02", range(20, 24))
    about = ("reconciliation", "korbit", ("BTC",))
    assert finding_list(store, EVERYBODY, submission, "ko")
    assert finding_list(store, GOPAX_ONLY, submission, "ko") == ()
    assert finding_groups(store, EVERYBODY, submission, "ko")
    assert finding_groups(store, GOPAX_ONLY, submission, "ko") == ()
    assert finding_counts(store, EVERYBODY, CHOICE, About())
    assert finding_counts(store, GOPAX_ONLY, CHOICE, About()) == ()
    assert open_findings(store, EVERYBODY, CHOICE, About(), "ko")
    assert open_findings(store, GOPAX_ONLY, CHOICE, About(), "ko") == ()
    assert subject_findings(store, EVERYBODY, *about, "ko")
    assert subject_findings(store, GOPAX_ONLY, *about, "ko") == ()
    assert unevaluated_days(store, EVERYBODY, CHOICE)
    assert unevaluated_days(store, GOPAX_ONLY, CHOICE) == ()


@st.composite
def a_count(draw: st.DrawFn) -> FindingCount:
    found = draw(st.integers(1, 50))
    return FindingCount(
        rule=draw(st.sampled_from(["REC-002", "REC-003"])),
        kind=draw(st.sampled_from(GRAVEST_FIRST)).value,
        exchange=draw(st.sampled_from(["korbit", "gopax"])),
        report=draw(st.sampled_from(["reconciliation", "halts"])),
        month=draw(st.sampled_from(["2026-10", "2026-11"])),
        found_count=found,
        open_finding_count=draw(st.integers(0, found)),
        last_end=None,
    )


@given(st.lists(a_count()))
def test_no_finding_is_lost_or_counted_twice_by_month(counts: list[FindingCount]) -> None:
    for rule in ("REC-002", "REC-003"):
        own = [one for one in counts if one.rule == rule]
        months = month_counts(counts, rule)
        assert sum(one.found_count for one in months) == sum(one.found_count for one in own)
        assert sum(one.open_finding_count for one in months) == sum(one.open_finding_count for one in own)
        places = [(one.month, one.exchange) for one in months]
        assert places == sorted({(one.month, one.exchange) for one in own})


@given(st.lists(a_count()))
def test_the_gravest_kind_is_the_first_that_is_open_and_the_others_are_counted(counts: list[FindingCount]) -> None:
    by_place: dict[tuple[str, str], Counter[str]] = {}
    for one in counts:
        by_place.setdefault((one.exchange, one.report), Counter())[one.kind] += one.open_finding_count
    found = gravest(counts)
    assert found.keys() == {place for place, kinds in by_place.items() if any(kinds.values())}
    for place, worst in found.items():
        kinds = by_place[place]
        graver = GRAVEST_FIRST[: [kind.value for kind in GRAVEST_FIRST].index(worst.kind)]
        assert not any(kinds[kind.value] for kind in graver)
        assert worst.count == kinds[worst.kind] > 0
        assert worst.count + worst.more == sum(kinds.values())

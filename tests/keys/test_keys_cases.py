"""Cases against suspect keys across files and days: moves, lengths, what the rules recorded, the list and one case."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from key_files import Steps, at, days, key_of
from people import EVERYBODY
from sqlalchemy import update

from app.keys.case_courses import DETECTED, Move, move_of
from app.keys.case_histories import CaseStep, case_history
from app.keys.case_lists import CasesWanted, case_list
from app.keys.case_stretches import StretchKind
from app.keys.case_totals import FEWEST, WHOLE, CaseFlow, OpenCases, StretchMark, StretchSummary, case_flow
from app.rules.findings import subject_findings
from app.scope import Role, Scope
from etl.records.engine import writing
from etl.records.tables import findings
from etl.store import Store, open_store
from expectations.catalogue import thresholds_of_the_book
from expectations.vocabulary import Period, Source

MONDAY = date(2026, 11, 2)
GOPAX_ONLY = Scope(Role.EXCHANGE, ("gopax",))
BOOK = thresholds_of_the_book()


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def sqlite_store(tmp_path: Path, sqlite_database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", sqlite_database_url)
    yield opened
    opened.engine.dispose()


def flow_of(store: Store, first: int, last: int) -> CaseFlow:
    return case_flow(store, EVERYBODY, days(first, last), BOOK)


def moves_of(flow: CaseFlow) -> dict[tuple[str, str], tuple[int, int]]:
    """Steps and those that are not allowed, by the stage before and the stage taken."""
    return {(row.origin, row.stage): (row.step_count, row.breach_count) for row in flow.moves}


def stretch_of(flow: CaseFlow, kind: StretchKind, exchange: str = "korbit") -> StretchSummary:
    (row,) = [row for row in flow.stretches if (row.stretch, row.exchange) == (kind, exchange)]
    return row


def marks_of(flow: CaseFlow, kind: str) -> list[StretchMark]:
    return [mark for mark in flow.marks if mark.stretch == kind]


def last_step(store: Store) -> CaseStep:
    history = case_history(store, EVERYBODY, "korbit", "C-1", BOOK)
    assert history is not None
    return history.steps[-1]


def withdraw_findings(store: Store) -> None:
    """As if nothing that was found held any more."""
    with writing(store.engine) as connection:
        connection.execute(update(findings).values(lifted_at=at(30, 0)))


# -------------------------------------------------------------------------------------------------- moves


@pytest.mark.parametrize(
    ("origin", "stage", "move"),
    [
        (DETECTED, "monitoring", Move.NEXT),
        (DETECTED, "warning", Move.SKIP),
        (DETECTED, "forced_expiry", Move.SKIP),
        (DETECTED, "cleared", Move.RELEASE),
        ("monitoring", "reverification", Move.SKIP),
        ("warning", "reverification", Move.NEXT),
        ("reverification", "reverification", Move.AGAIN),
        ("reverification", "warning", Move.BACK),
        ("reverification", "cleared", Move.RELEASE),
        ("cleared", "warning", Move.AFTER_END),
        ("forced_expiry", "cleared", Move.AFTER_END),
    ],
)
def test_how_one_stage_follows_another(origin: str, stage: str, move: Move) -> None:
    assert move_of(origin, stage) is move


@pytest.mark.parametrize(
    ("stages", "risk", "breach"),
    [
        pytest.param(("forcedExpiry",), "high", False, id="straight to expiry at high risk"),
        pytest.param(("forcedExpiry",), "medium", True, id="straight to expiry without high risk"),
        pytest.param(("monitoring", "forcedExpiry"), "low", False, id="expiry after an earlier stage"),
        pytest.param(("reverification",), "low", False, id="stages left out before another measure"),
        pytest.param(("warning", "monitoring"), "high", True, id="a step back"),
        pytest.param(("cleared", "monitoring"), "high", True, id="a step after the end"),
    ],
)
def test_only_what_a_rule_recorded_is_not_allowed(
    sqlite_store: Store, tmp_path: Path, stages: tuple[str, ...], risk: str, breach: bool
) -> None:
    steps = Steps()
    for hour, stage in enumerate(stages):
        steps.add("C-1", stage, at(2, 9 + hour), risk=risk, detected=at(2, 8))
    steps.file(sqlite_store, tmp_path, 2)
    assert last_step(sqlite_store).is_breach is breach
    assert sum(row.breach_count for row in flow_of(sqlite_store, 2, 2).moves) == breach
    withdraw_findings(sqlite_store)
    assert last_step(sqlite_store).is_breach is False


def test_moves_of_a_period_begin_where_earlier_files_left_the_case(store: Store, tmp_path: Path) -> None:
    steps = Steps().add("C-1", "monitoring", at(2, 9)).add("C-1", "warning", at(4, 9)).add("C-1", "warning", at(4, 10))
    steps.add("C-2", "forcedExpiry", at(4, 11), risk="high").add("C-3", "forcedExpiry", at(4, 12), risk="low")
    steps.file(store, tmp_path, 4)
    flow = flow_of(store, 4, 4)
    assert moves_of(flow) == {
        ("monitoring", "warning"): (1, 0),
        ("warning", "warning"): (1, 0),
        (DETECTED, "forced_expiry"): (2, 1),
    }
    (direct,) = [row for row in flow.moves if row.origin == DETECTED]
    assert (direct.high, direct.medium, direct.low, direct.move) == (1, 0, 1, Move.SKIP)
    assert moves_of(flow_of(store, 2, 3)) == {(DETECTED, "monitoring"): (1, 0)}


def test_a_case_closed_before_the_period_is_no_part_of_it(store: Store, tmp_path: Path) -> None:
    Steps().add("C-1", "monitoring", at(2, 9)).add("C-1", "cleared", at(3, 9), outcome="passed").file(
        store, tmp_path, 5
    )
    assert flow_of(store, 4, 5).moves == ()
    assert case_list(store, EVERYBODY, days(4, 5), CasesWanted(), BOOK).count == 0
    assert case_list(store, EVERYBODY, days(3, 5), CasesWanted(), BOOK).count == 1
    # On the day before it was closed it was open.
    assert flow_of(store, 2, 2).open_cases[0].suspicion_case_count == 1


def test_a_case_reopened_after_its_end_is_open(store: Store, tmp_path: Path) -> None:
    steps = Steps().add("C-1", "cleared", at(2, 9), outcome="passed").add("C-1", "warning", at(3, 9))
    steps.file(store, tmp_path, 6)
    flow = flow_of(store, 5, 6)
    assert flow.open_cases == (OpenCases("korbit", "warning", 1, 0),)


# ------------------------------------------------------------------------------------------------ lengths


def test_the_limits_of_time_are_our_assumption() -> None:
    names = ("first_action_hours", "high_risk_hours", "reverification_failure_hours")
    found = [BOOK.in_force(name, MONDAY) for name in names]
    assert [(one.value, one.source) for one in found if one] == [(hours, Source.MODEL) for hours in (24, 24, 72)]


def test_time_in_a_stage_reaches_across_files_and_days(sqlite_store: Store, tmp_path: Path) -> None:
    steps = Steps().add("C-1", "monitoring", at(2, 9), detected=at(2, 8)).add("C-1", "monitoring", at(3, 9))
    steps.add("C-1", "warning", at(5, 9, 30)).file(sqlite_store, tmp_path, 6)
    flow = flow_of(sqlite_store, 5, 6)
    (monitoring,) = marks_of(flow, "monitoring")
    assert monitoring.length == timedelta(days=3, minutes=30)  # the repeated step begins no new stay
    (warning,) = marks_of(flow, "warning")
    assert (warning.length, warning.is_open) == (timedelta(days=1, hours=14, minutes=30), True)
    # The response was before the period.
    assert StretchKind.RESPONSE not in {row.stretch for row in flow.stretches}


def test_what_is_open_is_measured_no_further_than_the_accepted_reports_reach(
    sqlite_store: Store, tmp_path: Path
) -> None:
    Steps().add("C-1", "monitoring", at(2, 9)).file(sqlite_store, tmp_path, 3)
    flow = flow_of(sqlite_store, 2, 9)
    (mark,) = marks_of(flow, "monitoring")
    assert mark.length == timedelta(days=1, hours=15)


@pytest.mark.parametrize(("hours", "over"), [(24, 0), (25, 1)])
def test_the_first_step_is_due_within_a_day(sqlite_store: Store, tmp_path: Path, hours: int, over: int) -> None:
    Steps().add("C-1", "warning", at(3, 9), detected=at(3, 9) - timedelta(hours=hours)).file(sqlite_store, tmp_path, 3)
    response = stretch_of(flow_of(sqlite_store, 3, 3), StretchKind.RESPONSE)
    assert (response.count, response.exceeded_count, response.longest) == (1, over, timedelta(hours=hours))


@pytest.mark.parametrize(
    ("until", "state"),
    [pytest.param(2, "running", id="not yet due"), pytest.param(3, "over", id="a day has passed in accepted reports")],
)
def test_a_high_risk_case_that_is_only_watched(sqlite_store: Store, tmp_path: Path, until: int, state: str) -> None:
    Steps().add("C-1", "monitoring", at(2, 9), detected=at(2, 8), risk="high").file(sqlite_store, tmp_path, until)
    history = case_history(sqlite_store, EVERYBODY, "korbit", "C-1", BOOK)
    assert history is not None
    assert [(limit.rule, limit.state) for limit in history.limits] == [("ACT-005", "ended"), ("ACT-006", state)]
    assert history.limits[1].due_at == at(3, 8)
    (open_case,) = flow_of(sqlite_store, 2, 9).open_cases
    assert open_case.exceeded_count == int(state == "over")
    (listed,) = case_list(sqlite_store, EVERYBODY, days(2, 9), CasesWanted(), BOOK).cases
    assert (listed.state, listed.next_due_at) == ("over" if state == "over" else "open", at(3, 8))


@pytest.mark.parametrize(
    ("stage", "after", "state"),
    [
        pytest.param("forcedExpiry", 72, "ended", id="expired in time"),
        pytest.param("forcedExpiry", 73, "over", id="expired late"),
        pytest.param("cleared", 10, "over", id="cleared instead"),
    ],
)
def test_a_failed_reverification_is_followed_by_an_expiry(
    sqlite_store: Store, tmp_path: Path, stage: str, after: int, state: str
) -> None:
    steps = Steps().add("C-1", "reverification", at(2, 9), outcome="noResponse")
    steps.add("C-1", stage, at(2, 9) + timedelta(hours=after)).file(sqlite_store, tmp_path, 7)
    history = case_history(sqlite_store, EVERYBODY, "korbit", "C-1", BOOK)
    assert history is not None
    (limit,) = [row for row in history.limits if row.rule == "ACT-007"]
    assert (limit.state, limit.due_at) == (state, at(5, 9))


@pytest.mark.parametrize(
    ("hours", "median"),
    [
        pytest.param((1, 2, 3, 4), None, id="too few"),
        pytest.param((1, 2, 3, 4, 10), timedelta(hours=3), id="just enough"),
        pytest.param((1, 2, 3, 4, 5, 10), timedelta(hours=3, minutes=30), id="between two"),
    ],
)
def test_a_median_is_exact_and_not_given_of_few(
    sqlite_store: Store, tmp_path: Path, hours: tuple[int, ...], median: timedelta | None
) -> None:
    steps = Steps()
    for number, length in enumerate(hours):
        steps.add(f"C-{number}", "warning", at(2, 20), detected=at(2, 20) - timedelta(hours=length))
    steps.file(sqlite_store, tmp_path, 2)
    flow = flow_of(sqlite_store, 2, 2)
    for exchange in ("korbit", WHOLE):
        response = stretch_of(flow, StretchKind.RESPONSE, exchange)
        assert (response.count, response.median) == (len(hours), median)
    assert len(marks_of(flow, "response")) == len(hours)
    assert FEWEST == 5


def test_of_many_cases_only_those_that_matter_are_drawn_one_by_one(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.keys.case_totals.MARKS_EACH", 2)
    steps = Steps()
    for number, length in enumerate((1, 2, 3, 30)):
        steps.add(f"C-{number}", "warning", at(3, 20), detected=at(3, 20) - timedelta(hours=length))
    steps.file(sqlite_store, tmp_path, 3)
    marks = marks_of(flow_of(sqlite_store, 3, 3), "response")
    assert [mark.case_id for mark in marks] == ["C-3"]


# ------------------------------------------------------------------------------------------- list and case


@pytest.fixture
def listed(sqlite_store: Store, tmp_path: Path) -> Store:
    """Four cases: watched past its limit, open, cleared, and expired at once."""
    steps = Steps().add("C-WATCHED", "monitoring", at(2, 9), risk="high", suspicion="sharing")
    steps.add("C-OPEN", "monitoring", at(2, 10)).add("C-OPEN", "warning", at(3, 10))
    steps.add("C-CLEARED", "warning", at(2, 11), risk="low").add("C-CLEARED", "cleared", at(4, 11), outcome="passed")
    steps.add("C-EXPIRED", "forcedExpiry", at(4, 12), risk="high").file(sqlite_store, tmp_path, 4)
    return sqlite_store


def names(store: Store, wanted: CasesWanted) -> list[str]:
    return [row.case_id for row in case_list(store, EVERYBODY, days(2, 4), wanted, BOOK).cases]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(CasesWanted(), ["C-WATCHED", "C-OPEN", "C-EXPIRED", "C-CLEARED"], id="what needs somebody first"),
        pytest.param(CasesWanted(state="over"), ["C-WATCHED"], id="past a limit"),
        pytest.param(CasesWanted(state="open"), ["C-WATCHED", "C-OPEN"], id="open"),
        pytest.param(CasesWanted(state="closed"), ["C-EXPIRED", "C-CLEARED"], id="closed"),
        pytest.param(CasesWanted(stage="warning"), ["C-OPEN"], id="present stage"),
        pytest.param(CasesWanted(risk_level="high"), ["C-WATCHED", "C-EXPIRED"], id="risk"),
        pytest.param(CasesWanted(suspicion="sharing"), ["C-WATCHED"], id="suspicion"),
        pytest.param(CasesWanted(origin="warning", taken="cleared"), ["C-CLEARED"], id="move"),
        pytest.param(CasesWanted(search="c-ex"), ["C-EXPIRED"], id="part of the case id"),
        pytest.param(CasesWanted(search=key_of("C-OPEN")[:8]), ["C-OPEN"], id="beginning of the key hash"),
        pytest.param(CasesWanted(search=key_of("C-OPEN")[1:9]), [], id="middle of the key hash"),
        pytest.param(CasesWanted(exchange="upbit"), [], id="another exchange"),
    ],
)
def test_cases_are_listed_as_wanted(listed: Store, wanted: CasesWanted, found: list[str]) -> None:
    assert names(listed, wanted) == found


def test_a_list_is_cut_into_pages(listed: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.keys.case_lists.CASE_PAGE", 3)
    first = case_list(listed, EVERYBODY, days(2, 4), CasesWanted(), BOOK)
    second = case_list(listed, EVERYBODY, days(2, 4), CasesWanted(), BOOK, 2)
    assert (len(first.cases), len(second.cases), first.count, second.count) == (3, 1, 4, 4)


def test_a_case_is_told_whole_and_only_to_whom_it_concerns(listed: Store) -> None:
    history = case_history(listed, EVERYBODY, "korbit", "C-OPEN", BOOK)
    assert history is not None
    steps = history.steps
    assert [(step.origin, step.stage, step.move) for step in steps] == [
        (DETECTED, "monitoring", Move.NEXT),
        ("monitoring", "warning", Move.NEXT),
    ]
    assert [step.since_detection for step in steps] == [timedelta(hours=1), timedelta(hours=25)]
    assert [step.since_before for step in steps] == [timedelta(hours=1), timedelta(days=1)]
    assert (history.detected_at, history.until) == (at(2, 9), Period.of_day(date(2026, 11, 4)).end)
    assert history.subjects == ("C-OPEN", history.key_ref, "A-002", "A-003")
    assert case_history(listed, GOPAX_ONLY, "korbit", "C-OPEN", BOOK) is None
    assert case_history(listed, EVERYBODY, "korbit", "C-NONE", BOOK) is None
    assert case_list(listed, GOPAX_ONLY, days(2, 4), CasesWanted(), BOOK).count == 0


def test_findings_about_a_case_stand_beside_it(listed: Store) -> None:
    found = subject_findings(listed, EVERYBODY, "key_actions", "korbit", ("C-WATCHED", "A-001"), "ko")
    assert [one.rule for one in found] == ["ACT-006"]
    assert subject_findings(listed, GOPAX_ONLY, "key_actions", "korbit", ("C-WATCHED",), "ko") == ()

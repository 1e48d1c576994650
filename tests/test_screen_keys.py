"""The screen of key measures: keys that came and went, cases across files and days, limits, lists, charts and page."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from filing import file, milliseconds
from opening import keep_nothing, opened_at
from people import EVERYBODY
from streamlit.testing.v1 import AppTest

from app.charts.style import Look
from app.keys.allow_list_charts import allow_list_coverage, allow_list_strictness
from app.keys.case_charts import MOVE_SIGNS, open_stages, stage_moves
from app.keys.case_courses import DETECTED, STAGES, Move, StretchKind, is_breach, move_of
from app.keys.case_records import CASE_STATES, CasesWanted, case_history, case_list
from app.keys.case_time_charts import case_lengths
from app.keys.case_totals import FEWEST, WHOLE, CaseFlow, case_flow
from app.keys.counts import key_balance, key_flow, key_state
from app.keys.key_charts import key_lanes, per_keys
from app.queries.choice import Choice
from app.queries.spans import spans_of
from app.rules.findings import subject_findings
from app.scope import Role, Scope
from app.words import LANGUAGES, say
from etl import jobs
from etl.store import Store, open_store
from expectations.catalogue import thresholds_of_the_book
from expectations.vocabulary import KST, Period, Source

ROOT = Path(__file__).resolve().parent.parent
MONDAY = date(2026, 11, 2)
GOPAX_ONLY = Scope(Role.EXCHANGE, ("gopax",))
KEYS_HEADER = (
    "date,permission,openingKeys,issuedKeys,expiredKeys,deletedKeys,forcedExpiredKeys,activeKeys,whitelistedKeys,"
    "maxWhitelistSize,blockedCalls,unlistedCalls"
)
ACTIONS_HEADER = "actionId,caseId,keyHash,accountHash,suspicion,riskLevel,stage,detectedAt,actedAt,outcome,note"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment in November 2026, KST."""
    return datetime(2026, 11, day, hour, minute, tzinfo=KST)


def days(first: int, last: int) -> Choice:
    return Choice((), date(2026, 11, first), date(2026, 11, last))


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


# -------------------------------------------------------------------------------------------------- filing


def keys(day: int, trade: str, *, read: str = "5,0,0,0,0,5,5,2,0,0", withdraw: str = "0,0,0,0,0,0,0,0,0,0") -> str:
    """A Korbit inventory of one day; each scope's numbers as the file has them."""
    rows = {"read": read, "trade": trade, "withdraw": withdraw}
    return "\r\n".join([KEYS_HEADER, *(f"2026-11-{day:02d},{scope},{row}" for scope, row in rows.items()), ""])


def file_keys(store: Store, folder: Path, day: int, content: str) -> str:
    outcome = file(store, folder, f"korbit_api_keys_2026-11-{day:02d}.csv", content, at(day + 1, 9))
    assert outcome.receipt.submission.state == "accepted", outcome
    return outcome.receipt.submission.id


def key_of(case: str) -> str:
    """The keyed hash of the key that a case is about."""
    return sha256(case.encode()).hexdigest()


class Steps:
    """Steps of cases, filed by the day on which they were taken."""

    def __init__(self) -> None:
        self.rows: dict[int, list[str]] = {}
        self.count = 0

    def add(
        self,
        case: str,
        stage: str,
        acted: datetime,
        *,
        detected: datetime | None = None,
        risk: str = "medium",
        outcome: str = "applied",
        suspicion: str = "lending",
    ) -> "Steps":
        self.count += 1
        key = key_of(case)
        moments = f"{milliseconds(detected or acted - timedelta(hours=1))},{milliseconds(acted)}"
        row = f"A-{self.count:03d},{case},{key},{key},{suspicion},{risk},{stage},{moments},{outcome},"
        self.rows.setdefault(acted.day, []).append(row)
        return self

    def file(self, store: Store, folder: Path, until: int) -> "Steps":
        """Every day from the first step to `until`; days without steps are nil returns."""
        for day in range(min(self.rows), until + 1):
            content = "\r\n".join([ACTIONS_HEADER, *self.rows.get(day, []), ""])
            outcome = file(store, folder, f"korbit_key_actions_2026-11-{day:02d}.csv", content, at(day + 1, 9))
            assert outcome.receipt.submission.state == "accepted", outcome
        return self


def moves_of(flow: CaseFlow) -> dict[tuple[str, str], tuple[int, int]]:
    """Steps and those that are not allowed, by the stage before and the stage taken."""
    rows: list[Any] = flow.moves.to_dict("records")
    return {(row["origin"], row["stage"]): (row["step_count"], row["breach_count"]) for row in rows}


def stretch_of(flow: CaseFlow, kind: StretchKind, exchange: str = "korbit") -> dict[str, Any]:
    rows: list[Any] = flow.stretches.to_dict("records")
    (row,) = [row for row in rows if (row["stretch"], row["exchange"]) == (kind, exchange)]
    return dict(row)


# --------------------------------------------------------------------------------------------------- keys


def test_the_three_ends_stay_apart_and_scopes_add_up(store: Store, tmp_path: Path) -> None:
    file_keys(store, tmp_path, 2, keys(2, "100,7,3,2,1,101,101,8,40,0", read="50,1,4,0,2,45,45,2,10,5"))
    (row,) = key_flow(store, EVERYBODY, days(2, 2)).to_dict("records")
    assert row == {
        "exchange": "korbit",
        "first_day": MONDAY,
        "last_day": MONDAY,
        "day_count": 1,
        "opening_keys": 150,
        "issued_keys": 8,
        "expired_keys": 7,
        "deleted_keys": 2,
        "forced_expired_keys": 3,
        "blocked_call_count": 50,
        "unlisted_call_count": 5,
        "active_keys": 146,
    }


def test_a_long_period_is_told_by_weeks_of_filed_days(store: Store, tmp_path: Path) -> None:
    file_keys(store, tmp_path, 6, keys(6, "10,2,0,0,1,11,11,8,4,0"))
    file_keys(store, tmp_path, 8, keys(8, "11,3,1,0,2,11,11,8,6,0"))
    file_keys(store, tmp_path, 9, keys(9, "11,1,0,0,0,12,12,8,0,0"))
    year = Choice((), date(2025, 11, 20), date(2026, 11, 19))
    first, second = key_flow(store, EVERYBODY, year).to_dict("records")
    assert (first["first_day"], first["last_day"], first["day_count"]) == (MONDAY, date(2026, 11, 8), 2)
    assert (first["opening_keys"], first["forced_expired_keys"], first["active_keys"]) == (15, 3, 16)
    assert (second["first_day"], second["day_count"], second["issued_keys"]) == (date(2026, 11, 9), 1, 1)


def test_what_came_and_went_explains_the_keys_unless_a_day_is_missing(store: Store, tmp_path: Path) -> None:
    file_keys(store, tmp_path, 2, keys(2, "100,10,5,2,1,102,102,8,0,0"))
    file_keys(store, tmp_path, 3, keys(3, "102,4,1,1,2,102,102,8,0,0"))
    (whole,) = key_balance(key_flow(store, EVERYBODY, days(2, 3))).to_dict("records")
    assert (whole["opening_keys"], whole["issued_keys"], whole["active_keys"]) == (105, 14, 107)
    assert (whole["expired_keys"], whole["deleted_keys"], whole["forced_expired_keys"]) == (6, 3, 3)
    assert whole["unexplained_keys"] == 107 - (105 + 14 - 6 - 3 - 3) == 0
    file_keys(store, tmp_path, 5, keys(5, "109,0,0,0,0,109,109,8,0,0"))
    (gap,) = key_balance(key_flow(store, EVERYBODY, days(2, 5))).to_dict("records")
    assert (gap["active_keys"], gap["unexplained_keys"], gap["day_count"]) == (114, 7, 3)


def test_the_state_is_of_the_last_filed_day_and_only_of_what_may_be_seen(store: Store, tmp_path: Path) -> None:
    for day in (2, 3):
        file_keys(store, tmp_path, day, keys(day, "100,0,0,0,0,100,98,8,1,0"))
    state = key_state(store, EVERYBODY, days(2, 9))
    assert state["scope"].tolist() == ["read", "trade", "withdraw"]
    assert set(state["day"]) == {date(2026, 11, 3)}
    assert state["allowlisted_keys"].tolist() == [5, 98, 0]
    assert key_state(store, GOPAX_ONLY, days(2, 9)).empty
    assert key_flow(store, GOPAX_ONLY, days(2, 9)).empty


def test_withdrawn_keys_count_no_more(store: Store, tmp_path: Path) -> None:
    submission = file_keys(store, tmp_path, 2, keys(2, "1,0,0,0,0,1,1,1,0,0"))
    jobs.withdraw(store, submission, reason="wrong day", at=at(3, 10))
    assert key_flow(store, EVERYBODY, days(2, 2)).empty


@pytest.mark.parametrize(
    ("exchange", "limit"), [("upbit", 10), ("bithumb", 5), ("coinone", None), ("korbit", None), ("gopax", None)]
)
def test_a_limit_of_addresses_is_known_only_where_the_exchange_published_one(exchange: str, limit: int | None) -> None:
    found = thresholds_of_the_book().in_force("maximum_ips_per_key", MONDAY, exchange)
    assert (found and found.value) == limit


def test_the_limits_of_time_are_our_assumption() -> None:
    names = ("first_action_hours", "high_risk_hours", "reverification_failure_hours")
    found = [thresholds_of_the_book().in_force(name, MONDAY) for name in names]
    assert [(one.value, one.source) for one in found if one] == [(hours, Source.MODEL) for hours in (24, 24, 72)]


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
    ("origin", "stage", "risk", "breach"),
    [
        pytest.param(DETECTED, "forced_expiry", "high", False, id="straight to expiry at high risk"),
        pytest.param(DETECTED, "forced_expiry", "medium", True, id="straight to expiry without high risk"),
        pytest.param("monitoring", "forced_expiry", "low", False, id="expiry after an earlier stage"),
        pytest.param(DETECTED, "reverification", "low", False, id="stages left out before another measure"),
        pytest.param("warning", "monitoring", "high", True, id="a step back"),
        pytest.param("cleared", "monitoring", "high", True, id="a step after the end"),
    ],
)
def test_only_what_the_rules_forbid_needs_to_be_looked_at(origin: str, stage: str, risk: str, breach: bool) -> None:
    assert is_breach(origin, stage, risk) is breach


def test_moves_of_a_period_begin_where_earlier_files_left_the_case(store: Store, tmp_path: Path) -> None:
    steps = Steps().add("C-1", "monitoring", at(2, 9)).add("C-1", "warning", at(4, 9)).add("C-1", "warning", at(4, 10))
    steps.add("C-2", "forcedExpiry", at(4, 11), risk="high").add("C-3", "forcedExpiry", at(4, 12), risk="low")
    steps.file(store, tmp_path, 4)
    flow = case_flow(store, EVERYBODY, days(4, 4))
    assert moves_of(flow) == {
        ("monitoring", "warning"): (1, 0),
        ("warning", "warning"): (1, 0),
        (DETECTED, "forced_expiry"): (2, 1),
    }
    (direct,) = [row for row in flow.moves.to_dict("records") if row["origin"] == DETECTED]
    assert (direct["high"], direct["medium"], direct["low"], direct["move"]) == (1, 0, 1, "skip")
    assert moves_of(case_flow(store, EVERYBODY, days(2, 3))) == {(DETECTED, "monitoring"): (1, 0)}


def test_a_case_closed_before_the_period_is_no_part_of_it(store: Store, tmp_path: Path) -> None:
    Steps().add("C-1", "monitoring", at(2, 9)).add("C-1", "cleared", at(3, 9), outcome="passed").file(
        store, tmp_path, 5
    )
    assert case_flow(store, EVERYBODY, days(4, 5)).moves.empty
    assert case_list(store, EVERYBODY, days(4, 5), CasesWanted()).count == 0
    assert case_list(store, EVERYBODY, days(3, 5), CasesWanted()).count == 1
    # On the day before it was closed it was open.
    assert case_flow(store, EVERYBODY, days(2, 2)).open_cases["case_count"].tolist() == [1]


def test_a_case_reopened_after_its_end_is_open(store: Store, tmp_path: Path) -> None:
    steps = Steps().add("C-1", "cleared", at(2, 9), outcome="passed").add("C-1", "warning", at(3, 9))
    steps.file(store, tmp_path, 6)
    flow = case_flow(store, EVERYBODY, days(5, 6))
    assert flow.open_cases.to_dict("records") == [
        {"exchange": "korbit", "stage": "warning", "case_count": 1, "over_count": 0}
    ]


# ------------------------------------------------------------------------------------------------ lengths


def test_time_in_a_stage_reaches_across_files_and_days(sqlite_store: Store, tmp_path: Path) -> None:
    steps = Steps().add("C-1", "monitoring", at(2, 9), detected=at(2, 8)).add("C-1", "monitoring", at(3, 9))
    steps.add("C-1", "warning", at(5, 9, 30)).file(sqlite_store, tmp_path, 6)
    flow = case_flow(sqlite_store, EVERYBODY, days(5, 6))
    (monitoring,) = flow.marks[flow.marks["stretch"] == "monitoring"].to_dict("records")
    assert monitoring["length"] == timedelta(days=3, minutes=30)  # the repeated step begins no new stay
    (warning,) = flow.marks[flow.marks["stretch"] == "warning"].to_dict("records")
    assert (warning["length"], warning["is_open"]) == (timedelta(days=1, hours=14, minutes=30), True)
    # The response was before the period.
    assert "response" not in set(flow.stretches["stretch"])


def test_what_is_open_is_measured_no_further_than_the_accepted_reports_reach(
    sqlite_store: Store, tmp_path: Path
) -> None:
    Steps().add("C-1", "monitoring", at(2, 9)).file(sqlite_store, tmp_path, 3)
    flow = case_flow(sqlite_store, EVERYBODY, days(2, 9))
    (mark,) = flow.marks[flow.marks["stretch"] == "monitoring"].to_dict("records")
    assert mark["length"] == timedelta(days=1, hours=15)


@pytest.mark.parametrize(("hours", "over"), [(24, 0), (25, 1)])
def test_the_first_step_is_due_within_a_day(sqlite_store: Store, tmp_path: Path, hours: int, over: int) -> None:
    Steps().add("C-1", "warning", at(3, 9), detected=at(3, 9) - timedelta(hours=hours)).file(sqlite_store, tmp_path, 3)
    response = stretch_of(case_flow(sqlite_store, EVERYBODY, days(3, 3)), StretchKind.RESPONSE)
    assert (response["count"], response["over_count"], response["longest"]) == (1, over, timedelta(hours=hours))


@pytest.mark.parametrize(
    ("until", "state"),
    [pytest.param(2, "running", id="not yet due"), pytest.param(3, "over", id="a day has passed in accepted reports")],
)
def test_a_high_risk_case_that_is_only_watched(sqlite_store: Store, tmp_path: Path, until: int, state: str) -> None:
    Steps().add("C-1", "monitoring", at(2, 9), detected=at(2, 8), risk="high").file(sqlite_store, tmp_path, until)
    history = case_history(sqlite_store, EVERYBODY, "korbit", "C-1")
    assert history is not None
    limits: list[Any] = history.limits.to_dict("records")
    assert [(limit["rule"], limit["state"]) for limit in limits] == [("ACT-005", "met"), ("ACT-006", state)]
    assert limits[1]["due_at"] == at(3, 8)
    open_cases = case_flow(sqlite_store, EVERYBODY, days(2, 9)).open_cases
    assert open_cases["over_count"].tolist() == [int(state == "over")]
    listed = case_list(sqlite_store, EVERYBODY, days(2, 9), CasesWanted()).cases
    assert listed["state"].tolist() == ["over" if state == "over" else "open"]
    assert listed["next_due_at"].tolist() == [at(3, 8)]


@pytest.mark.parametrize(
    ("stage", "after", "state"),
    [
        pytest.param("forcedExpiry", 72, "met", id="expired in time"),
        pytest.param("forcedExpiry", 73, "over", id="expired late"),
        pytest.param("cleared", 10, "over", id="cleared instead"),
    ],
)
def test_a_failed_reverification_is_followed_by_an_expiry(
    sqlite_store: Store, tmp_path: Path, stage: str, after: int, state: str
) -> None:
    steps = Steps().add("C-1", "reverification", at(2, 9), outcome="noResponse")
    steps.add("C-1", stage, at(2, 9) + timedelta(hours=after)).file(sqlite_store, tmp_path, 7)
    history = case_history(sqlite_store, EVERYBODY, "korbit", "C-1")
    assert history is not None
    (limit,) = [row for row in history.limits.to_dict("records") if row["rule"] == "ACT-007"]
    assert (limit["state"], limit["due_at"]) == (state, at(5, 9))


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
    flow = case_flow(sqlite_store, EVERYBODY, days(2, 2))
    for exchange in ("korbit", WHOLE):
        response = stretch_of(flow, StretchKind.RESPONSE, exchange)
        assert (response["count"], response["median"]) == (len(hours), median)
    assert len(flow.marks[flow.marks["stretch"] == "response"]) == len(hours)
    assert FEWEST == 5


def test_of_many_cases_only_those_that_matter_are_drawn_one_by_one(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.keys.case_totals.MARKS_EACH", 2)
    steps = Steps()
    for number, length in enumerate((1, 2, 3, 30)):
        steps.add(f"C-{number}", "warning", at(3, 20), detected=at(3, 20) - timedelta(hours=length))
    steps.file(sqlite_store, tmp_path, 3)
    marks = case_flow(sqlite_store, EVERYBODY, days(3, 3)).marks
    assert marks[marks["stretch"] == "response"]["case_id"].tolist() == ["C-3"]


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
    return case_list(store, EVERYBODY, days(2, 4), wanted).cases["case_id"].tolist()


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
    monkeypatch.setattr("app.keys.case_records.CASE_PAGE", 3)
    first = case_list(listed, EVERYBODY, days(2, 4), CasesWanted())
    second = case_list(listed, EVERYBODY, days(2, 4), CasesWanted(), 2)
    assert (len(first.cases), len(second.cases), first.count, second.count) == (3, 1, 4, 4)


def test_a_case_is_told_whole_and_only_to_whom_it_concerns(listed: Store) -> None:
    history = case_history(listed, EVERYBODY, "korbit", "C-OPEN")
    assert history is not None
    steps: list[Any] = history.steps.to_dict("records")
    assert [(step["origin"], step["stage"], step["move"]) for step in steps] == [
        (DETECTED, "monitoring", "next"),
        ("monitoring", "warning", "next"),
    ]
    assert [step["since_detection"] for step in steps] == [timedelta(hours=1), timedelta(hours=25)]
    assert [step["since_before"] for step in steps] == [timedelta(hours=1), timedelta(days=1)]
    assert (history.detected_at, history.until) == (at(2, 9), Period.of_day(date(2026, 11, 4)).end)
    assert history.subjects == ("C-OPEN", history.key_ref, "A-002", "A-003")
    assert case_history(listed, GOPAX_ONLY, "korbit", "C-OPEN") is None
    assert case_history(listed, EVERYBODY, "korbit", "C-NONE") is None
    assert case_list(listed, GOPAX_ONLY, days(2, 4), CasesWanted()).count == 0


def test_findings_about_a_case_stand_beside_it(listed: Store) -> None:
    found = subject_findings(listed, EVERYBODY, "key_actions", "korbit", ("C-WATCHED", "A-001"), "ko")
    assert [one.rule for one in found] == ["ACT-006"]
    assert subject_findings(listed, GOPAX_ONLY, "key_actions", "korbit", ("C-WATCHED",), "ko") == ()


# ------------------------------------------------------------------------------------------------- charts

LOOK = Look("ko")
EXCHANGES = ("korbit", "gopax")


def flow_row(exchange: str, day: date, **counts: int) -> dict[str, Any]:
    names = ("opening_keys", "issued_keys", "expired_keys", "deleted_keys", "forced_expired_keys")
    about = {"exchange": exchange, "first_day": day, "last_day": day, "day_count": 1, "active_keys": 5000}
    return {**about, **dict.fromkeys(names, 0), "blocked_call_count": 0, "unlisted_call_count": 0, **counts}


def test_in_a_lane_zero_is_a_mark_and_a_missing_day_a_gap() -> None:
    spans = spans_of(days(2, 4))
    rows = [flow_row("korbit", date(2026, 11, 2), forced_expired_keys=1), flow_row("korbit", date(2026, 11, 4))]
    drawn = key_lanes(pd.DataFrame(rows), ["forced_expired_keys"], EXCHANGES, spans, LOOK, is_rate=True)
    assert list(drawn.data[0].y) == [2.0, None, 0.0]
    assert list(drawn.data[1].y) == [None, None, None]
    assert drawn.data[0].connectgaps is False
    assert drawn.data[0].customdata[2] == "korbit 2026-11-04 2026-11-04"
    said = [note.text for note in drawn.layout.annotations]
    assert f"<b>{say('key_revocations.lane_empty', 'ko', name='고팍스')}</b>" in said
    counted = key_lanes(pd.DataFrame(rows), ["forced_expired_keys"], EXCHANGES, spans, LOOK, is_rate=False)
    assert list(counted.data[0].y) == [1.0, None, 0.0]


def test_a_week_is_the_mean_of_its_filed_days() -> None:
    """So that a week cut short by the end of the period is no drop."""
    spans = spans_of(Choice((), date(2026, 7, 27), date(2026, 11, 9)))
    whole = {**flow_row("korbit", MONDAY, expired_keys=21), "last_day": date(2026, 11, 8), "day_count": 6}
    cut = {**flow_row("korbit", date(2026, 11, 9), expired_keys=4), "day_count": 1}
    frame = pd.DataFrame([whole, cut])
    counted = key_lanes(frame, ["expired_keys"], ("korbit",), spans, LOOK, is_rate=False).data[0]
    assert list(counted.y)[-3:] == [None, 3.5, 4.0]
    assert say("keys.filed", "ko", count=6, days=7) in counted.hovertext[-2]
    assert say("keys.a_day", "ko", mean="3.50") in counted.hovertext[-2]
    rates = key_lanes(frame, ["expired_keys"], ("korbit",), spans, LOOK, is_rate=True).data[0]
    assert list(rates.y)[-2:] == [7.0, 8.0]


def test_a_rate_is_exact_and_absent_without_keys() -> None:
    assert per_keys(1, 3) == Decimal(1) / Decimal(3) * 10_000
    assert per_keys(1, 0) is None


def test_bars_of_open_cases_say_their_number_also_where_no_rate_can_be_taken() -> None:
    stock = pd.DataFrame([{"exchange": "korbit", "stage": "warning", "case_count": 3, "over_count": 0}], dtype=object)
    drawn = open_stages(stock, EXCHANGES, {"gopax": 1000}, LOOK, is_rate=True)
    totals = next(trace for trace in drawn.data if trace.type == "scatter")
    assert [text.strip() for text in totals.text] == [
        say("keys.cases_unknown", "ko", count="3"),
        say("keys.cases", "ko", count="0"),
    ]
    counted = open_stages(stock, EXCHANGES, {}, LOOK, is_rate=False)
    assert [list(trace.x) for trace in counted.data[:3]] == [[0, 0], [3, 0], [0, 0]]


@pytest.mark.parametrize(
    ("breaches", "sign"), [pytest.param(0, "↷", id="allowed"), pytest.param(1, "▲", id="not allowed")]
)
def test_a_skip_is_marked_and_looks_like_a_fault_only_where_it_is_one(breaches: int, sign: str) -> None:
    about = {"exchange": "korbit", "origin": DETECTED, "stage": "forced_expiry", "move": "skip"}
    counts = {"step_count": 4, "high": 4 - breaches, "medium": 0, "low": breaches, "breach_count": breaches}
    drawn = stage_moves(pd.DataFrame([{**about, **counts}], dtype=object), LOOK)
    cell = drawn.data[0]
    assert cell.text[0] == f"{sign} 4"
    assert list(cell.customdata[0]) == [DETECTED, "forced_expiry"]
    assert list(drawn.data[1].text) == ["0"] * 19  # what did not happen is zero


def test_too_few_cases_have_no_median_but_are_drawn() -> None:
    summary = {"stretch": "response", "exchange": "korbit", "count": 2, "over_count": 1, "open_count": 0}
    quartiles = {"median": None, "lower": None, "upper": None, "longest": timedelta(hours=30)}
    mark = {"stretch": "response", "exchange": "korbit", "case_id": "C", "is_open": False}
    marks = [
        {**mark, "length": timedelta(hours=3), "is_over": False},
        {**mark, "length": timedelta(hours=30), "is_over": True},
    ]
    drawn = case_lengths(
        pd.DataFrame([{**summary, **quartiles}], dtype=object), pd.DataFrame(marks, dtype=object), EXCHANGES, 24, LOOK
    )
    by_name = {trace.name: trace for trace in drawn.data}
    assert list(by_name[say("stretch.over", "ko")].x) == [30.0]
    assert list(by_name[say("stretch.ended", "ko")].x) == [3.0]
    assert not by_name[say("stretch.median_mark", "ko")].x
    assert say("stretch.too_few", "ko", count="2") in drawn.layout.yaxis.ticktext[0]
    assert drawn.layout.shapes[0].x0 == 24


def test_a_limit_that_nobody_published_is_said_so() -> None:
    row = {"exchange": "korbit", "scope": "trade", "day": MONDAY, "active_keys": 3, "allowlisted_keys": 2}
    over = {**row, "exchange": "bithumb", "max_ips_per_key": 6, "limit": 5}
    frame = pd.DataFrame([{**row, "max_ips_per_key": 8, "limit": None}, over], dtype=object)
    said = allow_list_strictness(frame, LOOK).data[0].text
    assert list(said) == [f"8 · {say('keys.no_limit', 'ko')}", "▲ 6 > 5"]
    covered = allow_list_coverage(frame, LOOK).data[0].text
    assert covered[0] == "66.66 %" + say("keys.without", "ko", count="1")  # cut, never rounded up


# --------------------------------------------------------------------------------------------------- page

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with five Korbit days: keys with a gap, and cases of every kind."""
    tmp_path = tmp_path_factory.mktemp("keys")
    home = tmp_path / "home"
    store = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    for day in (2, 3, 5):
        file_keys(store, tmp_path, day, keys(day, "100,2,1,1,0,100,98,8,3,1"))
    steps = Steps().add("C-WATCHED", "monitoring", at(2, 9), risk="high")
    steps.add("C-BACK", "warning", at(2, 10)).add("C-BACK", "monitoring", at(3, 10))
    steps.add("C-DIRECT", "forcedExpiry", at(3, 11), risk="high").file(store, tmp_path, 5)
    store.engine.dispose()
    return home


@pytest.fixture
def opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the page with the given parameters in its address."""
    monkeypatch.setenv("DAXA_HOME", str(home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", at(6, 11).isoformat())

    def open_page(**address: str) -> AppTest:
        return opened_at("key_revocations", **{"period": "7d", **address})

    yield open_page
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()


def html_of(session: AppTest) -> str:
    return "\n".join(element.proto.body for element in session.get("html"))


def cases_on(session: AppTest) -> list[str]:
    return next((frame.value["case_id"].tolist() for frame in session.dataframe if "skip_count" in frame.value), [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_figures_say_what_they_are_of(opened: Open, language: str) -> None:
    text = html_of(opened(lang=language))
    assert "<b>105</b>" in text  # 5 keys to read with and 100 to trade with on the last filed day
    assert say("tile.coverage_note", language) in text
    assert "98.09 %" in text  # 103 of 105
    assert say("tile.open_note", language, rate="190.48", over=1) in text  # 2 of 105
    assert say("tile.too_few", language) in text  # one expiry is no median


@pytest.mark.parametrize("address", [{"measure": "count"}, *({"stretch": kind.value} for kind in StretchKind)], ids=str)
def test_every_way_of_showing_opens(opened: Open, address: dict[str, str]) -> None:
    assert len(opened(**address).get("plotly_chart")) == 8


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picked_case_is_shown_with_its_limits_findings_and_rows(opened: Open, language: str) -> None:
    session = opened(at="korbit", case="C-WATCHED", lang=language)
    assert len(session.get("plotly_chart")) == 9
    limits = next(frame.value for frame in session.dataframe if "hours" in frame.value)
    assert limits["rule"].tolist() == ["ACT-005", "ACT-006"]
    assert limits["hours"].tolist() == [24, 24]
    assert say("state.over", language) in limits["state"].tolist()[1]
    assert say("key_revocations.findings", language, count=1) in html_of(session)
    rows = next(frame.value for frame in session.dataframe if "file" in frame.value)
    assert rows["file"].tolist() == ["korbit_key_actions_2026-11-02.csv"]


def test_a_step_back_is_marked_in_its_case(opened: Open) -> None:
    session = opened(at="korbit", case="C-BACK")
    steps = next(frame.value for frame in session.dataframe if "since_detection" in frame.value)
    assert "↶" in steps["move"].tolist()[1]
    assert "▲" in steps["move"].tolist()[1]
    assert steps["rules"].tolist()[1] == "ACT-003"


def test_the_address_says_which_cases_are_listed(opened: Open) -> None:
    assert set(cases_on(opened())) == {"C-WATCHED", "C-BACK", "C-DIRECT"}
    assert cases_on(opened(move="detected>forced_expiry")) == ["C-DIRECT"]
    assert cases_on(opened(standing="over")) == ["C-WATCHED"]
    assert cases_on(opened(search="back")) == ["C-BACK"]
    assert set(cases_on(opened(standing="open", firm="korbit", stage="monitoring"))) == {"C-WATCHED", "C-BACK"}
    assert say("empty.cases", "ko") in html_of(opened(search="nobody"))


def test_a_picked_day_shows_the_rows_of_the_inventory(opened: Open) -> None:
    session = opened(at="korbit", day="2026-11-03", until="2026-11-03")
    rows = next(frame.value for frame in session.dataframe if "file" in frame.value)
    assert set(rows["file"]) == {"korbit_api_keys_2026-11-03.csv"}
    assert len(rows) == 3


def test_a_case_that_does_not_exist_is_said_so(opened: Open) -> None:
    assert say("empty.case", "ko", exchange="코빗", case="C-0") in html_of(opened(at="korbit", case="C-0"))


def test_states_and_stages_have_words() -> None:
    for language in LANGUAGES:
        assert all(say(f"state.{state}", language) for state in CASE_STATES)
        assert all(say(f"code.{stage}", language) for stage in (DETECTED, *STAGES))
        assert all(say(f"stretch.{kind}", language) for kind in StretchKind)
        assert all(say(f"move.{move}", language) for move in MOVE_SIGNS)

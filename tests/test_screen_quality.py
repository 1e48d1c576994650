"""The page of data quality: what was due and filed, the counts of a month, and the grade that comes of them."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from filing import checks, file, halts
from people import EVERYBODY
from template_files import alerts, hour, template

from app.obligations.outcomes import filed_for, first_recorded_day, obligations_of, records_begin, unmet_obligations
from app.quality import scorecard
from app.quality.counts import QUALITY_COLUMNS, corrected_files, month_by_report, quality_months
from app.quality.measures import Dimension, Rating, caps_on, grade, measures_on
from app.queries.choice import Choice
from app.scope import Role, Scope
from etl.calendar import ObligationState, obligations
from etl.records.engine import reading
from etl.store import Store, open_store
from expectations.vocabulary import KST, Period

GOPAX_ONLY = Scope(Role.EXCHANGE, ("gopax",))
DAY = date(2026, 11, 2)
CHOICE = Choice((), DAY, DAY + timedelta(days=3))
NOW = datetime(2026, 11, 5, 11, tzinfo=KST)
NOVEMBER = date(2026, 11, 1)
IN_TIME = datetime(2026, 11, 3, 9, tzinfo=KST)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def month(store: Store, exchange: str, now: datetime = NOW) -> dict[str, Any]:
    found = quality_months(store, EVERYBODY, CHOICE, now)
    (row,) = found[(found["exchange"] == exchange) & (found["month"] == "2026-11")].to_dict("records")
    return {str(name): value for name, value in row.items()}


def some_of(row: dict[str, Any], *names: str) -> dict[str, int]:
    return {name: row[f"{name}_count"] for name in names}


def halts_file(store: Store, folder: Path, day: int, at: datetime) -> None:
    file(store, folder, f"korbit_halts_2026-11-{day:02}.csv", halts(), at)


def test_nothing_is_due_before_there_are_records(store: Store, tmp_path: Path) -> None:
    assert month(store, "korbit")["due_count"] == 0
    assert first_recorded_day(store, EVERYBODY) is None
    halts_file(store, tmp_path, 2, IN_TIME)
    assert first_recorded_day(store, GOPAX_ONLY) == DAY
    assert month(store, "gopax")["due_count"] == 3 * 6  # three days of six reports; the audit is not due
    before = quality_months(store, EVERYBODY, CHOICE, NOW)
    assert set(before[before["month"] < "2026-10"]["due_count"]) == {0}
    assert set(before[before["month"] == "2026-10"]["due_count"]) == {0}  # due on 11-10, which has not come


def test_every_obligation_comes_to_one_thing(store: Store, tmp_path: Path) -> None:
    late = datetime(2026, 11, 4, 10, 0, 1, tzinfo=KST)
    halts_file(store, tmp_path, 2, IN_TIME)
    halts_file(store, tmp_path, 3, late)
    file(store, tmp_path, "korbit_reconciliation_2026-11-02T00-12.csv", checks("2026-11-02T00-12"), IN_TIME)
    bad = checks("2026-11-03").replace("100.5,match", "many,match", 1)
    file(store, tmp_path, "korbit_reconciliation_2026-11-03.csv", bad, late)
    row = month(store, "korbit")
    assert some_of(row, "due", "met", "on_time", "late", "missing", "partial", "refused", "nil", "not_due") == {
        "due": 18,
        "met": 2,
        "on_time": 1,
        "late": 1,
        "missing": 14,
        "partial": 1,
        "refused": 1,
        "nil": 2,
        "not_due": 27 * 6 + 1 - 6 + 6 - 6,
    }
    unmet = unmet_obligations(store, EVERYBODY, "korbit", "2026-11", NOW)
    assert Counter(one.state for one in unmet) == {"missing": 14, "partial": 1, "rejected": 1, "late": 1}
    (one,) = [one for one in unmet if one.state == ObligationState.LATE]
    assert (one.delay, one.report, one.period) == (timedelta(seconds=1), "halts", "2026-11-03")
    by_report = month_by_report(store, EVERYBODY, "korbit", "2026-11", NOW).set_index("report")
    assert by_report["due_count"].sum() == 18
    assert by_report.loc["halts", ["due_count", "late_count", "nil_count"]].tolist() == [3, 1, 2]


def test_the_screen_and_the_calendar_agree_on_what_was_met(store: Store, tmp_path: Path) -> None:
    halts_file(store, tmp_path, 2, IN_TIME)
    halts_file(store, tmp_path, 3, NOW)
    for hours in ("T00-12", "T12-24"):
        content = checks(f"2026-11-02{hours}")
        file(store, tmp_path, f"korbit_reconciliation_2026-11-02{hours}.csv", content, IN_TIME)
    begin = records_begin(store)
    assert begin
    found = obligations_of(filed_for(store, EVERYBODY, CHOICE), ("korbit",), CHOICE, begin, NOW)
    ours = {(one.report, one.period.text): one for one in found if one.outcome.is_met}
    with reading(store.engine) as connection:
        calendar = obligations(connection, NOW, first_day=DAY, last_day=CHOICE.last_day)
    theirs = {(one.report, one.period.text): one for one in calendar if one.outcome.met_at and one.exchange == "korbit"}
    assert set(ours) == set(theirs) and len(ours) == 3
    for key, one in ours.items():
        assert one.outcome == theirs[key].outcome


def test_corrections_and_first_attempts_are_counted_by_period(store: Store, tmp_path: Path) -> None:
    bad = checks("2026-11-02").replace("100.5,match", "many,match", 2)
    name = "korbit_reconciliation_2026-11-02.csv"
    file(store, tmp_path, name, bad, IN_TIME)
    file(store, tmp_path, name, checks("2026-11-02"), IN_TIME + timedelta(minutes=10))
    file(store, tmp_path, name, checks("2026-11-02", wallet="1.7"), IN_TIME + timedelta(minutes=20))
    halts_file(store, tmp_path, 2, IN_TIME)
    row = month(store, "korbit")
    assert some_of(row, "attempted", "first_time", "rejected", "superseded", "refiled", "accepted", "in_force") == {
        "attempted": 2,
        "first_time": 1,
        "rejected": 1,
        "superseded": 1,
        "refiled": 1,
        "accepted": 3,
        "in_force": 2,
    }
    assert (row["correction_count"], row["refusal_count"], row["received_row_count"]) == (2, 2, 72)
    listed = corrected_files(store, EVERYBODY, "korbit", "2026-11")
    assert listed["state"].tolist() == ["rejected", "superseded", "accepted"]
    assert corrected_files(store, GOPAX_ONLY, "korbit", "2026-11").empty


def test_slots_hours_and_standing_findings_are_counted(store: Store, tmp_path: Path) -> None:
    file(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02"), IN_TIME)
    start = Period.of_day(DAY).start
    hours = [hour(start + timedelta(hours=n), "BTC/KRW") for n in range(23)]
    file(store, tmp_path, "korbit_api_volume_2026-11-02.csv", template("api_volume", hours), IN_TIME)
    more = [alerts(DAY, "BTC/KRW", "spoofing", 1, trade_value_krw="9201", api_trade_value_krw="9201")]
    file(store, tmp_path, "korbit_surveillance_2026-11-02.csv", template("surveillance", more), IN_TIME)
    row = month(store, "korbit")
    assert (row["covered_slot_count"], row["slot_count"]) == (24, 288)
    assert (row["volume_hour_count"], row["expected_hour_count"]) == (23, 24)
    assert row["consistency_count"] == 1  # SUR-004: more through the API than the market traded so
    assert row["plausibility_count"] == 1  # VOL-006: an hour is wanting
    assert set(quality_months(store, GOPAX_ONLY, CHOICE, NOW)["exchange"]) == {"gopax"}


# ------------------------------------------------------------------------------------------------ grades


PERFECT = {
    **dict.fromkeys(QUALITY_COLUMNS[2:], 0),
    **{"due_count": 200, "met_count": 200, "on_time_count": 200, "attempted_count": 200, "first_time_count": 200},
    **{"accepted_count": 200, "in_force_count": 200, "received_row_count": 100_000},
    **{"covered_slot_count": 10_000, "slot_count": 10_000, "volume_hour_count": 24, "expected_hour_count": 24},
}


@pytest.mark.parametrize(
    ("counts", "step", "dimension"),
    [
        pytest.param({}, Rating.GOOD, None, id="nothing wrong"),
        pytest.param({"due_count": 0}, Rating.UNJUDGED, None, id="nothing due"),
        pytest.param({"on_time_count": 198}, Rating.GOOD, Dimension.TIMELINESS, id="exactly 99 % in time"),
        pytest.param({"on_time_count": 197}, Rating.WATCH, Dimension.TIMELINESS, id="less than 99 %"),
        pytest.param({"on_time_count": 189}, Rating.POOR, Dimension.TIMELINESS, id="less than 95 %"),
        pytest.param({"covered_slot_count": 9_999}, Rating.GOOD, Dimension.COMPLETENESS, id="one slot of 10,000"),
        pytest.param({"covered_slot_count": 9_998}, Rating.WATCH, Dimension.COMPLETENESS, id="two slots of 10,000"),
        pytest.param({"refusal_count": 1}, Rating.GOOD, Dimension.VALIDITY, id="0.01 per thousand rows"),
        pytest.param({"refusal_count": 2}, Rating.WATCH, Dimension.VALIDITY, id="more than 0.01 per thousand"),
        pytest.param({"refusal_count": 11}, Rating.POOR, Dimension.VALIDITY, id="more than 0.1 per thousand"),
        pytest.param({"consistency_count": 1}, Rating.WATCH, Dimension.CONSISTENCY, id="one disagreement"),
        pytest.param({"plausibility_count": 2}, Rating.GOOD, Dimension.PLAUSIBILITY, id="two unusual"),
        pytest.param({"correction_count": 11}, Rating.POOR, Dimension.STABILITY, id="more than 5 % corrected"),
    ],
)
def test_a_grade_is_the_worst_of_its_parts(counts: dict[str, int], step: Rating, dimension: Dimension | None) -> None:
    found = grade({**PERFECT, **counts}, NOVEMBER)
    assert found.step is step
    if dimension:
        assert found.dimensions[dimension] is step
        assert {one for name, one in found.dimensions.items() if name is not dimension} == {Rating.GOOD}


@pytest.mark.parametrize("count", ["missing_count", "refused_count", "partial_count"])
def test_a_critical_failure_caps_the_grade(count: str) -> None:
    counts = {**PERFECT, "due_count": 100_000, "met_count": 99_999, "on_time_count": 99_999, count: 1}
    found = grade(counts, NOVEMBER)
    assert found.dimensions[Dimension.COMPLETENESS] is Rating.WATCH
    assert (found.step, [cap.count for cap in found.caps]) == (Rating.POOR, [count])


def test_what_cannot_be_judged_is_neither_good_nor_poor() -> None:
    found = grade({**PERFECT, "slot_count": 0, "covered_slot_count": 0, "in_force_count": 0}, NOVEMBER)
    assert found.measures["slots"] is Rating.UNJUDGED
    assert found.dimensions[Dimension.CONSISTENCY] is Rating.UNJUDGED
    assert found.step is Rating.GOOD


def test_every_measure_is_of_counts_that_there_are() -> None:
    names = set(QUALITY_COLUMNS)
    for measure in measures_on(NOVEMBER):
        assert {measure.part, measure.whole} <= names
        assert (measure.good > measure.watch) == measure.is_better_higher
    assert {cap.count for cap in caps_on(NOVEMBER)} <= names
    assert {measure.dimension for measure in measures_on(NOVEMBER)} == set(Dimension)
    assert measures_on(date(2020, 1, 1)) == measures_on(NOVEMBER)  # before its first date the first one holds


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("on_time", Decimal("0.99999"), "99.99 %"),
        ("on_time", Decimal(1), "100 %"),
        ("on_time", Decimal(0), "0 %"),
        ("on_time", None, "–"),
        ("corrections", Decimal("0.00721"), "0.73 %"),
        ("refusals", Decimal("0.0271"), "0.028"),
        ("unusual", Decimal(2), "2"),
    ],
)
def test_a_value_is_never_said_better_than_it_is(name: str, value: Decimal | None, text: str) -> None:
    measure = next(one for one in measures_on(NOVEMBER) if one.name == name)
    assert scorecard.said(measure, value) == text

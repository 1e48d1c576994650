"""The counts of data quality: what was due and filed, corrected and found, and one month in detail."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from filing import checks, file, halts
from people import EVERYBODY
from template_files import alerts, hour, template

from app.obligations.outcomes import filed_for, first_recorded_day, obligations_of, records_begin, unmet_obligations
from app.quality.counts import QualityMonth, quality_months
from app.quality.month_detail import corrected_files, month_by_report
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
IN_TIME = datetime(2026, 11, 3, 9, tzinfo=KST)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def month(store: Store, exchange: str, now: datetime = NOW) -> QualityMonth:
    found = quality_months(store, EVERYBODY, CHOICE, now)
    (one,) = [one for one in found if (one.exchange, one.month) == (exchange, "2026-11")]
    return one


def some_of(one: QualityMonth, *names: str) -> dict[str, int]:
    return {name: one.count(f"{name}_count") for name in names}


def halts_file(store: Store, folder: Path, day: int, at: datetime) -> None:
    file(store, folder, f"korbit_halts_2026-11-{day:02}.csv", halts(), at)


def test_nothing_is_due_before_there_are_records(store: Store, tmp_path: Path) -> None:
    assert month(store, "korbit").due_count == 0
    assert first_recorded_day(store, EVERYBODY) is None
    halts_file(store, tmp_path, 2, IN_TIME)
    assert first_recorded_day(store, GOPAX_ONLY) == DAY
    assert month(store, "gopax").due_count == 3 * 6  # three days of six reports; the audit is not due
    before = quality_months(store, EVERYBODY, CHOICE, NOW)
    assert {one.due_count for one in before if one.month < "2026-10"} == {0}
    assert {one.due_count for one in before if one.month == "2026-10"} == {0}  # due on 11-10, which has not come


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
    by_report = month_by_report(store, EVERYBODY, "korbit", "2026-11", NOW)
    assert sum(one.due_count for one in by_report) == 18
    (own,) = [one for one in by_report if one.report == "halts"]
    assert (own.due_count, own.late_count, own.nil_count) == (3, 1, 2)
    assert month_by_report(store, GOPAX_ONLY, "korbit", "2026-11", NOW) == ()


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
    assert (row.correction_count, row.refusal_count, row.received_row_count) == (2, 2, 72)
    listed = corrected_files(store, EVERYBODY, "korbit", "2026-11")
    assert [one.state for one in listed] == ["rejected", "superseded", "accepted"]
    assert corrected_files(store, GOPAX_ONLY, "korbit", "2026-11") == ()


def test_slots_hours_and_standing_findings_are_counted(store: Store, tmp_path: Path) -> None:
    file(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02"), IN_TIME)
    start = Period.of_day(DAY).start
    hours = [hour(start + timedelta(hours=n), "BTC/KRW") for n in range(23)]
    file(store, tmp_path, "korbit_api_volume_2026-11-02.csv", template("api_volume", hours), IN_TIME)
    more = [alerts(DAY, "BTC/KRW", "spoofing", 1, trade_value_krw="9201", api_trade_value_krw="9201")]
    file(store, tmp_path, "korbit_surveillance_2026-11-02.csv", template("surveillance", more), IN_TIME)
    row = month(store, "korbit")
    assert (row.covered_slot_count, row.slot_count) == (24, 288)
    assert (row.volume_hour_count, row.expected_hour_count) == (23, 24)
    assert row.consistency_count == 1  # SUR-004: more through the API than the market traded so
    assert row.plausibility_count == 1  # VOL-006: an hour is wanting
    assert {one.exchange for one in quality_months(store, GOPAX_ONLY, CHOICE, NOW)} == {"gopax"}

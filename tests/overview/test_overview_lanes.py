"""The state and the figures of the six lanes, and what falls due, of small stores."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from filing import checks, halt, halts
from overview_filing import filed, reconciled
from people import EVERYBODY

from app.obligations.due import due_soon
from app.overview.lane_figures import Lane, exchange_figures
from app.overview.lane_states import ArrivedReports, situation
from app.queries.choice import Choice
from app.rules.findings import About, finding_counts
from app.scope import Role, Scope
from etl.store import Store, open_store
from expectations.vocabulary import KST, Period

DAY = date(2026, 11, 2)
CHOICE = Choice((), DAY, DAY + timedelta(days=1))
GOPAX_ONLY = Scope(Role.EXCHANGE, ("gopax",))
HALTED = Period.of_day(DAY).start + timedelta(hours=9)


@pytest.fixture
def store(tmp_path: Path, sqlite_database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", sqlite_database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def either_store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    """One of each kind of database: for the tests that ask every question."""
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


# ------------------------------------------------------------------------------------------------ what is due


def test_what_falls_due_says_what_has_arrived(either_store: Store, tmp_path: Path) -> None:
    night = datetime(2026, 11, 3, 2, tzinfo=KST)
    filed(either_store, tmp_path, "korbit_halts_2026-11-02.csv", halts(), night - timedelta(minutes=10))
    reconciled(either_store, tmp_path, "2026-11-02T00-12", range(0), night - timedelta(minutes=5))
    found = due_soon(either_store, EVERYBODY, ("korbit",), night, night + timedelta(days=1))
    rows = {row.report: (row.period, row.state, row.received_at) for row in found}
    assert rows["halts"] == ("2026-11-02", "current", night - timedelta(minutes=10))
    assert rows["reconciliation"] == ("2026-11-02", "partial", night - timedelta(minutes=5))
    assert rows["api_keys"] == ("2026-11-02", "not_due", None)
    assert "audits" not in rows
    assert {row.due_at for row in found} == {datetime(2026, 11, 3, 10, tzinfo=KST)}


def test_audits_fall_due_on_the_tenth(store: Store) -> None:
    morning = datetime(2026, 11, 10, 11, tzinfo=KST)
    found = due_soon(store, EVERYBODY, (), morning, morning + timedelta(days=1))
    assert [(row.report, row.period) for row in found[:5]] == [("audits", "2026-10")] * 5
    assert len(found) == 5 + 5 * 6
    assert due_soon(store, EVERYBODY, (), morning, morning) == ()


# ----------------------------------------------------------------------------------------- how the lanes stand


def test_the_worst_off_comes_first_and_what_is_open_is_so_whatever_days_are_chosen(
    either_store: Store, tmp_path: Path
) -> None:
    noon = datetime(2026, 11, 3, 12, tzinfo=KST)
    reconciled(either_store, tmp_path, "2026-11-02", range(20, 24))
    filed(either_store, tmp_path, "korbit_halts_2026-11-02.csv", halts(halt("H-1", HALTED)))
    long_ago = Choice((), date(2026, 10, 1), date(2026, 10, 7))
    found = situation(either_store, EVERYBODY, long_ago, noon)
    assert found.current == ()
    assert tuple(found.lanes)[1:] == ("upbit", "bithumb", "coinone", "gopax")  # the others are all as bad
    own = found.lanes["korbit"]
    assert (own[Lane.RECONCILIATION].state, own[Lane.RECONCILIATION].count) == ("open", 1)
    assert own[Lane.RECONCILIATION].picks == {"at": "korbit", "day": "2026-11-02", "asset": "BTC"}
    assert (own[Lane.HALTS].state, own[Lane.HALTS].since) == ("open", HALTED)
    assert (own[Lane.SUBMISSION].state, own[Lane.SUBMISSION].count) == ("missing", 4)
    assert own[Lane.SUBMISSION].arrived == ArrivedReports(2, 6)  # audits were due before there were records
    assert own[Lane.API_SHARE].state == "quiet"
    assert [one.asset for one in found.open_episodes] == ["BTC"]
    assert found.worst_status is not None
    assert (found.worst_status.exchange, found.worst_status.report) == ("upbit", "api_volume")
    assert {cell.state for cell in found.statuses if cell.report == "audits"} == {"unrecorded"}


def test_a_breach_marks_the_lane_of_its_report(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, "2026-11-02", range(3, 6))
    own = situation(store, EVERYBODY, CHOICE, datetime(2026, 11, 3, 12, tzinfo=KST)).lanes["korbit"]
    breaches = finding_counts(store, EVERYBODY, CHOICE, About(kind="compliance"))
    assert own[Lane.RECONCILIATION].state == "breach"
    assert own[Lane.RECONCILIATION].count == sum(one.open_finding_count for one in breaches)
    assert own[Lane.RECONCILIATION].since == Period.of_day(DAY).end


def test_a_lane_is_only_quiet_where_every_rule_was_evaluated(store: Store, tmp_path: Path) -> None:
    noon = datetime(2026, 11, 3, 12, tzinfo=KST)
    filed(store, tmp_path, "korbit_halts_2026-11-02.csv", halts(halt("H-1", HALTED, HALTED + timedelta(hours=1))))
    assert situation(store, EVERYBODY, CHOICE, noon).lanes["korbit"][Lane.HALTS].state == "partly_evaluated"
    filed(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02", every=5))
    own = situation(store, EVERYBODY, CHOICE, noon).lanes["korbit"]
    assert own[Lane.HALTS].state == "quiet"
    assert own[Lane.RECONCILIATION].state == "partly_evaluated", "no volumes to compare with"


def test_what_was_not_filed_is_no_figure(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, "2026-11-02", range(3, 6))
    noon = datetime(2026, 11, 3, 12, tzinfo=KST)
    figures = {one.exchange: one for one in exchange_figures(store, EVERYBODY, CHOICE, noon)}
    korbit = figures["korbit"]
    assert korbit.is_filed(Lane.RECONCILIATION)
    assert not any(korbit.is_filed(lane) for lane in (Lane.API_SHARE, Lane.KEYS, Lane.HALTS))
    assert not figures["upbit"].is_filed(Lane.RECONCILIATION)
    assert (korbit.covered_slot_count, korbit.expected_slot_count, korbit.episode_count) == (24, 288, 1)
    assert (korbit.due_count, korbit.on_time_count, korbit.unfiled_days.total()) == (6, 1, 5)
    together = figures[""]
    assert (together.due_count, together.unfiled_days.total(), together.episode_count) == (30, 29, 1)
    assert (together.share, together.day_count) == (None, 10)


def test_nobody_sees_lanes_that_their_scope_leaves_out(either_store: Store, tmp_path: Path) -> None:
    reconciled(either_store, tmp_path, "2026-11-02", range(20, 24))
    filed(either_store, tmp_path, "korbit_halts_2026-11-02.csv", halts(halt("H-1", HALTED)))
    noon = datetime(2026, 11, 3, 12, tzinfo=KST)
    assert {one.exchange for one in due_soon(either_store, GOPAX_ONLY, (), noon, noon + timedelta(days=1))} == {"gopax"}
    assert set(situation(either_store, GOPAX_ONLY, CHOICE, noon).lanes) == {"gopax"}
    assert not situation(either_store, GOPAX_ONLY, CHOICE, noon).open_episodes
    assert [one.exchange for one in exchange_figures(either_store, GOPAX_ONLY, CHOICE, noon)] == ["gopax"]

"""Questions of the screens, asked of small stores: scope, exactness, episodes across files, halts filed again."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from filing import MORNING, checks, file, halt, halts
from people import EVERYBODY

from app.filing.submissions import Wanted, state_history, submission_list, submission_versions
from app.halts.events import halt_events
from app.obligations.punctuality import Punctuality, late_and_missing
from app.obligations.status import report_statuses
from app.quality.counts import quality_months
from app.queries.choice import Choice
from app.queries.freshness import newest_filed_day, records_stamp
from app.queries.origin import rows_behind
from app.reconciliation.days import asset_checks, reconciled_assets, reconciled_days
from app.reconciliation.episodes import ShortfallEpisode, mismatch_episodes
from app.rules.evaluated import unevaluated_days
from app.rules.findings import About, finding_counts, finding_groups, finding_list, open_findings
from app.scope import Role, Scope
from etl.calendar import ObligationState
from etl.store import Store, open_store
from expectations.vocabulary import KST, Period

pytestmark = pytest.mark.slow

DAY = date(2026, 11, 2)
CHOICE = Choice((), DAY, DAY + timedelta(days=3))
GOPAX_ONLY = Scope(Role.EXCHANGE, ("gopax",))
NOW = datetime(2026, 11, 3, 11, tzinfo=KST)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def reconcile(store: Store, folder: Path, period: str, short: range, **more: object) -> None:
    """A Korbit file with one check an hour, the checks in `short` lacking coins."""
    content = checks(period, short=short, **more)  # type: ignore[arg-type]
    outcome = file(store, folder, f"korbit_reconciliation_{period}.csv", content)
    assert outcome.receipt.submission.state == "accepted"


def episodes(store: Store, scope: Scope = EVERYBODY, choice: Choice = CHOICE) -> tuple[ShortfallEpisode, ...]:
    return mismatch_episodes(store, scope, choice)


def test_an_episode_inside_a_file_ends_at_the_first_match(store: Store, tmp_path: Path) -> None:
    reconcile(store, tmp_path, "2026-11-02", range(3, 6))
    (one,) = episodes(store)
    start = Period.of_day(DAY).start + timedelta(hours=3, seconds=3)
    assert (one.started_at, one.ended_at) == (start, start + timedelta(hours=3))
    assert one.duration == timedelta(hours=3)
    assert one.check_count == 3
    assert one.shortfall_quantity == Decimal("0.1")
    assert one.shortfall_krw == Decimal("10.05")
    assert one.shortfall_ratio == Decimal("0.1") / Decimal("1.5")
    assert one.source_row == 5  # the header, three matches, then the first mismatch


def test_an_episode_continues_across_files(store: Store, tmp_path: Path) -> None:
    reconcile(store, tmp_path, "2026-11-02", range(20, 24))
    reconcile(store, tmp_path, "2026-11-03", range(0, 2))
    (one,) = episodes(store)
    midnight = Period.of_day(DAY).end
    assert one.started_at == midnight - timedelta(hours=4) + timedelta(seconds=3)
    assert one.ended_at == midnight + timedelta(hours=2, seconds=3)
    assert one.check_count == 6


def test_an_episode_whose_next_file_begins_well_ended_there(store: Store, tmp_path: Path) -> None:
    reconcile(store, tmp_path, "2026-11-02", range(20, 24))
    reconcile(store, tmp_path, "2026-11-03", range(5, 6))
    first, second = sorted(episodes(store), key=lambda one: str(one.started_at))
    assert first.ended_at == Period.of_day(DAY).end + timedelta(seconds=3)
    assert second.check_count == 1


def test_a_file_without_the_asset_is_passed_over(store: Store, tmp_path: Path) -> None:
    reconcile(store, tmp_path, "2026-11-02", range(20, 24))
    reconcile(store, tmp_path, "2026-11-03", range(0), asset="eth")
    reconcile(store, tmp_path, "2026-11-04", range(0, 1))
    (one,) = episodes(store)
    assert one.check_count == 5
    assert one.ended_at == Period.of_day(DAY).start + timedelta(days=2, hours=1, seconds=3)


def test_an_episode_without_a_later_file_is_open(store: Store, tmp_path: Path) -> None:
    reconcile(store, tmp_path, "2026-11-02", range(20, 24))
    (one,) = episodes(store)
    assert one.ended_at is None
    assert one.duration == timedelta(hours=3)
    assert len(episodes(store, choice=Choice((), DAY + timedelta(days=1), DAY + timedelta(days=2)))) == 1
    assert episodes(store, choice=Choice((), DAY - timedelta(days=2), DAY - timedelta(days=1))) == ()


def test_an_episode_is_open_though_no_later_file_holds_the_asset(store: Store, tmp_path: Path) -> None:
    reconcile(store, tmp_path, "2026-11-02", range(20, 24))
    for day in range(3, 9):
        reconcile(store, tmp_path, f"2026-11-{day:02}", range(0), asset="eth")
    (one,) = episodes(store, choice=Choice((), date(2026, 11, 7), date(2026, 11, 8)))
    assert (one.asset, one.ended_at) == ("BTC", None)
    reconcile(store, tmp_path, "2026-11-09", range(0))
    (one,) = episodes(store, choice=Choice((), date(2026, 11, 7), date(2026, 11, 8)))
    assert one.ended_at == Period.of_day(date(2026, 11, 9)).start + timedelta(seconds=3)


def test_nobody_sees_what_their_scope_leaves_out(store: Store, tmp_path: Path) -> None:
    reconcile(store, tmp_path, "2026-11-02", range(20, 24))
    submission = submission_list(store, EVERYBODY, CHOICE, Wanted())[0].id
    assert episodes(store, GOPAX_ONLY) == ()
    assert reconciled_days(store, GOPAX_ONLY, CHOICE, NOW) == ()
    assert reconciled_assets(store, GOPAX_ONLY, "korbit", DAY, NOW) == ()
    assert asset_checks(store, GOPAX_ONLY, "korbit", DAY, "BTC") == ()
    assert rows_behind(store, GOPAX_ONLY, "reconciliation", "korbit", DAY, DAY).empty
    assert submission_list(store, GOPAX_ONLY, CHOICE, Wanted()) == ()
    assert submission_versions(store, GOPAX_ONLY, submission) == ()
    assert state_history(store, GOPAX_ONLY, submission) == ()
    assert finding_list(store, GOPAX_ONLY, submission, "ko") == ()
    assert finding_groups(store, GOPAX_ONLY, submission, "ko") == ()
    assert finding_counts(store, EVERYBODY, CHOICE, About())
    assert finding_counts(store, GOPAX_ONLY, CHOICE, About()) == ()
    assert open_findings(store, GOPAX_ONLY, CHOICE, About(), "ko") == ()
    assert unevaluated_days(store, GOPAX_ONLY, CHOICE) == ()
    assert {cell.exchange for cell in report_statuses(store, GOPAX_ONLY, (), NOW)} == {"gopax"}


def test_slices_of_a_day_add_up_and_a_missing_one_is_not_covered(store: Store, tmp_path: Path) -> None:
    for period in ("2026-11-02T00-12", "2026-11-02T12-18"):
        reconcile(store, tmp_path, period, range(0), every=5)
    (row,) = reconciled_days(store, EVERYBODY, CHOICE, NOW)
    assert (row.covered_slot_count, row.expected_slot_count) == (216, 288)
    during = Period.of_day(DAY).start + timedelta(hours=19)
    (row,) = reconciled_days(store, EVERYBODY, CHOICE, during)
    assert (row.covered_slot_count, row.expected_slot_count) == (216, 216)


def test_slices_of_different_assets_are_those_of_all_assets_of_the_day(store: Store, tmp_path: Path) -> None:
    """Each slice alone is complete; of both assets half of the day is there."""
    for half, asset in (("00-12", "btc"), ("12-24", "eth")):
        name = f"korbit_reconciliation_2026-11-02T{half}.csv"
        file(store, tmp_path, name, checks(f"2026-11-02T{half}", asset=asset, every=5))
    (row,) = reconciled_days(store, EVERYBODY, CHOICE, NOW)
    assert (row.asset_count, row.covered_slot_count, row.expected_slot_count) == (2, 288, 576)
    months = quality_months(store, EVERYBODY, CHOICE, NOW)
    (month,) = [one for one in months if (one.exchange, one.month) == ("korbit", "2026-11")]
    assert (month.covered_slot_count, month.slot_count) == (288, 576)


def test_rows_behind_name_file_and_row(store: Store, tmp_path: Path) -> None:
    reconcile(store, tmp_path, "2026-11-02", range(3, 6))
    found = rows_behind(store, EVERYBODY, "reconciliation", "korbit", DAY, DAY, "result = ?", ("mismatch",))
    assert list(found["source_row"]) == [5, 6, 7]
    assert set(found["file"]) == {"korbit_reconciliation_2026-11-02.csv"}
    assert found["wallet_quantity"].iloc[0] == Decimal("1.4")


def test_a_halt_filed_again_is_shown_as_filed_last(store: Store, tmp_path: Path) -> None:
    start = Period.of_day(DAY).start + timedelta(hours=9)
    end = start + timedelta(days=1)
    file(store, tmp_path, "korbit_halts_2026-11-02.csv", halts(halt("H-1", start)))
    (event,) = halt_events(store, EVERYBODY, CHOICE)
    assert event.resumed_at is None
    file(store, tmp_path, "korbit_halts_2026-11-03.csv", halts(halt("H-1", start, end)))
    (event,) = halt_events(store, EVERYBODY, CHOICE)
    assert event.resumed_at == end
    assert (event.version_count, len(event.earlier)) == (2, 1)


def stand(store: Store, report: str, moment: datetime = NOW) -> ObligationState:
    (one,) = [cell for cell in report_statuses(store, EVERYBODY, ("korbit",), moment) if cell.report == report]
    return one.state


def test_what_was_due_and_did_not_come_is_missing(store: Store) -> None:
    assert stand(store, "halts") is ObligationState.MISSING
    assert stand(store, "halts", datetime(2026, 5, 20, 11, tzinfo=KST)) is ObligationState.NOT_DUE


def test_a_nil_return_is_not_nothing(store: Store, tmp_path: Path) -> None:
    file(store, tmp_path, "korbit_halts_2026-11-02.csv", halts())
    assert stand(store, "halts") is ObligationState.NIL


def test_a_slice_is_a_part(store: Store, tmp_path: Path) -> None:
    reconcile(store, tmp_path, "2026-11-02T00-12", range(0))
    assert stand(store, "reconciliation") is ObligationState.PARTIAL
    reconcile(store, tmp_path, "2026-11-02T12-24", range(0))
    assert stand(store, "reconciliation") is ObligationState.CURRENT


def test_a_file_after_the_due_time_is_late(store: Store, tmp_path: Path) -> None:
    late = datetime(2026, 11, 3, 10, 30, tzinfo=KST)
    file(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02"), late)
    assert stand(store, "reconciliation") is ObligationState.LATE
    assert submission_list(store, EVERYBODY, CHOICE, Wanted())[0].timeliness == "late"


def test_what_was_late_or_missing_in_the_period_is_counted(store: Store, tmp_path: Path) -> None:
    late = datetime(2026, 11, 3, 10, 30, tzinfo=KST)
    file(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02"), late)
    reconcile(store, tmp_path, "2026-11-04T00-12", range(0))
    moment = datetime(2026, 11, 5, 11, tzinfo=KST)
    found = late_and_missing(store, EVERYBODY, CHOICE, moment)
    assert found["korbit", "reconciliation"] == Punctuality(late=1, missing=2)
    assert found["korbit", "audits"] == Punctuality(late=0, missing=0)
    assert found["gopax", "halts"].missing == 3
    assert {exchange for exchange, _ in late_and_missing(store, GOPAX_ONLY, CHOICE, moment)} == {"gopax"}


def test_nothing_is_missing_of_the_time_before_there_were_records(store: Store, tmp_path: Path) -> None:
    moment = datetime(2026, 11, 5, 11, tzinfo=KST)
    assert not any(one.missing for one in late_and_missing(store, EVERYBODY, CHOICE, moment).values())
    file(store, tmp_path, "korbit_reconciliation_2026-11-04.csv", checks("2026-11-04"))
    found = late_and_missing(store, EVERYBODY, CHOICE, moment)
    assert (found["korbit", "reconciliation"].missing, found["gopax", "reconciliation"].missing) == (0, 1)


def test_a_refused_file_and_its_findings_are_told(store: Store, tmp_path: Path) -> None:
    broken = checks("2026-11-02").replace("100.5,match", "many,match", 1)
    outcome = file(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", broken)
    assert stand(store, "reconciliation") is ObligationState.REJECTED
    found = finding_list(store, EVERYBODY, outcome.receipt.submission.id, "ko")
    assert (found[0].rule, found[0].row, found[0].column) == ("SUB-006", 2, "price")
    assert "many" in found[0].sentence
    (row,) = submission_list(store, EVERYBODY, CHOICE, Wanted(state="rejected"))
    assert row.finding_count == len(found)


def test_a_correction_of_an_accepted_file_is_not_late(store: Store, tmp_path: Path) -> None:
    file(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02"))
    later = datetime(2026, 11, 9, 10, tzinfo=KST)
    file(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", checks("2026-11-02", wallet="1.7"), later)
    listed = submission_list(store, EVERYBODY, CHOICE, Wanted())
    assert [one.timeliness for one in listed] == ["correction", "on_time"]
    assert [one.state for one in listed] == ["accepted", "superseded"]
    versions = submission_versions(store, EVERYBODY, listed[0].id)
    assert versions == listed[::-1]
    assert stand(store, "reconciliation", later) is not ObligationState.LATE


def test_the_stamp_changes_with_every_publication(store: Store, tmp_path: Path) -> None:
    before = records_stamp(store)
    file(store, tmp_path, "korbit_halts_2026-11-02.csv", halts(), MORNING)
    assert records_stamp(store) != before
    assert newest_filed_day(store, EVERYBODY, NOW.date()) == DAY

"""Obligations: what was due when, by which file it was met, and how late (specification, 2.8)."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from app.filing.submissions import Wanted, submission_list
from app.obligations.outcomes import obligation_for
from app.queries.choice import Choice
from app.scope import Role, Scope
from etl import jobs
from etl.calendar import OBLIGATIONS_BEGIN, ObligationState, obligations
from etl.exchanges import all_exchanges
from etl.overdue import missing_now
from etl.receipts import receipt_of
from etl.records.engine import reading
from etl.store import open_store
from expectations.catalogue import all_reports
from expectations.vocabulary import KST, Period
from tests.filing import MORNING, checks, file

DAY = "2026-11-02"
NAME = f"korbit_reconciliation_{DAY}.csv"
NOON = datetime(2026, 11, 3, 12, tzinfo=KST)


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'records.sqlite'}")


def of_the_day(store, now=NOON):
    """Korbit's obligation of reconciliation for the day."""
    with reading(store.engine) as connection:
        every = obligations(connection, now, first_day=date(2026, 11, 2), last_day=date(2026, 11, 2))
    return next(o for o in every if o.id == f"korbit/reconciliation/{DAY}")


@pytest.mark.parametrize(
    ("report", "period", "due"),
    [
        ("reconciliation", DAY, "2026-11-03T10:00:00+09:00"),
        ("reconciliation", f"{DAY}T06-12", "2026-11-03T10:00:00+09:00"),
        ("audits", "2026-10", "2026-11-10T18:00:00+09:00"),
        ("audits", "2026-12", "2027-01-10T18:00:00+09:00"),
    ],
)
def test_due_times_are_those_of_the_specification(report, period, due):
    assert all_reports()[report].due_at(Period.parse(period)) == datetime.fromisoformat(due)


def test_a_slice_alone_does_not_meet_the_day_and_the_last_wanting_one_does(store, tmp_path):
    file(store, tmp_path, f"korbit_reconciliation_{DAY}T00-12.csv", checks(f"{DAY}T00-12"), MORNING)
    assert not of_the_day(store).outcome.is_met
    late = MORNING + timedelta(hours=2)
    last = file(store, tmp_path, f"korbit_reconciliation_{DAY}T12-24.csv", checks(f"{DAY}T12-24"), late)
    met = of_the_day(store).outcome
    assert (met.submission, met.met_at) == (last.receipt.submission.id, late)
    assert "CAL-001" in {finding.rule for _, finding in last.findings}


def test_a_correction_of_an_accepted_file_is_not_late_and_one_of_a_rejected_file_is(store, tmp_path):
    late = MORNING + timedelta(hours=5)
    file(store, tmp_path, NAME, checks(DAY, every=5), MORNING)
    corrected = file(store, tmp_path, NAME, checks(DAY, every=5, wallet="1.7"), late)
    assert corrected.findings == ()
    other = "korbit_reconciliation_2026-11-01.csv"
    file(store, tmp_path, other, "broken", MORNING - timedelta(days=1))
    corrected = file(store, tmp_path, other, checks("2026-11-01", every=5), late - timedelta(days=1))
    assert [finding.rule for _, finding in corrected.findings] == ["CAL-001"]
    assert "4 h 30 min" in str(corrected.findings[0][1].found)


def test_what_is_missing_is_found_once_it_is_due_and_not_before(store, tmp_path):
    day = {"first_day": date(2026, 11, 2), "last_day": date(2026, 11, 2)}
    early = missing_now(store, datetime(2026, 11, 3, 9, 59, tzinfo=KST), **day)
    assert [f for f in early if f.finding.rule == "CAL-001"] == []
    file(store, tmp_path, NAME, checks(DAY, every=5), MORNING)
    missing = [f for f in missing_now(store, NOON, **day) if f.finding.rule == "CAL-001"]
    daily = len(all_reports()) - 1
    assert len(missing) == len(all_exchanges()) * daily - 1
    assert all(f.finding.reason == "missing" and not f.obligation.outcome.is_met for f in missing)


@pytest.mark.parametrize("day", [date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3), date(2026, 9, 1)])
def test_a_member_of_whom_nothing_of_a_kind_is_in_force_is_named_whatever_days_are_asked_for(store, tmp_path, day):
    def named():
        found = missing_now(store, NOON, first_day=day, last_day=day)
        pairs = [(f.obligation.exchange, f.obligation.report) for f in found if f.finding.rule == "XEX-001"]
        assert len(pairs) == len(set(pairs))
        return set(pairs)

    everything = {(exchange, report) for exchange in all_exchanges() for report in all_reports()}
    assert named() == everything
    filed = file(store, tmp_path, NAME, checks(DAY, every=5), MORNING).receipt.submission
    assert named() == everything - {("korbit", "reconciliation")}
    jobs.withdraw(store, filed.id, reason="x", at=MORNING + timedelta(minutes=1))
    assert named() == everything


def test_obligations_begin_with_june(store):
    with reading(store.engine) as connection:
        every = obligations(connection, datetime(2026, 6, 3, tzinfo=UTC))
    assert min(o.period.first_day for o in every) == OBLIGATIONS_BEGIN == date(2026, 6, 1)


def test_a_withdrawal_opens_the_obligation_again_and_lateness_stays_that_of_the_first_file(store, tmp_path):
    submission = file(store, tmp_path, NAME, checks(DAY, every=5), MORNING).receipt.submission
    withdrawn_at = MORNING + timedelta(minutes=1)
    jobs.withdraw(store, submission.id, reason="x", at=withdrawn_at)
    assert of_the_day(store, MORNING).outcome.met_at == MORNING
    assert of_the_day(store, withdrawn_at).outcome.state is ObligationState.NOT_DUE
    found = of_the_day(store).outcome
    assert (found.state, found.met_at, found.reopened_at) == (ObligationState.MISSING, None, withdrawn_at)
    late = NOON + timedelta(hours=1)
    again = file(store, tmp_path, NAME, checks(DAY, every=10), late)
    found = of_the_day(store, late).outcome
    assert (found.state, found.met_at) == (ObligationState.CURRENT, MORNING)
    assert (found.submission, found.reopened_at) == (again.receipt.submission.id, None)
    assert "CAL-001" not in {finding.rule for _, finding in again.findings}


def test_a_draft_a_receipt_and_the_list_tell_a_correction_of_what_was_in_time_as_not_late(store, tmp_path):
    """Corrected, or refused when it was to be corrected, or filed again after a withdrawal: none of these is late."""
    scope, late = Scope(Role.SUPERVISOR, tuple(all_exchanges())), MORNING + timedelta(hours=5)
    day = date(2026, 11, 2)
    rejected = "korbit_reconciliation_2026-11-01.csv"
    file(store, tmp_path, NAME, checks(DAY, every=5), MORNING)
    file(store, tmp_path, NAME, "broken", late)
    file(store, tmp_path, rejected, "broken", MORNING - timedelta(days=1))
    (met, unmet) = (
        obligation_for(store, scope, "korbit", "reconciliation", one, late) for one in (day, day - timedelta(days=1))
    )
    assert met and not met.outcome.is_late_if_received(late)
    assert unmet and unmet.outcome.is_late_if_received(late)
    corrected = file(store, tmp_path, NAME, checks(DAY, every=10), late).receipt.submission
    assert json.loads(receipt_of(store, corrected.id, late))["receipt"]["late_seconds"] == 0
    jobs.withdraw(store, corrected.id, reason="x", at=late + timedelta(minutes=1))
    again = file(store, tmp_path, NAME, checks(DAY, every=20), late + timedelta(minutes=2)).receipt.submission
    assert json.loads(receipt_of(store, again.id, NOON + timedelta(days=1)))["receipt"]["late_seconds"] == 0
    listed = submission_list(store, scope, Choice((), day, day), Wanted())
    assert Counter(one.timeliness for one in listed) == {"correction": 3, "on_time": 1}
    assert obligation_for(store, Scope(Role.EXCHANGE, ("gopax",)), "korbit", "reconciliation", day, late) is None

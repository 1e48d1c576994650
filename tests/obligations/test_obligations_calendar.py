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
from etl.calendar import OBLIGATIONS_BEGIN, ObligationState, obligations, replacements
from etl.exchanges import all_exchanges
from etl.overdue import missing_now
from etl.receipts import receipt_of
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.filed_files import FiledFile
from etl.store import open_store
from expectations.catalogue import all_reports
from expectations.vocabulary import KST, Period, State
from tests.filing import MORNING, checks, file, halt, halts

pytestmark = pytest.mark.slow

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


# ------------------------------------------------------------------------------------- what is replaced (CAL-002)

DECEMBER = "2026-12-02"
DUE = datetime(2026, 12, 3, 10, tzinfo=KST)
_HALTS = f"korbit_halts_{DECEMBER}.csv"
_ROW = halt("H-1", datetime(2026, 12, 2, 9, tzinfo=KST), datetime(2026, 12, 2, 10, tzinfo=KST))


def recorded(store, rule="CAL-002"):
    """The current findings of a rule, by the submission that they are recorded of."""
    with reading(store.engine) as connection:
        every = life.current_findings(connection, rule=rule)
    return [(one.submission.id, one.finding.reason, one.finding.start, one.finding.end) for one in every]


def unmet(store, now):
    day = date(2026, 12, 2)
    found = missing_now(store, now, first_day=day, last_day=day)
    mine = [f for f in found if (f.obligation.exchange, f.obligation.report) == ("korbit", "halts")]
    return [f.finding.reason for f in mine if f.finding.rule == "CAL-002"]


@pytest.mark.parametrize(
    ("withdrawn", "again", "late"),
    [
        (DUE - timedelta(hours=5), DUE + timedelta(hours=19), False),
        (DUE - timedelta(hours=5), DUE + timedelta(hours=19, milliseconds=1), True),
        (DUE + timedelta(hours=5), DUE + timedelta(hours=29), False),
        (DUE + timedelta(hours=5), DUE + timedelta(hours=29, milliseconds=1), True),
    ],
    ids=["before, a day", "before, more", "after, a day", "after, more"],
)
def test_what_is_withdrawn_is_replaced_within_a_day(store, tmp_path, withdrawn, again, late):
    first = file(store, tmp_path, _HALTS, halts(_ROW), DUE - timedelta(hours=9))
    jobs.withdraw(store, first.receipt.submission.id, reason="wrong", at=withdrawn)
    second = file(store, tmp_path, _HALTS, halts(_ROW), again)
    wanted = [(second.receipt.submission.id, "withdrawn", withdrawn, again)]
    assert recorded(store) == (wanted if late else [])
    assert unmet(store, again + timedelta(days=3)) == []


def test_the_due_time_holds_where_it_is_later_than_a_day():
    month, audits = Period.parse("2026-12"), all_reports()["audits"]
    first, left = datetime(2027, 1, 2, tzinfo=KST), datetime(2027, 1, 3, tzinfo=KST)
    again = datetime(2027, 1, 9, tzinfo=KST)
    files = [
        FiledFile("a", "upbit", "audits", month, first, State.WITHDRAWN, 3, left),
        FiledFile("b", "upbit", "audits", month, again, State.ACCEPTED, 3),
    ]
    (one,) = replacements(audits, month, files, NOON.replace(year=2027))
    assert (one.since, one.due_at, one.replaced_at, one.by) == (left, audits.due_at(month), again, "b")


def test_what_is_withdrawn_and_never_replaced_is_found_once_a_day_has_passed(store, tmp_path):
    first = file(store, tmp_path, _HALTS, halts(_ROW), DUE - timedelta(hours=9))
    jobs.withdraw(store, first.receipt.submission.id, reason="wrong", at=DUE)
    assert unmet(store, DUE + timedelta(hours=24)) == []
    assert unmet(store, DUE + timedelta(hours=24, milliseconds=1)) == ["withdrawn"]
    assert recorded(store) == []


@pytest.mark.parametrize(("hours", "late"), [(0, False), (1, True)])
def test_rows_after_the_due_time_in_the_place_of_a_nil_return_are_late(store, tmp_path, hours, late):
    nil, rows = DUE - timedelta(hours=9), DUE + timedelta(hours=hours)
    file(store, tmp_path, _HALTS, halts(), nil)
    second = file(store, tmp_path, _HALTS, halts(_ROW), rows)
    assert recorded(store) == ([(second.receipt.submission.id, "nil", nil, rows)] if late else [])
    assert recorded(store, "CAL-001") == []


def test_days_before_the_rule_say_nothing(store, tmp_path):
    name = "korbit_halts_2026-11-02.csv"
    first = file(store, tmp_path, name, halts(), MORNING)
    jobs.withdraw(store, first.receipt.submission.id, reason="wrong", at=NOON)
    file(store, tmp_path, name, halts(), NOON + timedelta(days=3))
    assert recorded(store) == []

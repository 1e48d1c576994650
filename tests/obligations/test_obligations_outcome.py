"""Whether, when and how an obligation was met is decided once, and every place tells the same of it (2.8)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from filing_histories import DAY, DUE_AT, END, Filed, History, Withdrawn, at, histories, record, replayed
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from people import EVERYBODY
from sqlalchemy import delete, select

from app.api.service import Service
from app.filing.submissions import Wanted, submission_list
from app.obligations.absence import NOT_REPORTED, absences
from app.obligations.calendar_entries import own_calendar
from app.obligations.due import due_soon
from app.obligations.outcomes import obligation_for, records_begin, unmet_obligations
from app.obligations.punctuality import late_and_missing
from app.obligations.status import report_statuses
from app.overview.lane_figures import exchange_figures
from app.quality.counts import quality_months
from app.quality.month_detail import month_by_report
from app.queries.choice import Choice
from etl.calendar import AFTER_ALL_RECORDS, Obligation, ObligationState, obligations, obligations_from, outcome
from etl.exchanges import all_exchanges
from etl.overdue import LATE_OR_MISSING, calendar_findings, missing_now
from etl.receipts import receipt_of
from etl.records.engine import reading, writing
from etl.records.filed_files import FiledFile, files_filed_for
from etl.records.tables import findings, judgements, states, submissions
from etl.records.tokens import Token
from etl.store import Store, open_store
from expectations.catalogue import all_reports
from expectations.vocabulary import KST, Period, State
from tests.properties import examples

RECONCILIATION = all_reports()["reconciliation"]
WHOLE = Period.parse(DAY)
FIRST, LAST = WHOLE.first_day - timedelta(days=1), WHOLE.first_day + timedelta(days=1)
HOUR = timedelta(hours=1)

# ------------------------------------------------------------------------------------------------- the decision

IN_TIME, LATE = 2, 20
A, R, N = State.ACCEPTED, State.REJECTED, State.RECEIVED


@pytest.mark.parametrize(
    ("history", "hour", "state", "met", "submission"),
    [
        pytest.param([], 13, "not_due", None, None, id="nothing yet and not yet due"),
        pytest.param([], 14, "not_due", None, None, id="nothing at the due time itself"),
        pytest.param([], 15, "missing", None, None, id="nothing after it"),
        pytest.param([Filed(14, DAY, A, 5)], 15, "current", 14, 0, id="received at the due time itself"),
        pytest.param([Filed(15, DAY, A, 5)], 15, "late", 15, 0, id="received after it"),
        pytest.param([Filed(LATE, DAY, A, 5)], 19, "missing", None, None, id="what comes later is not known"),
        pytest.param([Filed(2, DAY, R, 5)], 13, "not_due", None, None, id="rejected, before the due time"),
        pytest.param([Filed(2, DAY, R, 5)], 15, "rejected", None, None, id="rejected"),
        pytest.param([Filed(2, DAY, N, 5)], 15, "received", None, None, id="received and not judged"),
        pytest.param([Filed(2, DAY, R, 5), Filed(20, DAY, A, 5)], 21, "late", 20, 1, id="corrects a rejected one"),
        pytest.param([Filed(2, DAY, A, 5), Filed(20, DAY, A, 5)], 21, "current", 2, 0, id="corrected late"),
        pytest.param([Filed(20, DAY, A, 5), Filed(25, DAY, A, 5)], 26, "late", 20, 0, id="late, then corrected"),
        pytest.param([Filed(2, DAY, A, 5), Withdrawn(3, 0)], 2, "current", 2, 0, id="before it is withdrawn"),
        pytest.param([Filed(2, DAY, A, 5), Withdrawn(3, 0)], 13, "not_due", None, None, id="withdrawn, not yet due"),
        pytest.param([Filed(2, DAY, A, 5), Withdrawn(3, 0)], 15, "missing", None, None, id="withdrawn, and due"),
        pytest.param(
            [Filed(2, DAY, A, 5), Withdrawn(3, 0), Filed(20, DAY, A, 5)], 21, "current", 2, 2,
            id="in time, withdrawn, filed late again: lateness stays that of the first",
        ),
        pytest.param(
            [Filed(18, DAY, A, 5), Withdrawn(19, 0), Filed(20, DAY, A, 5)], 21, "late", 18, 2,
            id="late, withdrawn, filed again: the finding is of what meets it now",
        ),
        pytest.param([Filed(2, DAY + "T00-12", A, 5)], 15, "partial", None, None, id="a slice is a part"),
        pytest.param(
            [Filed(2, DAY + "T00-12", A, 5), Filed(20, DAY + "T12-24", A, 5)], 21, "late", 20, 1,
            id="slices cover the day together",
        ),
        pytest.param(
            [Filed(2, DAY + "T00-12", A, 5), Filed(3, DAY + "T12-24", A, 5), Withdrawn(20, 0)],
            21, "partial", None, None, id="a slice withdrawn",
        ),
        pytest.param(
            [Filed(2, DAY + "T00-12", A, 5), Withdrawn(3, 0), Filed(4, DAY + "T12-24", A, 5)],
            15, "partial", None, None, id="slices that never were in force together",
        ),
    ],
)  # fmt: skip
def test_what_becomes_of_an_obligation(
    history: History, hour: int, state: str, met: int | None, submission: int | None
) -> None:
    found = outcome(RECONCILIATION, WHOLE, replayed(history), at(hour))
    assert (found.state, found.met_at) == (state, None if met is None else at(met))
    assert found.submission == (None if submission is None else f"korbit-reconciliation-{submission}")
    assert found.late_by == (found.first_met_at - DUE_AT if state == "late" and found.first_met_at else None)


def covered(files: Sequence[FiledFile], moment: datetime) -> bool:
    """Whether files in force at a moment cover every hour of the day: counted hour by hour."""
    hours: set[int] = set()
    for file in files:
        is_in_force = file.state in (State.ACCEPTED, State.SUPERSEDED, State.WITHDRAWN) and (
            file.left_at is None or file.left_at > moment
        )
        if file.received_at <= moment and is_in_force:
            first = int((file.period.start - WHOLE.start) / HOUR)
            hours |= set(range(first, first + int((file.period.end - file.period.start) / HOUR)))
    return len(hours) == 24


@settings(max_examples=examples(60))
@given(histories(), st.integers(-1, 45))
def test_an_outcome_is_that_of_its_definition(history: History, hour: int) -> None:
    files, moment = replayed(history), at(hour)
    found = outcome(RECONCILIATION, WHOLE, files, moment)
    moments = sorted({m for f in files for m in (f.received_at, f.left_at) if m is not None and m <= moment})
    met = [m for m in moments if covered(files, m)]
    # A file that is withdrawn at its very receipt met the obligation and is in force at no later moment.
    at_receipt = [f.received_at for f in files if f.left_at == f.received_at and f.received_at <= moment]
    if not at_receipt:
        assert found.first_met_at == (met[0] if met else None)
    assert found.is_met == (covered(files, moment) if moments else False)
    assert found.is_missing == (not found.is_met and moment > DUE_AT)
    assert found.is_late == (found.is_met and found.first_met_at is not None and found.first_met_at > DUE_AT)
    assert (found.met_at is None) == (found.submission is None) == (not found.is_met)
    assert (found.is_met, found.is_missing, found.state is ObligationState.NOT_DUE).count(True) == 1


@given(histories(), st.integers(0, 40), st.integers(0, 40))
def test_what_was_known_at_a_moment_does_not_change(history: History, hour: int, later: int) -> None:
    """Steps after a moment change nothing of what was known then."""
    steps = sorted(history, key=lambda step: step.hour)
    places = {id(step): place for place, step in enumerate(history)}
    order = {places[id(step)]: place for place, step in enumerate(steps)}
    steps = [Withdrawn(s.hour, order[s.place]) if isinstance(s, Withdrawn) else s for s in steps]
    known = [step for step in steps if step.hour <= hour]
    then = outcome(RECONCILIATION, WHOLE, replayed(known), at(hour))
    now = outcome(RECONCILIATION, WHOLE, replayed(steps), at(hour))
    told = ("state", "filed", "first_met_at", "submission", "reopened_at", "is_nil")
    assert [getattr(then, name) for name in told] == [getattr(now, name) for name in told]


# ----------------------------------------------------------------------------------------------- all places agree


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


class Places:
    """What every place that tells of obligations tells at a moment."""

    def __init__(self, store: Store, moment: datetime) -> None:
        self.store, self.moment = store, moment
        with reading(store.engine) as connection:
            self.all = obligations(connection, moment, first_day=FIRST, last_day=LAST)
            month = files_filed_for(connection, date(2026, 11, 1), date(2026, 11, 30), tuple(all_exchanges()))
        begin = records_begin(store)
        assert begin is not None
        reports = all_reports()
        self.recorded = {o.id: o for o in self.all if begin.includes(reports[o.report], o.period)}
        of_month = obligations_from(month, moment, date(2026, 11, 1), date(2026, 11, 30), tuple(all_exchanges()))
        self.month = [o for o in of_month if begin.includes(reports[o.report], o.period)]

    def check(self) -> None:
        self.calendar_rule()
        self.own_calendars()
        self.statuses()
        self.counts()
        self.due()
        self.absent()
        self.quality()
        self.single()

    def calendar_rule(self) -> None:
        missing = missing_now(self.store, self.moment, first_day=FIRST, last_day=LAST)
        told = [f.obligation.id for f in missing if f.finding.rule == LATE_OR_MISSING]
        assert sorted(told) == sorted(o.id for o in self.all if o.outcome.is_missing)
        found = calendar_findings([o for o in self.all if o.outcome.is_due], self.moment)
        said = Counter((f.obligation.id, f.finding.reason) for f in found if f.finding.rule == LATE_OR_MISSING)
        late = [(o.id, "late") for o in self.all if o.outcome.is_late]
        assert said == Counter([*late, *((o.id, "missing") for o in self.all if o.outcome.is_missing)])

    def own_calendars(self) -> None:
        for exchange in ("korbit", "gopax"):
            told = {
                f"{exchange}/{e.report}/{e.period}": e
                for e in own_calendar(self.store, EVERYBODY, exchange, self.moment)
            }
            own = [o for id_, o in self.recorded.items() if o.exchange == exchange and id_ in told]
            assert own
            for o in own:
                entry = told[o.id]
                is_nil = o.outcome.is_nil and o.outcome.state is ObligationState.CURRENT
                assert entry.state == ("nil" if is_nil else o.outcome.state)
                assert (entry.late_by, entry.received_at) == (o.outcome.late_by, o.outcome.received_at)

    def statuses(self) -> None:
        for status in report_statuses(self.store, EVERYBODY, (), self.moment):
            o = self.recorded.get(f"{status.exchange}/{status.report}/{status.period}")
            if o is not None:
                is_nil = o.outcome.is_nil and not o.outcome.is_late
                assert status.state == ("nil" if is_nil else o.outcome.state)
                assert (status.late_by, status.received_at) == (o.outcome.late_by, o.outcome.received_at)

    def counts(self) -> None:
        choice = Choice((), FIRST, LAST)
        chosen = [o for o in self.recorded.values() if o.period.first_day >= FIRST]
        late = Counter((o.exchange, o.report) for o in chosen if o.outcome.is_late)
        missing = Counter((o.exchange, o.report) for o in chosen if o.outcome.is_missing)
        for pair, one in late_and_missing(self.store, EVERYBODY, choice, self.moment).items():
            assert (one.late, one.missing) == (late[pair], missing[pair])
        for lane in exchange_figures(self.store, EVERYBODY, choice, self.moment):
            own = [o.outcome for o in chosen if o.exchange == lane.exchange]
            if own:
                assert lane.due_count == sum(o.is_due for o in own)
                assert lane.on_time_count == sum(o.state is ObligationState.CURRENT for o in own)

    def due(self) -> None:
        until = self.moment + timedelta(days=1)
        told = {
            f"{d.exchange}/{d.report}/{d.period}": d.state
            for d in due_soon(self.store, EVERYBODY, (), self.moment, until)
        }
        for o in self.all:
            assert (o.id in told) == (self.moment <= o.outcome.due_at <= until)
            if o.id in told:
                waited_for = o.outcome.filed is ObligationState.MISSING
                assert told[o.id] == ("not_due" if waited_for else o.outcome.filed)

    def absent(self) -> None:
        day = Choice((), WHOLE.first_day, WHOLE.first_day)
        with reading(self.store.engine) as connection:
            filed = connection.execute(select(submissions.c.exchange, submissions.c.report).distinct())
            ever = {(row.exchange, row.report) for row in filed}
        for report in ("reconciliation", "halts", "api_keys"):
            told = {one.exchange: one.state for one in absences(self.store, EVERYBODY, day, report, self.moment)}
            for exchange in all_exchanges():
                one = self.recorded[f"{exchange}/{report}/{DAY}"].outcome
                reason: str | None = str(one.state)
                if one.is_met:
                    reason = "nil" if one.is_nil else None
                elif one.state is ObligationState.MISSING and (exchange, report) not in ever:
                    reason = NOT_REPORTED
                assert told.get(exchange) == reason

    def quality(self) -> None:
        names = {
            "missing_count": ObligationState.MISSING,
            "refused_count": ObligationState.REJECTED,
            "partial_count": ObligationState.PARTIAL,
            "received_count": ObligationState.RECEIVED,
            "not_due_count": ObligationState.NOT_DUE,
            "late_count": ObligationState.LATE,
            "on_time_count": ObligationState.CURRENT,
        }
        months = rows(quality_months(self.store, EVERYBODY, Choice((), FIRST, LAST), self.moment))
        counted = [
            (row, [o for o in self.month if o.exchange == row["exchange"]]) for row in months if row["month"] == DAY[:7]
        ]
        by_report = rows(month_by_report(self.store, EVERYBODY, "korbit", DAY[:7], self.moment))
        korbit = [o for o in self.month if o.exchange == "korbit"]
        counted += [(row, [o for o in korbit if o.report == row["report"]]) for row in by_report]
        assert len(counted) == len(all_exchanges()) + len(all_reports())
        for row, own in counted:
            assert {name: row[name] for name in names} == {
                name: sum(o.outcome.state is state for o in own) for name, state in names.items()
            }
            assert row["met_count"] == sum(o.outcome.is_met for o in own)
        unmet = unmet_obligations(self.store, EVERYBODY, "korbit", DAY[:7], self.moment)
        assert {(one.report, one.period, one.state, one.delay) for one in unmet} == {
            (o.report, o.period.text, str(o.outcome.state), o.outcome.late_by)
            for o in korbit
            if o.outcome.is_due and o.outcome.state is not ObligationState.CURRENT
        }

    def single(self) -> None:
        one = obligation_for(self.store, EVERYBODY, "korbit", "reconciliation", WHOLE.first_day, self.moment)
        assert one == self.recorded[f"korbit/reconciliation/{DAY}"]


def rows(found: Any) -> list[Mapping[str, Any]]:
    """Rows of a frame or records, as mappings."""
    if isinstance(found, pd.DataFrame):
        return [dict(row) for row in found.to_dict("records")]
    return [{name: getattr(row, name) for name in type(row).__dataclass_fields__} for row in found]


MOMENTS = (DUE_AT - HOUR / 2, DUE_AT, END)
"""Before, at and after the due time; another moment is drawn."""


def checked(store: Store, filed: Mapping[tuple[str, str], History], hour: int) -> None:
    """Write histories into an emptied store, and hold all places equal at several moments."""
    with writing(store.engine) as connection:
        for table in (judgements, findings, states, submissions):
            connection.execute(delete(table))
    record(store, [Filed(-10, FIRST.isoformat(), A, 3)], "upbit", "halts")  # from then on there are records
    for (exchange, report), history in filed.items():
        record(store, history, exchange, report)
    with reading(store.engine) as connection:
        read = files_filed_for(connection, WHOLE.first_day, WHOLE.first_day, tuple(all_exchanges()))
    for (exchange, report), history in filed.items():
        assert list(read.get((exchange, report, WHOLE.first_day), ())) == replayed(history, exchange, report)
    for moment in (*MOMENTS, at(hour)):
        Places(store, moment.astimezone(UTC)).check()
    recorded_and_handed_out(store)


def recorded_and_handed_out(store: Store) -> None:
    """What is recorded, listed, signed and answered by the API once all is filed."""
    now = datetime.now(UTC)
    with reading(store.engine) as connection:
        all_ = obligations(connection, AFTER_ALL_RECORDS, first_day=FIRST, last_day=LAST)
        query = select(findings.c.submission).where(findings.c.rule == LATE_OR_MISSING, findings.c.lifted_at.is_(None))
        recorded = list(connection.execute(query).scalars())
        known_now = obligations(connection, now, first_day=FIRST, last_day=LAST)
    assert sorted(recorded) == sorted(o.outcome.submission or "" for o in all_ if o.outcome.is_late)
    token = Token("T-1", "korbit", "", frozenset(), now, "", now, None, None)
    answered = {(one["report"], one["period"]): one for one in Service(store).obligations(token, FIRST, LAST)}
    own = [o for o in known_now if o.exchange == "korbit" and o.outcome.is_due]
    assert set(answered) == {(o.report, o.period.text) for o in own}
    for o in own:
        one = answered[o.report, o.period.text]
        assert (one["state"], one["submission"]) == (o.outcome.state, o.outcome.submission)
        assert one["met_at"] == (o.outcome.met_at.astimezone(KST).isoformat() if o.outcome.met_at else None)
    listed(store, {o.id: o for o in all_})


def listed(store: Store, known: Mapping[str, Obligation]) -> None:
    """Timeliness in the list of submissions and in receipts: nothing that meets an obligation in time is late."""
    for row in rows(submission_list(store, EVERYBODY, Choice((), FIRST, LAST), Wanted())):
        o = known[f"{row['exchange']}/{row['report']}/{row['period'][:10]}"]
        is_after = row["received_at"] > o.outcome.due_at
        if row["timeliness"] == "late":
            assert is_after and not (o.outcome.first_met_at and o.outcome.first_met_at <= o.outcome.due_at)
        elif row["timeliness"] == "on_time":
            assert not is_after
    for o in known.values():
        if o.outcome.last_filed is not None:
            receipt = receipt_of(store, o.outcome.last_filed.id, AFTER_ALL_RECORDS)
            assert json.loads(receipt)["receipt"]["met_by"] == o.outcome.submission


REOPENED = [Filed(2, DAY, A, 5), Withdrawn(3, 0), Filed(LATE, DAY, A, 5)]


@settings(
    max_examples=4,
    phases=(Phase.explicit, Phase.generate),  # an example takes a second, and making one smaller hundreds of them
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    print_blob=True,
)
@example(sliced=REOPENED, nil=[Filed(LATE, DAY, A, 0)], other=[Filed(IN_TIME, DAY, A, 0)], hour=10)
@given(
    sliced=histories(),
    nil=histories(slices=False, most=4),
    other=histories(slices=False, most=3),
    hour=st.integers(0, 40),
)
def test_every_place_tells_the_same(store: Store, sliced: History, nil: History, other: History, hour: int) -> None:
    filed = {("korbit", "reconciliation"): sliced, ("korbit", "halts"): nil, ("gopax", "halts"): other}
    checked(store, filed, hour)

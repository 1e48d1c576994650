"""The calendar of one exchange: each obligation of the last days and months, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.columns import Instant, ReportId, StateCode, Text
from app.moments import kst_day
from app.obligations.drafted import known_drafts
from app.obligations.outcomes import filed_for, obligations_of, records_begin
from app.queries.choice import Choice
from app.scope import Scope
from etl.calendar import Obligation, ObligationState
from etl.store import Store
from expectations.catalogue import all_reports
from expectations.vocabulary import Cadence

SHOWN_DAYS = 14
_SHOWN_MONTHS = timedelta(days=100)


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One obligation: its state, NIL where nil returns alone met it in time, DRAFT while it is only a draft."""

    report: ReportId
    period: Text
    first_day: date
    state: StateCode
    due_at: Instant
    received_at: Instant | None
    late_by: timedelta | None
    submission: str | None
    is_monthly: bool


def own_calendar(store: Store, scope: Scope, exchange: str, moment: datetime) -> tuple[CalendarEntry, ...]:
    """The obligations of the last fourteen days up to today, and of the last months; none before there are records.

    By report, then by period.
    """
    begin = records_begin(store)
    if begin is None or exchange not in scope.visible((exchange,)):
        return ()
    today = kst_day(moment)
    drafts = known_drafts(store, scope, moment)
    # The months of the last hundred days are read together with the days of the last fourteen.
    choice = Choice((exchange,), today - _SHOWN_MONTHS, today)
    first_shown_day = today - timedelta(days=SHOWN_DAYS - 1)
    found = []
    for one in obligations_of(filed_for(store, scope, choice), (exchange,), choice, begin, moment):
        is_monthly = all_reports()[one.report].cadence is Cadence.MONTH
        if is_monthly or one.period.first_day >= first_shown_day:
            is_draft = not one.outcome.is_met and drafts.includes(exchange, one.report, one.period)
            found.append(_entry(one, is_draft, is_monthly))
    return tuple(found)


def _entry(one: Obligation, is_draft: bool, is_monthly: bool) -> CalendarEntry:
    state = one.outcome.state
    if is_draft and state in (ObligationState.MISSING, ObligationState.NOT_DUE):
        state = ObligationState.DRAFT
    elif one.outcome.is_nil and state is ObligationState.CURRENT:
        state = ObligationState.NIL
    return CalendarEntry(
        report=one.report,
        period=one.period.text,
        first_day=one.period.first_day,
        state=str(state),
        due_at=one.outcome.due_at,
        received_at=one.outcome.received_at,
        late_by=one.outcome.late_by,
        submission=one.outcome.shown_submission,
        is_monthly=is_monthly,
    )

"""How each exchange stands with each report: what was due last, and what became of it (specification, 2.8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, or_

from app.moments import kst_day
from app.obligations.drafted import known_drafts
from app.scope import Scope
from etl.calendar import OBLIGATIONS_BEGIN, ObligationState, Outcome, outcome
from etl.records.engine import reading
from etl.records.filed_files import files_where
from etl.records.tables import submissions
from etl.store import Store
from expectations.catalogue import all_reports
from expectations.vocabulary import Cadence, Period, Report


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """One exchange's latest due period of one report, and what became of it.

    `state` is that of the obligation, NIL where nil returns alone met it in time, DRAFT where it is missing and its own
    exchange has checked a file for it. `received_at` is when it was first met, or when the last file for it came.
    """

    exchange: str
    report: str
    period: str
    first_day: date
    last_day: date
    due_at: datetime
    state: ObligationState
    received_at: datetime | None = None
    late_by: timedelta | None = None


def latest_due_period(report: Report, moment: datetime) -> Period:
    """The newest period of `report` whose due time has passed."""
    day = kst_day(moment)
    while True:
        text = f"{day:%Y-%m}" if report.cadence is Cadence.MONTH else day.isoformat()
        period = Period.parse(text)
        if report.due_at(period) < moment:
            return period
        day = period.first_day - timedelta(days=1)


def report_statuses(
    store: Store, scope: Scope, exchanges: tuple[str, ...], moment: datetime
) -> tuple[ReportStatus, ...]:
    """Every chosen exchange with every report, in the order of the exchanges and the reports."""
    due = {report: latest_due_period(report, moment) for report in all_reports().values()}
    table = submissions.c
    visible = scope.visible(exchanges)
    of_periods = [
        and_(table.report == report.name, table.period_start >= period.start, table.period_start < period.end)
        for report, period in due.items()
    ]
    with reading(store.engine) as connection:
        filed = files_where(connection, table.exchange.in_(visible), or_(*of_periods))
    drafts = known_drafts(store, scope, moment)
    found = []
    for exchange in visible:
        for report, period in due.items():
            one = outcome(report, period, filed.get((exchange, report.name, period.first_day), ()), moment)
            is_draft = one.state is ObligationState.MISSING and drafts.includes(exchange, report.name, period)
            found.append(_status(exchange, one, ObligationState.DRAFT if is_draft else _state(one)))
    return tuple(found)


def _state(one: Outcome) -> ObligationState:
    """The state that is shown: NIL where nil returns alone met it in time; before obligations began nothing was due."""
    if one.period.first_day < OBLIGATIONS_BEGIN and one.last_filed is None:
        return ObligationState.NOT_DUE
    return ObligationState.NIL if one.is_nil and not one.is_late else one.state


def _status(exchange: str, one: Outcome, state: ObligationState) -> ReportStatus:
    return ReportStatus(
        exchange=exchange,
        report=one.report,
        period=one.period.text,
        first_day=one.period.first_day,
        last_day=one.period.last_day,
        due_at=one.due_at,
        state=state,
        received_at=one.received_at,
        late_by=one.late_by,
    )

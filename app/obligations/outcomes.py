"""The obligations of the chosen days and what became of each, as screens count them (specification, 2.8).

What became of an obligation is decided in `etl.calendar`. Here an obligation counts only from the day from which there
are records: a dashboard that is set up in October does not say of five exchanges that they filed nothing in June.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from app.columns import ExchangeId, Instant, Length, ReportId, StateCode, Text
from app.moments import kst_day
from app.queries.choice import Choice, rows_of
from app.queries.months import months_as_days
from app.scope import Scope
from etl.calendar import Obligation, ObligationState, obligations_from
from etl.records.engine import reading
from etl.records.filed_files import FiledFiles, files_filed_for
from etl.records.tables import submissions
from etl.store import Store
from expectations.catalogue import all_reports
from expectations.vocabulary import Cadence, Period, Report


@dataclass(frozen=True, slots=True)
class RecordsBegin:
    """From when there are records: the first day that a report of days was filed for, and the first receipt.

    The first day is that of the first receipt at the latest: a file may have been accepted for a day yet to come.
    """

    first_day: date
    received_at: datetime

    def includes(self, report: Report, period: Period) -> bool:
        """True where an obligation counts: it is of the time since there are records."""
        if report.cadence is Cadence.MONTH:
            return report.due_at(period) >= self.received_at
        return period.first_day >= self.first_day


@dataclass(frozen=True, slots=True)
class UnmetObligation:
    """An obligation that was not met in time; `submission` is what was filed for it, `delay` of what was late."""

    state: StateCode
    exchange: ExchangeId
    report: ReportId
    period: Text
    due_at: Instant
    received_at: Instant | None
    delay: Length | None
    submission: Text | None


def records_begin(store: Store) -> RecordsBegin | None:
    """From when there are records of any exchange; none while nothing was filed."""
    table = submissions.c
    monthly = [report.name for report in all_reports().values() if report.cadence is Cadence.MONTH]
    (first,) = rows_of(store, select(func.min(table.received_at).label("at")))
    (day,) = rows_of(store, select(func.min(table.period_start).label("at")).where(table.report.not_in(monthly)))
    return RecordsBegin(kst_day(min(day["at"] or first["at"], first["at"])), first["at"]) if first["at"] else None


def first_recorded_day(store: Store, scope: Scope) -> date | None:
    """The day with which the records of all exchanges begin, the same whoever asks; none while nothing was filed."""
    begin = records_begin(store)
    return begin.first_day if begin else None


def filed_for(store: Store, scope: Scope, choice: Choice, report: str = "") -> FiledFiles:
    """Every file for the chosen days by exchange, report and the day on which its period begins, as received.

    An empty `report` means all.
    """
    reports = (report,) if report else None
    with reading(store.engine) as connection:
        return files_filed_for(connection, choice.first_day, choice.last_day, scope.visible(choice.exchanges), reports)


def obligations_of(
    filed: FiledFiles, exchanges: Sequence[str], choice: Choice, begin: RecordsBegin, moment: datetime, name: str = ""
) -> Iterator[Obligation]:
    """The obligations whose period begins on the chosen days, since there are records; of report `name`, or of all."""
    reports = all_reports()
    wanted = (name,) if name else None
    for one in obligations_from(filed, moment, choice.first_day, choice.last_day, exchanges, wanted):
        if one.period.first_day >= choice.first_day and begin.includes(reports[one.report], one.period):
            yield one


def obligation_for(
    store: Store, scope: Scope, exchange: str, report: str, day: date, moment: datetime
) -> Obligation | None:
    """The obligation whose period begins on a day; None before obligations began, and of another's exchange."""
    exchanges = scope.visible((exchange,))
    with reading(store.engine) as connection:
        files = files_filed_for(connection, day, day, exchanges, (report,))
    return next(obligations_from(files, moment, day, day, exchanges, (report,)), None)


def unmet_obligations(
    store: Store, scope: Scope, exchange: str, month: str, moment: datetime
) -> tuple[UnmetObligation, ...]:
    """The obligations of one exchange and month that were not met in time, as they fell due."""
    begin = records_begin(store)
    choice = months_as_days((exchange,), (month,))
    exchanges = scope.visible(choice.exchanges)
    found = [] if begin is None else obligations_of(filed_for(store, scope, choice), exchanges, choice, begin, moment)
    rows = [
        UnmetObligation(
            str(one.outcome.state),
            one.exchange,
            one.report,
            one.period.text,
            one.outcome.due_at,
            one.outcome.received_at,
            one.outcome.late_by,
            one.outcome.shown_submission,
        )
        for one in found
        if one.outcome.is_due and one.outcome.state is not ObligationState.CURRENT
    ]
    return tuple(sorted(rows, key=lambda row: (row.due_at, row.report)))

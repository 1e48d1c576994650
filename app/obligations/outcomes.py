"""What was to be filed and what became of it, obligation by obligation (specification, 2.8).

An obligation counts from the day from which there are records: a dashboard that is set up in October does not say of
five exchanges that they filed nothing in June. From when that is, the screens say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import func, select

from app.frames import frame_of
from app.moments import kst_day
from app.obligations.status import Stand, covers, met_at
from app.queries.choice import Choice, rows_of
from app.queries.months import months_as_days
from app.scope import Scope
from etl.calendar import MET_BY, OBLIGATIONS_BEGIN
from etl.records.tables import submissions
from etl.store import Store
from expectations.catalogue import all_reports
from expectations.vocabulary import Cadence, Period, Report, State

MET = (Stand.CURRENT, Stand.LATE)
UNMET_COLUMNS = ("state", "exchange", "report", "period", "due_at", "received_at", "delay", "submission")
_FILED = ("id", "exchange", "report", "period", "period_start", "period_end", "state", "row_count", "received_at")

Filed = Mapping[tuple[str, str, date], Sequence[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class RecordsBegin:
    """From when there are records: the first day that a report of days was filed for, and the first receipt."""

    first_day: date
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Obliged:
    """One obligation and what came of it.

    `stand` is never nil: that nothing was to be told is `is_nil`, whether in time or not. `received_at` and
    `submission` are of what met it first, or of what was filed last where nothing did.
    """

    exchange: str
    report: str
    period: Period
    due_at: datetime
    stand: Stand
    is_nil: bool
    received_at: datetime | None
    submission: str | None

    @property
    def month(self) -> str:
        """The month that its period lies in."""
        return self.period.text[:7]


def records_begin(store: Store) -> RecordsBegin | None:
    """From when there are records of any exchange; none while nothing was filed."""
    table = submissions.c
    monthly = [report.name for report in all_reports().values() if report.cadence is Cadence.MONTH]
    (first,) = rows_of(store, select(func.min(table.received_at).label("at")))
    (day,) = rows_of(store, select(func.min(table.period_start).label("at")).where(table.report.not_in(monthly)))
    return RecordsBegin(kst_day(day["at"] or first["at"]), first["at"]) if first["at"] else None


def first_recorded_day(store: Store, scope: Scope) -> date | None:
    """The day with which the records of all exchanges begin, the same whoever asks; none while nothing was filed."""
    begin = records_begin(store)
    return begin.first_day if begin else None


def filed_for(store: Store, scope: Scope, choice: Choice, report: str = "") -> Filed:
    """Every file for the chosen days by exchange, report and the day on which its period begins, as received.

    An empty `report` means all.
    """
    table = submissions.c
    statement = select(*(table[name] for name in _FILED)).where(
        table.exchange.in_(scope.visible(choice.exchanges)),
        table.period_start >= Period.of_day(choice.first_day).start,
        table.period_start < Period.of_day(choice.last_day).end,
    )
    if report:
        statement = statement.where(table.report == report)
    filed: dict[tuple[str, str, date], list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(store, statement.order_by(table.received_at, table.recorded_at, table.id)):
        filed[row["exchange"], row["report"], kst_day(row["period_start"])].append(row)
    return filed


def obligations_of(
    filed: Filed, exchanges: Sequence[str], choice: Choice, begin: RecordsBegin, moment: datetime, name: str = ""
) -> Iterator[Obliged]:
    """The obligations of the chosen days since there are records; of the report `name`, or of all."""
    for report in [report for report in all_reports().values() if name in ("", report.name)]:
        periods = [period for period in _periods(report, choice) if is_recorded(report, period, begin)]
        for exchange in exchanges:
            for period in periods:
                yield _obliged(
                    exchange, report, period, filed.get((exchange, report.name, period.first_day), ()), moment
                )


def _periods(report: Report, choice: Choice) -> Iterator[Period]:
    for day in choice.days:
        if day >= OBLIGATIONS_BEGIN and report.cadence is not Cadence.MONTH:
            yield Period.of_day(day)
        elif day >= OBLIGATIONS_BEGIN and day.day == 1:
            yield Period.parse(f"{day:%Y-%m}")


def is_recorded(report: Report, period: Period, begin: RecordsBegin) -> bool:
    """True where an obligation counts: it is of the time since there are records."""
    if report.cadence is Cadence.MONTH:
        return report.due_at(period) >= begin.received_at
    return period.first_day >= begin.first_day


def _obliged(
    exchange: str, report: Report, period: Period, filed: Sequence[dict[str, Any]], moment: datetime
) -> Obliged:
    due_at = report.due_at(period)
    in_force = [row for row in filed if row["state"] == State.ACCEPTED]
    stand, received_at = Stand.MISSING, None
    if covers(in_force, period):
        received_at = met_at([row for row in filed if row["state"] in MET_BY], period)
        stand = Stand.LATE if received_at > due_at else Stand.CURRENT
    elif in_force:
        stand = Stand.PARTIAL
    elif filed and filed[-1]["state"] != State.WITHDRAWN:
        stand = Stand.RECEIVED if filed[-1]["state"] == State.RECEIVED else Stand.REJECTED
    if stand not in MET and due_at > moment:
        stand = Stand.NOT_DUE
    last = filed[-1] if filed else None
    return Obliged(
        exchange,
        report.name,
        period,
        due_at,
        stand,
        stand in MET and not any(row["row_count"] for row in in_force),
        received_at or (last["received_at"] if last else None),
        (in_force[-1] if in_force else last or {"id": None})["id"],
    )


def unmet_obligations(store: Store, scope: Scope, exchange: str, month: str, moment: datetime) -> pd.DataFrame:
    """The obligations of one exchange and month that were not met in time, as they fell due; `delay` of late ones.

    `submission` is what was filed for it, if anything.
    """
    begin = records_begin(store)
    choice = months_as_days((exchange,), (month,))
    exchanges = scope.visible(choice.exchanges)
    found = [] if begin is None else obligations_of(filed_for(store, scope, choice), exchanges, choice, begin, moment)
    rows = [
        {
            "state": one.stand.value,
            "exchange": one.exchange,
            "report": one.report,
            "period": one.period.text,
            "due_at": one.due_at,
            "received_at": one.received_at,
            "delay": one.received_at - one.due_at if one.stand is Stand.LATE and one.received_at else None,
            "submission": one.submission,
        }
        for one in found
        if one.stand not in (Stand.CURRENT, Stand.NOT_DUE)
    ]
    return frame_of(sorted(rows, key=lambda row: (row["due_at"], row["report"])), UNMET_COLUMNS)

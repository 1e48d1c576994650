"""How the obligations of the chosen days were met: in time, late, or not at all (specification, 2.8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.obligations.outcomes import is_recorded, records_begin
from app.obligations.status import covers, met_at
from app.queries.choice import Choice, rows_of
from app.scope import Scope
from etl.calendar import OBLIGATIONS_BEGIN
from etl.records.tables import submissions
from etl.store import Store
from expectations.catalogue import all_reports
from expectations.vocabulary import Cadence, Period, Report, State


@dataclass(frozen=True, slots=True)
class Punctuality:
    """How many of one exchange's periods of one report were late, and how many are missing."""

    late: int
    missing: int


def punctuality(store: Store, scope: Scope, choice: Choice, moment: datetime) -> dict[tuple[str, str], Punctuality]:
    """Obligations of the chosen days that have fallen due, by exchange and report; a part of a day is missing.

    What was due before there were records is neither late nor missing.
    """
    filed, begin = _ever_accepted(store, scope, choice), records_begin(store)
    found = {}
    for report in all_reports().values():
        due = [
            period
            for period in _periods(report, choice)
            if begin is not None and is_recorded(report, period, begin) and report.due_at(period) <= moment
        ]
        for exchange in scope.visible(choice.exchanges):
            stands = [_stand(report, period, filed[exchange, report.name, period.first_day]) for period in due]
            found[exchange, report.name] = Punctuality(stands.count("late"), stands.count("missing"))
    return found


def _periods(report: Report, choice: Choice) -> Iterator[Period]:
    """The periods of a report that begin on the chosen days, since there are obligations."""
    for day in choice.days:
        if day >= OBLIGATIONS_BEGIN and report.cadence is not Cadence.MONTH:
            yield Period.of_day(day)
        elif day >= OBLIGATIONS_BEGIN and day.day == 1:
            yield Period.parse(f"{day:%Y-%m}")


def _ever_accepted(store: Store, scope: Scope, choice: Choice) -> dict[Any, list[dict[str, Any]]]:
    """What was accepted, also where it was corrected since, by exchange, report and first KST day, as received."""
    table = submissions.c
    statement = (
        select(
            table.exchange,
            table.report,
            table.period,
            table.period_start,
            table.period_end,
            table.received_at,
            table.state,
        )
        .where(
            table.exchange.in_(scope.visible(choice.exchanges)),
            table.state.in_((State.ACCEPTED, State.SUPERSEDED)),
            table.period_start >= Period.of_day(choice.first_day).start,
            table.period_start < Period.of_day(choice.last_day).end,
        )
        .order_by(table.received_at)
    )
    filed: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(store, statement):
        filed[row["exchange"], row["report"], Period.parse(row["period"]).first_day].append(row)
    return filed


def _stand(report: Report, period: Period, filed: Sequence[dict[str, Any]]) -> str:
    if not covers([row for row in filed if row["state"] == State.ACCEPTED], period):
        return "missing"
    return "late" if met_at(filed, period) > report.due_at(period) else "met"

"""Where each exchange stands with each report: what was due last, and what came of it (specification, 2.8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, or_, select

from app.moments import kst_day
from app.obligations.drafted import drafted
from app.queries.choice import rows_of
from app.scope import Scope
from etl.calendar import OBLIGATIONS_BEGIN
from etl.records.tables import submissions
from etl.store import Store
from expectations.catalogue import all_reports
from expectations.vocabulary import Cadence, Period, Report, State


class Stand(StrEnum):
    """What came of the period that was due last."""

    MISSING = "missing"
    DRAFT = "draft"
    """Missing, but its exchange has checked a file for it and not submitted it; told to that exchange alone."""
    REJECTED = "rejected"
    PARTIAL = "partial"
    RECEIVED = "received"
    LATE = "late"
    CURRENT = "current"
    NIL = "nil"
    NOT_DUE = "not_due"
    UNRECORDED = "unrecorded"
    """It was due before there were records, so nothing is known of it (`obliged`)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One exchange's latest due period of one report.

    `received_at` is of the first file that was accepted for it, or of the last one where none was.
    """

    exchange: str
    report: str
    period: str
    first_day: date
    last_day: date
    due_at: datetime
    stand: Stand
    received_at: datetime | None = None


def latest_due_period(report: Report, moment: datetime) -> Period:
    """The newest period of `report` whose due time has come."""
    day = kst_day(moment)
    while True:
        text = f"{day:%Y-%m}" if report.cadence is Cadence.MONTH else day.isoformat()
        period = Period.parse(text)
        if report.due_at(period) <= moment:
            return period
        day = period.first_day - timedelta(days=1)


def report_standing(store: Store, scope: Scope, exchanges: tuple[str, ...], moment: datetime) -> tuple[Standing, ...]:
    """Every chosen exchange with every report, in the order of the exchanges and the reports."""
    due = {name: latest_due_period(report, moment) for name, report in all_reports().items()}
    filed = _filed(store, scope, exchanges, due, moment)
    drafts = drafted(store, scope, moment)
    every = (
        _standing(exchange, report, due[report.name], filed[exchange, report.name])
        for exchange in scope.visible(exchanges)
        for report in all_reports().values()
    )
    return tuple(
        replace(one, stand=Stand.DRAFT)
        if one.stand is Stand.MISSING and drafts.is_drafted(one.exchange, one.report, due[one.report])
        else one
        for one in every
    )


def _filed(
    store: Store, scope: Scope, exchanges: tuple[str, ...], due: dict[str, Period], moment: datetime
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The submissions for the periods that were due last."""
    table = submissions.c
    touches = [
        and_(table.report == name, table.period_start < period.end, table.period_end > period.start)
        for name, period in due.items()
    ]
    columns = ("exchange", "report", "period_start", "period_end", "state", "row_count", "received_at")
    statement = (
        select(*(table[name] for name in columns))
        .where(table.exchange.in_(scope.visible(exchanges)), table.received_at <= moment, or_(*touches))
        .order_by(table.received_at)
    )
    filed: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(store, statement):
        filed[row["exchange"], row["report"]].append(row)
    return filed


def _standing(exchange: str, report: Report, period: Period, filed: Sequence[dict[str, Any]]) -> Standing:
    due_at = report.due_at(period)
    in_force = [row for row in filed if row["state"] == State.ACCEPTED]
    ever = [row for row in filed if row["state"] in (State.ACCEPTED, State.SUPERSEDED)]
    return Standing(
        exchange=exchange,
        report=report.name,
        period=period.text,
        first_day=period.first_day,
        last_day=kst_day(period.end - timedelta(milliseconds=1)),
        due_at=due_at,
        stand=_stand(period, due_at, filed, in_force, ever),
        received_at=(ever or filed[-1:])[0]["received_at"] if filed else None,
    )


def _stand(
    period: Period,
    due_at: datetime,
    filed: Sequence[dict[str, Any]],
    in_force: Sequence[dict[str, Any]],
    ever: Sequence[dict[str, Any]],
) -> Stand:
    if period.first_day < OBLIGATIONS_BEGIN and not filed:
        return Stand.NOT_DUE
    if in_force and not covers(in_force, period):
        return Stand.PARTIAL
    if in_force:
        if met_at(ever, period) > due_at:
            return Stand.LATE
        return Stand.NIL if not any(row["row_count"] for row in in_force) else Stand.CURRENT
    if not filed or filed[-1]["state"] == State.WITHDRAWN:
        return Stand.MISSING
    return Stand.RECEIVED if filed[-1]["state"] == State.RECEIVED else Stand.REJECTED


def covers(filed: Sequence[dict[str, Any]], period: Period) -> bool:
    """True where the files leave no moment of the period out."""
    reached = period.start
    for row in sorted(filed, key=lambda row: row["period_start"]):
        if row["period_start"] > reached:
            return False
        reached = max(reached, row["period_end"])
    return bool(reached >= period.end)


def met_at(ever: Sequence[dict[str, Any]], period: Period) -> datetime:
    """When the first accepted files had covered the period; `ever` is in order of receipt."""
    for count in range(1, len(ever) + 1):
        if covers(ever[:count], period):
            break
    met: datetime = ever[count - 1]["received_at"]
    return met

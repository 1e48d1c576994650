"""The calendar of reconciliation: each exchange's days, or weeks, with their worst state and the missing slots.

A day without figures says why: nothing came, what came was refused, it declared nothing, or it is not due yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import pandas as pd
from sqlalchemy import select

from app.amounts import ratio
from app.frames import frame_of, records_of
from app.moments import kst_day
from app.obligations.outcomes import first_recorded_day
from app.queries.choice import Choice, rows_of
from app.queries.spans import spans_of
from app.reconciliation.days import reconciled_days
from app.scope import Scope
from etl.calendar import OBLIGATIONS_BEGIN
from etl.records.engine import reading
from etl.records.tables import findings, submissions
from etl.store import Store
from expectations.catalogue import report as report_of
from expectations.vocabulary import Period, State

_REPORT = "reconciliation"
_MISSED = "REC-002"
_SUMS = ("covered_slot_count", "expected_slot_count", "missing_slot_count", "mismatch_count")
CELL_COLUMNS = (
    "exchange",
    "first_day",
    "last_day",
    "grade",
    "worst_day",
    "filed_day_count",
    "unfiled_day_count",
    *_SUMS,
    "coverage",
    "worst_krw",
    "worst_ratio",
    "worst_multiple",
    "submission",
)


class DayGrade(StrEnum):
    """How a day of reconciliation went, the gravest first."""

    GRAVE = "grave"
    """A shortfall reached the limit of REC-004 that was in force."""
    SHORTFALL = "shortfall"
    """A wallet held less than the ledger (REC-003)."""
    REFUSED = "refused"
    ABSENT = "absent"
    """Due, and nothing came."""
    GAPS = "gaps"
    """Slots without a check (REC-002)."""
    COMPLETE = "complete"
    NIL = "nil"
    WAITING = "waiting"
    """Received and not judged yet, not due yet, or before the records begin."""


def reconciliation_calendar(store: Store, scope: Scope, choice: Choice, moment: datetime) -> pd.DataFrame:
    """One row per exchange and day, or week of a long period (`spans_of`), whether or not it was filed.

    `grade` is the worst of the days and `worst_day` the day that has it, the one with the most slots missing of
    several. `submission`: what came for a day without figures.
    """
    exchanges = scope.visible(choice.exchanges)
    filed = {(row["exchange"], row["day"]): row for row in records_of(reconciled_days(store, scope, choice, moment))}
    unfiled = _without_figures(store, scope, choice)
    begin = max(first_recorded_day(store, scope) or OBLIGATIONS_BEGIN, OBLIGATIONS_BEGIN)
    days = {
        (exchange, day): _filed_day(filed[exchange, day])
        if (exchange, day) in filed
        else _unfiled_day(exchange, day, unfiled.get((exchange, day)), begin, moment)
        for exchange in exchanges
        for day in choice.days
    }
    cells = [
        _together([days[exchange, span.first_day + timedelta(n)] for n in range(span.day_count)])
        for exchange in exchanges
        for span in spans_of(choice)
    ]
    return frame_of(cells, CELL_COLUMNS)


def _filed_day(row: Mapping[Any, Any]) -> dict[str, Any]:
    grade = DayGrade.GAPS if row["missing_slot_count"] else DayGrade.COMPLETE
    if row["worst_krw"] is not None:
        grade = DayGrade.GRAVE if row["is_grave"] else DayGrade.SHORTFALL
    return {
        **row,
        **dict.fromkeys(("first_day", "last_day", "worst_day"), row["day"]),
        "grade": grade,
        "filed_day_count": 1,
        "unfiled_day_count": 0,
        "submission": None,
    }


def _unfiled_day(
    exchange: str, day: date, came: Mapping[Any, Any] | None, begin: date, moment: datetime
) -> dict[str, Any]:
    grade = DayGrade.ABSENT
    if came is not None:
        grade = _CAME.get(came["state"], DayGrade.ABSENT)
    elif day < begin or report_of(_REPORT).due_at(Period.of_day(day)) > moment:
        grade = DayGrade.WAITING
    return {
        "exchange": exchange,
        **dict.fromkeys(("first_day", "last_day", "worst_day"), day),
        "grade": grade,
        "filed_day_count": int(grade is DayGrade.NIL),
        "unfiled_day_count": int(grade in (DayGrade.ABSENT, DayGrade.REFUSED)),
        **dict.fromkeys(_SUMS, 0),
        **dict.fromkeys(("coverage", "worst_krw", "worst_ratio", "worst_multiple")),
        "submission": None if came is None else came["id"],
    }


_CAME = {State.REJECTED: DayGrade.REFUSED, State.RECEIVED: DayGrade.WAITING, State.ACCEPTED: DayGrade.NIL}


def _without_figures(store: Store, scope: Scope, choice: Choice) -> dict[tuple[str, date], dict[str, Any]]:
    """What came last for each day and published no row."""
    c = submissions.c
    statement = (
        select(c.id, c.exchange, c.period_start, c.state)
        .where(
            c.report == _REPORT,
            c.exchange.in_(scope.visible(choice.exchanges)),
            c.period_start < Period.of_day(choice.last_day).end,
            c.period_end > Period.of_day(choice.first_day).start,
            (c.state != State.ACCEPTED) | (c.row_count == 0),
        )
        .order_by(c.received_at)
    )
    return {(row["exchange"], kst_day(row["period_start"])): row for row in rows_of(store, statement)}


_GRAVITY = {grade: place for place, grade in enumerate(DayGrade)}


def _together(days: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Days of one exchange as one cell."""
    if len(days) == 1:
        return days[0]
    worst = min(days, key=lambda day: (_GRAVITY[day["grade"]], -day["missing_slot_count"], day["first_day"]))
    sums = {name: sum(day[name] for day in days) for name in (*_SUMS, "filed_day_count", "unfiled_day_count")}
    largest = ("worst_krw", "worst_ratio", "worst_multiple")
    return {
        **worst,
        "first_day": days[0]["first_day"],
        "last_day": days[-1]["last_day"],
        **sums,
        "coverage": ratio(sums["covered_slot_count"], sums["expected_slot_count"]),
        **{name: max((day[name] for day in days if day[name] is not None), default=None) for name in largest},
    }


def longest_gap(store: Store, scope: Scope, choice: Choice) -> dict[str, Any] | None:
    """The longest run of slots without a check that stands (REC-002): exchange, asset, start and end; None without."""
    c = findings.c
    statement = (
        select(c.exchange, c.subject.label("asset"), c.start, c.end)
        .join(submissions, submissions.c.id == c.submission)
        .where(
            c.rule == _MISSED,
            c.lifted_at.is_(None),
            submissions.c.state == State.ACCEPTED,
            c.exchange.in_(scope.visible(choice.exchanges)),
            submissions.c.period_start < Period.of_day(choice.last_day).end,
            submissions.c.period_end > Period.of_day(choice.first_day).start,
        )
        .order_by((c.end - c.start).desc(), c.start.desc(), c.id)
        .limit(1)
    )
    with reading(store.engine) as connection:
        row = connection.execute(statement).mappings().first()
    return None if row is None else dict(row)

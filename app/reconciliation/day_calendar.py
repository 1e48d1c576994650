"""The calendar of reconciliation: each exchange's days, or weeks, with their worst state and the missing slots.

A day without figures says why: nothing came, what came was refused, it declared nothing, or it is not due yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import select

from app.amounts import ratio
from app.columns import BasisPoints, Count, Day, ExchangeId, Instant, Multiple, Percent, Text, Won
from app.moments import kst_day
from app.obligations.outcomes import first_recorded_day
from app.queries.choice import Choice, rows_of
from app.queries.spans import spans_of
from app.reconciliation.days import ReconciledAsset, ReconciledDay, reconciled_days
from app.scope import Scope
from etl.calendar import OBLIGATIONS_BEGIN
from etl.records.engine import reading
from etl.records.tables import findings, submissions
from etl.store import Store
from expectations.catalogue import report as report_of
from expectations.vocabulary import Period, State

_REPORT = "reconciliation"
_MISSED = "REC-002"


class DayGrade(StrEnum):
    """How a day of reconciliation went, the gravest first."""

    GRAVE = "grave"
    """A shortfall reached the limit without a halt in time: a finding of REC-004."""
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


@dataclass(frozen=True, slots=True)
class CalendarCell:
    """One exchange's day, or week of a long period: `grade` (a `DayGrade`) is the worst of its days, on `worst_day`.

    Counts are added up over the days that were filed; each largest shortfall is that by itself, None without any.
    `submission` is what came for a day without figures.
    """

    exchange: ExchangeId
    first_day: Day
    last_day: Day
    grade: Text
    worst_day: Day
    filed_day_count: Count
    unfiled_day_count: Count
    covered_slot_count: Count
    expected_slot_count: Count
    missing_slot_count: Count
    mismatch_count: Count
    coverage: Percent | None
    worst_krw: Won | None
    worst_ratio: BasisPoints | None
    worst_multiple: Multiple | None
    submission: str | None


def calendar_cells(store: Store, scope: Scope, choice: Choice, moment: datetime) -> tuple[CalendarCell, ...]:
    """One cell per exchange and day, or week of a long period (`spans_of`), whether or not it was filed.

    Of several days that are worst alike, `worst_day` is the one with the most slots missing.
    """
    exchanges = scope.visible(choice.exchanges)
    filed = {(row.exchange, row.day): row for row in reconciled_days(store, scope, choice, moment)}
    unfiled = _without_figures(store, scope, choice)
    begin = max(first_recorded_day(store, scope) or OBLIGATIONS_BEGIN, OBLIGATIONS_BEGIN)
    days = {
        (exchange, day): _filed_day(filed[exchange, day])
        if (exchange, day) in filed
        else _unfiled_day(exchange, day, unfiled.get((exchange, day)), begin, moment)
        for exchange in exchanges
        for day in choice.days
    }
    return tuple(
        _together([days[exchange, span.first_day + timedelta(n)] for n in range(span.day_count)])
        for exchange in exchanges
        for span in spans_of(choice)
    )


def grade_of(row: ReconciledDay | ReconciledAsset) -> DayGrade:
    """How a day that was filed went, of an exchange or of one of its assets."""
    if row.is_unhalted:
        return DayGrade.GRAVE
    if row.worst_krw is not None:
        return DayGrade.SHORTFALL
    return DayGrade.GAPS if row.missing_slot_count else DayGrade.COMPLETE


def _filed_day(row: ReconciledDay) -> CalendarCell:
    return CalendarCell(
        exchange=row.exchange,
        first_day=row.day,
        last_day=row.day,
        grade=grade_of(row),
        worst_day=row.day,
        filed_day_count=1,
        unfiled_day_count=0,
        covered_slot_count=row.covered_slot_count,
        expected_slot_count=row.expected_slot_count,
        missing_slot_count=row.missing_slot_count,
        mismatch_count=row.mismatch_count,
        coverage=row.coverage,
        worst_krw=row.worst_krw,
        worst_ratio=row.worst_ratio,
        worst_multiple=row.worst_multiple,
        submission=None,
    )


def _unfiled_day(exchange: str, day: date, came: _Came | None, begin: date, moment: datetime) -> CalendarCell:
    grade = DayGrade.ABSENT
    if came is not None:
        grade = _GRADES.get(came.state, DayGrade.ABSENT)
    elif day < begin or report_of(_REPORT).due_at(Period.of_day(day)) > moment:
        grade = DayGrade.WAITING
    return CalendarCell(
        exchange=exchange,
        first_day=day,
        last_day=day,
        grade=grade,
        worst_day=day,
        filed_day_count=int(grade is DayGrade.NIL),
        unfiled_day_count=int(grade in (DayGrade.ABSENT, DayGrade.REFUSED)),
        covered_slot_count=0,
        expected_slot_count=0,
        missing_slot_count=0,
        mismatch_count=0,
        coverage=None,
        worst_krw=None,
        worst_ratio=None,
        worst_multiple=None,
        submission=None if came is None else came.submission,
    )


_GRADES = {
    State.REJECTED: DayGrade.REFUSED,
    State.RECEIVED: DayGrade.WAITING,
    State.FAILED: DayGrade.WAITING,
    State.ACCEPTED: DayGrade.NIL,
}


@dataclass(frozen=True, slots=True)
class _Came:
    """A submission that published no row."""

    submission: str
    state: State


def _without_figures(store: Store, scope: Scope, choice: Choice) -> dict[tuple[str, date], _Came]:
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
    return {
        (row["exchange"], kst_day(row["period_start"])): _Came(row["id"], State(row["state"]))
        for row in rows_of(store, statement)
    }


_GRAVITY: dict[str, int] = {grade: place for place, grade in enumerate(DayGrade)}


def _together(days: Sequence[CalendarCell]) -> CalendarCell:
    """Days of one exchange as one cell."""
    if len(days) == 1:
        return days[0]
    worst = min(days, key=lambda day: (_GRAVITY[day.grade], -day.missing_slot_count, day.first_day))
    covered, expected = (sum(getattr(day, f"{name}_slot_count") for day in days) for name in ("covered", "expected"))
    return replace(
        worst,
        first_day=days[0].first_day,
        last_day=days[-1].last_day,
        filed_day_count=sum(day.filed_day_count for day in days),
        unfiled_day_count=sum(day.unfiled_day_count for day in days),
        covered_slot_count=covered,
        expected_slot_count=expected,
        missing_slot_count=sum(day.missing_slot_count for day in days),
        mismatch_count=sum(day.mismatch_count for day in days),
        coverage=ratio(covered, expected),
        worst_krw=_largest([day.worst_krw for day in days]),
        worst_ratio=_largest([day.worst_ratio for day in days]),
        worst_multiple=_largest([day.worst_multiple for day in days]),
    )


def _largest(amounts: Sequence[Decimal | None]) -> Decimal | None:
    return max((amount for amount in amounts if amount is not None), default=None)


@dataclass(frozen=True, slots=True)
class SlotGap:
    """A run of slots of one asset without a check, as REC-002 found it."""

    exchange: ExchangeId
    asset: Text
    start: Instant
    end: Instant


def longest_gap(store: Store, scope: Scope, choice: Choice) -> SlotGap | None:
    """The longest run of slots without a check that REC-002 found of the chosen days and that holds; None without."""
    c = findings.c
    statement = (
        select(c.exchange, c.subject, c.start, c.end)
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
        row = connection.execute(statement).first()
    return None if row is None else SlotGap(*row)

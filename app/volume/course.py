"""API share over time: the points of each exchange and of all of them together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from app.columns import Count, Day, ExchangeId
from app.moments import kst_day
from app.queries.choice import Choice, rows_of
from app.queries.spans import spans_of
from app.scope import Scope
from app.volume.shares import Measure, Trading, Volume, total_of, trading_by_day, volume_of
from etl.records.tables import submissions
from etl.store import Store
from expectations.vocabulary import Period, State


@dataclass(frozen=True, slots=True)
class CoursePoint(Volume):
    """One exchange's day or week, of which `filed_day_count` days were filed with rows."""

    exchange: ExchangeId
    first_day: Day
    last_day: Day
    day_count: Count
    filed_day_count: Count


@dataclass(frozen=True, slots=True)
class TogetherPoint(Volume):
    """A day or week of all chosen exchanges together; its sums lack days of the `missing` ones."""

    first_day: Day
    last_day: Day
    day_count: Count
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VolumeCourse:
    """The points of a period, by time: of each exchange where it filed anything, and of all chosen ones together."""

    by_exchange: tuple[CoursePoint, ...]
    together: tuple[TogetherPoint, ...]


def volume_course(store: Store, scope: Scope, choice: Choice, measure: Measure = Measure.VALUE) -> VolumeCourse:
    """API share by day, or by week where the period is long; sums first, then shares."""
    filed = trading_by_day(store, scope, choice)
    nil = _nil_days(store, scope, choice)
    own: list[CoursePoint] = []
    together: list[TogetherPoint] = []
    for span in spans_of(choice):
        edges = {"first_day": span.first_day, "last_day": span.last_day, "day_count": span.day_count}
        missing: list[str] = []
        all_rows: list[Trading] = []
        for exchange in scope.visible(choice.exchanges):
            rows = [filed[exchange, day] for day in span.days if (exchange, day) in filed]
            all_rows += rows
            if len(rows) + sum((exchange, day) in nil for day in span.days) < span.day_count:
                missing.append(exchange)
            if rows:
                about = {**edges, "exchange": exchange, "filed_day_count": len(rows)}
                own.append(volume_of(CoursePoint, total_of(rows), measure, **about))
        if all_rows:
            total = total_of(all_rows)
            together.append(volume_of(TogetherPoint, total, measure, **edges, missing=tuple(missing)))
    return VolumeCourse(tuple(own), tuple(together))


def _nil_days(store: Store, scope: Scope, choice: Choice) -> set[tuple[str, date]]:
    """The exchanges and days for which it was filed that nothing was traded."""
    table = submissions.c
    statement = select(table.exchange, table.period_start).where(
        table.report == "api_volume",
        table.state == State.ACCEPTED,
        table.row_count == 0,
        table.exchange.in_(scope.visible(choice.exchanges)),
        table.period_start >= Period.of_day(choice.first_day).start,
        table.period_start < Period.of_day(choice.last_day).end,
    )
    return {(row["exchange"], kst_day(row["period_start"])) for row in rows_of(store, statement)}

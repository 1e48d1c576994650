"""API share over time and compared: the course of each exchange and of all together, and their ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import select

from app.amounts import exact_sum, ratio
from app.frames import frame_of
from app.moments import kst_day
from app.queries.choice import Choice, chosen_figures, rows_of
from app.queries.spans import Span, spans_of
from app.scope import Scope
from app.volume.shares import RATIOS, SUMS, Measure, ratios_of, totals_of
from etl.records.tables import submissions, volume_days
from etl.store import Store
from expectations.vocabulary import Period, State

_WEEK = timedelta(days=7)
COURSE_COLUMNS = ("exchange", "first_day", "last_day", "day_count", "filed_day_count", *SUMS, *RATIOS)
TOGETHER_COLUMNS = ("first_day", "last_day", "missing", *SUMS, *RATIOS)
RANKING_COLUMNS = (
    "exchange",
    *RATIOS,
    "change",
    "week_change",
    "trend",
    *SUMS,
    "filed_day_count",
    "before_day_count",
    "day_count",
    "turnover_share",
    "api_turnover_share",
)

_Filed = Mapping[tuple[str, date], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class VolumeCourse:
    """The points of a period: of each exchange where it filed anything, and of all chosen ones together.

    A point of all together names in `missing` the exchanges that left out a day of it: its share lacks theirs.
    """

    by_exchange: pd.DataFrame
    together: pd.DataFrame


def volume_course(store: Store, scope: Scope, choice: Choice, measure: Measure = Measure.VALUE) -> VolumeCourse:
    """API share by day, or by week where the period is long; sums first, then shares."""
    filed = _filed(store, scope, choice)
    nil = _nil_days(store, scope, choice)
    own, together = [], []
    for span in spans_of(choice):
        days = _days(span)
        missing, all_rows = [], []
        for exchange in scope.visible(choice.exchanges):
            rows = [filed[exchange, day] for day in days if (exchange, day) in filed]
            all_rows += rows
            if len(rows) + sum((exchange, day) in nil for day in days) < len(days):
                missing.append(exchange)
            if rows:
                own.append({"exchange": exchange, **_point(span, measure, rows), "filed_day_count": len(rows)})
        if all_rows:
            together.append({**_point(span, measure, all_rows), "missing": tuple(missing)})
    return VolumeCourse(frame_of(own, COURSE_COLUMNS), frame_of(together, TOGETHER_COLUMNS))


def _point(span: Span, measure: Measure, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    totals = totals_of(rows)
    edges = {"first_day": span.first_day, "last_day": span.last_day, "day_count": span.day_count}
    return {**edges, **totals, **ratios_of(totals, measure)}


@dataclass(frozen=True, slots=True)
class VolumeRanking:
    """The exchanges of a period compared, and the same of all together."""

    by_exchange: pd.DataFrame
    together: Mapping[str, Any]


def volume_ranking(store: Store, scope: Scope, choice: Choice, measure: Measure = Measure.VALUE) -> VolumeRanking:
    """One row per exchange, the highest share first; one that filed nothing comes last, with nothing but its name.

    `change`: against the preceding period of equal length; `week_change`: the last seven days against the seven
    before. None where either side has less than half of its days (`is_comparable`); of all together, where that is so
    of any exchange that filed. `turnover_share` is of the value of all together.
    """
    length = timedelta(days=len(choice.days))
    reach = Choice(choice.exchanges, choice.first_day - max(length, 2 * _WEEK), choice.last_day)
    filed = _filed(store, scope, reach)
    exchanges = scope.visible(choice.exchanges)
    rows = [_ranked(filed, (exchange,), choice, measure) for exchange in exchanges]
    together = _ranked(filed, exchanges, choice, measure)
    for row in rows:
        has_filed = row["filed_day_count"] > 0
        row["turnover_share"] = ratio(row["trade_value_krw"], together["trade_value_krw"]) if has_filed else None
        row["api_turnover_share"] = (
            ratio(row["api_trade_value_krw"], together["api_trade_value_krw"]) if has_filed else None
        )
    rows.sort(key=lambda row: (row["share"] is None, -(row["share"] or 0)))
    return VolumeRanking(frame_of(rows, RANKING_COLUMNS), together)


def _ranked(filed: _Filed, exchanges: Sequence[str], choice: Choice, measure: Measure) -> dict[str, Any]:
    """What is compared of one exchange, or of several together."""
    own = Span(choice.first_day, choice.last_day)
    before = Span(own.first_day - timedelta(own.day_count), own.first_day - timedelta(1))
    week = Span(choice.last_day - _WEEK + timedelta(1), choice.last_day)
    week_before = Span(week.first_day - _WEEK, week.last_day - _WEEK)
    totals = totals_of(_rows(filed, exchanges, own))
    parts = [_rows(filed, exchanges, span) for span in spans_of(choice)]
    shares = [ratios_of(totals_of(rows), measure)["share"] if rows else None for rows in parts]
    return {
        "exchange": exchanges[0] if len(exchanges) == 1 else "",
        **totals,
        **ratios_of(totals, measure),
        "change": _change(filed, exchanges, own, before, measure),
        "week_change": _change(filed, exchanges, week, week_before, measure),
        "trend": [None if share is None else float(share * 100) for share in shares],
        "filed_day_count": len(_rows(filed, exchanges, own)),
        "before_day_count": len(_rows(filed, exchanges, before)),
        "day_count": own.day_count,
    }


def is_comparable(filed_day_count: int, day_count: int) -> bool:
    """True where at least half of the days were filed: fewer may be other days of the week, or one odd day."""
    return filed_day_count > 0 and 2 * filed_day_count >= day_count


def concentration(ranking: pd.DataFrame, column: str) -> Decimal | None:
    """Herfindahl-Hirschman index of the shares in a column of the ranking, from 0 to 10,000; none without turnover."""
    shares = [share for share in ranking[column] if share is not None]
    return exact_sum((100 * share) ** 2 for share in shares) if shares else None


def _filed(store: Store, scope: Scope, choice: Choice) -> _Filed:
    names = ("exchange", "day", *SUMS)
    statement = chosen_figures(volume_days, scope, choice, *(volume_days.c[name] for name in names))
    return {(row["exchange"], row["day"]): row for row in rows_of(store, statement)}


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


def _days(span: Span) -> list[date]:
    return [span.first_day + timedelta(number) for number in range(span.day_count)]


def _rows(filed: _Filed, exchanges: Sequence[str], span: Span) -> list[dict[str, Any]]:
    return [filed[exchange, day] for exchange in exchanges for day in _days(span) if (exchange, day) in filed]


def _change(filed: _Filed, exchanges: Sequence[str], now: Span, before: Span, measure: Measure) -> Decimal | None:
    """The difference of two shares; none where one side lacks too many days of an exchange that filed in either."""
    counts = [[len(_rows(filed, (exchange,), span)) for span in (now, before)] for exchange in exchanges]
    if not all(is_comparable(count, now.day_count) for pair in counts if any(pair) for count in pair):
        return None
    then, earlier = (ratios_of(totals_of(_rows(filed, exchanges, span)), measure)["share"] for span in (now, before))
    return None if then is None or earlier is None else then - earlier

"""Indicators of abnormal trading, to be reviewed: each exchange and pattern against its own past.

A day that was filed without a pattern counts as a day with no alert of it; a day that was not filed counts as none.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from app.amounts import ratio
from app.frames import frame_of
from app.queries.choice import Choice, chosen_figures, rows_of
from app.queries.spans import Span, spans_of
from app.rules.book import parameter
from app.scope import Scope
from app.surveillance.sums import PATTERNS, VALUES, filed_days, pattern_sums
from etl.records.tables import surveillance_days, volume_days
from etl.store import Store

PAST_DAYS = 90
"""How far back a day is compared with its own past; as many of these days as were filed."""
RECENT_DAYS = 30
"""The days among which the days far above are counted."""
PERSISTENT_DAYS = 3
"""So many of the recent days make it persistent (in the spirit of SEBI's three days of thirty)."""
LEAST_ALERTS = 30
"""Fewest alerts of the past for a ratio: the median of fewer says more about chance than about trading."""
WEEKS = 26
"""The course beside each indicator: six months."""
MINIMUM_ORDERS = 100
"""Fewest API orders of a day, or week, for a share of them."""
_DAY = timedelta(days=1)
INDICATOR_COLUMNS = (
    *("pattern", "exchange", "review", "alert_count", "day_count", "day_median", "past_median", "past_day_count"),
    *("past_ratio", "rank", "rank_count", "above_day_count", "judged_day_count", "peak_count", "peak_day", "trend"),
    *("market_day_count", "case_count", "notified_count", "account_count", "key_count", *VALUES),
)
COURSE_COLUMNS = (
    *("exchange", "pattern", "first_day", "last_day", "alert_count", "day_count", "daily_alerts"),
    *("past_median", "past_day_count", "above_day_count", "small_order_share", "cancel_ratio", "api_order_count"),
)
_ORDERS = ("api_order_count", "api_cancel_count", "api_small_order_count")


@dataclass(frozen=True, slots=True)
class Past:
    """What a day is compared with: the median of the filed days before it, how many these are and their alerts."""

    median: Decimal | None
    day_count: int
    alerts: int


@dataclass(frozen=True, slots=True)
class _Series:
    """Alerts of one exchange and pattern by filed day, and the past of each."""

    alerts: Mapping[date, int]
    past: Mapping[date, Past]

    def is_above(self, day: date) -> bool | None:
        """True where a day is far above its own past; none where there is too little past, or no filing."""
        median = self.past[day].median if day in self.past else None
        if median is None:
            return None
        factor, floor, _ = thresholds(day)
        return self.alerts[day] >= floor and self.alerts[day] > factor * median


def indicators(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """Every pattern of every chosen exchange in the chosen days against its own past, one row each.

    `past_median` is of the filed days among the ninety before the period, `past_ratio` the median day of the period
    over it, `rank` its place among all exchanges that one may see and that have a ratio. `review`: `persistent`,
    `single` or `nothing` far above; `small` where no recent day has as many alerts as are looked at, and `too_few`
    where there are too few past days. `trend`: alerts per filed day, week by week.
    """
    everybody = scope.visible(())
    series = _series(store, scope, choice, everybody)
    rows = [_indicator(exchange, pattern, one, choice) for (exchange, pattern), one in series.items()]
    for row in rows:
        rivals = [r["past_ratio"] for r in rows if r["pattern"] == row["pattern"] and r["past_ratio"] is not None]
        row["rank_count"] = len(rivals)
        if row["past_ratio"] is not None:
            row["rank"] = 1 + sum(rival > row["past_ratio"] for rival in rivals)
    sums = pattern_sums(store, scope, choice)
    chosen = scope.visible(choice.exchanges)
    kept = [{**row, **sums[row["exchange"], row["pattern"]]} for row in rows if row["exchange"] in chosen]
    kept = [row for row in kept if row["day_count"]]
    kept.sort(key=lambda row: (PATTERNS.index(row["pattern"]), everybody.index(row["exchange"])))
    return frame_of(kept, INDICATOR_COLUMNS)


def _indicator(exchange: str, pattern: str, series: _Series, choice: Choice) -> dict[str, Any]:
    filed = [day for day in choice.days if day in series.alerts]
    past = _past(series.alerts, choice.first_day)
    median = _median(sorted(series.alerts[day] for day in filed))
    recent = [choice.last_day - number * _DAY for number in range(RECENT_DAYS)]
    judged = {day: is_above for day in recent if (is_above := series.is_above(day)) is not None}
    above = sum(judged.values())
    is_small = all(series.alerts[day] < thresholds(day)[1] for day in judged)
    peak = max(filed, key=lambda day: series.alerts[day], default=None)
    return {
        "exchange": exchange,
        "pattern": pattern,
        "day_count": len(filed),
        "day_median": median,
        "past_median": past.median,
        "past_day_count": past.day_count,
        "past_ratio": ratio(median, past.median) if median and past.median and past.alerts >= LEAST_ALERTS else None,
        "rank": None,
        "above_day_count": above if judged and not is_small else None,
        "judged_day_count": len(judged),
        "review": "too_few" if not judged else "small" if is_small else _review(above),
        "peak_count": series.alerts[peak] if peak else None,
        "peak_day": peak,
        "trend": _weekly(series.alerts, choice.last_day),
    }


def _review(above: int) -> str:
    if above >= PERSISTENT_DAYS:
        return "persistent"
    return "single" if above else "nothing"


def _weekly(alerts: Mapping[date, int], last_day: date) -> list[float | None]:
    """Alerts per filed day of each of the last weeks, the oldest first; nothing before the first week that was filed.

    A week without a filing is a gap.
    """
    weeks: list[float | None] = []
    for week in range(WEEKS, 0, -1):
        days = [last_day - (7 * week - 1 - number) * _DAY for number in range(7)]
        found = [alerts[day] for day in days if day in alerts]
        weeks.append(sum(found) / len(found) if found else None)
    first = next((place for place, value in enumerate(weeks) if value is not None), WEEKS)
    return weeks[first:]


def pattern_course(store: Store, scope: Scope, choice: Choice, pattern: str) -> pd.DataFrame:
    """One pattern day by day, or week by week in a long period: alerts, the own past, the API orders around them.

    One row per chosen exchange and span with a day that was filed; `daily_alerts` per filed day, `past_median` of its
    first one, `above_day_count` of its days far above. `small_order_share`: API orders of at most 10,000 won among all
    API orders; `cancel_ratio`: API cancels per API order; none below a hundred orders.
    """
    exchanges = scope.visible(choice.exchanges)
    series = _series(store, scope, choice, exchanges, (pattern,))
    names = ("exchange", "day", *_ORDERS)
    statement = chosen_figures(volume_days, scope, choice, *(volume_days.c[name] for name in names))
    orders = {(row["exchange"], row["day"]): row for row in rows_of(store, statement)}
    rows = [
        {"exchange": exchange, "pattern": pattern, **_span(one, span, filed), **_around(orders, exchange, span)}
        for (exchange, _), one in series.items()
        for span in spans_of(choice)
        if (filed := [day for day in _days(span) if day in one.alerts])
    ]
    return frame_of(rows, COURSE_COLUMNS)


def _days(span: Span) -> list[date]:
    return [span.first_day + number * _DAY for number in range(span.day_count)]


def _span(series: _Series, span: Span, filed: Sequence[date]) -> dict[str, Any]:
    count, past = sum(series.alerts[day] for day in filed), series.past[filed[0]]
    judged = [is_above for day in filed if (is_above := series.is_above(day)) is not None]
    return {
        "first_day": span.first_day,
        "last_day": span.last_day,
        "alert_count": count,
        "day_count": len(filed),
        "daily_alerts": Decimal(count) / len(filed),
        "past_median": past.median,
        "past_day_count": past.day_count,
        "above_day_count": sum(judged) if judged else None,
    }


def _around(orders: Mapping[tuple[str, date], Mapping[str, Any]], exchange: str, span: Span) -> dict[str, Any]:
    """Shares of the API orders of a span, of the days whose API volume is accepted."""
    own = [row for day in _days(span) if (row := orders.get((exchange, day)))]
    total, cancelled, small = (sum(row[name] for row in own) for name in _ORDERS)
    enough = total if total >= MINIMUM_ORDERS else 0
    return {
        "small_order_share": ratio(small, enough),
        "cancel_ratio": ratio(cancelled, enough),
        "api_order_count": total if own else None,
    }


def _series(
    store: Store, scope: Scope, choice: Choice, exchanges: tuple[str, ...], patterns: Sequence[str] = PATTERNS
) -> dict[tuple[str, str], _Series]:
    """Alerts by filed day, as far back as the course and the past of the first day reach."""
    first = min(choice.first_day, choice.last_day - (7 * WEEKS - 1) * _DAY) - PAST_DAYS * _DAY
    window = Choice(exchanges, first, choice.last_day)
    table = surveillance_days.c
    statement = chosen_figures(
        surveillance_days, scope, window, table.exchange, table.pattern, table.day, table.alert_count
    )
    counted: dict[tuple[str, str], dict[date, int]] = defaultdict(dict)
    for row in rows_of(store, statement.where(table.pattern.in_(patterns))):
        counted[row["exchange"], row["pattern"]][row["day"]] = int(row["alert_count"])
    filed = filed_days(store, scope, window)
    found = {}
    for exchange in exchanges:
        for pattern in patterns:
            own = counted[exchange, pattern]
            alerts = {day: own.get(day, 0) for day in filed[exchange]}
            found[exchange, pattern] = _Series(alerts, pasts(alerts))
    return found


def pasts(alerts: Mapping[date, int]) -> dict[date, Past]:
    """The past of each day: the median of the filed days among the ninety before it, given enough of them."""
    window: deque[tuple[date, int]] = deque()
    ordered: list[int] = []
    found = {}
    for day, count in alerts.items():
        while window and window[0][0] < day - PAST_DAYS * _DAY:
            ordered.pop(bisect_left(ordered, window.popleft()[1]))
        found[day] = _of_ordered(ordered, day)
        window.append((day, count))
        insort(ordered, count)
    return found


def _past(alerts: Mapping[date, int], day: date) -> Past:
    before = sorted(count for one, count in alerts.items() if day - PAST_DAYS * _DAY <= one < day)
    return _of_ordered(before, day)


def _of_ordered(ordered: Sequence[int], day: date) -> Past:
    enough = len(ordered) >= parameter("history_minimum_days", day)
    return Past(_median(ordered) if enough else None, len(ordered), sum(ordered))


def _median(ordered: Sequence[int]) -> Decimal | None:
    if not ordered:
        return None
    middle = len(ordered) // 2
    return Decimal(ordered[middle]) if len(ordered) % 2 else Decimal(ordered[middle - 1] + ordered[middle]) / 2


def thresholds(day: date) -> tuple[int, int, int]:
    """By how many times its past a day must exceed it, the fewest alerts looked at, and the fewest days of past.

    The rule book's own (SUR-005, MODEL), as in force on a day, so that the screen and the rule never disagree on a day.
    """
    names = ("surveillance_factor", "surveillance_minimum_alerts", "history_minimum_days")
    factor, floor, fewest = (int(parameter(name, day)) for name in names)
    return factor, floor, fewest

"""One pattern over time at each exchange, with what else there was on these days: API orders and halts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from app.amounts import ratio
from app.columns import Amount, Count, Day, ExchangeId, Percent
from app.halts.events import halt_events
from app.moments import kst_day
from app.queries.choice import Choice
from app.queries.spans import Span, spans_of
from app.scope import Scope
from app.surveillance.history import PAST_DAYS, AlertHistory, alert_histories
from app.volume.shares import FEWEST_ORDERS, Trading, trading_by_day
from etl.store import Store
from expectations.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class PatternPoint:
    """One exchange's day or week of a pattern, of which `day_count` days were filed.

    `daily_alerts` is per filed day, `past_median` and `past_day_count` are of the first filed one's past;
    `finding_day_count` days have an open finding of SUR-005. `small_order_share` is API orders of at most 10,000 won
    among all API orders, `cancel_ratio` API cancels per API order; both None below a hundred orders.
    """

    exchange: ExchangeId
    pattern: str
    first_day: Day
    last_day: Day
    alert_count: int
    day_count: Count
    daily_alerts: Decimal
    past_median: Amount | None
    past_day_count: Count
    finding_day_count: Count
    small_order_share: Percent | None
    cancel_ratio: Percent | None
    api_order_count: int | None


def pattern_course(
    store: Store, scope: Scope, choice: Choice, pattern: str, thresholds: Thresholds
) -> tuple[PatternPoint, ...]:
    """One pattern by day, or by week in a long period: a record per chosen exchange and span with a day filed."""
    reach = Choice(choice.exchanges, choice.first_day - timedelta(PAST_DAYS), choice.last_day)
    histories = alert_histories(store, scope, reach, thresholds, (pattern,))
    traded = trading_by_day(store, scope, choice)
    return tuple(
        _point(exchange, pattern, history, span, filed, traded)
        for (exchange, _), history in histories.items()
        for span in spans_of(choice)
        if (filed := [day for day in span.days if day in history.alerts])
    )


def _point(
    exchange: str,
    pattern: str,
    history: AlertHistory,
    span: Span,
    filed: Sequence[date],
    traded: Mapping[tuple[str, date], Trading],
) -> PatternPoint:
    count, past = sum(history.alerts[day] for day in filed), history.past[filed[0]]
    beside = [one for day in span.days if (one := traded.get((exchange, day)))]
    orders = sum(one.api_order_count for one in beside)
    enough = orders if orders >= FEWEST_ORDERS else 0
    return PatternPoint(
        exchange=exchange,
        pattern=pattern,
        first_day=span.first_day,
        last_day=span.last_day,
        alert_count=count,
        day_count=len(filed),
        daily_alerts=Decimal(count) / len(filed),
        past_median=past.median,
        past_day_count=past.day_count,
        finding_day_count=len(history.with_finding(filed)),
        small_order_share=ratio(sum(one.api_small_order_count for one in beside), enough),
        cancel_ratio=ratio(sum(one.api_cancel_count for one in beside), enough),
        api_order_count=orders if beside else None,
    )


def halted_days(store: Store, scope: Scope, choice: Choice) -> dict[str, frozenset[date]]:
    """The chosen days on which each exchange began to halt something."""
    days: dict[str, set[date]] = defaultdict(set)
    for halt in halt_events(store, scope, choice):
        day = kst_day(halt.halted_at)
        if choice.first_day <= day <= choice.last_day:
            days[halt.exchange].add(day)
    return {exchange: frozenset(own) for exchange, own in days.items()}

"""Indicators of abnormal trading on the screen: tiles, and each pattern and exchange against its own past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.columns import Amount, Count, Day, ExchangeId, Text, Times, Trend, Won, columns_of, row_of
from app.rules.book import known_rule
from app.surveillance.history import FAR_ABOVE, PAST_DAYS
from app.surveillance.indicators import LEAST_ALERTS, PERSISTENT_DAYS, RECENT_DAYS, Indicator, Review
from app.surveillance.sums import PATTERNS, ExchangeStages
from app.widgets.address import pick
from app.widgets.header import note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.tiles import Tile, tile_row
from app.widgets.view import View, cached


@dataclass(frozen=True, slots=True)
class _IndicatorRow:
    """An indicator as the table shows it."""

    pattern: str
    exchange: ExchangeId
    to_review: Text
    alert_count: int
    past_ratio: Times | None
    place: Text | None
    above: Text | None
    trend: Trend
    day_median: Amount | None
    past_median: Amount | None
    past_day_count: Count
    day_count: Count
    peak_count: Count | None
    peak_day: Day | None
    market_day_count: Count
    case_count: int
    notified_count: int
    account_day_count: Count
    key_day_count: Count
    trade_value_krw: Won
    api_trade_value_krw: Won


def surveillance_tiles(view: View, indicators: Sequence[Indicator], stages: Sequence[ExchangeStages]) -> None:
    """How many indicators are to be reviewed of all that can be compared, and how many there were at each stage."""
    tile_row(cached(view, "tiles", lambda: _tiles(view, indicators, stages)))


def _tiles(view: View, indicators: Sequence[Indicator], stages: Sequence[ExchangeStages]) -> tuple[Tile, ...]:
    compared = sum(one.review is not Review.TOO_FEW for one in indicators)
    persistent = sum(one.review is Review.PERSISTENT for one in indicators)
    alerts, cases, notified, days = (
        f"{sum(getattr(one, name) for one in stages):,}"
        for name in ("alert_count", "case_count", "notified_count", "day_count")
    )
    return (
        Tile(
            view.say("surveillance.to_review"),
            f"{persistent} / {compared}",
            view.say("surveillance.to_review_of", count=len(indicators), compared=compared),
        ),
        Tile(view.say("surveillance.alerts"), alerts, view.say("surveillance.alerts_of", days=days)),
        Tile(view.say("surveillance.cases"), cases, view.say("surveillance.of_alerts", count=alerts)),
        Tile(view.say("surveillance.notified"), notified, view.say("surveillance.of_cases", count=cases)),
    )


@part
def show_indicators(view: View, indicators: Sequence[Indicator]) -> None:
    """Each pattern of each exchange; a row picks both. What is far above its past is what SUR-005 found."""
    section(view, "surveillance.indicators")
    day = view.choice.last_day
    note(
        view.say(
            "surveillance.indicators_how",
            rule=FAR_ABOVE,
            window=-known_rule(FAR_ABOVE).reads["surveillance_days"][0],
            factor=view.thresholds.value("surveillance_factor", day),
            floor=view.thresholds.value("surveillance_minimum_alerts", day),
            fewest=view.thresholds.value("history_minimum_days", day),
            recent=RECENT_DAYS,
            persistent=PERSISTENT_DAYS,
            least=LEAST_ALERTS,
            past=PAST_DAYS,
        )
    )
    table(
        view,
        lambda: [_indicator_row(view, one) for one in indicators],
        columns_of(_IndicatorRow),
        key="indicators",
        alt=view.say("surveillance.indicators"),
        on_pick=_pick,
        most_rows=20,
    )


def _pick(row: _IndicatorRow) -> None:
    pattern = "" if row.pattern == PATTERNS[0] else row.pattern
    pick(at=row.exchange, pattern=pattern, day="", until="", market="")


def _indicator_row(view: View, one: Indicator) -> _IndicatorRow:
    is_compared = one.review is not Review.TOO_FEW
    return row_of(
        _IndicatorRow,
        one,
        to_review=view.say(f"review.{one.review}", count=one.past_day_count),
        place=None if one.rank is None else f"{one.rank} / {one.rank_count}",
        above=f"{one.finding_day_count} / {one.compared_day_count}" if is_compared else None,
    )

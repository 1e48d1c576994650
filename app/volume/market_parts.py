"""Parts of API volume on the screen: by market, by hour of the day, and how API orders behave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.amounts import percent
from app.columns import Count, ExchangeId, Percent, Text, Times, columns_of, row_of
from app.queries.spans import Span, spans_of
from app.volume import order_charts
from app.volume.course import CoursePoint
from app.volume.detail_parts import MARKET_COLUMNS
from app.volume.hour_charts import share_by_hour
from app.volume.market_charts import market_bars
from app.volume.markets import SMALLEST_PART, Order, market_volumes
from app.volume.shares import Measure, volume_by_hour
from app.widgets.address import pick
from app.widgets.drawings import chart
from app.widgets.header import columns, empty, note, section, source_mark
from app.widgets.parts import part
from app.widgets.switches import switch
from app.widgets.tables import table
from app.widgets.view import View, ask
from etl.exchanges import all_exchanges

_MARKET_ROWS = 15
_SMALL_ORDERS = "VOL-008"
"""The rule whose limit is drawn for reference: it judges a market's day, and is an assumption."""


@part
def volume_markets(view: View, measure: Measure) -> None:
    """The markets with the most API trading, or the largest API share; a mark or row leads to its rows."""
    section(view, "api_volume.by_market")
    order = Order(
        switch(view.say("api_volume.order"), "order", tuple(Order), lambda name: view.say(f"api_volume.order_{name}"))
    )
    markets = ask(market_volumes, view.choice, measure, order, _MARKET_ROWS)
    if not markets:
        empty(view, "volume_markets")
        return
    left, right = columns(2)
    with left:
        chart(
            view,
            lambda: market_bars(markets, measure, order, view.look),
            key="market_bars",
            title=view.say(f"api_volume.order_{order}"),
            alt=view.say("api_volume.by_market_alt"),
            frame=lambda: markets,
            columns=MARKET_COLUMNS,
            on_pick=lambda mark: pick(at=mark[0], market=mark[1], day=""),
        )
    with right:
        table(
            view,
            lambda: markets,
            MARKET_COLUMNS,
            alt=view.say("api_volume.market_table"),
            key="markets.ranked",
            on_pick=lambda row: pick(at=row.exchange, market=row.market, day=""),
            most_rows=_MARKET_ROWS,
        )
    assumed = source_mark(view, "MODEL")
    note(view.say("api_volume.order_note", part=percent(SMALLEST_PART), assumed=assumed))


@dataclass(frozen=True, slots=True)
class _HourRow:
    """An hour of the day as the chart's table shows it."""

    exchange: ExchangeId
    hour_interval: Text
    share: Percent | None
    small_order_share: Percent | None
    api_trade_value_krw: Decimal
    trade_value_krw: Decimal


@part
def volume_hours(view: View, measure: Measure) -> None:
    """API trading by hour of the day, and where each exchange's ticker begins its day."""
    section(view, "api_volume.by_hour")
    hours = ask(volume_by_hour, view.choice, measure)
    chart(
        view,
        lambda: share_by_hour(hours, view.exchanges, view.look),
        key="share_by_hour",
        alt=view.say("api_volume.by_hour_alt"),
        frame=lambda: [row_of(_HourRow, one, hour_interval=f"{one.hour:02}:00–{one.hour + 1:02}:00") for one in hours],
        columns=columns_of(_HourRow),
    )
    resets = ", ".join(_reset(view, name) for name in view.exchanges)
    note(view.say("api_volume.resets", resets=resets, published=source_mark(view, "DAXA")))


def _reset(view: View, exchange: str) -> str:
    """When an exchange's ticker begins a day, and where that is known from."""
    reset = all_exchanges()[exchange].day_reset
    moment = view.say("api_volume.rolling") if reset.at is None else f"{reset.at:%H:%M}"
    source = reset.source.in_language(view.language)
    return view.say("api_volume.reset_at", exchange=view.exchange(exchange), time=moment, source=source)


@dataclass(frozen=True, slots=True)
class _ConductRow:
    """The API orders of a day or week as the chart's table shows them."""

    exchange: ExchangeId
    span: Text
    small_order_share: Percent | None
    cancels_per_order: Times | None
    trades_per_order: Times | None
    largest_api_account_count: Count


@part
def order_conduct(view: View, course: Sequence[CoursePoint]) -> None:
    """How API orders behave over time; a mark opens the markets of its day or week.

    The limit of VOL-008 is drawn for reference; what exceeds it is a finding, and nothing here says so.
    """
    section(view, "api_volume.conduct")
    limit = view.thresholds.value("maximum_small_order_share", view.choice.last_day)
    orders = view.thresholds.value("minimum_api_orders", view.choice.last_day)
    chart(
        view,
        lambda: order_charts.order_conduct(course, spans_of(view.choice), limit, view.look),
        key="order_conduct",
        alt=view.say("api_volume.conduct_alt"),
        frame=lambda: [row_of(_ConductRow, one, span=Span(one.first_day, one.last_day).text) for one in course],
        columns=columns_of(_ConductRow),
        on_pick=lambda mark: pick(at=mark[0], day=mark[1], market=""),
    )
    note(
        view.say(
            "api_volume.conduct_note",
            threshold=percent(limit, 0),
            orders=f"{orders:,}",
            rule=_SMALL_ORDERS,
            assumed=source_mark(view, "MODEL"),
        )
    )
    note(view.say("api_volume.accounts_note"))

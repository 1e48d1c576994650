"""Parts of API volume on the screen: by market, by hour of the day, how orders behave, and how exchanges share it."""

from __future__ import annotations

import pandas as pd

from app.amounts import percent
from app.columns import Shown
from app.queries.spans import Span, spans_of
from app.rules.book import parameter
from app.volume import order_charts
from app.volume.course import VolumeRanking, concentration
from app.volume.detail_parts import MARKETS, with_change
from app.volume.hour_charts import share_by_hour
from app.volume.market_charts import market_bars
from app.volume.markets import SMALLEST_PART, Order, market_volumes
from app.volume.share_parts import ORDER_FIGURES, VALUES
from app.volume.shares import Measure, volume_by_hour
from app.widgets.address import pick
from app.widgets.drawings import chart
from app.widgets.header import columns, empty, note, section, source_mark
from app.widgets.parts import part
from app.widgets.switches import switch
from app.widgets.tables import table
from app.widgets.view import View, ask, cached
from etl.exchanges import all_exchanges

# The columns of the tables, and how each is written.
_HOURS = {
    "exchange": Shown.EXCHANGE,
    "hour_interval": Shown.TEXT,
    "share": Shown.PERCENT,
    "small_order_share": Shown.PERCENT,
    **VALUES,
}
_CONDUCT = {"exchange": Shown.EXCHANGE, "span": Shown.TEXT, **ORDER_FIGURES}
_CONCENTRATION = {
    "exchange": Shown.EXCHANGE,
    "turnover_share": Shown.PERCENT,
    "api_turnover_share": Shown.PERCENT,
    **VALUES,
}
_MARKET_ROWS = 15
_SMALL_ORDERS = "VOL-008"
"""The rule whose threshold stands for reference: of a market's day, and an assumption."""


@part
def volume_markets(view: View, measure: Measure) -> None:
    """The markets with the most API trading, or the largest API share; a mark or row leads to its rows."""
    section(view, "api_volume.by_market")
    order = Order(
        switch(view.say("api_volume.order"), "order", tuple(Order), lambda name: view.say(f"api_volume.order_{name}"))
    )
    frame = ask(market_volumes, view.choice, measure, order, _MARKET_ROWS)
    if frame.empty:
        empty(view, "volume_markets")
        return
    left, right = columns(2)
    with left:
        chart(
            view,
            lambda: market_bars(frame, measure, order, view.look),
            key="market_bars",
            title=view.say(f"api_volume.order_{order}"),
            alt=view.say("api_volume.by_market_alt"),
            frame=lambda: with_change(frame),
            columns=MARKETS,
            on_pick=lambda mark: pick(at=mark[0], market=mark[1], day=""),
        )
    with right:
        table(
            view,
            lambda: with_change(frame),
            MARKETS,
            alt=view.say("api_volume.market_table"),
            key="markets.ranked",
            on_pick=lambda row: pick(at=row["exchange"], market=row["market"], day=""),
            most_rows=_MARKET_ROWS,
        )
    assumed = source_mark(view, "MODEL")
    note(view.say("api_volume.order_note", part=percent(SMALLEST_PART), assumed=assumed))


@part
def volume_hours(view: View, measure: Measure) -> None:
    """API trading by hour of the day, and where each exchange's ticker begins its day."""
    section(view, "api_volume.by_hour")
    frame = ask(volume_by_hour, view.choice, measure)
    chart(
        view,
        lambda: share_by_hour(frame, view.exchanges, view.look),
        key="share_by_hour",
        alt=view.say("api_volume.by_hour_alt"),
        frame=lambda: frame.assign(hour_interval=[f"{hour:02}:00–{hour + 1:02}:00" for hour in frame["hour"]]),
        columns=_HOURS,
    )
    resets = ", ".join(_reset(view, name) for name in view.exchanges)
    note(view.say("api_volume.resets", resets=resets, published=source_mark(view, "DAXA")))


def _reset(view: View, exchange: str) -> str:
    """When an exchange's ticker begins a day, and where that is known from."""
    reset = all_exchanges()[exchange].day_reset
    moment = view.say("api_volume.rolling") if reset.at is None else f"{reset.at:%H:%M}"
    source = reset.source.in_language(view.language)
    return view.say("api_volume.reset_at", exchange=view.exchange(exchange), time=moment, source=source)


@part
def order_conduct(view: View, course: pd.DataFrame) -> None:
    """How API orders behave over time; a mark opens the markets of its day or week."""
    section(view, "api_volume.conduct")
    threshold, orders = (
        parameter(name, view.choice.last_day) for name in ("maximum_small_order_share", "minimum_api_orders")
    )
    chart(
        view,
        lambda: order_charts.order_conduct(course, spans_of(view.choice), threshold, view.look),
        key="order_conduct",
        alt=view.say("api_volume.conduct_alt"),
        frame=lambda: course.assign(
            span=[Span(first, last).text for first, last in zip(course["first_day"], course["last_day"], strict=True)]
        ),
        columns=_CONDUCT,
        on_pick=lambda mark: pick(at=mark[0], day=mark[1], market=""),
    )
    limit = percent(threshold, 0)
    assumed = source_mark(view, "MODEL")
    note(
        view.say("api_volume.conduct_note", threshold=limit, orders=f"{orders:,}", rule=_SMALL_ORDERS, assumed=assumed)
    )
    note(view.say("api_volume.accounts_note"))


@part
def turnover_shares(view: View, ranking: VolumeRanking) -> None:
    """How the exchanges share the market: beside the matter, because one of them hides the others."""
    if len(view.exchanges) == 1:
        return
    section(view, "api_volume.concentration")
    frame = cached(view, "concentration", lambda: _largest_first(ranking.by_exchange))
    table(view, lambda: frame, _CONCENTRATION, alt=view.say("api_volume.concentration_alt"))
    indices = {
        name: f"{concentration(frame, column) or 0:,.0f}"
        for name, column in (("turnover", "turnover_share"), ("api", "api_turnover_share"))
    }
    note(view.say("api_volume.concentration_note", **indices))


def _largest_first(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["filed_day_count"] > 0].sort_values("turnover_share", ascending=False)

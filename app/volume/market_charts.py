"""The markets in which the API trades most, or has the largest share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from app.amounts import exact, krw, percent
from app.charts.style import Look, bar, exchanges_in, figure_in_house_style, name_axis, position_of
from app.volume.markets import MarketVolume, Order
from app.volume.shares import Measure
from app.words import exchange_name

_TRILLION = 10_000
"""Hundred millions of won (억) in a trillion (조): from here on lengths are in trillions."""


def market_bars(rows: Sequence[MarketVolume], measure: Measure, order: Order, look: Look) -> go.Figure:
    """The markets in their order, each as long as what they are ranked by; a mark carries exchange and market."""
    label = {id(row): f"{row.market} · {exchange_name(row.exchange, look.language)}" for row in rows}
    longest = max((_length(row, measure, order) for row in rows), default=0.0)
    unit = _TRILLION if measure is Measure.VALUE and order is not Order.SHARE and longest >= _TRILLION else 1
    traces: list[Any] = []
    for exchange in exchanges_in(rows):
        own = [row for row in rows if row.exchange == exchange]
        traces.append(
            bar(
                name=exchange_name(exchange, look.language),
                orientation="h",
                y=[label[id(row)] for row in own],
                x=[_length(row, measure, order) / unit for row in own],
                marker={"color": look.colour(position_of(exchange))},
                text=[percent(row.share) for row in own],
                textposition="outside",
                cliponaxis=False,
                customdata=[[exchange, row.market] for row in own],
                hovertext=[_market_text(row, look) for row in own],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    x = {"range": [0, longest / unit * 1.18 or 1.0], "nticks": 6, **_scale(measure, order, look, unit)}
    y = name_axis([label[id(row)] for row in rows])
    height = max(220, 90 + 26 * len(rows))
    return figure_in_house_style(look, height, traces, x, y, showlegend=True)


def _length(row: MarketVolume, measure: Measure, order: Order) -> float:
    if order is Order.SHARE:
        return float((row.share or 0) * 100)
    return float(getattr(row, measure.part)) / (1e8 if measure is Measure.VALUE else 1)


def _scale(measure: Measure, order: Order, look: Look, unit: int) -> dict[str, Any]:
    if order is Order.SHARE:
        return {"title": look.say("axis.api_share"), "ticksuffix": " %"}
    title = ("axis.krw_jo" if unit > 1 else "axis.krw_eok") if measure is Measure.VALUE else "axis.api_trades"
    return {"title": look.say(title), "tickformat": ",~g"}


def _market_text(row: MarketVolume, look: Look) -> str:
    amount = row.api_trade_value_krw
    return f"<b>{row.market}</b> · {percent(row.share)}<br>API {krw(amount, look.language)} ({exact(amount)})"

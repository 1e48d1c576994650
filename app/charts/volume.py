"""API share and the markets it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from app.amounts import exact, krw, percent
from app.charts.style import (
    Look,
    bar,
    day_axis,
    exchanges_in,
    figure_in_house_style,
    line_of,
    name_axis,
    place_of,
    scatter,
)
from app.words import exchange_name

SHARE_REFERENCE = 0.30
"""The FSS's figure for the whole market, buying and selling value together (2026-04-13): a reference, no limit."""


def share_by_day(frame: pd.DataFrame, days: Sequence[date], look: Look) -> go.Figure:
    """API share of each exchange's own trading by day; the whole market and the FSS's figure as references.

    `frame`: `exchange`, `day`, `trade_value_krw`, `api_trade_value_krw`, `share`. A mark carries exchange and day.
    """
    traces: list[Any] = []
    rows = frame.to_dict("records")
    for exchange in exchanges_in(frame):
        own = {row["day"]: row for row in rows if row["exchange"] == exchange}
        filed = [own.get(day) for day in days]
        traces.append(
            line_of(
                look,
                exchange,
                x=[day.isoformat() for day in days],
                y=[None if row is None or row["share"] is None else float(row["share"] * 100) for row in filed],
                customdata=[[exchange, day.isoformat()] for day in days],
                text=[
                    "" if row is None else _share_text(row, exchange, day, look)
                    for row, day in zip(filed, days, strict=True)
                ],
                hovertemplate="%{text}<extra></extra>",
            )
        )
    market = market_share(frame)
    if len(set(frame["exchange"])) > 1:
        traces.append(
            scatter(
                name=look.say("volume.market_wide"),
                x=[day.isoformat() for day in days],
                y=[float(market[day] * 100) if day in market else None for day in days],
                mode="lines",
                line={"color": look.ink, "width": 3},
                opacity=0.55,
                hovertemplate=look.say("volume.market_wide") + " %{y:.1f} %<extra></extra>",
            )
        )
    traces.append(
        scatter(
            name=look.say("volume.reference"),
            x=[day.isoformat() for day in days],
            y=[SHARE_REFERENCE * 100] * len(days),
            mode="lines",
            line={"color": look.quiet, "width": 1.5, "dash": "dash"},
            hoverinfo="skip",
        )
    )
    y = {"title": look.say("axis.api_share"), "rangemode": "tozero", "ticksuffix": " %"}
    return figure_in_house_style(look, 380, traces, day_axis(look, days), y)


def _share_text(row: Any, exchange: str, day: date, look: Look) -> str:
    return (
        f"<b>{exchange_name(exchange, look.language)}</b> {day} · {percent(row['share'])}<br>"
        f"API {krw(row['api_trade_value_krw'], look.language)} ({exact(row['api_trade_value_krw'])})<br>"
        f"{look.say('column.trade_value_krw')} {krw(row['trade_value_krw'], look.language)} "
        f"({exact(row['trade_value_krw'])})"
    )


def market_share(frame: pd.DataFrame) -> dict[date, Decimal]:
    """API share of the trading of all exchanges in the frame together, by day."""
    sums: dict[date, list[Decimal]] = {}
    for row in frame.to_dict("records"):
        total = sums.setdefault(row["day"], [Decimal(), Decimal()])
        total[0] += row["api_trade_value_krw"]
        total[1] += row["trade_value_krw"]
    return {day: api / total for day, (api, total) in sums.items() if total}


def share_by_hour(frame: pd.DataFrame, look: Look) -> go.Figure:
    """API share by hour of the KST day. `frame`: `exchange`, `hour`, the two values, `share`."""
    traces: list[Any] = []
    for exchange in exchanges_in(frame):
        own = frame[frame["exchange"] == exchange].set_index("hour")["share"]
        share = [own.get(hour) for hour in range(24)]
        traces.append(
            line_of(
                look,
                exchange,
                x=list(range(24)),
                y=[None if value is None else float(value * 100) for value in share],
                hovertemplate=f"<b>{exchange_name(exchange, look.language)}</b> "
                + "%{x}:00 · %{y:.1f} %<extra></extra>",
            )
        )
    x = {"title": look.say("axis.hour"), "dtick": 3, "range": [-0.5, 23.5], "showgrid": False}
    y = {"title": look.say("axis.api_share"), "ticksuffix": " %"}
    return figure_in_house_style(look, 300, traces, x, y)


def market_bars(frame: pd.DataFrame, look: Look) -> go.Figure:
    """The markets with the largest API value. A mark carries exchange and market."""
    rows = frame.to_dict("records")
    label = {id(row): f"{row['market']} · {exchange_name(row['exchange'], look.language)}" for row in rows}
    traces: list[Any] = []
    for exchange in exchanges_in(frame):
        own = [row for row in rows if row["exchange"] == exchange]
        traces.append(
            bar(
                name=exchange_name(exchange, look.language),
                orientation="h",
                y=[label[id(row)] for row in own],
                x=[float(row["api_trade_value_krw"]) / 1e8 for row in own],
                marker={"color": look.colour(place_of(exchange))},
                text=[percent(row["share"]) for row in own],
                textposition="outside",
                cliponaxis=False,
                customdata=[[exchange, row["market"]] for row in own],
                hovertext=[_market_text(row, look) for row in own],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    longest = max((float(row["api_trade_value_krw"]) / 1e8 for row in rows), default=0.0)
    x = {"title": look.say("axis.krw_eok"), "tickformat": ",~g", "range": [0, longest * 1.15 or 1.0]}
    y = name_axis([label[id(row)] for row in rows])
    height = max(220, 60 + 26 * len(rows))
    return figure_in_house_style(look, height, traces, x, y, showlegend=True)


def _market_text(row: Any, look: Look) -> str:
    amount = row["api_trade_value_krw"]
    return f"<b>{row['market']}</b> · {percent(row['share'])}<br>API {krw(amount, look.language)} ({exact(amount)})"

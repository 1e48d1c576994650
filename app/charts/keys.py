"""Keys that ended, cases by stage, a case in time, allow-list coverage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from app.amounts import percent_down
from app.charts.style import (
    Look,
    bar,
    day_axis,
    exchanges_in,
    figure_in_house_style,
    local_time,
    name_axis,
    place_of,
    scatter,
)
from app.moments import kst_text
from app.words import code_word, exchange_name


def ended_keys(frame: pd.DataFrame, column: str, days: Sequence[date], look: Look) -> go.Figure:
    """Keys that ended in one way, by day, the exchanges stacked. A mark carries exchange and day."""
    rows = frame.to_dict("records")
    traces: list[Any] = []
    for exchange in exchanges_in(frame):
        own = {row["day"]: row[column] for row in rows if row["exchange"] == exchange}
        traces.append(
            bar(
                name=exchange_name(exchange, look.language),
                x=[day.isoformat() for day in days],
                y=[own.get(day) for day in days],
                marker={"color": look.colour(place_of(exchange)), "line": {"color": look.ground, "width": 1}},
                customdata=[[exchange, day.isoformat()] for day in days],
                hovertemplate=f"<b>{exchange_name(exchange, look.language)}</b> "
                + "%{customdata[1]} · %{y:,}<extra></extra>",
            )
        )
    x = day_axis(look, days)
    y = {"title": look.say("axis.keys"), "tickformat": ",d", "rangemode": "tozero"}
    return figure_in_house_style(look, 260, traces, x, y, barmode="stack", bargap=0.25)


OPEN_STAGES = ("monitoring", "warning", "reverification")


def open_stages(frame: pd.DataFrame, look: Look) -> go.Figure:
    """Open cases by the stage that they are in, the exchanges stacked. A mark carries exchange and stage.

    `frame`: `exchange`, `stage`, `case_count`.
    """
    rows = frame.to_dict("records")
    traces: list[Any] = []
    words = [code_word(stage, look.language) for stage in OPEN_STAGES]
    for exchange in exchanges_in(frame):
        own = {row["stage"]: row["case_count"] for row in rows if row["exchange"] == exchange}
        counts = [own.get(stage, 0) for stage in OPEN_STAGES]
        traces.append(
            bar(
                name=exchange_name(exchange, look.language),
                orientation="h",
                y=words,
                x=counts,
                text=[str(count) if count else "" for count in counts],
                textposition="inside",
                insidetextanchor="middle",
                marker={"color": look.colour(place_of(exchange)), "line": {"color": look.ground, "width": 1}},
                customdata=[[exchange, stage] for stage in OPEN_STAGES],
                hovertemplate=f"<b>{exchange_name(exchange, look.language)}</b> " + "%{y} · %{x:,}<extra></extra>",
            )
        )
    x = {"title": look.say("axis.cases"), "tickformat": ",d", "rangemode": "tozero"}
    return figure_in_house_style(look, 240, traces, x, name_axis(words), barmode="stack", bargap=0.35)


def case_timeline(frame: pd.DataFrame, look: Look) -> go.Figure:
    """The steps of one case in time. `frame`: `acted_at`, `stage`, `outcome`, `risk_level`, `source_row`."""
    traces: list[Any] = []
    stages = (*OPEN_STAGES, "forced_expiry", "cleared")
    traces.append(
        scatter(
            x=[local_time(instant) for instant in frame["acted_at"]],
            y=[code_word(stage, look.language) for stage in frame["stage"]],
            mode="lines+markers",
            line={"color": look.quiet, "width": 2, "shape": "hv"},
            marker={"color": look.colour(0), "size": 11},
            customdata=[[row] for row in frame["source_row"]],
            hovertext=[
                f"<b>{code_word(row['stage'], look.language)}</b> {kst_text(row['acted_at'])}<br>"
                f"{look.say('column.outcome')} {code_word(row['outcome'], look.language)}"
                for row in frame.to_dict("records")
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    words = [code_word(stage, look.language) for stage in stages]
    x = {"title": look.say("axis.time"), "tickformat": "%m-%d %H:%M", "nticks": 8, "showgrid": False}
    return figure_in_house_style(look, 240, traces, x, name_axis(words[::-1], lanes=True, grid=True), showlegend=False)


def allow_list_coverage(frame: pd.DataFrame, look: Look) -> go.Figure:
    """Share of active keys with a registered address, per exchange, against the whole.

    `frame`: `exchange`, `active_keys`, `allowlisted_keys`, `coverage`.
    """
    traces: list[Any] = []
    names = [exchange_name(exchange, look.language) for exchange in frame["exchange"]]
    traces.append(
        bar(
            orientation="h",
            y=names,
            x=[None if value is None else float(value * 100) for value in frame["coverage"]],
            marker={"color": [look.colour(place_of(exchange)) for exchange in frame["exchange"]]},
            text=["–" if value is None else percent_down(value) for value in frame["coverage"]],
            textposition="inside",
            insidetextanchor="end",
            customdata=[[exchange] for exchange in frame["exchange"]],
            hovertext=[
                f"<b>{name}</b> {allowed:,} / {active:,}"
                for name, allowed, active in zip(names, frame["allowlisted_keys"], frame["active_keys"], strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    whole = {"type": "line", "yref": "paper", "x0": 100, "x1": 100, "y0": 0, "y1": 1}
    x = {"title": look.say("axis.coverage"), "range": [0, 104], "ticksuffix": " %"}
    return figure_in_house_style(
        look,
        90 + 34 * max(1, len(frame)),
        traces,
        x,
        name_axis(names),
        showlegend=False,
        bargap=0.4,
        shapes=[{**whole, "line": {"color": look.ink, "width": 2}}],
    )

"""The chart of findings by month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from app.charts.style import Look, bar, figure_in_house_style, position_of
from app.rules.findings import MonthCount
from app.words import exchange_name


def findings_by_month(rows: Sequence[MonthCount], look: Look) -> go.Figure:
    """Return bars of how often something was found by month, the exchanges stacked; a mark carries exchange, month."""
    traces: list[Any] = []
    months = sorted({row.month for row in rows})
    for exchange in sorted({row.exchange for row in rows}, key=position_of):
        own = {row.month: row.found_count for row in rows if row.exchange == exchange}
        name = exchange_name(exchange, look.language)
        traces.append(
            bar(
                name=name,
                x=months,
                y=[own.get(month) for month in months],
                marker={"color": look.colour(position_of(exchange)), "line": {"color": look.ground, "width": 1}},
                customdata=[[exchange, month] for month in months],
                hovertemplate=f"<b>{name}</b> " + "%{x} · %{y:,}<extra></extra>",
            )
        )
    x = {"title": look.say("axis.month"), "type": "category", "categoryarray": months, "showgrid": False}
    if 0 < len(months) < 6:  # a lone month keeps a bar's width
        x["range"] = [-0.5, 5.5]
    y = {"title": look.say("axis.findings"), "tickformat": ",d", "rangemode": "tozero", "nticks": 5}
    if sum(row.found_count for row in rows) <= 5:  # never half a finding
        y["dtick"] = 1
    return figure_in_house_style(look, 240, traces, x, y, barmode="stack", bargap=0.5)

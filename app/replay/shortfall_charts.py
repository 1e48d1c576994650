"""The shortfall of a replayed incident through all days, with the limits that call for a halt."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import log10

import plotly.graph_objects as go

from app.amounts import exact
from app.charts.grades import GRAVE
from app.charts.style import Look, figure_in_house_style, local_time, scatter
from app.replay.checks import ReplayedCheck
from app.replay.incident_charts import asset_of, check_text

_ABOVE_THE_LINE = 1.3
"""How far above its level a name stands on a logarithmic scale."""
_STAYS = 6
"""Checks through which a level stays to have a name: half an hour."""
_ROOM = 0.5
"""Decades beyond what is drawn."""


def shortfall_course(checks: Sequence[ReplayedCheck], look: Look) -> go.Figure:
    """Return the shortfall through all days on a logarithmic scale, with the two limits that call for a halt.

    Where nothing is short there is no point, and the line breaks: a logarithmic scale has no zero. Each level that
    stays is named where it begins. A mark carries day and source check.
    """
    short = [check if check.is_short else None for check in checks]
    x = [local_time(check.checked_at) for check in checks]
    limits = [
        scatter(
            name=look.say(f"replay.{column}"),
            x=x,
            y=[float(getattr(check, column)) for check in checks],
            mode="lines",
            line={"color": look.quiet, "width": 1.5, "dash": dash, "shape": "hv"},
            hovertemplate=look.say(f"replay.{column}") + " %{y:,.2f}<extra></extra>",
        )
        for column, dash in (("ratio_limit_quantity", "dash"), ("krw_limit_quantity", "dot"))
    ]
    levels = _levels(checks)
    colour = GRAVE.colour(look)
    traces = [
        scatter(
            name=look.say("column.shortfall_quantity"),
            x=x,
            y=[None if check is None else float(check.shortfall_quantity) for check in short],
            mode="lines+markers",
            connectgaps=False,
            line={"color": colour, "width": 2, "shape": "hv"},
            marker={"color": colour, "size": 4, "symbol": "square"},
            customdata=[[check.day.isoformat(), check.source_row] for check in checks],
            hovertext=["" if check is None else check_text(check, look) for check in short],
            hovertemplate="%{hovertext}<extra></extra>",
        ),
        *limits,
        scatter(
            name=look.say("replay.level"),
            showlegend=False,
            x=[local_time(check.checked_at) for check in levels],
            y=[float(check.shortfall_quantity) * _ABOVE_THE_LINE for check in levels],
            mode="text",
            text=[f"{local_time(check.checked_at)[11:16]} · {exact(check.shortfall_quantity)}" for check in levels],
            textposition="top right",
            textfont={"size": 13, "color": look.ink},
            cliponaxis=False,
            hoverinfo="skip",
        ),
    ]
    axis = {"title": look.say("axis.time"), "type": "date", "tickformat": "%m-%d %H:%M", "nticks": 10}
    if x:
        axis["range"] = [x[0], x[-1]]
    title = look.say("axis.replay_shortfall", asset=asset_of(checks))
    y = {"title": title, "type": "log", "dtick": 1, "tickformat": ",", "range": _decades(checks)}
    return figure_in_house_style(look, 360, traces, axis, y)


def _levels(checks: Sequence[ReplayedCheck]) -> list[ReplayedCheck]:
    """The checks at which the shortfall became one that then stayed for a while."""
    levels = (list(group) for _, group in groupby(checks, key=lambda check: check.shortfall_quantity))
    return [level[0] for level in levels if level[0].is_short and len(level) >= _STAYS]


def _decades(checks: Sequence[ReplayedCheck]) -> list[float]:
    """The scale from below the least that is drawn to above the most, as powers of ten."""
    drawn = [
        float(quantity)
        for check in checks
        for quantity in (check.shortfall_quantity, check.ratio_limit_quantity, check.krw_limit_quantity)
        if quantity > 0
    ]
    return [log10(min(drawn)) - _ROOM, log10(max(drawn)) + _ROOM * 1.5] if drawn else [0.0, 1.0]

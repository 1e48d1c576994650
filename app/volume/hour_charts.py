"""API trading by hour of the KST day, with the moments at which the exchanges' own tickers begin a new day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import time
from typing import Any

import plotly.graph_objects as go

from app.amounts import percent
from app.charts.panels import Panel, panels_in_house_style
from app.charts.style import Look, exchanges_in, line_of
from app.volume.shares import HourVolume
from app.words import exchange_name
from etl.exchanges import all_exchanges

_HOURS = range(24)


def share_by_hour(rows: Sequence[HourVolume], exchanges: Sequence[str], look: Look) -> go.Figure:
    """API share and share of small orders by hour; a mark is drawn in the middle of its hour.

    Upright lines are the exchanges' resets, around which the FSS saw
    API orders gather (2026-04-13).
    """
    shapes, notes = _resets(exchanges, look)
    panels = [
        Panel(
            look.say(title),
            _lines(rows, column, look, is_first),
            _hour_axis(look),
            _share_axis(rows, column),
            shapes,
            notes,
        )
        for column, title, is_first in (
            ("share", "volume.share_by_hour", True),
            ("small_order_share", "volume.small_by_hour", False),
        )
    ]
    return panels_in_house_style(look, panels, columns=2, height=300)


def _share_axis(rows: Sequence[HourVolume], column: str) -> dict[str, Any]:
    """A vertical axis with room above the lines for the names at the resets."""
    axis = {"ticksuffix": " %", "nticks": 6}
    shares = [float(share * 100) for row in rows if (share := getattr(row, column)) is not None]
    if not shares:
        return axis
    low, high = min(shares), max(shares)
    room = (high - low) or 1.0
    return {**axis, "range": [max(0.0, low - 0.08 * room), high + 0.2 * room]}


def _hour_axis(look: Look) -> dict[str, Any]:
    hours = list(range(0, 25, 3))
    words = [f"{hour:02}:00" for hour in hours]
    return {
        "title": look.say("axis.hour"),
        "tickvals": hours,
        "ticktext": words,
        "range": [-0.3, 24.3],
        "showgrid": False,
        "tickangle": 0,
    }


def _lines(rows: Sequence[HourVolume], column: str, look: Look, is_first: bool) -> list[dict[str, Any]]:
    lines = []
    for exchange in exchanges_in(rows):
        own = {row.hour: getattr(row, column) for row in rows if row.exchange == exchange}
        shares = [own.get(hour) for hour in _HOURS]
        name = exchange_name(exchange, look.language)
        lines.append(
            line_of(
                look,
                exchange,
                x=[hour + 0.5 for hour in _HOURS],
                y=[None if share is None else float(share * 100) for share in shares],
                text=[
                    f"<b>{name}</b> {hour:02}:00–{hour + 1:02}:00 · {percent(share)}"
                    for hour, share in zip(_HOURS, shares, strict=True)
                ],
                hovertemplate="%{text}<extra></extra>",
                legendgroup=exchange,
                showlegend=is_first,
            )
        )
    return lines


def _resets(exchanges: Sequence[str], look: Look) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """An upright line at every moment of reset, with the names of the exchanges that reset then."""
    at: dict[time, list[str]] = defaultdict(list)
    for name in exchanges:
        reset = all_exchanges()[name].day_reset
        if reset.at is not None:
            at[reset.at].append(exchange_name(name, look.language))
    lines = [
        {
            "type": "line",
            "x0": moment.hour,
            "x1": moment.hour,
            "y0": 0,
            "y1": 1,
            "line": {"color": look.quiet, "width": 1.5, "dash": "dot"},
        }
        for moment in at
    ]
    notes = [
        {
            "x": moment.hour,
            "y": 1,
            "text": f"{' · '.join(names)} {moment:%H:%M}",
            "showarrow": False,
            "xanchor": "right" if moment.hour > 18 else "left",
            "yanchor": "top",
            "font": {"size": 12, "color": look.quiet},
            "bgcolor": look.ground,
        }
        for moment, names in at.items()
    ]
    return lines, notes

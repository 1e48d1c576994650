"""Small multiples: several panels in one figure, each with its own axes and title.

One figure, not several, so that they share legend, table and downloads. A click on a marker of any panel is reported; a
selection box across panels is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import plotly.graph_objects as go

from app.charts.style import Look, axis_of, figure_in_house_style

_ACROSS = 0.07
"""Room between panels for the numbers of the next axis, as a part of the figure's width."""
_BETWEEN = 0.24
"""Room under a panel for its days and their title, as a part of the panel's height."""
_TITLE_PIXELS = 30
_LEGEND_PIXELS = 40
_MARGIN = MappingProxyType({"l": 8, "r": 12, "t": _LEGEND_PIXELS, "b": 8})


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: its title, its axis settings and its traces."""

    title: str
    traces: Sequence[Mapping[str, Any]]
    x: Mapping[str, Any]
    y: Mapping[str, Any]
    shapes: Sequence[Mapping[str, Any]] = ()
    annotations: Sequence[Mapping[str, Any]] = ()


def panels_in_house_style(
    look: Look, panels: Sequence[Panel], *, columns: int = 3, height: int = 240, shared: bool = False
) -> go.Figure:
    """Return the panels row by row, each `height` pixels high; `shared` gives all of them the first one's y axis."""
    columns = min(columns, len(panels)) or 1
    rows = -(-len(panels) // columns) or 1
    whole = rows * height + _LEGEND_PIXELS
    traces: list[Any] = []
    layout: dict[str, Any] = {"shapes": [], "annotations": []}
    axes: list[dict[str, Any]] = []
    for place, panel in enumerate(panels):
        number = str(place + 1) if place else ""
        left, right = _domain(place % columns, columns)
        top = 1 - (place // columns) / rows
        bottom = top - (1 - (_BETWEEN if place // columns + 1 < rows else 0)) / rows
        top -= _TITLE_PIXELS / whole
        own = {"matches": "y"} if shared and place else {}
        axes.append({**panel.x, "domain": [left, right], "anchor": f"y{number}"})
        axes.append({**panel.y, **own, "domain": [bottom, top], "anchor": f"x{number}"})
        layout["annotations"].append(_title(panel.title, left, top))
        traces += [{**trace, "xaxis": f"x{number}", "yaxis": f"y{number}"} for trace in panel.traces]
        places = {"xref": f"x{number}", "yref": f"y{number} domain"}
        layout["shapes"] += [{**shape, **places} for shape in panel.shapes]
        layout["annotations"] += [{**note, **places} for note in panel.annotations]
    for place, axis in enumerate(axes[2:], 2):
        layout[f"{'xy'[place % 2]}axis{place // 2 + 1}"] = axis_of(look, axis)
    first = axes[:2] or [{}, {}]
    return figure_in_house_style(look, whole, traces, *first, margin=dict(_MARGIN), **layout)


def _domain(place: int, count: int) -> tuple[float, float]:
    width = (1 - _ACROSS * (count - 1)) / count
    left = place * (width + _ACROSS)
    return left, min(1.0, left + width)


def _title(text: str, left: float, top: float) -> dict[str, Any]:
    return {
        "text": f"<b>{text}</b>",
        "x": left,
        "y": top,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 14},
    }

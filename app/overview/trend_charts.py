"""Six lanes by exchange, each a figure with its course over six months: one chart in place of thirty-six."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go

from app.charts.style import Look, figure_in_house_style, line_of, scatter

_ROW_PIXELS = 74
_LEFT, _RIGHT = 0.06, 0.94
"""Where in its cell a course begins and ends."""
_FOOT, _TOP = 0.12, 0.50
"""Between which heights of its row it runs; the words are above."""
_WORDS = 0.78


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One month of a cell: its value (None: nothing was filed), what hovering says, and whether all of it is there."""

    value: Decimal | None
    text: str
    is_whole: bool


@dataclass(frozen=True, slots=True)
class TrendCell:
    """One lane of one row: its words, its months, the oldest first, and whether they are counts."""

    words: str
    points: tuple[TrendPoint, ...]
    from_zero: bool


def trend_matrix(
    cells: Mapping[tuple[str, str], TrendCell],
    rows: Mapping[str, str],
    lanes: Mapping[str, str],
    look: Look,
) -> go.Figure:
    """The cells; every course has a scale of its own, counts from zero. Hollow marks: months not over, or partial.

    `rows` and `lanes`: the names of both, in order. Months without any filing are gaps with a dash at the foot.
    """
    traces: list[Any] = []
    gaps: dict[str, list[Any]] = {"x": [], "y": [], "text": []}
    for place, (row, name) in enumerate(rows.items()):
        foot = len(rows) - 1 - place
        x: list[Any] = []
        y: list[Any] = []
        texts: list[str] = []
        hollow: list[bool] = []
        for column, lane in enumerate(lanes):
            cell = cells.get((row, lane))
            if cell is None:
                continue
            heights = _heights(cell)
            for number, (point, height) in enumerate(zip(cell.points, heights, strict=True)):
                at = column + _LEFT + (_RIGHT - _LEFT) * number / max(1, len(cell.points) - 1)
                x.append(at)
                y.append(None if height is None else foot + height)
                texts.append(point.text)
                hollow.append(not point.is_whole)
                if height is None:
                    gaps["x"].append(at)
                    gaps["y"].append(foot + _FOOT)
                    gaps["text"].append(point.text)
            x, y, texts, hollow = [*x, None], [*y, None], [*texts, ""], [*hollow, False]
        traces.append(_course(row, name, (x, y, texts, hollow), look))
    traces += [_gaps(gaps, look)] if gaps["x"] else []
    return _figure(cells, rows, lanes, traces, look)


def _course(row: str, name: str, points: tuple[list[Any], list[Any], list[str], list[bool]], look: Look) -> Any:
    x, y, texts, hollow = points
    line = line_of(
        look, row, x=x, y=y, text=texts, hovertemplate="%{text}<extra></extra>", showlegend=False, cliponaxis=False
    )
    shape = line["marker"]["symbol"]
    colour = line["line"]["color"] if row else look.ink
    line["name"] = name
    line["line"] = {**line["line"], "color": colour, "width": 1.5}
    symbols = [f"{shape}-open" if is_hollow else shape for is_hollow in hollow]
    line["marker"] = {"color": colour, "size": 7, "symbol": symbols}
    return line


def _gaps(gaps: Mapping[str, list[Any]], look: Look) -> Any:
    marker = {"symbol": "line-ew-open", "size": 7, "color": look.quiet, "line": {"width": 2}}
    return scatter(**gaps, mode="markers", marker=marker, hovertemplate="%{text}<extra></extra>", showlegend=False)


def _figure(
    cells: Mapping[tuple[str, str], TrendCell],
    rows: Mapping[str, str],
    lanes: Mapping[str, str],
    traces: Sequence[Any],
    look: Look,
) -> go.Figure:
    words = [
        {
            "text": cells[row, lane].words,
            "x": column + _LEFT - 0.03,
            "y": len(rows) - 1 - place + _WORDS,
            "xanchor": "left",
            "yanchor": "middle",
            "showarrow": False,
            "font": {"size": 13},
        }
        for place, row in enumerate(rows)
        for column, lane in enumerate(lanes)
        if (row, lane) in cells
    ]
    rules = [
        {
            "type": "line",
            "x0": 0,
            "x1": len(lanes),
            "y0": height,
            "y1": height,
            "line": {"color": look.rule, "width": 1},
        }
        for height in range(len(rows) + 1)
    ]
    fixed = {"showgrid": False, "tickmode": "array", "ticks": "", "fixedrange": True}
    x = {
        **fixed,
        "side": "top",
        "range": [0, max(1, len(lanes))],
        "tickvals": [column + 0.5 for column in range(len(lanes))],
        "ticktext": [f"<b>{name}</b>" for name in lanes.values()],
    }
    y = {
        **fixed,
        "range": [0, max(1, len(rows))],
        "tickvals": [len(rows) - 0.5 - place for place in range(len(rows))],
        "ticktext": list(rows.values()),
    }
    return figure_in_house_style(
        look, 60 + _ROW_PIXELS * max(1, len(rows)), traces, x, y, annotations=words, shapes=rules
    )


def _heights(cell: TrendCell) -> list[float | None]:
    """The height of each month in its row; a constant course runs in the middle."""
    known = [point.value for point in cell.points if point.value is not None]
    high = max(known, default=Decimal())
    low = Decimal() if cell.from_zero else min(known, default=Decimal())
    if len(set(known)) < 2:
        return [None if point.value is None else (_FOOT + _TOP) / 2 for point in cell.points]
    return [
        None if point.value is None else _FOOT + (_TOP - _FOOT) * float((point.value - low) / (high - low))
        for point in cell.points
    ]

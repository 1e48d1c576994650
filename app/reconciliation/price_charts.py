"""Each exchange's price of an asset against the others' and against a day before, with the levels that were published.

The levels are references: no rule judges them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go

from app.amounts import exact, percent
from app.charts.grades import GRAVE, SHORTFALL
from app.charts.style import Look, exchanges_in, figure_in_house_style, line_of
from app.reconciliation.price_gaps import PriceGap
from app.words import exchange_name
from expectations.published import PublishedLevel

_ROOM = Decimal("1.25")
"""How far the scale reaches beyond the outermost level or value."""
_LEVEL_DASHES = {"caution": "dot", "warning": "dash", "danger": "longdash"}


def price_gap_lines(rows: Sequence[PriceGap], levels: Sequence[PublishedLevel], look: Look) -> go.Figure:
    """Return how far each exchange's price is off the median of the others', by slot; a level stands on both sides.

    Where there is no median, or no check, the line breaks.
    """
    both = [(level, value) for level in levels for value in (level.value, -level.value)]
    return _figure(rows, lambda row: row.price_gap, both, look.say("axis.price_gap"), look)


def price_change_lines(rows: Sequence[PriceGap], levels: Sequence[PublishedLevel], look: Look) -> go.Figure:
    """Return how each exchange's price changed since the same slot of the day before; a level stands where it is."""
    own = [(level, level.value) for level in levels]
    return _figure(rows, lambda row: row.price_change, own, look.say("axis.price_change"), look)


def _figure(
    rows: Sequence[PriceGap],
    value_of: Callable[[PriceGap], Decimal | None],
    levels: Sequence[tuple[PublishedLevel, Decimal]],
    title: str,
    look: Look,
) -> go.Figure:
    values = [value for row in rows if (value := value_of(row)) is not None]
    drawn = [*values, *(value for _, value in levels), Decimal()]
    lowest, highest = min(drawn), max(drawn)
    edge = max(highest, -lowest) * (_ROOM - 1)
    y = {
        "title": title,
        "tickformat": "+.0%",
        "range": [float(lowest - edge), float(highest + edge)],
        "zeroline": True,
        "zerolinecolor": look.quiet,
    }
    x = {"title": look.say("axis.time"), "tickformat": "%H:%M", "nticks": 13, "showgrid": False, "type": "date"}
    shapes, names = _levels(levels, look)
    traces = [_line([row for row in rows if row.exchange == name], name, value_of, look) for name in exchanges_in(rows)]
    return figure_in_house_style(look, 340, traces, x, y, shapes=shapes, annotations=names)


def _line(
    rows: Sequence[PriceGap], exchange: str, value_of: Callable[[PriceGap], Decimal | None], look: Look
) -> dict[str, Any]:
    """An exchange's line with a break where slots are missing."""
    points: list[PriceGap | None] = []
    for earlier, row in zip((None, *rows), rows, strict=False):
        if earlier is not None and row.slot - earlier.slot > 1:
            points.append(None)
        points.append(row)
    values = [None if row is None else value_of(row) for row in points]
    line = line_of(
        look,
        exchange,
        x=[None if row is None else _time(row) for row in points],
        y=[None if value is None else float(value) for value in values],
        hovertext=["" if row is None else _text(row, value_of(row), look) for row in points],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    return {**line, "marker": {**line["marker"], "size": 3}, "line": {**line["line"], "width": 1.5}}


def _time(row: PriceGap) -> str:
    """A time of day on an axis that shows no day."""
    return f"2000-01-01T{row.slot_time}:00"


def _text(row: PriceGap, value: Decimal | None, look: Look) -> str:
    name = exchange_name(row.exchange, look.language)
    return f"<b>{name}</b> {row.slot_time} · {percent(value, 2)}<br>{exact(row.price_krw)}"


def _levels(
    levels: Sequence[tuple[PublishedLevel, Decimal]], look: Look
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A line for every level with its name above, and its sign of what was published."""
    shapes, names = [], []
    for level, value in levels:
        said = f"{look.say(f'price_level.{level.grade}')} {'+' if value > 0 else '−'}{percent(abs(value), 0)}"
        colours = {"caution": look.quiet, "warning": SHORTFALL.colour(look), "danger": GRAVE.colour(look)}
        line = {"color": colours[level.grade], "width": 1.5, "dash": _LEVEL_DASHES[level.grade]}
        place = {"xref": "paper", "x0": 0, "x1": 1, "y0": float(value), "y1": float(value)}
        shapes.append({"type": "line", **place, "line": line})
        names.append(
            {
                **{"xref": "paper", "x": 1, "xanchor": "right", "y": float(value), "showarrow": False},
                "yanchor": "bottom" if value > 0 else "top",
                "text": f"● {said}",
                "font": {"size": 12, "color": look.ink},
            }
        )
    return shapes, names

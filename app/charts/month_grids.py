"""A grid of exchanges by month: a mark for each, with colour, shape, sign and word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from app.charts.grades import Grade
from app.charts.style import Look, figure_in_house_style, name_axis, scatter
from app.words import exchange_name

_SQUARE_PIXELS = 30


@dataclass(frozen=True, slots=True)
class Cell:
    """One exchange's month: its grade, its hover text, and whether the month is not over."""

    grade: Grade
    text: str
    is_open: bool = False


def month_grid(
    cells: Mapping[tuple[str, str], Cell],
    grades: Mapping[Grade, str],
    exchanges: Sequence[str],
    months: Sequence[str],
    look: Look,
) -> go.Figure:
    """Return the grid; one trace for each grade that occurs. A mark's `customdata` is exchange and month."""
    traces: list[Any] = []
    for grade, word in grades.items():
        own = [(key, cells[key]) for key in cells if cells[key].grade is grade]
        if not own:
            continue
        traces.append(
            scatter(
                name=f"{grade.sign} {word}".strip(),
                x=[month for (_, month), _ in own],
                y=[exchange_name(exchange, look.language) for (exchange, _), _ in own],
                mode="markers+text",
                text=[grade.sign for _ in own],
                textfont={"size": 15, "color": sign_ink(grade, look)},
                marker={
                    "symbol": grade.symbol,
                    "size": _SQUARE_PIXELS,
                    "color": grade.colour(look),
                    "line": {"color": look.quiet, "width": [2 if is_outlined(cell) else 0 for _, cell in own]},
                },
                customdata=[[exchange, month] for (exchange, month), _ in own],
                hovertext=[cell.text for _, cell in own],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    names = [exchange_name(exchange, look.language) for exchange in exchanges]
    return figure_in_house_style(
        look, 110 + 44 * len(exchanges), traces, month_axis(look, months), name_axis(names, lanes=True)
    )


def month_axis(look: Look, months: Sequence[str]) -> dict[str, Any]:
    """Return a horizontal axis with every month named and no other tick."""
    return {
        "title": look.say("axis.month"),
        "type": "category",
        "categoryorder": "array",
        "categoryarray": list(months),
        "range": [-0.6, max(len(months), 1) - 0.4],
        "showgrid": False,
    }


def is_outlined(cell: Cell) -> bool:
    """True for a month that is not over, and for squares in the colour of the background."""
    return cell.is_open or cell.grade.light == "#ffffff"


def sign_ink(grade: Grade, look: Look) -> str:
    """Return the colour in which a sign is readable on a square."""
    if look.dark:
        return "#ffffff"
    return "#ffffff" if grade.light == "#b3261e" else "#0d141b"

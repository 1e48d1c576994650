"""Charts of data quality: the grade of each exchange's month, and one measure by month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from app.charts.grades import Grade
from app.charts.month_grids import Cell, month_axis, month_grid
from app.charts.style import Look, figure_in_house_style, line_of, position_of
from app.quality.measures import Measure
from app.quality.scorecard import GradeLine, RatedMeasure
from app.words import exchange_name

RATING_GRADES = {
    grade.name: grade
    for grade in (
        Grade("good", "●", "#c9d3dd", "#3a4856"),
        Grade("watch", "△", "#e3a53a", "#b87a00"),
        Grade("poor", "✕", "#b3261e", "#e0574d"),
        Grade("unjudged", "–", "#ffffff", "#12181f"),
    )
}
"""How each rating is drawn: by colour, sign and word."""


def grade_grid(rows: Sequence[GradeLine], exchanges: Sequence[str], months: Sequence[str], look: Look) -> go.Figure:
    """Exchange by month: the grade of each, a month that is still open outlined. A mark carries exchange and month."""
    cells = {
        (row.exchange, row.month): Cell(RATING_GRADES[row.rating], _grade_text(row, look), row.is_open) for row in rows
    }
    words = {grade: look.say(f"step.{grade.name}") for grade in RATING_GRADES.values()}
    return month_grid(cells, words, exchanges, months, look)


def _grade_text(row: GradeLine, look: Look) -> str:
    text = f"<b>{exchange_name(row.exchange, look.language)}</b> {row.month}<br>"
    text += f"{RATING_GRADES[row.rating].sign} {look.say(f'step.{row.rating}')}"
    text += f" · {look.say('data_quality.due', count=row.due_count)}"
    return f"{text}<br>{row.why}" if row.why else text


def measure_course(
    rows: Sequence[RatedMeasure], months: Sequence[str], measure: Measure, title: str, look: Look
) -> go.Figure:
    """One measure by month, a line for each exchange, and its two bounds. A mark carries exchange and month.

    `rows` are of this measure; a month without a value is a gap.
    """
    factor, suffix = (100, " %") if measure.is_share else (1, "")
    bounds = (measure.good, measure.watch)
    traces: list[Any] = []
    known = {(row.exchange, row.month): row for row in rows}
    for exchange in sorted({row.exchange for row in rows}, key=position_of):
        own = [known.get((exchange, month)) for month in months]
        traces.append(
            line_of(
                look,
                exchange,
                x=list(months),
                y=[None if row is None or row.value is None else float(row.value * factor) for row in own],
                customdata=[[exchange, month] for month in months],
                text=["" if row is None else _value_text(row, factor, suffix) for row in own],
                hovertemplate=f"<b>{exchange_name(exchange, look.language)}</b> %{{x}} · %{{text}}<extra></extra>",
            )
        )
    shapes = [
        {
            **{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y"},
            **dict.fromkeys(("y0", "y1"), float(bound * factor)),
            "line": {"color": look.quiet, "width": 1.5, "dash": dash},
        }
        for bound, dash in zip(bounds, ("dash", "dot"), strict=True)
    ]
    values = [float(row.value * factor) for row in rows if row.value is not None]
    y = {
        "title": title,
        "ticksuffix": suffix,
        "nticks": 6,
        "range": _room([*values, *(float(bound * factor) for bound in bounds)]),
    }
    return figure_in_house_style(look, 320, traces, month_axis(look, months), y, shapes=shapes)


def _room(values: Sequence[float]) -> list[float]:
    """From the lowest to the highest value with room for the marks; from below zero where that is the lowest."""
    low, high = min(values), max(values)
    margin = (high - low or 1.0) * 0.08
    return [low - margin, high + margin]


def _value_text(row: RatedMeasure, factor: int, suffix: str) -> str:
    if row.value is None:
        return ""
    return f"{row.value * factor:,.4f}".rstrip("0").rstrip(".") + f"{suffix} ({row.part:,} / {row.whole:,})"

"""Data quality: the grade of each exchange's month, and one measure in the course of the months."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from app.charts.grades import Grade
from app.charts.month_grids import Cell, month_axis, month_grid
from app.charts.style import Look, exchanges_in, figure_in_house_style, line_of
from app.frames import records_of
from app.words import exchange_name

QUALITY_GRADES = {
    grade.name: grade
    for grade in (
        Grade("good", "●", "#c9d3dd", "#3a4856"),
        Grade("watch", "△", "#e3a53a", "#b87a00"),
        Grade("poor", "✕", "#b3261e", "#e0574d"),
        Grade("unjudged", "–", "#ffffff", "#12181f"),
    )
}
"""The steps of a month, told by colour, sign and word."""


def grade_grid(frame: pd.DataFrame, exchanges: Sequence[str], months: Sequence[str], look: Look) -> go.Figure:
    """Exchange by month: the grade of each, a month that is still open outlined. A mark carries exchange and month.

    `frame`: `exchange`, `month`, `step`, `is_open`, `due_count`, and `why`, the reasons in words.
    """
    cells = {
        (row["exchange"], row["month"]): Cell(QUALITY_GRADES[row["step"]], _grade_text(row, look), row["is_open"])
        for row in records_of(frame)
    }
    words = {grade: look.say(f"step.{grade.name}") for grade in QUALITY_GRADES.values()}
    return month_grid(cells, words, exchanges, months, look)


def _grade_text(row: Any, look: Look) -> str:
    sign = QUALITY_GRADES[row["step"]].sign
    text = f"<b>{exchange_name(row['exchange'], look.language)}</b> {row['month']}<br>"
    text += f"{sign} {look.say('step.' + row['step'])}"
    text += f" · {look.say('data_quality.due', count=row['due_count'])}"
    return f"{text}<br>{row['why']}" if row["why"] else text


def measure_course(
    frame: pd.DataFrame, months: Sequence[str], thresholds: Sequence[Decimal], title: str, is_share: bool, look: Look
) -> go.Figure:
    """One measure by month, a line for each exchange, and its two thresholds. A mark carries exchange and month.

    `frame`: `exchange`, `month`, `value`, `part`, `whole`; a month without a whole is a gap.
    """
    factor, suffix = (100, " %") if is_share else (1, "")
    traces: list[Any] = []
    rows = {(row["exchange"], row["month"]): row for row in records_of(frame)}
    for exchange in exchanges_in(frame):
        own = [rows.get((exchange, month)) for month in months]
        known = [None if row is None else row["value"] for row in own]
        traces.append(
            line_of(
                look,
                exchange,
                x=list(months),
                y=[None if value is None else float(value * factor) for value in known],
                customdata=[[exchange, month] for month in months],
                text=["" if row is None or row["value"] is None else _value_text(row, factor, suffix) for row in own],
                hovertemplate=f"<b>{exchange_name(exchange, look.language)}</b> %{{x}} · %{{text}}<extra></extra>",
            )
        )
    shapes = [
        {
            **{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y"},
            **dict.fromkeys(("y0", "y1"), float(threshold * factor)),
            "line": {"color": look.quiet, "width": 1.5, "dash": dash},
        }
        for threshold, dash in zip(thresholds, ("dash", "dot"), strict=True)
    ]
    values = [float(row["value"] * factor) for row in rows.values() if row["value"] is not None]
    y = {
        "title": title,
        "ticksuffix": suffix,
        "nticks": 6,
        "range": _room([*values, *(float(one * factor) for one in thresholds)]),
    }
    return figure_in_house_style(look, 320, traces, month_axis(look, months), y, shapes=shapes)


def _room(values: Sequence[float]) -> list[float]:
    """From the lowest to the highest value with room for the marks; from below zero where that is the lowest."""
    low, high = min(values), max(values)
    margin = (high - low or 1.0) * 0.08
    return [low - margin, high + margin]


def _value_text(row: Any, factor: int, suffix: str) -> str:
    return f"{row['value'] * factor:,.4f}".rstrip("0").rstrip(".") + f"{suffix} ({row['part']:,} / {row['whole']:,})"

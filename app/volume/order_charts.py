"""How API orders behave over time: how many are small, how many are cancelled, how many accounts send them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go

from app.amounts import percent
from app.charts.panels import Panel, panels_in_house_style
from app.charts.style import Look, exchanges_in, line_of, scatter
from app.queries.spans import Span
from app.volume.course import CoursePoint
from app.volume.share_charts import span_axis
from app.words import exchange_name

_NEAR = Decimal("0.5")
"""From half of it on the threshold is drawn; farther off it would press the lines flat, and the title alone says it."""


def order_conduct(course: Sequence[CoursePoint], spans: Sequence[Span], threshold: Decimal, look: Look) -> go.Figure:
    """Three panels by day or week: share of small orders, cancels per order, accounts of the busiest hour and market.

    `threshold`: of VOL-008, which is of a market's day. A mark carries exchange and first day.
    """
    small = [row.small_order_share for row in course if row.small_order_share is not None]
    is_near = bool(small) and max(small) >= threshold * _NEAR
    panels = [
        Panel(
            look.say("volume.small_orders", threshold=percent(threshold, 0)),
            [
                *_lines(course, "small_order_share", spans, look, 100, percent, is_first=True),
                *([_threshold(threshold, spans, look)] if is_near else []),
            ],
            span_axis(look, spans),
            {"ticksuffix": " %", "nticks": 6, "rangemode": "tozero"},
        ),
        Panel(
            look.say("volume.cancels"),
            _lines(course, "cancels_per_order", spans, look, 1, lambda value: f"{value:.2f}"),
            span_axis(look, spans),
            {"nticks": 6},
        ),
        Panel(
            look.say("volume.accounts"),
            _lines(course, "largest_api_account_count", spans, look, 1, lambda value: f"{value:,}"),
            span_axis(look, spans),
            {"type": "log", "tickformat": ",~g", "dtick": 1},
        ),
    ]
    return panels_in_house_style(look, panels, height=280)


def _lines(
    course: Sequence[CoursePoint],
    column: str,
    spans: Sequence[Span],
    look: Look,
    factor: int,
    written: Callable[[Any], str],
    *,
    is_first: bool = False,
) -> list[dict[str, Any]]:
    lines = []
    for exchange in exchanges_in(course):
        own = {row.first_day: getattr(row, column) for row in course if row.exchange == exchange}
        values = [own.get(span.first_day) for span in spans]
        name = exchange_name(exchange, look.language)
        lines.append(
            line_of(
                look,
                exchange,
                x=[span.first_day.isoformat() for span in spans],
                y=[None if value is None else float(value * factor) for value in values],
                customdata=[[exchange, span.first_day.isoformat()] for span in spans],
                text=[
                    "" if value is None else f"<b>{name}</b> {span.text} · {written(value)}"
                    for value, span in zip(values, spans, strict=True)
                ],
                hovertemplate="%{text}<extra></extra>",
                legendgroup=exchange,
                showlegend=is_first,
            )
        )
    return lines


def _threshold(threshold: Decimal, spans: Sequence[Span], look: Look) -> dict[str, Any]:
    return scatter(
        name=look.say("volume.threshold"),
        mode="lines",
        x=[span.first_day.isoformat() for span in (spans[0], spans[-1])],
        y=[float(threshold * 100)] * 2,
        line={"color": look.quiet, "width": 1.5, "dash": "dash"},
        hoverinfo="skip",
    )

"""Charts of abnormal trading: each exchange's alerts against its own past, and how many became cases."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import plotly.graph_objects as go

from app.amounts import percent
from app.charts.panels import Panel, panels_in_house_style
from app.charts.style import (
    DASHES,
    SYMBOLS,
    Look,
    day_axis,
    exchanges_in,
    figure_in_house_style,
    name_axis,
    position_of,
    scatter,
)
from app.columns import Shown
from app.queries.spans import Span
from app.surveillance.course import PatternPoint
from app.surveillance.sums import ExchangeStages
from app.words import column_title, exchange_name

CONTEXTS = ("small_order_share", "cancel_ratio")
"""What of the day's API orders can be drawn beside the alerts."""


def pattern_panels(
    points: Sequence[PatternPoint],
    halted: Mapping[str, Collection[date]],
    exchanges: Sequence[str],
    spans: Sequence[Span],
    context: str,
    look: Look,
) -> go.Figure:
    """One pattern's alerts per day, a panel for each exchange with its own scale.

    `halted`: the days on which each exchange halted something; `context`: one of CONTEXTS to be drawn as a part of the
    panel's height, or nothing. Days not filed are gaps, days with a finding have a ring. A mark carries exchange and
    the first and last day of its span.
    """
    panels: list[Panel] = []
    for exchange in exchanges:
        own = {point.first_day: point for point in points if point.exchange == exchange}
        if own:
            course = [own.get(span.first_day) for span in spans]
            panels.append(_panel(exchange, course, halted.get(exchange, ()), spans, context, look, not panels))
    return panels_in_house_style(look, panels, columns=3 if len(panels) > 2 else 2, height=250)


def _panel(
    exchange: str,
    course: Sequence[PatternPoint | None],
    halted: Collection[date],
    spans: Sequence[Span],
    context: str,
    look: Look,
    is_first: bool,
) -> Panel:
    colour = look.colour(position_of(exchange))
    known = [row for row in course if row is not None]
    top = max(1.0, 1.12 * max(max(float(row.daily_alerts), float(row.past_median or 0)) for row in known))
    x = [span.first_day.isoformat() for span in spans]
    traces = [
        scatter(
            name=look.say("surveillance.daily_alerts"),
            legendgroup="alerts",
            showlegend=is_first,
            x=x,
            y=[None if row is None else float(row.daily_alerts) for row in course],
            mode="lines+markers",
            connectgaps=False,
            line={"color": colour, "width": 1.5},
            marker={"color": colour, "size": 5, "symbol": SYMBOLS[position_of(exchange) % len(SYMBOLS)]},
            customdata=[_mark(exchange, span) for span in spans],
            text=["" if row is None else _span_text(row, look) for row in course],
            hovertemplate="%{text}<extra></extra>",
        ),
        scatter(
            name=look.say("surveillance.own_past"),
            legendgroup="past",
            showlegend=is_first,
            x=x,
            y=[None if row is None or row.past_median is None else float(row.past_median) for row in course],
            mode="lines",
            connectgaps=False,
            line={"color": look.ink, "width": 1.5, "dash": "dash"},
            hoverinfo="skip",
        ),
    ]
    above = [(span, row) for span, row in zip(spans, course, strict=True) if row and row.finding_day_count]
    if above or is_first:
        traces.append(_marks(exchange, above, is_first, look))
    if context:
        traces.append(_context_line(x, course, context, top, is_first, look))
    y = {"tickformat": ",d", "nticks": 5, "range": [0, top]}
    axis = day_axis(look, [span.first_day for span in spans])
    axis = {**axis, "tickvals": axis["tickvals"][::3]}
    halts = [_halt(span.first_day, look) for span in spans if any(span.first_day <= d <= span.last_day for d in halted)]
    return Panel(exchange_name(exchange, look.language), traces, axis, y, halts)


def _mark(exchange: str, span: Span) -> list[str]:
    return [exchange, span.first_day.isoformat(), span.last_day.isoformat()]


def _marks(exchange: str, above: Sequence[tuple[Span, PatternPoint]], is_first: bool, look: Look) -> dict[str, Any]:
    """Rings around what has a finding; one that is nowhere where there is none, for the legend."""
    return scatter(
        name=look.say("surveillance.far_above"),
        legendgroup="above",
        showlegend=is_first,
        x=[span.first_day.isoformat() for span, _ in above] or [None],
        y=[float(row.daily_alerts) for _, row in above] or [None],
        mode="markers",
        marker={"symbol": "diamond-open", "size": 13, "color": look.ink, "line": {"width": 2, "color": look.ink}},
        customdata=[_mark(exchange, span) for span, _ in above] or [[exchange, "", ""]],
        text=[_span_text(row, look) for _, row in above] or [""],
        hovertemplate="%{text}<extra></extra>",
    )


def _context_line(
    x: Sequence[str], course: Sequence[PatternPoint | None], context: str, top: float, is_first: bool, look: Look
) -> dict[str, Any]:
    """A ratio, drawn so that one is the panel's full height."""
    values = [None if row is None else getattr(row, context) for row in course]
    return scatter(
        name=look.say(f"surveillance.context_{context}"),
        legendgroup="context",
        showlegend=is_first,
        x=list(x),
        y=[None if value is None else float(value) * top for value in values],
        mode="lines",
        connectgaps=False,
        line={"color": look.quiet, "width": 1.5, "dash": DASHES[2]},
        text=["" if value is None else percent(value) for value in values],
        hovertemplate=look.say(f"surveillance.context_{context}") + " %{x|%m-%d} · %{text}<extra></extra>",
    )


def _halt(day: date, look: Look) -> dict[str, Any]:
    """A tick at the foot of a day on which something was halted."""
    line = {"color": look.quiet, "width": 3}
    return {"type": "line", "x0": day.isoformat(), "x1": day.isoformat(), "y0": 0, "y1": 0.09, "line": line}


def _span_text(point: PatternPoint, look: Look) -> str:
    past = point.past_median
    said = look.say("surveillance.too_few", count=point.past_day_count) if past is None else f"{past:,.1f}"
    lines = [
        f"<b>{exchange_name(point.exchange, look.language)}</b> {Span(point.first_day, point.last_day).text}",
        f"{column_title('alert_count', Shown.COUNT, look.language)} {point.alert_count:,}",
        f"{look.say('surveillance.own_past')} {said} (n={point.past_day_count})",
    ]
    if point.day_count > 1:
        lines.append(f"{look.say('surveillance.daily_alerts')} {point.daily_alerts:,.1f}")
    lines += [
        f"{look.say(f'surveillance.context_{name}')} {percent(part)} (n={point.api_order_count:,})"
        for name in CONTEXTS
        if (part := getattr(point, name)) is not None
    ]
    return "<br>".join(lines)


def stage_shares(stages: Sequence[ExchangeStages], look: Look) -> go.Figure:
    """How much of one stage reached the next, by exchange: alerts that became cases, cases that were notified.

    A mark carries the exchange.
    """
    traces: list[Any] = []
    names = [exchange_name(exchange, look.language) for exchange in exchanges_in(stages)]
    for name, part, whole, place, symbol in (
        ("case_share", "case_count", "alert_count", 0, "circle"),
        ("notified_share", "notified_count", "case_count", 3, "diamond"),
    ):
        own = [row for row in stages if getattr(row, name) is not None]
        traces.append(
            scatter(
                name=look.say(f"column.{name}"),
                x=[float(getattr(row, name) * 100) for row in own],
                y=[exchange_name(row.exchange, look.language) for row in own],
                mode="markers+text",
                text=[f"{getattr(row, part):,}/{getattr(row, whole):,}" for row in own],
                textposition="top center",
                textfont={"size": 12},
                marker={"color": look.colour(place), "size": 12, "symbol": symbol},
                customdata=[[row.exchange] for row in own],
                hovertext=[
                    f"<b>{exchange_name(row.exchange, look.language)}</b> {look.say(f'column.{name}')} "
                    f"{percent(getattr(row, name))} ({getattr(row, part):,} / {getattr(row, whole):,})"
                    for row in own
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    x: dict[str, Any] = {"title": look.say("axis.reached"), "ticksuffix": " %"}
    highest = max(
        (float(share or 0) * 100 for row in stages for share in (row.case_share, row.notified_share)), default=0
    )
    x["range"] = [-2, max(10.0, highest * 1.2)]
    y = name_axis(names, lanes=True, grid=True)
    return figure_in_house_style(look, 120 + 52 * max(1, len(names)), traces, x, y)

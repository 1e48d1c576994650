"""API share over time: each exchange in a panel of its own, and all together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import plotly.graph_objects as go

from app.amounts import exact, krw, percent
from app.charts.panels import Panel, panels_in_house_style
from app.charts.style import Look, day_axis, line_of, scatter
from app.columns import Shown
from app.moments import kst_day
from app.queries.spans import Span
from app.volume.course import CoursePoint, TogetherPoint
from app.volume.shares import Volume
from app.volume.trading_halts import TradingHalt
from app.words import code_word, column_title, exchange_name
from expectations.published import published_levels

_TICKS = 4
_MOST_LINES = 12
"""With more halts only their signs are drawn: lines would hide the course that they cross."""


def share_panels(
    course: Sequence[CoursePoint],
    together: Sequence[TogetherPoint],
    halts: Sequence[TradingHalt],
    spans: Sequence[Span],
    exchanges: Sequence[str],
    look: Look,
    *,
    shared: bool = False,
) -> go.Figure:
    """API share of each exchange's own trading, a panel each; the last panel is of all together.

    Spans in which an exchange filed nothing are shaded and a gap; hollow marks lack some of their days. A mark carries
    exchange (none for all together) and first day. Every panel has the market's line and the FSS's figure.
    """
    market = {row.first_day: row for row in together}
    panels: list[Panel] = []
    for exchange in exchanges:
        own = {row.first_day: row for row in course if row.exchange == exchange}
        marks = _halt_marks([one for one in halts if one.exchange == exchange], spans, look)
        panels.append(
            Panel(
                exchange_name(exchange, look.language),
                [
                    *_references(market, spans, look, is_first=not panels, is_alone=len(exchanges) == 1),
                    _own_line(exchange, own, spans, look),
                ],
                span_axis(look, spans),
                _SHARE_AXIS,
                [*_gaps(own, spans, look), *marks[0]],
                marks[1],
            )
        )
    if len(exchanges) > 1:
        panels.append(
            Panel(
                look.say("volume.together", count=len(exchanges)),
                [_fss(spans, look, is_first=False), _together_line(market, spans, len(exchanges), look)],
                span_axis(look, spans),
                _SHARE_AXIS,
                _gaps(market, spans, look),
            )
        )
    return panels_in_house_style(look, panels, shared=shared)


_SHARE_AXIS = {"ticksuffix": " %", "nticks": 6}


def span_axis(look: Look, spans: Sequence[Span]) -> dict[str, Any]:
    """A horizontal axis of days, or of weeks by their first day, with room for few words."""
    days = [span.first_day for span in spans]
    is_by_week = any(span.day_count > 1 for span in spans)
    step = max(1, -(-len(days) // _TICKS))
    axis = {
        **day_axis(look, days),
        "title": look.say("axis.week" if is_by_week else "axis.day"),
        "tickvals": [day.isoformat() for day in days][::step],
    }
    if is_by_week:
        edges = days[0] - timedelta(5), days[-1] + timedelta(5)
        return {**axis, "tickformat": "%y-%m-%d", "range": [edge.isoformat() for edge in edges]}
    return axis


def _own_line(exchange: str, own: Mapping[date, CoursePoint], spans: Sequence[Span], look: Look) -> dict[str, Any]:
    filed = [own.get(span.first_day) for span in spans]
    line = line_of(
        look,
        exchange,
        x=[span.first_day.isoformat() for span in spans],
        y=[_percent(row) for row in filed],
        customdata=[[exchange, span.first_day.isoformat()] for span in spans],
        text=[
            "" if row is None else _own_text(row, exchange, span, look) for row, span in zip(filed, spans, strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )
    hollow = [row is not None and row.filed_day_count < span.day_count for row, span in zip(filed, spans, strict=True)]
    return _with_hollow_marks(line, hollow)


def _together_line(
    market: Mapping[date, TogetherPoint], spans: Sequence[Span], count: int, look: Look
) -> dict[str, Any]:
    filed = [market.get(span.first_day) for span in spans]
    line = scatter(
        name=look.say("volume.together", count=count),
        mode="lines+markers",
        connectgaps=False,
        showlegend=False,
        line={"color": look.ink, "width": 2},
        marker={"color": look.ink, "size": 7, "symbol": "circle"},
        x=[span.first_day.isoformat() for span in spans],
        y=[_percent(row) for row in filed],
        customdata=[["", span.first_day.isoformat()] for span in spans],
        text=[
            "" if row is None else _together_text(row, span, count, look)
            for row, span in zip(filed, spans, strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
    )
    return _with_hollow_marks(line, [row is not None and bool(row.missing) for row in filed])


def _with_hollow_marks(line: dict[str, Any], hollow: Sequence[bool]) -> dict[str, Any]:
    """Marks that lack something are drawn open."""
    marker = line["marker"]
    symbols = [f"{marker['symbol']}-open" if is_hollow else marker["symbol"] for is_hollow in hollow]
    widths = [2 if is_hollow else 0 for is_hollow in hollow]
    outline = {"width": widths, "color": marker["color"]}
    return {**line, "marker": {**marker, "symbol": symbols, "line": outline}} if any(hollow) else line


def _references(
    market: Mapping[date, TogetherPoint], spans: Sequence[Span], look: Look, *, is_first: bool, is_alone: bool
) -> list[dict[str, Any]]:
    """The share of all together, where there are several, and the FSS's figure."""
    line = scatter(
        name=look.say("volume.market_line"),
        legendgroup="market",
        showlegend=is_first,
        mode="lines",
        connectgaps=False,
        x=[span.first_day.isoformat() for span in spans],
        y=[_percent(market.get(span.first_day)) for span in spans],
        line={"color": look.quiet, "width": 1.5},
        hoverinfo="skip",
    )
    fss = _fss(spans, look, is_first=is_first)
    marks = _legend_marks(look) if is_first else []
    return [*([] if is_alone else [line]), fss, *marks]


def _fss(spans: Sequence[Span], look: Look, *, is_first: bool) -> dict[str, Any]:
    """The FSS's figure for the whole market, buying and selling value together: a reference, no limit."""
    return scatter(
        name=look.say("volume.reference"),
        legendgroup="fss",
        showlegend=is_first,
        mode="lines",
        x=[span.first_day.isoformat() for span in (spans[0], spans[-1])],
        y=[float(published_levels("api_share")[0].value * 100)] * 2,
        line={"color": look.quiet, "width": 1.5, "dash": "dash"},
        hoverinfo="skip",
    )


def _legend_marks(look: Look) -> list[dict[str, Any]]:
    """What the legend says of shaded spans, hollow marks and halts."""
    shaded = {"symbol": "square", "size": 12, "color": look.rule, "line": {"width": 1, "color": look.quiet}}
    hollow = {"symbol": "circle-open", "size": 9, "color": look.quiet, "line": {"width": 2, "color": look.quiet}}
    halt = {"symbol": "triangle-down", "size": 10, "color": look.quiet}
    return [
        scatter(name=look.say(name), mode="markers", x=[None], y=[None], marker=marker, hoverinfo="skip")
        for name, marker in (("volume.gap", shaded), ("volume.partial", hollow), ("volume.halt", halt))
    ]


def _gaps(own: Mapping[date, Any], spans: Sequence[Span], look: Look) -> list[dict[str, Any]]:
    """Shaded runs of spans in which nothing was filed."""
    runs: list[list[Span]] = []
    before: Span | None = None
    for span in spans:
        if span.first_day not in own:
            if runs and before is runs[-1][-1]:
                runs[-1].append(span)
            else:
                runs.append([span])
        before = span
    return [
        {
            "type": "rect",
            "x0": _edge(run[0].first_day, -12),
            "x1": _edge(run[-1].last_day, 12),
            "y0": 0,
            "y1": 1,
            "fillcolor": look.rule,
            "line": {"width": 0},
            "layer": "below",
        }
        for run in runs
    ]


def _edge(day: date, hours: int) -> str:
    return (datetime.combine(day, time()) + timedelta(hours=hours)).isoformat()


def _halt_marks(
    halts: Sequence[TradingHalt], spans: Sequence[Span], look: Look
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A sign for every span in which trading, of anything, was halted; a line too while few are."""
    found: dict[Span, list[str]] = defaultdict(list)
    for halt in halts:
        day = kst_day(halt.halted_at)
        span = next((one for one in spans if one.first_day <= day <= one.last_day), None)
        if span is not None:
            trigger = code_word(halt.trigger, look.language)
            found[span].append(f"{day} {halt.target} · {trigger} ({halt.halt_id})")
    lines = [
        {
            "type": "line",
            "x0": span.first_day.isoformat(),
            "x1": span.first_day.isoformat(),
            "y0": 0,
            "y1": 1,
            "line": {"color": look.quiet, "width": 1, "dash": "dot"},
        }
        for span in (found if len(found) <= _MOST_LINES else ())
    ]
    signs = [
        {
            "x": span.first_day.isoformat(),
            "y": 1,
            "text": "▼",
            "hovertext": f"<b>{look.say('volume.halt')}</b><br>" + "<br>".join(texts),
            "showarrow": False,
            "xanchor": "center",
            "yanchor": "top",
            "font": {"size": 12, "color": look.quiet},
        }
        for span, texts in found.items()
    ]
    return lines, signs


def _percent(row: Volume | None) -> float | None:
    return None if row is None or row.share is None else float(row.share * 100)


def _own_text(row: CoursePoint, exchange: str, span: Span, look: Look) -> str:
    head = f"<b>{exchange_name(exchange, look.language)}</b> {span.text} · {percent(row.share, 2)}"
    if row.filed_day_count < span.day_count:
        head += "<br>" + look.say("volume.days_filed", filed=row.filed_day_count, count=span.day_count)
    return f"{head}<br>{_amounts_text(row, look)}"


def _together_text(row: TogetherPoint, span: Span, count: int, look: Look) -> str:
    head = f"<b>{look.say('volume.together', count=count)}</b> {span.text} · {percent(row.share, 2)}"
    if row.missing:
        names = ", ".join(exchange_name(name, look.language) for name in row.missing)
        head += "<br>" + look.say("volume.without", exchanges=names)
    return f"{head}<br>{_amounts_text(row, look)}"


def _amounts_text(row: Volume, look: Look) -> str:
    lines = [
        f"{column_title(name, Shown.AMOUNT, look.language)} {krw(amount, look.language)} ({exact(amount)})"
        for name, amount in (
            ("api_trade_value_krw", row.api_trade_value_krw),
            ("trade_value_krw", row.trade_value_krw),
        )
    ]
    by_value, by_count = percent(row.share_by_value, 2), percent(row.share_by_count, 2)
    return "<br>".join([*lines, look.say("volume.both_measures", value=by_value, count=by_count)])

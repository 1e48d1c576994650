"""How long the stretches of cases took: the single cases, their median, and the limit where there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import plotly.graph_objects as go

from app.charts.grades import GRAVE
from app.charts.style import Look, bar, figure_in_house_style, position_of, scatter
from app.keys.case_totals import StretchMark, StretchSummary
from app.moments import duration
from app.words import exchange_name

LONGEST_IN_HOURS = timedelta(hours=96)
"""What takes longer is drawn in days."""
_HOUR = timedelta(hours=1)


def case_lengths(
    summaries: Sequence[StretchSummary],
    marks: Sequence[StretchMark],
    exchanges: Sequence[str],
    hours: int | None,
    look: Look,
) -> go.Figure:
    """Return how long one stretch took, a lane an exchange: the single cases, the middle half, the median, the limit.

    `summaries` and `marks` are those of one kind of stretch, `hours` its limit, if it has one. A mark carries exchange
    and case.
    """
    own = {row.exchange: row for row in summaries}
    longest = max([*(row.longest or timedelta() for row in summaries), *(one.length for one in marks)], default=_HOUR)
    in_days = longest > LONGEST_IN_HOURS
    unit = timedelta(days=1) if in_days else _HOUR
    lanes = {exchange: len(exchanges) - 1 - place for place, exchange in enumerate(exchanges)}
    traces: list[Any] = [_middles(own, lanes, unit, look)]
    for name, symbol in _SYMBOLS.items():
        drawn = [mark for mark in marks if _progress(mark) == name and mark.exchange in lanes]
        if drawn:
            traces.append(_points(name, symbol, drawn, lanes, unit, look))
    medians = {exchange: own[exchange].median for exchange in lanes if exchange in own}
    known = {exchange: middle for exchange, middle in medians.items() if middle is not None}
    traces.append(
        scatter(
            name=look.say("stretch.median_mark"),
            mode="markers",
            x=[middle / unit for middle in known.values()],
            y=[lanes[exchange] for exchange in known],
            marker={"color": look.ink, "symbol": "line-ns", "size": 26, "line": {"color": look.ink, "width": 3}},
            hovertext=[_median_text(exchange, own[exchange], look) for exchange in known],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    limit = None if hours is None else timedelta(hours=hours) / unit
    shapes, notes = ([], []) if limit is None or hours is None else _limit(limit, hours, look)
    x = {
        "title": look.say("axis.days" if in_days else "axis.hours"),
        "range": [0, max(longest / unit, limit or 0) * 1.05],
    }
    y = {
        "tickvals": list(lanes.values()),
        "ticktext": [_lane_text(exchange, own.get(exchange), look) for exchange in lanes],
        "range": [-0.6, len(lanes) - 0.4],
        "showgrid": False,
    }
    return figure_in_house_style(
        look, 130 + 50 * max(1, len(lanes)), traces, x, y, shapes=shapes, annotations=notes, bargap=0.5
    )


_SYMBOLS = {"ended": "circle", "running": "triangle-right-open", "over": "triangle-up"}


def _progress(mark: StretchMark) -> str:
    """How a case is marked: over where the rule recorded it, else a running clock or one that has ended."""
    return "over" if mark.is_exceeded else "running" if mark.is_open else "ended"


def _middles(
    own: Mapping[str, StretchSummary], lanes: Mapping[str, int], unit: timedelta, look: Look
) -> dict[str, Any]:
    """The middle half of the lengths as a pale bar."""
    known = {
        exchange: (row.lower, row.upper)
        for exchange in lanes
        if (row := own.get(exchange)) and row.lower is not None and row.upper is not None
    }
    return bar(
        name=look.say("stretch.middle_half"),
        orientation="h",
        y=[lanes[exchange] for exchange in known],
        base=[lower / unit for lower, _ in known.values()],
        x=[(upper - lower) / unit for lower, upper in known.values()],
        width=0.5,
        marker={"color": look.rule, "line": {"color": look.quiet, "width": 1}},
        hovertext=[_median_text(exchange, own[exchange], look) for exchange in known],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _points(
    name: str, symbol: str, drawn: Sequence[StretchMark], lanes: Mapping[str, int], unit: timedelta, look: Look
) -> dict[str, Any]:
    """Single cases, spread a little within their lane so that each is seen."""
    colours = [look.colour(position_of(mark.exchange)) for mark in drawn]
    grave = GRAVE.colour(look)
    return scatter(
        name=look.say(f"stretch.{name}"),
        mode="markers",
        x=[mark.length / unit for mark in drawn],
        y=[lanes[mark.exchange] + (number * 7 % 11 - 5) * 0.045 for number, mark in enumerate(drawn)],
        marker={
            "color": [grave] * len(drawn) if name == "over" else colours,
            "symbol": symbol,
            "size": 10 if name == "over" else 6,
            "opacity": 1 if name == "over" else 0.75,
        },
        customdata=[[mark.exchange, mark.case_id] for mark in drawn],
        hovertext=[
            f"<b>{mark.case_id}</b><br>{duration(mark.length, look.language)} · {look.say(f'stretch.{name}')}"
            for mark in drawn
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _limit(limit: float, hours: int, look: Look) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    line = {"type": "line", "yref": "paper", "x0": limit, "x1": limit, "y0": 0, "y1": 1}
    line["line"] = {"color": look.ink, "width": 1.5, "dash": "dash"}
    note = {"text": look.say("stretch.limit", hours=hours), "x": limit, "y": 1, "yref": "paper", "showarrow": False}
    return [line], [
        {**note, "xanchor": "right", "yanchor": "top", "xshift": -4, "font": {"size": 12, "color": look.ink}}
    ]


def _lane_text(exchange: str, row: StretchSummary | None, look: Look) -> str:
    return f"{exchange_name(exchange, look.language)}<br>{median_text(row, look)}"


def median_text(row: StretchSummary | None, look: Look) -> str:
    """Return a median with the number that it is of, or that these are too few for one."""
    if row is None or not row.count:
        return look.say("stretch.none")
    if row.median is None:
        return look.say("stretch.too_few", count=f"{row.count:,}")
    return look.say("stretch.median", length=duration(row.median, look.language), count=f"{row.count:,}")


def _median_text(exchange: str, row: StretchSummary, look: Look) -> str:
    lower, upper = ("–" if one is None else duration(one, look.language) for one in (row.lower, row.upper))
    median = f"<b>{exchange_name(exchange, look.language)}</b> {median_text(row, look)}"
    return f"{median}<br>{look.say('stretch.middle_half')} {lower} ~ {upper}"

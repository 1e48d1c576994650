"""The steps of one halt over time, and how long the steps of many took, each beside its limit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import plotly.graph_objects as go

from app.charts.grades import COVERED, GAPS, GRAVE, SHORTFALL
from app.charts.style import (
    PATTERN,
    SYMBOLS,
    Look,
    bar,
    figure_in_house_style,
    local_time,
    name_axis,
    position_of,
    scatter,
)
from app.halts.steps import HaltSpan, HaltStep, StepLength, Verdict
from app.moments import duration, kst_text
from app.words import exchange_name

_MINUTE = timedelta(minutes=1)
_VERDICTS = {
    Verdict.KEPT: ("●", COVERED),
    Verdict.EXCEEDED: ("✕", GRAVE),
    Verdict.RUNNING: ("◔", SHORTFALL),
    Verdict.NOT_EVALUATED: ("·", GAPS),
    Verdict.NO_LIMIT: ("–", GAPS),
}


def verdict_mark(verdict: Verdict, look: Look) -> str:
    """Sign and word of what the records say of a step and its limit."""
    return f"{_VERDICTS[verdict][0]} {look.say(f'verdict.{verdict}')}"


def halt_course(steps: Sequence[HaltStep], look: Look) -> go.Figure:
    """The steps of one halt below each other over the same time, each with its length, its limit and the verdict.

    A step that is not done reaches to now and is hatched; a line marks where the limit lies.
    """
    names = [look.say(f"halt_span.{step.span}") for step in steps]
    known = [step.start for step in steps] + [step.start + step.length for step in steps]
    latest = max(known, default=None)
    shapes: list[Any] = []
    annotations: list[Any] = []
    traces = []
    for place, step in enumerate(steps):
        begin = step.start if step.length >= timedelta() else step.start + step.length
        traces.append(
            bar(
                name=names[place],
                orientation="h",
                y=[names[place]],
                base=[local_time(begin)],
                x=[abs(step.length) / timedelta(milliseconds=1)],
                marker={
                    "color": _VERDICTS[step.verdict][1].colour(look),
                    "pattern": {**PATTERN, "shape": "" if step.is_done else "/", "fgcolor": look.ground},
                },
                hovertext=[_step_times(step, look)],
                hovertemplate="%{y}<br>%{hovertext}<extra></extra>",
            )
        )
        words_from = max(step.start + step.length, step.start)
        if step.limit is not None and latest is not None and step.start + step.limit <= latest:
            words_from = max(words_from, step.start + step.limit)
            due = local_time(step.start + step.limit)
            shapes.append(
                {
                    "type": "line",
                    "x0": due,
                    "x1": due,
                    "y0": len(steps) - 1 - place - 0.45,
                    "y1": len(steps) - 1 - place + 0.45,
                    "line": {"color": look.ink, "width": 2, "dash": "dot"},
                }
            )
        annotations.append(
            {
                "x": local_time(words_from),
                "y": names[place],
                "text": step_text(step, look),
                "xanchor": "left",
                "xshift": 5,
                "showarrow": False,
            }
        )
    x: dict[str, Any] = {"title": look.say("axis.time"), "type": "date", "tickformat": "%m-%d %H:%M", "nticks": 5}
    if latest is not None:
        span = max(latest - min(known), timedelta(minutes=10))
        x["range"] = [local_time(min(known) - span / 50), local_time(latest + span * 0.9)]
    y = name_axis(names)
    return figure_in_house_style(
        look, 110 + 52 * len(steps), traces, x, y, bargap=0.35, showlegend=False, shapes=shapes, annotations=annotations
    )


def halt_step_lengths(rows: Sequence[StepLength], exchanges: Sequence[str], look: Look) -> go.Figure:
    """How long each step of each halt took, on a logarithmic scale, with the limits as lines.

    Steps that are not done are hollow. A mark carries exchange and halt id.
    """
    traces = []
    for exchange in sorted({row.exchange for row in rows}, key=position_of):
        own = [row for row in rows if row.exchange == exchange]
        place = position_of(exchange)
        symbol = SYMBOLS[place % len(SYMBOLS)]
        spread = (exchanges.index(exchange) + 0.5) / len(exchanges) - 0.5
        traces.append(
            scatter(
                name=exchange_name(exchange, look.language),
                x=[max(row.length / _MINUTE, _LEAST_MINUTES) for row in own],
                y=[_SPANS.index(row.span) + 0.7 * spread for row in own],
                mode="markers",
                marker={
                    "color": look.colour(place),
                    "size": 9,
                    "symbol": [symbol if row.is_done else f"{symbol}-open" for row in own],
                },
                customdata=[[exchange, row.halt_id] for row in own],
                hovertext=[
                    f"<b>{row.halt_id}</b> {look.say(f'halt_span.{row.span}')}<br>"
                    f"{_signed(row.length, look)} / {duration(row.step_limit, look.language)} · "
                    f"{verdict_mark(row.verdict, look)}"
                    for row in own
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    limits = sorted({(_SPANS.index(row.span), row.step_limit) for row in rows})
    shapes = [
        {
            "type": "line",
            "x0": limit / _MINUTE,
            "x1": limit / _MINUTE,
            "y0": place - 0.45,
            "y1": place + 0.45,
            "line": {"color": GRAVE.colour(look), "width": 2, "dash": "dash"},
        }
        for place, limit in limits
    ]
    minutes = (0.1, 1, 5, 15, 60, 360, 1440, 10080)
    x = {
        "title": look.say("axis.time_taken"),
        "type": "log",
        "tickvals": list(minutes),
        "ticktext": [duration(timedelta(minutes=one), look.language, 1) for one in minutes],
    }
    y = {
        "tickvals": list(range(len(_SPANS))),
        "ticktext": [look.say(f"halt_span.{span}") for span in _SPANS],
        "range": [len(_SPANS) - 0.5, -0.5],
        "showgrid": False,
    }
    return figure_in_house_style(look, 310, traces, x, y, shapes=shapes)


_SPANS = tuple(HaltSpan)
_LEAST_MINUTES = 0.1
"""Shorter steps, and those that run backwards, are drawn here; their length is said where one points."""


def _signed(length: timedelta, look: Look) -> str:
    return ("−" if length < timedelta() else "") + duration(abs(length), look.language)


def step_text(step: HaltStep, look: Look) -> str:
    """How long a step took, its limit, and what the records say of it."""
    length = _signed(step.length, look)
    limit = "" if step.limit is None else f" / {duration(step.limit, look.language)}"
    return f"{length}{limit} · {verdict_mark(step.verdict, look)}"


def _step_times(step: HaltStep, look: Look) -> str:
    end = kst_text(step.end) if step.end is not None else look.say("halt.open")
    return f"{kst_text(step.start)} → {end}<br>{step.rule}"

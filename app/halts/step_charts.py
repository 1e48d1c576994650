"""How far halts reached day by day, what they were for, and the steps of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from app.amounts import percent
from app.charts.grades import ABSENT, COVERED, GAPS, GRAVE, SHORTFALL, Grade, sign_colour
from app.charts.style import (
    PATTERN,
    SYMBOLS,
    Look,
    bar,
    day_axis,
    exchanges_in,
    figure_in_house_style,
    is_ended,
    local_time,
    name_axis,
    position_of,
    scatter,
)
from app.frames import records_of
from app.halts.lane_charts import trigger_colour
from app.halts.steps import HaltSpan, HaltStep, Verdict
from app.moments import duration, kst_text
from app.words import code_word, exchange_name

_REACHES: dict[str, Grade] = {
    "none": COVERED,
    "accounts": GAPS,
    "partial": SHORTFALL,
    "exchange_wide": GRAVE,
    "unknown": ABSENT,
}
"""The scale of `queries.availability.HaltReach`, in the order of the legend."""
_MINUTE = timedelta(minutes=1)


def halt_bars(frame: pd.DataFrame, exchanges: Sequence[str], look: Look) -> go.Figure:
    """A square for each exchange and day, or week: how far halts reached; days that were not filed are outlines.

    `frame`: what `queries.halt_bars` answers. A mark carries exchange, first and last day.
    """
    rows = records_of(frame)
    starts = sorted({row["first_day"] for row in rows})
    size = max(8, min(26, 900 // max(1, len(starts))))
    traces = []
    for reach, grade in _REACHES.items():
        own = [row for row in rows if row["reach"] == reach]
        traces.append(
            scatter(
                name=f"{grade.sign} {look.say(f'reach.{reach}')}".strip(),
                x=[row["first_day"].isoformat() for row in own] or [None],
                y=[exchange_name(row["exchange"], look.language) for row in own] or [None],
                mode="markers+text",
                text=[grade.sign if size >= 14 else "" for _ in own],
                textfont={"size": 9, "color": sign_colour(grade, look)},
                marker={
                    "symbol": "square" if size >= 14 else grade.symbol,
                    "size": size,
                    "color": grade.colour(look) if size >= 14 or grade is not ABSENT else look.quiet,
                    "line": {"color": look.quiet, "width": 1 if grade is ABSENT else 0},
                },
                customdata=[[row["exchange"], str(row["first_day"]), str(row["last_day"])] for row in own],
                hovertext=[_bar_text(row, look) for row in own],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    names = [exchange_name(exchange, look.language) for exchange in exchanges]
    y = name_axis(names, lanes=True)
    return figure_in_house_style(look, 104 + 34 * len(exchanges), traces, day_axis(look, starts), y)


def _bar_text(row: Any, look: Look) -> str:
    days = str(row["first_day"]) if row["first_day"] == row["last_day"] else f"{row['first_day']} ~ {row['last_day']}"
    lines = [
        f"<b>{exchange_name(row['exchange'], look.language)}</b> {days}",
        look.say(f"reach.{row['reach']}"),
    ]
    if row["halt_count"]:
        lines += [
            f"{look.say('column.halt_count')} {row['halt_count']:,}",
            f"{look.say('column.halted')} {duration(row['halted'], look.language)}",
            f"{look.say('column.weighted')} {duration(row['weighted'], look.language)}",
        ]
    return "<br>".join(lines)


def halt_reasons(frame: pd.DataFrame, look: Look) -> go.Figure:
    """What halts were for, the longest together first, with how many there were and the cumulative part of the time.

    `frame`: what `queries.halt_reasons` answers. A mark carries the trigger.
    """
    rows = records_of(frame)
    names = [code_word(row["trigger"], look.language) for row in rows]
    lengths = [row["halted"] / _MINUTE for row in rows]
    trace = bar(
        orientation="h",
        x=lengths,
        y=names,
        text=[
            look.say(
                "halt.reason",
                count=f"{row['count']:,}",
                length=duration(row["halted"], look.language),
                share=percent(row["cumulative_share"], 0),
            )
            for row in rows
        ],
        textposition="outside",
        cliponaxis=False,
        marker={"color": [trigger_colour(row["trigger"], look) for row in rows]},
        customdata=[[row["trigger"]] for row in rows],
        hovertemplate="%{y} · %{text}<extra></extra>",
    )
    x = {"title": look.say("axis.minutes"), "tickformat": ",d", "rangemode": "tozero", "nticks": 6}
    x["range"] = [0, max(lengths, default=1) * 1.75]  # room for the words behind the longest
    y = name_axis(names)
    return figure_in_house_style(look, 110 + 40 * len(rows), [trace], x, y, bargap=0.4)


_VERDICTS = {
    Verdict.KEPT: ("●", COVERED),
    Verdict.EXCEEDED: ("✕", GRAVE),
    Verdict.PENDING: ("◔", SHORTFALL),
    Verdict.NO_LIMIT: ("–", GAPS),
}


def verdict_mark(verdict: Verdict, look: Look) -> str:
    """Sign and word of whether a step kept its limit."""
    return f"{_VERDICTS[verdict][0]} {look.say(f'verdict.{verdict}')}"


def halt_course(steps: Sequence[HaltStep], look: Look) -> go.Figure:
    """The steps of one halt below each other over the same time, each with its length, its limit and the verdict.

    A step that is not done reaches to now and is hatched; a line marks until when it was to be done.
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
                    "pattern": {**PATTERN, "shape": "" if is_ended(step.end) else "/", "fgcolor": look.ground},
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


def halt_step_lengths(frame: pd.DataFrame, exchanges: Sequence[str], look: Look) -> go.Figure:
    """How long each step of each halt took, on a logarithmic scale, with the limits as lines.

    `frame`: what `queries.halt_step_lengths` answers. Steps that are not done are hollow. A mark carries exchange and
    halt id.
    """
    rows = records_of(frame)
    traces = []
    for exchange in exchanges_in(frame):
        own = [row for row in rows if row["exchange"] == exchange]
        place = position_of(exchange)
        symbol = SYMBOLS[place % len(SYMBOLS)]
        spread = (exchanges.index(exchange) + 0.5) / len(exchanges) - 0.5
        traces.append(
            scatter(
                name=exchange_name(exchange, look.language),
                x=[max(row["length"] / _MINUTE, _LEAST_MINUTES) for row in own],
                y=[_SPANS.index(row["span"]) + 0.7 * spread for row in own],
                mode="markers",
                marker={
                    "color": look.colour(place),
                    "size": 9,
                    "symbol": [symbol if row["is_done"] else f"{symbol}-open" for row in own],
                },
                customdata=[[exchange, row["halt_id"]] for row in own],
                hovertext=[
                    f"<b>{row['halt_id']}</b> {look.say('halt_span.' + row['span'])}<br>"
                    f"{_signed(row['length'], look)} / {duration(row['limit'], look.language)} · "
                    f"{verdict_mark(row['verdict'], look)}"
                    for row in own
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    limits = sorted({(_SPANS.index(row["span"]), row["limit"]) for row in rows})
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
    """How long a step took, of how long it may take, and whether that was kept."""
    length = _signed(step.length, look)
    limit = "" if step.limit is None else f" / {duration(step.limit, look.language)}"
    return f"{length}{limit} · {verdict_mark(step.verdict, look)}"


def _step_times(step: HaltStep, look: Look) -> str:
    end = kst_text(step.end) if step.end is not None else look.say("halt.open")
    return f"{kst_text(step.start)} → {end}<br>{step.rule}"

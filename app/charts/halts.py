"""Halts as stretches of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from app.charts.grades import GRAVE, SHORTFALL
from app.charts.style import (
    Look,
    bar,
    figure_in_house_style,
    is_ended,
    local_time,
    name_axis,
)
from app.moments import duration, kst_text
from app.words import code_word, exchange_name


def halt_lanes(
    frame: pd.DataFrame, exchanges: Sequence[str], start: datetime, end: datetime, now: datetime, look: Look
) -> go.Figure:
    """Halts as stretches of time, a lane per exchange, coloured by what triggered them.

    Short ones are widened to be seen; one that is not lifted is hatched and reaches to now. `frame`: what
    `queries.halt_events` answers. A mark carries exchange and halt id.
    """
    traces: list[Any] = []
    rows = frame.to_dict("records")
    for trigger in TRIGGERS:
        for is_open in (False, True):
            own = [row for row in rows if row["trigger"] == trigger and is_ended(row["resumed_at"]) is not is_open]
            if own:
                traces.append(_bars(own, trigger, is_open, start, min(end, now), now, look))
    names = [exchange_name(exchange, look.language) for exchange in exchanges]
    x = {
        "title": look.say("axis.time"),
        "type": "date",
        "tickformat": "%m-%d" if end - start > timedelta(days=2) else "%m-%d %H:%M",
        "range": [local_time(start), local_time(end)],
        "nticks": 12,
    }
    height = 120 + 44 * len(exchanges)
    y = name_axis(names, lanes=True, grid=True)
    return figure_in_house_style(look, height, traces, x, y, barmode="overlay", bargap=0.45)


TRIGGERS = ("reconciliation_mismatch", "abnormal_trading", "system_fault", "authority_order", "maintenance")
"""In the order of the legend, what matters most first."""


def _colour(trigger: str, look: Look) -> str:
    if trigger in _GRADES:
        return _GRADES[trigger].colour(look)
    return look.colour(_SERIES[trigger])


_GRADES = {"reconciliation_mismatch": GRAVE, "abnormal_trading": SHORTFALL}
_SERIES = {"system_fault": 6, "authority_order": 5, "maintenance": 7}


def _bars(
    rows: Sequence[Any], trigger: str, is_open: bool, start: datetime, edge: datetime, now: datetime, look: Look
) -> dict[str, Any]:
    """The halts of one trigger that are open, or that are lifted."""
    bases = [max(row["halted_at"], start) for row in rows]
    ends = [edge if is_open else row["resumed_at"] for row in rows]
    least = (edge - start) / 250
    lengths = [max(end - base, least) for end, base in zip(ends, bases, strict=True)]
    word = code_word(trigger, look.language)
    return bar(
        name=f"{word} · {look.say('halt.open')}" if is_open else word,
        orientation="h",
        y=[exchange_name(row["exchange"], look.language) for row in rows],
        base=[local_time(base) for base in bases],
        x=[length / timedelta(milliseconds=1) for length in lengths],
        marker={
            "color": _colour(trigger, look),
            "pattern": {"shape": "/" if is_open else "", "fgcolor": look.ground},
        },
        customdata=[[row["exchange"], row["halt_id"]] for row in rows],
        hovertext=[_halt_text(row, now, look) for row in rows],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _halt_text(row: Any, now: datetime, look: Look) -> str:
    length = duration((row["resumed_at"] if is_ended(row["resumed_at"]) else now) - row["halted_at"], look.language)
    return (
        f"<b>{row['halt_id']}</b> {code_word(row['scope'], look.language)} {row['target']}<br>"
        f"{code_word(row['trigger'], look.language)} · {code_word(row['mode'], look.language)}<br>"
        f"{kst_text(row['halted_at'])} · {length}"
    )

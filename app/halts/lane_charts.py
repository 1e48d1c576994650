"""Halts as stretches of time, with the shortfalls that reached the limit above them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from app.amounts import krw
from app.charts.grades import GRAVE, SHORTFALL
from app.charts.style import PATTERN, Look, bar, figure_in_house_style, is_ended, local_time, scatter
from app.frames import records_of
from app.moments import duration, kst_text
from app.words import code_word, exchange_name, target_word

MOST_ROWS = 4
"""Halts of one exchange that overlap are drawn in as many rows; more share the last."""
_LANE = 1.0
_HALTS = 0.62
"""The part of a lane that its halts take; the rest above is for shortfalls."""
TRIGGERS = ("reconciliation_mismatch", "abnormal_trading", "system_fault", "authority_order", "maintenance")
"""In the order of the legend, what matters most first."""
_GRADES = {"reconciliation_mismatch": GRAVE, "abnormal_trading": SHORTFALL}
_SERIES = {"system_fault": 6, "authority_order": 5}
_PATTERNS = {"abnormal_trading": ".", "system_fault": "x", "authority_order": "-", "maintenance": "|"}
"""What tells triggers apart without colours; of a shortfall the bar is plain, and of what is open it is hatched."""
_PLANNED = ("#98a5b2", "#6f7c89")
"""Of maintenance, on a light and on a dark ground: there is most of it, and it matters least."""


def halt_lanes(
    frame: pd.DataFrame,
    crossings: pd.DataFrame,
    exchanges: Sequence[str],
    start: datetime,
    end: datetime,
    now: datetime,
    look: Look,
) -> go.Figure:
    """Halts as bars, a lane per exchange, coloured by trigger; above them the shortfalls that reached the limit.

    Short halts are widened to be seen; one that is not lifted is hatched and reaches to now. `frame`: what
    `queries.halt_events` answers; `crossings`: rows of `queries.episode_responses` that reached the limit, with
    `is_unhalted` for those that REC-004 found. A mark carries exchange, halt id and, for a shortfall, asset and moment.
    """
    edge = min(end, now)
    rows = _in_rows(records_of(frame), start, edge)
    traces: list[Any] = []
    for trigger in TRIGGERS:
        for is_open in (False, True):
            own = [row for row in rows if row["trigger"] == trigger and is_ended(row["resumed_at"]) is not is_open]
            if own:
                traces.append(_bars(own, trigger, is_open, exchanges, now, look))
    traces += _shortfalls(records_of(crossings), exchanges, start, look)
    names = [exchange_name(exchange, look.language) for exchange in exchanges]
    x = {
        "title": look.say("axis.time"),
        "type": "date",
        "tickformat": "%m-%d" if end - start > timedelta(days=2) else "%m-%d %H:%M",
        "range": [local_time(start), local_time(end)],
        "nticks": 12,
        "showgrid": False,
    }
    y = {
        "tickvals": list(range(len(names))),
        "ticktext": names,
        "range": [len(names) - 0.45, -0.6],
        "showgrid": False,
    }
    shapes = [
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "y0": place + 0.5,
            "y1": place + 0.5,
            "line": {"color": look.rule, "width": 1},
        }
        for place in range(len(names) - 1)
    ]
    return figure_in_house_style(look, 120 + 62 * len(exchanges), traces, x, y, barmode="overlay", shapes=shapes)


def _in_rows(rows: Sequence[Mapping[Any, Any]], start: datetime, edge: datetime) -> list[dict[str, Any]]:
    """The halts with what is drawn of them, and the row of its lane in which each is not covered by another."""
    least = (edge - start) / 250
    free_from: dict[str, list[datetime]] = {}
    placed: list[dict[str, Any]] = []
    for row in sorted(rows, key=lambda row: row["halted_at"]):
        base = max(row["halted_at"], start)
        ends = row["resumed_at"] if is_ended(row["resumed_at"]) else edge
        until = base + max(ends - base, least)
        taken = free_from.setdefault(row["exchange"], [])
        place = next((number for number, free in enumerate(taken) if free <= base), len(taken))
        place = min(place, MOST_ROWS - 1)
        taken[place : place + 1] = [until]
        placed.append({**row, "base": base, "drawn": until - base, "place": place})
    depth = {exchange: len(taken) for exchange, taken in free_from.items()}
    return [{**row, "depth": depth[row["exchange"]]} for row in placed]


def _bars(
    rows: Sequence[Any], trigger: str, is_open: bool, exchanges: Sequence[str], now: datetime, look: Look
) -> dict[str, Any]:
    """The halts of one trigger that are open, or that are lifted."""
    word = code_word(trigger, look.language)
    top = _LANE / 2 - _HALTS  # of the part of a lane that holds halts, from its middle
    return bar(
        name=f"{word} · {look.say('halt.open')}" if is_open else word,
        orientation="h",
        y=[exchanges.index(row["exchange"]) + top + _HALTS * (row["place"] + 0.5) / row["depth"] for row in rows],
        width=[_HALTS / row["depth"] * 0.86 for row in rows],
        base=[local_time(row["base"]) for row in rows],
        x=[row["drawn"] / timedelta(milliseconds=1) for row in rows],
        marker={
            "color": trigger_colour(trigger, look),
            "pattern": {**PATTERN, "shape": "/" if is_open else _PATTERNS.get(trigger, ""), "fgcolor": look.ground},
        },
        customdata=[[row["exchange"], row["halt_id"]] for row in rows],
        hovertext=[_halt_text(row, now, look) for row in rows],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def trigger_colour(trigger: str, look: Look) -> str:
    """The colour of a trigger, the same in every chart."""
    if trigger in _GRADES:
        return _GRADES[trigger].colour(look)
    return look.colour(_SERIES[trigger]) if trigger in _SERIES else _PLANNED[look.dark]


def _shortfalls(
    rows: Sequence[Mapping[Any, Any]], exchanges: Sequence[str], start: datetime, look: Look
) -> list[dict[str, Any]]:
    """A mark where a shortfall reached the limit: hollow with a halt in time, crossed without one."""
    traces = []
    for is_unhalted, symbol, name in ((False, "diamond-open", "halt.crossing"), (True, "x", "halt.unhalted")):
        own = [row for row in rows if bool(row["is_unhalted"]) is is_unhalted and is_ended(row["reached_at"])]
        if not own:
            continue
        traces.append(
            scatter(
                name=look.say(name),
                x=[local_time(max(row["reached_at"], start)) for row in own],
                y=[exchanges.index(row["exchange"]) - _LANE / 2 + (_LANE - _HALTS) / 2 for row in own],
                mode="markers",
                marker={
                    "symbol": symbol,
                    "size": 11,
                    "color": GRAVE.colour(look) if is_unhalted else look.ink,
                    "line": {"width": 1.5, "color": look.ground if is_unhalted else look.ink},
                },
                customdata=[
                    [row["exchange"], row["halt_id"] or "", row["asset"], row["largest_at"].isoformat()] for row in own
                ],
                hovertext=[
                    f"<b>{row['asset']}</b> {kst_text(row['reached_at'])}<br>{look.say(name)}<br>"
                    f"{krw(row['reached_krw'], look.language)} · {row['reached_ratio'] * 10_000:,.2f} bp"
                    for row in own
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    return traces


def _halt_text(row: Any, now: datetime, look: Look) -> str:
    length = duration((row["resumed_at"] if is_ended(row["resumed_at"]) else now) - row["halted_at"], look.language)
    target = target_word(row["scope"], row["target"], look.language)
    return (
        f"<b>{row['halt_id']}</b> {code_word(row['scope'], look.language)} · {target}<br>"
        f"{code_word(row['trigger'], look.language)} · {code_word(row['mode'], look.language)}<br>"
        f"{kst_text(row['halted_at'])} · {length}"
    )

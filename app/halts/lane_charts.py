"""Halts as stretches of time, with the shortfalls that they answer, or that had none in time, above them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import plotly.graph_objects as go

from app.amounts import krw
from app.charts.grades import GRAVE, SHORTFALL
from app.charts.style import PATTERN, Look, bar, figure_in_house_style, local_time, scatter
from app.halts.events import HaltEvent
from app.moments import duration, kst_text
from app.reconciliation.responses import EpisodeResponse, Response
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


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A halt with where its bar begins, how long it is drawn, and in which of how many rows of its lane."""

    event: HaltEvent
    base: datetime
    length: timedelta
    place: int
    depth: int


def halt_lanes(
    events: Sequence[HaltEvent],
    episodes: Sequence[EpisodeResponse],
    exchanges: Sequence[str],
    start: datetime,
    end: datetime,
    now: datetime,
    look: Look,
) -> go.Figure:
    """Halts as bars, a lane per exchange, coloured by trigger; above them the shortfalls that halts are about.

    Short halts are widened to be seen; one that is open is hatched and reaches to now. Of the shortfalls those are
    marked that a halt answers and those that REC-004 names. A mark carries exchange, halt id and, for a shortfall,
    asset and the moment at which it was largest.
    """
    edge = min(end, now)
    rows = _in_rows(events, start, edge)
    traces: list[Any] = []
    for trigger in TRIGGERS:
        for is_open in (False, True):
            own = [row for row in rows if row.event.trigger == trigger and (row.event.resumed_at is None) is is_open]
            if own:
                traces.append(_bars(own, trigger, is_open, exchanges, now, look))
    traces += _shortfalls(episodes, exchanges, start, look)
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


def _in_rows(events: Sequence[HaltEvent], start: datetime, edge: datetime) -> list[_Drawn]:
    """The halts with what is drawn of them, and the row of its lane in which each is not covered by another."""
    least = (edge - start) / 250
    free_from: dict[str, list[datetime]] = {}
    placed: list[tuple[HaltEvent, datetime, timedelta, int]] = []
    for event in sorted(events, key=lambda one: one.halted_at):
        base = max(event.halted_at, start)
        until = base + max((event.resumed_at or edge) - base, least)
        taken = free_from.setdefault(event.exchange, [])
        place = next((number for number, free in enumerate(taken) if free <= base), len(taken))
        place = min(place, MOST_ROWS - 1)
        taken[place : place + 1] = [until]
        placed.append((event, base, until - base, place))
    return [_Drawn(*one, depth=len(free_from[one[0].exchange])) for one in placed]


def _bars(
    rows: Sequence[_Drawn], trigger: str, is_open: bool, exchanges: Sequence[str], now: datetime, look: Look
) -> dict[str, Any]:
    """The halts of one trigger that are open, or that are resumed."""
    word = code_word(trigger, look.language)
    top = _LANE / 2 - _HALTS  # of the part of a lane that holds halts, from its middle
    return bar(
        name=f"{word} · {look.say('halt.open')}" if is_open else word,
        orientation="h",
        y=[exchanges.index(row.event.exchange) + top + _HALTS * (row.place + 0.5) / row.depth for row in rows],
        width=[_HALTS / row.depth * 0.86 for row in rows],
        base=[local_time(row.base) for row in rows],
        x=[row.length / timedelta(milliseconds=1) for row in rows],
        marker={
            "color": trigger_colour(trigger, look),
            "pattern": {**PATTERN, "shape": "/" if is_open else _PATTERNS.get(trigger, ""), "fgcolor": look.ground},
        },
        customdata=[[row.event.exchange, row.event.halt_id] for row in rows],
        hovertext=[_halt_text(row.event, now, look) for row in rows],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def trigger_colour(trigger: str, look: Look) -> str:
    """The colour of a trigger, the same in every chart."""
    if trigger in _GRADES:
        return _GRADES[trigger].colour(look)
    return look.colour(_SERIES[trigger]) if trigger in _SERIES else _PLANNED[look.dark]


def _shortfalls(
    episodes: Sequence[EpisodeResponse], exchanges: Sequence[str], start: datetime, look: Look
) -> list[dict[str, Any]]:
    """A hollow mark where a shortfall began that a halt answers, a cross where one reached the limit without it."""
    answered = [one for one in episodes if not one.is_unhalted and one.halt_response == Response.HALTED]
    unhalted = [one for one in episodes if one.is_unhalted]
    traces = []
    for own, symbol, name, colour in (
        (answered, "diamond-open", "halt.answered", look.ink),
        (unhalted, "x", "halt.unhalted", GRAVE.colour(look)),
    ):
        if not own:
            continue
        traces.append(
            scatter(
                name=look.say(name),
                x=[local_time(max(one.reached_at or one.started_at, start)) for one in own],
                y=[exchanges.index(one.exchange) - _LANE / 2 + (_LANE - _HALTS) / 2 for one in own],
                mode="markers",
                marker={
                    "symbol": symbol,
                    "size": 11,
                    "color": colour,
                    "line": {"width": 1.5, "color": look.ground if symbol == "x" else look.ink},
                },
                customdata=[[one.exchange, one.halt_id or "", one.asset, one.largest_at.isoformat()] for one in own],
                hovertext=[_shortfall_text(one, name, look) for one in own],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    return traces


def _shortfall_text(one: EpisodeResponse, name: str, look: Look) -> str:
    """A shortfall with its size when it reached the limit, or else its largest."""
    size_krw = one.shortfall_krw if one.reached_krw is None else one.reached_krw
    size_ratio = one.shortfall_ratio if one.reached_ratio is None else one.reached_ratio
    return (
        f"<b>{one.asset}</b> {kst_text(one.reached_at or one.started_at)}<br>{look.say(name)}<br>"
        f"{krw(size_krw, look.language)} · {size_ratio * 10_000:,.2f} bp"
    )


def _halt_text(row: HaltEvent, now: datetime, look: Look) -> str:
    length = duration((row.resumed_at or now) - row.halted_at, look.language)
    target = target_word(row.scope, row.target, look.language)
    return (
        f"<b>{row.halt_id}</b> {code_word(row.scope, look.language)} · {target}<br>"
        f"{code_word(row.trigger, look.language)} · {code_word(row.mode, look.language)}<br>"
        f"{kst_text(row.halted_at)} · {length}"
    )

"""Shortfall episodes: how large, in won and as a part of the ledger, and how long until they were closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from math import log10
from typing import Any

import plotly.graph_objects as go

from app.amounts import krw
from app.charts.grades import GRAVE, SHORTFALL
from app.charts.style import (
    PATTERN,
    SYMBOLS,
    Look,
    bar,
    figure_in_house_style,
    position_of,
    scatter,
)
from app.moments import duration, kst_text
from app.reconciliation.episodes import ShortfallEpisode
from app.words import exchange_name

MOST_MARKS = 2000
"""Of more episodes the largest in won are drawn."""
_STATES = {"ended": "circle", "open": "circle-open"}
"""How the marks of all exchanges tell what has ended from what is open."""
_BASIS_POINTS = 10_000
_EOK = Decimal(10**8)
_TIMES = (Decimal("0.001"), Decimal("0.01"), Decimal("0.1"), Decimal(1))
"""Multiples of what is held that are marked on the scale of the ledger: a part r of it is r ÷ (1 − r) of the rest."""
_STEPS = (5, 15, 30, 60, 180, 720, 1440)
"""Minutes that part the lengths: one check, then what people tell apart."""


def episode_sizes(episodes: Sequence[ShortfallEpisode], limits: Mapping[str, Decimal], look: Look) -> go.Figure:
    """Episodes by their size in won and in basis points of the ledger, both logarithmic; the larger, the longer.

    `episodes` come largest in won first; `limits`: `ratio` and `krw` from which a halt is due, drawn as lines where
    known. A full mark has ended, a hollow one is open. A mark carries exchange, asset and the moment at which it was
    largest.
    """
    traces: list[Any] = []
    for exchange in sorted({row.exchange for row in episodes}, key=position_of):
        own = [row for row in episodes[:MOST_MARKS] if row.exchange == exchange]
        colour, symbol = look.colour(position_of(exchange)), SYMBOLS[position_of(exchange) % len(SYMBOLS)]
        traces.append(
            scatter(
                name=exchange_name(exchange, look.language),
                x=[float(row.shortfall_ratio * _BASIS_POINTS) for row in own],
                y=[float(row.shortfall_krw / _EOK) for row in own],
                mode="markers",
                marker={
                    "color": colour,
                    "opacity": 0.85,
                    "size": [_diameter(row.duration) for row in own],
                    "symbol": [f"{symbol}-open" if row.is_open else symbol for row in own],
                    "line": {"width": [2 if row.is_open else 1 for row in own], "color": look.ground},
                },
                customdata=[[exchange, row.asset, row.largest_at.isoformat()] for row in own],
                hovertext=[_episode_text(row, look) for row in own],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    traces += [
        scatter(
            name=look.say(f"state.{state}"),
            x=[None],
            y=[None],
            mode="markers",
            marker={"symbol": symbol, "size": 11, "color": look.quiet},
        )
        for state, symbol in _STATES.items()
    ]
    scale = {"type": "log", "dtick": 1, "tickformat": ",.10~f"}
    x = {**scale, "title": look.say("axis.basis_points")}
    y = {**scale, "title": look.say("axis.krw_eok")}
    shapes, annotations = _references(limits, look)
    return figure_in_house_style(look, 380, traces, x, y, shapes=shapes, annotations=annotations)


def _diameter(length: timedelta) -> float:
    """Wider for longer: its area grows with the length up to a day."""
    minutes = min(max(length / timedelta(minutes=1), 5), 1440)
    return float(8 + 22 * (minutes / 1440) ** 0.5)


def _references(limits: Mapping[str, Decimal], look: Look) -> tuple[list[Any], list[Any]]:
    """The limits of REC-004 as lines, and multiples of what is held along the foot."""
    line = {"type": "line", "line": {"color": GRAVE.colour(look), "width": 1, "dash": "dash"}}
    plain = {"showarrow": False, "font": {"size": 11, "color": look.quiet}}
    shapes: list[Any] = []
    annotations: list[Any] = [
        {
            **plain,
            "x": log10(_BASIS_POINTS * times / (1 + times)),
            "y": 0,
            "yref": "paper",
            "yanchor": "bottom",
            "text": f"{times}×",
        }
        for times in _TIMES
    ]
    if "ratio" in limits:
        ratio = float(limits["ratio"] * _BASIS_POINTS)
        shapes.append({**line, "xref": "x", "yref": "paper", "x0": ratio, "x1": ratio, "y0": 0, "y1": 1})
    if "krw" in limits:
        eok = float(limits["krw"] / _EOK)
        shapes.append({**line, "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": eok, "y1": eok})
        named = {"x": 1, "xref": "paper", "xanchor": "right", "y": log10(eok), "yanchor": "bottom"}
        annotations.append({**plain, **named, "text": look.say("episode.limit")})
    return shapes, annotations


def _episode_text(row: ShortfallEpisode, look: Look) -> str:
    state = look.say(f"state.{row.state}")
    return (
        f"<b>{exchange_name(row.exchange, look.language)} {row.asset}</b> {kst_text(row.started_at)}<br>"
        f"{krw(row.shortfall_krw, look.language)} · {row.shortfall_ratio * _BASIS_POINTS:,.2f} bp<br>"
        f"{state} · {duration(row.duration, look.language)}"
    )


def closing_times(episodes: Sequence[ShortfallEpisode], look: Look) -> go.Figure:
    """How many episodes were closed within how long; those still open stand apart, hatched.

    What REC-004 names has the colour of a breach, all others that of a shortfall.
    """
    bins = [*(_bin_name(place, look) for place in range(len(_STEPS) + 1)), look.say("state.open")]
    traces = []
    for grade, is_unhalted in ((SHORTFALL, False), (GRAVE, True)):
        counts = [0] * len(bins)
        for row in episodes:
            if row.is_unhalted is is_unhalted:
                counts[-1 if row.is_open else _bin_of(row)] += 1
        traces.append(
            bar(
                name=f"{grade.sign} {look.say(f'grade.{grade.name}')}",
                x=bins,
                y=counts,
                text=[f"{count:,}" if count else "" for count in counts],
                textposition="inside",
                insidetextanchor="middle",
                marker={
                    "color": grade.colour(look),
                    "pattern": {**PATTERN, "shape": [""] * (len(bins) - 1) + ["/"], "fgcolor": look.ground},
                },
                hovertemplate="%{x} · %{y:,}<extra></extra>",
            )
        )
    x = {
        "title": look.say("axis.closing"),
        "type": "category",
        "showgrid": False,
        "tickangle": 0,
        "tickfont": {"size": 11},
    }
    y = {"title": look.say("axis.episodes"), "tickformat": ",d", "rangemode": "tozero", "nticks": 5}
    if len(episodes) <= 5:  # never half an episode
        y["dtick"] = 1
    return figure_in_house_style(look, 380, traces, x, y, barmode="stack", bargap=0.35)


def _bin_of(row: ShortfallEpisode) -> int:
    return sum(row.duration > timedelta(minutes=minutes) for minutes in _STEPS)


def _bin_name(place: int, look: Look) -> str:
    if place == len(_STEPS):
        return look.say("episode.longer", length=duration(timedelta(minutes=_STEPS[-1]), look.language))
    return look.say("episode.within", length=duration(timedelta(minutes=_STEPS[place]), look.language))

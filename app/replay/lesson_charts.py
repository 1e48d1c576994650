"""What was lost by units and by won, one bar each; and how long it took until each was told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import plotly.graph_objects as go

from app.amounts import exact, krw, percent
from app.charts.style import Look, bar, figure_in_house_style, name_axis
from app.moments import kst_minute
from app.replay.lessons import LossLine, NoticeLine

_NAMED_FROM, _TOLD_FROM = 0.05, 0.03
"""Shares of a bar from which on a part has room for its name, and for its share alone."""


def loss_shares(lines: Sequence[LossLine], look: Look) -> go.Figure:
    """Return two bars of a hundred per cent, by units and by won, each asset in one colour in both."""
    units, won = look.say("replay.by_units"), look.say("replay.by_won")
    traces = []
    for place, line in enumerate(lines):
        shares = [line.quantity_share, line.krw_share]
        bases = [look.say(f"basis.{name}") for name in (line.quantity_basis, line.krw_basis)]
        amounts = [exact(line.lost_quantity), krw(line.lost_krw, look.language)]
        traces.append(
            bar(
                name=line.what,
                orientation="h",
                y=[units, won],
                x=[float(share) for share in shares],
                marker={"color": look.colour(place), "line": {"color": look.ground, "width": 1}},
                text=[_label(line.what, share) for share in shares],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                constraintext="none",
                textfont={"size": 12, "color": look.ground},
                hovertext=[
                    f"<b>{line.what}</b> {percent(share, 2)}<br>{amount} · {basis}"
                    for share, amount, basis in zip(shares, amounts, bases, strict=True)
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    x = {"title": look.say("axis.replay_share"), "tickformat": ".0%", "range": [0, 1], "dtick": 0.2}
    names, margin = name_axis([units, won]), {"l": 8, "r": 32, "t": 36, "b": 8}
    return figure_in_house_style(look, 250, traces, x, names, barmode="stack", bargap=0.3, margin=margin)


def _label(name: str, share: Decimal) -> str:
    """What a part of a bar says of itself, as far as it has room."""
    if share < _TOLD_FROM:
        return ""
    return f"{name}<br>{percent(share, 1)}" if share >= _NAMED_FROM else percent(share, 1)


def notice_lags(lines: Sequence[NoticeLine], noticed: timedelta, look: Look) -> go.Figure:
    """Return a bar for everybody who was told, as long as it took since it began; a line says when it was noticed."""
    hour = timedelta(hours=1)
    longest = max((line.lag for line in lines), default=hour)
    trace = bar(
        name=look.say("replay.lag"),
        showlegend=False,
        orientation="h",
        y=[line.recipient for line in lines],
        x=[line.lag / hour for line in lines],
        marker={"color": look.colour(0)},
        width=0.55,
        text=[f"{line.after_began} · {look.say(f'basis.{line.basis}')}" for line in lines],
        textposition="outside",
        cliponaxis=False,
        textfont={"size": 13, "color": look.ink},
        hovertext=[f"<b>{line.recipient}</b> {kst_minute(line.told_at)}" for line in lines],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    at = noticed / hour
    line = {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper"}
    mark = {"x": at, "y": 1, "yref": "paper", "yanchor": "bottom", "xanchor": "left", "showarrow": False}
    return figure_in_house_style(
        look,
        110 + 42 * len(lines),
        [trace],
        {"title": look.say("axis.replay_lag"), "range": [0, longest / hour * 1.3], "rangemode": "tozero"},
        name_axis([line.recipient for line in lines], lanes=True),
        shapes=[{**line, "line": {"color": look.quiet, "width": 2, "dash": "dot"}}],
        annotations=[{**mark, "text": look.say("replay.milestone_noticed"), "font": {"size": 12, "color": look.quiet}}],
    )

"""Allow lists: which share of the active keys has a registered address, and how many addresses one key has."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from app.amounts import percent_down
from app.charts.style import PATTERN, Look, bar, figure_in_house_style, name_axis, position_of, scatter
from app.keys.allow_lists import AllowList
from app.words import code_word, column_label, exchange_name


def allow_list_coverage(rows: Sequence[AllowList], look: Look) -> go.Figure:
    """Return the share of active keys with a registered address by exchange and scope of keys, against the whole.

    A bar is hatched where a rule recorded that keys are without one. A mark carries exchange and day.
    """
    labels = [_scope_label(row, look) for row in rows]
    traces = [
        bar(
            orientation="h",
            y=labels,
            x=[None if row.coverage is None else float(row.coverage * 100) for row in rows],
            marker={
                "color": [look.colour(position_of(row.exchange)) for row in rows],
                "pattern": {
                    **PATTERN,
                    "shape": ["/" if row.is_coverage_found else "" for row in rows],
                    "fgcolor": look.ground,
                },
            },
            text=[_coverage_text(row, look) for row in rows],
            textposition="inside",
            insidetextanchor="start",
            constraintext="none",
            insidetextfont={"size": 12, "color": "#0d141b" if look.dark else "#ffffff"},
            customdata=[[row.exchange, row.day.isoformat()] for row in rows],
            hovertext=[
                f"<b>{label}</b> {row.allowlisted_keys:,} / {row.active_keys:,} · {row.day}"
                for label, row in zip(labels, rows, strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    ]
    whole = {"type": "line", "yref": "paper", "x0": 100, "x1": 100, "y0": 0, "y1": 1}
    x = {"title": look.say("axis.coverage"), "range": [0, 103], "ticksuffix": " %"}
    return figure_in_house_style(
        look,
        _height(rows),
        traces,
        x,
        name_axis(labels),
        showlegend=False,
        bargap=0.25,
        shapes=[{**whole, "line": {"color": look.ink, "width": 2}}],
    )


def _height(rows: Sequence[AllowList]) -> int:
    return 90 + 25 * max(1, len(rows))


def _scope_label(row: AllowList, look: Look) -> str:
    return f"{exchange_name(row.exchange, look.language)} · {code_word(row.scope, look.language)}"


def _coverage_text(row: AllowList, look: Look) -> str:
    if row.coverage is None:
        return look.say("keys.no_keys")
    without = row.active_keys - row.allowlisted_keys
    return percent_down(row.coverage) + (look.say("keys.without", count=f"{without:,}") if without else "")


def allow_list_strictness(rows: Sequence[AllowList], look: Look) -> go.Figure:
    """Return the most addresses on one key by exchange and scope of keys, beside the exchange's own published limit.

    A mark is a triangle where a rule recorded that the limit was exceeded; it carries exchange and day.
    """
    labels = [_scope_label(row, look) for row in rows]
    traces = [
        scatter(
            name=column_label("api_keys", "max_ips_per_key", look.language),
            mode="markers+text",
            y=labels,
            x=[row.max_ips_per_key for row in rows],
            text=[_strictness_text(row, look) for row in rows],
            textposition="middle right",
            cliponaxis=False,
            marker={
                "color": [look.colour(position_of(row.exchange)) for row in rows],
                "size": 11,
                "symbol": ["triangle-up" if row.is_limit_found else "circle" for row in rows],
            },
            customdata=[[row.exchange, row.day.isoformat()] for row in rows],
            hovertemplate="<b>%{y}</b> %{x:,}<extra></extra>",
        ),
        scatter(
            name=look.say("keys.published_limit"),
            mode="markers",
            y=labels,
            x=[row.limit for row in rows],
            marker={"color": look.ink, "size": 13, "symbol": "line-ns", "line": {"width": 3, "color": look.ink}},
            hovertemplate=look.say("keys.published_limit") + " %{x:,}<extra></extra>",
        ),
    ]
    highest = max((max(row.max_ips_per_key, row.limit or 0) for row in rows), default=1)
    x = {"title": look.say("axis.addresses"), "range": [0, highest * 1.7], "dtick": max(1, highest // 5)}
    return figure_in_house_style(look, _height(rows), traces, x, name_axis(labels, grid=True))


def _strictness_text(row: AllowList, look: Look) -> str:
    said = f"{row.max_ips_per_key:,}"
    if row.limit is None:
        return f"{said} · {look.say('keys.no_limit')}"
    return f"▲ {said} > {row.limit:,}" if row.is_limit_found else said

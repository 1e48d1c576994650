"""Allow lists: which share of the active keys has a registered address, and how many addresses one key has."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from app.amounts import percent_down, ratio
from app.charts.style import PATTERN, Look, bar, figure_in_house_style, name_axis, position_of, scatter
from app.frames import records_of
from app.words import code_word, exchange_name


def allow_list_coverage(frame: pd.DataFrame, look: Look) -> go.Figure:
    """Share of active keys with a registered address by exchange and scope of keys, against the whole.

    `frame`: `exchange`, `scope`, `active_keys`, `allowlisted_keys`, `day`. A mark carries exchange and day.
    """
    rows: list[Any] = records_of(frame)
    labels = [_scope_label(row, look) for row in rows]
    shares = [ratio(row["allowlisted_keys"], row["active_keys"]) for row in rows]
    short = [share is not None and share < 1 for share in shares]
    traces = [
        bar(
            orientation="h",
            y=labels,
            x=[None if share is None else float(share * 100) for share in shares],
            marker={
                "color": [look.colour(position_of(row["exchange"])) for row in rows],
                "pattern": {
                    **PATTERN,
                    "shape": ["/" if is_short else "" for is_short in short],
                    "fgcolor": look.ground,
                },
            },
            text=[_coverage_text(row, share, look) for row, share in zip(rows, shares, strict=True)],
            textposition="inside",
            insidetextanchor="start",
            constraintext="none",
            insidetextfont={"size": 12, "color": "#0d141b" if look.dark else "#ffffff"},
            customdata=[[row["exchange"], row["day"].isoformat()] for row in rows],
            hovertext=[
                f"<b>{label}</b> {row['allowlisted_keys']:,} / {row['active_keys']:,} · {row['day']}"
                for label, row in zip(labels, rows, strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    ]
    whole = {"type": "line", "yref": "paper", "x0": 100, "x1": 100, "y0": 0, "y1": 1}
    x = {"title": look.say("axis.coverage"), "range": [0, 103], "ticksuffix": " %"}
    return figure_in_house_style(
        look,
        90 + 25 * max(1, len(frame)),
        traces,
        x,
        name_axis(labels),
        showlegend=False,
        bargap=0.25,
        shapes=[{**whole, "line": {"color": look.ink, "width": 2}}],
    )


def _scope_label(row: Mapping[str, Any], look: Look) -> str:
    return f"{exchange_name(row['exchange'], look.language)} · {code_word(row['scope'], look.language)}"


def _coverage_text(row: Mapping[str, Any], share: Decimal | None, look: Look) -> str:
    if share is None:
        return look.say("keys.no_keys")
    without = row["active_keys"] - row["allowlisted_keys"]
    return percent_down(share) + (look.say("keys.without", count=f"{without:,}") if without else "")


def allow_list_strictness(frame: pd.DataFrame, look: Look) -> go.Figure:
    """The most addresses on one key by exchange and scope of keys, against the exchange's own published limit.

    `frame`: `exchange`, `scope`, `max_ips_per_key`, `limit` (none where none is published), `day`. A mark carries
    exchange and day.
    """
    rows: list[Any] = records_of(frame)
    labels = [_scope_label(row, look) for row in rows]
    over = [row["limit"] is not None and row["max_ips_per_key"] > row["limit"] for row in rows]
    traces = [
        scatter(
            name=look.say("column.max_ips_per_key"),
            mode="markers+text",
            y=labels,
            x=[row["max_ips_per_key"] for row in rows],
            text=[_strictness_text(row, is_over, look) for row, is_over in zip(rows, over, strict=True)],
            textposition="middle right",
            cliponaxis=False,
            marker={
                "color": [look.colour(position_of(row["exchange"])) for row in rows],
                "size": 11,
                "symbol": ["triangle-up" if is_over else "circle" for is_over in over],
            },
            customdata=[[row["exchange"], row["day"].isoformat()] for row in rows],
            hovertemplate="<b>%{y}</b> %{x:,}<extra></extra>",
        ),
        scatter(
            name=look.say("keys.published_limit"),
            mode="markers",
            y=labels,
            x=[row["limit"] for row in rows],
            marker={"color": look.ink, "size": 13, "symbol": "line-ns", "line": {"width": 3, "color": look.ink}},
            hovertemplate=look.say("keys.published_limit") + " %{x:,}<extra></extra>",
        ),
    ]
    highest = max((max(row["max_ips_per_key"], row["limit"] or 0) for row in rows), default=1)
    x = {"title": look.say("axis.addresses"), "range": [0, highest * 1.7], "dtick": max(1, highest // 5)}
    return figure_in_house_style(look, 90 + 25 * max(1, len(frame)), traces, x, name_axis(labels, grid=True))


def _strictness_text(row: Mapping[str, Any], is_over: bool, look: Look) -> str:
    said = f"{row['max_ips_per_key']:,}"
    if row["limit"] is None:
        return f"{said} · {look.say('keys.no_limit')}"
    return f"▲ {said} > {row['limit']:,}" if is_over else said

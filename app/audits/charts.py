"""Monthly audits: which came, how much lies in cold wallets, and how far they are from the five-minute checks."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from app.amounts import exact, krw, percent_down
from app.charts.grades import Grade
from app.charts.month_grids import Cell, month_axis, month_grid
from app.charts.style import Look, exchanges_in, figure_in_house_style, line_of, scatter
from app.frames import records_of
from app.moments import kst_minute, kst_text
from app.words import code_word, exchange_name

AUDIT_GRADES = {
    grade.name: grade
    for grade in (
        Grade("current", "●", "#c9d3dd", "#3a4856"),
        Grade("nil", "○", "#c9d3dd", "#3a4856"),
        Grade("late", "◐", "#7fb2d9", "#2f6f9f"),
        Grade("qualified", "▲", "#e3a53a", "#b87a00"),
        Grade("rejected", "✕", "#b3261e", "#e0574d"),
        Grade("missing", "✕", "#b3261e", "#e0574d"),
        Grade("received", "◔", "#ffffff", "#12181f"),
        Grade("not_due", "·", "#ffffff", "#12181f", "circle"),
        Grade("unrecorded", "–", "#ffffff", "#12181f"),
        Grade("unobliged", "∅", "#ffffff", "#12181f"),
    )
}
"""What can become of a month's audit, told by colour, sign and word."""
MOST_ASSETS = 40
"""As many assets as can be read side by side."""


def audit_grid(frame: pd.DataFrame, exchanges: Sequence[str], months: Sequence[str], look: Look) -> go.Figure:
    """Exchange by month: what became of each audit. `frame`: what `queries.audit_months` answers."""
    cells = {
        (row["exchange"], row["month"]): Cell(AUDIT_GRADES[row["stand"]], _audit_text(row, look))
        for row in records_of(frame)
    }
    words = {grade: look.say(f"audit_stand.{grade.name}") for grade in AUDIT_GRADES.values()}
    return month_grid(cells, words, exchanges, months, look)


def _audit_text(row: Any, look: Look) -> str:
    lines = [
        f"<b>{exchange_name(row['exchange'], look.language)}</b> {row['month']}",
        look.say(f"audit_stand.{row['stand']}"),
        f"{look.say('column.due_at')} {kst_minute(row['due_at'])}",
    ]
    if row["received_at"] is not None:
        lines.append(f"{look.say('column.received_at')} {kst_minute(row['received_at'])}")
    if row["opinion"] is not None:
        lines.append(f"{row['auditor']} · {code_word(row['opinion'], look.language)}")
    return "<br>".join(lines)


def cold_shares(frame: pd.DataFrame, months: Sequence[str], least: Decimal, look: Look) -> go.Figure:
    """The share of the value held that lies in cold wallets, by month, beside the law's. A mark carries both keys.

    `frame`: what `queries.audit_months` answers; a month without an audit is a gap.
    """
    traces: list[Any] = []
    rows = {(row["exchange"], row["month"]): row for row in records_of(frame)}
    for exchange in exchanges_in(frame):
        own = [rows[exchange, month]["cold_share"] if (exchange, month) in rows else None for month in months]
        traces.append(
            line_of(
                look,
                exchange,
                x=list(months),
                y=[None if share is None else float(share * 100) for share in own],
                customdata=[[exchange, month] for month in months],
                text=["" if share is None else percent_down(share) for share in own],
                hovertemplate=f"<b>{exchange_name(exchange, look.language)}</b> %{{x}} · %{{text}}<extra></extra>",
            )
        )
    traces.append(
        scatter(
            name=look.say("audits.law", share=percent_down(least, 0)),
            x=list(months),
            y=[float(least * 100)] * len(months),
            mode="lines",
            line={"color": look.ink, "width": 1.5, "dash": "dash"},
            hoverinfo="skip",
        )
    )
    y = {"title": look.say("axis.cold_share"), "ticksuffix": " %", "range": [min(_lowest(frame, least), 75), 100.5]}
    return figure_in_house_style(look, 320, traces, month_axis(look, months), y)


def _lowest(frame: pd.DataFrame, least: Decimal) -> float:
    known = [share for share in frame["cold_share"] if share is not None]
    return float(min([*known, least]) * 100) - 2


def audit_differences(frame: pd.DataFrame, tolerance: Decimal, look: Look) -> go.Figure:
    """How far the audited ledger and wallets are from the nearest check, asset by asset, those farthest apart first.

    `frame`: what `queries.audited_assets` answers, of one exchange. A mark carries the asset.
    """
    traces: list[Any] = []
    compared = [row for row in records_of(frame) if row["checked_at"] is not None]
    compared.sort(key=lambda row: max(abs(row["ledger_ratio"] or 0), abs(row["wallet_ratio"] or 0)), reverse=True)
    compared = compared[:MOST_ASSETS]
    for name, place, symbol in (("ledger_ratio", 0, "circle"), ("wallet_ratio", 3, "diamond")):
        own = [row for row in compared if row[name] is not None]
        traces.append(
            scatter(
                name=look.say(f"column.{name}"),
                x=[row["asset"] for row in own],
                y=[float(row[name] * 10_000) for row in own],
                mode="markers",
                marker={"color": look.colour(place), "size": 10, "symbol": symbol},
                customdata=[[row["asset"]] for row in own],
                hovertext=[_difference_text(row, name, look) for row in own],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    bounds = [float(sign * tolerance * 10_000) for sign in (1, -1)]
    shapes = [_level(bound, look) for bound in bounds]
    x = {"type": "category", "showgrid": False, "tickangle": -45}
    y = {"title": look.say("axis.difference_bp"), "zeroline": True, "zerolinecolor": look.quiet}
    farthest = max((abs(float(row[name] or 0)) * 10_000 for row in compared for name in _RATIOS), default=0.0)
    y["range"] = [-1.15 * max(farthest, bounds[0]), 1.15 * max(farthest, bounds[0])]
    return figure_in_house_style(look, 320, traces, x, y, shapes=shapes)


_RATIOS = ("ledger_ratio", "wallet_ratio")


def _level(value: float, look: Look) -> dict[str, Any]:
    line = {"color": look.quiet, "width": 1.5, "dash": "dash"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": value, "y1": value, "line": line}


def _difference_text(row: Any, name: str, look: Look) -> str:
    pair = {
        "ledger_ratio": (row["ledger_quantity"], row["checked_ledger"]),
        "wallet_ratio": (row["held_quantity"], row["checked_wallet"]),
    }[name]
    return (
        f"<b>{row['asset']}</b> {look.say(f'column.{name}')} {row[name] * 10_000:+,.4f} bp<br>"
        f"{exact(pair[0])} ↔ {exact(pair[1])}<br>{kst_text(row['checked_at'])} · "
        f"{krw(row['difference_krw'], look.language)}"
    )

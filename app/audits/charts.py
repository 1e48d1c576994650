"""Charts of monthly audits: which came, the share in cold wallets, and the differences from five-minute checks."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go

from app.amounts import exact, krw, percent_down
from app.audits.assets import AuditedAsset
from app.audits.months import AuditMonth
from app.charts.grades import Grade
from app.charts.month_grids import Cell, month_axis, month_grid
from app.charts.style import Look, exchanges_in, figure_in_house_style, line_of, scatter
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
        Grade("failed", "!", "#ffffff", "#12181f"),
        Grade("not_due", "·", "#ffffff", "#12181f", "circle"),
        Grade("unrecorded", "–", "#ffffff", "#12181f"),
        Grade("unobliged", "∅", "#ffffff", "#12181f"),
    )
}
"""What can come of a month's audit: each has its colour, sign and word."""
MOST_ASSETS = 40
"""As many assets as can be read side by side; the table has all."""


def audit_grid(audits: Sequence[AuditMonth], exchanges: Sequence[str], months: Sequence[str], look: Look) -> go.Figure:
    """Exchange by month: what became of each audit. A mark carries both."""
    cells = {(one.exchange, one.month): Cell(AUDIT_GRADES[one.stand], _audit_text(one, look)) for one in audits}
    words = {grade: look.say(f"audit_stand.{grade.name}") for grade in AUDIT_GRADES.values()}
    return month_grid(cells, words, exchanges, months, look)


def _audit_text(audit: AuditMonth, look: Look) -> str:
    lines = [
        f"<b>{exchange_name(audit.exchange, look.language)}</b> {audit.month}",
        look.say(f"audit_stand.{audit.stand}"),
        f"{look.say('column.due_at')} {kst_minute(audit.due_at)}",
    ]
    if audit.received_at is not None:
        lines.append(f"{look.say('column.received_at')} {kst_minute(audit.received_at)}")
    if audit.opinion is not None:
        lines.append(f"{audit.auditor} · {code_word(audit.opinion, look.language)}")
    return "<br>".join(lines)


def cold_shares(audits: Sequence[AuditMonth], months: Sequence[str], least: Decimal, look: Look) -> go.Figure:
    """The share of the value held that lies in cold wallets, by month, beside a line at `least`, the law's.

    A month without an audit is a gap. A mark carries exchange and month.
    """
    traces: list[Any] = []
    shares = {(one.exchange, one.month): one.cold_share for one in audits}
    for exchange in exchanges_in(audits):
        own = [shares.get((exchange, month)) for month in months]
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
    y = {"title": look.say("axis.cold_share"), "ticksuffix": " %", "range": [min(_lowest(audits, least), 75), 100.5]}
    return figure_in_house_style(look, 320, traces, month_axis(look, months), y)


def _lowest(audits: Sequence[AuditMonth], least: Decimal) -> float:
    known = [one.cold_share for one in audits if one.cold_share is not None]
    return float(min([*known, least]) * 100) - 2


def audit_differences(assets: Sequence[AuditedAsset], tolerance: Decimal, look: Look) -> go.Figure:
    """How far the audited ledger and wallets are from the nearest check, asset by asset, those farthest apart first.

    `assets` are of one exchange; the lines at the tolerance say where the limit lies. A mark carries the asset.
    """
    traces: list[Any] = []
    farthest_first = sorted((one for one in assets if one.checked_at is not None), key=_farthest, reverse=True)
    compared = farthest_first[:MOST_ASSETS]
    for name, place, symbol in (("ledger_ratio", 0, "circle"), ("wallet_ratio", 3, "diamond")):
        own = [(one, part) for one in compared if (part := getattr(one, name)) is not None]
        traces.append(
            scatter(
                name=look.say(f"column.{name}"),
                x=[one.asset for one, _ in own],
                y=[float(part * 10_000) for _, part in own],
                mode="markers",
                marker={"color": look.colour(place), "size": 10, "symbol": symbol},
                customdata=[[one.asset] for one, _ in own],
                hovertext=[_difference_text(one, name, look) for one, _ in own],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    bounds = [float(sign * tolerance * 10_000) for sign in (1, -1)]
    shapes = [_level(bound, look) for bound in bounds]
    x = {"type": "category", "showgrid": False, "tickangle": -45}
    y = {"title": look.say("axis.difference_bp"), "zeroline": True, "zerolinecolor": look.quiet}
    farthest = max((float(_farthest(one)) * 10_000 for one in compared), default=0.0)
    y["range"] = [-1.15 * max(farthest, bounds[0]), 1.15 * max(farthest, bounds[0])]
    return figure_in_house_style(look, 320, traces, x, y, shapes=shapes)


def _farthest(asset: AuditedAsset) -> Decimal:
    """The larger of its two differences from the check, as a part of it."""
    return max((asset.ledger_ratio or Decimal()).copy_abs(), (asset.wallet_ratio or Decimal()).copy_abs())


def _level(value: float, look: Look) -> dict[str, Any]:
    line = {"color": look.quiet, "width": 1.5, "dash": "dash"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": value, "y1": value, "line": line}


def _difference_text(asset: AuditedAsset, name: str, look: Look) -> str:
    part, audited, checked = {
        "ledger_ratio": (asset.ledger_ratio, asset.ledger_quantity, asset.checked_ledger),
        "wallet_ratio": (asset.wallet_ratio, asset.held_quantity, asset.checked_wallet),
    }[name]
    bp = f"{(part or Decimal()) * 10_000:+,.4f} bp"
    at = "" if asset.checked_at is None else kst_text(asset.checked_at)
    return (
        f"<b>{asset.asset}</b> {look.say(f'column.{name}')} {bp}<br>"
        f"{exact(audited)} ↔ {exact(checked)}<br>{at} · {krw(asset.difference_krw, look.language)}"
    )

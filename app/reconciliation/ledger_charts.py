"""One asset's day: what customers are owed, what is held, what is missing between the two, and the price."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from app.amounts import exact
from app.charts.grades import GRAVE
from app.charts.style import Look, figure_in_house_style, local_time, scatter
from app.reconciliation.days import AssetCheck


def ledger_and_wallet(checks: Sequence[AssetCheck], look: Look) -> go.Figure:
    """Both quantities check by check over one day, what is missing as a band between. A mark carries the source row.

    Where five-minute slots have no check the lines break.
    """
    rows = _with_gaps(checks)
    traces = [_band(rows, look)]
    for column, place, dash, symbol in (
        ("ledger_quantity", 0, "solid", "circle"),
        ("wallet_quantity", 2, "dot", "diamond"),
    ):
        traces.append(
            _line(
                rows,
                column,
                look,
                line={"color": look.colour(place), "width": 2, "dash": dash},
                marker={"color": look.colour(place), "size": 4, "symbol": symbol},
            )
        )
    x = _day_axis(look)
    y = {"title": look.say("axis.quantity"), "tickformat": ","}
    return figure_in_house_style(look, 300, traces, x, y)


def price_line(checks: Sequence[AssetCheck], look: Look) -> go.Figure:
    """The price of each check over the same day. A mark carries the source row."""
    look_of_line = {"color": look.colour(7), "width": 1.5}
    line = _line(
        _with_gaps(checks),
        "price_krw",
        look,
        line=look_of_line,
        marker={"color": look.colour(7), "size": 4, "symbol": "square"},
    )
    x = _day_axis(look)
    y = {"title": look.say("axis.price_krw"), "tickformat": ","}
    return figure_in_house_style(look, 220, [line], x, y, showlegend=False)


def _day_axis(look: Look) -> dict[str, Any]:
    """The hours of a day; said to be moments, for the first trace may hold none and would make it numbers."""
    return {"title": look.say("axis.time"), "type": "date", "tickformat": "%H:%M", "nticks": 13, "showgrid": False}


def _line(rows: Sequence[AssetCheck | None], column: str, look: Look, **drawn: Any) -> dict[str, Any]:
    label = look.say(f"column.{column}")
    return scatter(
        name=label,
        x=[None if row is None else local_time(row.checked_at) for row in rows],
        y=[None if row is None else float(getattr(row, column)) for row in rows],
        mode="lines+markers",
        connectgaps=False,
        customdata=[[None] if row is None else [row.source_row, exact(getattr(row, column))] for row in rows],
        hovertemplate=label + " %{customdata[1]}<br>%{x|%H:%M:%S}<extra></extra>",
        **drawn,
    )


def _with_gaps(checks: Sequence[AssetCheck]) -> list[AssetCheck | None]:
    """The checks with a None between two whose slots are not neighbours."""
    rows: list[AssetCheck | None] = []
    for earlier, check in zip((None, *checks), checks, strict=False):
        if earlier is not None and check.slot - earlier.slot > 1:
            rows.append(None)
        rows.append(check)
    return rows


def _band(rows: Sequence[AssetCheck | None], look: Look) -> dict[str, Any]:
    """The area between the two lines wherever less is held than owed; a surplus is the exchange's own coins."""
    x: list[Any] = []
    y: list[Any] = []
    for run in _short_runs(rows):
        x += [local_time(row.checked_at) for row in (*run, *reversed(run), run[0])] + [None]
        y += [float(row.ledger_quantity) for row in run] + [float(row.wallet_quantity) for row in reversed(run)]
        y += [float(run[0].ledger_quantity), None]
    return scatter(
        name=f"{GRAVE.sign} {look.say('slot.gap')}",
        x=x or [None],
        y=y or [None],
        mode="lines",
        fill="toself",
        line={"color": GRAVE.colour(look), "width": 1},
        hoverinfo="skip",
    )


def _short_runs(rows: Sequence[AssetCheck | None]) -> list[list[AssetCheck]]:
    """Consecutive checks that are short."""
    runs: list[list[AssetCheck]] = [[]]
    for row in rows:
        if row is not None and row.difference < 0:
            runs[-1].append(row)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]

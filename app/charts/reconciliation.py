"""Days, slots, quantities and shortfalls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from app.amounts import exact, krw, percent_down
from app.charts.grades import ABSENT, COVERED, DAY_GRADES, GRAVE, Grade, day_grade, sign_colour
from app.charts.style import (
    SYMBOLS,
    Look,
    day_axis,
    exchanges_in,
    figure_in_house_style,
    is_ended,
    local_time,
    name_axis,
    place_of,
    scatter,
)
from app.moments import kst_text
from app.words import exchange_name


def reconciliation_calendar(
    frame: pd.DataFrame, exchanges: Sequence[str], days: Sequence[date], look: Look
) -> go.Figure:
    """Exchange by day: a square for each, its colour and sign the worst of the day. A mark carries both.

    `frame`: what `queries.reconciled_days` answers. One trace a grade, so that the legend explains it.
    """
    traces: list[Any] = []
    found = {(row["exchange"], row["day"]): row for row in frame.to_dict("records")}
    size = max(6, min(28, int(760 / max(1, len(days)))))
    for grade in DAY_GRADES:
        cells = [
            (exchange, day, found.get((exchange, day)))
            for exchange in exchanges
            for day in days
            if day_grade(found.get((exchange, day))) is grade
        ]
        traces.append(
            scatter(
                name=f"{grade.sign} {look.say(f'grade.{grade.name}')}".strip(),
                x=_at_least_nothing([day.isoformat() for _, day, _ in cells]),
                y=_at_least_nothing([exchange_name(exchange, look.language) for exchange, _, _ in cells]),
                mode="markers+text",
                text=[grade.sign if size >= 14 else "" for _ in cells],
                textfont={"size": max(9, size // 2), "color": sign_colour(grade, look)},
                marker={
                    "symbol": "square",
                    "size": size,
                    "color": grade.colour(look),
                    "line": {"color": look.quiet, "width": 1 if grade is ABSENT else 0},
                },
                customdata=[[exchange, day.isoformat()] for exchange, day, _ in cells],
                hovertext=[_cell_text(exchange, day, row, grade, look) for exchange, day, row in cells],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    names = [exchange_name(exchange, look.language) for exchange in exchanges]
    return figure_in_house_style(
        look, 110 + 44 * len(exchanges), traces, day_axis(look, days), name_axis(names, lanes=True)
    )


def _at_least_nothing(values: list[Any]) -> list[Any]:
    """The values, or one that is nothing: a trace without values leaves the legend."""
    return values or [None]


def _cell_text(exchange: str, day: date, row: Any, grade: Grade, look: Look) -> str:
    text = f"<b>{exchange_name(exchange, look.language)}</b> {day}<br>{look.say(f'grade.{grade.name}')}"
    if row is None:
        return text
    text += (
        f"<br>{look.say('column.coverage')} {percent_down(row['coverage'])} "
        f"({row['covered_slot_count']:,} / {row['expected_slot_count']:,})"
    )
    if row["worst_krw"] is not None:
        text += (
            f"<br>{look.say('column.shortfall_krw')} {krw(row['worst_krw'], look.language)}"
            f" · {row['worst_ratio'] * 10_000:,.2f} bp"
        )
    return text


def slot_strip(frame: pd.DataFrame, day: date, look: Look) -> go.Figure:
    """The 288 five-minute slots of one asset's day: hours across, minutes down.

    `frame`: what `queries.asset_checks` answers. A mark carries the slot's first and last minute.
    """
    traces: list[Any] = []
    by_slot: dict[int, list[Any]] = {}
    for row in frame.to_dict("records"):
        by_slot.setdefault(row["slot"], []).append(row)
    for grade, word in ((COVERED, "slot.match"), (GRAVE, "slot.mismatch"), (ABSENT, "slot.missing")):
        slots = [slot for slot in range(288) if _slot_grade(by_slot.get(slot, [])) is grade]
        traces.append(
            scatter(
                name=f"{grade.sign} {look.say(word)}".strip(),
                x=_at_least_nothing([slot // 12 for slot in slots]),
                y=_at_least_nothing([slot % 12 * 5 for slot in slots]),
                mode="markers+text",
                text=[grade.sign for _ in slots],
                textfont={"size": 10, "color": sign_colour(grade, look)},
                marker={
                    "symbol": "square",
                    "size": 17,
                    "color": grade.colour(look),
                    "line": {"color": look.quiet, "width": 1 if grade is ABSENT else 0},
                },
                customdata=[[slot] for slot in slots],
                hovertext=[_slot_text(slot, by_slot.get(slot, []), look.say(word)) for slot in slots],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    x = {"title": look.say("axis.hour"), "dtick": 1, "range": [-0.7, 23.7], "showgrid": False}
    y = {"title": look.say("axis.minute"), "dtick": 10, "range": [59, -4], "showgrid": False}
    return figure_in_house_style(look, 330, traces, x, y)


def _slot_grade(rows: Sequence[Any]) -> Grade:
    """How one slot went: without a check, with a mismatch among its checks, or well."""
    if not rows:
        return ABSENT
    return GRAVE if any(row["result"] == "mismatch" for row in rows) else COVERED


def _slot_text(slot: int, rows: Sequence[Any], word: str) -> str:
    checks = "".join(
        f"<br>{kst_text(row['checked_at'])} · {exact(row['ledger_quantity'])} / {exact(row['wallet_quantity'])}"
        for row in rows[:3]
    )
    return f"<b>{slot // 12:02d}:{slot % 12 * 5:02d}</b> {word}{checks}"


def ledger_and_wallet(frame: pd.DataFrame, look: Look) -> go.Figure:
    """What customers are owed and what is held, check by check, over one day. A mark carries the source row.

    Where five-minute slots have no check the lines break.
    """
    traces: list[Any] = []
    rows = _with_gaps(frame)
    for column, place, dash, symbol in (
        ("ledger_quantity", 0, "solid", "circle"),
        ("wallet_quantity", 3, "dot", "diamond"),
    ):
        traces.append(
            scatter(
                name=look.say(f"column.{column}"),
                x=[None if row is None else local_time(row["checked_at"]) for row in rows],
                y=[None if row is None else float(row[column]) for row in rows],
                mode="lines+markers",
                connectgaps=False,
                line={"color": look.colour(place), "width": 2, "dash": dash},
                marker={"color": look.colour(place), "size": 4, "symbol": symbol},
                customdata=[[None] if row is None else [row["source_row"], exact(row[column])] for row in rows],
                hovertemplate=look.say(f"column.{column}") + " %{customdata[1]}<br>%{x|%H:%M:%S}<extra></extra>",
            )
        )
    x = {"title": look.say("axis.time"), "tickformat": "%H:%M", "nticks": 13, "showgrid": False}
    y = {"title": look.say("axis.quantity"), "tickformat": ","}
    return figure_in_house_style(look, 300, traces, x, y)


def _with_gaps(frame: pd.DataFrame) -> list[Any]:
    """The rows with a None between two whose slots are not neighbours."""
    rows: list[Any] = []
    for row in frame.to_dict("records"):
        if rows and row["slot"] - rows[-1]["slot"] > 1:
            rows.append(None)
        rows.append(row)
    return rows


def episode_sizes(frame: pd.DataFrame, look: Look) -> go.Figure:
    """Shortfall episodes by their size in won and as a part of the ledger, both on logarithmic scales.

    A mark carries exchange, asset and start; open episodes are drawn hollow.
    """
    traces: list[Any] = []
    for exchange in exchanges_in(frame):
        own = [row for row in frame.to_dict("records") if row["exchange"] == exchange]
        place = place_of(exchange)
        symbol = SYMBOLS[place % len(SYMBOLS)]
        traces.append(
            scatter(
                name=exchange_name(exchange, look.language),
                x=[float(row["shortfall_ratio"] * 10_000) for row in own],
                y=[float(row["shortfall_krw"]) / 1e8 for row in own],
                mode="markers",
                marker={
                    "color": look.colour(place),
                    "size": 12,
                    "symbol": [symbol if is_ended(row["ended_at"]) else f"{symbol}-open" for row in own],
                    "line": {"width": 2, "color": look.colour(place)},
                },
                customdata=[[exchange, row["asset"], row["started_at"].isoformat()] for row in own],
                hovertext=[
                    f"<b>{row['asset']}</b> {kst_text(row['started_at'])}<br>{krw(row['shortfall_krw'], look.language)}"
                    f" · {row['shortfall_ratio'] * 10_000:,.2f} bp"
                    for row in own
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    scale = {"type": "log", "dtick": 1, "tickformat": ",.10~f"}
    x = {**scale, "title": look.say("axis.basis_points")}
    y = {**scale, "title": look.say("axis.krw_eok")}
    return figure_in_house_style(look, 320, traces, x, y)

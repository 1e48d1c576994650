"""Cases against suspect keys: where they stand, how they moved, and one of them in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from app.charts.grades import COVERED, GAPS, GRAVE, SHORTFALL
from app.charts.style import PATTERN, Look, bar, figure_in_house_style, local_time, name_axis, scatter
from app.frames import records_of
from app.keys.key_charts import per_keys
from app.moments import duration, kst_text
from app.words import code_word, exchange_name

OPEN_STAGES = ("monitoring", "warning", "reverification")
STAGES = (*OPEN_STAGES, "forced_expiry", "cleared")
ORIGINS = ("detected", *STAGES)
_STAGE_LOOKS = {
    "monitoring": (COVERED, ""),
    "warning": (GAPS, "/"),
    "reverification": (SHORTFALL, "x"),
    "forced_expiry": (GRAVE, ""),
}


def open_stages(
    frame: pd.DataFrame, exchanges: Sequence[str], active: Mapping[str, int], look: Look, *, is_rate: bool
) -> go.Figure:
    """Open cases by the stage that they are in, a bar an exchange. A mark carries exchange and stage.

    `frame`: `exchange`, `stage`, `case_count`, `over_count`; `active`: active keys, by which rates are taken.
    """
    rows = {(row["exchange"], row["stage"]): row for row in records_of(frame)}
    names = [exchange_name(exchange, look.language) for exchange in exchanges]
    traces: list[Any] = []
    for stage in OPEN_STAGES:
        grade, pattern = _STAGE_LOOKS[stage]
        counts = [rows[exchange, stage]["case_count"] if (exchange, stage) in rows else 0 for exchange in exchanges]
        rates = [per_keys(count, active.get(exchange, 0)) for count, exchange in zip(counts, exchanges, strict=True)]
        traces.append(
            bar(
                name=code_word(stage, look.language),
                orientation="h",
                y=names,
                x=[None if rate is None else float(rate) for rate in rates] if is_rate else counts,
                text=[f"{count:,}" if count else "" for count in counts],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                insidetextfont={"color": "#ffffff" if look.dark else "#0d141b"},
                marker={
                    "color": grade.colour(look),
                    "pattern": {**PATTERN, "shape": pattern, "fgcolor": look.ground},
                    "line": {"color": look.ground, "width": 1},
                },
                customdata=[[exchange, stage] for exchange in exchanges],
                hovertext=[
                    f"<b>{name}</b> {code_word(stage, look.language)} {count:,}"
                    + ("" if rate is None else " · " + look.say("keys.per_keys", rate=f"{rate:.2f}"))
                    for name, count, rate in zip(names, counts, rates, strict=True)
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    totals = [_total(rows, exchange, is_rate and exchange not in active, look) for exchange in exchanges]
    traces.append(_totals(names, totals, traces, look))
    x = {"title": look.say("axis.case_rate" if is_rate else "axis.cases"), "rangemode": "tozero"}
    height = 120 + 40 * max(1, len(exchanges))
    small = {"mode": "hide", "minsize": 11}
    return figure_in_house_style(
        look, height, traces, x, name_axis(names, lanes=True), barmode="stack", bargap=0.35, uniformtext=small
    )


def _total(rows: Mapping[tuple[str, str], Any], exchange: str, is_unknown: bool, look: Look) -> str:
    """How many cases a bar stands for; where no keys were filed there is nothing to divide them by."""
    count = sum(row["case_count"] for (holder, _), row in rows.items() if holder == exchange)
    return look.say("keys.cases_unknown" if is_unknown else "keys.cases", count=f"{count:,}")


def _totals(
    names: Sequence[str], totals: Sequence[str], stages: Sequence[Mapping[str, Any]], look: Look
) -> dict[str, Any]:
    """What is said at the end of each bar; zero is said as well."""
    return scatter(
        mode="text",
        x=[sum(stage["x"][place] or 0 for stage in stages) for place in range(len(names))],
        y=names,
        text=[f" {total}" for total in totals],
        textposition="middle right",
        textfont={"size": 12, "color": look.ink},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


MOVES = ("next", "again", "skip", "release", "not_allowed")
MOVE_SIGNS = {"next": "→", "again": "=", "skip": "↷", "release": "○", "back": "↶", "after_end": "✕", "not_allowed": "▲"}
"""A sign beside the word of how one stage follows another."""


def stage_moves(frame: pd.DataFrame, look: Look) -> go.Figure:
    """How often which stage followed which: the stage before down the side, the stage taken along the top.

    `frame`: `origin`, `stage`, `move`, `step_count`, `high`, `medium`, `low`, `breach_count`; the exchanges are added
    up. A mark carries the stage before and the stage taken.
    """
    cells: dict[tuple[str, str], dict[str, Any]] = {}
    for row in records_of(frame):
        cell = cells.setdefault((row["origin"], row["stage"]), {"move": row["move"]})
        for name in _COUNTED:
            cell[name] = cell.get(name, 0) + row[name]
    traces: list[Any] = []
    for kind in MOVES:
        own = [(place, cell) for place, cell in cells.items() if _kind(cell) == kind]
        if own:
            traces.append(_cells(kind, own, look))
    empty = [(origin, stage) for origin in ORIGINS[:4] for stage in STAGES if (origin, stage) not in cells]
    traces.append(
        scatter(
            mode="text",
            x=[code_word(stage, look.language) for _, stage in empty],
            y=[code_word(origin, look.language) for origin, _ in empty],
            text=["0"] * len(empty),
            textfont={"color": look.quiet, "size": 12},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    origins = ORIGINS if any(origin in STAGES[3:] for origin, _ in cells) else ORIGINS[:4]
    words = [code_word(stage, look.language) for stage in STAGES]
    x = {
        "title": look.say("axis.stage_taken"),
        "side": "top",
        "tickangle": 0,
        "tickvals": words,
        "ticktext": [word.replace(" ", "<br>") for word in words],
        "categoryorder": "array",
        "categoryarray": words,
        "range": [-0.5, len(STAGES) - 0.5],
        "showgrid": False,
    }
    y = name_axis([code_word(origin, look.language) for origin in origins], lanes=True)
    y["title"] = look.say("axis.stage_before")
    margin = {"l": 8, "r": 12, "t": 8, "b": 8}
    return figure_in_house_style(look, 90 + 54 * len(origins), traces, x, y, margin=margin, showlegend=False)


_COUNTED = ("step_count", "high", "medium", "low", "breach_count")


def _kind(cell: Mapping[str, Any]) -> str:
    """How a cell is marked: a move that the standard's reading does not allow goes before all else."""
    return "not_allowed" if cell["breach_count"] else str(cell["move"])


def _cells(kind: str, cells: Sequence[tuple[tuple[str, str], Mapping[str, Any]]], look: Look) -> dict[str, Any]:
    grades = {"next": COVERED, "again": COVERED, "skip": GAPS, "release": COVERED, "not_allowed": GRAVE}
    dark_text = kind != "not_allowed" and not look.dark
    return scatter(
        name=f"{MOVE_SIGNS[kind]} {look.say(f'move.{kind}')}",
        mode="markers+text",
        x=[code_word(stage, look.language) for (_, stage), _ in cells],
        y=[code_word(origin, look.language) for (origin, _), _ in cells],
        text=[f"{MOVE_SIGNS[kind]} {cell['step_count']:,}" for _, cell in cells],
        textfont={"color": "#0d141b" if dark_text else "#ffffff", "size": 13},
        marker={
            "color": grades[kind].colour(look),
            "symbol": "circle" if kind == "release" else "square",
            "size": 44,
            "line": {"color": look.quiet, "width": 1},
        },
        customdata=[[origin, stage] for (origin, stage), _ in cells],
        hovertext=[_cell_text(place, cell, look) for place, cell in cells],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _cell_text(place: tuple[str, str], cell: Mapping[str, Any], look: Look) -> str:
    origin, stage = (code_word(name, look.language) for name in place)
    risks = " · ".join(f"{code_word(name, look.language)} {cell[name]:,}" for name in ("high", "medium", "low"))
    move = f"{MOVE_SIGNS[cell['move']]} {look.say('move.' + cell['move'])}"
    text = f"<b>{origin} → {stage}</b> {cell['step_count']:,}<br>{move}<br>{look.say('column.risk_level')}: {risks}"
    if cell["breach_count"]:
        text += f"<br>▲ {look.say('move.not_allowed')} {cell['breach_count']:,}"
    return text


def case_timeline(
    steps: pd.DataFrame, limits: pd.DataFrame, detected_at: datetime, until: datetime, look: Look
) -> go.Figure:
    """One case from its detection on: how long it stayed in which stage, each step, and the limits it came under.

    `steps`: `stage`, `outcome`, `risk_level`, `acted_at`, `since_detection`, `action_id`; `limits`: `limit`, `due_at`,
    `state`. The last stage reaches to `until` unless it closes the case.
    """
    rows: list[Any] = records_of(steps)
    ends = [*(row["acted_at"] for row in rows[1:]), until][: len(rows)]
    stays = [(row, end) for row, end in zip(rows, ends, strict=True) if row["stage"] in OPEN_STAGES]
    traces: list[Any] = [_stays(stays, look)]
    traces.append(
        scatter(
            name=look.say("timeline.detected"),
            mode="markers",
            x=[local_time(detected_at)],
            y=[code_word("detected", look.language)],
            marker={"color": look.ink, "size": 13, "symbol": "star"},
            hovertemplate=f"<b>{code_word('detected', look.language)}</b> {kst_text(detected_at)}<extra></extra>",
        )
    )
    traces.append(
        scatter(
            name=look.say("timeline.step"),
            x=[local_time(row["acted_at"]) for row in rows],
            y=[code_word(row["stage"], look.language) for row in rows],
            mode="lines+markers+text",
            line={"color": look.quiet, "width": 1.5, "shape": "hv", "dash": "dot"},
            marker={"color": look.colour(0), "size": 12, "symbol": "circle"},
            text=[code_word(row["outcome"], look.language) for row in rows],
            textposition="top right",
            textfont={"size": 12, "color": look.ink},
            cliponaxis=False,
            customdata=[[row["action_id"]] for row in rows],
            hovertext=[_step_text(row, look) for row in rows],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    words = [code_word(name, look.language) for name in ORIGINS]
    moments = [detected_at, *(row["acted_at"] for row in rows), *limits["due_at"]]
    if rows and rows[-1]["stage"] in OPEN_STAGES:
        moments.append(until)
    shapes, notes = _dues(limits, min(moments) + (max(moments) - min(moments)) * _LEFT_OF_DUES, look)
    margin = max((max(moments) - min(moments)) * 0.06, timedelta(hours=1))
    x = {
        "title": look.say("axis.time"),
        "type": "date",
        "tickformat": "%m-%d %H:%M",
        "nticks": 8,
        "range": [local_time(min(moments) - margin), local_time(max(moments) + margin)],
    }
    y = name_axis(words, lanes=True, grid=True)
    return figure_in_house_style(look, 360, traces, x, y, shapes=shapes, annotations=notes, bargap=0.55)


def _stays(stays: Sequence[tuple[Mapping[str, Any], datetime]], look: Look) -> dict[str, Any]:
    """The time in each stage as a bar in its lane."""
    return bar(
        name=look.say("timeline.stay"),
        orientation="h",
        y=[code_word(row["stage"], look.language) for row, _ in stays],
        base=[local_time(row["acted_at"]) for row, _ in stays],
        x=[(end - row["acted_at"]) / timedelta(milliseconds=1) for row, end in stays],
        marker={
            "color": [_STAGE_LOOKS[row["stage"]][0].colour(look) for row, _ in stays],
            "line": {"color": look.quiet, "width": 1},
        },
        hovertext=[
            f"<b>{code_word(row['stage'], look.language)}</b> {duration(end - row['acted_at'], look.language)}"
            for row, end in stays
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _step_text(row: Mapping[str, Any], look: Look) -> str:
    return (
        f"<b>{code_word(row['stage'], look.language)}</b> {kst_text(row['acted_at'])}<br>"
        f"{look.say('column.outcome')} {code_word(row['outcome'], look.language)} · "
        f"{look.say('column.risk_level')} {code_word(row['risk_level'], look.language)}<br>"
        f"{look.say('column.since_detection')} {duration(row['since_detection'], look.language)}"
    )


_DUE_SIGNS = {"met": "●", "over": "▲", "running": "◔"}
_LEFT_OF_DUES = 0.6
"""Part of the time shown after which what falls due is named on the left of its line: on the right it would be cut."""


def _dues(
    limits: pd.DataFrame, named_left_from: datetime, look: Look
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A line where each limit falls due; those of one moment share it."""
    by: dict[datetime, list[Any]] = {}
    for limit in records_of(limits):
        by.setdefault(limit["due_at"], []).append(limit)
    shapes, notes = [], []
    for number, (due_at, own) in enumerate(by.items()):
        is_over = any(limit["state"] == "over" for limit in own)
        colour = GRAVE.colour(look) if is_over else look.quiet
        at = local_time(due_at)
        line = {"color": colour, "width": 2 if is_over else 1.5, "dash": "dash"}
        shapes.append({"type": "line", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": line})
        words = [(limit, look.say(f"due.{limit['limit']}")) for limit in own]
        text = " · ".join(dict.fromkeys(f"{_DUE_SIGNS[limit['state']]} {word}" for limit, word in words))
        note = {"text": text, "x": at, "y": 0.02 + 0.09 * (number % 3), "yref": "paper", "showarrow": False}
        is_left = due_at > named_left_from
        place = {"xanchor": "right" if is_left else "left", "yanchor": "bottom", "xshift": -4 if is_left else 4}
        notes.append({**note, **place, "font": {"size": 12, "color": look.ink}})
    return shapes, notes

"""Cases against suspect keys by stage: how many are open in which, and how often which stage followed which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go

from app.charts.grades import COVERED, GAPS, GRAVE, SHORTFALL
from app.charts.style import PATTERN, Look, bar, figure_in_house_style, name_axis, scatter
from app.keys.case_courses import CLOSING_STAGES, DETECTED, OPEN_STAGES, STAGES
from app.keys.case_totals import OpenCases, StageMoves
from app.keys.counts import per_keys
from app.words import code_word, column_label, exchange_name

STAGE_LOOKS = {
    "monitoring": (COVERED, ""),
    "warning": (GAPS, "/"),
    "reverification": (SHORTFALL, "x"),
    "forced_expiry": (GRAVE, ""),
}
"""The grade whose colour a stage has, and its pattern."""


def open_stages(
    rows: Sequence[OpenCases], exchanges: Sequence[str], active: Mapping[str, int], look: Look, *, is_rate: bool
) -> go.Figure:
    """Return the open cases by the stage that they are in, a bar an exchange. A mark carries exchange and stage.

    `active`: active keys by exchange, for each 10,000 of which rates are taken.
    """
    known = {(row.exchange, row.stage): row.suspicion_case_count for row in rows}
    names = [exchange_name(exchange, look.language) for exchange in exchanges]
    traces: list[Any] = []
    for stage in OPEN_STAGES:
        grade, pattern = STAGE_LOOKS[stage]
        counts = [known.get((exchange, stage), 0) for exchange in exchanges]
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
    totals = [_total(known, exchange, is_rate and exchange not in active, look) for exchange in exchanges]
    traces.append(_totals(names, totals, traces, look))
    x = {"title": look.say("axis.case_rate" if is_rate else "axis.cases"), "rangemode": "tozero"}
    height = 120 + 40 * max(1, len(exchanges))
    small = {"mode": "hide", "minsize": 11}
    return figure_in_house_style(
        look, height, traces, x, name_axis(names, lanes=True), barmode="stack", bargap=0.35, uniformtext=small
    )


def _total(counts: Mapping[tuple[str, str], int], exchange: str, is_unknown: bool, look: Look) -> str:
    """How many cases a bar stands for; where no keys were filed there is nothing to divide them by."""
    count = sum(own for (holder, _), own in counts.items() if holder == exchange)
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


MOVES = ("next", "again", "skip", "release", "back", "after_end", "not_allowed")
MOVE_SIGNS = {"next": "→", "again": "=", "skip": "↷", "release": "○", "back": "↶", "after_end": "✕", "not_allowed": "▲"}
"""A sign beside the word of how one stage follows another; `not_allowed` where a rule recorded it."""
_RISKS = ("high", "medium", "low")
_USUAL_ORIGINS = (DETECTED, *OPEN_STAGES)


@dataclass(slots=True)
class _Cell:
    """How often one stage followed another at all exchanges together, also by risk."""

    move: str
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def kind(self) -> str:
        """How the cell is marked: what a rule recorded as not allowed goes before all else."""
        return "not_allowed" if self.counts["breach_count"] else self.move


def stage_moves(rows: Sequence[StageMoves], look: Look) -> go.Figure:
    """Return how often which stage followed which: the stage before down the side, the stage taken along the top.

    The exchanges are added up. A mark carries the stage before and the stage taken.
    """
    cells: dict[tuple[str, str], _Cell] = {}
    for row in rows:
        cell = cells.setdefault((row.origin, row.stage), _Cell(row.move))
        cell.counts.update({name: getattr(row, name) for name in ("step_count", *_RISKS, "breach_count")})
    traces: list[Any] = []
    for kind in MOVES:
        own = [(place, cell) for place, cell in cells.items() if cell.kind == kind]
        if own:
            traces.append(_cells(kind, own, look))
    empty = [(origin, stage) for origin in _USUAL_ORIGINS for stage in STAGES if (origin, stage) not in cells]
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
    is_reopened = any(origin in CLOSING_STAGES for origin, _ in cells)
    origins = (DETECTED, *STAGES) if is_reopened else _USUAL_ORIGINS
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


def _cells(kind: str, cells: Sequence[tuple[tuple[str, str], _Cell]], look: Look) -> dict[str, Any]:
    grades = {"skip": GAPS, "back": GAPS, "after_end": GAPS, "not_allowed": GRAVE}
    dark_text = kind != "not_allowed" and not look.dark
    return scatter(
        name=f"{MOVE_SIGNS[kind]} {look.say(f'move.{kind}')}",
        mode="markers+text",
        x=[code_word(stage, look.language) for (_, stage), _ in cells],
        y=[code_word(origin, look.language) for (origin, _), _ in cells],
        text=[f"{MOVE_SIGNS[kind]} {cell.counts['step_count']:,}" for _, cell in cells],
        textfont={"color": "#0d141b" if dark_text else "#ffffff", "size": 13},
        marker={
            "color": grades.get(kind, COVERED).colour(look),
            "symbol": "circle" if kind == "release" else "square",
            "size": 44,
            "line": {"color": look.quiet, "width": 1},
        },
        customdata=[[origin, stage] for (origin, stage), _ in cells],
        hovertext=[_cell_text(place, cell, look) for place, cell in cells],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _cell_text(place: tuple[str, str], cell: _Cell, look: Look) -> str:
    origin, stage = (code_word(name, look.language) for name in place)
    risks = " · ".join(f"{code_word(name, look.language)} {cell.counts[name]:,}" for name in _RISKS)
    move = f"{MOVE_SIGNS[cell.move]} {look.say(f'move.{cell.move}')}"
    risk = column_label("key_actions", "risk_level", look.language)
    text = f"<b>{origin} → {stage}</b> {cell.counts['step_count']:,}<br>{move}<br>{risk}: {risks}"
    if cell.counts["breach_count"]:
        text += f"<br>▲ {look.say('move.not_allowed')} {cell.counts['breach_count']:,}"
    return text

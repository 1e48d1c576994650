"""One case against a suspect key in time: how long it stayed in which stage, its steps, and when limits fall due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import plotly.graph_objects as go

from app.charts.grades import GRAVE
from app.charts.style import Look, bar, figure_in_house_style, local_time, name_axis, scatter
from app.keys.case_courses import DETECTED, OPEN_STAGES, STAGES
from app.keys.case_histories import CaseLimit, CaseStep
from app.keys.case_stage_charts import STAGE_LOOKS
from app.moments import duration, kst_text
from app.words import code_word, column_label


def case_timeline(
    steps: Sequence[CaseStep], limits: Sequence[CaseLimit], detected_at: datetime, until: datetime, look: Look
) -> go.Figure:
    """Return one case from its detection on: how long it stayed in which stage, each step, and when limits fall due.

    The last stage reaches to `until` unless it closes the case. A mark carries the step's id.
    """
    ends = [*(step.acted_at for step in steps[1:]), until][: len(steps)]
    stays = [(step, end) for step, end in zip(steps, ends, strict=True) if step.stage in OPEN_STAGES]
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
            x=[local_time(step.acted_at) for step in steps],
            y=[code_word(step.stage, look.language) for step in steps],
            mode="lines+markers+text",
            line={"color": look.quiet, "width": 1.5, "shape": "hv", "dash": "dot"},
            marker={"color": look.colour(0), "size": 12, "symbol": "circle"},
            text=[code_word(step.outcome, look.language) for step in steps],
            textposition="top right",
            textfont={"size": 12, "color": look.ink},
            cliponaxis=False,
            customdata=[[step.action_id] for step in steps],
            hovertext=[_step_text(step, look) for step in steps],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    words = [code_word(name, look.language) for name in (DETECTED, *STAGES)]
    moments = [detected_at, *(step.acted_at for step in steps), *(limit.due_at for limit in limits)]
    if steps and steps[-1].stage in OPEN_STAGES:
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


def _stays(stays: Sequence[tuple[CaseStep, datetime]], look: Look) -> dict[str, Any]:
    """The time in each stage as a bar in its lane."""
    return bar(
        name=look.say("timeline.stay"),
        orientation="h",
        y=[code_word(step.stage, look.language) for step, _ in stays],
        base=[local_time(step.acted_at) for step, _ in stays],
        x=[(end - step.acted_at) / timedelta(milliseconds=1) for step, end in stays],
        marker={
            "color": [STAGE_LOOKS[step.stage][0].colour(look) for step, _ in stays],
            "line": {"color": look.quiet, "width": 1},
        },
        hovertext=[
            f"<b>{code_word(step.stage, look.language)}</b> {duration(end - step.acted_at, look.language)}"
            for step, end in stays
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _step_text(step: CaseStep, look: Look) -> str:
    return (
        f"<b>{code_word(step.stage, look.language)}</b> {kst_text(step.acted_at)}<br>"
        f"{column_label('key_actions', 'outcome', look.language)} {code_word(step.outcome, look.language)} · "
        f"{column_label('key_actions', 'risk_level', look.language)} {code_word(step.risk_level, look.language)}<br>"
        f"{look.say('column.since_detection')} {duration(step.since_detection, look.language)}"
    )


_DUE_SIGNS = {"ended": "■", "over": "▲", "running": "◔"}
"""Only `over` says that a limit was exceeded: the rule recorded it."""
_LEFT_OF_DUES = 0.6
"""Part of the time shown after which what falls due is named on the left of its line: on the right it would be cut."""


def _dues(
    limits: Sequence[CaseLimit], named_left_from: datetime, look: Look
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A line where each limit falls due; those of one moment share it."""
    by: dict[datetime, list[CaseLimit]] = {}
    for limit in limits:
        by.setdefault(limit.due_at, []).append(limit)
    shapes, notes = [], []
    for number, (due_at, own) in enumerate(by.items()):
        is_over = any(limit.state == "over" for limit in own)
        colour = GRAVE.colour(look) if is_over else look.quiet
        at = local_time(due_at)
        line = {"color": colour, "width": 2 if is_over else 1.5, "dash": "dash"}
        shapes.append({"type": "line", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": line})
        words = [f"{_DUE_SIGNS[limit.state]} {look.say(f'due.{limit.kind}')}" for limit in own]
        text = " · ".join(dict.fromkeys(words))
        note = {"text": text, "x": at, "y": 0.02 + 0.09 * (number % 3), "yref": "paper", "showarrow": False}
        is_left = due_at > named_left_from
        place = {"xanchor": "right" if is_left else "left", "yanchor": "bottom", "xshift": -4 if is_left else 4}
        notes.append({**note, **place, "font": {"size": 12, "color": look.ink}})
    return shapes, notes

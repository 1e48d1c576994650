"""How far halts reached day by day, and what they were for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType

import plotly.graph_objects as go

from app.amounts import percent
from app.charts.grades import ABSENT, COVERED, GAPS, GRAVE, SHORTFALL, Grade, sign_colour
from app.charts.style import Look, bar, day_axis, figure_in_house_style, name_axis, scatter
from app.halts.availability import HaltBar, HaltReach, HaltReason
from app.halts.lane_charts import trigger_colour
from app.moments import duration
from app.words import code_word, exchange_name

_REACHES: Mapping[str, Grade] = MappingProxyType(
    {
        HaltReach.NONE: COVERED,
        HaltReach.ACCOUNT: GAPS,
        HaltReach.PARTIAL: SHORTFALL,
        HaltReach.EXCHANGE: GRAVE,
        HaltReach.UNKNOWN: ABSENT,
    }
)
"""In the order of the legend."""
_MINUTE = timedelta(minutes=1)


def halt_bars(rows: Sequence[HaltBar], exchanges: Sequence[str], look: Look) -> go.Figure:
    """A square for each exchange and day, or week: how far halts reached; days that were not filed are outlines.

    A mark carries exchange, first and last day.
    """
    starts = sorted({row.first_day for row in rows})
    size = max(8, min(26, 900 // max(1, len(starts))))
    traces = []
    for reach, grade in _REACHES.items():
        own = [row for row in rows if row.reach == reach]
        traces.append(
            scatter(
                name=f"{grade.sign} {look.say(f'reach.{reach}')}".strip(),
                x=[row.first_day.isoformat() for row in own] or [None],
                y=[exchange_name(row.exchange, look.language) for row in own] or [None],
                mode="markers+text",
                text=[grade.sign if size >= 14 else "" for _ in own],
                textfont={"size": 9, "color": sign_colour(grade, look)},
                marker={
                    "symbol": "square" if size >= 14 else grade.symbol,
                    "size": size,
                    "color": grade.colour(look) if size >= 14 or grade is not ABSENT else look.quiet,
                    "line": {"color": look.quiet, "width": 1 if grade is ABSENT else 0},
                },
                customdata=[[row.exchange, str(row.first_day), str(row.last_day)] for row in own],
                hovertext=[_bar_text(row, look) for row in own],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    names = [exchange_name(exchange, look.language) for exchange in exchanges]
    y = name_axis(names, lanes=True)
    return figure_in_house_style(look, 104 + 34 * len(exchanges), traces, day_axis(look, starts), y)


def _bar_text(row: HaltBar, look: Look) -> str:
    days = str(row.first_day) if row.first_day == row.last_day else f"{row.first_day} ~ {row.last_day}"
    lines = [
        f"<b>{exchange_name(row.exchange, look.language)}</b> {days}",
        look.say(f"reach.{row.reach}"),
    ]
    if row.halt_count:
        lines += [
            f"{look.say('column.halt_count')} {row.halt_count:,}",
            f"{look.say('column.halted')} {duration(row.halted, look.language)}",
            f"{look.say('column.weighted')} {duration(row.weighted, look.language)}",
        ]
    return "<br>".join(lines)


def halt_reasons(rows: Sequence[HaltReason], look: Look) -> go.Figure:
    """What halts were for, the longest together first, with how many there were and the cumulative part of the time.

    A mark carries the trigger.
    """
    names = [code_word(row.trigger, look.language) for row in rows]
    lengths = [row.halted / _MINUTE for row in rows]
    trace = bar(
        orientation="h",
        x=lengths,
        y=names,
        text=[
            look.say(
                "halt.reason",
                count=f"{row.count:,}",
                length=duration(row.halted, look.language),
                share=percent(row.cumulative_share, 0),
            )
            for row in rows
        ],
        textposition="outside",
        cliponaxis=False,
        marker={"color": [trigger_colour(row.trigger, look) for row in rows]},
        customdata=[[row.trigger] for row in rows],
        hovertemplate="%{y} · %{text}<extra></extra>",
    )
    x = {"title": look.say("axis.minutes"), "tickformat": ",d", "rangemode": "tozero", "nticks": 6}
    x["range"] = [0, max(lengths, default=1) * 1.75]  # room for the words behind the longest
    y = name_axis(names)
    return figure_in_house_style(look, 110 + 40 * len(rows), [trace], x, y, bargap=0.4)

"""A replayed incident: what happened, what the checks show and what the rule wanted, on one axis of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import plotly.graph_objects as go

from app.amounts import exact, krw
from app.charts.grades import COVERED, GRAVE
from app.charts.style import (
    PATTERN,
    Look,
    axis_of,
    bar,
    figure_in_house_style,
    local_time,
    name_axis,
    scatter,
)
from app.moments import kst_text
from app.replay.checks import ReplayedCheck, ReplayedHalt
from app.replay.facts import EventLine
from app.replay.slots import held_in_words
from app.words import code_word

LANES = ("happened", "checked", "required", "blocked")
"""Below the quantities, from top to bottom: the facts, the checks, what the rule wants, what was blocked."""
_BASIS_SYMBOLS = {"official": "circle", "reported": "circle-open", "derived": "diamond-open"}
_CLOSE_TOGETHER = 2
"""Times the smallest quantity up to which a logarithmic scale would show one line only."""
_SHOWN_WHOLE = 1000
"""From this quantity on the ticks of an ordinary scale have no decimals."""
_LOG_TICKS = [digit * 10**power for power in range(10) for digit in (1, 2, 5)]
_UPPER, _LOWER = (0.46, 1.0), (0.0, 0.38)
_EDGE = timedelta(minutes=3)
"""What the axis has beyond the stretch that is shown, so that the outermost marks are whole."""
_LEAST_SHARE_OF_AXIS = 120
"""A stretch of time is drawn at least this part of the axis long, to be seen."""


def incident_lanes(
    checks: Sequence[ReplayedCheck],
    events: Sequence[EventLine],
    halts: Sequence[ReplayedHalt],
    required: tuple[datetime, datetime] | None,
    zoom: tuple[datetime, datetime],
    look: Look,
) -> go.Figure:
    """Return ledger and wallets; below, on the same axis, four lanes of what went on.

    `required`: from when to when the rule wants a halt; None where it recorded none. `zoom`: the stretch that is shown.
    Marks of checks carry day and source row, those of halts nothing and the halt id.
    """
    shown = [check for check in checks if zoom[0] <= check.checked_at <= zoom[1]]
    traces = [
        *_quantities(shown, look),
        *_happened([event for event in events if zoom[0] <= event.at <= zoom[1]], zoom, look),
        *_checked(shown, look),
        *_required(required, zoom, look),
        *_blocked([halt for halt in halts if halt.halted_at <= zoom[1]], zoom, look),
    ]
    x = {
        "title": look.say("axis.time"),
        "type": "date",
        "tickformat": "%H:%M",
        "dtick": 10 * 60 * 1000,
        "range": [local_time(zoom[0] - _EDGE), local_time(zoom[1] + _EDGE)],
        "anchor": "y2",
    }
    y = {"domain": _UPPER, **_scale(shown, look)}
    lanes = {**name_axis([_lane(look, name) for name in LANES], lanes=True, grid=True), "domain": _LOWER}
    return figure_in_house_style(look, 560, traces, x, y, yaxis2=axis_of(look, lanes), barmode="overlay", bargap=0.4)


def _scale(rows: Sequence[ReplayedCheck], look: Look) -> dict[str, Any]:
    """Quantities that lie close together stand on an ordinary scale, others on a logarithmic one."""
    values = [quantity for row in rows for quantity in (row.ledger_quantity, row.wallet_quantity)]
    if values and max(values) < _CLOSE_TOGETHER * min(values):
        whole = ",.0f" if max(values) >= _SHOWN_WHOLE else ","
        return {"title": look.say("axis.replay_quantity_near", asset=asset_of(rows)), "tickformat": whole}
    title = look.say("axis.replay_quantity", asset=asset_of(rows))
    return {"title": title, "type": "log", "tickvals": _LOG_TICKS, "tickformat": ","}


def _lane(look: Look, name: str) -> str:
    return look.say(f"replay.lane_{name}")


def _quantities(rows: Sequence[ReplayedCheck], look: Look) -> list[Any]:
    """Ledger and wallets from check to check: what was between them is not known, so the lines are steps."""
    return [
        scatter(
            name=look.say(f"column.{column}"),
            x=[local_time(row.checked_at) for row in rows],
            y=[float(getattr(row, column)) for row in rows],
            mode="lines+markers",
            line={"color": look.colour(place), "width": 2, "dash": dash, "shape": "hv"},
            marker={"color": look.colour(place), "size": 6, "symbol": symbol},
            customdata=[[row.day.isoformat(), row.source_row] for row in rows],
            hovertext=[check_text(row, look) for row in rows],
            hovertemplate="%{hovertext}<extra></extra>",
        )
        for column, place, dash, symbol in (
            ("ledger_quantity", 0, "solid", "circle"),
            ("wallet_quantity", 3, "dot", "diamond"),
        )
    ]


def check_text(row: ReplayedCheck, look: Look) -> str:
    """Return what hovering over a check says."""
    text = (
        f"<b>{kst_text(row.checked_at)}</b> {code_word(row.result, look.language)}"
        f"<br>{look.say('column.ledger_quantity')} {exact(row.ledger_quantity)}"
        f"<br>{look.say('column.wallet_quantity')} {exact(row.wallet_quantity)}"
    )
    if row.is_short and row.shortfall_ratio is not None:
        text += (
            f"<br>{look.say('column.shortfall_quantity')} {exact(row.shortfall_quantity)}"
            f" · {krw(row.shortfall_krw, look.language)}"
            f" · {row.shortfall_ratio * 10_000:,.0f} bp · {held_in_words(row.holdings_multiple, look.language)}"
        )
    return text


def _happened(rows: Sequence[EventLine], zoom: tuple[datetime, datetime], look: Look) -> list[Any]:
    """Events as marks with their time of day, those that took a while as bars under them."""
    lane = _lane(look, "happened")
    spans = [(row, row.until) for row in rows if row.until is not None]
    traces = [
        _bars(
            look.say("replay.span"),
            lane,
            [(row.at, until) for row, until in spans],
            zoom,
            {"color": look.rule, "line": {"color": look.quiet, "width": 1}},
            [_event_text(row) for row, _ in spans],
            [["", ""] for _ in spans],
            width=0.36,
        )
    ]
    for basis, symbol in _BASIS_SYMBOLS.items():
        own = [row for row in rows if row.basis == basis and row.until is None]
        if own:
            traces.append(
                scatter(
                    name=look.say(f"basis.{basis}"),
                    x=[local_time(row.at) for row in own],
                    y=[lane for _ in own],
                    yaxis="y2",
                    mode="markers+text",
                    text=[local_time(row.at)[11:16] for row in own],
                    textposition="top center",
                    textfont={"size": 12, "color": look.ink},
                    marker={"symbol": symbol, "size": 11, "color": look.ink, "line": {"width": 2, "color": look.ink}},
                    hovertext=[_event_text(row) for row in own],
                    hovertemplate="%{hovertext}<extra></extra>",
                )
            )
    return traces


def _event_text(row: EventLine) -> str:
    return f"<b>{row.when}</b><br>" + "<br>".join(_lines(row.text))


def _lines(text: str, width: int = 60) -> list[str]:
    """A sentence in lines that fit a hover box."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _checked(rows: Sequence[ReplayedCheck], look: Look) -> list[Any]:
    """A square for each check, as on the page of reconciliation."""
    return [
        scatter(
            name=f"{grade.sign} {code_word(word, look.language)}".strip(),
            x=[local_time(row.checked_at) for row in own] or [None],
            y=[_lane(look, "checked") for _ in own] or [None],
            yaxis="y2",
            mode="markers+text",
            text=[grade.sign for _ in own],
            textfont={"size": 11, "color": "#ffffff"},
            marker={"symbol": "square", "size": 17, "color": grade.colour(look)},
            customdata=[[row.day.isoformat(), row.source_row] for row in own],
            hovertext=[check_text(row, look) for row in own],
            hovertemplate="%{hovertext}<extra></extra>",
        )
        for grade, word, own in (
            (COVERED, "match", [row for row in rows if not row.is_short]),
            (GRAVE, "mismatch", [row for row in rows if row.is_short]),
        )
    ]


def _required(required: tuple[datetime, datetime] | None, zoom: tuple[datetime, datetime], look: Look) -> list[Any]:
    if required is None:
        return []
    text = look.say("replay.required_hover", start=kst_text(required[0]), end=kst_text(required[1]))
    marker = _hatched(GRAVE.colour(look), "x", look)
    return [_bars(look.say("replay.required"), _lane(look, "required"), [required], zoom, marker, [text], [["", ""]])]


def _blocked(rows: Sequence[ReplayedHalt], zoom: tuple[datetime, datetime], look: Look) -> list[Any]:
    """Halts from their beginning on; one whose end is not known is hatched and reaches to the edge."""
    return [
        _bars(
            f"{code_word(row.scope, look.language)} · {code_word(row.functions, look.language)}",
            _lane(look, "blocked"),
            [(row.halted_at, row.resumed_at or zoom[1])],
            zoom,
            _hatched(look.colour(5 + place), "" if row.resumed_at else "/", look),
            [f"<b>{row.halt_id}</b> {kst_text(row.halted_at)}<br>{code_word(row.mode, look.language)}"],
            [["", row.halt_id]],
            offset=(place / max(1, len(rows)) - 0.5) * 0.6,
            width=0.6 / max(1, len(rows)),
        )
        for place, row in enumerate(rows)
    ]


def _hatched(colour: str, shape: str, look: Look) -> dict[str, Any]:
    """A bar's colour with a hatching in that of the ground."""
    return {"color": colour, "pattern": {**PATTERN, "shape": shape, "fgcolor": look.ground}}


def _bars(
    name: str,
    lane: str,
    spans: Sequence[tuple[datetime, datetime]],
    zoom: tuple[datetime, datetime],
    marker: dict[str, Any],
    texts: Sequence[str],
    marks: Sequence[list[str]],
    **place: float,
) -> dict[str, Any]:
    """Stretches of time in a lane, cut at the edges of the axis."""
    least = (zoom[1] - zoom[0]) / _LEAST_SHARE_OF_AXIS
    inside = [(max(start, zoom[0]), min(end, zoom[1])) for start, end in spans]
    return bar(
        name=name,
        orientation="h",
        y=[lane for _ in spans],
        yaxis="y2",
        base=[local_time(start) for start, _ in inside],
        x=[max(end - start, least) / timedelta(milliseconds=1) for start, end in inside],
        marker=marker,
        customdata=list(marks),
        hovertext=list(texts),
        hovertemplate="%{hovertext}<extra></extra>",
        **place,
    )


def asset_of(rows: Sequence[ReplayedCheck]) -> str:
    """Return what the checks count; a dash where there is none."""
    return rows[0].asset if rows else "–"

"""A replayed incident: what happened, what the checks show and what the rule wanted, on one axis of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from app.amounts import exact, krw
from app.charts.grades import COVERED, GRAVE
from app.charts.style import (
    PATTERN,
    Look,
    axis_of,
    bar,
    figure_in_house_style,
    is_ended,
    local_time,
    name_axis,
    scatter,
)
from app.frames import records_of
from app.moments import kst_text
from app.words import code_word

LANES = ("happened", "checked", "required", "blocked")
"""Below the quantities, from top to bottom: the facts, the checks, what the rule wants, what was blocked."""
_BASIS_SYMBOLS = {"official": "circle", "reported": "circle-open", "derived": "diamond-open"}
_LOG_TICKS = [digit * 10**power for power in range(10) for digit in (1, 2, 5)]
_UPPER, _LOWER = (0.46, 1.0), (0.0, 0.38)
_EDGE = timedelta(minutes=3)
"""What the axis has beyond the stretch that is shown, so that the outermost marks are whole."""
_ABOVE_THE_LINE = 1.3
"""How far above its level a name stands on a logarithmic scale."""
_LEAST_SHARE_OF_AXIS = 120
"""A stretch of time is drawn at least this part of the axis long, to be seen."""


def incident_lanes(
    checks: pd.DataFrame,
    events: pd.DataFrame,
    halts: pd.DataFrame,
    required: tuple[datetime, datetime] | None,
    zoom: tuple[datetime, datetime],
    look: Look,
) -> go.Figure:
    """Ledger and wallets on a logarithmic scale; below, on the same axis, four lanes of what went on.

    `checks`: what `queries.replayed_checks` answers; `events`: id, at, until, basis and text of each; `halts`: what
    `queries.replayed_halts` answers; `required`: from when to when the rule wants a halt. Marks of checks carry day and
    source row, those of halts nothing and the halt id.
    """
    rows = [row for row in records_of(checks) if zoom[0] <= row["checked_at"] <= zoom[1]]
    traces = [
        *_quantities(rows, look),
        *_happened([row for row in records_of(events) if zoom[0] <= row["at"] <= zoom[1]], zoom, look),
        *_checked(rows, look),
        *_required(required, zoom, look),
        *_blocked(records_of(halts), zoom, look),
    ]
    x = {
        "title": look.say("axis.time"),
        "type": "date",
        "tickformat": "%H:%M",
        "dtick": 10 * 60 * 1000,
        "range": [local_time(zoom[0] - _EDGE), local_time(zoom[1] + _EDGE)],
        "anchor": "y2",
    }
    y = {
        "title": look.say("axis.replay_quantity", asset=_asset(rows)),
        "type": "log",
        "tickformat": ",",
        "tickvals": _LOG_TICKS,
        "domain": _UPPER,
    }
    lanes = {**name_axis([_lane(look, name) for name in LANES], lanes=True, grid=True), "domain": _LOWER}
    return figure_in_house_style(look, 560, traces, x, y, yaxis2=axis_of(look, lanes), barmode="overlay", bargap=0.4)


def _lane(look: Look, name: str) -> str:
    return look.say(f"replay.lane_{name}")


def _quantities(rows: Sequence[Any], look: Look) -> list[Any]:
    """Ledger and wallets from check to check: what was between them is not known, so the lines are steps."""
    return [
        scatter(
            name=look.say(f"column.{column}"),
            x=[local_time(row["checked_at"]) for row in rows],
            y=[float(row[column]) for row in rows],
            mode="lines+markers",
            line={"color": look.colour(place), "width": 2, "dash": dash, "shape": "hv"},
            marker={"color": look.colour(place), "size": 6, "symbol": symbol},
            customdata=[[row["day"].isoformat(), row["source_row"]] for row in rows],
            hovertext=[_check_text(row, look) for row in rows],
            hovertemplate="%{hovertext}<extra></extra>",
        )
        for column, place, dash, symbol in (
            ("ledger_quantity", 0, "solid", "circle"),
            ("wallet_quantity", 3, "dot", "diamond"),
        )
    ]


def _check_text(row: Any, look: Look) -> str:
    text = (
        f"<b>{kst_text(row['checked_at'])}</b> {code_word(row['result'], look.language)}"
        f"<br>{look.say('column.ledger_quantity')} {exact(row['ledger_quantity'])}"
        f"<br>{look.say('column.wallet_quantity')} {exact(row['wallet_quantity'])}"
    )
    if row["shortfall_quantity"] > 0:
        text += (
            f"<br>{look.say('column.shortfall_quantity')} {exact(row['shortfall_quantity'])}"
            f" · {krw(row['shortfall_krw'], look.language)}"
            f" · {row['shortfall_ratio'] * 10_000:,.0f} bp · {row['holdings_multiple']:,.2f} ×"
        )
    return text


def _happened(rows: Sequence[Any], zoom: tuple[datetime, datetime], look: Look) -> list[Any]:
    """Events as marks with their time of day, those that took a while as bars under them."""
    lane = _lane(look, "happened")
    spans = [row for row in rows if is_ended(row["until"])]
    traces = [
        _bars(
            look.say("replay.span"),
            lane,
            [(row["at"], row["until"]) for row in spans],
            zoom,
            {"color": look.rule, "line": {"color": look.quiet, "width": 1}},
            [_event_text(row) for row in spans],
            [["", ""] for _ in spans],
            width=0.36,
        )
    ]
    for basis, symbol in _BASIS_SYMBOLS.items():
        own = [row for row in rows if row["basis"] == basis and not is_ended(row["until"])]
        if own:
            traces.append(
                scatter(
                    name=look.say(f"basis.{basis}"),
                    x=[local_time(row["at"]) for row in own],
                    y=[lane for _ in own],
                    yaxis="y2",
                    mode="markers+text",
                    text=[local_time(row["at"])[11:16] for row in own],
                    textposition="top center",
                    textfont={"size": 12, "color": look.ink},
                    marker={"symbol": symbol, "size": 11, "color": look.ink, "line": {"width": 2, "color": look.ink}},
                    hovertext=[_event_text(row) for row in own],
                    hovertemplate="%{hovertext}<extra></extra>",
                )
            )
    return traces


def _event_text(row: Any) -> str:
    return f"<b>{row['when']}</b><br>" + "<br>".join(_lines(row["text"]))


def _lines(text: str, width: int = 60) -> list[str]:
    """A sentence in lines that fit a hover box."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _checked(rows: Sequence[Any], look: Look) -> list[Any]:
    """A square for each check, as on the page of reconciliation."""
    return [
        scatter(
            name=f"{grade.sign} {code_word(word, look.language)}".strip(),
            x=[local_time(row["checked_at"]) for row in own] or [None],
            y=[_lane(look, "checked") for _ in own] or [None],
            yaxis="y2",
            mode="markers+text",
            text=[grade.sign for _ in own],
            textfont={"size": 11, "color": "#ffffff"},
            marker={"symbol": "square", "size": 17, "color": grade.colour(look)},
            customdata=[[row["day"].isoformat(), row["source_row"]] for row in own],
            hovertext=[_check_text(row, look) for row in own],
            hovertemplate="%{hovertext}<extra></extra>",
        )
        for grade, word, own in (
            (COVERED, "match", [row for row in rows if row["shortfall_quantity"] == 0]),
            (GRAVE, "mismatch", [row for row in rows if row["shortfall_quantity"] > 0]),
        )
    ]


def _required(required: tuple[datetime, datetime] | None, zoom: tuple[datetime, datetime], look: Look) -> list[Any]:
    if required is None:
        return []
    text = look.say("replay.required_hover", start=kst_text(required[0]), end=kst_text(required[1]))
    marker = _hatched(GRAVE.colour(look), "x", look)
    return [_bars(look.say("replay.required"), _lane(look, "required"), [required], zoom, marker, [text], [["", ""]])]


def _blocked(rows: Sequence[Any], zoom: tuple[datetime, datetime], look: Look) -> list[Any]:
    """Halts from their beginning on; one whose end is not known is hatched and reaches to the edge."""
    return [
        _bars(
            f"{code_word(row['scope'], look.language)} · {code_word(row['functions'], look.language)}",
            _lane(look, "blocked"),
            [(row["halted_at"], row["resumed_at"] if is_ended(row["resumed_at"]) else zoom[1])],
            zoom,
            _hatched(look.colour(5 + place), "" if is_ended(row["resumed_at"]) else "/", look),
            [f"<b>{row['halt_id']}</b> {kst_text(row['halted_at'])}<br>{code_word(row['mode'], look.language)}"],
            [["", row["halt_id"]]],
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


def shortfall_course(checks: pd.DataFrame, look: Look) -> go.Figure:
    """The shortfall through all days on a logarithmic scale, with the two limits that call for a halt.

    Where nothing is short there is no point, and the line breaks: a logarithmic scale has no zero. Each new level is
    named where it begins. A mark carries day and source row.
    """
    rows = records_of(checks)
    short = [row if row["shortfall_quantity"] > 0 else None for row in rows]
    x = [local_time(row["checked_at"]) for row in rows]
    limits = [
        scatter(
            name=look.say(f"replay.{column}"),
            x=x,
            y=[float(row[column]) for row in rows],
            mode="lines",
            line={"color": look.quiet, "width": 1.5, "dash": dash, "shape": "hv"},
            hovertemplate=look.say(f"replay.{column}") + " %{y:,.2f}<extra></extra>",
        )
        for column, dash in (("ratio_limit_quantity", "dash"), ("krw_limit_quantity", "dot"))
    ]
    levels = _levels(rows)
    colour = GRAVE.colour(look)
    traces = [
        scatter(
            name=look.say("column.shortfall_quantity"),
            x=x,
            y=[None if row is None else float(row["shortfall_quantity"]) for row in short],
            mode="lines+markers",
            connectgaps=False,
            line={"color": colour, "width": 2, "shape": "hv"},
            marker={"color": colour, "size": 4, "symbol": "square"},
            customdata=[[row["day"].isoformat(), row["source_row"]] for row in rows],
            hovertext=["" if row is None else _check_text(row, look) for row in short],
            hovertemplate="%{hovertext}<extra></extra>",
        ),
        *limits,
        scatter(
            name=look.say("replay.level"),
            showlegend=False,
            x=[local_time(row["checked_at"]) for row in levels],
            y=[float(row["shortfall_quantity"]) * _ABOVE_THE_LINE for row in levels],
            mode="text",
            text=[f"{local_time(row['checked_at'])[11:16]} · {exact(row['shortfall_quantity'])}" for row in levels],
            textposition="top right",
            textfont={"size": 13, "color": look.ink},
            cliponaxis=False,
            hoverinfo="skip",
        ),
    ]
    axis = {"title": look.say("axis.time"), "type": "date", "tickformat": "%m-%d %H:%M", "nticks": 10}
    if x:
        axis["range"] = [x[0], x[-1]]
    title = look.say("axis.replay_shortfall", asset=_asset(rows))
    y = {"title": title, "type": "log", "dtick": 1, "tickformat": ",", "range": [0.4, 6.6]}
    return figure_in_house_style(look, 360, traces, axis, y)


def _asset(rows: Sequence[Any]) -> str:
    """What the checks count."""
    return rows[0]["asset"] if rows else "–"


def _levels(rows: Sequence[Any]) -> list[Any]:
    """The checks at which the shortfall became another one."""
    found = []
    before = None
    for row in rows:
        quantity = row["shortfall_quantity"]
        if quantity > 0 and quantity != before:
            found.append(row)
        before = quantity
    return found

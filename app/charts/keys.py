"""Keys that came and went, and calls that were refused: a lane an exchange, so that small ones show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from app.amounts import ratio
from app.charts.style import (
    DAY_FORMAT,
    LONG_DAYS,
    PATTERN,
    SYMBOLS,
    Look,
    bar,
    figure_in_house_style,
    name_axis,
    place_of,
    scatter,
)
from app.queries.spans import Span
from app.words import exchange_name

PER_KEYS = 10_000
"""Counts are compared for so many active keys: the largest exchange has a hundred times those of the smallest."""
_LANE, _GAP, _HEAD, _FOOT = 58, 24, 46, 44
"""Pixels of a lane, between two, above the first and under the last."""
FEW_MARKS = 14
"""Up to so many marks of a line are drawn larger."""
_MONTH_FORMAT = "%y-%m"
"""Days of a long period: a lane is narrow."""


def per_keys(count: int, active: int) -> Decimal | None:
    """`count` for each 10,000 active keys; none where no key is active."""
    share = ratio(count, active)
    return None if share is None else share * PER_KEYS


def key_lanes(
    frame: pd.DataFrame,
    measures: Sequence[str],
    exchanges: Sequence[str],
    spans: Sequence[Span],
    look: Look,
    *,
    is_rate: bool,
) -> go.Figure:
    """Each measure in a column and each exchange in a lane with an axis of its own, from zero.

    `frame`: what `queries.key_flow` answers. A stretch that was not filed is a gap, zero is a mark on the base line. A
    mark carries exchange, first and last day.
    """
    rows: dict[tuple[str, date], Any] = {(row["exchange"], row["first_day"]): row for row in frame.to_dict("records")}
    height = _HEAD + len(exchanges) * (_LANE + _GAP) - _GAP + _FOOT
    inside = height - _HEAD - _FOOT
    width = (1 - 0.055 * (len(measures) - 1)) / len(measures)
    traces: list[Any] = []
    axes: dict[str, Any] = {}
    notes: list[dict[str, Any]] = []
    for column, measure in enumerate(measures):
        left = column * (width + 0.055)
        notes.append(_title(look.say(f"column.{measure}"), left, 1, 24, look))
        for lane, exchange in enumerate(exchanges):
            number = 1 + column * len(exchanges) + lane
            top = 1 - lane * (_LANE + _GAP) / inside
            own = [rows.get((exchange, span.first_day)) for span in spans]
            values = [None if row is None else _measured(row, measure, is_rate) for row in own]
            traces.append(_lane(look, exchange, measure, spans, own, values, number, is_rate))
            x, y = _axes(look, number, [left, left + width], [max(0, top - _LANE / inside), top], spans, values)
            axes[f"xaxis{number}" if number > 1 else "xaxis"] = x
            axes[f"yaxis{number}" if number > 1 else "yaxis"] = y
            name = exchange_name(exchange, look.language)
            said = name if any(row is not None for row in own) else look.say("key_revocations.lane_empty", name=name)
            notes.append({**_title(said, left, top, 0, look), "font": {"size": 12, "color": look.ink}})
            x["showticklabels"] = lane == len(exchanges) - 1
    margin = {"l": 8, "r": 12, "t": _HEAD, "b": _FOOT}
    first = {name: axes.pop(name) for name in ("xaxis", "yaxis")} if axes else {"xaxis": {}, "yaxis": {}}
    figure_axes = {name: {**_quiet(look), **axis} for name, axis in axes.items()}
    return figure_in_house_style(
        look,
        height,
        traces,
        first["xaxis"],
        first["yaxis"],
        margin=margin,
        annotations=notes,
        showlegend=False,
        **figure_axes,
    )


def _measured(row: Mapping[str, Any], measure: str, is_rate: bool) -> float | None:
    """The mean of the filed days, so that a week cut short, or with a day missing, is no drop."""
    value = _rate(row, measure) if is_rate else Decimal(row[measure]) / row["day_count"]
    return None if value is None else float(value)


def _rate(row: Mapping[str, Any], measure: str) -> Decimal | None:
    rate = per_keys(row[measure], row["active_keys"])
    return None if rate is None else rate / row["day_count"]


def _title(text: str, left: float, top: float, shift: int, look: Look) -> dict[str, Any]:
    return {
        "text": f"<b>{text}</b>",
        "x": left,
        "y": top,
        "yshift": shift,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 13, "color": look.ink},
    }


def _quiet(look: Look) -> dict[str, Any]:
    return {"gridcolor": look.rule, "linecolor": look.quiet, "tickcolor": look.quiet, "zeroline": False}


def _axes(
    look: Look,
    number: int,
    across: list[float],
    along: list[float],
    spans: Sequence[Span],
    values: Sequence[float | None],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two axes of a lane: few days below, and zero and the highest value beside it."""
    step = max(1, -(-len(spans) // 5))
    days = [span.first_day.isoformat() for span in spans]
    is_long = bool(spans) and (spans[-1].last_day - spans[0].first_day).days >= LONG_DAYS
    x = {
        "type": "date",
        "domain": across,
        "anchor": f"y{number}" if number > 1 else "y",
        "tickvals": days[::step],
        "tickformat": _MONTH_FORMAT if is_long else DAY_FORMAT,
        "tickfont": {"size": 11},
        "showgrid": False,
        "showline": True,
    }
    highest = max((value for value in values if value is not None), default=0.0)
    y = {
        "domain": along,
        "anchor": f"x{number}" if number > 1 else "x",
        "tickvals": [0, highest] if highest else [0],
        "ticktext": ["0", _short(highest)] if highest else ["0"],
        "tickfont": {"size": 11},
        "range": [-0.08 * (highest or 1), 1.12 * (highest or 1)],
        "automargin": True,
    }
    return x, y


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2g}" if value < 1 else f"{value:,.1f}"


def _lane(
    look: Look,
    exchange: str,
    measure: str,
    spans: Sequence[Span],
    own: Sequence[Mapping[str, Any] | None],
    values: Sequence[float | None],
    number: int,
    is_rate: bool,
) -> dict[str, Any]:
    place = place_of(exchange)
    colour = look.colour(place)
    return scatter(
        name=exchange_name(exchange, look.language),
        mode="lines+markers",
        connectgaps=False,
        line={"color": colour, "width": 1.5},
        marker={"color": colour, "size": 4 if len(spans) > FEW_MARKS else 7, "symbol": SYMBOLS[place % len(SYMBOLS)]},
        x=[span.first_day.isoformat() for span in spans],
        y=list(values),
        xaxis=f"x{number}" if number > 1 else "x",
        yaxis=f"y{number}" if number > 1 else "y",
        customdata=[[exchange, span.first_day.isoformat(), span.last_day.isoformat()] for span in spans],
        hovertext=[
            "" if row is None else _hover(row, exchange, measure, span, look)
            for row, span in zip(own, spans, strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _hover(row: Mapping[str, Any], exchange: str, measure: str, span: Span, look: Look) -> str:
    is_whole = row["day_count"] == span.day_count
    filed = "" if is_whole else " · " + look.say("keys.filed", count=row["day_count"], days=span.day_count)
    mean = Decimal(row[measure]) / row["day_count"]
    a_day = "" if span.day_count == 1 else " · " + look.say("keys.a_day", mean=f"{mean:,.2f}")
    rate = _rate(row, measure)
    said = "–" if rate is None else look.say("keys.per_keys", rate=f"{rate:.2f}")
    return (
        f"<b>{exchange_name(exchange, look.language)}</b> {span.text}{filed}<br>"
        f"{look.say(f'column.{measure}')} {row[measure]:,}{a_day} · {said}"
    )


FLOWS = {"issued_keys": 1, "expired_keys": -1, "deleted_keys": -1, "forced_expired_keys": -1}
"""What came and what went, and on which side of zero it is drawn."""
_FLOW_LOOKS = {
    "issued_keys": (5, ""),
    "expired_keys": (7, "/"),
    "deleted_keys": (6, "."),
    "forced_expired_keys": (3, "x"),
}


def key_balance_bars(frame: pd.DataFrame, look: Look, *, is_rate: bool) -> go.Figure:
    """What came to the right of zero, what went to the left, and what is left as a mark: a lane an exchange.

    `frame`: what `queries.key_balance` answers; rates are for each 10,000 keys at the beginning.
    """
    rows: list[Any] = frame.to_dict("records")
    names = [exchange_name(row["exchange"], look.language) for row in rows]

    def measured(row: Mapping[str, Any], count: int) -> float | None:
        rate = per_keys(count, row["opening_keys"]) if is_rate else Decimal(count)
        return None if rate is None else float(rate)

    traces: list[Any] = []
    for name, sign in FLOWS.items():
        place, pattern = _FLOW_LOOKS[name]
        traces.append(
            bar(
                name=look.say(f"column.{name}"),
                orientation="h",
                y=names,
                x=[measured(row, sign * row[name]) for row in rows],
                marker={
                    "color": look.colour(place),
                    "pattern": {**PATTERN, "shape": pattern, "fgcolor": look.ground},
                    "line": {"color": look.ground, "width": 1},
                },
                hovertext=[_balance_text(row, name, look) for row in rows],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    nets = [row["active_keys"] - row["opening_keys"] for row in rows]
    traces.append(
        scatter(
            name=look.say("keys.net"),
            mode="markers",
            x=[measured(row, net) for row, net in zip(rows, nets, strict=True)],
            y=names,
            marker={"color": look.ink, "size": 11, "symbol": "diamond", "line": {"color": look.ground, "width": 1.5}},
            hovertext=[f"<b>{name}</b> {look.say('keys.net')} {net:+,}" for name, net in zip(names, nets, strict=True)],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    x = {"title": look.say("axis.opening_rate" if is_rate else "axis.keys"), "tickformat": ",", "zeroline": True}
    x["zerolinecolor"] = look.quiet
    return figure_in_house_style(
        look, 130 + 44 * max(1, len(rows)), traces, x, name_axis(names, lanes=True), barmode="relative", bargap=0.4
    )


def _balance_text(row: Mapping[str, Any], name: str, look: Look) -> str:
    rate = per_keys(row[name], row["opening_keys"])
    said = "–" if rate is None else look.say("keys.per_opening", rate=f"{rate:.2f}")
    return f"<b>{exchange_name(row['exchange'], look.language)}</b> {look.say(f'column.{name}')} {row[name]:,} · {said}"

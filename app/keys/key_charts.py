"""Keys that came and went, and calls that were refused: a lane an exchange, so that small ones show."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go

from app.charts.style import (
    DAY_FORMAT,
    LONG_DAYS,
    PATTERN,
    SYMBOLS,
    Look,
    axis_of,
    bar,
    figure_in_house_style,
    name_axis,
    position_of,
    scatter,
)
from app.keys.counts import KeyBalance, KeyFlow, per_keys
from app.queries.spans import Span
from app.words import column_label, exchange_name

_LANE, _GAP, _HEAD, _FOOT = 58, 24, 46, 44
"""Pixels of a lane, between two, above the first and under the last."""
FEW_MARKS = 14
"""Up to so many marks of a line are drawn larger."""
_ACROSS = 0.055
"""Room between columns, as a part of the width."""
_MONTH_FORMAT = "%y-%m"
"""Days of a long period: a lane is narrow."""


def key_lanes(
    rows: Sequence[KeyFlow],
    measures: Sequence[str],
    exchanges: Sequence[str],
    spans: Sequence[Span],
    look: Look,
    *,
    is_rate: bool,
) -> go.Figure:
    """Return each measure (a field of `KeyFlow`) in a column and each exchange in a lane with its own axis, from zero.

    A span that was not filed is a gap, zero is a mark on the base line. A mark carries exchange, first and last day as
    one text: lists of lists cost plotly as much as all the rest.
    """
    filed = {(row.exchange, row.first_day): row for row in rows}
    inside = max(1, len(exchanges)) * (_LANE + _GAP) - _GAP
    width = (1 - _ACROSS * (len(measures) - 1)) / len(measures)
    unit = look.say(f"key_revocations.measure_{'rate' if is_rate else 'count'}")
    traces: list[Any] = []
    axes: dict[str, Any] = {}
    notes: list[dict[str, Any]] = []
    for column, measure in enumerate(measures):
        left = column * (width + _ACROSS)
        heading = f"{_measure_label(measure, look)} · {unit}"
        notes.append(_title(heading, left, 1, look, size=13, shift=24))
        across = _numbered("x", column)
        lowest = _numbered("y", (column + 1) * len(exchanges) - 1)
        axes[_axis_name(across)] = {**_days_below(spans, look), "domain": [left, left + width], "anchor": lowest}
        for lane, exchange in enumerate(exchanges):
            along = _numbered("y", column * len(exchanges) + lane)
            top = 1 - lane * (_LANE + _GAP) / inside
            own = [filed.get((exchange, span.first_day)) for span in spans]
            values = [None if row is None else _measured(row, measure, is_rate) for row in own]
            line = _lane(look, exchange, measure, spans, own, values)
            traces.append({**line, "xaxis": across, "yaxis": along})
            domain = [max(0, top - _LANE / inside), top]
            axes[_axis_name(along)] = {**_zero_and_highest(values, look), "domain": domain, "anchor": across}
            name = exchange_name(exchange, look.language)
            said = name if any(row is not None for row in own) else look.say("key_revocations.lane_empty", name=name)
            notes.append(_title(said, left, top, look, size=12))
    first = {name: axes.pop(name, {}) for name in ("xaxis", "yaxis")}
    return figure_in_house_style(
        look,
        inside + _HEAD + _FOOT,
        traces,
        first["xaxis"],
        first["yaxis"],
        margin={"l": 8, "r": 12, "t": _HEAD, "b": _FOOT},
        annotations=notes,
        showlegend=False,
        **{name: axis_of(look, axis) for name, axis in axes.items()},
    )


def _numbered(letter: str, place: int) -> str:
    """The axis at `place`, counted from nought, as traces name it."""
    return f"{letter}{place + 1}" if place else letter


def _axis_name(axis: str) -> str:
    """The same axis as a layout names it."""
    return f"{axis[0]}axis{axis[1:]}"


def _measure_label(measure: str, look: Look) -> str:
    return column_label("api_keys", measure, look.language)


def _measured(row: KeyFlow, measure: str, is_rate: bool) -> float | None:
    """The mean of the filed days, so that a week cut short, or with a day missing, is no drop."""
    count: int | None = getattr(row, measure)
    if count is None:
        return None
    value = _rate(row, count) if is_rate else Decimal(count) / row.day_count
    return None if value is None else float(value)


def _rate(row: KeyFlow, count: int) -> Decimal | None:
    rate = per_keys(count, row.active_keys)
    return None if rate is None else rate / row.day_count


def _title(text: str, left: float, top: float, look: Look, *, size: int, shift: int = 0) -> dict[str, Any]:
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
        "font": {"size": size, "color": look.ink},
    }


def _days_below(spans: Sequence[Span], look: Look) -> dict[str, Any]:
    """The days of a column, few of them written, under its lowest lane."""
    step = max(1, -(-len(spans) // 5))
    is_long = bool(spans) and (spans[-1].last_day - spans[0].first_day).days >= LONG_DAYS
    return {
        "title": look.say("axis.day"),
        "type": "date",
        "tickvals": [span.first_day.isoformat() for span in spans][::step],
        "tickformat": _MONTH_FORMAT if is_long else DAY_FORMAT,
        "tickfont": {"size": 11},
        "showgrid": False,
    }


def _zero_and_highest(values: Sequence[float | None], look: Look) -> dict[str, Any]:
    """The axis of a lane: a line at zero, and the highest value written beside it."""
    highest = max((value for value in values if value is not None), default=0.0)
    return {
        "tickvals": [0, highest] if highest else [0],
        "ticktext": ["0", _short(highest)] if highest else ["0"],
        "tickfont": {"size": 11},
        "range": [-0.08 * (highest or 1), 1.12 * (highest or 1)],
        "zeroline": True,
        "zerolinecolor": look.quiet,
    }


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2g}" if value < 1 else f"{value:,.1f}"


def _lane(
    look: Look,
    exchange: str,
    measure: str,
    spans: Sequence[Span],
    own: Sequence[KeyFlow | None],
    values: Sequence[float | None],
) -> dict[str, Any]:
    place = position_of(exchange)
    colour = look.colour(place)
    size = 4 if len(spans) > FEW_MARKS else 7
    return scatter(
        name=exchange_name(exchange, look.language),
        mode="lines+markers",
        connectgaps=False,
        line={"color": colour, "width": 1.5},
        marker={"color": colour, "size": size, "symbol": SYMBOLS[place % len(SYMBOLS)]},
        x=[span.first_day.isoformat() for span in spans],
        y=list(values),
        customdata=[f"{exchange} {span.first_day} {span.last_day}" for span in spans],
        hovertext=[
            "" if row is None else _hover(row, exchange, measure, span, look)
            for row, span in zip(own, spans, strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _hover(row: KeyFlow, exchange: str, measure: str, span: Span, look: Look) -> str:
    count: int | None = getattr(row, measure)
    if count is None:
        return ""
    is_whole = row.day_count == span.day_count
    filed = "" if is_whole else " · " + look.say("keys.filed", count=row.day_count, days=span.day_count)
    mean = Decimal(count) / row.day_count
    a_day = "" if span.day_count == 1 else " · " + look.say("keys.a_day", mean=f"{mean:,.2f}")
    rate = _rate(row, count)
    said = "–" if rate is None else look.say("keys.per_keys", rate=f"{rate:.2f}")
    return (
        f"<b>{exchange_name(exchange, look.language)}</b> {span.text}{filed}<br>"
        f"{_measure_label(measure, look)} {count:,}{a_day} · {said}"
    )


FLOWS = {"issued_keys": 1, "expired_keys": -1, "deleted_keys": -1, "forced_expired_keys": -1}
"""What came and what went, and on which side of zero it is drawn."""
_FLOW_LOOKS = {
    "issued_keys": (5, ""),
    "expired_keys": (7, "/"),
    "deleted_keys": (6, "."),
    "forced_expired_keys": (3, "x"),
}


def key_balance_bars(rows: Sequence[KeyBalance], look: Look, *, is_rate: bool) -> go.Figure:
    """Return what came to the right of zero, what went to the left, and the net change as a mark: a lane an exchange.

    Rates are for each 10,000 keys at the beginning.
    """
    names = [exchange_name(row.exchange, look.language) for row in rows]

    def measured(row: KeyBalance, count: int) -> float | None:
        rate = per_keys(count, row.opening_keys) if is_rate else Decimal(count)
        return None if rate is None else float(rate)

    traces: list[Any] = []
    for name, sign in FLOWS.items():
        place, pattern = _FLOW_LOOKS[name]
        traces.append(
            bar(
                name=_measure_label(name, look),
                orientation="h",
                y=names,
                x=[measured(row, sign * getattr(row, name)) for row in rows],
                marker={
                    "color": look.colour(place),
                    "pattern": {**PATTERN, "shape": pattern, "fgcolor": look.ground},
                    "line": {"color": look.ground, "width": 1},
                },
                hovertext=[_balance_text(row, name, look) for row in rows],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    nets = [row.active_keys - row.opening_keys for row in rows]
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


def _balance_text(row: KeyBalance, name: str, look: Look) -> str:
    count = getattr(row, name)
    rate = per_keys(count, row.opening_keys)
    said = "–" if rate is None else look.say("keys.per_opening", rate=f"{rate:.2f}")
    return f"<b>{exchange_name(row.exchange, look.language)}</b> {_measure_label(name, look)} {count:,} · {said}"

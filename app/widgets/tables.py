"""Tables: each column has a nature, which says how its values are written, aligned and sorted.

Whole numbers that a browser keeps exactly are numbers and sort as such; all other exact amounts are text, digit for
digit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from app.amounts import LARGEST_EXACT_FLOAT, exact
from app.moments import duration, kst_text
from app.widgets.header import kind_mark, source_mark, state_mark
from app.widgets.view import View

ROW_PIXELS = 35


class Shown(StrEnum):
    """The nature of a column: how its values are shown."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    EXCHANGE = "exchange"
    REPORT = "report"
    CODE = "code"
    STATE = "state"
    KIND = "kind"
    SOURCE = "source"
    DAY = "day"
    INSTANT = "instant"
    """To the second."""
    MOMENT = "moment"
    """To the millisecond, as it was filed."""
    DURATION = "duration"
    COUNT = "count"
    WON = "won"
    """Whole won, what is less cut off: for comparing and sorting; the exact amount stands elsewhere."""
    AMOUNT = "amount"
    """Won or a quantity, every digit."""
    PERCENT = "percent"
    POINTS = "points"
    """A difference of two shares in percentage points."""
    BASIS_POINTS = "basis_points"
    TIMES = "times"
    TREND = "trend"


_RIGHT = {Shown.AMOUNT, Shown.WON, Shown.COUNT, Shown.DURATION}


def table(
    view: View,
    frame: pd.DataFrame,
    columns: Mapping[str, Shown],
    *,
    alt: str,
    key: str | None = None,
    labels: Mapping[str, str] | None = None,
    on_pick: Callable[[Mapping[str, Any]], None] | None = None,
    most_rows: int = 11,
) -> None:
    """The named columns of a frame; `on_pick` is called with the row of the frame that somebody selects.

    A column's title is the text `column.<name>`, or what `labels` says.
    """
    shown = pd.DataFrame({name: _values(view, frame[name].tolist(), nature) for name, nature in columns.items()})
    titles = {name: (labels or {}).get(name) or view.say(f"column.{name}") for name in columns}
    settings = {name: _column(titles[name], shown[name], nature) for name, nature in columns.items()}
    draw = partial(
        st.dataframe,
        shown,
        hide_index=True,
        column_config=settings,
        alt=alt,
        height=(min(most_rows, len(shown)) + 1) * ROW_PIXELS + 3,
        placeholder="–",
    )
    if on_pick is None or key is None:
        draw()
        return

    def selected() -> None:
        rows = st.session_state[key].selection.rows
        if rows and rows[0] < len(frame):
            on_pick(frame.iloc[rows[0]].to_dict())

    draw(key=key, on_select=selected, selection_mode="single-row")


def _values(view: View, values: Sequence[Any], nature: Shown) -> list[Any]:
    """Values as the table holds them."""
    if nature in (Shown.AMOUNT, Shown.COUNT):
        return _numbers(values)
    if nature is Shown.WON:
        return _numbers([None if _is_missing(value) else int(value) for value in values])
    return [None if _is_missing(value) else _written(view, value, nature) for value in values]


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and value != value)


def _numbers(values: Sequence[Any]) -> list[Any]:
    """Whole numbers where a browser keeps all of them exactly, else text."""
    known = [value for value in values if not _is_missing(value)]
    if all(value == int(value) and abs(value) < LARGEST_EXACT_FLOAT for value in known):
        return [None if _is_missing(value) else int(value) for value in values]
    return [None if _is_missing(value) else exact(value) for value in values]


def _written(view: View, value: Any, nature: Shown) -> Any:
    if nature in _FACTORS:
        return float(Decimal(value) * _FACTORS[nature])
    written = _WRITTEN.get(nature)
    return written(view, value) if written else value


_WRITTEN: Mapping[Shown, Callable[[View, Any], str]] = {
    Shown.EXCHANGE: View.exchange,
    Shown.REPORT: View.report,
    Shown.CODE: View.code,
    Shown.STATE: state_mark,
    Shown.KIND: kind_mark,
    Shown.SOURCE: source_mark,
    Shown.DAY: lambda _, value: str(value),
    Shown.INSTANT: lambda _, value: kst_text(value).partition(".")[0],
    Shown.MOMENT: lambda _, value: kst_text(value),
    Shown.DURATION: lambda view, value: _length(view, value),
}
_FACTORS = {Shown.PERCENT: 100, Shown.POINTS: 100, Shown.BASIS_POINTS: 10_000, Shown.TIMES: 1}
_FORMATS = {Shown.PERCENT: "%.2f %%", Shown.POINTS: "%+.2f", Shown.BASIS_POINTS: "%.2f", Shown.TIMES: "%.2f ×"}


def _length(view: View, length: timedelta) -> str:
    """A length of time; one that runs backwards, like a notice before its halt, has a sign."""
    return f"−{duration(-length, view.language)}" if length < timedelta() else duration(length, view.language)


def _column(title: str, values: pd.Series[Any], nature: Shown) -> Any:
    config = st.column_config
    if nature is Shown.TREND:
        return config.LineChartColumn(title, width="medium")
    if nature in _FORMATS:
        return config.NumberColumn(title, format=_FORMATS[nature], alignment="right")
    if nature in (Shown.AMOUNT, Shown.WON, Shown.COUNT) and not any(isinstance(value, str) for value in values):
        return config.NumberColumn(title, format="localized", alignment="right")
    return config.TextColumn(
        title,
        alignment="right" if nature in _RIGHT else "left",
        width="large" if nature is Shown.LONG_TEXT else None,
    )

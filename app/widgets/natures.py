"""How the value of a column is written on a screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from app.columns import Shown
from app.moments import duration, kst_text
from app.widgets.header import kind_mark, source_mark, state_mark
from app.widgets.view import View


def is_missing(value: Any) -> bool:
    """True for the values that stand for nothing in a frame."""
    return value is None or value is pd.NaT or (isinstance(value, float) and value != value)


def written(view: View, value: Any, nature: Shown) -> Any:
    """Return a value as the screen writes it; a ratio becomes a number in the unit of its column."""
    if nature in FACTORS:
        return float(Decimal(value) * FACTORS[nature])
    write = _WRITTEN.get(nature)
    return write(view, value) if write else value


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
FACTORS: Mapping[Shown, int] = {
    Shown.PERCENT: 100,
    Shown.POINTS: 100,
    Shown.BASIS_POINTS: 10_000,
    Shown.TIMES: 1,
    Shown.MULTIPLE: 1,
}
"""What a ratio is multiplied by, to be read in the unit that its nature says."""


def _length(view: View, length: timedelta) -> str:
    """A length of time; one that runs backwards, like a notice before its halt, has a sign."""
    return f"−{duration(-length, view.language)}" if length < timedelta() else duration(length, view.language)

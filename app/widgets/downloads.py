"""The two buttons beside every table and chart: its rows as CSV and as a workbook, made on click."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd

from app.amounts import rounded
from app.columns import Shown
from app.exports import Cells, Column, Extract, as_csv, as_workbook
from app.moments import kst_minute
from app.queries.exactly import times
from app.widgets.address import page_address
from app.widgets.file_button import offer_file
from app.widgets.header import as_of_words
from app.widgets.natures import FACTORS, is_missing, written
from app.widgets.view import View
from expectations.vocabulary import Period

_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_RATIO_DIGITS = 10
"""Digits after the point of a ratio in a file; amounts and counts are never cut."""
_UNITS = {
    Shown.INSTANT: "KST",
    Shown.MOMENT: "KST",
    Shown.PERCENT: "%",
    Shown.POINTS: "%p",
    Shown.BASIS_POINTS: "bp",
    Shown.TIMES: "×",
    Shown.MULTIPLE: "×",
}


_PERIODS = ("day", "month", "period")
"""Columns that say which days a row is of."""


def download_buttons(
    view: View, frame: pd.DataFrame, columns: Mapping[str, Shown], titles: Mapping[str, str], subject: str
) -> None:
    """Offer all rows of a frame, with the named columns, under the title `subject`."""
    number = next(view.drawn)
    first, last = days_of(frame, columns, view)
    name = f"daxa_{view.page or 'page'}_{first}_{last}_{number}"
    extract = partial(_extract, view, frame, columns, titles, subject, page_address(view.page))
    about = {"title": subject, "rows": len(frame), "exchanges": list(view.exchanges)}
    for ending, mime, write in (("csv", "text/csv", as_csv), ("xlsx", _WORKBOOK, as_workbook)):
        offer_file(
            view,
            view.say(f"export.to_{ending}"),
            partial(_written_file, extract, write),
            f"{name}.{ending}",
            view.page,
            key=f"download.{number}.{ending}",
            mime=mime,
            about=about,
            looks="tertiary",
            hint=view.say(f"export.{ending}"),
        )


def days_of(frame: pd.DataFrame, columns: Mapping[str, Shown], view: View) -> tuple[date, date]:
    """The days that rows are of: those of their part or the chosen ones, or their own where one lies outside."""
    first, last = view.days or (view.choice.first_day, view.choice.last_day)
    own = [day for name in columns if name in _PERIODS for value in frame[name].tolist() for day in _days_in(value)]
    if not own or (first <= min(own) and max(own) <= last):
        return first, last
    return min(own), max(own)


def _days_in(value: Any) -> tuple[date, ...]:
    """The first and last day of what stands in a column of days, months or periods; none where nothing does."""
    if is_missing(value):
        return ()
    if isinstance(value, date):
        return (_day(value),)
    try:
        period = Period.parse(str(value))
    except ValueError:
        return ()
    return period.first_day, period.last_day


def _written_file(extract: Callable[[], Extract], write: Callable[[Extract], bytes]) -> bytes:
    return write(extract())


def _extract(
    view: View,
    frame: pd.DataFrame,
    columns: Mapping[str, Shown],
    titles: Mapping[str, str],
    subject: str,
    address: str,
) -> Extract:
    return Extract(
        subject,
        _cover(view, len(frame), address, days_of(frame, columns, view)),
        [_column(view, titles[name], frame[name].tolist(), nature) for name, nature in columns.items()],
        view.say("export.cover"),
        view.say("export.rows"),
    )


def _cover(view: View, row_count: int, address: str, days: tuple[date, date]) -> dict[str, str]:
    """What the rows are, of whom and when, by which rules, and where they were seen."""
    lines = {
        "page": view.say(f"{view.page}.title") if view.page else "",
        "as_of": as_of_words(view),
        "period": f"{days[0]} ~ {days[1]} (KST)",
        "exchanges": ", ".join(view.exchange(name) for name in view.exchanges),
        "row_count": f"{row_count:,}",
        "rule_set": view.rule_set,
        "records": view.records_version,
        "made_at": f"{kst_minute(view.now)} KST",
        "role": view.say(f"role.{view.scope.role}"),
        "address": address,
        "units": view.say("export.units_how"),
    }
    return {view.say(f"export.{name}"): value for name, value in lines.items() if value}


def _column(view: View, title: str, values: Sequence[Any], nature: Shown) -> Column:
    cells, convert = _NATURES.get(nature, (Cells.TEXT, None))
    unit = view.say("export.seconds") if nature is Shown.DURATION else _UNITS.get(nature, "")
    named = f"{title} ({unit})" if unit and unit not in title else title
    if convert is None:
        convert = partial(_text, view, nature)
    return Column(named, cells, [None if is_missing(value) else convert(value) for value in values])


def _text(view: View, nature: Shown, value: Any) -> str:
    if nature is Shown.TREND:
        return " ".join("" if is_missing(one) else str(one) for one in value)
    return str(written(view, value, nature))


def _number(value: Any) -> Decimal:
    return Decimal(value) if isinstance(value, (int, Decimal)) else Decimal(str(value))


def _ratio(factor: int, value: Any) -> Decimal:
    return rounded(times(_number(value), Decimal(factor)), _RATIO_DIGITS)


def _seconds(value: timedelta) -> Decimal:
    return Decimal(value // timedelta(milliseconds=1)) / 1000


def _day(value: Any) -> date:
    return value.date() if isinstance(value, datetime) else date.fromisoformat(str(value))


_NATURES: Mapping[Shown, tuple[Cells, Callable[[Any], Any]]] = {
    Shown.COUNT: (Cells.NUMBER, _number),
    Shown.WON: (Cells.NUMBER, _number),
    Shown.AMOUNT: (Cells.NUMBER, _number),
    Shown.DURATION: (Cells.NUMBER, _seconds),
    Shown.DAY: (Cells.DAY, _day),
    Shown.INSTANT: (Cells.INSTANT, lambda instant: instant),
    Shown.MOMENT: (Cells.INSTANT, lambda instant: instant),
    **{nature: (Cells.NUMBER, partial(_ratio, factor)) for nature, factor in FACTORS.items()},
}

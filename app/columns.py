"""How the columns of a record are written on a screen: declared once, by the type of its field.

A record that leaves a query is a frozen dataclass. The type of each field says what the column holds (`Won`, `Percent`,
`Instant`); a field that has the name of a canonical field of a report may leave that to the report's shape. Tables,
charts and downloads ask `columns_of`, so no screen repeats it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import pandas as pd

from expectations.catalogue import all_reports
from expectations.vocabulary import ValueType


class Shown(StrEnum):
    """How the values of a column are written."""

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
    MULTIPLE = "multiple"
    """Like TIMES, to four digits however small."""
    TREND = "trend"


Text = Annotated[str, Shown.TEXT]
LongText = Annotated[str, Shown.LONG_TEXT]
ExchangeId = Annotated[str, Shown.EXCHANGE]
ReportId = Annotated[str, Shown.REPORT]
Code = Annotated[str, Shown.CODE]
StateCode = Annotated[str, Shown.STATE]
KindCode = Annotated[str, Shown.KIND]
SourceCode = Annotated[str, Shown.SOURCE]
Day = Annotated[date, Shown.DAY]
Instant = Annotated[datetime, Shown.INSTANT]
"""UTC; written in KST to the second."""
Moment = Annotated[datetime, Shown.MOMENT]
"""UTC; written in KST to the millisecond."""
Length = Annotated[timedelta, Shown.DURATION]
Count = Annotated[int, Shown.COUNT]
Won = Annotated[Decimal, Shown.WON]
Amount = Annotated[Decimal, Shown.AMOUNT]
Percent = Annotated[Decimal, Shown.PERCENT]
"""A ratio, written times a hundred."""
Points = Annotated[Decimal, Shown.POINTS]
BasisPoints = Annotated[Decimal, Shown.BASIS_POINTS]
Times = Annotated[Decimal, Shown.TIMES]
Multiple = Annotated[Decimal, Shown.MULTIPLE]
Trend = Annotated[tuple[float | None, ...], Shown.TREND]
"""A small drawing of a course; None is a gap."""

Row = TypeVar("Row")

_BY_VALUE_TYPE: Mapping[ValueType, Shown] = {
    ValueType.QUANTITY: Shown.AMOUNT,
    ValueType.KRW: Shown.AMOUNT,
    ValueType.COUNT: Shown.COUNT,
    ValueType.INSTANT: Shown.INSTANT,
    ValueType.DATE: Shown.DAY,
    ValueType.CODE: Shown.CODE,
}
"""How a canonical field is written; one of another type is text."""


def columns_of(record: type, *names: str) -> Mapping[str, Shown]:
    """The named columns of a record, or all that can be written, and how each is; KeyError for one that cannot."""
    known = _columns_of(record)
    return known if not names else {name: known[name] for name in names}


@cache
def _columns_of(record: type) -> Mapping[str, Shown]:
    hints = get_type_hints(record, include_extras=True)
    found = {one.name: _shown(one.name, hints[one.name]) for one in fields(record)}
    return MappingProxyType({name: shown for name, shown in found.items() if shown is not None})


def _shown(name: str, hint: Any) -> Shown | None:
    """How a field is written: as its type says, else as the canonical field of its name; None for neither."""
    for part in _parts(hint):
        if get_origin(part) is Annotated:
            for extra in get_args(part)[1:]:
                if isinstance(extra, Shown):
                    return extra
    return canonical_columns().get(name)


def _parts(hint: Any) -> Iterable[Any]:
    """A type, or the types of a union but None."""
    if get_origin(hint) in (Union, UnionType):
        return [part for part in get_args(hint) if part is not NoneType]
    return [hint]


@cache
def canonical_columns() -> Mapping[str, Shown]:
    """How every canonical field of the reports is written, and the exchange and report that each row is of."""
    found = {"exchange": Shown.EXCHANGE, "report": Shown.REPORT}
    for report in all_reports().values():
        for one in report.fields:
            found.setdefault(one.name, _BY_VALUE_TYPE.get(one.type, Shown.TEXT))
    return MappingProxyType(found)


def row_of(record: type[Row], source: Any, **own: Any) -> Row:
    """A `record` whose fields are what `own` says, else those of the same name of `source`; AttributeError for none."""
    names = [one.name for one in fields(cast(Any, record))]
    return record(**{name: own[name] if name in own else getattr(source, name) for name in names})


def frame_of(rows: Sequence[Any], columns: Iterable[str]) -> pd.DataFrame:
    """A frame with exactly these columns, also without rows; values stay the objects that they are, so amounts exact.

    A row is a record or, where which columns there are depends on the data, a mapping.
    """
    names = list(columns)
    cells = [
        [row[name] for name in names] if isinstance(row, Mapping) else [getattr(row, name) for name in names]
        for row in rows
    ]
    return pd.DataFrame(cells, columns=names, dtype=object)

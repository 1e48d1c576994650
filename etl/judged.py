"""Accepted submissions under judgement, and what is read for them as exact Arrow tables.

DuckDB's decimals end at 38 digits, and a product or a ratio of legal values may have more. Such a column is there
twice: as a decimal, no larger than `MOST_KRW` or `MOST_RATIO`, far above any threshold, to compare with; and as a text
of every digit (`…_text`), to be shown. Ratios are exact decimals, rounded so that comparing them with a threshold of at
most twelve digits is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Select, Table, select

from etl.facts import Facts
from etl.records import tables as t
from etl.records.submissions import Submission
from etl.regions import Stretch
from expectations.book import Book, the_book
from expectations.vocabulary import State

KRW, QUANTITY, RATIO = pa.decimal128(38, 8), pa.decimal128(38, 18), pa.decimal128(38, 12)
SHARE = pa.decimal128(38, 32)
"""A part of a whole: one hundred-millionth of a won more or less is seen in any legal amount."""
WHOLE = pa.decimal128(38, 0)
"""A sum of counts."""
INSTANT = pa.timestamp("ms", "UTC")
MOST_KRW, MOST_RATIO = Decimal(10) ** 29, Decimal(10) ** 23
"""What a column of won or a ratio holds at most; a hundred times as much still fits."""

EXACT = Context(prec=80)
JUDGED = ("judged", pa.string())
"""The column of a relation of entities that says for which submission a row was read."""
ORIGIN = [("submission", pa.string()), ("exchange", pa.string()), ("day", pa.date32())]
"""The columns that say which accepted submission a row comes from."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Judged:
    """Accepted submissions of one report that are being judged, with their rows where those are read already."""

    connection: Connection
    facts: Facts
    submissions: Sequence[Submission]
    rows: Mapping[str, pa.Table] = field(default_factory=dict)
    book: Book = field(default_factory=the_book)
    """What they are judged by, where it decides what is read."""

    @property
    def exchanges(self) -> list[str]:
        """Whose they are."""
        return sorted({s.exchange for s in self.submissions})

    def window(self, first: int, last: int) -> tuple[date, date]:
        """The days from `first` before the earliest day to `last` after the latest (both signed)."""
        low = min(s.period.first_day for s in self.submissions)
        return low + first * _DAY, max(s.period.last_day for s in self.submissions) + last * _DAY


@dataclass(frozen=True, slots=True)
class Read:
    """A relation as it was read; of entities, with the stretches that were read for each submission."""

    table: pa.Table
    stretches: Mapping[str, Sequence[Stretch]] = field(default_factory=dict)


def in_force(table: Table) -> Select[Any]:
    """Rows of a table of figures whose submission is accepted."""
    accepted = t.submissions.c.state == State.ACCEPTED.value
    return select(table).join(t.submissions, t.submissions.c.id == table.c.submission).where(accepted)


def arrow_table(rows: Iterable[Any], columns: Sequence[tuple[str, pa.DataType]]) -> pa.Table:
    """Rows as Arrow, decimals brought to their column's scale; a value that does not fit raises."""
    listed = list(rows)
    arrays = [pa.array([_scaled(row.get(name), type_) for row in listed], type_) for name, type_ in columns]
    return pa.Table.from_arrays(arrays, schema=pa.schema(columns))


def _scaled(value: Any, type_: pa.DataType) -> Any:
    if isinstance(value, Decimal) and pa.types.is_decimal(type_):
        return value.quantize(Decimal(1).scaleb(-type_.scale), rounding=ROUND_FLOOR, context=EXACT)
    return value


def ratio(part: Decimal, whole: Decimal, rounding: str = ROUND_FLOOR) -> Decimal | None:
    """`part` of `whole` to twelve digits; None of nothing."""
    if not whole:
        return None
    digits = Context(prec=80, rounding=rounding)
    return digits.divide(part, whole).quantize(Decimal("1E-12"), rounding=rounding, context=EXACT)


def share(part: Decimal, whole: Decimal) -> Decimal | None:
    """`part` of `whole` to 32 digits, rounded; None of nothing."""
    return EXACT.divide(part, whole).quantize(Decimal("1E-32"), context=EXACT) if whole else None


def krw_text(amount: Decimal) -> str:
    """Every digit of an amount before the point and eight after it, cut: of two, the longer or later one is larger."""
    return f"{amount.quantize(Decimal('1E-8'), rounding=ROUND_FLOOR, context=EXACT):f}"


def percent_text(share: Decimal) -> str:
    """A ratio of twelve digits as a percentage, every digit of it.

    >>> percent_text(Decimal("0.000100000001")), percent_text(Decimal(1))
    ('0.0100000001', '100')
    """
    text = f"{EXACT.multiply(100, share.quantize(Decimal('1E-12'), context=EXACT)):f}"
    return text.rstrip("0").rstrip(".")

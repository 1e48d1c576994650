"""Column types that keep money, quantities and instants exact in SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Dialect, Numeric, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


_AT_ONCE = 500
"""Values in one statement: databases bound how many it may name."""


def in_parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """The values in parts that one statement can name."""
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]


def to_milliseconds(instant: datetime) -> int:
    """Whole milliseconds since 1970 (UTC), by integer arithmetic."""
    return (instant - _EPOCH) // _MILLISECOND


def from_milliseconds(milliseconds: int) -> datetime:
    """The instant in UTC."""
    return _EPOCH + milliseconds * _MILLISECOND


_DAY_MILLISECONDS = 24 * 60 * 60 * 1000
_KST_MILLISECONDS = 9 * 60 * 60 * 1000


def kst_day_number(milliseconds: int) -> int:
    """Return the KST day of an instant as days since 1970-01-01; also for arrays of instants as they are stored."""
    return (milliseconds + _KST_MILLISECONDS) // _DAY_MILLISECONDS


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal of any length: NUMERIC in PostgreSQL, plain text in SQLite, whose NUMERIC is a float."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """NUMERIC without limits where the database has it."""
        return dialect.type_descriptor(Numeric() if dialect.name == "postgresql" else String())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Plain notation, never an exponent; a float is refused."""
        if value is None:
            return None
        if not isinstance(value, Decimal):
            raise TypeError(f"an exact column takes a Decimal, not {type(value).__name__}")
        return value if dialect.name == "postgresql" else f"{value:f}"

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """The decimal as it was written."""
        return None if value is None else Decimal(value)


class WholeNumber(TypeDecorator[int]):
    """A whole number of any length, for sums of counts: NUMERIC in PostgreSQL, plain digits as text in SQLite.

    Both databases' own integers end at 2^63−1, which is what a single count may be.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """NUMERIC without limits where the database has it."""
        return dialect.type_descriptor(Numeric() if dialect.name == "postgresql" else String())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:
        """The number, or its digits; anything but an int is refused."""
        if value is None:
            return None
        if not isinstance(value, int):
            raise TypeError(f"a whole number takes an int, not {type(value).__name__}")
        return Decimal(value) if dialect.name == "postgresql" else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        """The number."""
        return None if value is None else int(value)


class Instant(TypeDecorator[datetime]):
    """A moment to the millisecond, stored as whole milliseconds since 1970 (UTC) in both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Only a moment with a zone is a moment."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("an instant needs a time zone")
        return to_milliseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """The instant in UTC."""
        return None if value is None else from_milliseconds(value)

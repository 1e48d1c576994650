"""Sums, differences and products of amounts to the last digit: Python's own context would cut at twenty-eight."""

from __future__ import annotations

from decimal import Context, Decimal

_EXACT = Context(prec=80)


def added(total: int | None, count: int | None) -> int | None:
    """The sum of two counts; None where one is absent, which is not zero.

    >>> added(3, 4), added(3, None)
    (7, None)
    """
    return None if total is None or count is None else total + int(count)


def less(amount: Decimal, other: Decimal) -> Decimal:
    """`amount` less `other`, every digit of it.

    >>> less(Decimal("99999999999999999999"), Decimal("1E-18"))
    Decimal('99999999999999999998.999999999999999999')
    """
    return _EXACT.subtract(amount, other)


def times(amount: Decimal, other: Decimal) -> Decimal:
    """The product, every digit of it."""
    return _EXACT.multiply(amount, other)

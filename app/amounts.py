"""How amounts are written: won in 조, 억 and 만 for the eye, and exactly, to the last digit, for the record."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal, localcontext

_KOREAN_UNITS = ((10**16, "경"), (10**12, "조"), (10**8, "억"), (10**4, "만"))
_ENGLISH_UNITS = ((10**12, "trn"), (10**9, "bn"), (10**6, "m"))
LARGEST_EXACT_FLOAT = 2**53
"""Whole numbers up to here survive a browser's floating point; larger ones travel as text."""


def krw(amount: Decimal | int | None, language: str) -> str:
    """Won for the eye: cut, never rounded up, to two Korean units or one English one; the exact value stands beside.

    >>> krw(1234567890123, "ko"), krw(1234567890123, "en"), krw(Decimal("-520.75"), "ko")
    ('1조 2,345억 원', '₩1.23 trn', '-520원')
    """
    if amount is None:
        return "–"
    sign, whole = ("-" if amount < 0 else ""), abs(int(amount))
    if language == "ko":
        return sign + _korean(whole)
    for size, name in _ENGLISH_UNITS:
        if whole >= size:
            return f"{sign}₩{Decimal(whole * 100 // size) / 100:,.2f} {name}"
    return f"{sign}₩{whole:,}"


def _korean(whole: int) -> str:
    parts: list[str] = []
    for size, name in _KOREAN_UNITS:
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count:,}{name}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts) + " 원" if parts else f"{whole:,}원"


def exact(amount: Decimal | int | None) -> str:
    """Every digit, with thousands commas and without trailing zeros; empty for none.

    >>> exact(Decimal("1234.500000000000000000")), exact(Decimal("0E-18")), exact(None)
    ('1,234.5', '0', '')
    """
    if amount is None:
        return ""
    text = f"{amount:,f}" if isinstance(amount, Decimal) else f"{amount:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_WIDE = Context(prec=80)
"""Digits enough for any sum of what can be filed: the usual 28 would round the largest."""


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The sum to the last digit, however long.

    >>> exact_sum([Decimal("99999999999999999999.99999999"), Decimal("0.00000001"), Decimal("1E-18")])
    Decimal('100000000000000000000.000000000000000001')
    """
    with localcontext(_WIDE):
        return sum(amounts, Decimal())


def exact_add(one: Decimal, other: Decimal) -> Decimal:
    """Both together to the last digit."""
    return _WIDE.add(one, other)


def ratio(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """`part` of `whole`; none where there is no whole."""
    return Decimal(part) / Decimal(whole) if whole else None


def percent(share: Decimal | float | None, digits: int = 1) -> str:
    """A share as a percentage; a dash where there is none.

    >>> percent(Decimal("0.3456")), percent(None)
    ('34.6 %', '–')
    """
    return "–" if share is None else f"{share * 100:.{digits}f} %"


def percent_down(share: Decimal, digits: int = 2) -> str:
    """A share as a percentage that is cut, not rounded: only what is complete reads 100 %.

    >>> percent_down(Decimal("0.99999")), percent_down(Decimal(1))
    ('99.99 %', '100 %')
    """
    if share == 1:
        return "100 %"
    scale = 10**digits
    return f"{Decimal(int(share * 100 * scale)) / scale:.{digits}f} %"

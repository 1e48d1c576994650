"""How amounts are written: won in 조, 억 and 만 for reading, and every digit for the record."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal, localcontext

_KOREAN_UNITS = ((10**16, "경"), (10**12, "조"), (10**8, "억"), (10**4, "만"))
_ENGLISH_UNITS = ((10**12, "trn"), (10**9, "bn"), (10**6, "m"))
LARGEST_EXACT_FLOAT = 2**53
"""Whole numbers up to here survive a browser's floating point; larger ones travel as text."""


def krw(amount: Decimal | int | None, language: str) -> str:
    """Return won for reading: cut, never rounded up, to two Korean units or one English one."""
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
    """Return every digit, with thousands commas and without trailing zeros; an empty text for None."""
    if amount is None:
        return ""
    text = f"{amount:,f}" if isinstance(amount, Decimal) else f"{amount:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_WIDE = Context(prec=80)
"""Digits enough for any sum of what can be filed: the usual 28 would round the largest."""


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum, however long."""
    with localcontext(_WIDE):
        return sum(amounts, Decimal())


def exact_add(one: Decimal, other: Decimal) -> Decimal:
    """Return the exact sum of two amounts."""
    return _WIDE.add(one, other)


def ratio(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """Return `part` divided by `whole`; None where the whole is missing or zero."""
    if not whole:
        return None
    share = Decimal(part) / Decimal(whole)
    # Twenty-eight digits are enough for any ratio but one that is less than the whole by the last of thirty-eight.
    return _WIDE.divide(Decimal(part), Decimal(whole)) if share == 1 and part != whole else share


def rounded(amount: Decimal, digits: int) -> Decimal:
    """Return the amount to so many digits after the point, however many stand before it."""
    return amount.quantize(Decimal(1).scaleb(-digits), context=_WIDE)


def percent(share: Decimal | float | None, digits: int = 1) -> str:
    """Return a share as a percentage; a dash for None."""
    return "–" if share is None else f"{share * 100:.{digits}f} %"


def percent_down(share: Decimal, digits: int = 2) -> str:
    """Return a share as a percentage that is cut, not rounded, so that only a complete one reads 100 %."""
    if share == 1:
        return "100 %"
    scale = 10**digits
    return f"{Decimal(int(share * 100 * scale)) / scale:.{digits}f} %"

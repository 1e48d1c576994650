"""From which size a shortfall calls for a halt: the limits of REC-004 that were in force on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from app.queries.exactly import less, times
from app.rules.book import parameter


@dataclass(frozen=True, slots=True)
class HaltLimit:
    """A shortfall reaches the limit at `ratio` of the ledger or at `krw`; a halt is due within `delay` after that."""

    ratio: Decimal
    krw: Decimal
    delay: timedelta

    def is_reached(self, ledger: Decimal, wallet: Decimal, shortfall_krw: Decimal) -> bool:
        """True where what is missing is large enough, compared to the last digit."""
        return shortfall_krw >= self.krw or less(ledger, wallet) >= times(self.ratio, ledger)


def halt_limit(day: date, exchange: str) -> HaltLimit:
    """The limit that was in force for an exchange on a day."""
    ratio, krw, minutes = (
        parameter(f"halt_{name}", day, exchange) for name in ("shortfall_ratio", "shortfall_krw", "delay_minutes")
    )
    return HaltLimit(Decimal(ratio), Decimal(krw), timedelta(minutes=minutes))


def shortfall_krw(ledger: Decimal, wallet: Decimal, price_krw: Decimal) -> Decimal:
    """What is missing in won, to the last digit."""
    return times(less(ledger, wallet), price_krw)

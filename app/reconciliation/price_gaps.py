"""An asset's prices of one day: each exchange's against the median of the others', and against a day before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal
from statistics import median_high, median_low
from typing import Any

from app.amounts import ratio
from app.columns import Amount, ExchangeId, Percent, Text
from app.queries.exactly import less
from app.queries.origin import accepted_files
from app.scope import Scope
from etl.store import Store
from expectations.vocabulary import Period

SLOTS_PER_DAY = 288
_SLOT = timedelta(minutes=5)
_LEAST_OTHERS = 2
"""Other prices that a median is taken of at least, as REC-005 asks for."""
_HALVED = Context(prec=80)


@dataclass(frozen=True, slots=True)
class PriceGap:
    """An exchange's price in a five-minute slot, that of its last check in it (REC-005).

    `median_krw` is that of the other exchanges' in the slot, None where fewer than two are there; `price_gap` is how
    far the price is off it. `price_change` is since the same slot of the day before, None where that has no check.
    """

    exchange: ExchangeId
    slot: int
    slot_time: Text
    price_krw: Amount
    median_krw: Amount | None
    price_gap: Percent | None
    earlier_price_krw: Amount | None
    price_change: Percent | None


def price_gaps(store: Store, scope: Scope, day: date, asset: str) -> tuple[PriceGap, ...]:
    """Return the prices of an asset at every exchange whose rows are open, by exchange and slot."""
    prices = _prices(store, scope, day, asset)
    found: list[PriceGap] = []
    for exchange, own in prices.items():
        for slot in sorted(slot for slot in own if slot >= 0):
            others = [them[slot] for name, them in prices.items() if name != exchange and slot in them]
            middle = _median(others) if len(others) >= _LEAST_OTHERS else None
            earlier = own.get(slot - SLOTS_PER_DAY)
            found.append(
                PriceGap(
                    exchange=exchange,
                    slot=slot,
                    slot_time=f"{slot // 12:02d}:{slot % 12 * 5:02d}",
                    price_krw=own[slot],
                    median_krw=middle,
                    price_gap=None if middle is None else ratio(less(own[slot], middle), middle),
                    earlier_price_krw=earlier,
                    price_change=None if earlier is None else ratio(less(own[slot], earlier), earlier),
                )
            )
    return tuple(found)


def _median(prices: list[Decimal]) -> Decimal:
    low, high = median_low(prices), median_high(prices)
    return low if low == high else _HALVED.divide(_HALVED.add(low, high), Decimal(2))


def _prices(store: Store, scope: Scope, day: date, asset: str) -> Mapping[str, Mapping[int, Decimal]]:
    """By exchange the price of the last check of every slot; the slots of the day before are negative."""
    before = day - timedelta(days=1)
    files = [
        file.facts
        for exchange in scope.visible_rows()
        for file in accepted_files(store, scope, "reconciliation", exchange, before, day)
    ]
    if not files:
        return {}
    table = store.facts.read(files, condition="asset = ?", parameters=[asset])
    names = ["exchange", "checked_at", "price_krw"]
    rows: list[dict[str, Any]] = table.select(names).to_pylist()
    start = Period.of_day(day).start
    found: dict[str, dict[int, Decimal]] = {exchange: {} for exchange in scope.visible_rows()}
    for row in sorted(rows, key=lambda row: row["checked_at"]):
        slot = int((row["checked_at"] - start) // _SLOT)
        if -SLOTS_PER_DAY <= slot < SLOTS_PER_DAY:
            found[row["exchange"]][slot] = row["price_krw"]
    return {exchange: own for exchange, own in found.items() if own}

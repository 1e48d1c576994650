"""Ledgers and wallets: the five-minute checks of a day, and the monthly audit that must agree with them.

A ledger drifts from day to day and moves a little at every check; wallets hold it and a surplus of the exchange's own
coins. The first check of a day is at the same level as the end of the day before, so an audit as of midnight is
read off that check.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from app.testbed.simulator.amounts import Amounts
from app.testbed.simulator.draws import Floats, Integers, generator, walk_on
from app.testbed.simulator.market import MEMBERS, SLOTS, holdings, listing, places, prices, quoted, universe
from app.testbed.simulator.months import month_of
from app.testbed.simulator.story import Event, Happening, Run
from expectations.vocabulary import KST, Period, ValueType

_SLOT_MINUTES = 5
_SLOT_MILLISECONDS = _SLOT_MINUTES * 60 * 1000
_JITTER_MILLISECONDS = (200, 18_000)
"""When within its slot an asset is checked: a round of all assets takes some seconds."""
_PRICE_DIP = 0.835
"""How far the price fell after the payout of 2026-02-06: from 97.2 to 81.1 million won."""
_DIP_AFTER, _DIP_SLOTS = 5, 4
_TOGETHER = 3
"""How many assets are short at once in a joint shortfall."""
_REPEATED_SLOTS = 72
"""How long repeated quantities stand: a quarter of a day, so that there are four of them."""
_UNSEEN_PLACES = 9
"""How many of the last places differ all the same."""
_LARGEST_DIFFERENCE = 4e-5
"""How far an audit is from the nearest check, as a ratio: less than half of what AUD-005 allows."""


@dataclass(frozen=True, slots=True)
class Checks:
    """A day of checks, assets in rows and slots in columns."""

    symbols: tuple[str, ...]
    ledger: Amounts
    wallet: Amounts
    price: Floats
    is_done: Any

    def row(self, symbol: str) -> int:
        """The row of an asset, or the first where it is not listed."""
        return self.symbols.index(symbol) if symbol in self.symbols else 0


def reconciliation(run: Run, exchange: str, period: Period) -> dict[str, pa.Array]:
    """The checks of a day or of a slice of it, in order of time."""
    day = period.first_day
    checks = _checks(run, exchange, day)
    moments, begin = _moments(run.seed, exchange, len(checks.symbols), day), _milliseconds(day)
    asked = checks.is_done & _inside(period, begin)
    order = np.argsort(moments[asked], kind="stable")
    ledger, wallet = checks.ledger[asked][order], checks.wallet[asked][order]
    is_short = (wallet.units < ledger.units) | ((wallet.units == ledger.units) & (wallet.fraction < ledger.fraction))
    rows = np.nonzero(asked)[0][order].astype(np.int32)
    return {
        "checked_at": pa.array(begin + moments[asked][order]).cast(pa.timestamp("ms", "UTC")),
        "asset": pa.array(checks.symbols, pa.string()).take(pa.array(rows)),
        "ledger_quantity": ledger.to_arrow(ValueType.QUANTITY),
        "wallet_quantity": wallet.to_arrow(ValueType.QUANTITY),
        "price_krw": quoted(checks.price[asked][order]).to_arrow(ValueType.KRW),
        "result": pa.array(["match", "mismatch"]).take(pa.array(is_short.astype(np.int32))),
    }


def _milliseconds(day: date) -> int:
    return int(Period.of_day(day).start.timestamp()) * 1000


def _inside(period: Period, begin: int) -> Any:
    """Which slots of the day lie in the period."""
    starts = begin + np.arange(SLOTS) * _SLOT_MILLISECONDS
    return (starts >= period.start.timestamp() * 1000) & (starts < period.end.timestamp() * 1000)


def _moments(seed: int, exchange: str, count: int, day: date) -> Integers:
    """When each check is made, in milliseconds since the day began."""
    jitter = generator(seed, "moments", exchange, day).integers(*_JITTER_MILLISECONDS, size=(count, SLOTS))
    return jitter + np.arange(SLOTS) * _SLOT_MILLISECONDS


@lru_cache(maxsize=8)
def _checks(run: Run, exchange: str, day: date) -> Checks:
    """The day as it was, with what the story says of it."""
    checks = _quiet(run.seed, exchange, run.size(exchange), day)
    for event in run.happening(Happening.STALE, exchange, day):
        checks = _stale(checks, event)
    for event in run.happening(Happening.REPEATED, exchange, day):
        checks = _repeated(checks, event)
    for event in run.happening(Happening.DERIVED, exchange, day):
        checks = _derived(checks, event)
    for kind in (Happening.SHORTFALL, Happening.RETOUCHED):
        for event in run.happening(kind, exchange, day):
            checks = _short(checks, event, generator(run.seed, "shortfall", exchange, day))
    for event in run.happening(Happening.JOINT_SHORTFALL, exchange, day):
        checks = _short_together(checks, event, generator(run.seed, "joint shortfall", exchange, day))
    for event in run.happening(Happening.PAYOUT, exchange, day):
        checks = _paid_out(checks, event)
    for event in run.happening(Happening.GAP, exchange, day):
        checks = _unchecked(checks, event)
    return checks


def _quiet(seed: int, exchange: str, size: int, day: date) -> Checks:
    symbols = listing(exchange, size)
    random = generator(seed, "balances", exchange, day)
    begin, end = (_levels(seed, exchange, symbols, d)[:, None] for d in (day, day + timedelta(days=1)))
    course = np.arange(SLOTS) / SLOTS
    noise = np.cumsum(random.standard_normal((len(symbols), SLOTS)), axis=1) * 3e-6
    level = (begin + (end - begin) * course) * (1 + noise - noise[:, -1:] * course - noise[:, :1] * (1 - course))
    ledger = Amounts.near(level, ValueType.QUANTITY, random)
    surplus = level * _surplus(seed, exchange)[places(symbols)][:, None] * random.uniform(0.999, 1.001, level.shape)
    wallet = ledger + Amounts.near(surplus, ValueType.QUANTITY, random)
    price = prices(seed, exchange, symbols, day)
    return Checks(symbols, ledger, wallet, price, np.ones(level.shape, bool))


def _levels(seed: int, exchange: str, symbols: tuple[str, ...], day: date) -> Floats:
    """What customers hold as the day begins."""
    drift = walk_on(seed, f"ledger {exchange}", len(universe()), day)[places(symbols)]
    levels: Floats = holdings(exchange, symbols) * np.exp(0.004 * drift)
    return levels


def _surplus(seed: int, exchange: str) -> Floats:
    """The exchange's own coins in proportion to its customers'."""
    return generator(seed, "surplus", exchange).uniform(0.004, 0.025, len(universe()))


# ------------------------------------------------------------------------------------------- the story


def _slots(event: Event) -> slice:
    first = (event.at.hour * 60 + event.at.minute) // _SLOT_MINUTES
    return slice(first, min(SLOTS, first + event.minutes // _SLOT_MINUTES))


def _mask(checks: Checks, rows: Any, slots: slice) -> Any:
    chosen = np.zeros(checks.price.shape, bool)
    chosen[rows, slots] = True
    return chosen


def _stale(checks: Checks, event: Event) -> Checks:
    chosen = _mask(checks, checks.row(event.asset), slice(None))
    first = np.s_[:, :1]
    return replace(
        checks,
        ledger=checks.ledger[first].where(chosen, checks.ledger),
        wallet=checks.wallet[first].where(chosen, checks.wallet),
    )


def _short(checks: Checks, event: Event, random: np.random.Generator) -> Checks:
    chosen = _mask(checks, checks.row(event.asset), _slots(event))
    magnitudes = checks.ledger.magnitudes() * event.size * random.uniform(0.9, 1.0, chosen.shape)
    magnitudes[chosen] = np.maximum.accumulate(magnitudes[chosen])
    missing = Amounts.near(magnitudes, ValueType.QUANTITY, random)
    return replace(checks, wallet=(checks.ledger - missing).where(chosen, checks.wallet))


def _short_together(checks: Checks, event: Event, random: np.random.Generator) -> Checks:
    """The first assets lack won of the same amount each."""
    rows = np.arange(min(_TOGETHER, len(checks.symbols)))
    chosen = _mask(checks, rows, _slots(event))
    lacking = event.size / len(rows) / checks.price * random.uniform(1.0, 1.1, chosen.shape)
    missing = Amounts.near(lacking * chosen, ValueType.QUANTITY, random)
    return replace(checks, wallet=(checks.ledger - missing).where(chosen, checks.wallet))


def _derived(checks: Checks, event: Event) -> Checks:
    chosen = _mask(checks, checks.row(event.asset), slice(None))
    surplus = (checks.wallet - checks.ledger)[:, :1]
    return replace(checks, wallet=(checks.ledger + surplus).where(chosen, checks.wallet))


def _repeated(checks: Checks, event: Event) -> Checks:
    chosen = _mask(checks, checks.row(event.asset), slice(None))
    held = np.arange(SLOTS) // _REPEATED_SLOTS * _REPEATED_SLOTS
    unseen = 10**_UNSEEN_PLACES

    def repeated(amounts: Amounts) -> Amounts:
        seen = amounts[:, held]
        fraction = seen.fraction // unseen * unseen + amounts.fraction % unseen
        return Amounts(seen.units, fraction, amounts.places).where(chosen, amounts)

    return replace(checks, ledger=repeated(checks.ledger), wallet=repeated(checks.wallet))


def _paid_out(checks: Checks, event: Event) -> Checks:
    row, slots = checks.row(event.asset), _slots(event)
    chosen = _mask(checks, row, slots)
    paid = np.zeros(chosen.shape, np.int64)
    paid[chosen] = int(checks.ledger.magnitudes()[row, slots.start] * (event.size - 1))
    price = checks.price.copy()
    price[row, slots.start + _DIP_AFTER : slots.start + _DIP_AFTER + _DIP_SLOTS] *= _PRICE_DIP
    ledger = checks.ledger + Amounts(paid, np.zeros_like(paid), checks.ledger.places)
    return replace(checks, ledger=ledger, price=price)


def _unchecked(checks: Checks, event: Event) -> Checks:
    rows: Any = checks.row(event.asset) if event.asset else slice(None)
    return replace(checks, is_done=checks.is_done & ~_mask(checks, rows, _slots(event)))


# ----------------------------------------------------------------------------------------------- audits


def audits(run: Run, exchange: str, period: Period) -> dict[str, pa.Array]:
    """The audit of a month as of the midnight that ends it, one row an asset."""
    day = period.end.astimezone(KST).date()
    checks = _quiet(run.seed, exchange, run.size(exchange), day)
    random = generator(run.seed, "audit", exchange, day)
    is_copied = _is_copied(run, exchange, period)
    ledger, wallet = (
        _nearest(run, exchange, day)
        if is_copied
        else (_counted(p[:, 0], random) for p in (checks.ledger, checks.wallet))
    )
    cold = Amounts.near(wallet.magnitudes() * random.uniform(0.84, 0.93, len(ledger.units)), ValueType.QUANTITY, random)
    count = len(checks.symbols)
    signed = day + timedelta(days=1 if is_copied else int(random.integers(4, 7)))
    midnight = pa.array([_milliseconds(day)] * count).cast(pa.timestamp("ms", "UTC"))
    return {
        "audit_month": pa.array([period.text] * count),
        "asset": pa.array(checks.symbols, pa.string()),
        "as_of": midnight,
        "ledger_quantity": ledger.to_arrow(ValueType.QUANTITY),
        "hot_wallet_quantity": (wallet - cold).to_arrow(ValueType.QUANTITY),
        "cold_wallet_quantity": cold.to_arrow(ValueType.QUANTITY),
        "price_krw": quoted(checks.price[:, 0]).to_arrow(ValueType.KRW),
        "auditor": pa.array([MEMBERS[exchange].auditor] * count),
        "opinion": pa.array(["unqualified"] * count),
        "signed_on": pa.array([signed] * count, pa.date32()),
    }


def _is_copied(run: Run, exchange: str, period: Period) -> bool:
    copied = (event for event in run.events if event.kind is Happening.COPIED_AUDIT and event.exchange == exchange)
    return any(month_of(run, event) == period for event in copied)


def _nearest(run: Run, exchange: str, day: date) -> tuple[Amounts, Amounts]:
    """Ledger and wallets by the check that is filed nearest to the beginning of `day`."""
    is_filed = day <= run.last_day
    checks = _checks(run, exchange, day if is_filed else day - timedelta(days=1))
    slot = 0 if is_filed else SLOTS - 1
    return checks.ledger[:, slot], checks.wallet[:, slot]


def _counted(checked: Amounts, random: np.random.Generator) -> Amounts:
    """What an auditor counts: a little more than the check, by what came in between the two."""
    moved = checked.magnitudes() * random.uniform(0.1, 1.0, len(checked.units)) * _LARGEST_DIFFERENCE
    return checked + Amounts.near(moved, ValueType.QUANTITY, random)


def moment(day: date, at: time) -> int:
    """A KST time of a day in milliseconds since the epoch."""
    return _milliseconds(day) + (at.hour * 60 + at.minute) * 60_000

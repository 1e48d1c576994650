"""Halts: maintenance now and then, faults, abnormal trading and orders, and those that the story tells of.

A halt that is still in force when its day ends is filed without its end, and again with it on the day of its end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from app.testbed.simulator.balances import moment
from app.testbed.simulator.draws import generator
from app.testbed.simulator.market import MEMBERS, listing
from app.testbed.simulator.story import Event, Happening, Run
from etl.exchanges import exchange as member_exchange
from expectations.vocabulary import Period

_MINUTE = 60
_HOUR = 3600
_MOST_A_DAY = 3
_KINDS = ("maintenance", "maintenance_all", "abnormal_trading", "system_fault", "authority_order")
_ODDS = (0.72, 0.04, 0.1, 0.07, 0.07)
_HALTING = (Happening.HALT, Happening.TRADED_ON)
_SHORT = (Happening.SHORTFALL, Happening.JOINT_SHORTFALL)
"""What an ordinary halt does not happen to meet, lest it be taken for the answer to it."""
_PAYOUT_ACCOUNTS = 695
"""Accounts that were blocked on 2026-02-06."""


@dataclass(frozen=True, slots=True)
class Halt:
    """One suspension; moments in seconds since the epoch."""

    halt_id: str
    scope: str
    target: str
    functions: str
    trigger: str
    mode: str
    detected_at: int
    halted_at: int
    resumed_at: int | None
    notice_at: int | None
    affected_account_count: int
    is_kept: bool = True
    """False where trades go on in it; that is in no report."""


def halts(run: Run, exchange: str, period: Period) -> dict[str, pa.Array]:
    """The halts that began in the day, and those of the day before that ended in it."""
    day, end = period.first_day, int(period.end.timestamp())
    rows = [
        replace(halt, resumed_at=None) if halt.resumed_at is not None and halt.resumed_at >= end else halt
        for halt in _of_day(run, exchange, day)
    ]
    if day > run.first_day:
        begin = int(period.start.timestamp())
        rows = [
            halt for halt in _of_day(run, exchange, day - timedelta(days=1)) if (halt.resumed_at or 0) >= begin
        ] + rows
    texts = ("halt_id", "scope", "target", "functions", "trigger", "mode")
    moments = ("detected_at", "halted_at", "resumed_at", "notice_at")
    return {
        **{name: pa.array([getattr(row, name) for row in rows], pa.string()) for name in texts},
        **{name: _instants([getattr(row, name) for row in rows]) for name in moments},
        "affected_account_count": pa.array([row.affected_account_count for row in rows], pa.int64()),
    }


def halted_hours(run: Run, exchange: str, day: date, markets: tuple[str, ...]) -> Any:
    """Which hours of a day (in columns) lie wholly inside a halt of trading of each market (in rows)."""
    midnight = int(Period.of_day(day).start.timestamp())
    begins = midnight + np.arange(24) * _HOUR
    halted = np.zeros((len(markets), 24), bool)
    for halt in (*_of_day(run, exchange, day - timedelta(days=1)), *_of_day(run, exchange, day)):
        if halt.is_kept and halt.functions in ("trading", "all") and halt.scope != "account":
            rows = np.array([_is_covered(market, halt) for market in markets])
            end = halt.resumed_at if halt.resumed_at is not None else begins[-1] + _HOUR
            hours = (begins >= halt.halted_at) & (begins + _HOUR <= end)
            halted |= rows[:, None] & hours[None, :]
    return halted


def _is_covered(market: str, halt: Halt) -> bool:
    base = market.partition("/")[0]
    return {"exchange": True, "market": market == halt.target, "asset": base == halt.target}[halt.scope]


def _instants(seconds: list[int | None]) -> pa.Array:
    milliseconds = [None if second is None else second * 1000 for second in seconds]
    return pa.array(milliseconds, pa.int64()).cast(pa.timestamp("ms", "UTC"))


def _of_day(run: Run, exchange: str, day: date) -> tuple[Halt, ...]:
    """The story's halts of a day or, where it has none and no large shortfall, the ordinary ones."""
    events = [event for kind in _HALTING for event in run.happening(kind, exchange, day)]
    told = tuple(_told(exchange, day, number, event, run) for number, event in enumerate(events, 1))
    if told or any(any(run.happening(kind, exchange, day)) for kind in _SHORT):
        return told
    return _ordinary(run.seed, exchange, run.size(exchange), day)


def _halt_id(exchange: str, day: date, number: int) -> str:
    return f"{member_exchange(exchange).short_code}-H-{day:%Y%m%d}-{number:02d}"


def _told(exchange: str, day: date, number: int, event: Event, run: Run) -> Halt:
    """A halt of the story; of a market, trading alone stops."""
    detected = moment(day, event.at) // 1000
    halted = detected + event.delay * _MINUTE
    symbols = listing(exchange, run.size(exchange))
    asset = event.asset if event.asset in symbols else symbols[0]
    return Halt(
        halt_id=_halt_id(exchange, day, number),
        scope=event.scope,
        target={"account": "ACCOUNTS", "market": f"{asset}/KRW"}.get(event.scope, asset),
        functions="trading" if event.scope == "market" else "all",
        trigger=event.trigger,
        mode="automatic" if event.automatic else "manual",
        detected_at=detected,
        halted_at=halted,
        resumed_at=halted + event.minutes * _MINUTE,
        notice_at=halted + 6 * _MINUTE if event.automatic else halted + 5 * _HOUR,
        affected_account_count=_PAYOUT_ACCOUNTS if event.scope == "account" else 0,
        is_kept=event.kind is not Happening.TRADED_ON,
    )


@lru_cache(maxsize=256)
def _ordinary(seed: int, exchange: str, size: int, day: date) -> tuple[Halt, ...]:
    random = generator(seed, "halts", exchange, day)
    count = min(_MOST_A_DAY, size, int(random.poisson(MEMBERS[exchange].halts)))
    symbols = random.choice(listing(exchange, min(size, 60)), count, replace=False).tolist()
    kinds = dict.fromkeys(random.choice(_KINDS, count, p=_ODDS).tolist()) if count == 1 else None
    chosen = list(kinds) if kinds else _mixed(count, random)
    return tuple(
        _drawn(exchange, day, number, kind, symbol, random)
        for number, (kind, symbol) in enumerate(zip(chosen, symbols, strict=True), 1)
    )


def _mixed(count: int, random: np.random.Generator) -> list[str]:
    """Kinds of several halts of a day: only maintenance of an asset may stand there twice."""
    kinds = random.choice(_KINDS, count, p=_ODDS).tolist()
    return [kind if kinds.index(kind) == place else "maintenance" for place, kind in enumerate(kinds)]


def _drawn(exchange: str, day: date, number: int, kind: str, symbol: str, random: np.random.Generator) -> Halt:
    """One ordinary halt; it is over by half past two of the next day, and such a night lasts until three."""
    midnight = int(Period.of_day(day).start.timestamp())
    at = midnight + int(random.integers((3 if kind == "maintenance" else 7) * _HOUR, 22 * _HOUR))
    halt = Halt(
        halt_id=_halt_id(exchange, day, number),
        scope="exchange",
        target="ALL",
        functions="trading",
        trigger=kind,
        mode="manual",
        detected_at=at - int(random.integers(2, 25)) * _MINUTE,
        halted_at=at,
        resumed_at=at + int(random.integers(15, 90)) * _MINUTE,
        notice_at=at + int(random.integers(3, 40)) * _MINUTE,
        affected_account_count=int(6e6 * MEMBERS[exchange].turnover_share * random.uniform(0.002, 0.02)),
    )
    match kind:
        case "maintenance":
            return replace(
                halt,
                scope="asset",
                target=symbol,
                functions=str(random.choice(("deposit", "withdrawal", "all"), p=(0.4, 0.2, 0.4))),
                resumed_at=at + int(random.integers(_HOUR, 4 * _HOUR + _HOUR // 2)),
                notice_at=at - int(random.integers(4 * _HOUR, 40 * _HOUR)),
                affected_account_count=0,
            )
        case "maintenance_all":
            return replace(
                halt,
                functions="all",
                trigger="maintenance",
                detected_at=midnight + 3 * _HOUR,
                halted_at=midnight + 4 * _HOUR,
                resumed_at=midnight + 6 * _HOUR,
                notice_at=midnight - 70 * _HOUR,
            )
        case "abnormal_trading":
            seen = at - int(random.integers(5, 120))
            return replace(halt, scope="market", target=f"{symbol}/KRW", mode="automatic", detected_at=seen)
        case "authority_order":
            few = int(random.integers(1, 9))
            return replace(
                halt,
                scope="account",
                target="ACCOUNTS",
                functions="withdrawal",
                notice_at=None,
                affected_account_count=few,
            )
        case _:
            return halt

"""Trading by market and hour, with the API's part of it, and what surveillance saw in it.

Turnover is heavy-tailed over markets and follows Korean evenings and weekdays; the API's share differs by market and
drifts slowly by exchange. Surveillance concerns a small part of a market's API trading of the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from app.testbed.simulator.amounts import Amounts
from app.testbed.simulator.draws import Floats, Integers, generator, walk_on
from app.testbed.simulator.keys import usable_keys
from app.testbed.simulator.market import DAILY_TURNOVER_KRW, MEMBERS, listing, places, prices, universe, weights
from app.testbed.simulator.story import Event, Happening, Run
from app.testbed.simulator.suspensions import halted_hours
from expectations.vocabulary import Period, ValueType

_HOURS = 24
_HOURLY = np.array(
    [
        4.6,
        3.6,
        2.8,
        2.3,
        2.0,
        1.9,
        2.4,
        3.2,
        4.3,
        6.2,
        5.4,
        4.7,
        4.2,
        4.2,
        4.1,
        4.2,
        4.3,
        4.4,
        4.5,
        4.8,
        5.2,
        5.9,
        6.4,
        5.8,
    ]
)
"""How a Korean day trades: least before dawn, most at 09:00, when daily candles begin, and in the evening."""
_WEEKLY = (1.06, 1.08, 1.07, 1.05, 1.04, 0.86, 0.84)
_LEAST_TRADED_KRW = 5_000
"""An hour worth less than the smallest order is an hour without trades."""
_HIGH_SHARES = {4: 0.78, 9: 0.71}
"""Places in a listing of markets that machines dominate."""
_COIN_MARKET_WEIGHT = 0.012
_ACCOUNTS_A_KEY = 1.07
"""How many accounts are counted for each key that may trade, where they are miscounted."""
_ROUNDS = 4

PATTERNS = ("repeated_small_trades", "spoofing", "coordinated_accounts", "target_price_push")
_PATTERN_WEIGHTS = (1.3, 1.0, 0.5, 0.7)
_LEAST_API_KRW = 1e6


@dataclass(frozen=True, slots=True)
class Traded:
    """A day of trading, markets in rows and hours in columns."""

    markets: tuple[str, ...]
    value: Amounts
    api_value: Amounts
    counts: dict[str, Integers]


def api_volume(run: Run, exchange: str, period: Period) -> dict[str, pa.Array]:
    """Every market and hour of the day, market by market."""
    traded = _traded(run, exchange, period.first_day)
    rows, hours = np.indices(traded.value.units.shape)
    begin = int(period.start.timestamp()) * 1000
    return {
        "hour_start": pa.array(begin + hours.ravel() * 3_600_000).cast(pa.timestamp("ms", "UTC")),
        "market": pa.array(traded.markets).take(pa.array(rows.ravel())),
        "trade_value_krw": traded.value.to_arrow(ValueType.KRW),
        "api_trade_value_krw": traded.api_value.to_arrow(ValueType.KRW),
        **{name: pa.array(counts.ravel()) for name, counts in traded.counts.items()},
    }


@lru_cache(maxsize=8)
def _traded(run: Run, exchange: str, day: date) -> Traded:
    """The day with what the story says of it: nothing is traded in an hour wholly inside a halt that is kept."""
    quiet = _unhalted(run.seed, exchange, run.size(exchange), day)
    is_open = ~halted_hours(run, exchange, day, quiet.markets)
    nothing = Amounts(np.zeros(is_open.shape, np.int64), np.zeros(is_open.shape, np.int64), quiet.value.places)
    value, api_value = (part.where(is_open, nothing) for part in (quiet.value, quiet.api_value))
    counts = {name: count * is_open for name, count in quiet.counts.items()}
    for event in run.happening(Happening.UNCONVERTED, exchange, day):
        value, api_value = (_unconverted(run.seed, exchange, day, event, quiet.markets, p) for p in (value, api_value))
    if any(run.happening(Happening.MISCOUNTED, exchange, day)):
        busiest = np.unravel_index(counts["api_trade_count"].argmax(), is_open.shape)
        counts["api_account_count"][busiest] = int(usable_keys(run, exchange, day) * _ACCOUNTS_A_KEY)
    return Traded(quiet.markets, value, api_value, counts)


def _unconverted(seed: int, exchange: str, day: date, event: Event, markets: tuple[str, ...], krw: Amounts) -> Amounts:
    """The amounts with those of one market in its quote currency, to the last place."""
    quote = event.asset.partition("/")[2]
    own = krw.magnitudes() / prices(seed, exchange, (quote,), day).mean()
    is_own = np.array([market == event.asset for market in markets])[:, None]
    decimals = np.full(own.shape, krw.places)
    return Amounts.rounded(np.where(is_own, own, 0.0), decimals, ValueType.KRW).where(is_own, krw)


def _unhalted(seed: int, exchange: str, size: int, day: date) -> Traded:
    symbols = listing(exchange, size)
    coin_markets = [market for market in MEMBERS[exchange].coin_markets if market.partition("/")[0] in symbols]
    markets = (*(f"{symbol}/KRW" for symbol in symbols), *coin_markets)
    random = generator(seed, "volume", exchange, day)
    magnitudes = _values(seed, exchange, symbols, len(coin_markets), day, random)
    shares = _shares(seed, exchange, magnitudes, day, random)
    is_traded = magnitudes >= _LEAST_TRADED_KRW
    api = magnitudes * shares
    is_api = is_traded & (api >= _LEAST_TRADED_KRW)
    nothing = Amounts(np.zeros(api.shape, np.int64), np.zeros(api.shape, np.int64), 8)
    value = Amounts.near(magnitudes, ValueType.KRW, random).where(is_traded, nothing)
    api_value = Amounts.near(api, ValueType.KRW, random).where(is_api, nothing)
    counts = _counts(MEMBERS[exchange].trade_krw, magnitudes, shares, is_traded, is_api, random)
    return Traded(markets, value, api_value, counts)


def _values(
    seed: int, exchange: str, symbols: tuple[str, ...], coin_markets: int, day: date, random: np.random.Generator
) -> Floats:
    """Won traded by market and hour."""
    mood = walk_on(seed, "mood", 1, day, reversion=0.15)[0]
    own = walk_on(seed, f"turnover {exchange}", 1, day, reversion=0.2)[0]
    turnover = DAILY_TURNOVER_KRW * MEMBERS[exchange].turnover_share * _WEEKLY[day.weekday()]
    turnover *= np.exp(0.09 * mood + 0.02 * own)
    taste = walk_on(seed, f"taste {exchange}", len(universe()), day, reversion=0.2)[places(symbols)]
    popular = weights(symbols) * np.exp(0.18 * taste)
    by_market = np.concatenate([popular, popular[:1].repeat(coin_markets) * _COIN_MARKET_WEIGHT])
    hourly = _HOURLY * random.lognormal(0, 0.12, (len(by_market), _HOURS)) * random.lognormal(0, 0.08, _HOURS)
    spread = by_market[:, None] * hourly
    values: Floats = turnover * spread / spread.sum()
    return values


def _shares(seed: int, exchange: str, values: Floats, day: date, random: np.random.Generator) -> Floats:
    """The API's share by market and hour, so that the whole day comes near the exchange's own."""
    drift = walk_on(seed, f"api {exchange}", 1, day, reversion=0.08)[0]
    target = MEMBERS[exchange].api_share * np.exp(0.02 * drift + random.normal(0, 0.02))
    habits = generator(seed, "habits", exchange).normal(0, 0.25, len(universe()) + _HOURS)[: len(values)]
    by_market = target * np.exp(habits)
    for place, share in _HIGH_SHARES.items():
        by_market[place : place + 1] = share
    shares: Floats = by_market[:, None] * random.lognormal(0, 0.09, values.shape)
    for _ in range(_ROUNDS):
        shares = (shares * target / ((shares * values).sum() / values.sum())).clip(0.01, 0.94)
    return shares


def _counts(
    trade_krw: float, values: Floats, shares: Floats, is_traded: Any, is_api: Any, random: np.random.Generator
) -> dict[str, Integers]:
    """Counts that fit the values: two sides a trade, API trades smaller than others, several orders a trade."""
    sizes = trade_krw * random.lognormal(0, 0.25, values.shape)
    trades = 2 * np.maximum(1, np.rint(values / sizes / 2)).astype(np.int64) * is_traded
    api_trades = np.rint(trades * shares * random.uniform(1.05, 1.3, values.shape)).astype(np.int64)
    api_trades = api_trades.clip(1, np.maximum(trades, 1)) * is_api
    orders = np.rint(api_trades * random.uniform(1.6, 5.5, values.shape)).astype(np.int64)
    orders += random.integers(0, 4, values.shape) * ~is_api
    accounts = np.rint(api_trades**0.62 * random.uniform(0.5, 0.9, values.shape)).astype(np.int64) + 1
    return {
        "trade_count": trades,
        "api_trade_count": api_trades,
        "api_order_count": orders,
        "api_cancel_count": np.floor(orders * random.uniform(0.35, 0.92, values.shape)).astype(np.int64),
        "api_small_order_count": np.floor(orders * random.uniform(0.02, 0.35, values.shape)).astype(np.int64),
        "api_account_count": np.minimum(accounts, api_trades),
    }


# ----------------------------------------------------------------------------------------- surveillance


def surveillance(run: Run, exchange: str, period: Period) -> dict[str, pa.Array]:
    """What was seen in the day, one row a market and pattern; nothing on a quiet day of a small exchange."""
    day = period.first_day
    traded = _traded(run, exchange, day)
    random = generator(run.seed, "surveillance", exchange, day)
    rows = [
        row
        for pattern, weight in zip(PATTERNS, _PATTERN_WEIGHTS, strict=True)
        for row in _pattern_rows(
            pattern, weight, traded, MEMBERS[exchange].alerts, random, _factor(run, exchange, day, pattern)
        )
    ]
    values = [Amounts.near(np.array([row[part] for row in rows], float), ValueType.KRW, random) for part in (2, 3)]
    counts = np.array([row[4] for row in rows], np.int64).reshape(len(rows), 5).T
    names = ("alert_count", "case_count", "account_count", "key_count", "notified_count")
    return {
        "day": pa.array([day] * len(rows), pa.date32()),
        "market": pa.array([row[0] for row in rows], pa.string()),
        "pattern": pa.array([row[1] for row in rows], pa.string()),
        **{name: pa.array(column) for name, column in zip(names, counts, strict=True)},
        "trade_value_krw": values[0].to_arrow(ValueType.KRW),
        "api_trade_value_krw": values[1].to_arrow(ValueType.KRW),
    }


def _factor(run: Run, exchange: str, day: date, pattern: str) -> float:
    if any(run.happening(Happening.SILENT, exchange, day)):
        return 0.0
    spikes = run.happening(Happening.ALERT_SPIKE, exchange, day)
    return next((event.size for event in spikes if event.pattern == pattern), 1.0)


def _pattern_rows(
    pattern: str, weight: float, traded: Traded, alerts: int, random: np.random.Generator, factor: float
) -> list[tuple[str, str, float, float, tuple[int, ...]]]:
    """Market, pattern, value, API value and counts; a day's alerts of a pattern vary by a third at most."""
    total = int(alerts * weight * random.uniform(0.7, 1.3) * factor)
    by_market = traded.api_value.magnitudes().sum(axis=1)
    watched = np.nonzero(by_market > _LEAST_API_KRW)[0]
    if not total or not len(watched):
        return []
    breadth = min(len(watched), 1 + int(total**0.45))
    chosen = random.choice(watched, breadth, replace=False)
    split = random.multinomial(total, random.dirichlet(np.full(breadth, 2.0)))
    rows = []
    for market, count in zip(chosen.tolist(), split.tolist(), strict=True):
        if count:
            api = by_market[market] * random.uniform(0.0004, 0.012)
            whole = api * random.uniform(1.02, 1.8)
            rows.append((traded.markets[market], pattern, whole, api, _watch_counts(count, pattern, random)))
    return rows


def _watch_counts(alerts: int, pattern: str, random: np.random.Generator) -> tuple[int, ...]:
    cases = int(random.binomial(alerts, 0.28))
    accounts = cases + int(random.integers(0, 4)) + (2 if pattern == "coordinated_accounts" else 1)
    return alerts, cases, accounts, int(random.integers(0, accounts + 1)), int(random.binomial(cases, 0.2))

"""The simulated market: which assets there are, who lists them, what they cost, and how large each exchange is.

Tickers of the largest assets are real, the rest invented. Prices walk from day to day for the whole market; every
exchange quotes within half a per cent of them. Proportions of turnover are those of the first half of 2025 (FSS).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache

import numpy as np

from app.testbed.simulator.amounts import Amounts
from app.testbed.simulator.draws import Floats, generator, walk_on
from expectations.vocabulary import ValueType

SLOTS = 288
"""Five-minute slots of a day."""

DAILY_TURNOVER_KRW = 6.4e12
"""Two-sided, all exchanges together: the FSS survey of the first half of 2025."""
CUSTOMER_ASSETS_KRW = 85e12
"""What customers hold, all exchanges together; the survey says 95 trillion."""


@dataclass(frozen=True, slots=True)
class Member:
    """How large one exchange is and how its customers trade.

    `turnover_share` of the market; `api_share` of its own turnover; `assets` it lists; `keys` by scope; key
    `cases` and `halts` a day; surveillance `alerts` a day and pattern; `coin_markets` quoted in another coin.
    """

    turnover_share: float
    api_share: float
    assets: int
    keys: tuple[int, int, int]
    cases: float
    halts: float
    alerts: int
    coin_markets: tuple[str, ...]
    trade_krw: float
    auditor: str


MEMBERS = {
    "upbit": Member(
        0.716,
        0.31,
        300,
        (51_000, 89_000, 13_800),
        9.0,
        0.8,
        60,
        ("ETH/BTC", "XRP/BTC", "SOL/USDT"),
        420e3,
        "한빛회계법인",
    ),
    "bithumb": Member(0.258, 0.27, 440, (30_500, 59_400, 9_800), 6.0, 0.7, 42, ("ETH/BTC",), 380e3, "새한울회계법인"),
    "coinone": Member(0.018, 0.34, 350, (2_100, 6_300, 820), 2.2, 0.3, 14, (), 300e3, "한빛회계법인"),
    "korbit": Member(0.005, 0.24, 200, (900, 2_080, 310), 1.1, 0.2, 7, (), 260e3, "다온회계법인"),
    "gopax": Member(0.002, 0.18, 100, (300, 720, 115), 0.6, 0.12, 4, (), 220e3, "다온회계법인"),
}
"""Turnover, listings and API share as published (FSS; healthtomato 2025-11); keys, cases, halts and alerts assumed."""

_REAL = """
BTC 142000000  ETH 5000000  XRP 3400  SOL 230000  DOGE 310  ADA 1050  TRX 430  USDT 1440  SUI 3900  LINK 25000
SHIB 0.0174  BTT 0.0091  1INCH 310  AVAX 31000  XLM 410  BCH 745000  HBAR 290  DOT 5100  ETC 22000  PEPE 0.0142
NEAR 3400  APT 5600  AAVE 340000  ALGO 280  ATOM 5200  ICP 6100  VET 31  FIL 2900  ARB 560  OP 890
SEI 350  STX 720  GRT 115  MNT 2300  ENA 690  ONDO 1150  IMX 790  TIA 2100  SAND 350  MANA 360
THETA 950  AXS 2600  EGLD 16500  CHZ 55  GALA 21  BLUR 105  ZRO 2900  WLD 1350  STRK 165  JUP 590
PYTH 190  W 110  KAIA 190  BORA 95  MLK 260  MBL 2.9  HUNT 330  ELF 310  SNT 42  QTUM 3100
NEO 8700  ONT 210  ZIL 14  WAVES 1500  IOST 4.1  STEEM 190  LSK 480  POWR 210  ICX 150  XTZ 980
CRO 290  BAT 230  ZRX 320  KNC 490  COMP 58000  UNI 11000  MASK 1700  CVC 120  STORJ 330  ANKR 19
"""
"""The real tickers with about what one unit costs in won, by rank."""
_INVENTED = 920
_CORE = 6
"""The first assets of the ranking are listed by every exchange, in the same order."""

_DAILY_SWING, _SLOT_SWING = 0.022, 6e-4
"""How far prices go in a day and in five minutes, as a proportion."""
_STABLE = {"USDT": 0.12}
"""Coins that follow the dollar move by this part of it."""

_UNIVERSE_SEED = 20260528
"""Listings are facts of the simulated market and do not change with the seed of a run."""


@cache
def universe() -> tuple[str, ...]:
    """All symbols by rank."""
    symbols = _REAL.split()[::2]
    random = generator(_UNIVERSE_SEED, "symbols")
    letters, digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
    known = set(symbols)
    while len(symbols) < _INVENTED + 80:
        length = int(random.integers(3, 6))
        symbol = "".join(letters[place] for place in random.integers(0, 26, length))
        if random.random() < 0.08:
            symbol = digits[int(random.integers(1, 10))] + symbol
        if symbol not in known and symbol not in ("ALL", "KRW"):
            known.add(symbol)
            symbols.append(symbol)
    return tuple(symbols)


@cache
def _rank() -> dict[str, int]:
    return {symbol: place for place, symbol in enumerate(universe())}


@cache
def _anchors() -> Floats:
    """What each asset costs at the beginning, in won."""
    real = [float(price) for price in _REAL.split()[1::2]]
    invented = np.exp(generator(_UNIVERSE_SEED, "prices").normal(4.2, 2.4, _INVENTED)).clip(0.006, 4e5)
    return np.concatenate([np.array(real), invented])


def listing(exchange: str, size: int) -> tuple[str, ...]:
    """The first `size` assets that `exchange` lists; a longer list begins with the shorter one."""
    if not 1 <= size <= len(universe()):
        raise ValueError(f"an exchange lists 1 to {len(universe())} assets, not {size}")
    return _listing(exchange)[:size]


@cache
def _listing(exchange: str) -> tuple[str, ...]:
    jitter = generator(_UNIVERSE_SEED, "listing", exchange).uniform(0.75, 1.35, len(universe()))
    jitter[:_CORE] = 0
    order = np.argsort(np.arange(len(universe())) * jitter + (np.arange(len(universe())) < _CORE) * -1, kind="stable")
    return tuple(universe()[place] for place in order)


def places(symbols: Sequence[str]) -> np.ndarray:
    """Rank of each symbol in the universe."""
    return np.array([_rank()[symbol] for symbol in symbols])


def weights(symbols: Sequence[str]) -> Floats:
    """How much of customers' assets each symbol makes up: heavy-tailed, the whole universe adding up to one."""
    every = (np.arange(len(universe())) + 1.6) ** -1.25
    share: Floats = (every / every.sum())[places(symbols)]
    return share


@lru_cache(maxsize=4)
def _market_prices(seed: int, day: date) -> Floats:
    """Price of every asset at every slot of the day: the day's walk bridged to the next day's."""
    count = len(universe())
    begin, end = (_daily(seed, d)[:, None] for d in (day, day + timedelta(days=1)))
    time = np.arange(SLOTS) / SLOTS
    noise = np.cumsum(generator(seed, "prices", day).standard_normal((count, SLOTS)), axis=1)
    bridge = (noise - noise[:, -1:] * time) * _SLOT_SWING * _swing()[:, None]
    prices: Floats = begin ** (1 - time) * end**time * np.exp(bridge)
    return prices


def _daily(seed: int, day: date) -> Floats:
    levels: Floats = _anchors() * np.exp(_DAILY_SWING * _swing() * walk_on(seed, "price", len(universe()), day))
    return levels


@cache
def _swing() -> Floats:
    """How much each asset moves compared with the others."""
    return np.array([_STABLE.get(symbol, 1.0) for symbol in universe()])


def prices(seed: int, exchange: str, symbols: Sequence[str], day: date) -> Floats:
    """What `exchange` quotes at every slot, assets in rows: within half a per cent of the market."""
    random = generator(seed, "quotes", exchange, day)
    premium = random.normal(0, 1e-3)
    noise = random.normal(0, 4e-4, (len(symbols), SLOTS))
    quoted: Floats = _market_prices(seed, day)[places(symbols)] * np.exp((premium + noise).clip(-4e-3, 4e-3))
    return quoted


def quoted(magnitudes: Floats) -> Amounts:
    """Prices at the tick that their size calls for: won, jeon or less, never nought."""
    decimals = np.select([magnitudes >= 1e6, magnitudes >= 100, magnitudes >= 1, magnitudes >= 0.1], [0, 1, 2, 4], 8)
    return Amounts.rounded(magnitudes, decimals.astype(np.int64), ValueType.KRW)


def holdings(exchange: str, symbols: Sequence[str]) -> Floats:
    """About how many units of each asset the customers of `exchange` hold."""
    value = CUSTOMER_ASSETS_KRW * MEMBERS[exchange].turnover_share * weights(symbols)
    units: Floats = value / _anchors()[places(symbols)]
    return units

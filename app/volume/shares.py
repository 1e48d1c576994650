"""How much of trading came through the API: by exchange and day, and by hour of the day.

A share is of the value of both sides of every trade, or of their number (`Measure`). Amounts are added up first, to
the last digit, and divided last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any, TypeVar

from app.amounts import exact_sum, ratio
from app.columns import Count, Day, ExchangeId, Percent, Times, row_of
from app.queries.choice import Choice, chosen_figures
from app.scope import Scope
from etl.records.engine import reading
from etl.records.tables import volume_days, volume_hours
from etl.store import Store


class Measure(StrEnum):
    """What a share is a share of."""

    VALUE = "value"
    """Won of both sides."""
    COUNT = "count"
    """Trades, both sides counted."""

    @property
    def part(self) -> str:
        """The field of what came through the API."""
        return {Measure.VALUE: "api_trade_value_krw", Measure.COUNT: "api_trade_count"}[self]

    @property
    def whole(self) -> str:
        """The field of all trading."""
        return {Measure.VALUE: "trade_value_krw", Measure.COUNT: "trade_count"}[self]


VALUES = ("trade_value_krw", "api_trade_value_krw")
COUNTS = ("trade_count", "api_trade_count", "api_order_count", "api_cancel_count", "api_small_order_count")
LARGEST = "largest_api_account_count"
SUMS = (*VALUES, *COUNTS, LARGEST)
FEWEST_ORDERS = 100
"""With fewer API orders no share of small or cancelled ones is given: among few it is large or small by chance."""


@dataclass(frozen=True, slots=True)
class HourTrading:
    """All trading of some hours, both sides of every trade, and the API's part of it."""

    trade_value_krw: Decimal
    api_trade_value_krw: Decimal
    trade_count: int
    api_trade_count: int
    api_order_count: int
    api_cancel_count: int
    api_small_order_count: int


@dataclass(frozen=True, slots=True)
class Trading(HourTrading):
    """The same of whole days; API accounts do not add up, so theirs is the largest number of one hour and market."""

    largest_api_account_count: Count


@dataclass(frozen=True, slots=True)
class Volume(Trading):
    """Trading and its ratios, each None where there is nothing to divide by.

    `share` is by the measure that was asked for, the two others by value and by count; the ratios of API orders are
    None below FEWEST_ORDERS.
    """

    share: Percent | None
    share_by_value: Percent | None
    share_by_count: Percent | None
    small_order_share: Percent | None
    cancels_per_order: Times | None
    trades_per_order: Times | None


@dataclass(frozen=True, slots=True)
class DayVolume(Volume):
    """One exchange's day, as one submission reported it."""

    exchange: ExchangeId
    day: Day
    market_count: Count
    submission: str


@dataclass(frozen=True, slots=True)
class HourVolume(HourTrading):
    """One exchange's hour of the KST day, from 0 to 23, added up over several days."""

    exchange: ExchangeId
    hour: int
    share: Percent | None
    small_order_share: Percent | None


VolumeRecord = TypeVar("VolumeRecord", bound=Volume)
Sums = TypeVar("Sums", bound=HourTrading)
_IN_ORDER = attrgetter(*SUMS)


def volume_by_day(
    store: Store, scope: Scope, choice: Choice, measure: Measure = Measure.VALUE
) -> tuple[DayVolume, ...]:
    """Trading and its API part, one record per exchange and day that was filed, by day; shares are exact."""
    table = volume_days.c
    names = ("exchange", "day", "market_count", "submission", *SUMS)
    statement = chosen_figures(volume_days, scope, choice, *(table[name] for name in names))
    with reading(store.engine) as connection:
        return tuple(
            volume_of(
                DayVolume,
                Trading(*amounts),
                measure,
                exchange=exchange,
                day=day,
                market_count=market_count,
                submission=submission,
            )
            for exchange, day, market_count, submission, *amounts in connection.execute(
                statement.order_by(table.day, table.exchange)
            )
        )


def trading_by_day(store: Store, scope: Scope, choice: Choice) -> dict[tuple[str, date], Trading]:
    """Trading by exchange and KST day, of the chosen days that were filed with rows."""
    table = volume_days.c
    statement = chosen_figures(volume_days, scope, choice, table.exchange, table.day, *(table[name] for name in SUMS))
    with reading(store.engine) as connection:
        return {(exchange, day): Trading(*amounts) for exchange, day, *amounts in connection.execute(statement)}


def volume_by_hour(
    store: Store, scope: Scope, choice: Choice, measure: Measure = Measure.VALUE
) -> tuple[HourVolume, ...]:
    """Trading and its API part by hour of the KST day, over all chosen days, one record per exchange and hour."""
    table = volume_hours.c
    statement = chosen_figures(
        volume_hours, scope, choice, table.exchange, table.hour, *(table[name] for name in (*VALUES, *COUNTS))
    )
    groups: dict[tuple[str, int], list[Any]] = defaultdict(list)
    with reading(store.engine) as connection:
        for exchange, hour, *amounts in connection.execute(statement):
            groups[exchange, hour].append(amounts)
    sums = {key: _sums_of(HourTrading, (*VALUES, *COUNTS), amounts) for key, amounts in sorted(groups.items())}
    return tuple(
        row_of(HourVolume, trading, exchange=exchange, hour=hour, **ratios_of(trading, measure))
        for (exchange, hour), trading in sums.items()
    )


def total_of(rows: Iterable[Trading]) -> Trading:
    """Several tradings as one; zeros for none."""
    return _sums_of(Trading, SUMS, [_IN_ORDER(row) for row in rows])


def _sums_of(record: type[Sums], names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> Sums:
    """The sums of rows of amounts, which are in the order of `names`."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return record(**{name: _total(name, column) for name, column in zip(names, columns, strict=True)})


def _total(name: str, amounts: Iterable[Any]) -> Any:
    if name in VALUES:
        return exact_sum(amounts)
    return max(amounts, default=0) if name == LARGEST else sum(amounts)


def volume_of(record: type[VolumeRecord], trading: Trading, measure: Measure, **own: Any) -> VolumeRecord:
    """A `record` of this trading and its ratios, with `own` for its further fields."""
    return row_of(record, trading, **ratios_of(trading, measure), **own)


def ratios_of(trading: HourTrading, measure: Measure) -> dict[str, Decimal | None]:
    """The ratios of `Volume` by their names."""
    orders = trading.api_order_count
    enough = orders if orders >= FEWEST_ORDERS else 0
    return {
        "share": share_of(trading, measure),
        "share_by_value": share_of(trading, Measure.VALUE),
        "share_by_count": share_of(trading, Measure.COUNT),
        "small_order_share": ratio(trading.api_small_order_count, enough),
        "cancels_per_order": ratio(trading.api_cancel_count, enough),
        "trades_per_order": ratio(trading.api_trade_count, enough),
    }


def share_of(trading: HourTrading, measure: Measure) -> Decimal | None:
    """The API's share by a measure, exact; None where nothing was traded."""
    return ratio(getattr(trading, measure.part), getattr(trading, measure.whole))

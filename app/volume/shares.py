"""How much of trading came through the API: by exchange and day, by hour of the day, by market.

A share is of the value of both sides of every trade, or of their number (`Measure`). Amounts are added up first, to
the last digit, and divided last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import pandas as pd

from app.amounts import exact_sum, ratio
from app.frames import frame_of
from app.queries.choice import Choice, chosen_figures, rows_of
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
        """The column of what came through the API."""
        return {Measure.VALUE: "api_trade_value_krw", Measure.COUNT: "api_trade_count"}[self]

    @property
    def whole(self) -> str:
        """The column of all trading."""
        return {Measure.VALUE: "trade_value_krw", Measure.COUNT: "trade_count"}[self]


VALUES = ("trade_value_krw", "api_trade_value_krw")
COUNTS = ("trade_count", "api_trade_count", "api_order_count", "api_cancel_count", "api_small_order_count")
LARGEST = "largest_api_account_count"
"""Of one hour and market: accounts are distinct only there."""
SUMS = (*VALUES, *COUNTS, LARGEST)
RATIOS = (
    "share",
    "share_by_value",
    "share_by_count",
    "small_order_share",
    "cancels_per_order",
    "trades_per_order",
)
FEWEST_ORDERS = 100
"""With fewer API orders nothing is said about how many are small or cancelled: chance would speak."""


def volume_by_day(store: Store, scope: Scope, choice: Choice, measure: Measure = Measure.VALUE) -> pd.DataFrame:
    """Trading and its API part, one row per exchange and day that was filed; shares are exact."""
    names = ("exchange", "day", *SUMS, "market_count", "submission")
    table = volume_days.c
    statement = chosen_figures(volume_days, scope, choice, *(table[name] for name in names))
    rows = rows_of(store, statement.order_by(table.day, table.exchange))
    return frame_of(({**row, **ratios_of(row, measure)} for row in rows), (*names, *RATIOS))


def volume_by_hour(store: Store, scope: Scope, choice: Choice, measure: Measure = Measure.VALUE) -> pd.DataFrame:
    """Trading and its API part by hour of the KST day, over all chosen days, one row per exchange and hour."""
    names = (*VALUES, *COUNTS)
    table = volume_hours.c
    statement = chosen_figures(
        volume_hours, scope, choice, table.exchange, table.hour, *(table[name] for name in names)
    )
    groups: dict[tuple[str, int], list[Any]] = defaultdict(list)
    with reading(store.engine) as connection:
        for exchange, hour, *amounts in connection.execute(statement):
            groups[exchange, hour].append(amounts)
    rows = [
        {"exchange": exchange, "hour": hour, **sums_of(names, amounts)}
        for (exchange, hour), amounts in sorted(groups.items())
    ]
    return frame_of(({**row, **ratios_of(row, measure)} for row in rows), ("exchange", "hour", *names, *RATIOS))


def totals_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The sums of several rows; of the accounts the largest number, because they do not add up."""
    return sums_of(SUMS, [[row[name] for name in SUMS] for row in rows])


def sums_of(names: tuple[str, ...], rows: list[Any]) -> dict[str, Any]:
    """The sums of rows of amounts that stand in the order of `names`."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return {name: _total(name, column) for name, column in zip(names, columns, strict=True)}


def _total(name: str, amounts: Iterable[Any]) -> Any:
    if name in VALUES:
        return exact_sum(amounts)
    return max(amounts, default=0) if name == LARGEST else sum(amounts)


def ratios_of(totals: Mapping[str, Any], measure: Measure) -> dict[str, Any]:
    """The shares and relations of summed-up trading; none where there is nothing to divide by, or too few orders."""
    orders = totals["api_order_count"]
    enough = orders if orders >= FEWEST_ORDERS else 0
    return {
        "share": ratio(totals[measure.part], totals[measure.whole]),
        "share_by_value": ratio(totals["api_trade_value_krw"], totals["trade_value_krw"]),
        "share_by_count": ratio(totals["api_trade_count"], totals["trade_count"]),
        "small_order_share": ratio(totals["api_small_order_count"], enough),
        "cancels_per_order": ratio(totals["api_cancel_count"], enough),
        "trades_per_order": ratio(totals["api_trade_count"], enough),
    }

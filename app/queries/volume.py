"""How much of trading came through the API: by exchange and day, by hour of the day, by market."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pandas as pd
from sqlalchemy import Float, cast, func, tuple_

from app.amounts import ratio
from app.identity import Scope
from app.queries.choice import Choice, chosen_figures, frame_of, rows_of
from etl.records.tables import volume_days, volume_hours, volume_markets
from etl.store import Store

_VALUES = ("trade_value_krw", "api_trade_value_krw")
_COUNTS = ("trade_count", "api_trade_count", "api_order_count", "api_cancel_count", "api_small_order_count")


def volume_by_day(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """Trading and its API part, one row per exchange and day that was filed; `share` is exact."""
    names = ("exchange", "day", *_VALUES, *_COUNTS, "market_count", "submission")
    table = volume_days.c
    statement = chosen_figures(volume_days, scope, choice, *(table[name] for name in names))
    rows = rows_of(store, statement.order_by(table.day, table.exchange))
    for row in rows:
        row["share"] = ratio(row["api_trade_value_krw"], row["trade_value_krw"])
    return frame_of(rows, (*names, "share"))


def volume_by_hour(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """Trading and its API part by hour of the KST day, over all chosen days, one row per exchange and hour."""
    table = volume_hours.c
    names = ("exchange", "hour", *_VALUES)
    sums: dict[tuple[str, int], list[Decimal]] = defaultdict(lambda: [Decimal(), Decimal()])
    for row in rows_of(store, chosen_figures(volume_hours, scope, choice, *(table[name] for name in names))):
        total = sums[row["exchange"], row["hour"]]
        total[0] += row["trade_value_krw"]
        total[1] += row["api_trade_value_krw"]
    rows = [
        {
            "exchange": exchange,
            "hour": hour,
            "trade_value_krw": total,
            "api_trade_value_krw": api,
            "share": ratio(api, total),
        }
        for (exchange, hour), (total, api) in sorted(sums.items())
    ]
    return frame_of(rows, (*names, "share"))


def market_volumes(store: Store, scope: Scope, choice: Choice, limit: int = 15) -> pd.DataFrame:
    """The markets with the largest API value over the chosen days, one row per exchange and market.

    The database ranks by an approximate sum, which is enough to choose; the sums that are shown are exact.
    """
    table = volume_markets.c
    approximate = func.sum(cast(table.api_trade_value_krw, Float))
    ranked = (
        chosen_figures(volume_markets, scope, choice, table.exchange, table.market)
        .group_by(table.exchange, table.market)
        .order_by(approximate.desc())
        .limit(limit)
    )
    largest = [(row["exchange"], row["market"]) for row in rows_of(store, ranked)]
    sums: dict[tuple[str, str], list[Decimal]] = {pair: [Decimal(), Decimal()] for pair in largest}
    names = ("exchange", "market", *_VALUES)
    exact = chosen_figures(volume_markets, scope, choice, *(table[name] for name in names))
    for row in rows_of(store, exact.where(tuple_(table.exchange, table.market).in_(largest))):
        total = sums[row["exchange"], row["market"]]
        total[0] += row["trade_value_krw"]
        total[1] += row["api_trade_value_krw"]
    rows = [
        {
            "exchange": exchange,
            "market": market,
            "trade_value_krw": total,
            "api_trade_value_krw": api,
            "share": ratio(api, total),
        }
        for (exchange, market), (total, api) in sums.items()
    ]
    return frame_of(sorted(rows, key=lambda row: -row["api_trade_value_krw"]), (*names, "share"))

"""Mutations that prove the rules of `api_volume`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from app.testbed.proof.files import Files, Row, Wanted, mutation, negative_cells, one_row, repeated_row

REPORT = "api_volume"


def _has_api_trades(row: Row) -> bool:
    return bool(row["api_trade_count"])


repeated = repeated_row("VOL-UNQ", REPORT)
negative = negative_cells("VOL-NEG", REPORT)
half_hour = one_row(
    "VOL-001",
    "an hour begins at half past",
    REPORT,
    lambda row: row.update(hour_start=row["hour_start"] + timedelta(minutes=30)),
)
part_above_whole = one_row(
    "VOL-002",
    "one more API trade than trades",
    REPORT,
    lambda row: row.update(api_trade_count=row["trade_count"] + 1),
    having=_has_api_trades,
)
more_small_orders = one_row(
    "VOL-003",
    "one more small order than orders",
    REPORT,
    lambda row: row.update(api_small_order_count=row["api_order_count"] + 1),
)
trades_without_value = one_row(
    "VOL-004",
    "API trades that are worth nothing",
    REPORT,
    lambda row: row.update(api_trade_value_krw=row["api_trade_value_krw"] * 0),
    having=_has_api_trades,
)
more_cancels = one_row(
    "VOL-005",
    "one more cancel than orders",
    REPORT,
    lambda row: row.update(api_cancel_count=row["api_order_count"] + 1),
)


@mutation("VOL-006", "a market lacks one hour")
def missing_hour(files: Files) -> Sequence[Wanted]:
    """The sixth row goes."""
    gone = files.rows(REPORT).pop(5)
    return [files.wanted("VOL-006", REPORT, subject=gone["market"])]


@mutation("VOL-007", "all trading comes through the API")
def api_alone(files: Files) -> Sequence[Wanted]:
    """Wherever there is API trading it is the whole."""
    for row in files.rows(REPORT):
        if _has_api_trades(row):
            row["api_trade_value_krw"] = row["trade_value_krw"]
    return [files.wanted("VOL-007", REPORT)]


@mutation("VOL-008", "of a market's 24,000 orders 81 % are small")
def small_orders(files: Files) -> Sequence[Wanted]:
    """The first market, hour by hour."""
    rows = files.rows(REPORT)
    market = rows[0]["market"]
    for row in rows:
        if row["market"] == market:
            row.update(api_order_count=1000, api_small_order_count=810, api_cancel_count=500)
    return [files.wanted("VOL-008", REPORT, subject=market)]


@mutation("VOL-009", "the value of a USDT market is not converted")
def not_converted(files: Files) -> Sequence[Wanted]:
    """A second market of the first one's asset, hour by hour, with trades of some three USDT."""
    rows = files.rows(REPORT)
    first = rows[0]["market"]
    market = first.partition("/")[0] + "/USDT"
    rows += [
        {
            **row,
            "market": market,
            "trade_value_krw": Decimal(1234) * 3,
            "api_trade_value_krw": Decimal(0),
            "trade_count": 1234,
            "api_trade_count": 0,
        }
        for row in [row for row in rows if row["market"] == first]
    ]
    return [files.wanted("VOL-009", REPORT, subject=market)]

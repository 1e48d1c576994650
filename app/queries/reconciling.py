"""Ledger against wallets: what was checked, by day and by asset, and one asset's checks of one day."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from app.amounts import ratio
from app.identity import Scope
from app.queries.choice import Choice, chosen_figures, frame_of, rows_of
from app.queries.origin import accepted_files
from etl.records.tables import mismatch_runs, reconciliation_assets, reconciliation_days
from etl.store import Store
from expectations.vocabulary import Period

SLOTS_PER_DAY = 288
"""Five-minute slots of a day (specification, 2.4)."""
_SUMS = ("check_count", "slot_count", "covered_slot_count", "mismatch_count")


def reconciled_days(store: Store, scope: Scope, choice: Choice, moment: datetime) -> pd.DataFrame:
    """Coverage and the worst shortfall, one row per exchange and day that was filed, its slices added up.

    `expected_slot_count` counts the whole day once it has passed, so a slice that was never filed is not covered.
    """
    table = reconciliation_days.c
    names = ("exchange", "day", "asset_count", *_SUMS)
    days: dict[tuple[str, date], dict[str, Any]] = {}
    for row in rows_of(store, chosen_figures(reconciliation_days, scope, choice, *(table[n] for n in names))):
        total = days.setdefault(
            (row["exchange"], row["day"]),
            {"exchange": row["exchange"], "day": row["day"], "asset_count": 0, **dict.fromkeys(_SUMS, 0)},
        )
        total["asset_count"] = max(total["asset_count"], row["asset_count"])
        for name in _SUMS:
            total[name] += row[name]
    worst = _worst_shortfalls(store, scope, choice)
    for key, row in days.items():
        row |= worst.get(key, {"worst_krw": None, "worst_ratio": None, "mismatched_asset_count": 0})
        whole = row["asset_count"] * SLOTS_PER_DAY if Period.of_day(row["day"]).end <= moment else 0
        row["expected_slot_count"] = max(row["slot_count"], whole)
        row["coverage"] = ratio(row["covered_slot_count"], row["expected_slot_count"])
    columns = (
        *names,
        "expected_slot_count",
        "coverage",
        "mismatched_asset_count",
        "worst_krw",
        "worst_ratio",
    )
    return frame_of(sorted(days.values(), key=lambda row: (row["day"], row["exchange"])), columns)


def _worst_shortfalls(store: Store, scope: Scope, choice: Choice) -> dict[tuple[str, date], dict[str, Any]]:
    table = mismatch_runs.c
    columns = (
        table.exchange,
        table.day,
        table.asset,
        table.largest_shortfall_krw,
        table.ledger_quantity,
        table.wallet_quantity,
    )
    runs = defaultdict(list)
    for row in rows_of(store, chosen_figures(mismatch_runs, scope, choice, *columns)):
        runs[row["exchange"], row["day"]].append(row)
    return {
        key: {
            "worst_krw": max(row["largest_shortfall_krw"] for row in found),
            "worst_ratio": max(
                ratio(row["ledger_quantity"] - row["wallet_quantity"], row["ledger_quantity"]) or 0 for row in found
            ),
            "mismatched_asset_count": len({row["asset"] for row in found}),
        }
        for key, found in runs.items()
    }


def reconciled_assets(store: Store, scope: Scope, exchange: str, day: date, moment: datetime) -> pd.DataFrame:
    """Coverage of one exchange's day by asset, its slices added up, with the last check of each asset."""
    table = reconciliation_assets.c
    last = ("last_checked_at", "last_ledger_quantity", "last_wallet_quantity", "last_price_krw")
    names = ("asset", *_SUMS, *last)
    statement = chosen_figures(
        reconciliation_assets, scope, Choice((exchange,), day, day), *(table[name] for name in names)
    )
    assets: dict[str, dict[str, Any]] = {}
    for row in rows_of(store, statement.order_by(table.asset, table.last_checked_at)):
        total = assets.setdefault(row["asset"], {"asset": row["asset"], **dict.fromkeys(_SUMS, 0)})
        for name in _SUMS:
            total[name] += row[name]
        total |= {name: row[name] for name in last}
    whole = SLOTS_PER_DAY if Period.of_day(day).end <= moment else 0
    for total in assets.values():
        total["expected_slot_count"] = max(total["slot_count"], whole)
        total["coverage"] = ratio(total["covered_slot_count"], total["expected_slot_count"])
        total["difference"] = total["last_wallet_quantity"] - total["last_ledger_quantity"]
    rows = sorted(assets.values(), key=lambda row: (-row["mismatch_count"], row["coverage"], row["asset"]))
    return frame_of(rows, (*names, "expected_slot_count", "coverage", "difference"))


def asset_checks(store: Store, scope: Scope, exchange: str, day: date, asset: str) -> pd.DataFrame:
    """Every check of one asset on one day from the published rows, in time order, with its five-minute slot."""
    files = accepted_files(store, scope, "reconciliation", exchange, day, day)
    names = ("checked_at", "asset", "ledger_quantity", "wallet_quantity", "price_krw", "result")
    if not files:
        return frame_of([], (*names, "submission", "source_row", "slot"))
    table = store.facts.read([file.facts for file in files], condition="asset = ?", parameters=[asset])
    rows = sorted(table.to_pylist(), key=lambda row: row["checked_at"])
    start = Period.of_day(day).start
    for row in rows:
        row["slot"] = int((row["checked_at"] - start) // timedelta(minutes=5))
    return frame_of(rows, (*names, "submission", "source_row", "slot"))

"""Ledger against wallets: what was checked, by day and by asset, and one asset's checks of one day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import Select, Table

from app.amounts import ratio
from app.frames import frame_of
from app.queries.choice import Choice, chosen_figures, rows_of
from app.queries.origin import accepted_files
from app.reconciliation.episodes import reaches, worst_of
from app.reconciliation.halt_limit import halt_limit, shortfall_krw
from app.scope import Scope
from etl.records.tables import mismatch_runs, reconciliation_assets, reconciliation_days, submissions
from etl.store import Store
from expectations.vocabulary import Period

SLOTS_PER_DAY = 288
"""Five-minute slots of a day (specification, 2.4)."""
_SUMS = ("check_count", "slot_count", "covered_slot_count", "mismatch_count")
_COVERAGE = ("expected_slot_count", "missing_slot_count", "coverage")
_HIGHEST_RATIO = ("highest_ratio_ledger_quantity", "highest_ratio_wallet_quantity")
_WORST = ("worst_krw", "worst_ratio", "worst_multiple", "is_grave")


def reconciled_days(store: Store, scope: Scope, choice: Choice, moment: datetime) -> pd.DataFrame:
    """Coverage and the worst shortfalls, one row per exchange and day that was filed, its slices added up.

    `expected_slot_count` counts the whole day once it has passed, so a slice that was never filed is not covered.
    `is_grave`: a shortfall of the day reached the limit of REC-004 that was in force on it.
    """
    table = reconciliation_days.c
    names = ("exchange", "day", "asset_count", *_SUMS)
    days: dict[tuple[str, date], dict[str, Any]] = {}
    for row in rows_of(store, reconciled_figures(reconciliation_days, scope, choice, *(table[n] for n in names))):
        total = days.setdefault(
            (row["exchange"], row["day"]),
            {"exchange": row["exchange"], "day": row["day"], "asset_count": 0, **dict.fromkeys(_SUMS, 0)},
        )
        total["asset_count"] = max(total["asset_count"], row["asset_count"])
        for name in _SUMS:
            total[name] += row[name]
    runs = _runs_by(store, scope, choice, "exchange", "day")
    for key, row in days.items():
        own = runs.get(key, ())
        row |= worst_shortfalls(own, *key[::-1]) | {"mismatched_asset_count": len({run["asset"] for run in own})}
        whole = row["asset_count"] * SLOTS_PER_DAY if Period.of_day(row["day"]).end <= moment else 0
        row["expected_slot_count"] = max(row["slot_count"], whole)
        row["missing_slot_count"] = row["expected_slot_count"] - row["covered_slot_count"]
        row["coverage"] = ratio(row["covered_slot_count"], row["expected_slot_count"])
    columns = (*names, *_COVERAGE, "mismatched_asset_count", *_WORST)
    return frame_of(sorted(days.values(), key=lambda row: (row["day"], row["exchange"])), columns)


def reconciled_figures(table: Table, scope: Scope, choice: Choice, *columns: Any) -> Select[Any]:
    """The figures in force of the chosen days, found by way of their submissions.

    Without the report and the days of these the database goes through all submissions that were ever accepted.
    """
    c = submissions.c
    return chosen_figures(table, scope, choice, *columns).where(
        c.report == "reconciliation",
        c.period_start >= Period.of_day(choice.first_day).start,
        c.period_start < Period.of_day(choice.last_day).end,
    )


def _runs_by(store: Store, scope: Scope, choice: Choice, *names: str) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    """The runs of mismatches of the chosen days, by these of their columns."""
    table = mismatch_runs.c
    columns = ("exchange", "day", "asset", "largest_shortfall_krw", *_HIGHEST_RATIO)
    runs: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(store, reconciled_figures(mismatch_runs, scope, choice, *(table[name] for name in columns))):
        runs[tuple(row[name] for name in names)].append(row)
    return runs


def worst_shortfalls(runs: Sequence[Mapping[Any, Any]], day: date, exchange: str) -> dict[str, Any]:
    """The largest shortfall of a day's runs in won, of the ledger and of what was held, each by itself."""
    if not runs:
        return {**dict.fromkeys(_WORST), "is_grave": False}
    limit = halt_limit(day, exchange)
    share, multiple = worst_of(tuple(runs))
    return {
        "worst_krw": max(run["largest_shortfall_krw"] for run in runs),
        "worst_ratio": share,
        "worst_multiple": multiple,
        "is_grave": any(reaches(run, limit) for run in runs),
    }


def reconciled_assets(store: Store, scope: Scope, exchange: str, day: date, moment: datetime) -> pd.DataFrame:
    """Coverage and worst shortfalls of one exchange's day by asset, its slices added up, with each one's last check.

    The gravest come first, then those with the most slots missing.
    """
    table = reconciliation_assets.c
    last = ("last_checked_at", "last_ledger_quantity", "last_wallet_quantity", "last_price_krw")
    names = ("asset", *_SUMS, *last)
    choice = Choice((exchange,), day, day)
    statement = reconciled_figures(reconciliation_assets, scope, choice, *(table[name] for name in names))
    assets: dict[str, dict[str, Any]] = {}
    for row in rows_of(store, statement.order_by(table.asset, table.last_checked_at)):
        total = assets.setdefault(row["asset"], {"asset": row["asset"], **dict.fromkeys(_SUMS, 0)})
        for name in _SUMS:
            total[name] += row[name]
        total |= {name: row[name] for name in last}
    runs = _runs_by(store, scope, choice, "asset")
    whole = SLOTS_PER_DAY if Period.of_day(day).end <= moment else 0
    for asset, total in assets.items():
        total["expected_slot_count"] = max(total["slot_count"], whole)
        total["missing_slot_count"] = total["expected_slot_count"] - total["covered_slot_count"]
        total["coverage"] = ratio(total["covered_slot_count"], total["expected_slot_count"])
        total["difference"] = total["last_wallet_quantity"] - total["last_ledger_quantity"]
        total |= worst_shortfalls(runs.get((asset,), ()), day, exchange)
    rows = sorted(assets.values(), key=_gravest_first)
    return frame_of(rows, (*names, *_COVERAGE, "difference", *_WORST))


def _gravest_first(row: Mapping[Any, Any]) -> tuple[Any, ...]:
    worst = row["worst_krw"] or Decimal()
    return (not row["is_grave"], -worst, -row["missing_slot_count"], row["asset"])


def asset_checks(store: Store, scope: Scope, exchange: str, day: date, asset: str) -> pd.DataFrame:
    """Every check of one asset on one day from the published rows, in time order, with its five-minute slot.

    `difference` is what is held beyond the ledger; `is_grave`: what is missing reaches the limit of REC-004.
    """
    files = accepted_files(store, scope, "reconciliation", exchange, day, day)
    names = ("checked_at", "asset", "ledger_quantity", "wallet_quantity", "price_krw", "result")
    columns = (*names, "submission", "source_row", "slot", "difference", "is_grave")
    if not files or not scope.sees_rows:
        return frame_of([], columns)
    table = store.facts.read([file.facts for file in files], condition="asset = ?", parameters=[asset])
    rows = sorted(table.to_pylist(), key=lambda row: row["checked_at"])
    start, limit = Period.of_day(day).start, halt_limit(day, exchange)
    for row in rows:
        ledger, wallet = row["ledger_quantity"], row["wallet_quantity"]
        row["slot"] = int((row["checked_at"] - start) // timedelta(minutes=5))
        row["difference"] = wallet - ledger
        row["is_grave"] = wallet < ledger and limit.is_reached(
            ledger, wallet, shortfall_krw(ledger, wallet, row["price_krw"])
        )
    return frame_of(rows, columns)

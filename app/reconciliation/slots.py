"""The 288 five-minute slots of one exchange's day over all its assets: how many were checked, and the worst of each."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from app.amounts import ratio
from app.frames import frame_of
from app.queries.choice import Choice, rows_of
from app.queries.origin import accepted_files
from app.reconciliation.days import SLOTS_PER_DAY, reconciled_figures
from app.reconciliation.halt_limit import halt_limit, shortfall_krw
from app.scope import Scope
from etl.records.tables import short_checks
from etl.store import Store
from expectations.vocabulary import Period

SLOT_COLUMNS = (
    "slot",
    "asset_count",
    "checked_asset_count",
    "missing_asset_count",
    "short_asset_count",
    "worst_krw",
    "worst_ratio",
    "worst_asset",
    "is_grave",
)
_SLOT = timedelta(minutes=5)


def day_slots(store: Store, scope: Scope, exchange: str, day: date) -> pd.DataFrame:
    """One row per slot of a day that has rows: how many of its assets were checked in it, and the worst shortfall.

    `worst_krw` and `worst_ratio` are the largest of the slot, each by itself; `worst_asset` is that of the former.
    """
    checked, asset_count = _checked(store, scope, exchange, day)
    if not asset_count:
        return frame_of([], SLOT_COLUMNS)
    short = _short(store, scope, exchange, day)
    rows = [
        {
            "slot": slot,
            "asset_count": asset_count,
            "checked_asset_count": checked.get(slot, 0),
            "missing_asset_count": asset_count - checked.get(slot, 0),
            **(short.get(slot) or _NOTHING_SHORT),
        }
        for slot in range(SLOTS_PER_DAY)
    ]
    return frame_of(rows, SLOT_COLUMNS)


_NOTHING_SHORT = {
    "short_asset_count": 0,
    **dict.fromkeys(("worst_krw", "worst_ratio", "worst_asset")),
    "is_grave": False,
}


def _checked(store: Store, scope: Scope, exchange: str, day: date) -> tuple[dict[int, int], int]:
    """Distinct assets checked by slot, and of the whole day; from the two columns of the published rows."""
    files = accepted_files(store, scope, "reconciliation", exchange, day, day)
    if not files:
        return {}, 0
    rows = pa.concat_tables([store.facts.rows_of(file.facts, ("checked_at", "asset")) for file in files])
    start = pa.scalar(Period.of_day(day).start, pa.timestamp("ms", "UTC"))
    since = pc.subtract(rows["checked_at"].cast(pa.timestamp("ms", "UTC")), start).cast(pa.int64())
    slots = pc.divide(since, pa.scalar(_SLOT // timedelta(milliseconds=1), pa.int64()))
    pairs = pa.table({"slot": slots, "asset": rows["asset"]}).group_by(["slot", "asset"]).aggregate([])
    counts = pairs.group_by("slot").aggregate([([], "count_all")]).to_pydict()
    return dict(zip(counts["slot"], counts["count_all"], strict=True)), pc.count_distinct(pairs["asset"]).as_py()


def _short(store: Store, scope: Scope, exchange: str, day: date) -> dict[int, dict[str, Any]]:
    """The worst of each slot in which a wallet held less than its ledger."""
    c = short_checks.c
    columns = (c.asset, c.checked_at, c.ledger_quantity, c.wallet_quantity, c.price_krw)
    start, limit = Period.of_day(day).start, halt_limit(day, exchange)
    by_slot: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(store, reconciled_figures(short_checks, scope, Choice((exchange,), day, day), *columns)):
        ledger, wallet = row["ledger_quantity"], row["wallet_quantity"]
        krw = shortfall_krw(ledger, wallet, row["price_krw"])
        by_slot[(row["checked_at"] - start) // _SLOT].append(
            {
                "asset": row["asset"],
                "krw": krw,
                "ratio": ratio(ledger - wallet, ledger),
                "is_grave": limit.is_reached(ledger, wallet, krw),
            }
        )
    return {slot: _worst(found) for slot, found in by_slot.items()}


def _worst(checks: list[dict[str, Any]]) -> dict[str, Any]:
    largest = max(checks, key=lambda check: check["krw"])
    return {
        "short_asset_count": len({check["asset"] for check in checks}),
        "worst_krw": largest["krw"],
        "worst_ratio": max(check["ratio"] for check in checks),
        "worst_asset": largest["asset"],
        "is_grave": any(check["is_grave"] for check in checks),
    }

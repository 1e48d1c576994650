"""The 288 five-minute slots of one exchange's day over all its assets: how many were checked, and the worst of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from app.amounts import ratio
from app.columns import BasisPoints, Count, Text, Won
from app.queries.choice import Choice, rows_of
from app.queries.exactly import less, times
from app.queries.origin import accepted_files
from app.reconciliation.days import SLOTS_PER_DAY, reconciled_figures
from app.reconciliation.unhalted import UnhaltedShortfall, unhalted_shortfalls
from app.scope import Scope
from etl.records.tables import short_checks
from etl.store import Store
from expectations.vocabulary import Period

_SLOT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class DaySlot:
    """One slot of a day: how many of the day's assets were checked in it, and its largest shortfalls.

    `worst_krw` and `worst_ratio` are the largest of the slot, each by itself, None without any; `worst_asset` is that
    of the former. `is_unhalted`: a short check of it lies in a shortfall that REC-004 names, at or after the check that
    reached the limit.
    """

    slot: Count
    asset_count: Count
    checked_asset_count: Count
    missing_asset_count: Count
    short_asset_count: Count
    worst_krw: Won | None
    worst_ratio: BasisPoints | None
    worst_asset: Text | None
    is_unhalted: bool


@dataclass(frozen=True, slots=True)
class _ShortCheck:
    asset: str
    checked_at: datetime
    krw: Decimal
    ratio: Decimal


def day_slots(store: Store, scope: Scope, exchange: str, day: date) -> tuple[DaySlot, ...]:
    """The slots of a day in order; none where the day has no rows."""
    checked, asset_count = _checked(store, scope, exchange, day)
    if not asset_count:
        return ()
    short = _short(store, scope, exchange, day)
    unhalted = unhalted_shortfalls(store, scope, Choice((exchange,), day, day))
    return tuple(
        _slot(slot, asset_count, checked.get(slot, 0), short.get(slot, ()), unhalted) for slot in range(SLOTS_PER_DAY)
    )


def _slot(
    slot: int,
    asset_count: int,
    checked_count: int,
    short: Sequence[_ShortCheck],
    unhalted: Sequence[UnhaltedShortfall],
) -> DaySlot:
    largest = max(short, key=lambda check: check.krw, default=None)
    return DaySlot(
        slot=slot,
        asset_count=asset_count,
        checked_asset_count=checked_count,
        missing_asset_count=asset_count - checked_count,
        short_asset_count=len({check.asset for check in short}),
        worst_krw=largest.krw if largest else None,
        worst_ratio=max((check.ratio for check in short), default=None),
        worst_asset=largest.asset if largest else None,
        is_unhalted=any(
            one.asset == check.asset and one.holds_at(check.checked_at) for check in short for one in unhalted
        ),
    )


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


def _short(store: Store, scope: Scope, exchange: str, day: date) -> dict[int, list[_ShortCheck]]:
    """The checks at which a wallet held less than its ledger, by slot."""
    c = short_checks.c
    columns = (c.asset, c.checked_at, c.ledger_quantity, c.wallet_quantity, c.price_krw)
    start = Period.of_day(day).start
    by_slot: dict[int, list[_ShortCheck]] = defaultdict(list)
    for row in rows_of(store, reconciled_figures(short_checks, scope, Choice((exchange,), day, day), *columns)):
        missing = less(row["ledger_quantity"], row["wallet_quantity"])
        share = ratio(missing, row["ledger_quantity"]) or Decimal()
        check = _ShortCheck(row["asset"], row["checked_at"], times(missing, row["price_krw"]), share)
        by_slot[(row["checked_at"] - start) // _SLOT].append(check)
    return by_slot

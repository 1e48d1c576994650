"""Ledger against wallets: what was checked, by day and by asset, and one asset's checks of one day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, Table, func

from app.amounts import ratio
from app.columns import Amount, BasisPoints, Count, Day, ExchangeId, Instant, Multiple, Percent, Text, Won
from app.queries.choice import Choice, chosen_figures, rows_of
from app.queries.origin import accepted_files
from app.reconciliation.episodes import worst_of
from app.reconciliation.unhalted import UnhaltedShortfall, unhalted_shortfalls
from app.scope import Scope
from etl.records.tables import mismatch_runs, reconciliation_assets, reconciliation_days, submissions
from etl.store import Store
from expectations.vocabulary import Period

SLOTS_PER_DAY = 288
"""Five-minute slots of a day (specification, 2.4)."""
_SLOT = timedelta(minutes=5)
_SUMS = ("check_count", "slot_count", "covered_slot_count", "mismatch_count")
_HIGHEST_RATIO = ("highest_ratio_ledger_quantity", "highest_ratio_wallet_quantity")


@dataclass(frozen=True, slots=True)
class ReconciledDay:
    """Coverage and the largest shortfalls of one exchange's day, its slices added up.

    `expected_slot_count` counts the whole day once it has passed, so a slice that was never filed is not covered.
    Each largest shortfall is that by itself, None on a day without any. `is_unhalted`: on the day lies some of a
    shortfall that REC-004 names, from the check that reached the limit on.
    """

    exchange: ExchangeId
    day: Day
    asset_count: Count
    check_count: Count
    slot_count: Count
    covered_slot_count: Count
    mismatch_count: Count
    expected_slot_count: Count
    missing_slot_count: Count
    coverage: Percent | None
    mismatched_asset_count: Count
    worst_krw: Won | None
    worst_ratio: BasisPoints | None
    worst_multiple: Multiple | None
    is_unhalted: bool


@dataclass(frozen=True, slots=True)
class ReconciledAsset:
    """Coverage and the largest shortfalls of one asset's day, as of `ReconciledDay`, with the day's last check.

    `difference` is what was held beyond the ledger at that check.
    """

    asset: Text
    check_count: Count
    slot_count: Count
    covered_slot_count: Count
    mismatch_count: Count
    expected_slot_count: Count
    missing_slot_count: Count
    coverage: Percent | None
    last_checked_at: Instant
    last_ledger_quantity: Amount
    last_wallet_quantity: Amount
    last_price_krw: Amount
    difference: Amount
    worst_krw: Won | None
    worst_ratio: BasisPoints | None
    worst_multiple: Multiple | None
    is_unhalted: bool


@dataclass(frozen=True, slots=True)
class AssetCheck:
    """One check as it was filed, with its five-minute slot of the day.

    `difference` is what was held beyond the ledger. `is_unhalted`: it lies in a shortfall that REC-004 names, at or
    after the check that reached the limit.
    """

    checked_at: Instant
    asset: str
    ledger_quantity: Amount
    wallet_quantity: Amount
    price_krw: Amount
    result: str
    submission: str
    source_row: Count
    slot: Count
    difference: Amount
    is_unhalted: bool


def reconciled_days(store: Store, scope: Scope, choice: Choice, moment: datetime) -> tuple[ReconciledDay, ...]:
    """Every chosen day that was filed, by day and exchange, up to a moment."""
    table = reconciliation_days.c
    names = ("exchange", "day", "asset_count", *_SUMS)
    days: dict[tuple[str, date], list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(store, reconciled_figures(reconciliation_days, scope, choice, *(table[n] for n in names))):
        days[row["exchange"], row["day"]].append(row)
    runs = _runs_by(store, scope, choice, "exchange", "day")
    unhalted = unhalted_shortfalls(store, scope, choice)
    sliced = _assets_of_sliced_days(store, scope, choice, [place for place, slices in days.items() if len(slices) > 1])
    found = []
    for (exchange, day), slices in days.items():
        own = runs.get((exchange, day), ())
        asset_count = sliced.get((exchange, day), slices[0]["asset_count"])
        named = [one for one in unhalted if one.exchange == exchange]
        found.append(
            ReconciledDay(
                exchange=exchange,
                day=day,
                asset_count=asset_count,
                **_covered(slices, day, moment, asset_count, [row["asset_count"] for row in slices]),
                mismatched_asset_count=len({run["asset"] for run in own}),
                **_worst(own),
                is_unhalted=_is_unhalted(named, day),
            )
        )
    return tuple(sorted(found, key=lambda row: (row.day, row.exchange)))


def _assets_of_sliced_days(
    store: Store, scope: Scope, choice: Choice, places: Sequence[tuple[str, date]]
) -> dict[tuple[str, date], int]:
    """How many assets the slices of each of these days check together: each may check others."""
    if not places:
        return {}
    table = reconciliation_assets.c
    days = sorted({day for _, day in places})
    statement = reconciled_figures(
        reconciliation_assets,
        scope,
        Choice(tuple(sorted({exchange for exchange, _ in places})), days[0], days[-1]),
        table.exchange,
        table.day,
        func.count(table.asset.distinct()).label("asset_count"),
    ).where(table.day.in_(days))
    rows = rows_of(store, statement.group_by(table.exchange, table.day))
    return {(row["exchange"], row["day"]): row["asset_count"] for row in rows}


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


def _covered(
    slices: Sequence[Mapping[str, Any]], day: date, moment: datetime, asset_count: int, held: Sequence[int]
) -> dict[str, Any]:
    """The slices of a day added up, and how many slots the day has for so many assets; each slice holds `held` ones."""
    sums = {name: sum(row[name] for row in slices) for name in _SUMS}
    filed = asset_count * sum(row["slot_count"] // count for row, count in zip(slices, held, strict=True))
    expected = asset_count * SLOTS_PER_DAY if Period.of_day(day).end <= moment else filed
    return {
        **sums,
        "expected_slot_count": expected,
        "missing_slot_count": expected - sums["covered_slot_count"],
        "coverage": ratio(sums["covered_slot_count"], expected),
    }


def _worst(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The largest shortfall of a day's runs in won, of the ledger and of what was held, each by itself."""
    share, multiple = worst_of(runs) if runs else (None, None)
    largest = max((run["largest_shortfall_krw"] for run in runs), default=None)
    return {"worst_krw": largest, "worst_ratio": share, "worst_multiple": multiple}


def _is_unhalted(unhalted: Iterable[UnhaltedShortfall], day: date) -> bool:
    period = Period.of_day(day)
    return any(one.holds_in(period.start, period.end) for one in unhalted)


def reconciled_assets(
    store: Store, scope: Scope, exchange: str, day: date, moment: datetime
) -> tuple[ReconciledAsset, ...]:
    """Every asset of one exchange's day up to a moment.

    Those named by REC-004 come first, then the largest shortfalls in won, then those with the most slots missing.
    """
    table = reconciliation_assets.c
    last = ("last_checked_at", "last_ledger_quantity", "last_wallet_quantity", "last_price_krw")
    choice = Choice((exchange,), day, day)
    statement = reconciled_figures(
        reconciliation_assets, scope, choice, *(table[name] for name in ("asset", *_SUMS, *last))
    )
    assets: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(store, statement.order_by(table.asset, table.last_checked_at)):
        assets[row["asset"]].append(row)
    runs = _runs_by(store, scope, choice, "asset")
    unhalted = unhalted_shortfalls(store, scope, choice)
    found = [
        ReconciledAsset(
            asset=asset,
            **_covered(slices, day, moment, 1, [1] * len(slices)),
            **{name: slices[-1][name] for name in last},
            difference=slices[-1]["last_wallet_quantity"] - slices[-1]["last_ledger_quantity"],
            **_worst(runs.get((asset,), ())),
            is_unhalted=_is_unhalted([one for one in unhalted if one.asset == asset], day),
        )
        for asset, slices in assets.items()
    ]
    return tuple(sorted(found, key=_gravest_first))


def _gravest_first(row: ReconciledAsset) -> tuple[Any, ...]:
    return (not row.is_unhalted, -(row.worst_krw or Decimal()), -row.missing_slot_count, row.asset)


def asset_checks(store: Store, scope: Scope, exchange: str, day: date, asset: str) -> tuple[AssetCheck, ...]:
    """Every check of one asset on one day from the published rows, in time order."""
    files = accepted_files(store, scope, "reconciliation", exchange, day, day)
    if not files or not scope.sees_rows:
        return ()
    table = store.facts.read([file.facts for file in files], condition="asset = ?", parameters=[asset])
    unhalted = [one for one in unhalted_shortfalls(store, scope, Choice((exchange,), day, day)) if one.asset == asset]
    start = Period.of_day(day).start
    names = ("checked_at", "asset", "ledger_quantity", "wallet_quantity", "price_krw", "result")
    return tuple(
        AssetCheck(
            **{name: row[name] for name in (*names, "submission", "source_row")},
            slot=int((row["checked_at"] - start) // _SLOT),
            difference=row["wallet_quantity"] - row["ledger_quantity"],
            is_unhalted=any(one.holds_at(row["checked_at"]) for one in unhalted),
        )
        for row in sorted(table.to_pylist(), key=lambda row: row["checked_at"])
    )

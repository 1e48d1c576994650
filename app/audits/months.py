"""Monthly audits: which came, what they say, and how far they are from the exchange's own five-minute checks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from app.amounts import exact_add, exact_sum, ratio
from app.frames import frame_of, records_of
from app.moments import kst_day
from app.obligations.outcomes import Obliged, filed_for, obligations_of, records_begin
from app.obligations.status import Stand
from app.queries.choice import Choice, chosen_figures, rows_of
from app.queries.exactly import less, times
from app.queries.months import month_of, month_start, months_as_days, shown_months
from app.queries.origin import accepted_files
from app.rules.book import parameter
from app.rules.findings import About, finding_counts
from app.scope import Scope
from etl.calendar import OBLIGATIONS_BEGIN
from etl.records.tables import audits, reconciliation_assets
from etl.store import Store
from expectations.catalogue import report as report_of
from expectations.vocabulary import Period

NEAREST_CHECK = timedelta(minutes=5)
"""How far from an audit's moment the check may be that it is compared with (AUD-005)."""
OPINIONS = report_of("audits").field("opinion").codes
"""What auditors conclude, the gravest last."""
UNRECORDED = "unrecorded"
"""The stand of a month that was due before there were records."""
UNOBLIGED = "unobliged"
"""The stand of a month for which there was no obligation yet, whether an audit came or not."""
QUALIFIED = "qualified"
"""The stand of an audit that came, and in which an opinion is not unqualified."""
_SAID = ("auditor", "as_of", "opinion", "signed_on")
MONTH_COLUMNS = (
    *("exchange", "month", "stand", "timeliness", "due_at", "received_at", *_SAID),
    *("asset_count", "doubted_count", "short_count", "value_krw", "cold_share", "finding_count", "submission"),
)
COMPARED_COLUMNS = (
    *("exchange", "asset", "state", "ledger_quantity", "hot_wallet_quantity", "cold_wallet_quantity"),
    *("held_quantity", "cover_ratio", "cold_share", "price_krw", "value_krw"),
    *("checked_at", "distance", "checked_ledger", "checked_wallet", "ledger_ratio", "wallet_ratio"),
    *("difference_krw", "opinion", "submission", "source_row"),
)


def audit_months(store: Store, scope: Scope, choice: Choice, moment: datetime) -> pd.DataFrame:
    """Every chosen exchange and shown month: what came of the audit, what it says, and what stands against it.

    `stand`: a stand of its obligation, QUALIFIED, UNRECORDED or UNOBLIGED; `doubted_count` assets have another opinion
    than unqualified, `short_count` are held in a smaller quantity than owed.
    """
    months = shown_months(choice)
    days = months_as_days(choice.exchanges, months)
    exchanges = scope.visible(choice.exchanges)
    begin = records_begin(store)
    filed = filed_for(store, scope, days, "audits")
    obliged = [] if begin is None else obligations_of(filed, exchanges, days, begin, moment, "audits")
    due = {(one.exchange, one.month): one for one in obliged}
    said = _said(store, scope, days)
    standing: Counter[tuple[str, str]] = Counter()
    for one in finding_counts(store, scope, days, About(reports=("audits",))):
        standing[one.exchange, one.month] += one.open_finding_count
    rows = [
        _month(exchange, month, due.get((exchange, month)), said.get((exchange, month), {}), standing)
        for exchange in exchanges
        for month in months
    ]
    return frame_of(rows, MONTH_COLUMNS)


def _month(
    exchange: str, month: str, due: Obliged | None, said: Mapping[str, Any], standing: Mapping[Any, int]
) -> dict[str, Any]:
    row: dict[str, Any] = {**dict.fromkeys(MONTH_COLUMNS), "exchange": exchange, "month": month, **said}
    is_obliged = month >= month_of(OBLIGATIONS_BEGIN)
    row |= {"stand": UNRECORDED if is_obliged else UNOBLIGED, "due_at": report_of("audits").due_at(Period.parse(month))}
    row["finding_count"] = int(standing.get((exchange, month), 0))
    if due is None:
        return row
    is_doubted = bool(said.get("doubted_count")) and due.stand in (Stand.CURRENT, Stand.LATE)
    row["stand"] = QUALIFIED if is_doubted else Stand.NIL if due.is_nil else due.stand.value
    row |= {"received_at": due.received_at, "submission": due.submission}
    if due.stand in (Stand.CURRENT, Stand.LATE):
        row["timeliness"] = "late" if due.stand is Stand.LATE else "on_time"
    return row


def _said(store: Store, scope: Scope, days: Choice) -> dict[tuple[str, str], dict[str, Any]]:
    """What the accepted audits say, their assets added up, by exchange and month."""
    table = audits.c
    names = ("exchange", "audit_month", "ledger_quantity", "hot_wallet_quantity", "cold_wallet_quantity", "price_krw")
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    statement = chosen_figures(audits, scope, days, *(table[name] for name in (*names, *_SAID)))
    for row in rows_of(store, statement.order_by(table.source_row)):
        groups[row["exchange"], row["audit_month"]].append(row)
    return {key: _added_up(rows) for key, rows in groups.items()}


def _added_up(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    held = [_held(row) for row in rows]
    cold = exact_sum(times(row["cold_wallet_quantity"], row["price_krw"]) for row in rows)
    value = exact_sum(times(quantity, row["price_krw"]) for quantity, row in zip(held, rows, strict=True))
    return {
        "auditor": " · ".join(dict.fromkeys(row["auditor"] for row in rows)),
        "as_of": min(row["as_of"] for row in rows),
        "opinion": max((row["opinion"] for row in rows), key=OPINIONS.index),
        "signed_on": max(row["signed_on"] for row in rows),
        "asset_count": len(rows),
        "doubted_count": sum(row["opinion"] != OPINIONS[0] for row in rows),
        "short_count": sum(quantity < row["ledger_quantity"] for quantity, row in zip(held, rows, strict=True)),
        "value_krw": value,
        "cold_share": ratio(cold, value),
    }


def _held(row: Mapping[str, Any]) -> Decimal:
    return exact_add(row["hot_wallet_quantity"], row["cold_wallet_quantity"])


def doubted_audits(store: Store, scope: Scope, exchanges: tuple[str, ...], month: str) -> frozenset[str]:
    """The exchanges whose accepted audit of a month holds another opinion than unqualified of any asset."""
    days = months_as_days(exchanges, (month,))
    statement = chosen_figures(audits, scope, days, audits.c.exchange).where(audits.c.opinion != OPINIONS[0])
    return frozenset(row["exchange"] for row in rows_of(store, statement.distinct()))


# ------------------------------------------------------------------------------------------- asset by asset


def audited_assets(store: Store, scope: Scope, choice: Choice, month: str) -> pd.DataFrame:
    """One month's audits asset by asset beside the check nearest to their moment, those first that differ.

    `state`: `agrees` or `differs` (AUD-005: within the tolerance, no more than five minutes away), `no_check`, or
    `unaudited` for an asset that was reconciled in the month and is in no audit. `difference_krw` is the larger of the
    two differences at the audit's price.
    """
    days = months_as_days(choice.exchanges, (month,))
    table = audits.c
    names = (
        *("exchange", "asset", "as_of", "ledger_quantity", "hot_wallet_quantity", "cold_wallet_quantity"),
        *("price_krw", "opinion", "submission", "source_row"),
    )
    audited = rows_of(store, chosen_figures(audits, scope, days, *(table[name] for name in names)))
    tolerance = audit_tolerance(month)
    checks = {
        moment: _nearest_checks(store, scope, *moment)
        for moment in dict.fromkeys((row["exchange"], row["as_of"]) for row in audited)
    }
    rows = [_compared(row, checks[row["exchange"], row["as_of"]].get(row["asset"]), tolerance) for row in audited]
    known = {(row["exchange"], row["asset"]) for row in audited}
    filed = {exchange for exchange, _ in known}
    for exchange, assets in reconciled_in(store, scope, days).items():
        for asset in sorted(assets) if exchange in filed else ():
            if (exchange, asset) not in known:
                blank = {**dict.fromkeys(COMPARED_COLUMNS), "state": "unaudited"}
                rows.append({**blank, "exchange": exchange, "asset": asset})
    order = ("differs", "unaudited", "no_check", "agrees")
    rows.sort(key=lambda row: (order.index(row["state"]), -(row["value_krw"] or 0), row["asset"]))
    return frame_of(rows, COMPARED_COLUMNS)


def reconciled_in(store: Store, scope: Scope, days: Choice) -> dict[str, set[str]]:
    """The assets that each exchange reconciled on any of these days."""
    table = reconciliation_assets.c
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows_of(
        store, chosen_figures(reconciliation_assets, scope, days, table.exchange, table.asset).distinct()
    ):
        found[row["exchange"]].add(row["asset"])
    return found


def _nearest_checks(store: Store, scope: Scope, exchange: str, moment: datetime) -> dict[str, dict[str, Any]]:
    """The published check of each asset nearest to `moment`, no more than five minutes away; the earlier of two."""
    first, last = moment - NEAREST_CHECK, moment + NEAREST_CHECK
    files = accepted_files(store, scope, "reconciliation", exchange, kst_day(first), kst_day(last))
    if not files:
        return {}
    near = store.facts.read(
        [file.facts for file in files], condition="checked_at BETWEEN ? AND ?", parameters=[first, last]
    )
    nearest: dict[str, dict[str, Any]] = {}
    for row in near.to_pylist():
        known = nearest.get(row["asset"])
        if known is None or abs(row["checked_at"] - moment) < abs(known["checked_at"] - moment):
            nearest[row["asset"]] = row
    return nearest


def _compared(row: dict[str, Any], check: dict[str, Any] | None, tolerance: Decimal) -> dict[str, Any]:
    held = _held(row)
    compared: dict[str, Any] = {**dict.fromkeys(COMPARED_COLUMNS), **row, "state": "no_check"}
    compared |= {
        "held_quantity": held,
        "cover_ratio": ratio(held, row["ledger_quantity"]),
        "cold_share": ratio(row["cold_wallet_quantity"], held),
        "value_krw": times(held, row["price_krw"]),
    }
    if check is None:
        return compared
    pairs = ((row["ledger_quantity"], check["ledger_quantity"]), (held, check["wallet_quantity"]))
    apart = [less(audited, checked) for audited, checked in pairs]
    agrees = all(
        one.copy_abs() <= times(tolerance, checked.copy_abs()) for one, (_, checked) in zip(apart, pairs, strict=True)
    )
    return compared | {
        "state": "agrees" if agrees else "differs",
        "checked_at": check["checked_at"],
        "distance": abs(check["checked_at"] - row["as_of"]),
        "checked_ledger": check["ledger_quantity"],
        "checked_wallet": check["wallet_quantity"],
        "ledger_ratio": ratio(apart[0], check["ledger_quantity"]),
        "wallet_ratio": ratio(apart[1], check["wallet_quantity"]),
        "difference_krw": times(max(one.copy_abs() for one in apart), row["price_krw"]),
    }


def cold_share_by_law(month: str) -> Decimal:
    """The share of the value held that the law wants in cold wallets, as in force in a month."""
    share: Decimal = parameter("cold_wallet_share", month_start(month))
    return share


def audit_tolerance(month: str) -> Decimal:
    """How far an audit may be from the nearest check, as a ratio of the check, as in force in a month (AUD-005)."""
    tolerance: Decimal = parameter("audit_tolerance", month_start(month))
    return tolerance


# ----------------------------------------------------------------------------------------- one month's figures


@dataclass(frozen=True, slots=True)
class Apart:
    """How far one exchange's audit is from its own checks: assets compared, and the differences in won.

    `unexplained_krw` adds up the assets whose difference is beyond the tolerance.
    """

    compared_count: int
    difference_krw: Decimal
    unexplained_krw: Decimal


def apart(assets: pd.DataFrame) -> dict[str, Apart]:
    """The differences of what `audited_assets` answers, by exchange; nothing where nothing could be compared."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in records_of(assets):
        if row["difference_krw"] is not None:
            groups[row["exchange"]].append(row)
    return {
        exchange: Apart(
            len(rows),
            exact_sum(row["difference_krw"] for row in rows),
            exact_sum(row["difference_krw"] for row in rows if row["state"] == "differs"),
        )
        for exchange, rows in groups.items()
    }


def audit_coverage(store: Store, scope: Scope, choice: Choice, month: str) -> dict[str, tuple[int, int]]:
    """How many of the assets that each exchange reconciled in a month are in its audit, and how many they are."""
    days = months_as_days(choice.exchanges, (month,))
    table = audits.c
    audited: dict[str, set[str]] = defaultdict(set)
    for row in rows_of(store, chosen_figures(audits, scope, days, table.exchange, table.asset)):
        audited[row["exchange"]].add(row["asset"])
    return {
        exchange: (len(assets & audited[exchange]), len(assets))
        for exchange, assets in reconciled_in(store, scope, days).items()
    }

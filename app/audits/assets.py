"""One month's audits asset by asset, beside the exchange's own five-minute checks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from app.amounts import exact_add, exact_sum, ratio
from app.audits.months import is_judged
from app.columns import Amount, BasisPoints, Count, ExchangeId, Length, Moment, Percent, Won
from app.moments import kst_day
from app.queries.choice import Choice, chosen_figures, rows_of
from app.queries.exactly import less, times
from app.queries.months import month_start, months_as_days
from app.queries.open_findings import findings_by_subject
from app.queries.origin import accepted_files
from app.scope import Scope
from etl.entities import NEAREST_CHECK, nearest_by_asset
from etl.records.tables import audits, reconciliation_assets
from etl.store import Store
from expectations.thresholds import Thresholds

AGREEMENT_RULE = "AUD-005"
"""The rule that compares an audit with the check nearest to its moment, no more than five minutes away."""


class Comparison(StrEnum):
    """How an asset of a month compares with the checks; assets are listed in this order."""

    DIFFERS = "differs"
    """AUD-005 has an open finding of it."""
    UNAUDITED = "unaudited"
    """It was reconciled in the month and is in no audit."""
    NO_CHECK = "no_check"
    """No check is near enough to be compared with."""
    UNJUDGED = "unjudged"
    """It can be compared, and AUD-005 was not in force."""
    NO_FINDING = "no_finding"
    """It was compared, and AUD-005 has no open finding of it."""


@dataclass(frozen=True, slots=True)
class AuditedAsset:
    """One asset of one exchange's audit of a month, beside the nearest check.

    An asset that is in no audit has nothing but its name. `held_quantity` is hot and cold wallets together;
    `ledger_ratio` and `wallet_ratio` are the signed differences from the check as parts of it, None where it is zero;
    `difference_krw` is the larger of the two differences at the audit's price.
    """

    exchange: ExchangeId
    asset: str
    comparison: Comparison
    ledger_quantity: Decimal | None = None
    hot_wallet_quantity: Decimal | None = None
    cold_wallet_quantity: Decimal | None = None
    held_quantity: Amount | None = None
    cover_ratio: Percent | None = None
    cold_share: Percent | None = None
    price_krw: Decimal | None = None
    value_krw: Won | None = None
    checked_at: Moment | None = None
    distance: Length | None = None
    checked_ledger: Amount | None = None
    checked_wallet: Amount | None = None
    ledger_ratio: BasisPoints | None = None
    wallet_ratio: BasisPoints | None = None
    difference_krw: Amount | None = None
    opinion: str | None = None
    submission: str | None = None
    source_row: int | None = None


_AS_FILED = (
    *("exchange", "asset", "ledger_quantity", "hot_wallet_quantity", "cold_wallet_quantity"),
    *("price_krw", "opinion", "submission", "source_row"),
)


def audited_assets(store: Store, scope: Scope, choice: Choice, month: str) -> tuple[AuditedAsset, ...]:
    """The assets of one month's audits, and those that only were reconciled; in the order of `Comparison`, by value.

    An asset differs where AUD-005 has an open finding of it; nothing is judged here.
    """
    days = months_as_days(choice.exchanges, (month,))
    statement = chosen_figures(audits, scope, days, audits.c.as_of, *(audits.c[name] for name in _AS_FILED))
    audited = rows_of(store, statement)
    moments = dict.fromkeys((row["exchange"], row["as_of"]) for row in audited)
    checks = {moment: _nearest_checks(store, scope, *moment) for moment in moments}
    differing = {(one.exchange, one.subject) for one in findings_by_subject(store, scope, days, (AGREEMENT_RULE,))}
    judged = is_judged(AGREEMENT_RULE, month)
    assets = []
    for row in audited:
        check = checks[row["exchange"], row["as_of"]].get(row["asset"])
        differs = (row["exchange"], row["asset"]) in differing
        assets.append(_beside_check(row, check, _comparison(check is not None, differs, judged)))
    known = {(one.exchange, one.asset) for one in assets}
    filed = {exchange for exchange, _ in known}
    assets += [
        AuditedAsset(exchange, asset, Comparison.UNAUDITED)
        for exchange, own in _reconciled_assets(store, scope, days).items()
        for asset in sorted(own)
        if exchange in filed and (exchange, asset) not in known
    ]
    order = list(Comparison)
    return tuple(sorted(assets, key=lambda one: (order.index(one.comparison), -(one.value_krw or 0), one.asset)))


def _comparison(has_check: bool, differs: bool, judged: bool) -> Comparison:
    if differs:
        return Comparison.DIFFERS
    if not has_check:
        return Comparison.NO_CHECK
    return Comparison.NO_FINDING if judged else Comparison.UNJUDGED


def _beside_check(row: dict[str, Any], check: dict[str, Any] | None, comparison: Comparison) -> AuditedAsset:
    held = exact_add(row["hot_wallet_quantity"], row["cold_wallet_quantity"])
    about: dict[str, Any] = {
        **{name: row[name] for name in _AS_FILED},
        "comparison": comparison,
        "held_quantity": held,
        "cover_ratio": ratio(held, row["ledger_quantity"]),
        "cold_share": ratio(row["cold_wallet_quantity"], held),
        "value_krw": times(held, row["price_krw"]),
    }
    if check is None:
        return AuditedAsset(**about)
    ledger = less(row["ledger_quantity"], check["ledger_quantity"])
    wallet = less(held, check["wallet_quantity"])
    return AuditedAsset(
        **about,
        checked_at=check["checked_at"],
        distance=abs(check["checked_at"] - row["as_of"]),
        checked_ledger=check["ledger_quantity"],
        checked_wallet=check["wallet_quantity"],
        ledger_ratio=ratio(ledger, check["ledger_quantity"]),
        wallet_ratio=ratio(wallet, check["wallet_quantity"]),
        difference_krw=times(max(ledger.copy_abs(), wallet.copy_abs()), row["price_krw"]),
    )


def _reconciled_assets(store: Store, scope: Scope, days: Choice) -> dict[str, set[str]]:
    """The assets that each exchange reconciled on any of these days."""
    table = reconciliation_assets.c
    statement = chosen_figures(reconciliation_assets, scope, days, table.exchange, table.asset).distinct()
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows_of(store, statement):
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
    return nearest_by_asset(near, moment)


def audit_tolerance(thresholds: Thresholds, month: str) -> Decimal:
    """How far an audit may be from the nearest check, as a ratio of the check, as in force in a month (AUD-005)."""
    tolerance: Decimal = thresholds.value("audit_tolerance", month_start(month))
    return tolerance


# ------------------------------------------------------------------------------------------- by exchange


@dataclass(frozen=True, slots=True)
class DifferenceTotal:
    """One exchange's compared assets, and their differences in won: of all, and of those with a finding."""

    compared_count: int
    difference_krw: Decimal
    unexplained_krw: Decimal


def difference_totals(assets: Iterable[AuditedAsset]) -> dict[str, DifferenceTotal]:
    """The differences of one month's assets by exchange; an exchange of which nothing could be compared is left out."""
    groups: dict[str, list[tuple[Decimal, bool]]] = defaultdict(list)
    for one in assets:
        if one.difference_krw is not None:
            groups[one.exchange].append((one.difference_krw, one.comparison is Comparison.DIFFERS))
    return {
        exchange: DifferenceTotal(
            len(differences),
            exact_sum(amount for amount, _ in differences),
            exact_sum(amount for amount, differs in differences if differs),
        )
        for exchange, differences in groups.items()
    }


@dataclass(frozen=True, slots=True)
class AuditCoverage:
    """How many of the assets that an exchange reconciled in a month are in its audit."""

    exchange: ExchangeId
    audited_count: Count
    reconciled_count: Count


def audit_coverage(store: Store, scope: Scope, choice: Choice, month: str) -> tuple[AuditCoverage, ...]:
    """One record per exchange that reconciled anything in the month."""
    days = months_as_days(choice.exchanges, (month,))
    table = audits.c
    audited: dict[str, set[str]] = defaultdict(set)
    for row in rows_of(store, chosen_figures(audits, scope, days, table.exchange, table.asset)):
        audited[row["exchange"]].add(row["asset"])
    return tuple(
        AuditCoverage(exchange, len(assets & audited[exchange]), len(assets))
        for exchange, assets in _reconciled_assets(store, scope, days).items()
    )

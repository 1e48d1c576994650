"""Mutations that prove the rules of `audits`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Context, Decimal

from app.testbed.proof.files import Files, Row, Wanted, mutation, negative_cells, one_row, repeated_row
from app.testbed.proof.mutations.reconciliation import UNKNOWN, checks_of, first_asset

REPORT = "audits"
_EXACT = Context(prec=60)
_LAST_DIGIT = Decimal("1E-18")
_LAST_DAY, _DAY_AFTER = "2026-12-31", "2027-01-01"

repeated = repeated_row("AUD-UNQ", REPORT)
negative = negative_cells("AUD-NEG", REPORT, price_krw=Decimal(0))
signed_before = one_row(
    "AUD-004", "an audit is signed in the month that it is of", REPORT, lambda row: row.update(signed_on=_early(row))
)


def _early(row: Row) -> date:
    signed: date = row["signed_on"]
    return signed.replace(year=2026, month=12, day=20)


@mutation("AUD-001", "wallets lack the last digit that there is at a moment of which no check is near")
def too_little(files: Files) -> Sequence[Wanted]:
    """The first asset, as of the middle of the month."""
    row = files.rows(REPORT)[0]
    held = _EXACT.add(row["hot_wallet_quantity"], row["cold_wallet_quantity"])
    row.update(ledger_quantity=_EXACT.add(held, _LAST_DIGIT), as_of=files.at(12, day="2026-12-15"))
    return [files.wanted("AUD-001", REPORT, row=0, subject=row["asset"])]


@mutation("AUD-002", "what lies in cold wallets lies in hot ones, and the other way round")
def hot(files: Files) -> Sequence[Wanted]:
    """Every asset."""
    for row in files.rows(REPORT):
        warm, cold = row["hot_wallet_quantity"], row["cold_wallet_quantity"]
        row.update(hot_wallet_quantity=cold, cold_wallet_quantity=warm)
    return [files.wanted("AUD-002", REPORT)]


qualified = one_row("AUD-003", "a qualified opinion", REPORT, lambda row: row.update(opinion="qualified"))


@mutation("AUD-005", "the check nearest to the audit shows 0.1 % more than was audited")
def differs_from_check(files: Files) -> Sequence[Wanted]:
    """Only the reconciliation of the day after the month is filed again, its first check of the asset changed."""
    rows = files.rows(REPORT)
    check = checks_of(files, rows[0]["asset"], period=_DAY_AFTER)[0]
    for name in ("ledger_quantity", "wallet_quantity"):
        check[name] = _EXACT.multiply(check[name], Decimal("1.001")).quantize(_LAST_DIGIT, context=_EXACT)
    return [files.wanted("AUD-005", REPORT, row=0, subject=rows[0]["asset"])]


@mutation("AUD-006", "an asset is reconciled on the last day of the month, and was not audited")
def unaudited(files: Files) -> Sequence[Wanted]:
    """Only that day's reconciliation is filed again, with an asset whose ledger ends the day with nought."""
    checks = checks_of(files, first_asset(files), period=_LAST_DAY)
    files.rows("reconciliation", _LAST_DAY).extend({**check, "asset": UNKNOWN} for check in checks)
    checks_of(files, UNKNOWN, period=_LAST_DAY)[-1]["ledger_quantity"] = Decimal(0)
    return [files.wanted("AUD-006", REPORT, subject=UNKNOWN)]


@mutation("AUD-007", "every audited asset equals the exchange's own nearest check to the last digit")
def copied(files: Files) -> Sequence[Wanted]:
    """With a third asset, because the ground has two; its ledger ends the day after with nought."""
    rows, checks = files.rows(REPORT), files.rows("reconciliation", _DAY_AFTER)
    rows.append({**rows[0], "asset": UNKNOWN})
    checks.extend({**check, "asset": UNKNOWN} for check in checks_of(files, rows[0]["asset"], period=_DAY_AFTER))
    checks_of(files, UNKNOWN, period=_DAY_AFTER)[-1]["ledger_quantity"] = Decimal(0)
    for row in rows:
        check = checks_of(files, row["asset"], period=_DAY_AFTER)[0]
        hot = _EXACT.subtract(check["wallet_quantity"], row["cold_wallet_quantity"])
        row.update(ledger_quantity=check["ledger_quantity"], hot_wallet_quantity=hot)
    return [files.wanted("AUD-007", REPORT)]

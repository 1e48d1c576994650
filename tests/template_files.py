"""Files in the canonical template, for tests that care what rows say and not how an exchange writes them."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from expectations.catalogue import report as report_of


def template(report: str, rows: Iterable[Mapping[str, Any]]) -> str:
    """A canonical CSV of these rows; without rows a nil return."""
    names = report_of(report).field_names
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([["" if row.get(name) is None else row[name] for name in names] for row in rows])
    return text.getvalue()


def audited(month: str, asset: str, as_of: datetime, **more: Any) -> dict[str, Any]:
    """An audit of 10 owed and 2 hot and 8 cold held at 100 won."""
    row = {"audit_month": month, "asset": asset, "as_of": as_of.isoformat(), "ledger_quantity": "10"}
    row |= {"hot_wallet_quantity": "2", "cold_wallet_quantity": "8", "price_krw": "100"}
    return {**row, "auditor": "한빛회계법인", "opinion": "unqualified", "signed_on": "2026-11-05", **more}


def checked(at: datetime, asset: str, ledger: str = "10", wallet: str = "10") -> dict[str, Any]:
    """A check at a price of 100 won, which says itself whether it matches."""
    row = {
        "checked_at": at.isoformat(timespec="milliseconds"),
        "asset": asset,
        "ledger_quantity": ledger,
        "wallet_quantity": wallet,
    }
    return {**row, "price_krw": "100", "result": "mismatch" if Decimal(wallet) < Decimal(ledger) else "match"}


def alerts(day: date, market: str, pattern: str, count: int, **more: Any) -> dict[str, Any]:
    """So many alerts of a pattern in a market, no case among them."""
    row = {"day": day.isoformat(), "market": market, "pattern": pattern, "alert_count": count, "case_count": 0}
    row |= {
        "account_count": 0,
        "key_count": 0,
        "notified_count": 0,
        "trade_value_krw": "10",
        "api_trade_value_krw": "4",
    }
    return {**row, **more}


def hour(start: datetime, market: str, **more: Any) -> dict[str, Any]:
    """An hour of one market: 1,000 won traded, 400 through the API with 200 orders, 50 cancels and 20 small ones."""
    row: dict[str, Any] = {"hour_start": start.isoformat(), "market": market, "trade_value_krw": "1000"}
    row |= {"api_trade_value_krw": "400", "trade_count": 10, "api_trade_count": 4, "api_order_count": 200}
    return {**row, "api_cancel_count": 50, "api_small_order_count": 20, "api_account_count": 1, **more}

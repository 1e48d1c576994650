"""The canonical rows of the samples, as the canonical template writes them; `XX-` becomes the exchange's short code.

Invented throughout. Every row keeps the structure and integrity rules, and among them are the oddities that a format
must carry: the smallest and the largest quantities, an absent value, commas, quotes and line breaks in a text, hours of
one digit, milliseconds.
"""

from hashlib import sha256
from typing import Any


def _hash(word: str) -> str:
    return sha256(word.encode()).hexdigest()


_VOLUME_COLUMNS = (
    "hour_start", "market", "trade_value_krw", "api_trade_value_krw", "trade_count", "api_trade_count",
    "api_order_count", "api_cancel_count", "api_small_order_count", "api_account_count",
)  # fmt: skip
_KEY_COLUMNS = (
    "snapshot_date", "scope", "opening_keys", "issued_keys", "expired_keys", "deleted_keys", "forced_expired_keys",
    "active_keys", "allowlisted_keys", "max_ips_per_key", "blocked_call_count", "unlisted_call_count",
)  # fmt: skip
_ACTION_COLUMNS = (
    "action_id", "case_id", "key_ref", "account_ref", "suspicion", "risk_level", "stage", "detected_at", "acted_at",
    "outcome", "note",
)  # fmt: skip
_CHECK_COLUMNS = ("checked_at", "asset", "ledger_quantity", "wallet_quantity", "price_krw", "result")
_HALT_COLUMNS = (
    "halt_id", "scope", "target", "functions", "trigger", "mode", "detected_at", "halted_at", "resumed_at",
    "notice_at", "affected_account_count",
)  # fmt: skip
_AUDIT_COLUMNS = (
    "audit_month", "asset", "as_of", "ledger_quantity", "hot_wallet_quantity", "cold_wallet_quantity", "price_krw",
    "auditor", "opinion", "signed_on",
)  # fmt: skip
_PATTERN_COLUMNS = (
    "day", "market", "pattern", "alert_count", "case_count", "account_count", "key_count", "notified_count",
    "trade_value_krw", "api_trade_value_krw",
)  # fmt: skip


def _records(columns: tuple[str, ...], *rows: tuple[Any, ...]) -> tuple[dict[str, Any], ...]:
    return tuple(dict(zip(columns, row, strict=True)) for row in rows)


def _at(time: str, day: str = "2026-11-02") -> str:
    return f"{day}T{time}+09:00"


RECORDS: dict[str, tuple[dict[str, Any], ...]] = {
    "api_volume": _records(
        _VOLUME_COLUMNS,
        (_at("00:00:00"), "BTC/KRW", "1234567890123.45", "370370367.00000001", 45120, 13550, 20111, 4022, 911, 231),
        (_at("09:00:00"), "BTC/KRW", "98765432109876543210.12345678", "0.00000014", 2, 1, 3, 1, 1, 1),
        (_at("09:00:00"), "1INCH/KRW", "0", "0", 0, 0, 0, 0, 0, 0),
        (_at("23:00:00"), "ETH/BTC", "50000", "15000.5", 8, 2, 9007199254740993, 4, 3, 2),
    ),
    "api_keys": _records(
        _KEY_COLUMNS,
        ("2026-11-02", "read", 1200, 35, 10, 5, 0, 1220, 1220, 4, 17, 0),
        ("2026-11-02", "trade", 8400, 120, 64, 20, 6, 8430, 8401, 5, 250, 3),
        ("2026-11-02", "withdraw", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ),
    "key_actions": _records(
        _ACTION_COLUMNS,
        ("XX-A-0001", "XX-C-001", _hash("key 1"), _hash("account 1"), "lending", "medium", "monitoring",
         _at("08:59:59"), _at("09:05:00"), "applied", None),
        ("XX-A-0002", "XX-C-001", _hash("key 1"), _hash("account 1"), "lending", "medium", "warning",
         _at("08:59:59"), _at("11:30:00"), "no_response", '유의사항 안내, "2차" 경고'),
        ("XX-A-0003", "XX-C-002", _hash("key 2"), _hash("account 2"), "proxy_trading", "high", "forced_expiry",
         _at("23:10:00", "2026-11-01"), _at("00:00:00"), "applied", "동일 접속지에서 다수 계정 이용\n담당: 감시팀"),
        ("XX-A-0004", "XX-C-003", _hash("key 3"), _hash("account 3"), "address_anomaly", "low", "reverification",
         _at("12:00:00"), _at("12:00:00"), "passed", "a < b & c > d"),
        ("XX-A-0005", "XX-C-003", _hash("key 3"), _hash("account 3"), "address_anomaly", "low", "cleared",
         _at("12:00:00"), _at("23:59:59"), "passed", "해제"),
    ),
    "reconciliation": _records(
        _CHECK_COLUMNS,
        (_at("00:00:02"), "BTC", "12345.123456789012345678", "12345.123456789012345678", "98765432", "match"),
        (_at("00:00:02"), "BTT", "99999999999999999999.999999999999999999", "99999999999999999999.999999999999999999",
         "0.00083", "match"),
        (_at("09:05:00.250"), "BTC", "12345", "12344.999999999999999999", "98765432.1", "mismatch"),
        (_at("09:05:00.250"), "1INCH", "0.000000000000000001", "0.000000000000000002", "412.5", "match"),
        (_at("23:59:59.999"), "ETH", "0", "0", "3456789", "match"),
    ),
    "halts": _records(
        _HALT_COLUMNS,
        ("XX-H-20261102-01", "asset", "BTC", "all", "reconciliation_mismatch", "automatic",
         _at("09:05:00"), _at("09:05:30"), _at("10:00:00"), _at("09:20:00"), 1203),
        ("XX-H-20261102-02", "market", "ETH/BTC", "trading", "abnormal_trading", "manual",
         _at("12:00:00"), _at("12:01:00"), None, None, 0),
        ("XX-H-20261102-03", "exchange", "ALL", "withdrawal", "maintenance", "manual",
         _at("00:00:00"), _at("00:00:00"), _at("04:00:00"), _at("10:00:00", "2026-11-01"), 9007199254740993),
        ("XX-H-20261102-04", "account", "ACCOUNTS", "deposit", "authority_order", "manual",
         _at("15:00:00"), _at("15:30:00"), None, None, 2),
    ),
    "audits": _records(
        _AUDIT_COLUMNS,
        ("2026-10", "BTC", _at("00:00:00", "2026-11-01"), "12345.123456789012345678", "1000.5",
         "11400.000000000000000001", "98765432.5", "가나회계법인", "unqualified", "2026-11-06"),
        ("2026-10", "ETH", _at("00:00:00", "2026-11-01"), "250000", "40000", "210000", "3456789",
         "가나회계법인", "qualified", "2026-11-06"),
        ("2026-10", "BTT", _at("18:00:00", "2026-10-31"), "99999999999999999999", "0", "99999999999999999999",
         "0.00083", "다라회계법인, 서울", "disclaimer", "2026-11-09"),
    ),
    "surveillance": _records(
        _PATTERN_COLUMNS,
        ("2026-11-02", "BTC/KRW", "repeated_small_trades", 41, 3, 7, 9, 1, "1250000000.5", "1249999999.99999999"),
        ("2026-11-02", "BTC/KRW", "spoofing", 5, 0, 0, 0, 0, "0", "0"),
        ("2026-11-02", "ETH/BTC", "coordinated_accounts", 2, 1, 2, 2, 0, "300000", "0.00000014"),
        ("2026-11-02", "1INCH/KRW", "target_price_push", 12, 2, 1, 4, 2, "98765432", "98765432"),
    ),
}  # fmt: skip
"""Each report's rows."""

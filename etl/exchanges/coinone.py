"""Coinone: a JSON object in UTF-8 with its records under `data`.

Oddities (specification 4.3): any `result` but success or `error_code` but 0 is no report; a market is two fields, in
lower case in `api_volume` and `surveillance` and in upper case in `halts`; instants are epoch milliseconds as JSON
integers, but epoch seconds as strings in `key_actions` and `halts`; every other number is a decimal string; absent
is the empty string.
"""

from datetime import date, time

from etl import notation as n
from etl.layout import Container, DayReset, Exchange, House
from expectations.catalogue import report
from expectations.vocabulary import ValueType, Wording

HOUSE = House(
    container=Container.JSON,
    notations={
        ValueType.QUANTITY: n.QUANTITY_PLAIN,
        ValueType.KRW: n.KRW_PLAIN,
        ValueType.COUNT: n.COUNT_TEXT,
        ValueType.INSTANT: n.EPOCH_MILLISECONDS_NUMBER,
        ValueType.DATE: n.DATE_COMPACT,
        ValueType.MONTH: n.MONTH_COMPACT,
        ValueType.MARKET: n.MARKET_TWO_FIELDS_LOWER,
        ValueType.ASSET: n.ASSET_UPPER,
        ValueType.HASH: n.HASH,
        ValueType.TEXT: n.TEXT,
    },
    spell_code=str,
    target_words={"ALL": "|", "ACCOUNTS": "|"},
    envelope=True,
)
IN_SECONDS = {ValueType.INSTANT: n.EPOCH_SECONDS_TEXT}
IN_SECONDS_AND_UPPER = {**IN_SECONDS, ValueType.MARKET: n.MARKET_TWO_FIELDS_UPPER}

LAYOUTS = (
    HOUSE.layout(
        report("api_volume"),
        {
            "hour_start": "timestamp",
            "market": ("quote_currency", "target_currency"),
            "trade_value_krw": "quote_volume",
            "api_trade_value_krw": "api_quote_volume",
            "trade_count": "trade_count",
            "api_trade_count": "api_trade_count",
            "api_order_count": "api_order_count",
            "api_cancel_count": "api_cancel_count",
            "api_small_order_count": "api_small_order_count",
            "api_account_count": "api_account_count",
        },
    ),
    HOUSE.layout(
        report("api_keys"),
        {
            "snapshot_date": "date",
            "scope": "permission",
            "opening_keys": "opening",
            "issued_keys": "issued",
            "expired_keys": "expired",
            "deleted_keys": "deleted",
            "forced_expired_keys": "forced_expired",
            "active_keys": "active",
            "allowlisted_keys": "ip_registered",
            "max_ips_per_key": "max_ip",
            "blocked_call_count": "ip_blocked",
            "unlisted_call_count": "ip_unlisted",
        },
    ),
    HOUSE.layout(
        report("key_actions"),
        {
            "action_id": "id",
            "case_id": "case_id",
            "key_ref": "key_hash",
            "account_ref": "account_hash",
            "suspicion": "suspicion",
            "risk_level": "risk",
            "stage": "stage",
            "detected_at": "detected_at",
            "acted_at": "acted_at",
            "outcome": "outcome",
            "note": "note",
        },
        notations=IN_SECONDS,
    ),
    HOUSE.layout(
        report("reconciliation"),
        {
            "checked_at": "timestamp",
            "asset": "currency",
            "ledger_quantity": "ledger",
            "wallet_quantity": "wallet",
            "price_krw": "price",
            "result": "status",
        },
    ),
    HOUSE.layout(
        report("halts"),
        {
            "halt_id": "id",
            "scope": "scope",
            "target": ("quote_currency", "target_currency"),
            "functions": "functions",
            "trigger": "trigger",
            "mode": "mode",
            "detected_at": "detected_at",
            "halted_at": "halted_at",
            "resumed_at": "resumed_at",
            "notice_at": "notice_at",
            "affected_account_count": "account_count",
        },
        notations=IN_SECONDS_AND_UPPER,
    ),
    HOUSE.layout(
        report("audits"),
        {
            "audit_month": "month",
            "asset": "currency",
            "as_of": "as_of",
            "ledger_quantity": "ledger",
            "hot_wallet_quantity": "hot",
            "cold_wallet_quantity": "cold",
            "price_krw": "price",
            "auditor": "auditor",
            "opinion": "opinion",
            "signed_on": "signed_date",
        },
    ),
    HOUSE.layout(
        report("surveillance"),
        {
            "day": "date",
            "market": ("quote_currency", "target_currency"),
            "pattern": "pattern",
            "alert_count": "alerts",
            "case_count": "cases",
            "account_count": "accounts",
            "key_count": "keys",
            "trade_value_krw": "quote_volume",
            "api_trade_value_krw": "api_quote_volume",
            "notified_count": "notified",
        },
    ),
)

EXCHANGE = Exchange(
    id="coinone",
    names=((date.min, Wording("코인원", "Coinone")),),
    operator=Wording("(주)코인원", "Coinone Inc."),
    day_reset=DayReset(time(9), Wording("코인원 공개 시세 API의 당일 기준", "The day of its public ticker")),
    short_code="CO",
    layouts={layout.report: layout for layout in LAYOUTS},
)

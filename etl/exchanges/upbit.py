"""Upbit (Dunamu): a JSON array of objects in UTF-8.

Oddities (specification 4.1): markets quote first (`KRW-BTC`); instants with offset, only `candle_date_time_kst` is
naive KST; quantities are JSON strings while won and counts are JSON numbers, won possibly with an exponent; codes in
upper case; whether a halt was automatic is a JSON boolean; absent is `null`.
"""

from dataclasses import replace
from datetime import date, time

from etl import notation as n
from etl.layout import Container, DayReset, Exchange, House, Native
from expectations.catalogue import report
from expectations.vocabulary import ValueType, Wording

HOUSE = House(
    container=Container.JSON,
    notations={
        ValueType.QUANTITY: n.QUANTITY_PLAIN,
        ValueType.KRW: n.KRW_JSON_NUMBER,
        ValueType.COUNT: n.COUNT_NUMBER,
        ValueType.INSTANT: n.INSTANT_OFFSET_KST,
        ValueType.DATE: n.DATE_DASHES,
        ValueType.MONTH: n.MONTH_DASH,
        ValueType.MARKET: n.MARKET_QUOTE_DASH_BASE,
        ValueType.ASSET: n.ASSET_UPPER,
        ValueType.HASH: n.HASH,
        ValueType.TEXT: n.TEXT,
    },
    spell_code=str.upper,
    target_words={"ALL": "ALL", "ACCOUNTS": "ACCOUNTS"},
)

LAYOUTS = (
    HOUSE.layout(
        report("api_volume"),
        {
            "hour_start": Native(("candle_date_time_kst",), n.INSTANT_NAIVE_KST),
            "market": "market",
            "trade_value_krw": "acc_trade_price",
            "api_trade_value_krw": "api_acc_trade_price",
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
            "snapshot_date": "base_date",
            "scope": "permission",
            "opening_keys": "opening_count",
            "issued_keys": "issued_count",
            "expired_keys": "expired_count",
            "deleted_keys": "deleted_count",
            "forced_expired_keys": "forced_expired_count",
            "active_keys": "active_count",
            "allowlisted_keys": "allowed_ip_key_count",
            "max_ips_per_key": "max_allowed_ips",
            "blocked_call_count": "blocked_ip_call_count",
            "unlisted_call_count": "unregistered_ip_call_count",
        },
    ),
    HOUSE.layout(
        report("key_actions"),
        {
            "action_id": "uuid",
            "case_id": "case_uuid",
            "key_ref": "access_key_hash",
            "account_ref": "account_hash",
            "suspicion": "suspicion_type",
            "risk_level": "risk_level",
            "stage": "step",
            "detected_at": "detected_at",
            "acted_at": "executed_at",
            "outcome": "result",
            "note": "memo",
        },
    ),
    HOUSE.layout(
        report("reconciliation"),
        {
            "checked_at": "checked_at",
            "asset": "currency",
            "ledger_quantity": "ledger_balance",
            "wallet_quantity": "wallet_balance",
            "price_krw": "trade_price",
            "result": "status",
        },
    ),
    HOUSE.layout(
        report("halts"),
        {
            "halt_id": "uuid",
            "scope": "scope",
            "target": "target",
            "functions": "functions",
            "trigger": "trigger",
            "mode": Native(
                ("auto",),
                replace(n.TEXT, cells=frozenset({n.Cell.BOOLEAN})),
                codes={"automatic": "true", "manual": "false"},
            ),
            "detected_at": "detected_at",
            "halted_at": "halted_at",
            "resumed_at": "resumed_at",
            "notice_at": "noticed_at",
            "affected_account_count": "account_count",
        },
    ),
    HOUSE.layout(
        report("audits"),
        {
            "audit_month": "base_month",
            "asset": "currency",
            "as_of": "base_at",
            "ledger_quantity": "ledger_balance",
            "hot_wallet_quantity": "hot_balance",
            "cold_wallet_quantity": "cold_balance",
            "price_krw": "trade_price",
            "auditor": "auditor",
            "opinion": "opinion",
            "signed_on": "signed_date",
        },
    ),
    HOUSE.layout(
        report("surveillance"),
        {
            "day": "base_date",
            "market": "market",
            "pattern": "pattern",
            "alert_count": "alert_count",
            "case_count": "case_count",
            "account_count": "account_count",
            "key_count": "key_count",
            "trade_value_krw": "acc_trade_price",
            "api_trade_value_krw": "api_acc_trade_price",
            "notified_count": "notified_count",
        },
    ),
)

EXCHANGE = Exchange(
    id="upbit",
    names=((date.min, Wording("업비트", "Upbit")),),
    operator=Wording("두나무(주)", "Dunamu Inc."),
    day_reset=DayReset(time(9), Wording("업비트 공개 시세 API의 일봉 기준", "The daily candles of its public ticker")),
    short_code="UP",
    layouts={layout.report: layout for layout in LAYOUTS},
)

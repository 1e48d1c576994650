"""Korbit (apparently becoming Digital X in 2026): CSV in UTF-8 with byte-order mark, comma, CRLF.

Oddities (specification 4.4): camelCase headers and codes; markets and assets in lower case (`btc_krw`, `btc`); instants
are epoch milliseconds; quoted fields may hold commas, quotes and line breaks; whether a halt was automatic is
true or false. No date of the renaming is published, so no second display name stands here yet.
"""

from datetime import date

from etl import notation as n
from etl.layout import Container, DayReset, Exchange, House, Native
from expectations.catalogue import report
from expectations.vocabulary import ValueType, Wording


def camel_case(code: str) -> str:
    """`forced_expiry` as Korbit writes it: `forcedExpiry`."""
    first, *rest = code.split("_")
    return first + "".join(word.capitalize() for word in rest)


HOUSE = House(
    container=Container.CSV,
    notations={
        ValueType.QUANTITY: n.QUANTITY_PLAIN,
        ValueType.KRW: n.KRW_PLAIN,
        ValueType.COUNT: n.COUNT_TEXT,
        ValueType.INSTANT: n.EPOCH_MILLISECONDS_TEXT,
        ValueType.DATE: n.DATE_DASHES,
        ValueType.MONTH: n.MONTH_DASH,
        ValueType.MARKET: n.MARKET_LOWER_UNDERSCORE,
        ValueType.ASSET: n.ASSET_LOWER,
        ValueType.HASH: n.HASH,
        ValueType.TEXT: n.TEXT,
    },
    spell_code=camel_case,
    target_words={"ALL": "all", "ACCOUNTS": "accounts"},
)

LAYOUTS = (
    HOUSE.layout(
        report("api_volume"),
        {
            "hour_start": "timestamp",
            "market": "symbol",
            "trade_value_krw": "quoteVolume",
            "api_trade_value_krw": "apiQuoteVolume",
            "trade_count": "tradeCount",
            "api_trade_count": "apiTradeCount",
            "api_order_count": "apiOrderCount",
            "api_cancel_count": "apiCancelCount",
            "api_small_order_count": "apiSmallOrderCount",
            "api_account_count": "apiAccountCount",
        },
    ),
    HOUSE.layout(
        report("api_keys"),
        {
            "snapshot_date": "date",
            "scope": "permission",
            "opening_keys": "openingKeys",
            "issued_keys": "issuedKeys",
            "expired_keys": "expiredKeys",
            "deleted_keys": "deletedKeys",
            "forced_expired_keys": "forcedExpiredKeys",
            "active_keys": "activeKeys",
            "allowlisted_keys": "whitelistedKeys",
            "max_ips_per_key": "maxWhitelistSize",
            "blocked_call_count": "blockedCalls",
            "unlisted_call_count": "unlistedCalls",
        },
    ),
    HOUSE.layout(
        report("key_actions"),
        {
            "action_id": "actionId",
            "case_id": "caseId",
            "key_ref": "keyHash",
            "account_ref": "accountHash",
            "suspicion": "suspicion",
            "risk_level": "riskLevel",
            "stage": "stage",
            "detected_at": "detectedAt",
            "acted_at": "actedAt",
            "outcome": "outcome",
            "note": "note",
        },
    ),
    HOUSE.layout(
        report("reconciliation"),
        {
            "checked_at": "checkedAt",
            "asset": "asset",
            "ledger_quantity": "ledgerBalance",
            "wallet_quantity": "walletBalance",
            "price_krw": "price",
            "result": "result",
        },
    ),
    HOUSE.layout(
        report("halts"),
        {
            "halt_id": "haltId",
            "scope": "scope",
            "target": "target",
            "functions": "functions",
            "trigger": "trigger",
            "mode": Native(("automatic",), n.TEXT, codes={"automatic": "true", "manual": "false"}),
            "detected_at": "detectedAt",
            "halted_at": "haltedAt",
            "resumed_at": "resumedAt",
            "notice_at": "noticeAt",
            "affected_account_count": "affectedAccounts",
        },
    ),
    HOUSE.layout(
        report("audits"),
        {
            "audit_month": "month",
            "asset": "asset",
            "as_of": "asOf",
            "ledger_quantity": "ledgerBalance",
            "hot_wallet_quantity": "hotBalance",
            "cold_wallet_quantity": "coldBalance",
            "price_krw": "price",
            "auditor": "auditor",
            "opinion": "opinion",
            "signed_on": "signedOn",
        },
    ),
    HOUSE.layout(
        report("surveillance"),
        {
            "day": "date",
            "market": "symbol",
            "pattern": "pattern",
            "alert_count": "alertCount",
            "case_count": "caseCount",
            "account_count": "accountCount",
            "key_count": "keyCount",
            "trade_value_krw": "quoteVolume",
            "api_trade_value_krw": "apiQuoteVolume",
            "notified_count": "notifiedCount",
        },
    ),
)

EXCHANGE = Exchange(
    id="korbit",
    names=((date.min, Wording("코빗", "Korbit")),),
    operator=Wording("(주)코빗", "Korbit Inc."),
    day_reset=DayReset(
        None, Wording("코빗 공개 시세 API는 최근 24시간을 집계", "Its public ticker tells of the last 24 hours")
    ),
    short_code="KO",
    layouts={layout.report: layout for layout in LAYOUTS},
)

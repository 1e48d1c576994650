"""Gopax (Streami): CSV in CP949, comma, LF.

Oddities (specification 4.5): Korean headers and codes; markets base first (`BTC-KRW`, the mirror of Upbit's); instants
in UTC; quantities may have an exponent; absent is `-`; a nil return is the header and a line that says 없음. A file
that is UTF-8 and holds more than ASCII is refused by name (SUB-001).
"""

from datetime import date, time

from etl import notation as n
from etl.layout import Container, DayReset, Exchange, House
from expectations.catalogue import report
from expectations.vocabulary import ValueType, Wording

CODES = {
    "read": "조회",
    "trade": "거래",
    "withdraw": "출금",
    "lending": "키대여",
    "sharing": "키공유",
    "proxy_trading": "대리거래",
    "external_tool": "외부도구",
    "address_anomaly": "IP이상",
    "low": "낮음",
    "medium": "보통",
    "high": "높음",
    "monitoring": "모니터링",
    "warning": "경고",
    "reverification": "재인증",
    "forced_expiry": "강제만료",
    "cleared": "종결",
    "applied": "완료",
    "passed": "통과",
    "failed": "실패",
    "no_response": "무응답",
    "match": "정상",
    "mismatch": "불일치",
    "exchange": "전체",
    "market": "마켓",
    "asset": "자산",
    "account": "계정",
    "trading": "거래",
    "deposit": "입금",
    "withdrawal": "출금",
    "all": "전체",
    "reconciliation_mismatch": "잔고불일치",
    "abnormal_trading": "이상거래",
    "system_fault": "장애",
    "maintenance": "점검",
    "authority_order": "당국요청",
    "automatic": "자동",
    "manual": "수동",
    "unqualified": "적정",
    "qualified": "한정",
    "adverse": "부적정",
    "disclaimer": "의견거절",
    "repeated_small_trades": "소액반복",
    "spoofing": "허수호가",
    "coordinated_accounts": "통정거래",
    "target_price_push": "목표가유도",
}

HOUSE = House(
    container=Container.CSV,
    notations={
        ValueType.QUANTITY: n.QUANTITY_EXPONENT,
        ValueType.KRW: n.KRW_PLAIN,
        ValueType.COUNT: n.COUNT_TEXT,
        ValueType.INSTANT: n.INSTANT_UTC,
        ValueType.DATE: n.DATE_SLASHES,
        ValueType.MONTH: n.MONTH_SLASH,
        ValueType.MARKET: n.MARKET_BASE_DASH_QUOTE,
        ValueType.ASSET: n.ASSET_UPPER,
        ValueType.HASH: n.HASH,
        ValueType.TEXT: n.TEXT,
    },
    spell_code=CODES.__getitem__,
    target_words={"ALL": "전체", "ACCOUNTS": "계정"},
    encoding="cp949",
    absent="-",
    nil_mark="없음",
)

LAYOUTS = (
    HOUSE.layout(
        report("api_volume"),
        {
            "hour_start": "시간",
            "market": "거래쌍",
            "trade_value_krw": "거래금액",
            "api_trade_value_krw": "API거래금액",
            "trade_count": "체결수",
            "api_trade_count": "API체결수",
            "api_order_count": "API주문수",
            "api_cancel_count": "API취소수",
            "api_small_order_count": "API소액주문수",
            "api_account_count": "API계정수",
        },
    ),
    HOUSE.layout(
        report("api_keys"),
        {
            "snapshot_date": "기준일자",
            "scope": "권한구분",
            "opening_keys": "전일키수",
            "issued_keys": "발급",
            "expired_keys": "만료",
            "deleted_keys": "삭제",
            "forced_expired_keys": "강제만료",
            "active_keys": "유효키수",
            "allowlisted_keys": "IP등록키수",
            "max_ips_per_key": "최대IP수",
            "blocked_call_count": "IP차단수",
            "unlisted_call_count": "미등록IP호출수",
        },
    ),
    HOUSE.layout(
        report("key_actions"),
        {
            "action_id": "조치ID",
            "case_id": "사건ID",
            "key_ref": "키식별값",
            "account_ref": "계정식별값",
            "suspicion": "의심구분",
            "risk_level": "위험도",
            "stage": "단계",
            "detected_at": "탐지일시",
            "acted_at": "조치일시",
            "outcome": "처리결과",
            "note": "메모",
        },
    ),
    HOUSE.layout(
        report("reconciliation"),
        {
            "checked_at": "점검일시",
            "asset": "자산",
            "ledger_quantity": "원장수량",
            "wallet_quantity": "보유수량",
            "price_krw": "기준가격",
            "result": "판정",
        },
    ),
    HOUSE.layout(
        report("halts"),
        {
            "halt_id": "중단ID",
            "scope": "대상구분",
            "target": "대상값",
            "functions": "기능",
            "trigger": "사유구분",
            "mode": "방식",
            "detected_at": "탐지일시",
            "halted_at": "중단일시",
            "resumed_at": "재개일시",
            "notice_at": "공지일시",
            "affected_account_count": "대상계정수",
        },
    ),
    HOUSE.layout(
        report("audits"),
        {
            "audit_month": "기준월",
            "asset": "자산",
            "as_of": "기준일시",
            "ledger_quantity": "원장수량",
            "hot_wallet_quantity": "핫월렛",
            "cold_wallet_quantity": "콜드월렛",
            "price_krw": "기준가격",
            "auditor": "감사인",
            "opinion": "의견",
            "signed_on": "서명일자",
        },
    ),
    HOUSE.layout(
        report("surveillance"),
        {
            "day": "일자",
            "market": "거래쌍",
            "pattern": "유형",
            "alert_count": "적출수",
            "case_count": "심리수",
            "account_count": "계정수",
            "key_count": "키수",
            "trade_value_krw": "거래금액",
            "api_trade_value_krw": "API거래금액",
            "notified_count": "통보수",
        },
    ),
)

EXCHANGE = Exchange(
    id="gopax",
    names=((date.min, Wording("고팍스", "Gopax")),),
    operator=Wording("(주)스트리미", "Streami Inc."),
    day_reset=DayReset(
        time(23),
        Wording(
            "언론 보도(2025-03), 거래소 문서로는 확인되지 않음", "Press of 2025-03; no document of the exchange says so"
        ),
    ),
    short_code="GO",
    layouts={layout.report: layout for layout in LAYOUTS},
)

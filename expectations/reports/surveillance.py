"""Surveillance (이상거래): suspected abnormal trading by market and pattern.

Source: specification 2.7; the four patterns are those that the FSS named on 2026-04-13. A case grows out
of alerts and a notification to the authority out of a case, so each count is a part of the one before.
The values are those of the trading concerned, and not the market's whole.
"""

from datetime import time

from expectations.vocabulary import Cadence, Field, Report, ValueType, Wording

REPORT = Report(
    name="surveillance",
    prefix="SUR",
    label=Wording("이상거래", "Market surveillance"),
    cadence=Cadence.DAY,
    fields=(
        Field(
            "day",
            ValueType.DATE,
            Wording("일자", "Day"),
            Wording("적출한 날", "The day that was watched"),
        ),
        Field(
            "market",
            ValueType.MARKET,
            Wording("마켓", "Market"),
            Wording("적출된 마켓", "The market in which the pattern was seen"),
        ),
        Field(
            "pattern",
            ValueType.CODE,
            Wording("유형", "Pattern"),
            Wording("의심되는 이상거래의 유형", "The kind of abnormal trading that is suspected"),
            codes=("repeated_small_trades", "spoofing", "coordinated_accounts", "target_price_push"),
        ),
        Field(
            "alert_count",
            ValueType.COUNT,
            Wording("적출건수", "Alerts"),
            Wording("상시감시에서 적출된 건수", "Alerts that the surveillance raised"),
            unit="alerts",
        ),
        Field(
            "case_count",
            ValueType.COUNT,
            Wording("심리건수", "Cases"),
            Wording("심리에 착수한 사건수", "Cases that were opened for review"),
            unit="cases",
        ),
        Field(
            "account_count",
            ValueType.COUNT,
            Wording("계정수", "Accounts"),
            Wording("관련된 계정수", "Accounts concerned"),
            unit="accounts",
        ),
        Field(
            "key_count",
            ValueType.COUNT,
            Wording("키수", "Keys"),
            Wording("관련된 API 키수", "API keys concerned"),
            unit="keys",
        ),
        Field(
            "notified_count",
            ValueType.COUNT,
            Wording("통보건수", "Notified cases"),
            Wording("금융당국에 통보한 사건수", "Cases of which the authority was notified"),
            unit="cases",
        ),
        Field(
            "trade_value_krw",
            ValueType.KRW,
            Wording("거래대금", "Trade value"),
            Wording("관련된 거래의 거래대금", "Value of the trading concerned in won"),
            unit="KRW",
        ),
        Field(
            "api_trade_value_krw",
            ValueType.KRW,
            Wording("API 거래대금", "API trade value"),
            Wording("그중 API로 접수된 주문의 거래대금", "The part of it that came through the API"),
            unit="KRW",
        ),
    ),
    key=("day", "market", "pattern"),
    period_field="day",
    subject_field="market",
    due_day_of_next_month=None,
    due_time=time(10),
)

"""API volume (API 거래량): how much of each market's trading in each hour came through the API.

Source: specification 2.1. Values and counts are two-sided: every trade has a buying and a selling side,
each counted once, and the API part is the sides whose order came through the API. Accounts are distinct
only within their hour and market, so they do not add up over rows.
"""

from datetime import time

from expectations.vocabulary import Cadence, Field, Report, ValueType, Wording

REPORT = Report(
    name="api_volume",
    prefix="VOL",
    label=Wording("API 거래량", "API volume"),
    cadence=Cadence.DAY,
    fields=(
        Field(
            "hour_start",
            ValueType.INSTANT,
            Wording("집계시각", "Hour"),
            Wording("집계한 1시간이 시작하는 시각", "The moment at which the hour begins"),
        ),
        Field(
            "market",
            ValueType.MARKET,
            Wording("마켓", "Market"),
            Wording("집계한 마켓", "The market that was counted"),
        ),
        Field(
            "trade_value_krw",
            ValueType.KRW,
            Wording("거래대금", "Trade value"),
            Wording(
                "매수·매도 양측을 합한 거래대금의 원화 금액",
                "Value of all trades in won, buying and selling sides together",
            ),
            unit="KRW",
        ),
        Field(
            "api_trade_value_krw",
            ValueType.KRW,
            Wording("API 거래대금", "API trade value"),
            Wording(
                "그중 API로 접수된 주문 쪽의 거래대금",
                "The part of it on sides whose order came through the API",
            ),
            unit="KRW",
        ),
        Field(
            "trade_count",
            ValueType.COUNT,
            Wording("체결건수", "Trades"),
            Wording(
                "매수·매도 양측을 각각 센 체결건수",
                "Trades, the buying and the selling side counted once each",
            ),
            unit="trades",
        ),
        Field(
            "api_trade_count",
            ValueType.COUNT,
            Wording("API 체결건수", "API trades"),
            Wording("그중 API로 접수된 주문 쪽의 체결건수", "Those of them whose order came through the API"),
            unit="trades",
        ),
        Field(
            "api_order_count",
            ValueType.COUNT,
            Wording("API 주문건수", "API orders"),
            Wording("API로 접수된 주문건수", "Orders that came through the API"),
            unit="orders",
        ),
        Field(
            "api_cancel_count",
            ValueType.COUNT,
            Wording("API 취소건수", "API cancels"),
            Wording(
                "API로 취소된 주문건수. 앞선 시간대의 주문도 포함",
                "Orders cancelled through the API, those of an earlier hour included",
            ),
            unit="orders",
        ),
        Field(
            "api_small_order_count",
            ValueType.COUNT,
            Wording("API 소액주문건수", "Small API orders"),
            Wording("API 주문 중 주문금액이 1만 원 이하인 건수", "API orders worth KRW 10,000 or less"),
            unit="orders",
        ),
        Field(
            "api_account_count",
            ValueType.COUNT,
            Wording("API 이용계정수", "API accounts"),
            Wording(
                "해당 시간·마켓에서 API로 거래한 계정수(중복 제외)",
                "Distinct accounts that traded through the API in that hour and market",
            ),
            unit="accounts",
        ),
    ),
    key=("hour_start", "market"),
    period_field="hour_start",
    subject_field="market",
    due_day_of_next_month=None,
    due_time=time(10),
)

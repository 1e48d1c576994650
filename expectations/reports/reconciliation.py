"""Reconciliation (잔고대사): what customers are owed against what is held, every five minutes.

Source: specification 2.4; the five-minute interval is the FSC's of 2026-04-06. A mismatch is a
wallet below the ledger; a surplus is the exchange's own coins.
"""

from datetime import time

from expectations.vocabulary import Cadence, Field, Report, ValueType, Wording

REPORT = Report(
    name="reconciliation",
    prefix="REC",
    label=Wording("잔고대사", "Balance reconciliation"),
    cadence=Cadence.SLICED_DAY,
    fields=(
        Field(
            "checked_at",
            ValueType.INSTANT,
            Wording("대사시각", "Checked at"),
            Wording("장부와 지갑을 대조한 시각", "The moment at which ledger and wallets were compared"),
        ),
        Field(
            "asset",
            ValueType.ASSET,
            Wording("가상자산", "Asset"),
            Wording("대조한 가상자산", "The asset that was compared"),
        ),
        Field(
            "ledger_quantity",
            ValueType.QUANTITY,
            Wording("장부수량", "Ledger quantity"),
            Wording("이용자에게 지급할 수량", "What customers are owed"),
            unit="asset",
        ),
        Field(
            "wallet_quantity",
            ValueType.QUANTITY,
            Wording("지갑 보유수량", "Wallet quantity"),
            Wording("실제로 보유한 수량", "What is held"),
            unit="asset",
        ),
        Field(
            "price_krw",
            ValueType.KRW,
            Wording("기준가", "Price"),
            Wording("1단위의 원화 가격", "Price of one unit in won"),
            unit="KRW",
        ),
        Field(
            "result",
            ValueType.CODE,
            Wording("판정", "Result"),
            Wording("거래소가 내린 판정", "What the exchange concluded"),
            codes=("match", "mismatch"),
        ),
    ),
    key=("checked_at", "asset"),
    period_field="checked_at",
    subject_field="asset",
    due_day_of_next_month=None,
    due_time=time(10),
)

"""Audits (월간 실사): what an external accounting firm found each month, one row per asset.

Source: specification 2.6; the step from quarterly to monthly is the FSC's of 2026-04-06. An audit as of
00:00 on the first day after the month is one of that month's end. It is the only report whose period is a
month.
"""

from datetime import time

from expectations.vocabulary import Cadence, Field, Report, ValueType, Wording

REPORT = Report(
    name="audits",
    prefix="AUD",
    label=Wording("월간 실사", "Monthly audit"),
    cadence=Cadence.MONTH,
    fields=(
        Field(
            "audit_month",
            ValueType.MONTH,
            Wording("실사월", "Audit month"),
            Wording("실사의 대상이 된 월", "The month that was audited"),
        ),
        Field(
            "asset",
            ValueType.ASSET,
            Wording("가상자산", "Asset"),
            Wording("실사한 가상자산", "The asset that was audited"),
        ),
        Field(
            "as_of",
            ValueType.INSTANT,
            Wording("기준시각", "As of"),
            Wording("수량을 확정한 기준시각", "The moment at which the quantities were taken"),
        ),
        Field(
            "ledger_quantity",
            ValueType.QUANTITY,
            Wording("장부수량", "Ledger quantity"),
            Wording("기준시각에 이용자에게 지급할 수량", "What customers were owed at that moment"),
            unit="asset",
        ),
        Field(
            "hot_wallet_quantity",
            ValueType.QUANTITY,
            Wording("핫월렛 수량", "Hot-wallet quantity"),
            Wording("온라인 지갑(핫월렛)에 보유한 수량", "What was held in wallets that are online"),
            unit="asset",
        ),
        Field(
            "cold_wallet_quantity",
            ValueType.QUANTITY,
            Wording("콜드월렛 수량", "Cold-wallet quantity"),
            Wording("오프라인 지갑(콜드월렛)에 보유한 수량", "What was held in wallets that are offline"),
            unit="asset",
        ),
        Field(
            "price_krw",
            ValueType.KRW,
            Wording("기준가", "Price"),
            Wording("1단위의 원화 가격", "The price of one unit in won"),
            unit="KRW",
        ),
        Field(
            "auditor",
            ValueType.TEXT,
            Wording("회계법인", "Auditor"),
            Wording("실사를 수행한 외부 회계법인의 명칭", "The external accounting firm"),
        ),
        Field(
            "opinion",
            ValueType.CODE,
            Wording("실사의견", "Opinion"),
            Wording("회계법인의 의견", "What the firm concluded"),
            codes=("unqualified", "qualified", "adverse", "disclaimer"),
        ),
        Field(
            "signed_on",
            ValueType.DATE,
            Wording("서명일", "Signed on"),
            Wording("실사보고서에 서명한 날", "The day on which the audit report was signed"),
        ),
    ),
    key=("audit_month", "asset"),
    period_field="audit_month",
    subject_field="asset",
    due_day_of_next_month=10,
    due_time=time(18),
)

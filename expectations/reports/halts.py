"""Halts (거래차단): each suspension of trading, deposits or withdrawals that began in the day.

Source: specification 2.5. A halt filed again under the same id in a later period, say with the moment at
which it was lifted, updates the earlier row; the earlier version stays readable. What `target` holds
depends on `scope`, and a target that does not fit is kept as it was written.
"""

from datetime import time

from expectations.vocabulary import Cadence, Field, Report, ValueType, Wording

REPORT = Report(
    name="halts",
    prefix="HLT",
    label=Wording("거래차단", "Halts"),
    cadence=Cadence.DAY,
    fields=(
        Field(
            "halt_id",
            ValueType.TEXT,
            Wording("차단번호", "Halt id"),
            Wording(
                "차단 한 건의 고유번호. 다시 제출해도 같은 번호를 사용",
                "The exchange's own id of the halt, the same when it is filed again",
            ),
            maximum_length=64,
        ),
        Field(
            "scope",
            ValueType.CODE,
            Wording("차단범위", "Scope"),
            Wording("차단이 미치는 범위", "How far the halt reaches"),
            codes=("exchange", "market", "asset", "account"),
        ),
        Field(
            "target",
            ValueType.TARGET,
            Wording("차단대상", "Target"),
            Wording(
                "차단한 마켓 또는 가상자산. 거래소 전체는 ALL, 계정은 ACCOUNTS",
                "The market or asset that was halted; ALL for the exchange, ACCOUNTS for accounts",
            ),
        ),
        Field(
            "functions",
            ValueType.CODE,
            Wording("차단기능", "Functions"),
            Wording("차단한 기능", "What was suspended"),
            codes=("trading", "deposit", "withdrawal", "all"),
        ),
        Field(
            "trigger",
            ValueType.CODE,
            Wording("차단사유", "Trigger"),
            Wording("차단하게 된 사유", "Why it was suspended"),
            codes=(
                "reconciliation_mismatch",
                "abnormal_trading",
                "system_fault",
                "maintenance",
                "authority_order",
            ),
        ),
        Field(
            "mode",
            ValueType.CODE,
            Wording("차단방식", "Mode"),
            Wording(
                "시스템이 자동으로 차단했는지, 사람이 수동으로 차단했는지의 구분",
                "Whether the system or a person set the halt",
            ),
            codes=("automatic", "manual"),
        ),
        Field(
            "detected_at",
            ValueType.INSTANT,
            Wording("탐지시각", "Detected at"),
            Wording("차단 사유를 탐지한 시각", "The moment at which its cause was detected"),
        ),
        Field(
            "halted_at",
            ValueType.INSTANT,
            Wording("차단시각", "Halted at"),
            Wording("차단이 시작된 시각", "The moment at which the halt began"),
        ),
        Field(
            "resumed_at",
            ValueType.INSTANT,
            Wording("해제시각", "Resumed at"),
            Wording(
                "차단이 해제된 시각. 아직 해제되지 않았으면 비워 둠",
                "The moment at which it was lifted; absent while it lasts",
            ),
            required=False,
        ),
        Field(
            "notice_at",
            ValueType.INSTANT,
            Wording("공지시각", "Notice at"),
            Wording(
                "이용자에게 공지한 시각. 공지하지 않았으면 비워 둠",
                "The moment at which users were told; absent if they were not",
            ),
            required=False,
        ),
        Field(
            "affected_account_count",
            ValueType.COUNT,
            Wording("대상계정수", "Affected accounts"),
            Wording("차단의 영향을 받은 계정수", "Accounts that the halt affected"),
            unit="accounts",
        ),
    ),
    key=("halt_id",),
    period_field="halted_at",
    subject_field="halt_id",
    due_day_of_next_month=None,
    due_time=time(10),
)

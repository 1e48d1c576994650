"""Key actions (API 키 조치): each step that an exchange took on a key suspected of improper lending.

Source: specification 2.3; the four measures are those of the DAXA standard of 2026-05-28, which lets them
depend on risk, so a high-risk case may go straight to forced expiry. `cleared` ends a case and is no
measure. Keys and accounts come as the exchange's keyed hashes only.
"""

from datetime import time

from expectations.vocabulary import Cadence, Field, Report, ValueType, Wording

REPORT = Report(
    name="key_actions",
    prefix="ACT",
    label=Wording("API 키 조치", "Key actions"),
    cadence=Cadence.DAY,
    fields=(
        Field(
            "action_id",
            ValueType.TEXT,
            Wording("조치번호", "Action id"),
            Wording("조치 한 건의 고유번호", "The exchange's own id of the step"),
            maximum_length=64,
        ),
        Field(
            "case_id",
            ValueType.TEXT,
            Wording("사건번호", "Case id"),
            Wording("조치가 속한 사건의 번호", "The case to which the step belongs"),
            maximum_length=64,
        ),
        Field(
            "key_ref",
            ValueType.HASH,
            Wording("키 식별값", "Key reference"),
            Wording("거래소가 만든 API 키의 해시값", "Keyed hash of the API key, made by the exchange"),
        ),
        Field(
            "account_ref",
            ValueType.HASH,
            Wording("계정 식별값", "Account reference"),
            Wording("거래소가 만든 계정의 해시값", "Keyed hash of the account, made by the exchange"),
        ),
        Field(
            "suspicion",
            ValueType.CODE,
            Wording("의심유형", "Suspicion"),
            Wording("의심되는 부당 이용의 유형", "What kind of misuse is suspected"),
            codes=("lending", "sharing", "proxy_trading", "external_tool", "address_anomaly"),
        ),
        Field(
            "risk_level",
            ValueType.CODE,
            Wording("위험등급", "Risk level"),
            Wording("거래소가 판단한 위험등급", "How grave the exchange judged the risk to be"),
            codes=("low", "medium", "high"),
        ),
        Field(
            "stage",
            ValueType.CODE,
            Wording("조치단계", "Stage"),
            Wording("취한 조치의 단계", "The measure that was taken"),
            codes=("monitoring", "warning", "reverification", "forced_expiry", "cleared"),
        ),
        Field(
            "detected_at",
            ValueType.INSTANT,
            Wording("탐지시각", "Detected at"),
            Wording("의심 정황을 탐지한 시각", "The moment at which the suspicion arose"),
        ),
        Field(
            "acted_at",
            ValueType.INSTANT,
            Wording("조치시각", "Acted at"),
            Wording("조치를 실행한 시각", "The moment at which the step was taken"),
        ),
        Field(
            "outcome",
            ValueType.CODE,
            Wording("조치결과", "Outcome"),
            Wording("조치의 결과", "What came of the step"),
            codes=("applied", "passed", "failed", "no_response"),
        ),
        Field(
            "note",
            ValueType.TEXT,
            Wording("비고", "Note"),
            Wording(
                "덧붙이는 설명. 개인정보와 키 원문은 기재 금지",
                "Free remark; it must hold no personal data and no key",
            ),
            required=False,
        ),
    ),
    key=("action_id",),
    period_field="acted_at",
    subject_field="action_id",
    due_day_of_next_month=None,
    due_time=time(10),
)

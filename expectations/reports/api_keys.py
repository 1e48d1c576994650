"""API keys (API 키 현황): the inventory of keys by their strongest permission, as it stands at 24:00 KST.

Source: specification 2.2. Each key counts once, under the strongest permission that it holds. Natural
expiry, deletion by the user and forced expiry stay apart, for only the last is a revocation.
"""

from datetime import time

from expectations.vocabulary import Cadence, Field, Report, ValueType, Wording

REPORT = Report(
    name="api_keys",
    prefix="KEY",
    label=Wording("API 키 현황", "API key inventory"),
    cadence=Cadence.DAY,
    fields=(
        Field(
            "snapshot_date",
            ValueType.DATE,
            Wording("기준일", "Snapshot date"),
            Wording("현황의 기준일(24시 기준)", "The day at whose end, 24:00 KST, the keys were counted"),
        ),
        Field(
            "scope",
            ValueType.CODE,
            Wording("권한", "Scope"),
            Wording("키가 가진 가장 강한 권한", "The strongest permission that the keys hold"),
            codes=("read", "trade", "withdraw"),
        ),
        Field(
            "opening_keys",
            ValueType.COUNT,
            Wording("기초 키수", "Opening keys"),
            Wording("전일 24시의 유효 키수", "Active keys at the end of the day before"),
            unit="keys",
        ),
        Field(
            "issued_keys",
            ValueType.COUNT,
            Wording("신규발급 키수", "Issued keys"),
            Wording("당일 새로 발급한 키수", "Keys issued during the day"),
            unit="keys",
        ),
        Field(
            "expired_keys",
            ValueType.COUNT,
            Wording("기간만료 키수", "Expired keys"),
            Wording("유효기간이 지나 만료된 키수", "Keys that ran out by age"),
            unit="keys",
        ),
        Field(
            "deleted_keys",
            ValueType.COUNT,
            Wording("이용자삭제 키수", "Deleted keys"),
            Wording("이용자가 직접 삭제한 키수", "Keys deleted by their user"),
            unit="keys",
        ),
        Field(
            "forced_expired_keys",
            ValueType.COUNT,
            Wording("강제만료 키수", "Forcibly expired keys"),
            Wording(
                "부당 대여 등이 의심되어 거래소가 강제로 만료한 키수",
                "Keys that the exchange expired for suspicion",
            ),
            unit="keys",
        ),
        Field(
            "active_keys",
            ValueType.COUNT,
            Wording("기말 키수", "Active keys"),
            Wording("기준일 24시의 유효 키수", "Active keys at the end of the day"),
            unit="keys",
        ),
        Field(
            "allowlisted_keys",
            ValueType.COUNT,
            Wording("IP 등록 키수", "Allow-listed keys"),
            Wording(
                "유효 키 중 허용 IP가 하나 이상 등록된 키수",
                "Active keys with at least one registered address",
            ),
            unit="keys",
        ),
        Field(
            "max_ips_per_key",
            ValueType.COUNT,
            Wording("키당 최대 IP 수", "Most addresses on a key"),
            Wording("한 키에 등록된 허용 IP 수의 최댓값", "The largest number of addresses registered on one key"),
            unit="addresses",
        ),
        Field(
            "blocked_call_count",
            ValueType.COUNT,
            Wording("미등록 IP 차단건수", "Blocked calls"),
            Wording(
                "등록되지 않은 IP에서 와서 거부한 호출건수",
                "Calls refused because their address was not registered",
            ),
            unit="calls",
        ),
        Field(
            "unlisted_call_count",
            ValueType.COUNT,
            Wording("미등록 IP 허용건수", "Unlisted calls served"),
            Wording(
                "등록되지 않은 IP에서 왔는데도 처리한 호출건수",
                "Calls served although their address was not registered",
            ),
            unit="calls",
        ),
    ),
    key=("snapshot_date", "scope"),
    period_field="snapshot_date",
    subject_field="scope",
    due_day_of_next_month=None,
    due_time=time(10),
)

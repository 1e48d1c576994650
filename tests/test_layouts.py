"""Every exchange can file every report, its columns and code words being those of the specification, both ways.

The tables of the specification's sections 4.6 and 4.7 stand here a second time, as they are printed there.
"""

from collections.abc import Callable, Mapping

import pytest

from etl import notation as n
from etl.exchanges import DISPLAY_ORDER, all_exchanges, exchange
from etl.exchanges.korbit import camel_case
from etl.layout import CANONICAL, Container, House, Layout, Native, canonical_layout
from expectations.catalogue import all_reports, report
from expectations.vocabulary import ValueType
from tests.golden.filing import PAIRS, native_layout, shape_of

EXCHANGES = ("upbit", "bithumb", "coinone", "korbit", "gopax")

COLUMNS = {
    # canonical | upbit | bithumb | coinone | korbit | gopax
    "api_volume": """
        hour_start | candle_date_time_kst | 집계시각 | timestamp | timestamp | 시간
        market | market | 마켓 | quote_currency + target_currency | symbol | 거래쌍
        trade_value_krw | acc_trade_price | 거래대금 | quote_volume | quoteVolume | 거래금액
        api_trade_value_krw | api_acc_trade_price | API거래대금 | api_quote_volume | apiQuoteVolume | API거래금액
        trade_count | trade_count | 체결건수 | trade_count | tradeCount | 체결수
        api_trade_count | api_trade_count | API체결건수 | api_trade_count | apiTradeCount | API체결수
        api_order_count | api_order_count | API주문건수 | api_order_count | apiOrderCount | API주문수
        api_cancel_count | api_cancel_count | API취소건수 | api_cancel_count | apiCancelCount | API취소수
        api_small_order_count | api_small_order_count | API소액주문건수 | api_small_order_count | apiSmallOrderCount | API소액주문수
        api_account_count | api_account_count | API이용계정수 | api_account_count | apiAccountCount | API계정수
    """,  # noqa: E501 — one line of the specification
    "api_keys": """
        snapshot_date | base_date | 기준일 | date | date | 기준일자
        scope | permission | 권한 | permission | permission | 권한구분
        opening_keys | opening_count | 기초 | opening | openingKeys | 전일키수
        issued_keys | issued_count | 신규발급 | issued | issuedKeys | 발급
        expired_keys | expired_count | 기간만료 | expired | expiredKeys | 만료
        deleted_keys | deleted_count | 이용자삭제 | deleted | deletedKeys | 삭제
        forced_expired_keys | forced_expired_count | 강제만료 | forced_expired | forcedExpiredKeys | 강제만료
        active_keys | active_count | 기말 | active | activeKeys | 유효키수
        allowlisted_keys | allowed_ip_key_count | IP등록 | ip_registered | whitelistedKeys | IP등록키수
        max_ips_per_key | max_allowed_ips | 키당최대IP수 | max_ip | maxWhitelistSize | 최대IP수
        blocked_call_count | blocked_ip_call_count | 미등록IP차단건수 | ip_blocked | blockedCalls | IP차단수
        unlisted_call_count | unregistered_ip_call_count | 미등록IP허용건수 | ip_unlisted | unlistedCalls | 미등록IP호출수
    """,  # noqa: E501 — one line of the specification
    "key_actions": """
        action_id | uuid | 조치번호 | id | actionId | 조치ID
        case_id | case_uuid | 사건번호 | case_id | caseId | 사건ID
        key_ref | access_key_hash | 키해시 | key_hash | keyHash | 키식별값
        account_ref | account_hash | 계정해시 | account_hash | accountHash | 계정식별값
        suspicion | suspicion_type | 의심유형 | suspicion | suspicion | 의심구분
        risk_level | risk_level | 위험등급 | risk | riskLevel | 위험도
        stage | step | 조치단계 | stage | stage | 단계
        detected_at | detected_at | 탐지시각 | detected_at | detectedAt | 탐지일시
        acted_at | executed_at | 조치시각 | acted_at | actedAt | 조치일시
        outcome | result | 결과 | outcome | outcome | 처리결과
        note | memo | 비고 | note | note | 메모
    """,
    "reconciliation": """
        checked_at | checked_at | 대사시각 | timestamp | checkedAt | 점검일시
        asset | currency | 가상자산 | currency | asset | 자산
        ledger_quantity | ledger_balance | 장부수량 | ledger | ledgerBalance | 원장수량
        wallet_quantity | wallet_balance | 지갑수량 | wallet | walletBalance | 보유수량
        price_krw | trade_price | 기준가 | price | price | 기준가격
        result | status | 결과 | status | result | 판정
    """,
    "halts": """
        halt_id | uuid | 차단번호 | id | haltId | 중단ID
        scope | scope | 범위 | scope | scope | 대상구분
        target | target | 대상 | quote_currency + target_currency | target | 대상값
        functions | functions | 차단기능 | functions | functions | 기능
        trigger | trigger | 사유 | trigger | trigger | 사유구분
        mode | auto | 방식 | mode | automatic | 방식
        detected_at | detected_at | 탐지시각 | detected_at | detectedAt | 탐지일시
        halted_at | halted_at | 차단시각 | halted_at | haltedAt | 중단일시
        resumed_at | resumed_at | 해제시각 | resumed_at | resumedAt | 재개일시
        notice_at | noticed_at | 공지시각 | notice_at | noticeAt | 공지일시
        affected_account_count | account_count | 대상계정수 | account_count | affectedAccounts | 대상계정수
    """,
    "audits": """
        audit_month | base_month | 실사월 | month | month | 기준월
        asset | currency | 가상자산 | currency | asset | 자산
        as_of | base_at | 기준시각 | as_of | asOf | 기준일시
        ledger_quantity | ledger_balance | 장부수량 | ledger | ledgerBalance | 원장수량
        hot_wallet_quantity | hot_balance | 핫월렛수량 | hot | hotBalance | 핫월렛
        cold_wallet_quantity | cold_balance | 콜드월렛수량 | cold | coldBalance | 콜드월렛
        price_krw | trade_price | 기준가 | price | price | 기준가격
        auditor | auditor | 회계법인 | auditor | auditor | 감사인
        opinion | opinion | 의견 | opinion | opinion | 의견
        signed_on | signed_date | 서명일 | signed_date | signedOn | 서명일자
    """,
    "surveillance": """
        day | base_date | 일자 | date | date | 일자
        market | market | 마켓 | quote_currency + target_currency | symbol | 거래쌍
        pattern | pattern | 유형 | pattern | pattern | 유형
        alert_count | alert_count | 적출건수 | alerts | alertCount | 적출수
        case_count | case_count | 심리건수 | cases | caseCount | 심리수
        account_count | account_count | 계정수 | accounts | accountCount | 계정수
        key_count | key_count | 키수 | keys | keyCount | 키수
        trade_value_krw | acc_trade_price | 거래대금 | quote_volume | quoteVolume | 거래금액
        api_trade_value_krw | api_acc_trade_price | API거래대금 | api_quote_volume | apiQuoteVolume | API거래금액
        notified_count | notified_count | 통보건수 | notified | notifiedCount | 통보수
    """,
}
"""Native column names (specification, 4.7)."""

CODES = """
    # canonical | Bithumb | Gopax
    read · trade · withdraw | 조회 · 주문 · 출금 | 조회 · 거래 · 출금
    lending · sharing · proxy_trading · external_tool · address_anomaly | 대여 · 공유 · 대리매매 · 외부프로그램 · 접속지이상 | 키대여 · 키공유 · 대리거래 · 외부도구 · IP이상
    low · medium · high | 하 · 중 · 상 | 낮음 · 보통 · 높음
    monitoring · warning · reverification · forced_expiry · cleared | 집중모니터링 · 경고 · 본인재확인 · 강제만료 · 해제 | 모니터링 · 경고 · 재인증 · 강제만료 · 종결
    applied · passed · failed · no_response | 적용 · 통과 · 실패 · 무응답 | 완료 · 통과 · 실패 · 무응답
    match · mismatch | 일치 · 불일치 | 정상 · 불일치
    exchange · market · asset · account | 거래소 · 마켓 · 가상자산 · 계정 | 전체 · 마켓 · 자산 · 계정
    trading · deposit · withdrawal · all | 매매 · 입금 · 출금 · 전체 | 거래 · 입금 · 출금 · 전체
    reconciliation_mismatch · abnormal_trading · system_fault · maintenance · authority_order | 잔고불일치 · 이상거래 · 시스템장애 · 점검 · 당국명령 | 잔고불일치 · 이상거래 · 장애 · 점검 · 당국요청
    automatic · manual | 자동 · 수동 | 자동 · 수동
    unqualified · qualified · adverse · disclaimer | 적정 · 한정 · 부적정 · 의견거절 | 적정 · 한정 · 부적정 · 의견거절
    repeated_small_trades · spoofing · coordinated_accounts · target_price_push | 소액반복 · 허수주문 · 통정매매 · 목표가유도 | 소액반복 · 허수호가 · 통정거래 · 목표가유도
"""  # noqa: E501 — one line of the specification
"""Korean codes (specification, 4.6)."""

CODE_FIELDS = (
    ("api_keys", "scope"),
    ("key_actions", "suspicion"),
    ("key_actions", "risk_level"),
    ("key_actions", "stage"),
    ("key_actions", "outcome"),
    ("reconciliation", "result"),
    ("halts", "scope"),
    ("halts", "functions"),
    ("halts", "trigger"),
    ("halts", "mode"),
    ("audits", "opinion"),
    ("surveillance", "pattern"),
)
"""Which column each line of the Korean codes is of."""

CONTAINERS = {
    "upbit": (Container.JSON, "utf-8", None),
    "bithumb": (Container.XLSX, "utf-8", "해당 없음"),
    "coinone": (Container.JSON, "utf-8", None),
    "korbit": (Container.CSV, "utf-8", None),
    "gopax": (Container.CSV, "cp949", "없음"),
}
"""Kind of file, encoding and word of the nil return (specification, 4.1 to 4.5)."""

SHEETS = {
    "api_volume": "API거래량",
    "api_keys": "API키현황",
    "key_actions": "API키조치",
    "reconciliation": "잔고대사",
    "halts": "거래차단",
    "audits": "월간실사",
    "surveillance": "이상거래",
}
WITH_TOTALS = {"api_volume", "api_keys", "surveillance"}
ABSENT = {"upbit": "", "bithumb": "", "coinone": "", "korbit": "", "gopax": "-"}
TARGET_WORDS = {
    "upbit": ("ALL", "ACCOUNTS"),
    "bithumb": ("전체", "계정"),
    "coinone": ("|", "|"),
    "korbit": ("all", "accounts"),
    "gopax": ("전체", "계정"),
}

NOTATIONS = {
    # type: upbit, bithumb, coinone, korbit, gopax
    ValueType.QUANTITY: (n.QUANTITY_PLAIN, n.QUANTITY_COMMAS, n.QUANTITY_PLAIN, n.QUANTITY_PLAIN, n.QUANTITY_EXPONENT),
    ValueType.KRW: (n.KRW_JSON_NUMBER, n.KRW_COMMAS, n.KRW_PLAIN, n.KRW_PLAIN, n.KRW_PLAIN),
    ValueType.COUNT: (n.COUNT_NUMBER, n.COUNT_NUMBER, n.COUNT_TEXT, n.COUNT_TEXT, n.COUNT_TEXT),
    ValueType.INSTANT: (
        n.INSTANT_OFFSET_KST,
        n.INSTANT_SPACED_KST,
        n.EPOCH_MILLISECONDS_NUMBER,
        n.EPOCH_MILLISECONDS_TEXT,
        n.INSTANT_UTC,
    ),
    ValueType.DATE: (n.DATE_DASHES, n.DATE_DASHES, n.DATE_COMPACT, n.DATE_DASHES, n.DATE_SLASHES),
    ValueType.MONTH: (n.MONTH_DASH, n.MONTH_KOREAN, n.MONTH_COMPACT, n.MONTH_DASH, n.MONTH_SLASH),
    ValueType.MARKET: (
        n.MARKET_QUOTE_DASH_BASE,
        n.MARKET_BASE_UNDERSCORE_QUOTE,
        n.MARKET_TWO_FIELDS_LOWER,
        n.MARKET_LOWER_UNDERSCORE,
        n.MARKET_BASE_DASH_QUOTE,
    ),
    ValueType.ASSET: (n.ASSET_UPPER, n.ASSET_UPPER, n.ASSET_UPPER, n.ASSET_LOWER, n.ASSET_UPPER),
    ValueType.HASH: (n.HASH,) * 5,
    ValueType.TEXT: (n.TEXT,) * 5,
}
"""How each exchange writes each type of value (specification, 4.1 to 4.5)."""

EXCEPTIONS = {
    ("upbit", "api_volume", "hour_start"): n.INSTANT_NAIVE_KST,
    ("coinone", "key_actions", "detected_at"): n.EPOCH_SECONDS_TEXT,
    ("coinone", "key_actions", "acted_at"): n.EPOCH_SECONDS_TEXT,
    ("coinone", "halts", "detected_at"): n.EPOCH_SECONDS_TEXT,
    ("coinone", "halts", "halted_at"): n.EPOCH_SECONDS_TEXT,
    ("coinone", "halts", "resumed_at"): n.EPOCH_SECONDS_TEXT,
    ("coinone", "halts", "notice_at"): n.EPOCH_SECONDS_TEXT,
}
"""Columns that an exchange writes otherwise than its others of that type."""


def native_names(report_name: str, exchange_id: str) -> dict[str, tuple[str, ...]]:
    """Native names by canonical name, as the specification prints them."""
    place = EXCHANGES.index(exchange_id) + 1
    lines = [[cell.strip() for cell in line.split("|")] for line in COLUMNS[report_name].strip().splitlines()]
    return {cells[0]: tuple(cells[place].split(" + ")) for cells in lines}


def korean_words(place: int) -> dict[tuple[str, str], dict[str, str]]:
    """Words by canonical code for each coded column; `place` 1 is Bithumb, 2 Gopax."""
    lines = [line for line in CODES.strip().splitlines() if not line.strip().startswith("#")]
    tables = {}
    for key, line in zip(CODE_FIELDS, lines, strict=True):
        cells = [[word.strip() for word in cell.split("·")] for cell in line.split("|")]
        tables[key] = dict(zip(cells[0], cells[place], strict=True))
    return tables


def test_the_members_are_the_five_and_in_order() -> None:
    assert tuple(all_exchanges()) == EXCHANGES == DISPLAY_ORDER


@pytest.mark.parametrize("exchange_id", EXCHANGES)
def test_an_exchange_files_every_report(exchange_id: str) -> None:
    layouts = exchange(exchange_id).layouts
    assert set(layouts) == set(all_reports())
    assert all(layout.report == name for name, layout in layouts.items())


@pytest.mark.parametrize(("exchange_id", "report_name"), PAIRS)
def test_native_columns_are_those_of_the_specification(exchange_id: str, report_name: str) -> None:
    """Order included: a file's columns come in the order of the specification's table."""
    layout = native_layout(exchange_id, report_name)
    found = {name: native.names for name, native in layout.columns.items()}
    assert found == native_names(report_name, exchange_id)
    assert list(found) == list(native_names(report_name, exchange_id))


@pytest.mark.parametrize(("exchange_id", "report_name"), PAIRS)
def test_columns_are_exactly_those_of_the_report(exchange_id: str, report_name: str) -> None:
    layout = native_layout(exchange_id, report_name)
    assert set(layout.columns) == set(shape_of(report_name).field_names)
    assert len(set(layout.native_names)) == len(layout.native_names), "a native name stands twice"


@pytest.mark.parametrize("report_name", list(all_reports()))
def test_the_specification_names_exactly_the_columns_of_the_report(report_name: str) -> None:
    assert set(native_names(report_name, "upbit")) == set(report(report_name).field_names)


@pytest.mark.parametrize(("exchange_id", "report_name"), PAIRS)
def test_every_value_is_written_as_the_specification_says(exchange_id: str, report_name: str) -> None:
    place = EXCHANGES.index(exchange_id)
    for name, native in native_layout(exchange_id, report_name).columns.items():
        kind = report(report_name).field(name).type
        if kind is ValueType.CODE:
            continue
        expected = NOTATIONS[ValueType.ASSET if kind is ValueType.TARGET else kind][place]
        assert native.notation is EXCEPTIONS.get((exchange_id, report_name, name), expected), name


@pytest.mark.parametrize("exchange_id", EXCHANGES)
def test_halt_targets_follow_the_exchanges_notation(exchange_id: str) -> None:
    target = native_layout(exchange_id, "halts").columns["target"]
    place = EXCHANGES.index(exchange_id)
    market = n.MARKET_TWO_FIELDS_UPPER if exchange_id == "coinone" else NOTATIONS[ValueType.MARKET][place]
    assert target.target_market is market
    assert (target.target_words["ALL"], target.target_words["ACCOUNTS"]) == TARGET_WORDS[exchange_id]


@pytest.mark.parametrize(("exchange_id", "report_name"), PAIRS)
def test_the_container_is_that_of_the_specification(exchange_id: str, report_name: str) -> None:
    layout = native_layout(exchange_id, report_name)
    assert (layout.container, layout.encoding, layout.nil_mark) == CONTAINERS[exchange_id]
    assert layout.absent == ABSENT[exchange_id]
    assert layout.format == "native"
    assert layout.envelope == (exchange_id == "coinone")
    assert layout.optional_columns == ()
    if exchange_id == "bithumb":
        assert (layout.sheet, layout.header_row, layout.period_cell) == (SHEETS[report_name], 3, True)
        assert layout.total_row == (report_name in WITH_TOTALS)
    else:
        assert (layout.sheet, layout.header_row, layout.period_cell, layout.total_row) == (None, 1, False, False)


# -------------------------------------------------------------------------------------------------- codes


@pytest.mark.parametrize(("exchange_id", "report_name"), PAIRS)
def test_codes_are_complete_and_invertible(exchange_id: str, report_name: str) -> None:
    for shape in shape_of(report_name).fields:
        codes = native_layout(exchange_id, report_name).columns[shape.name].codes
        assert tuple(codes) == shape.codes, shape.name
        assert len(set(codes.values())) == len(codes), f"{shape.name}: one word for two codes"


@pytest.mark.parametrize(("exchange_id", "place"), [("bithumb", 1), ("gopax", 2)])
def test_korean_codes_are_those_of_the_specification(exchange_id: str, place: int) -> None:
    found = {
        (name, shape.name): dict(native_layout(exchange_id, name).columns[shape.name].codes)
        for name in all_reports()
        for shape in shape_of(name).fields
        if shape.codes
    }
    assert found == korean_words(place)


@pytest.mark.parametrize(
    ("exchange_id", "spelled"),
    [("upbit", str.upper), ("coinone", str), ("korbit", camel_case)],
    ids=["upbit", "coinone", "korbit"],
)
def test_other_codes_are_the_canonical_ones_in_the_exchanges_case(
    exchange_id: str, spelled: Callable[[str], str]
) -> None:
    for name in all_reports():
        for field in shape_of(name).fields:
            if field.codes and not (field.name == "mode" and exchange_id in {"upbit", "korbit"}):
                codes = native_layout(exchange_id, name).columns[field.name].codes
                assert dict(codes) == {code: spelled(code) for code in field.codes}


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("forced_expiry", "forcedExpiry"),
        ("no_response", "noResponse"),
        ("reconciliation_mismatch", "reconciliationMismatch"),
        ("all", "all"),
        ("repeated_small_trades", "repeatedSmallTrades"),
    ],
)
def test_korbit_writes_codes_in_camel_case(code: str, word: str) -> None:
    assert camel_case(code) == word


@pytest.mark.parametrize("exchange_id", ["upbit", "korbit"])
def test_whether_a_halt_was_automatic_is_true_or_false(exchange_id: str) -> None:
    mode = native_layout(exchange_id, "halts").columns["mode"]
    assert dict(mode.codes) == {"automatic": "true", "manual": "false"}
    assert mode.notation.cells == {n.Cell.BOOLEAN if exchange_id == "upbit" else n.Cell.TEXT}


# ------------------------------------------------------------------------------------- the canonical template

CANONICAL_NOTATIONS = {
    ValueType.QUANTITY: n.QUANTITY_PLAIN,
    ValueType.KRW: n.KRW_PLAIN,
    ValueType.COUNT: n.COUNT_ANY,
    ValueType.INSTANT: n.INSTANT_OFFSET_ANY,
    ValueType.DATE: n.DATE_DASHES,
    ValueType.MONTH: n.MONTH_DASH,
    ValueType.MARKET: n.MARKET_CANONICAL,
    ValueType.ASSET: n.ASSET_UPPER,
    ValueType.TARGET: n.ASSET_UPPER,
    ValueType.HASH: n.HASH,
    ValueType.CODE: n.TEXT,
    ValueType.TEXT: n.TEXT,
}


@pytest.mark.parametrize("report_name", list(all_reports()))
@pytest.mark.parametrize("container", [Container.CSV, Container.XLSX, Container.PARQUET])
def test_the_canonical_template_has_exactly_the_canonical_columns(report_name: str, container: Container) -> None:
    shape = shape_of(report_name)
    layout = canonical_layout(shape, container)
    assert layout.native_names == shape.field_names
    assert layout.optional_columns == ("exchange", "submission", "source_row")
    assert (layout.format, layout.container, layout.encoding) == (CANONICAL, container, "utf-8")
    assert (layout.absent, layout.nil_mark, layout.header_row, layout.sheet) == ("", None, 1, None)
    assert not (layout.period_cell or layout.total_row or layout.envelope)
    for field in shape.fields:
        native = layout.columns[field.name]
        assert dict(native.codes) == {code: code for code in field.codes}
        if container is not Container.PARQUET:
            assert native.notation is CANONICAL_NOTATIONS[field.type]


# ------------------------------------------------------------------------------------------ how to declare one


KORBITS = {kind: ways[3] for kind, ways in NOTATIONS.items()}
HOUSE = House(Container.CSV, KORBITS, str, {})


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"checked_at": "t"}, id="columns missing"),
        pytest.param(dict.fromkeys([*report("reconciliation").field_names, "mood"], "x"), id="a column too many"),
    ],
)
def test_a_layout_that_is_not_the_reports_is_refused(columns: Mapping[str, str]) -> None:
    with pytest.raises(ValueError, match="layout of reconciliation"):
        HOUSE.layout(report("reconciliation"), columns)


def test_an_exchange_without_a_word_for_a_code_is_refused() -> None:
    house = House(Container.CSV, KORBITS, {"match": "일치"}.__getitem__, {})
    with pytest.raises(KeyError, match="mismatch"):
        house.layout(report("reconciliation"), {name: name for name in report("reconciliation").field_names})


def test_a_column_of_two_fields_is_named_by_both() -> None:
    layout = native_layout("coinone", "halts")
    assert layout.native_name("target") == "quote_currency + target_currency"
    assert layout.native_name("mode") == "mode"
    assert layout.native_name(None) is None
    assert layout.native_name("unheard_of") == "unheard_of"
    assert isinstance(layout, Layout)
    assert isinstance(layout.columns["target"], Native)


def test_an_unknown_exchange_is_named_with_those_there_are() -> None:
    with pytest.raises(KeyError, match="'binance'; the members are upbit, bithumb"):
        exchange("binance")

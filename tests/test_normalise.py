"""From cells to canonical rows: every problem with its place, all at once, and nothing blanked or guessed.

What is changed here is a cell of a sample, in each exchange's own way of writing.
"""

import csv
import io
import json
import unicodedata
import zipfile
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
import pytest

from etl.examine import Verdict
from etl.formats import Column, TextTable
from etl.layout import Container, canonical_layout
from etl.normalise import SOURCE_ROW, arrow_schema, normalise_table
from etl.notation import Cell
from expectations.catalogue import all_reports, report
from expectations.vocabulary import Finding, Kind, Period, State, ValueType
from tests.golden.filing import (
    PAIRS,
    canonical_file,
    findings_of,
    native_file,
    native_layout,
    period_of,
    reading_of,
    reasons_of,
    sample,
    shape_of,
    table_of,
    verdict_on,
    without_row_numbers,
)
from tests.golden.rows import RECORDS

Records = list[dict[str, Any]]

# ------------------------------------------------------------------------------- files with one cell changed


def records_of(data: bytes) -> Any:
    document = json.loads(data, parse_float=Decimal)
    return document, document["data"] if isinstance(document, dict) else document


def as_json(document: Any) -> bytes:
    """As it was, decimals as numbers with all their digits."""
    parts: dict[str, str] = {}

    def mark(value: Any) -> Any:
        match value:
            case Decimal():
                parts[f"«{len(parts)}»"] = str(value)
                return f"«{len(parts) - 1}»"
            case dict():
                return {key: mark(inner) for key, inner in value.items()}
            case list():
                return [mark(inner) for inner in value]
        return value

    text = json.dumps(mark(document), ensure_ascii=False)
    for sign, number in parts.items():
        text = text.replace(f'"{sign}"', number)
    return text.encode()


def changed_json(data: bytes, change: Callable[[Records], None]) -> bytes:
    document, records = records_of(data)
    change(records)
    return as_json(document)


def changed_csv(data: bytes, encoding: str, change: Callable[[Records], None]) -> bytes:
    text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    lines = list(csv.reader(io.StringIO(text, newline="")))
    records = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    change(records)
    target = io.StringIO(newline="")
    names = list(dict.fromkeys(name for record in records for name in record))
    writer = csv.DictWriter(target, names, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(records)
    return target.getvalue().encode(encoding)


def changed_workbook(data: bytes, header_row: int, change: Callable[[Records], None]) -> bytes:
    """The sheet written anew with its cells changed; texts stay texts and numbers numbers."""
    import xlsxwriter
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    rows = book.get_sheet_by_index(0).to_python()
    header = rows[header_row - 1]
    records = [dict(zip(header, row, strict=True)) for row in rows[header_row:]]
    change(records)
    names = list(dict.fromkeys(name for record in records for name in record))
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as written:
        sheet = written.add_worksheet(book.sheet_names[0])
        for number, row in enumerate([*rows[: header_row - 1], names]):
            sheet.write_row(number, 0, row)
        for number, record in enumerate(records, header_row):
            for place, name in enumerate(names):
                if record.get(name, "") != "":
                    sheet.write(number, place, record[name])
    return target.getvalue()


def changed(exchange_id: str, report_name: str, change: Callable[[Records], None]) -> bytes:
    """The exchange's sample after `change` was made to its records, each a mapping of native names."""
    data, layout = native_file(exchange_id, report_name), native_layout(exchange_id, report_name)
    match layout.container:
        case Container.JSON:
            return changed_json(data, change)
        case Container.CSV:
            return changed_csv(data, layout.encoding, change)
        case _:
            return changed_workbook(data, layout.header_row, change)


def file_with_cell(exchange_id: str, report_name: str, row: int, name: str, value: Any) -> bytes:
    """The sample with one cell changed; `row` counts from 0."""

    def put(records: Records) -> None:
        records[row][name] = value

    return changed(exchange_id, report_name, put)


def with_cell(exchange_id: str, report_name: str, row: int, name: str, value: Any) -> Verdict:
    """The verdict on the sample with one cell changed."""
    return verdict_on(file_with_cell(exchange_id, report_name, row, name, value), exchange_id, report_name)


def found_in_cell(exchange_id: str, report_name: str, row: int, name: str, value: Any) -> tuple[Finding, ...]:
    """What the reader finds in the sample with one cell changed."""
    return reading_of(file_with_cell(exchange_id, report_name, row, name, value), exchange_id, report_name).findings


def first_row(exchange_id: str, report_name: str) -> int:
    """The number of the first row of the sample in the sender's own counting."""
    layout = native_layout(exchange_id, report_name)
    return 1 if layout.container is Container.JSON else layout.header_row + 1


def only(verdict: Verdict) -> Finding:
    (finding,) = findings_of(verdict)
    return finding


@pytest.mark.parametrize(("exchange_id", "report_name"), PAIRS)
def test_a_sample_written_anew_is_still_the_sample(exchange_id: str, report_name: str) -> None:
    """The way of changing cells changes nothing else."""
    verdict = verdict_on(changed(exchange_id, report_name, lambda _: None), exchange_id, report_name)
    if (exchange_id, report_name) in {("bithumb", "halts"), ("bithumb", "api_volume")}:
        assert verdict.row_count == 4, "a count beyond the reach of floats went through one here"
    else:
        assert verdict.findings == ()
        assert without_row_numbers(verdict.table).equals(without_row_numbers(sample(exchange_id, report_name)))


# ---------------------------------------------------------------------------------------- SUB-006, each type

GOOD_ROW = {
    "reconciliation": 2,
    "api_volume": 0,
    "key_actions": 1,
    "halts": 0,
    "audits": 1,
    "surveillance": 0,
    "api_keys": 1,
}
WRITTEN = {
    "upbit": {
        ValueType.QUANTITY: ("0.###", "1,234.5"),
        ValueType.KRW: ("0.### | 0.###E±0", "98765432"),
        ValueType.COUNT: ("0 … 9223372036854775807", "12"),
        ValueType.INSTANT: ("YYYY-MM-DDThh:mm:ss[.mmm]+09:00", "2026-11-02 09:05:00"),
        ValueType.DATE: ("YYYY-MM-DD", "2026/11/02"),
        ValueType.MONTH: ("YYYY-MM", "202610"),
        ValueType.MARKET: ("QUOTE-BASE", "BTC/KRW"),
        ValueType.ASSET: ("1–20 × [A-Z0-9]", "btc"),
    },
    "bithumb": {
        ValueType.QUANTITY: ("#,##0.###", "12,34.5"),
        ValueType.KRW: ("#,##0.###", "98765432원"),
        ValueType.COUNT: ("0 … 9223372036854775807", "1,234"),
        ValueType.INSTANT: ("YYYY-MM-DD h:mm:ss[.mmm]", "2026-11-02T09:05:00"),
        ValueType.DATE: ("YYYY-MM-DD", "2026.11.02"),
        ValueType.MONTH: ("YYYY년 M월", "2026-10"),
        ValueType.MARKET: ("BASE_QUOTE", "BTC-KRW"),
        ValueType.ASSET: ("1–20 × [A-Z0-9]", "비트코인"),
    },
    "coinone": {
        ValueType.QUANTITY: ("0.###", "1e5"),
        ValueType.KRW: ("0.###", "NaN"),
        ValueType.COUNT: ("0 … 9223372036854775807", "12.0"),
        ValueType.INSTANT: ("epoch ms", "1793577900000"),
        ValueType.DATE: ("YYYYMMDD", "2026-11-02"),
        ValueType.MONTH: ("YYYYMM", "2026-10"),
        ValueType.MARKET: ("quote|base", "KRW"),
        ValueType.ASSET: ("1–20 × [A-Z0-9]", "btc"),
    },
    "korbit": {
        ValueType.QUANTITY: ("0.###", "+1"),
        ValueType.KRW: ("0.###", ".5"),
        ValueType.COUNT: ("0 … 9223372036854775807", "1_000"),
        ValueType.INSTANT: ("epoch ms", "2026-11-02T09:05:00+09:00"),
        ValueType.DATE: ("YYYY-MM-DD", "20261102"),
        ValueType.MONTH: ("YYYY-MM", "2026-13"),
        ValueType.MARKET: ("base_quote", "BTC_KRW"),
        ValueType.ASSET: ("1–20 × [a-z0-9]", "BTC"),
    },
    "gopax": {
        ValueType.QUANTITY: ("0.### | 0.###E±0", "1,234.5"),
        ValueType.KRW: ("0.###", "1.5E3"),
        ValueType.COUNT: ("0 … 9223372036854775807", "12건"),
        ValueType.INSTANT: ("YYYY-MM-DDThh:mm:ss[.mmm]Z", "2026-11-02T09:05:00+09:00"),
        ValueType.DATE: ("YYYY/MM/DD", "2026-11-02"),
        ValueType.MONTH: ("YYYY/MM", "2026-10"),
        ValueType.MARKET: ("BASE-QUOTE", "btc-krw"),
        ValueType.ASSET: ("1–20 × [A-Z0-9]", "Btc"),
    },
}  # fmt: skip
"""For each exchange and type: what a finding says is expected, and a text that is none."""
REST = {
    ValueType.HASH: ("64 × [0-9a-f]", "0" * 63),
    ValueType.TEXT: (None, "가" * 501),
    ValueType.TARGET: (None, "x" * 501),
}
IN_SECONDS = {("coinone", "key_actions"), ("coinone", "halts")}

CELLS = [(member, report_name, field.name) for member, report_name in PAIRS for field in shape_of(report_name).fields]


def wrong_value(exchange_id: str, report_name: str, name: str) -> tuple[str | None, Any, str]:
    """What is expected in a column, a value that it cannot be, and the reason of the finding."""
    shape = report(report_name).field(name)
    native = native_layout(exchange_id, report_name).columns[name]
    if shape.type is ValueType.CODE:
        return " | ".join(native.codes.values()), "모름", "not_code"
    if shape.type in REST:
        expected, value = REST[shape.type]
        reason = {ValueType.HASH: "not_hash"}.get(shape.type, "too_long")
        return expected or f"≤ {shape.maximum_length}", value, reason
    expected, value = WRITTEN[exchange_id][shape.type]
    if (exchange_id, report_name) in IN_SECONDS and shape.type is ValueType.INSTANT:
        return "epoch s", "1793577900.5", "not_instant"
    if exchange_id == "upbit" and name == "hour_start":
        return "YYYY-MM-DDThh:mm:ss[.mmm]", "2026-11-02T09:00:00+09:00", "not_instant"
    is_text = Cell.TEXT in native.notation.cells
    return expected, value, f"not_{shape.type.value}" if is_text else "text_for_number"


@pytest.mark.parametrize(("exchange_id", "report_name", "name"), CELLS)
def test_a_cell_that_is_none_of_its_type_is_found_where_it_stands(
    exchange_id: str, report_name: str, name: str
) -> None:
    native = native_layout(exchange_id, report_name).columns[name]
    expected, value, reason = wrong_value(exchange_id, report_name, name)
    place = GOOD_ROW[report_name]
    found = found_in_cell(exchange_id, report_name, place, native.names[0], value)
    finding = next(f for f in found if f.column == native.name)
    assert (finding.rule, finding.reason, finding.expected) == ("SUB-006", reason, expected)
    assert finding.row == first_row(exchange_id, report_name) + place
    assert str(value)[:20] in (finding.found or "")
    assert len(finding.found or "") <= 80


@pytest.mark.parametrize(("exchange_id", "report_name"), PAIRS)
def test_after_a_cell_that_does_not_parse_only_the_sub_rules_speak(exchange_id: str, report_name: str) -> None:
    shape = shape_of(report_name)
    for name in (shape.period_field, shape.key[-1], shape.field_names[-1]):
        native = native_layout(exchange_id, report_name).columns[name]
        value = wrong_value(exchange_id, report_name, name)[1]
        verdict = with_cell(exchange_id, report_name, GOOD_ROW[report_name], native.names[0], value)
        assert (verdict.state, verdict.table) == (State.REJECTED, None)
        rules = {f.rule for f in findings_of(verdict)}
        assert "SUB-006" in rules
        assert all(rule.startswith("SUB-") for rule in rules)


@pytest.mark.parametrize(("exchange_id", "report_name", "name"), CELLS)
def test_an_absent_value_is_found_where_one_is_required(exchange_id: str, report_name: str, name: str) -> None:
    layout = native_layout(exchange_id, report_name)
    native = layout.columns[name]
    place = GOOD_ROW[report_name]
    absent = None if exchange_id == "upbit" else layout.absent
    found = found_in_cell(exchange_id, report_name, place, native.names[0], absent)
    of_column = [f for f in found if f.column == native.name]
    if not report(report_name).field(name).required:
        assert of_column == []
        return
    if len(native.names) > 1:
        return  # see the tests of Coinone's two fields
    assert [(f.rule, f.reason, f.found) for f in of_column] == [("SUB-006", "absent", "∅")]
    assert of_column[0].row == first_row(exchange_id, report_name) + place


@pytest.mark.parametrize("exchange_id", ["upbit", "bithumb", "coinone", "korbit", "gopax"])
def test_what_may_be_absent_is_null(exchange_id: str) -> None:
    halts = verdict_on(native_file(exchange_id, "halts"), exchange_id, "halts").table
    actions = verdict_on(native_file(exchange_id, "key_actions"), exchange_id, "key_actions").table
    assert halts is not None
    assert actions is not None
    assert [value is None for value in halts.column("resumed_at").to_pylist()] == [False, True, False, True]
    assert actions.column("note").to_pylist()[0] is None


@pytest.mark.parametrize(
    ("exchange_id", "mark"), [("upbit", "-"), ("bithumb", "-"), ("coinone", "-"), ("korbit", "null"), ("gopax", "")]
)
def test_another_exchanges_mark_of_absence_is_no_absence(exchange_id: str, mark: str) -> None:
    column = native_layout(exchange_id, "halts").columns["resumed_at"].names[0]
    verdict = with_cell(exchange_id, "halts", 0, column, mark)
    assert [(f.rule, f.reason, f.column) for f in findings_of(verdict)] == [("SUB-006", "not_instant", column)]


@pytest.mark.parametrize("value", [True, 1, ["krw"], {"a": 1}], ids=str)
@pytest.mark.parametrize("name", ["quote_currency", "target_currency"])
def test_both_of_coinones_fields_are_texts(name: str, value: Any) -> None:
    verdict = with_cell("coinone", "surveillance", 0, name, value)
    finding = only(verdict)
    assert (finding.reason, finding.column, finding.row) == ("unreadable_type", "quote_currency + target_currency", 1)


@pytest.mark.parametrize(
    ("quote", "target"), [("", "btc"), ("krw", ""), ("", ""), ("KRW", "BTC"), ("krw|btc", ""), (None, "btc")], ids=str
)
def test_a_market_of_coinone_needs_both_fields(quote: str | None, target: str) -> None:
    def put(records: Records) -> None:
        records[0]["quote_currency"], records[0]["target_currency"] = quote, target

    finding = only(verdict_on(changed("coinone", "surveillance", put), "coinone", "surveillance"))
    assert (finding.reason, finding.column) == ("not_market", "quote_currency + target_currency")
    assert finding.expected == "quote|base"


def test_every_cell_that_is_wrong_is_found_at_once() -> None:
    def put(records: Records) -> None:
        records[0]["ledger"], records[3]["ledger"] = "NaN", "1" * 21
        records[1]["timestamp"] = "1793577900000"
        records[2]["status"] = ""
        records[4]["currency"] = "eth"

    verdict = verdict_on(changed("coinone", "reconciliation", put), "coinone", "reconciliation")
    assert sorted((f.row, f.column, f.reason) for f in findings_of(verdict)) == [
        (1, "ledger", "not_quantity"),
        (2, "timestamp", "text_for_number"),
        (3, "status", "absent"),
        (4, "ledger", "out_of_range"),
        (5, "currency", "not_asset"),
    ]


# ------------------------------------------------------------------------------- SUB-003 beside SUB-006


def test_after_a_cell_that_does_not_parse_the_other_sub_rules_still_speak() -> None:
    def put(records: Records) -> None:
        records[0]["ledger"] = "NaN"
        records[4]["timestamp"] = 1793631600000

    verdict = verdict_on(changed("coinone", "reconciliation", put), "coinone", "reconciliation")
    assert [(f.rule, f.row) for f in findings_of(verdict)] == [("SUB-006", 1), ("SUB-003", 5)]


def test_a_date_that_is_none_is_not_also_outside_of_the_period_or_after_another() -> None:
    def put(records: Records) -> None:
        records[1]["detected_at"] = "2026-02-30T09:00:00+09:00"
        records[2]["executed_at"] = "never"

    verdict = verdict_on(changed("upbit", "key_actions", put), "upbit", "key_actions")
    assert [(f.rule, f.row, f.column) for f in findings_of(verdict)] == [
        ("SUB-006", 2, "detected_at"),
        ("SUB-006", 3, "executed_at"),
    ]


def test_after_a_cell_that_does_not_parse_no_rule_of_the_report_speaks() -> None:
    def put(records: Records) -> None:
        records[0]["ledger"] = "NaN"
        records[1].update(records[2])
        records[3]["wallet"] = "-1"

    verdict = verdict_on(changed("coinone", "reconciliation", put), "coinone", "reconciliation")
    assert reasons_of(verdict) == [("SUB-006", "not_quantity")]


PERIOD_CELLS = {
    "api_volume": [("2026-11-01T23:00:00+09:00", False), ("2026-11-02T23:00:00+09:00", True)],
    "api_keys": [("2026-11-01", False), ("2026-11-02", True), ("2026-11-03", False)],
    "key_actions": [("2026-11-02T00:00:00+09:00", True), ("2026-11-03T00:00:00+09:00", False)],
    "reconciliation": [("2026-11-01T23:59:59.999+09:00", False), ("2026-11-02T23:59:59.999+09:00", True)],
    "halts": [("2026-11-01T23:59:59+09:00", False), ("2026-11-03T00:00:00+09:00", False)],
    "audits": [("2026-09", False), ("2026-10", True), ("2026-11", False)],
    "surveillance": [("2026-11-01", False), ("2026-11-02", True), ("2026-11-03", False)],
}  # fmt: skip
"""Values of the period's column, and whether they lie in the period."""


@pytest.mark.parametrize(
    ("report_name", "value", "is_inside"),
    [(name, value, is_inside) for name, cases in PERIOD_CELLS.items() for value, is_inside in cases],
)
def test_every_row_lies_in_the_period(report_name: str, value: str, is_inside: bool) -> None:
    shape = shape_of(report_name)
    records = [dict(record) for record in RECORDS[report_name]]
    records[0][shape.period_field] = value
    if report_name == "key_actions":
        records[0]["detected_at"] = value
    if report_name == "halts":
        records[0].update(detected_at=value, resumed_at=None)
    data = canonical_file(report_name, Container.CSV, table_of(records, report_name))
    verdict = verdict_on(data, "upbit", report_name, container=Container.CSV)
    outside = [(f.rule, f.row, f.column) for f in findings_of(verdict) if f.rule == "SUB-003"]
    assert outside == ([] if is_inside else [("SUB-003", 2, None)])


def test_a_slice_holds_its_own_hours_only() -> None:
    period = Period.parse("2026-11-02T09-12")
    verdict = verdict_on(native_file("upbit", "reconciliation"), "upbit", "reconciliation", period=period)
    assert [(f.rule, f.row) for f in findings_of(verdict)] == [("SUB-003", 1), ("SUB-003", 2), ("SUB-003", 5)]
    assert findings_of(verdict)[0].expected == "≥ 2026-11-02T09:00:00.000+09:00, < 2026-11-02T12:00:00.000+09:00"


# ------------------------------------------------------------------------------------------------ SUB-002


@pytest.mark.parametrize(("exchange_id", "report_name"), PAIRS)
def test_every_missing_column_and_every_unknown_one_is_named(exchange_id: str, report_name: str) -> None:
    names = native_layout(exchange_id, report_name).native_names
    gone = {names[1], names[-1]}

    def put(records: Records) -> None:
        for record in records:
            for name in gone:
                del record[name]
            record["비밀"] = "1"
            record["z"] = "2"

    verdict = verdict_on(changed(exchange_id, report_name, put), exchange_id, report_name)
    found = {(f.reason, f.column) for f in findings_of(verdict) if f.rule == "SUB-002"}
    assert found == {("missing_column", name) for name in gone} | {("unknown_column", "비밀"), ("unknown_column", "z")}
    assert {f.rule for f in findings_of(verdict)} == {"SUB-002"}
    assert all(f.row is None for f in findings_of(verdict))


@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        str.lower,
        lambda name: f" {name}",
        lambda name: f"{name} ",
        lambda name: f"{name[:3]}\u200b{name[3:]}",
    ],
    ids=["upper case", "lower case", "space before", "space after", "no width"],
)
def test_a_name_that_is_nearly_right_is_found_once(change: Callable[[str], str]) -> None:
    def put(records: Records) -> None:
        for record in records:
            record[change("apiOrderCount")] = record.pop("apiOrderCount")

    verdict = verdict_on(changed("korbit", "api_volume", put), "korbit", "api_volume")
    assert reasons_of(verdict) == [("SUB-002", "header_spelling")]


# ------------------------------------------------------------------------------------------------ SUB-007

SECRETS = {
    "resident_registration_number": [
        "900101-1234567", "000101-4234567", "주민번호:900101-8234567.", "900101–1234567", "900101 1234567",
        "９００１０１－１２３４５６７", "9001011234568",
    ],
    "mobile_number": [
        "010-1234-5678", "01012345678", "010 1234 5678", "010.1234.5678", "011-123-4567", "전화 016-123-4567 확인",
        "+82 10-1234-5678", "+821012345678", "+82-10-1234-5678",
        "+82-1012345678", "82-10-1234-5678", "(010) 1234-5678", "+82(0)10 1234 5678", "０１０－１２３４－５６７８",
        "010–1234–5678", "010 · 1234 · 5678", "전화010-1234-5678번",
    ],
    "email_address": [
        "a@b.kr", "hong.gildong@example.com", "연락처 kim+x@mail.example.co.kr", "<x_y%z@example-1.org>",
        "abcdefghij0123456789abcdefghij@example.com",
    ],
    "raw_api_key": [
        "abcdefghij0123456789", "키 AKIA7Q2MZXW93LPD5T8R 입니다", "0" * 62 + "a", "0123456789abcdef" * 4 + "0",
        "x" * 40 + "1",
    ],
}  # fmt: skip
NO_SECRETS = [
    "900101-9234567",  # no such seventh digit
    "900101-0234567",
    "t01012345678",  # in a word
    "a900101-1234567b",
    "901301-1234567",  # no date
    "9001011234567",  # the check digit of a bare run does not fit
    "900101.1234567",  # a decimal
    "0x" + "0123456789abcdef" * 4,  # a transaction
    "0x" + "0123456789abcdefABCD" * 2,  # an address
    "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",  # base58check
    "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",  # bech32
    "1900101-1234567",
    "900101-12345678",
    "02-1234-5678",  # a landline
    "012-1234-5678",
    "0101234567890",  # longer than a telephone number
    "1793577900000",  # epoch milliseconds
    "2026-11-02",
    "abc@",
    "@example.com",
    "a@b",
    "a at b.kr",
    "12345678901234567890",  # digits alone
    "abcdefghijklmnopqrstuvwxyz",  # letters alone
    "abcdefghij012345678",  # nineteen
    "0123456789abcdef" * 4,  # a hash
    "UP-C-001",
    "",
]

TEXT_COLUMNS = [
    (exchange_id, report_name, shape.name)
    for exchange_id, report_name in PAIRS
    for shape in shape_of(report_name).fields
    if shape.type in {ValueType.TEXT, ValueType.HASH, ValueType.TARGET}
]
KEY_COLUMNS = {"note", "auditor", "key_ref", "account_ref"}


@pytest.mark.parametrize(("reason", "text"), [(reason, text) for reason, texts in SECRETS.items() for text in texts])
def test_a_secret_in_a_note_is_found_and_masked(reason: str, text: str) -> None:
    verdict = with_cell("korbit", "key_actions", 1, "note", text)
    finding = next(f for f in findings_of(verdict) if f.reason == reason)
    assert (finding.rule, finding.row, finding.column, finding.expected) == ("SUB-007", 3, "note", "∅")
    assert finding.found is not None
    assert finding.found[0] in unicodedata.normalize("NFKC", text)
    assert set(finding.found[1:]) == {"*"}, "nothing but its first character may be repeated"
    assert verdict.holds_secrets
    assert {f.rule for f in findings_of(verdict)} == {"SUB-007"}


@pytest.mark.parametrize("text", NO_SECRETS, ids=repr)
def test_what_only_looks_like_a_secret_is_none(text: str) -> None:
    verdict = with_cell("korbit", "key_actions", 1, "note", text)
    assert verdict.findings == ()
    assert not verdict.holds_secrets


@pytest.mark.parametrize(("exchange_id", "report_name", "name"), TEXT_COLUMNS)
def test_personal_data_is_found_in_every_column_of_text(exchange_id: str, report_name: str, name: str) -> None:
    native = native_layout(exchange_id, report_name).columns[name]
    finding = found_in_cell(exchange_id, report_name, GOOD_ROW[report_name], native.names[-1], "x 010-1234-5678")[0]
    assert (finding.rule, finding.reason) == ("SUB-007", "mobile_number")
    assert finding.row == first_row(exchange_id, report_name) + GOOD_ROW[report_name]
    assert finding.column == native.names[-1]
    assert finding.found == "0" + "*" * 12


@pytest.mark.parametrize(("exchange_id", "report_name", "name"), TEXT_COLUMNS)
def test_raw_keys_are_looked_for_where_they_might_be(exchange_id: str, report_name: str, name: str) -> None:
    native = native_layout(exchange_id, report_name).columns[name]
    raw_key = "AKIA7Q2MZXW93LPD5T8R"
    found = found_in_cell(exchange_id, report_name, GOOD_ROW[report_name], native.names[-1], raw_key)
    assert ("raw_api_key" in {f.reason for f in found}) == (name in KEY_COLUMNS)


@pytest.mark.parametrize("exchange_id", ["upbit", "bithumb", "coinone", "korbit", "gopax"])
def test_personal_data_is_found_in_a_column_that_should_not_be_there(exchange_id: str) -> None:
    def put(records: Records) -> None:
        for record in records:
            record["memo2"] = "900101-1234567"

    verdict = verdict_on(changed(exchange_id, "reconciliation", put), exchange_id, "reconciliation")
    assert set(reasons_of(verdict)) == {
        ("SUB-002", "unknown_column"),
        ("SUB-007", "resident_registration_number"),
    }
    assert verdict.holds_secrets


@pytest.mark.parametrize(
    "digits", ["01012345678", "0161234567", "8201012345678"], ids=["a mobile number", "a short one", "with the country"]
)
def test_digits_inside_of_a_hash_are_no_telephone(digits: str) -> None:
    for before in ("a", "ff", "0a" * 10):
        hashed = (before + digits + "a" + "0123456789abcdef" * 4)[:64]
        assert found_in_cell("korbit", "key_actions", 1, "keyHash", hashed) == ()
        assert found_in_cell("korbit", "key_actions", 1, "note", f"해시 {hashed}") == ()


def test_every_kind_of_secret_in_one_cell_is_named() -> None:
    text = "900101-1234567, 010-1234-5678, a@b.kr, abcdefghij0123456789"
    verdict = with_cell("upbit", "key_actions", 0, "memo", text)
    assert [reason for _, reason in reasons_of(verdict)] == list(SECRETS)


def test_secrets_inside_of_other_json_values_are_found() -> None:
    for value in (["010-1234-5678"], {"phone": "010-1234-5678"}):
        assert ("SUB-007", "mobile_number") in reasons_of(with_cell("upbit", "key_actions", 0, "memo", value))


# --------------------------------------------------------------------------- SUB-004 and all structure at once


def test_all_structure_problems_come_at_once_and_stop_everything_else() -> None:
    data = native_file("bithumb", "key_actions")
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            text = source.read(name).decode("utf-8")
            text = text.replace(">2026-11-02<", ">2026-11-01<").replace(">위험등급<", ">위험도<")
            text = text.replace(">해제<", f">{escape('a@b.kr')}<").replace(">2026-11-02 9:05:00<", ">never<")
            archive.writestr(name, text)
    verdict = verdict_on(target.getvalue(), "bithumb", "key_actions")
    assert reasons_of(verdict) == [
        ("SUB-002", "missing_column"),
        ("SUB-002", "unknown_column"),
        ("SUB-004", "other_period"),
        ("SUB-007", "email_address"),
        ("SUB-007", "email_address"),
    ]
    assert (verdict.table, verdict.row_count) == (None, 5)


def test_a_structure_failure_stops_the_judgement_of_values() -> None:
    def put(records: Records) -> None:
        for record in records:
            record["extra"] = "1"
        records[0]["ledger"] = "NaN"
        records[1].update(records[2])

    verdict = verdict_on(changed("coinone", "reconciliation", put), "coinone", "reconciliation")
    assert reasons_of(verdict) == [("SUB-002", "unknown_column")]
    assert [kind for _, kind in verdict.findings] == [Kind.STRUCTURE]


def test_all_integrity_rules_speak_at_once() -> None:
    def put(records: Records) -> None:
        records[0]["status"] = "mismatch"
        records[1].update(records[2])
        records[3]["price"] = "0"
        records[4]["timestamp"] = 1793631600000

    verdict = verdict_on(changed("coinone", "reconciliation", put), "coinone", "reconciliation")
    assert {f.rule for f in findings_of(verdict)} == {"SUB-003", "REC-UNQ", "REC-NEG", "REC-001"}


def test_findings_name_the_senders_own_columns() -> None:
    def put(records: Records) -> None:
        records[3]["기준가"] = "0"

    verdict = verdict_on(changed("bithumb", "reconciliation", put), "bithumb", "reconciliation")
    assert [(f.rule, f.row, f.column, f.subject) for f in findings_of(verdict)] == [("REC-NEG", 7, "기준가", "1INCH")]


# -------------------------------------------------------------------------------------- SUB-009, 합계

TOTALLED = ("api_volume", "api_keys", "surveillance")


def totalled(report_name: str, column: str, value: Any) -> Verdict:
    """The verdict on Bithumb's sample with one cell of its row of totals changed."""
    records = [{**r, "api_order_count": 5} if "api_order_count" in r else dict(r) for r in RECORDS[report_name]]
    for record in records:
        if "api_small_order_count" in record:
            record["api_small_order_count"] = 1
    data = native_file("bithumb", report_name, table_of(records, report_name))

    def put(rows: Records) -> None:
        rows[-1][column] = value

    return verdict_on(changed_workbook(data, 3, put), "bithumb", report_name)


@pytest.mark.parametrize("report_name", TOTALLED)
def test_the_row_of_totals_is_no_data(report_name: str) -> None:
    verdict = verdict_on(native_file("bithumb", report_name), "bithumb", report_name)
    assert verdict.row_count == len(RECORDS[report_name])
    assert verdict.findings == ()


@pytest.mark.parametrize(
    ("report_name", "canonical"),
    [
        (name, shape.name)
        for name in TOTALLED
        for shape in shape_of(name).fields
        if shape.type in {ValueType.KRW, ValueType.COUNT}
    ],
)
def test_every_total_is_compared(report_name: str, canonical: str) -> None:
    column = native_layout("bithumb", report_name).columns[canonical].name
    is_count = report(report_name).field(canonical).type is ValueType.COUNT
    finding = only(totalled(report_name, column, 99 if is_count else "99.5"))
    assert (finding.rule, finding.reason, finding.row, finding.column) == ("SUB-009", "total_differs", None, column)
    assert finding.found == ("99" if is_count else "99.5")
    finding = only(totalled(report_name, column, ""))
    assert (finding.rule, finding.reason, finding.found) == ("SUB-009", "total_absent", None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1,251,048,732.5", "total_differs"),
        ("1,349,065,432.5", None),
        ("1349065432.5", None),
        ("1349065432.50000000", None),
        ("1349065432.500000000000", None),
        ("1349065432.500000001", "total_absent"),
        ("1349065432", "total_differs"),
        ("13억", "total_absent"),
        ("NaN", "total_absent"),
        ("1.3490654325E9", "total_absent"),
        ("-1349065432.5", "total_differs"),
        (1349065432.5, None),
    ],
    ids=str,
)
def test_a_total_is_a_decimal_number_and_compared_exactly(text: Any, reason: str | None) -> None:
    verdict = totalled("surveillance", "거래대금", text)
    assert reasons_of(verdict) == ([("SUB-009", reason)] if reason else [])


def test_a_file_without_its_row_of_totals_is_one_finding() -> None:
    data = changed_workbook(native_file("bithumb", "api_keys"), 3, lambda rows: rows.pop())
    assert reasons_of(verdict_on(data, "bithumb", "api_keys")) == [("SUB-009", "totals_missing")]


def test_a_row_of_totals_in_the_middle_is_one_finding() -> None:
    def put(rows: Records) -> None:
        rows.insert(1, rows.pop())

    verdict = verdict_on(changed_workbook(native_file("bithumb", "api_keys"), 3, put), "bithumb", "api_keys")
    assert reasons_of(verdict) == [("SUB-006", "totals_not_last")]


def test_the_total_of_a_column_that_does_not_parse_is_not_also_wrong() -> None:
    verdict = with_cell("bithumb", "api_keys", 1, "기말", "8,430")
    assert [(f.rule, f.column) for f in findings_of(verdict)] == [("SUB-006", "기말")]


# ------------------------------------------------------------------------------------------- halt targets

TARGETS: dict[str, dict[str, tuple[Any, ...]]] = {
    "upbit": {"exchange": ("ALL",), "account": ("ACCOUNTS",), "market": ("KRW-BTC",), "asset": ("BTC",)},
    "bithumb": {"exchange": ("전체",), "account": ("계정",), "market": ("BTC_KRW",), "asset": ("BTC",)},
    "coinone": {"exchange": ("", ""), "account": ("", ""), "market": ("KRW", "BTC"), "asset": ("", "BTC")},
    "korbit": {"exchange": ("all",), "account": ("accounts",), "market": ("btc_krw",), "asset": ("btc",)},
    "gopax": {"exchange": ("전체",), "account": ("계정",), "market": ("BTC-KRW",), "asset": ("BTC",)},
}
"""What each exchange writes for each scope (specification, 4.6)."""
CANONICAL_TARGETS = {"exchange": "ALL", "account": "ACCOUNTS", "market": "BTC/KRW", "asset": "BTC"}


def halted(exchange_id: str, scope: str, target: tuple[Any, ...]) -> Verdict:
    """The verdict on the sample with the first halt's scope and target changed."""
    columns = native_layout(exchange_id, "halts").columns

    def put(records: Records) -> None:
        records[0][columns["scope"].name] = columns["scope"].codes[scope]
        records[0].update(zip(columns["target"].names, target, strict=True))
        del records[1:]

    return verdict_on(changed(exchange_id, "halts", put), exchange_id, "halts")


@pytest.mark.parametrize("scope", CANONICAL_TARGETS)
@pytest.mark.parametrize("exchange_id", TARGETS)
def test_a_target_is_read_as_its_scope_says(exchange_id: str, scope: str) -> None:
    verdict = halted(exchange_id, scope, TARGETS[exchange_id][scope])
    assert verdict.findings == ()
    assert verdict.table is not None
    assert verdict.table.column("target").to_pylist() == [CANONICAL_TARGETS[scope]]


@pytest.mark.parametrize(
    ("exchange_id", "scope", "target", "kept"),
    [
        ("upbit", "exchange", ("BTC",), "BTC"),
        ("upbit", "exchange", ("KRW-BTC",), "KRW-BTC"),
        ("upbit", "asset", ("KRW-BTC",), "KRW-BTC"),
        ("upbit", "asset", ("ACCOUNTS?",), "ACCOUNTS?"),
        ("upbit", "market", ("BTC",), "BTC"),
        ("upbit", "account", ("ALL",), "ALL"),
        ("bithumb", "exchange", ("계정",), "계정"),
        ("bithumb", "market", ("전체",), "전체"),
        ("bithumb", "asset", ("BTC_KRW",), "BTC_KRW"),
        ("korbit", "exchange", ("accounts",), "accounts"),
        ("korbit", "market", ("btc",), "btc"),
        ("korbit", "asset", ("btc_krw",), "btc_krw"),
        ("gopax", "account", ("전체",), "전체"),
        ("gopax", "market", ("btc-krw",), "btc-krw"),
        ("coinone", "exchange", ("KRW", "BTC"), "KRW-BTC"),
        ("coinone", "exchange", ("", "BTC"), "BTC"),
        ("coinone", "account", ("", "BTC"), "BTC"),
        ("coinone", "market", ("", "BTC"), "BTC"),
        ("coinone", "market", ("", ""), ""),
        ("coinone", "market", ("krw", "btc"), "krw-btc"),
        ("coinone", "asset", ("KRW", "BTC"), "KRW-BTC"),
        ("coinone", "asset", ("", ""), ""),
        ("coinone", "asset", ("BTC", ""), "BTC-"),
        ("coinone", "asset", ("", "btc"), "btc"),
    ],
    ids=str,
)
def test_a_target_that_does_not_fit_its_scope_is_kept_as_it_was_written(
    exchange_id: str, scope: str, target: tuple[str, ...], kept: str
) -> None:
    finding = only(halted(exchange_id, scope, target))
    assert (finding.rule, finding.subject) == ("HLT-002", f"{finding.subject}")
    assert finding.row == first_row(exchange_id, "halts")
    assert finding.found == f"{scope}: {kept}"


def test_of_a_halt_without_a_scope_the_target_is_not_judged() -> None:
    verdict = with_cell("upbit", "halts", 0, "scope", "GALAXY")
    assert [(f.rule, f.reason, f.column) for f in findings_of(verdict)] == [("SUB-006", "not_code", "scope")]


@pytest.mark.parametrize(
    ("value", "reason"), [(5, "number_for_text"), (True, "boolean_cell"), (["BTC"], "unreadable_type")], ids=str
)
def test_a_target_is_text(value: Any, reason: str) -> None:
    finding = only(with_cell("upbit", "halts", 0, "target", value))
    assert (finding.rule, finding.reason, finding.column) == ("SUB-006", reason, "target")


# ------------------------------------------------------------------------------------------------ the table


@pytest.mark.parametrize("report_name", list(all_reports()))
def test_the_canonical_table_has_the_canonical_columns_and_the_senders_row(report_name: str) -> None:
    schema = arrow_schema(shape_of(report_name))
    assert schema.names == [*shape_of(report_name).field_names, SOURCE_ROW]
    table = verdict_on(native_file("upbit", report_name), "upbit", report_name).table
    assert table is not None
    assert table.schema == schema


@pytest.mark.parametrize("report_name", list(all_reports()))
def test_all_exchanges_mean_the_same(report_name: str) -> None:
    """But for the numbers of cases and halts, which begin with the exchange."""
    tables = []
    for member in ("upbit", "bithumb", "coinone", "korbit", "gopax"):
        table = verdict_on(native_file(member, report_name), member, report_name).table
        assert table is not None
        ids = [name for name in table.column_names if name.endswith("_id")]
        tables.append(without_row_numbers(table).drop_columns(ids))
    assert all(table.equals(tables[0]) for table in tables)


def test_cells_of_another_kind_are_found_among_cells_of_the_right_kind() -> None:
    shape = report("reconciliation")
    layout = canonical_layout(shape, Container.CSV)
    columns: Mapping[str, Column] = {
        "checked_at": Column.of_text(pa.array(["2026-11-02T09:00:00Z"] * 3)),
        "asset": Column.of_text(pa.array(["BTC"] * 3)),
        "ledger_quantity": Column(
            pa.array(["1", "1", None]), pa.array([Cell.TEXT, Cell.NUMBER, Cell.ABSENT], pa.int8())
        ),
        "wallet_quantity": Column(pa.array(["1", "2", "3"]), Cell.OTHER),
        "price_krw": Column.of_text(pa.array(["1", "1", "1"])),
        "result": Column.of_text(pa.array(["match"] * 3)),
    }
    table = TextTable(columns, pa.array([10, 20, 30]))
    found = normalise_table(table, layout, shape, exchange="upbit", period=period_of("reconciliation"))
    assert [(f.row, f.column, f.reason) for f in found.findings] == [
        (20, "ledger_quantity", "number_for_text"),
        (30, "ledger_quantity", "absent"),
        (10, "wallet_quantity", "unreadable_type"),
        (20, "wallet_quantity", "unreadable_type"),
        (30, "wallet_quantity", "unreadable_type"),
    ]
    assert found.unread_fields == {"ledger_quantity", "wallet_quantity"}
    assert found.table is not None
    assert found.table.column("ledger_quantity").to_pylist() == [Decimal(1), None, None]

"""Containers and their traps: what opens, at which row it stands, and what is refused for which reason."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from etl.examine import Verdict
from etl.layout import Container
from expectations.catalogue import all_reports
from expectations.vocabulary import Finding, Period, State, ValueType
from tests.golden.filing import (
    PAIRS,
    canonical_file,
    findings_of,
    native_file,
    native_layout,
    reasons_of,
    sample,
    shape_of,
    verdict_on,
    with_column,
    without_row_numbers,
)

BOM = b"\xef\xbb\xbf"
KORBIT = ("korbit", "key_actions")
GOPAX = ("gopax", "key_actions")
UPBIT = ("upbit", "reconciliation")
COINONE = ("coinone", "reconciliation")
BITHUMB = ("bithumb", "reconciliation")
TEMPLATES = (Container.CSV, Container.XLSX, Container.PARQUET)


def rows_of(verdict: Verdict) -> list[int]:
    assert verdict.table is not None, verdict.findings
    return verdict.table.column("source_row").to_pylist()


def notes_of(verdict: Verdict) -> list[str | None]:
    assert verdict.table is not None, verdict.findings
    return verdict.table.column("note").to_pylist()


def only(verdict: Verdict) -> Finding:
    (finding,) = findings_of(verdict)
    return finding


# ---------------------------------------------------------------------------------------------------- CSV


def korbit_lines() -> list[list[str]]:
    text = native_file(*KORBIT).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def korbit_file(
    lines: Sequence[Sequence[str]], *, end: str = "\r\n", start: bytes = BOM, is_quoted: bool = False
) -> bytes:
    target = io.StringIO(newline="")
    csv.writer(target, lineterminator=end, quoting=csv.QUOTE_ALL if is_quoted else csv.QUOTE_MINIMAL).writerows(lines)
    return start + target.getvalue().encode("utf-8")


@pytest.mark.parametrize("start", [BOM, b""], ids=["byte-order mark", "none"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"], ids=["CRLF", "LF", "CR"])
@pytest.mark.parametrize("is_quoted", [True, False], ids=["quotes", "no quotes"])
def test_utf8_is_read_with_every_line_end_with_and_without_mark(start: bytes, end: str, is_quoted: bool) -> None:
    lines = korbit_lines()
    if not is_quoted:
        lines = [lines[0], *([*line[:-1], "note"] for line in lines[1:])]
    verdict = verdict_on(korbit_file(lines, end=end, start=start, is_quoted=is_quoted), *KORBIT)
    assert verdict.findings == ()
    assert verdict.row_count == 5


def test_the_last_line_may_lack_its_end() -> None:
    assert verdict_on(native_file(*KORBIT).removesuffix(b"\r\n"), *KORBIT).row_count == 5


def test_quoted_fields_hold_commas_quotes_and_line_breaks() -> None:
    texts = ["a,b", 'say "no"', "one\r\ntwo\nthree", ' "', "\n"]
    lines = korbit_lines()
    lines = [lines[0], *([*line[:-1], text] for line, text in zip(lines[1:], texts, strict=True))]
    verdict = verdict_on(korbit_file(lines), *KORBIT)
    assert notes_of(verdict) == texts
    assert rows_of(verdict) == [2, 3, 4, 7, 8], "a record's row is the line on which it starts"


def test_blank_lines_are_no_records_and_are_counted() -> None:
    lines = korbit_lines()
    data = korbit_file([lines[0], [], lines[1], [], [], lines[2], []])
    assert rows_of(verdict_on(data, *KORBIT)) == [3, 6]


def test_a_line_of_spaces_is_one_finding() -> None:
    data = native_file(*KORBIT) + b"   \r\n"
    assert reasons_of(verdict_on(data, *KORBIT)) == [("SUB-006", "only_blanks")]


def test_ragged_lines_are_all_named() -> None:
    lines = korbit_lines()
    lines[1], lines[4] = lines[1][:-1], [*lines[4], "", ""]
    finding = only(verdict_on(korbit_file(lines), *KORBIT))
    assert (finding.reason, finding.found, finding.expected) == ("ragged_row", "2: 10, 6: 13", "11")


@pytest.mark.parametrize(
    ("tail", "reason", "found"),
    [
        (b'"open', "open_quote", "line 8"),
        (b'x,"y"z,\r\n', "broken_csv", 'line 8: x,"y"z,'),
        (b'"a" "b"\r\n', "broken_csv", 'line 8: "a" "b"'),
    ],
    ids=["a quote that stays open", "text after a closing quote", "two quoted texts"],
)
def test_broken_quotes_are_refused_with_their_line(tail: bytes, reason: str, found: str) -> None:
    finding = only(verdict_on(native_file(*KORBIT) + tail, *KORBIT))
    assert (finding.reason, finding.found) == (reason, found)


def test_a_field_beyond_every_measure_is_refused_and_not_an_accident() -> None:
    assert reasons_of(verdict_on(b"x" * 200_000, *KORBIT)) == [("SUB-001", "field_too_long")]
    data = native_file(*KORBIT).replace("해제".encode(), b"x" * 200_000)
    assert reasons_of(verdict_on(data, *KORBIT)) == [("SUB-001", "field_too_long")]


def test_a_header_of_very_many_columns_is_refused_in_no_time() -> None:
    for names in (",".join(f"c{place}" for place in range(50_000)), "a," * 50_000):
        finding = only(verdict_on(names.encode() + b"\n" + b"," * 49_999 + b"\n", *KORBIT))
        assert (finding.rule, finding.reason) == ("SUB-008", "too_many_columns")
        assert (finding.found, finding.expected) == (str(names.count(",") + 1), "≤ 1000")
    assert reasons_of(verdict_on(b"," * 50_000, *KORBIT)) == [("SUB-001", "empty_file")]


def test_null_characters_are_no_text() -> None:
    data = native_file(*KORBIT).replace("해제".encode(), b"a\x00b")
    finding = only(verdict_on(data, *KORBIT))
    assert (finding.rule, finding.reason, finding.row, finding.column) == ("SUB-006", "not_text", 7, "note")
    assert finding.found == "a␀b"
    assert reasons_of(verdict_on(b"\x00" * 100, *KORBIT))[0] == ("SUB-002", "missing_column")


@pytest.mark.parametrize("data", [BOM, b"\n", b"\r\n\r\n", BOM + b"\n"], ids=repr)
def test_a_file_without_a_header_is_empty(data: bytes) -> None:
    assert reasons_of(verdict_on(data, *KORBIT)) == [("SUB-001", "empty_file")]


def test_the_header_alone_is_korbits_nil_return() -> None:
    for end in (b"\r\n", b"\n", b"", b"\n\n\n"):
        header = native_file(*KORBIT).split(b"\r\n")[0]
        verdict = verdict_on(header + end, *KORBIT)
        assert (verdict.state, verdict.row_count, verdict.findings) == (State.ACCEPTED, 0, ())


def test_a_mark_that_stands_twice_belongs_to_the_name_of_the_column() -> None:
    finding = findings_of(verdict_on(BOM + native_file(*KORBIT), *KORBIT))[0]
    assert (finding.rule, finding.reason, finding.column) == ("SUB-002", "header_spelling", "actionId")


@pytest.mark.parametrize("encoding", ["cp949", "utf-16", "utf-16-le"])
def test_korbits_file_in_another_encoding_is_refused(encoding: str) -> None:
    data = native_file(*KORBIT).decode("utf-8-sig").encode(encoding)
    verdict = verdict_on(data, *KORBIT)
    assert verdict.state is State.REJECTED
    if encoding == "cp949":
        assert reasons_of(verdict) == [("SUB-001", "cp949_where_utf8")]


# --------------------------------------------------------------------------------------------- CSV in CP949


def test_cp949_is_told_from_utf8() -> None:
    native = native_file(*GOPAX)
    with pytest.raises(UnicodeDecodeError):
        native.decode("utf-8")
    assert verdict_on(native, *GOPAX).state is State.ACCEPTED
    for start in (b"", BOM):
        finding = only(verdict_on(start + native.decode("cp949").encode(), *GOPAX))
        assert (finding.reason, finding.found, finding.expected) == ("utf8_where_cp949", "UTF-8", "CP949")


def test_ascii_is_both_cp949_and_utf8_and_only_lacks_the_columns() -> None:
    verdict = verdict_on(b"a,b\n1,2\n", *GOPAX)
    assert {rule for rule, _ in reasons_of(verdict)} == {"SUB-002"}


def test_cp949_is_read_with_either_line_end() -> None:
    data = native_file(*GOPAX).replace(b"\n", b"\r\n")
    assert verdict_on(data, *GOPAX).state is State.ACCEPTED


def nil_gopax(lines: Sequence[str]) -> bytes:
    header = native_file(*GOPAX).split(b"\n")[0]
    return b"\n".join([header, *(line.encode("cp949") for line in lines)])


@pytest.mark.parametrize(
    "lines", [["없음"], ["없음", ""], ["", "없음", ""], ['"없음"']], ids=["alone", "with end", "blank lines", "quoted"]
)
def test_gopax_files_a_nil_return_with_its_mark(lines: list[str]) -> None:
    verdict = verdict_on(nil_gopax(lines), *GOPAX)
    assert (verdict.state, verdict.row_count) == (State.ACCEPTED, 0)
    assert [finding.rule for finding, _ in verdict.findings] == ([] if lines[-1] == "" else ["SUB-012"])


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["없음", "없음"], "nil_mark_with_data"),
        (["없음,,,,,,,,,,"], "nil_mark_spelling"),
        ([" 없음"], "nil_mark_spelling"),
        (["해당 없음"], "nil_mark_spelling"),
        (["없음", "해당없음"], "nil_mark_with_data"),
    ],
    ids=["twice", "in a full line", "with a space", "another exchange's mark", "two spellings"],
)
def test_what_is_not_quite_the_nil_mark_is_refused(lines: list[str], reason: str) -> None:
    verdict = verdict_on(nil_gopax(lines), *GOPAX)
    assert verdict.state is State.REJECTED
    assert reasons_of(verdict) == [("SUB-001", reason)]


def test_the_nil_mark_beside_data_is_refused_wherever_it_stands() -> None:
    lines = native_file(*GOPAX).split(b"\n")
    for place in (1, 2, len(lines) - 1):
        data = b"\n".join([*lines[:place], "없음".encode("cp949"), *lines[place:]])
        verdict = verdict_on(data, *GOPAX)
        assert verdict.state is State.REJECTED


# --------------------------------------------------------------------------------------------------- JSON


def upbit_file(change: Callable[[str], str]) -> bytes:
    return change(native_file(*UPBIT).decode("utf-8")).encode("utf-8")


def test_json_rows_are_numbered_from_one() -> None:
    assert rows_of(verdict_on(native_file(*UPBIT), *UPBIT)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("start", [BOM, b" \n\t"], ids=["byte-order mark", "spaces"])
def test_json_may_begin_with_a_mark_or_spaces(start: bytes) -> None:
    assert verdict_on(start + native_file(*UPBIT) + b"\n ", *UPBIT).state is State.ACCEPTED


def test_keys_may_come_in_any_order_in_every_record() -> None:
    records = json.loads(native_file(*UPBIT), parse_float=Decimal)
    turned = [dict(sorted(record.items(), reverse=place % 2 == 0)) for place, record in enumerate(records)]
    data = json.dumps(turned, default=lambda value: float(value)).encode()
    assert verdict_on(data, *UPBIT).state is State.ACCEPTED


def test_numbers_keep_every_digit() -> None:
    """A binary float would hold neither of them."""
    data = upbit_file(lambda text: text.replace("0.00083", "12345678901234567890.12345678").replace("412.5", "1.4E-7"))
    verdict = verdict_on(data, *UPBIT)
    assert verdict.table is not None
    prices = verdict.table.column("price_krw").to_pylist()
    assert prices[1] == Decimal("12345678901234567890.12345678")
    assert prices[3] == Decimal("0.00000014")


def test_a_count_beyond_every_float_is_exact() -> None:
    pair = ("upbit", "api_volume")
    data = native_file(*pair).replace(b"9007199254740993", b"9223372036854775807")
    verdict = verdict_on(data, *pair)
    assert verdict.table is not None
    assert verdict.table.column("api_order_count").to_pylist()[3] == 2**63 - 1
    data = native_file(*pair).replace(b"9007199254740993", b"1" + b"0" * 5000)
    assert reasons_of(verdict_on(data, *pair)) == [("SUB-006", "not_count")]


@pytest.mark.parametrize(
    ("literal", "reason"),
    [
        ("NaN", "not_krw"),
        ("Infinity", "not_krw"),
        ("-Infinity", "not_krw"),
        ("true", "boolean_cell"),
        ("[]", "unreadable_type"),
        ("{}", "unreadable_type"),
        ("null", "absent"),
        ('""', "absent"),
        ('"0.00083"', "text_for_number"),
    ],
)
def test_what_is_no_number_in_a_numbers_place_is_refused(literal: str, reason: str) -> None:
    finding = only(verdict_on(upbit_file(lambda text: text.replace("0.00083", literal)), *UPBIT))
    assert (finding.rule, finding.row, finding.column) == ("SUB-006", 2, "trade_price")
    assert finding.reason == reason


@pytest.mark.parametrize(
    ("literal", "reason"),
    [
        ("12345", "number_for_text"),
        ("12345.0", "number_for_text"),
        ("true", "boolean_cell"),
        ('["12345"]', "unreadable_type"),
        ('{"a":1}', "unreadable_type"),
    ],
)
def test_a_quantity_is_a_string_and_nothing_else(literal: str, reason: str) -> None:
    data = upbit_file(lambda text: text.replace('"ledger_balance":"12345"', f'"ledger_balance":{literal}'))
    finding = only(verdict_on(data, *UPBIT))
    assert (finding.reason, finding.row, finding.column) == (reason, 3, "ledger_balance")


def test_a_key_that_stands_twice_in_a_record_is_refused() -> None:
    data = upbit_file(lambda text: text.replace('"currency":"BTT"', '"currency":"BTT","currency":"BTC"'))
    finding = only(verdict_on(data, *UPBIT))
    assert (finding.rule, finding.reason, finding.column) == ("SUB-002", "repeated_column", "currency")


def test_a_key_that_one_record_lacks_is_a_missing_column() -> None:
    data = upbit_file(lambda text: text.replace('"currency":"BTT",', ""))
    finding = only(verdict_on(data, *UPBIT))
    assert (finding.reason, finding.column, finding.found) == ("missing_column", "currency", "∅ (row 2)")


def test_a_key_that_one_record_has_too_many_is_an_unknown_column() -> None:
    data = upbit_file(lambda text: text.replace('"currency":"BTT"', '"currency":"BTT","memo":null'))
    finding = only(verdict_on(data, *UPBIT))
    assert (finding.reason, finding.column) == ("unknown_column", "memo")


def test_a_key_that_stands_twice_is_found_however_it_is_written() -> None:
    data = upbit_file(lambda text: text.replace('"currency":"BTT"', '"currency":"BTT","\\u0063urrency":"BTC"'))
    finding = only(verdict_on(data, *UPBIT))
    assert (finding.reason, finding.column) == ("repeated_column", "currency")


def test_a_value_that_is_a_keys_name_is_no_key() -> None:
    pair = ("upbit", "key_actions")
    data = native_file(*pair).replace('"해제"'.encode(), b'"memo"')
    assert verdict_on(data, *pair).state is State.ACCEPTED


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{}", "not_array"),
        (b'"text"', "not_array"),
        (b"null", "not_array"),
        (b"12", "not_array"),
        (b"[[]]", "not_records"),
        (b"[null]", "not_records"),
        (b"[{}, 1]", "not_records"),
        (b"[", "truncated_json"),
        (b'[{"a', "truncated_json"),
        (b'[{"a":1},', "truncated_json"),
        (b"[{]", "not_json"),
        (b"[] []", "not_json"),
        (b"[01]", "not_json"),
        (b"[.5]", "not_json"),
        (b"['a']", "not_json"),
        (b"[1,]", "not_json"),
        (b'[{"a":"\x01"}]', "not_json"),
        (b"\xff[]", "not_utf8"),
        ("[]".encode("utf-16"), "utf16"),
        (b"[" * 100_000, "not_json"),
        (b"[" * 990 + b"]" * 990, "not_json"),
        (b'[{"a":"\\ud800"}]', "not_json"),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else value,
)
def test_what_is_no_array_of_records_is_refused(data: bytes, reason: str) -> None:
    verdict = verdict_on(data, *UPBIT)
    assert reasons_of(verdict) == [("SUB-001", reason)]
    assert (verdict.row_count, verdict.format) == (0, None)


def test_deep_values_are_refused_and_not_an_accident() -> None:
    """How deep Python follows depends on how deep it is already; at every depth there is a verdict."""
    for depth in (100, 500, *range(850, 1000)):
        data = b'[{"memo":' + b"[" * depth + b"]" * depth + b"}]"
        reasons = reasons_of(verdict_on(data, *UPBIT))
        assert reasons == [("SUB-001", "not_json")] or ("SUB-002", "unknown_column") in reasons


def test_a_name_that_is_half_a_character_is_shown_as_it_was_escaped() -> None:
    verdict = verdict_on(b'[{"\\ud800":1}]', *UPBIT)
    assert "\\ud800" in {finding.column for finding in findings_of(verdict)}


def test_many_records_of_many_names_are_refused_in_no_time() -> None:
    data = json.dumps([{f"c{place}": 1} for place in range(600)]).encode()
    found = [one for one in findings_of(verdict_on(data, *UPBIT)) if one.reason != "missing_column"]
    assert [(one.reason, one.found) for one in found] == [("unknown_columns", "600: c0, c1, c2, c3, c4, …")]


def coinone_file(**changes: Any) -> bytes:
    envelope = json.loads(native_file(*COINONE), parse_int=int)
    for key, value in changes.items():
        if value is ...:
            del envelope[key]
        else:
            envelope[key] = value
    return json.dumps(envelope).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"result": "error"},
        {"result": "SUCCESS"},
        {"result": None},
        {"result": ...},
        {"error_code": "12"},
        {"error_code": ...},
        {"error_code": None},
        {"data": ...},
        {"result": "error", "error_code": "11", "data": []},
        {"result": "\ud800"},
    ],
    ids=str,
)
def test_an_envelope_that_says_anything_but_success_is_no_report(changes: dict[str, Any]) -> None:
    assert reasons_of(verdict_on(coinone_file(**changes), *COINONE)) == [("SUB-001", "error_envelope")]


@pytest.mark.parametrize(
    "changes", [{"server_time": 0}, {"server_time": ...}, {"notice": "점검 안내"}, {"error_code": 0}], ids=str
)
def test_what_else_an_envelope_says_does_not_matter(changes: dict[str, Any]) -> None:
    assert verdict_on(coinone_file(**changes), *COINONE).state is State.ACCEPTED


@pytest.mark.parametrize("data", [{}, "", None, 1], ids=repr)
def test_an_envelope_without_an_array_is_refused(data: Any) -> None:
    assert reasons_of(verdict_on(coinone_file(data=data), *COINONE)) == [("SUB-001", "not_array")]


def test_a_bare_array_is_no_envelope() -> None:
    assert reasons_of(verdict_on(b"[]", *COINONE)) == [("SUB-001", "error_envelope")]
    assert reasons_of(verdict_on(coinone_file(), *UPBIT)) == [("SUB-001", "not_array")]


def test_two_data_in_one_envelope_are_refused_even_where_the_second_is_empty() -> None:
    """The last of two keys would win, and the rows of the first be lost without a word."""
    for second in (b"[]", b"[{}]", native_file(*UPBIT)):
        data = native_file(*COINONE).removesuffix(b"}") + b',"data":' + second + b"}"
        found = [(f.reason, f.column) for f in findings_of(verdict_on(data, *COINONE))]
        assert ("repeated_column", "data") in found


def test_two_results_in_one_envelope_are_refused() -> None:
    data = native_file(*COINONE).replace(b"{", b'{"result":"error",', 1)
    finding = only(verdict_on(data, *COINONE))
    assert (finding.rule, finding.reason, finding.column) == ("SUB-002", "repeated_column", "result")


# --------------------------------------------------------------------------------------------------- XLSX

Cells = list[Any]


def workbook(sheets: dict[str, list[Cells]], **formats: str) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_numbers": False, **formats}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return target.getvalue()


def bithumb_rows(report_name: str = "reconciliation") -> list[Cells]:
    """The rows of the sample as they stand in its sheet."""
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(native_file("bithumb", report_name)))
    return [["" if cell == "" else cell for cell in row] for row in book.get_sheet_by_index(0).to_python()]


def bithumb_file(rows: list[Cells], report_name: str = "reconciliation", **formats: str) -> bytes:
    return workbook({native_layout("bithumb", report_name).sheet or "": rows}, **formats)


def bithumb_verdict(rows: list[Cells], report_name: str = "reconciliation") -> Verdict:
    return verdict_on(bithumb_file(rows, report_name), "bithumb", report_name)


def test_a_sheets_rows_are_numbered_as_the_sheet_numbers_them() -> None:
    verdict = bithumb_verdict(bithumb_rows())
    assert rows_of(verdict) == [4, 5, 6, 7, 8]
    rows = bithumb_rows()
    assert rows_of(bithumb_verdict([*rows[:4], [], [], *rows[4:]])) == [4, 7, 8, 9, 10]


def test_trailing_empty_rows_and_columns_do_not_matter() -> None:
    rows = [[*row, "", ""] for row in bithumb_rows()] + [[""] * 5, ["", "", ""]]
    assert bithumb_verdict(rows).state is State.ACCEPTED


@pytest.mark.parametrize(
    ("sheets", "reason"),
    [
        (["잔고 대사"], "sheet_name"),
        (["Sheet1"], "sheet_name"),
        (["거래차단"], "sheet_name"),
        (["잔고대사", "Sheet2"], "more_sheets"),
        (["Sheet2", "잔고대사"], "sheet_name"),
    ],
    ids=str,
)
def test_a_workbook_has_the_sheet_of_its_report_and_no_other(sheets: list[str], reason: str) -> None:
    data = workbook({name: bithumb_rows() for name in sheets})
    assert reasons_of(verdict_on(data, *BITHUMB)) == [("SUB-001", reason)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["보고기간"], "no_period_cell"),
        (["", "2026-11-02"], "no_period_cell"),
        (["기간", "2026-11-02"], "no_period_cell"),
        ([], "no_period_cell"),
        (["보고기간", "2026-11-01"], "other_period"),
        (["보고기간", "2026-11"], "other_period"),
        (["보고기간", "2026/11/02"], "other_period"),
        (["보고기간", "2026-11-02T09-12"], "other_period"),
        (["보고기간", "0001-01-01"], "other_period"),
        (["보고기간", "9999-12"], "other_period"),
        (["보고기간", "２０２６-１１-02"], "other_period"),
        (["보고기간", "2026-02-30"], "other_period"),
        (["보고기간", 20261102], "other_period"),
    ],
    ids=str,
)
def test_the_period_stands_in_the_second_row(row: Cells, reason: str) -> None:
    rows = bithumb_rows()
    rows[1] = row
    rule = "SUB-004" if reason == "other_period" else "SUB-001"
    assert reasons_of(bithumb_verdict(rows)) == [(rule, reason)]


def test_the_period_may_be_written_as_the_whole_day() -> None:
    rows = bithumb_rows()
    rows[1] = ["보고기간", "2026-11-02T00-24"]
    assert bithumb_verdict(rows).state is State.ACCEPTED


def test_a_slice_says_its_hours() -> None:
    rows = [*bithumb_rows()[:3], bithumb_rows()[5]]
    rows[1] = ["보고기간", "2026-11-02T09-12"]
    period = Period.parse("2026-11-02T09-12")
    assert verdict_on(bithumb_file(rows), *BITHUMB, period=period).state is State.ACCEPTED
    assert reasons_of(bithumb_verdict(rows)) == [("SUB-004", "other_period")]


@pytest.mark.parametrize("above", [1, 2], ids=["one row", "two rows"])
def test_a_sheet_that_begins_lower_has_no_period_where_it_is_due(above: int) -> None:
    verdict = bithumb_verdict([*([[]] * above), *bithumb_rows()])
    assert verdict.state is State.REJECTED
    assert {rule for rule, _ in reasons_of(verdict)} == {"SUB-001"}


def test_the_title_may_be_missing_as_long_as_its_row_is_there() -> None:
    rows = bithumb_rows()
    rows[0] = []
    assert rows_of(bithumb_verdict(rows)) == [4, 5, 6, 7, 8]


def test_the_title_may_be_merged_over_the_columns() -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet("잔고대사")
        sheet.merge_range("A1:F1", "빗썸 잔고대사 보고")
        for number, row in enumerate(bithumb_rows()[1:], 1):
            sheet.write_row(number, 0, row)
    assert verdict_on(target.getvalue(), *BITHUMB).state is State.ACCEPTED


def test_a_first_column_left_empty_shifts_all_others() -> None:
    verdict = bithumb_verdict([["", *row] for row in bithumb_rows()])
    assert reasons_of(verdict) == [("SUB-001", "no_period_cell")]


def test_an_empty_sheet_has_nothing_to_read() -> None:
    assert reasons_of(verdict_on(workbook({"잔고대사": []}), *BITHUMB)) == [("SUB-001", "no_sheet")]


def test_values_beyond_the_headers_are_one_finding_with_their_places() -> None:
    rows = bithumb_rows()
    rows[4] = [*rows[4], "", "비고"]
    finding = only(bithumb_verdict(rows))
    assert (finding.rule, finding.reason, finding.found) == ("SUB-002", "beyond_header", "H5")


def test_a_header_left_empty_is_a_missing_column_and_cells_beyond_the_headers() -> None:
    rows = bithumb_rows()
    rows[2][2] = ""
    assert sorted(reasons_of(bithumb_verdict(rows))) == [("SUB-002", "beyond_header"), ("SUB-002", "missing_column")]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (12345, "number_for_text"),
        (1.5, "number_for_text"),
        (True, "boolean_cell"),
        ("", "absent"),
        ("1.5e3", "not_quantity"),
    ],
    ids=str,
)
def test_a_quantity_is_a_cell_of_text(value: Any, reason: str) -> None:
    rows = bithumb_rows()
    rows[5][2] = value
    finding = only(bithumb_verdict(rows))
    assert (finding.rule, finding.reason, finding.row, finding.column) == ("SUB-006", reason, 6, "장부수량")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("1203", "text_for_number"),
        (1203.5, "not_count"),
        (True, "boolean_cell"),
        ("", "absent"),
        (1e300, "out_of_range"),
    ],
    ids=str,
)
def test_a_count_is_a_numeric_cell(value: Any, reason: str) -> None:
    rows = bithumb_rows("halts")
    rows[3][10] = value
    finding = only(bithumb_verdict(rows, "halts"))
    assert (finding.rule, finding.reason, finding.row, finding.column) == ("SUB-006", reason, 4, "대상계정수")


def test_a_count_beyond_the_reach_of_floats_is_exact() -> None:
    verdict = verdict_on(native_file("bithumb", "halts"), "bithumb", "halts")
    assert verdict.table is not None
    assert verdict.table.column("affected_account_count").to_pylist()[2] == 2**53 + 1


def test_a_date_cell_is_no_moment() -> None:
    """It holds a number of days in binary, and no zone; moments are text (specification, 4.2)."""
    rows = bithumb_rows()
    rows[3][0] = datetime(2026, 11, 2, 0, 0, 2)
    finding = only(verdict_on(bithumb_file(rows, default_date_format="yyyy-mm-dd hh:mm:ss"), *BITHUMB))
    assert (finding.reason, finding.row, finding.column) == ("date_cell", 4, "대사시각")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([["해당 없음"]], None),
        ([[], ["해당 없음"]], None),
        ([["해당 없음", "", ""]], None),
        ([["해당 없음", "x"]], "nil_mark_with_data"),
        ([["해당 없음"], ["해당 없음"]], "nil_mark_with_data"),
        ([["해당없음"]], "nil_mark_spelling"),
        ([["없음"]], "nil_mark_spelling"),
        ([], "nil_not_declared"),
    ],
    ids=str,
)
def test_bithumb_files_a_nil_return_with_its_mark(rows: list[Cells], reason: str | None) -> None:
    verdict = bithumb_verdict([*bithumb_rows()[:3], *rows])
    if reason is None:
        assert (verdict.state, verdict.row_count, verdict.findings) == (State.ACCEPTED, 0, ())
    else:
        assert reasons_of(verdict)[0][1] == reason


@pytest.mark.parametrize("report_name", ["api_volume", "api_keys", "surveillance"])
def test_the_nil_mark_beside_data_is_refused_in_a_workbook(report_name: str) -> None:
    rows = bithumb_rows(report_name)
    assert reasons_of(bithumb_verdict([*rows, ["해당 없음"]], report_name)) == [("SUB-001", "nil_mark_with_data")]


def test_an_encrypted_workbook_is_named_as_such() -> None:
    container = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096)
    encrypted = container + "EncryptedPackage".encode("utf-16-le") + bytes(1024)
    assert reasons_of(verdict_on(encrypted, *BITHUMB)) == [("SUB-001", "encrypted_workbook")]
    assert reasons_of(verdict_on(container, *BITHUMB)) == [("SUB-001", "old_workbook")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK", "not_workbook"),
        (b"PK\x05\x06" + bytes(18), "zip_archive"),
        (b"<html></html>", "not_workbook"),
        (native_file(*KORBIT), "not_workbook"),
        (native_file(*BITHUMB)[:-30], "not_workbook"),
    ],
    ids=["two bytes", "an empty archive", "a page", "a CSV", "a cut workbook"],
)
def test_what_is_no_workbook_is_refused(data: bytes, reason: str) -> None:
    assert reasons_of(verdict_on(data, *BITHUMB)) == [("SUB-001", reason)]


def test_an_archive_whose_directory_lies_about_sizes_is_refused() -> None:
    """The directory says a hundred bytes; what is really there decides."""
    data = bytearray(native_file(*BITHUMB))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    lied = bytes(data).replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lied != bytes(data)
    assert reasons_of(verdict_on(lied, *BITHUMB)) == [("SUB-001", "damaged_archive")]


def test_a_part_whose_checksum_is_wrong_is_refused() -> None:
    data = native_file(*BITHUMB)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        crc = archive.getinfo("xl/worksheets/sheet1.xml").CRC
    lied = data.replace(crc.to_bytes(4, "little"), bytes(4))
    assert reasons_of(verdict_on(lied, *BITHUMB)) == [("SUB-001", "damaged_archive")]


# ---------------------------------------------------------------------------------- the canonical template


@pytest.mark.parametrize(("exchange_id", "report_name"), PAIRS)
@pytest.mark.parametrize("container", TEMPLATES)
def test_every_exchange_may_file_the_template(exchange_id: str, report_name: str, container: Container) -> None:
    table = sample(exchange_id, report_name)
    data = canonical_file(report_name, container, table)
    verdict = verdict_on(data, exchange_id, report_name, container=container)
    assert verdict.findings == ()
    assert verdict.format == "canonical"
    assert without_row_numbers(verdict.table).equals(without_row_numbers(table))
    first = 1 if container is Container.PARQUET else 2
    assert rows_of(verdict)[0] == first


@pytest.mark.parametrize("report_name", list(all_reports()))
@pytest.mark.parametrize("container", TEMPLATES)
def test_the_templates_header_alone_is_a_nil_return(report_name: str, container: Container) -> None:
    data = canonical_file(report_name, container, sample("upbit", report_name).slice(0, 0))
    verdict = verdict_on(data, "upbit", report_name, container=container)
    assert verdict.row_count == 0
    always = {"api_keys": {"KEY-001"}, "audits": {"SUB-001"}}
    """Reports that have rows always (specification, 2.8)."""
    assert {rule for rule, _ in reasons_of(verdict)} == always.get(report_name, set())


def canonical_lines(report_name: str = "reconciliation") -> list[list[str]]:
    text = canonical_file(report_name, Container.CSV).decode("utf-8")
    return list(csv.reader(io.StringIO(text, newline="")))


def template(lines: list[list[str]], container: Container) -> bytes:
    """Canonical lines of text as a template of any kind."""
    if container is Container.XLSX:
        return workbook({"Sheet1": [[*line] for line in lines]})
    if container is Container.CSV:
        target = io.StringIO(newline="")
        csv.writer(target, lineterminator="\n").writerows(lines)
        return target.getvalue().encode()
    columns = {name: pa.array(values, pa.string()) for name, *values in zip(*lines, strict=True)}
    target_bytes = io.BytesIO()
    pq.write_table(pa.table(columns), target_bytes)
    return target_bytes.getvalue()


@pytest.mark.parametrize("container", TEMPLATES)
@pytest.mark.parametrize("exchange_id", ["upbit", "bithumb", "korbit", "gopax"])
def test_the_templates_columns_come_in_any_order(exchange_id: str, container: Container) -> None:
    lines = [line[::-1] for line in canonical_lines()]
    verdict = verdict_on(template(lines, container), exchange_id, "reconciliation", container=container)
    assert verdict.findings == ()
    assert verdict.row_count == 5


@pytest.mark.parametrize("container", TEMPLATES)
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["upbit"] * 5, None),
        (["bithumb"] * 5, "bithumb"),
        (["upbit"] * 4 + ["korbit"], "korbit"),
        (["upbit", "", "upbit", "Upbit", "korbit"], ", Upbit, korbit"),
        (["Upbit"] * 5, "Upbit"),
    ],
    ids=["its own", "another's", "one row another's", "several", "another case"],
)
def test_a_template_may_name_its_exchange(container: Container, words: list[str], found: str | None) -> None:
    lines = [[name, *line] for name, line in zip(["exchange", *words], canonical_lines(), strict=True)]
    verdict = verdict_on(template(lines, container), "upbit", "reconciliation", container=container)
    if found is None:
        assert verdict.findings == ()
    else:
        finding = only(verdict)
        assert (finding.rule, finding.reason, finding.expected) == ("SUB-004", "other_exchange", "upbit")
        assert found in {finding.found, (finding.found or "").replace("None", "")}


def test_a_native_file_has_no_exchange_column() -> None:
    lines = [[name, *line] for name, line in zip(["exchange", *["korbit"] * 5], korbit_lines(), strict=True)]
    finding = only(verdict_on(korbit_file(lines), *KORBIT))
    assert (finding.rule, finding.reason, finding.column) == ("SUB-002", "unknown_column", "exchange")


@pytest.mark.parametrize("exchange_id", ["korbit", "gopax"])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda data: BOM + data, id="byte-order mark"),
        pytest.param(lambda data: data.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda data: data.replace(b"\n", b"\r"), id="CR"),
        pytest.param(lambda data: data.replace(b"checked_at", b'"checked_at"', 1), id="quoted header"),
    ],
)
def test_a_template_is_told_from_the_exchanges_own_csv(exchange_id: str, change: Callable[[bytes], bytes]) -> None:
    data = change(canonical_file("reconciliation", Container.CSV))
    verdict = verdict_on(data, exchange_id, "reconciliation")
    assert (verdict.state, verdict.format, verdict.row_count) == (State.ACCEPTED, "canonical", 5)


def test_a_template_is_utf8_for_gopax_too() -> None:
    data = canonical_file("key_actions", Container.CSV, sample("gopax", "key_actions"))
    assert verdict_on(data, *GOPAX).state is State.ACCEPTED
    assert reasons_of(verdict_on(data.decode().encode("cp949"), *GOPAX)) == [("SUB-001", "cp949_where_utf8")]


def test_a_template_is_told_from_bithumbs_own_workbook_by_its_first_row() -> None:
    data = canonical_file("halts", Container.XLSX, sample("bithumb", "halts"))
    verdict = verdict_on(data, "bithumb", "halts")
    assert (verdict.format, verdict.state) == ("canonical", State.ACCEPTED)


def test_of_a_template_only_the_first_sheet_is_read() -> None:
    lines: list[Cells] = [[*line] for line in canonical_lines()]
    verdict = verdict_on(
        workbook({"보고": lines, "설명": [["x"]]}), "upbit", "reconciliation", container=Container.XLSX
    )
    assert (verdict.state, verdict.row_count) == (State.ACCEPTED, 5)


def test_a_decimal_in_a_template_workbook_is_text() -> None:
    lines: list[Cells] = [[*line] for line in canonical_lines()]
    lines[1][4] = 98765432.0
    verdict = verdict_on(workbook({"Sheet1": lines}), "upbit", "reconciliation", container=Container.XLSX)
    finding = only(verdict)
    assert (finding.reason, finding.row, finding.column) == ("number_for_text", 2, "price_krw")


@pytest.mark.parametrize("value", [1203, "1203"], ids=["number", "text"])
def test_a_count_in_a_template_workbook_is_a_number_or_text(value: int | str) -> None:
    lines: list[Cells] = [[*line] for line in canonical_lines("halts")]
    lines[1][10] = value
    verdict = verdict_on(workbook({"Sheet1": lines}), "upbit", "halts", container=Container.XLSX)
    assert verdict.findings == ()


def test_a_template_whose_headers_are_not_in_row_one_is_refused() -> None:
    lines: list[Cells] = [[], *([*line] for line in canonical_lines())]
    verdict = verdict_on(workbook({"Sheet1": lines}), "upbit", "reconciliation", container=Container.XLSX)
    assert verdict.state is State.REJECTED


@pytest.mark.parametrize(
    ("pair", "name"),
    [
        (UPBIT, "upbit_reconciliation_2026-11-02.txt"),
        (UPBIT, "upbit_reconciliation_2026-11-02"),
        (UPBIT, "upbit_reconciliation_2026-11-02.json.gz"),
        (KORBIT, "korbit_key_actions_2026-11-02.json"),
        (BITHUMB, "bithumb_reconciliation_2026-11-02.xls"),
        (GOPAX, "gopax_key_actions_2026-11-02.json"),
    ],
    ids=str,
)
def test_a_container_that_the_exchange_does_not_use_is_refused(pair: tuple[str, str], name: str) -> None:
    assert reasons_of(verdict_on(native_file(*pair), *pair, name=name)) == [("SUB-001", "wrong_container")]


def test_the_ending_may_be_written_in_capitals() -> None:
    name = "upbit_reconciliation_2026-11-02.JSON"
    assert verdict_on(native_file(*UPBIT), *UPBIT, name=name).state is State.ACCEPTED


# ------------------------------------------------------------------------------------------------ Parquet


def parquet(table: pa.Table) -> bytes:
    target = io.BytesIO()
    pq.write_table(table, target)
    return target.getvalue()


def parquet_verdict(table: pa.Table, report_name: str = "reconciliation") -> Verdict:
    return verdict_on(parquet(table), "upbit", report_name, container=Container.PARQUET)


def recast(table: pa.Table, name: str, type_: pa.DataType) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, table.column(name).cast(type_))


def canonical_columns(report_name: str = "reconciliation") -> pa.Table:
    return without_row_numbers(sample("upbit", report_name))


SMALL = canonical_columns().filter(pa.array([False, False, False, True, True]))
"""Rows whose numbers fit into every type that is tried."""


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("ledger_quantity", pa.string()),
        ("ledger_quantity", pa.large_string()),
        ("ledger_quantity", pa.decimal128(30, 18)),
        ("ledger_quantity", pa.decimal256(76, 40)),
        ("price_krw", pa.decimal128(20, 2)),
        ("price_krw", pa.decimal64(18, 3)),
        ("asset", pa.large_string()),
        ("asset", pa.dictionary(pa.int32(), pa.string())),
        ("result", pa.dictionary(pa.int8(), pa.string())),
        ("checked_at", pa.timestamp("us", "UTC")),
        ("checked_at", pa.timestamp("ns", "Asia/Seoul")),
        ("checked_at", pa.timestamp("ms", "+09:00")),
        ("checked_at", pa.timestamp("us", "America/New_York")),
    ],
    ids=str,
)
def test_other_types_that_keep_every_digit_are_read(name: str, type_: pa.DataType) -> None:
    verdict = parquet_verdict(recast(SMALL, name, type_))
    assert verdict.findings == ()
    assert without_row_numbers(verdict.table).equals(SMALL)


@pytest.mark.parametrize(
    ("name", "type_", "reason"),
    [
        ("ledger_quantity", pa.float64(), "float_for_decimal"),
        ("price_krw", pa.float64(), "float_for_decimal"),
        ("price_krw", pa.float32(), "float_for_decimal"),
        ("checked_at", pa.timestamp("ms"), "instant_without_zone"),
        ("checked_at", pa.int64(), "number_for_text"),
    ],
    ids=str,
)
def test_types_that_lose_digits_or_zones_are_refused(name: str, type_: pa.DataType, reason: str) -> None:
    verdict = parquet_verdict(recast(SMALL, name, type_))
    assert reasons_of(verdict) == [("SUB-006", reason)] * SMALL.num_rows
    assert {finding.column for finding in findings_of(verdict)} == {name}


def test_a_timestamp_finer_than_milliseconds_is_refused_and_not_cut() -> None:
    finer = datetime(2026, 11, 2, 0, 5, 0, 1, tzinfo=UTC)
    moments = pa.array([finer, finer + timedelta(microseconds=999)], pa.timestamp("us", "UTC"))
    verdict = parquet_verdict(SMALL.set_column(0, "checked_at", moments))
    finding = only(verdict)
    assert (finding.reason, finding.row) == ("not_instant", 1)


@pytest.mark.parametrize("type_", [pa.int8(), pa.int32(), pa.uint64(), pa.string(), pa.decimal128(19, 0)], ids=str)
def test_a_count_is_any_whole_number(type_: pa.DataType) -> None:
    table = with_column(canonical_columns("halts"), "affected_account_count", lambda _: [1, 0, 100, 2])
    verdict = parquet_verdict(recast(table, "affected_account_count", type_), "halts")
    assert verdict.findings == ()
    assert without_row_numbers(verdict.table).equals(table)


def test_a_count_beyond_its_range_is_refused_in_parquet() -> None:
    table = canonical_columns("halts")
    counts = pa.array([1, 2, 3, 2**63], pa.uint64())
    verdict = parquet_verdict(table.set_column(10, "affected_account_count", counts), "halts")
    assert reasons_of(verdict) == [("SUB-006", "out_of_range")]


@pytest.mark.parametrize("type_", [pa.date32(), pa.date64(), pa.string()], ids=str)
def test_a_date_is_a_date_or_text(type_: pa.DataType) -> None:
    table = canonical_columns("api_keys")
    assert parquet_verdict(recast(table, "snapshot_date", type_), "api_keys").findings == ()


def test_a_date_is_no_timestamp() -> None:
    table = recast(canonical_columns("api_keys"), "snapshot_date", pa.timestamp("ms"))
    assert set(reasons_of(parquet_verdict(table, "api_keys"))) == {("SUB-006", "not_date")}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([None, None], "absent"),
        ([[1], [2]], "unreadable_type"),
        ([{"a": 1}, {"a": 2}], "unreadable_type"),
        ([True, False], "boolean_cell"),
        ([b"\xff", b"\xfe"], "unreadable_type"),
    ],
    ids=str,
)
def test_values_of_no_use_are_refused(values: list[Any], reason: str) -> None:
    verdict = parquet_verdict(SMALL.set_column(2, "ledger_quantity", pa.array(values)))
    assert reasons_of(verdict) == [("SUB-006", reason)] * 2


def test_text_that_is_no_utf8_is_refused_in_parquet() -> None:
    broken = pa.Array.from_buffers(pa.string(), 2, pa.array([b"\xff\xfe", b"BTC"], pa.binary()).buffers())
    verdict = parquet_verdict(SMALL.set_column(1, "asset", broken))
    assert reasons_of(verdict) == [("SUB-001", "not_parquet")]


def test_a_column_that_stands_twice_is_refused_in_parquet() -> None:
    twice = SMALL.append_column("asset", SMALL.column("asset"))
    assert reasons_of(parquet_verdict(twice)) == [("SUB-002", "repeated_column")]


def test_what_was_on_its_way_through_pandas_brings_its_index_along_and_is_refused() -> None:
    with_index = SMALL.append_column("__index_level_0__", pa.array([0, 1]))
    finding = only(parquet_verdict(with_index))
    assert (finding.reason, finding.column) == ("unknown_column", "__index_level_0__")


@pytest.mark.parametrize(
    "data", [b"PAR1", b"PAR1" * 100, parquet(SMALL)[:-20], b"\x00" * 64], ids=["4", "400", "cut", "0"]
)
def test_what_is_no_parquet_is_refused(data: bytes) -> None:
    verdict = verdict_on(data, "upbit", "reconciliation", container=Container.PARQUET)
    assert reasons_of(verdict) == [("SUB-001", "not_parquet")]


def test_the_types_of_a_template_are_the_canonical_ones() -> None:
    for name in all_reports():
        schema = pq.read_schema(io.BytesIO(canonical_file(name, Container.PARQUET)))
        assert schema.names == list(shape_of(name).field_names)
        for shape in shape_of(name).fields:
            if shape.type in {ValueType.QUANTITY, ValueType.KRW}:
                assert pa.types.is_decimal(schema.field(shape.name).type)

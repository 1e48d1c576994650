"""Files made to be read wrongly: each is refused with its cause, or read exactly; none ends the process."""

import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Callable
from contextlib import nullcontext

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from etl.examine import Verdict
from etl.formats.parquet_columns import _column
from etl.intake import Given
from etl.layout import Container
from etl.notation import Cell
from expectations.catalogue import all_reports
from expectations.vocabulary import State
from tests.golden.filing import canonical_file, findings_of, native_file, verdict_on

SHEET = "xl/worksheets/sheet1.xml"
COUNT = b'<c r="K4"><v>1203</v></c>'
"""The number of accounts in the first row of Bithumb's halts."""
PHONE = "010-1234-5678"
BITHUMB = ("bithumb", "halts")


def book(old: bytes, new: bytes, part: str = SHEET, **more: bytes) -> bytes:
    """Bithumb's halts with one place of one part changed, and further parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(native_file(*BITHUMB))) as source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            data = source.read(name)
            assert name != part or old in data, old
            archive.writestr(name, data.replace(old, new, 1) if name == part else data, zipfile.ZIP_DEFLATED)
        for name, data in more.items():
            archive.writestr(name.replace("__", "/"), data, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def rezipped(data: bytes, parts: dict[str, bytes]) -> bytes:
    """A workbook with some parts in place of its own, or more of them."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in dict.fromkeys([*source.namelist(), *parts]):
            archive.writestr(name, parts[name] if name in parts else source.read(name))
    return target.getvalue()


def rules(data: bytes, exchange: str, report: str, given: Given | None = None) -> list[str]:
    return [finding.rule for finding in findings_of(verdict_on(data, exchange, report, given=given or Given()))]


# ----------------------------------------------------------------------------------------- the wrong value


@pytest.mark.parametrize(
    "cell",
    [
        b'<c r="K4"><v>12&#x7F;03</v></c>',
        b'<c r="K4"><v>12&#1;03</v></c>',
        b'<c r="K4"><v>12&nbsp;03</v></c>',
        b'<c r="K4"><v>12</v><v>03</v></c>',
        b'<c r="K4"><v>12</v><is><t>03</t></is></c>',
        b'<c r="K4" t="N"><v>1203</v></c>',
        b'<c r="K4" t="e"/>',
        b'<c r="K4" t="b"/>',
        b'<c r="K4" t="s"><v></v></c>',
    ],
)
def test_a_cell_that_holds_no_value_is_no_number(cell: bytes) -> None:
    verdict = verdict_on(book(COUNT, cell), *BITHUMB)
    assert verdict.state is State.REJECTED
    assert {finding.rule for finding in findings_of(verdict)} <= {"SUB-001", "SUB-006"}


@pytest.mark.parametrize("damage", [(b"</worksheet>", b"</worksheet>more"), (b"</row></sheetData>", b"</sheetData>")])
def test_a_sheet_that_is_not_well_formed_is_refused(damage: tuple[bytes, bytes]) -> None:
    assert rules(book(*damage), *BITHUMB) == ["SUB-001"]


@pytest.mark.parametrize("name", ["xl__worksheets__sheet1.xml", "XL__worksheets__SHEET1.xml"])
def test_a_part_that_is_there_twice_is_refused(name: str) -> None:
    with pytest.warns(UserWarning) if name.startswith("xl") else nullcontext():
        data = book(COUNT, COUNT, **{name: b"<worksheet/>"})
    assert rules(data, *BITHUMB) == ["SUB-001"]


def test_a_hidden_first_sheet_is_not_read_instead_of_the_one_that_is_seen() -> None:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(canonical_file("halts", Container.XLSX))) as source,
        zipfile.ZipFile(target, "w") as archive,
    ):
        for name in source.namelist():
            data = source.read(name)
            if name == "xl/workbook.xml":
                start, end = data.index(b"<sheet "), data.index(b"/>", data.index(b"<sheet ")) + 2
                first = data[start:end]
                second = first.replace(b'name="', b'name="new ').replace(b'sheetId="1"', b'sheetId="2"')
                data = data[:start] + first.replace(b"<sheet ", b'<sheet state="hidden" ') + second + data[end:]
            archive.writestr(name, data)
    verdict = verdict_on(target.getvalue(), "upbit", "halts", container=Container.XLSX)
    assert [(finding.rule, finding.reason) for finding in findings_of(verdict)] == [("SUB-001", "more_sheets")]


@pytest.mark.parametrize("kind", [b"e", b"d"])
def test_an_error_or_a_date_is_no_mark_of_a_nil_return(kind: bytes) -> None:
    sheet = zipfile.ZipFile(io.BytesIO(native_file(*BITHUMB))).read(SHEET)
    start, end = sheet.index(b'<row r="4"'), sheet.index(b"</sheetData>")
    mark = b'<row r="4"><c r="A4" t="%s"><v>%s</v></c></row>' % (kind, "해당 없음".encode())
    verdict = verdict_on(book(sheet[start:end], mark), *BITHUMB)
    assert verdict.state is State.REJECTED


@pytest.mark.parametrize("end", ["\n", "\r"])
def test_a_stray_quote_swallows_no_row_in_whatever_column(end: str) -> None:
    lines = native_file("korbit", "audits").decode().splitlines()
    names = lines[0].split(",")
    place = names.index(next(name for name in names if "uditor" in name))
    for number, quote in ((1, lambda text: f'"{text}'), (2, lambda text: f'{text}"')):
        cells = lines[number].split(",")
        cells[place] = quote(cells[place])
        lines[number] = ",".join(cells)
    verdict = verdict_on((end.join(lines) + end).encode(), "korbit", "audits")
    assert verdict.state is State.REJECTED
    assert "SUB-006" in {finding.rule for finding in findings_of(verdict)}


# --------------------------------------------------------------------------------- what ends or fills a process


@pytest.mark.parametrize(
    "data",
    [
        lambda: book(COUNT, COUNT, xl__media__a=b"<" * 300_000),
        lambda: book(b'encoding="UTF-8"', b'encoding="EUC-KR"', "xl/workbook.xml"),
        lambda: book(COUNT, b'<c r="K4" t="str"><v>_xD800_</v></c>'),
    ],
    ids=["many brackets", "another encoding", "half a pair"],
)
def test_it_has_a_verdict(data: Callable[[], bytes]) -> None:
    assert verdict_on(data(), *BITHUMB).state in (State.ACCEPTED, State.REJECTED)


def test_a_text_that_stands_in_every_row_of_parquet_counts_each_time() -> None:
    table = pq.read_table(io.BytesIO(canonical_file("key_actions", Container.PARQUET)))
    place = table.schema.get_field_index("note")
    many = pa.concat_tables([table.slice(0, 1)] * 1300)
    wide = many.set_column(place, "note", pa.array(["x" * 1_000_000] * 1300).dictionary_encode())
    target = io.BytesIO()
    pq.write_table(wide, target, compression="zstd")
    verdict = verdict_on(target.getvalue(), "upbit", "key_actions", container=Container.PARQUET)
    assert [finding.rule for finding in findings_of(verdict)] == ["SUB-008"]


def test_a_column_of_parquet_whose_name_is_no_text_is_refused() -> None:
    table = pq.read_table(io.BytesIO(canonical_file("reconciliation", Container.PARQUET)))
    target = io.BytesIO()
    pq.write_table(table, target, store_schema=False)
    data = target.getvalue().replace(b"asset", b"as\xffet")
    verdict = verdict_on(data, "upbit", "reconciliation", container=Container.PARQUET)
    assert [finding.rule for finding in findings_of(verdict)] == ["SUB-001"]


# ------------------------------------------------------------------------------------------- many columns

NAMES = [f"c{place}" for place in range(1001)]


def with_names(container: Container, count: int) -> bytes:
    """The template of reconciliation with so many columns more, empty ones."""
    if container is Container.JSON:
        records = json.loads(native_file("upbit", "reconciliation"))
        return json.dumps([{**record, NAMES[place]: None} for record in records[:1] for place in range(count)]).encode()
    table = pq.read_table(io.BytesIO(canonical_file("reconciliation", Container.PARQUET)))
    for name in NAMES[:count]:
        table = table.append_column(name, pa.array([""] * table.num_rows))
    target = io.BytesIO()
    if container is Container.PARQUET:
        pq.write_table(table, target)
        return target.getvalue()
    lines = canonical_file("reconciliation", Container.CSV).decode().splitlines()
    rows = [lines[0].split(",") + NAMES[:count], *(line.split(",") + [""] * count for line in lines[1:])]
    if container is Container.CSV:
        return "\n".join(map(",".join, [*rows, []])).encode()
    with xlsxwriter.Workbook(target) as made:
        sheet = made.add_worksheet()
        for place, row in enumerate(rows):
            sheet.write_row(place, 0, row)
    return target.getvalue()


@pytest.mark.parametrize("container", list(Container))
@pytest.mark.parametrize(
    ("count", "reason", "found"),
    [
        (2, "unknown_column", "c0"),
        (21, "unknown_columns", "21: c0, c1, c2, c3, c4, …"),
        (1001, "too_many_columns", "1007"),
    ],
)
def test_many_unknown_columns_are_one_finding(container: Container, count: int, reason: str, found: str) -> None:
    verdict = verdict_on(with_names(container, count), "upbit", "reconciliation", container=container)
    named = [(one.reason, one.found) for one in findings_of(verdict) if one.reason != "missing_column"]
    assert named[0] == (reason, found)
    assert len(named) == (2 if reason == "unknown_column" else 1)


def test_rows_times_names_are_bounded() -> None:
    records = json.dumps([{NAMES[place % 1000]: 1} for place in range(31_000)]).encode()
    found = findings_of(verdict_on(records, "upbit", "reconciliation"))
    assert [(one.rule, one.reason, one.found) for one in found] == [("SUB-008", "too_many_cells", "31000 × 1000")]
    empty = pa.table({name: pa.nulls(31_000, pa.string()) for name in NAMES[:1000]})
    target = io.BytesIO()
    pq.write_table(empty, target)
    verdict = verdict_on(target.getvalue(), "upbit", "reconciliation", container=Container.PARQUET)
    assert [one.reason for one in findings_of(verdict)] == ["too_many_cells"]


def test_lists_of_parquet_hold_no_more_values_than_a_file_may_have_cells() -> None:
    target = io.BytesIO()
    offsets = pa.array([0, 30_000_001], pa.int32())
    pq.write_table(pa.table({"note": pa.ListArray.from_arrays(offsets, pa.nulls(30_000_001, pa.null()))}), target)
    verdict = verdict_on(target.getvalue(), "upbit", "key_actions", container=Container.PARQUET)
    assert [one.reason for one in findings_of(verdict)] == ["too_many_cells"]


def test_many_columns_that_are_there_twice_are_one_finding() -> None:
    header, rest = canonical_file("halts", Container.CSV).decode().split("\n", 1)
    names = ",".join([header, *NAMES[:30], *NAMES[:30]])
    found = findings_of(verdict_on(f"{names}\n{rest}".encode(), "upbit", "halts", container=Container.CSV))
    repeated = [one.found for one in found if one.reason == "repeated_column"]
    assert repeated == ["30: c0, c1, c2, c3, c4, … × 2"]


# ------------------------------------------------------------------------------------- a header that is not there


@pytest.mark.parametrize("exchange", ["korbit", "gopax", "bithumb"])
@pytest.mark.parametrize("report", list(all_reports()))
def test_data_without_a_header_is_one_finding(exchange: str, report: str) -> None:
    data = native_file(exchange, report)
    if exchange == "bithumb":
        sheet = zipfile.ZipFile(io.BytesIO(data)).read(SHEET)
        start, end = sheet.index(b'<row r="3"'), sheet.index(b'<row r="4"')
        for number in range(3, 20):
            sheet = sheet.replace(b'"%d"' % (number + 1), b'"%d"' % number)
            sheet = re.sub(rb'r="([A-Z])%d"' % (number + 1), rb'r="\g<1>%d"' % number, sheet)
        data = rezipped(data, {SHEET: sheet[:start] + sheet[end:]})
    else:
        end = b"\r\n" if exchange == "korbit" else b"\n"
        data = data.split(end, 1)[1]
    found = findings_of(verdict_on(data, exchange, report))
    assert [(one.rule, one.reason) for one in found] == [("SUB-002", "no_header")]


@pytest.mark.parametrize("place", [0, 1])
def test_a_bare_number_of_a_person_is_found_without_a_header_too(place: int) -> None:
    lines = native_file("korbit", "halts").decode("utf-8-sig").splitlines()[1:]
    lines[place] = ",".join(["01012345678", *lines[place].split(",")[1:]])
    found = findings_of(verdict_on("\r\n".join([*lines, ""]).encode(), "korbit", "halts"))
    assert {one.reason for one in found} == {"no_header", "mobile_number"}
    assert not [one for one in found if "01012345678" in (one.found or "")]


# ---------------------------------------------------------------------------------- commas at the end of lines


def korbit_halts() -> list[str]:
    return native_file("korbit", "halts").decode("utf-8-sig").splitlines()


@pytest.mark.parametrize("commas", [",", ",,,"])
@pytest.mark.parametrize(
    ("places", "shown"),
    [(slice(None), "1, 2, 3, 4, 5"), (slice(1, None), "2, 3, 4, 5"), (slice(1), "1")],
    ids=["every line", "every line but the header", "the header alone"],
)
def test_a_comma_at_the_end_of_lines_is_one_finding(commas: str, places: slice, shown: str) -> None:
    lines = korbit_halts()
    lines[places] = [line + commas for line in lines[places]]
    (finding,) = findings_of(verdict_on("\r\n".join([*lines, ""]).encode(), "korbit", "halts"))
    assert (finding.rule, finding.reason) == ("SUB-001", "trailing_comma")
    assert (finding.found, finding.expected) == (f"line {shown}: …affectedAccounts,", "…affectedAccounts")


def test_a_value_behind_the_last_name_is_no_comma_too_many() -> None:
    lines = [f"{line},{place or ''}" for place, line in enumerate(korbit_halts())]
    (finding,) = findings_of(verdict_on("\r\n".join([*lines, ""]).encode(), "korbit", "halts"))
    assert (finding.reason, finding.found) == ("beyond_header", "line 2, line 3, line 4, line 5")


# ------------------------------------------------------------------------------------------ personal data


def envelope(**more: object) -> bytes:
    document = json.loads(native_file("coinone", "halts"))
    return json.dumps({**document, **more}, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("exchange", "report", "data"),
    [
        ("coinone", "halts", lambda: envelope(contact=f"문의 {PHONE}")),
        ("coinone", "halts", lambda: envelope(**{PHONE: "1"})),
        (
            "korbit",
            "key_actions",
            lambda: native_file("korbit", "key_actions") + f"문의 {PHONE},,,,,,,,,,\r\n".encode(),
        ),
        ("korbit", "halts", lambda: f"김철수,{PHONE}\r\n".encode() + native_file("korbit", "halts")),
        ("korbit", "halts", lambda: native_file("korbit", "halts").replace(b"target", PHONE.encode(), 1)),
    ],
    ids=["envelope", "key of the envelope", "footnote", "title", "header"],
)
def test_personal_data_is_found_wherever_it_stands_and_never_shown(
    exchange: str, report: str, data: Callable[[], bytes]
) -> None:
    found = findings_of(verdict_on(data(), exchange, report))
    assert "SUB-007" in {finding.rule for finding in found}
    shown = [text for finding in found for text in (finding.column, finding.found, finding.expected) if text]
    assert not [text for text in shown if PHONE in text]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (pa.array([["010-1234-5678"]]), "LIST"),
        (pa.array([{"a": {"b": 1, "c": "010-1234-5678"}}]), "STRUCT"),
        (pa.array([[("010-1234-5678", 1)]], pa.map_(pa.string(), pa.int64())), "MAP"),
        (pa.array([b"\xb0\xed 010-1234-5678 \xff"]), "BINARY"),
        (pa.array([[{"a": [["010-1234-5678"]]}]]), "LIST"),
    ],
)
def test_cells_of_parquet_that_hold_more_than_a_value_are_searched_and_named(values: pa.Array, found: str) -> None:
    table = pq.read_table(io.BytesIO(canonical_file("key_actions", Container.PARQUET))).slice(1, 1)
    place = table.schema.get_field_index("note")
    target = io.BytesIO()
    pq.write_table(table.set_column(place, "note", values), target)
    verdict = verdict_on(target.getvalue(), "upbit", "key_actions", container=Container.PARQUET)
    assert [(one.reason, one.row, one.column) for one in findings_of(verdict)] == [("mobile_number", 1, "note")]
    column = _column(values)
    assert (column.kinds, column.texts.to_pylist()) == (Cell.OTHER, [found])


def test_a_moment_that_no_calendar_has_is_shown_as_its_number() -> None:
    table = pq.read_table(io.BytesIO(canonical_file("halts", Container.PARQUET)))
    for unit, shown in (("ms", "9223372036854775807 ms"), ("us", "9223372036854775807 us")):
        place = table.schema.get_field_index("halted_at")
        values = pa.array([2**63 - 1] * table.num_rows, pa.timestamp(unit, "UTC"))
        target = io.BytesIO()
        pq.write_table(table.set_column(place, "halted_at", values), target)
        found = findings_of(verdict_on(target.getvalue(), "upbit", "halts", container=Container.PARQUET))
        assert {one.found for one in found} == {shown}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"a": 1}', '{"a": 1}'),
        (b"[null]", "1: null"),
        (b"[true]", "1: true"),
        (b'["x"]', '1: "x"'),
        (b"[[1, [2, [3, [4]]]]]", "1: [1, [2, [3, […]]]]"),
        (b'"text"', '"text"'),
        (b"7", "7"),
    ],
)
def test_json_that_is_no_list_of_records_is_shown_as_it_is_written(data: bytes, found: str) -> None:
    assert [one.found for one in findings_of(verdict_on(data, "upbit", "halts"))] == [found]


@pytest.mark.parametrize(
    ("value", "found"),
    [('{"a": 1.50}', '{"a": 1.50}'), ("[null, true, 1e2]", "[null, true, 1e2]"), ("[[[[[]]]]]", "[[[[…]]]]")],
)
def test_a_cell_of_json_that_holds_more_than_a_value_is_shown_as_it_is_written(value: str, found: str) -> None:
    data = native_file("upbit", "key_actions").replace('"해제"'.encode(), value.encode())
    (finding,) = findings_of(verdict_on(data, "upbit", "key_actions"))
    assert (finding.reason, finding.found) == ("unreadable_type", found)


def test_json_in_cp949_is_told_by_its_line() -> None:
    text = native_file("upbit", "key_actions").decode().replace("{", "\n{", 9)
    (finding,) = findings_of(verdict_on(text.encode("cp949"), "upbit", "key_actions"))
    assert finding.reason == "cp949_where_utf8"
    assert re.fullmatch(r"line [2-9], column [0-9]+", finding.found or "")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("pair", [("korbit", "halts"), ("gopax", "halts"), ("upbit", "halts")])
def test_a_file_in_a_wide_encoding_is_called_so(encoding: str, pair: tuple[str, str]) -> None:
    text = native_file(*pair).decode("cp949" if pair[0] == "gopax" else "utf-8-sig")
    (finding,) = findings_of(verdict_on(text.encode(encoding), *pair))
    assert (finding.reason, finding.found) == ("utf16", encoding[:6].upper())


# ------------------------------------------------------------------------------------------------- workbooks


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        ((b"</worksheet>", b"</worksheet>more"), "거래차단!K7"),
        ((b"</row></sheetData>", b"</sheetData>"), "거래차단!K7"),
        ((COUNT, b'<c r="K4"><v>1203</c>'), "거래차단!K4"),
        ((b'<row r="5">', b'<row r="5"<'), "거래차단!K4"),
    ],
)
def test_broken_xml_is_told_by_sheet_and_cell(damage: tuple[bytes, bytes], place: str) -> None:
    (finding,) = findings_of(verdict_on(book(*damage), *BITHUMB))
    assert (finding.reason, finding.found) == ("broken_part", place)


def test_a_type_that_is_defined_in_utf16_is_refused_as_any_other() -> None:
    sheet = zipfile.ZipFile(io.BytesIO(native_file(*BITHUMB))).read(SHEET).decode()
    text = sheet.replace("<worksheet", '<!DOCTYPE w [<!ENTITY a "b">]><worksheet').replace("UTF-8", "UTF-16")
    verdict = verdict_on(rezipped(native_file(*BITHUMB), {SHEET: text.encode("utf-16")}), *BITHUMB)
    assert [one.reason for one in findings_of(verdict)] == ["document_type"]


@pytest.mark.parametrize(
    ("reference", "is_refused"),
    [("A9:K12", False), ("$A$9:$K$1048576", False), ("A7:A9", True), ("J4:K4", True), ("L4:M7", False), ("A:C", True)],
)
def test_merged_cells_are_refused_where_a_value_stands_in_them(reference: str, is_refused: bool) -> None:
    merged = b'</sheetData><mergeCells><mergeCell ref="%s"/></mergeCells>' % reference.encode()
    verdict = verdict_on(book(b"</sheetData>", merged), *BITHUMB)
    assert [one.reason for one in findings_of(verdict)] == (["merged_cells"] if is_refused else [])


def test_a_further_sheet_with_our_headers_is_not_passed_over() -> None:
    target = io.BytesIO()
    lines = [line.split(",") for line in canonical_file("halts", Container.CSV).decode().splitlines()]
    with xlsxwriter.Workbook(target) as made:
        for name, rows in (("1", lines), ("메모", [["a"]]), ("2", [["halts"], *lines])):
            sheet = made.add_worksheet(name)
            for place, row in enumerate(rows):
                sheet.write_row(place, 0, row)
    (finding,) = findings_of(verdict_on(target.getvalue(), "upbit", "halts", container=Container.XLSX))
    assert (finding.rule, finding.reason, finding.found) == ("SUB-001", "other_tables", "2")


# ------------------------------------------------------------------------------------- marks and rows of totals

TOTALLED = ("bithumb", "api_keys")


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def nil_bithumb(mark: str) -> bytes:
    sheet = zipfile.ZipFile(io.BytesIO(native_file(*BITHUMB))).read(SHEET)
    start, end = sheet.index(b'<row r="4"'), sheet.index(b"</sheetData>")
    row = f'<row r="4"><c r="A4" t="inlineStr"><is><t xml:space="preserve">{mark}</t></is></c></row>'
    return book(sheet[start:end], row.encode())


@pytest.mark.parametrize(
    ("mark", "found"),
    [
        ("해당없음", "A4: 해당없음"),
        (nfd("해당 없음"), f"A4: {nfd('해당 없음')} (NFD)"),
        ("해당\u00a0없음", "A4: 해당\u00a0없음 (U+00A0)"),
        ("해당 없음 ", "A4: 해당 없음  (U+0020)"),
        ("없음", "A4: 없음"),
        ("N/A", "A4: N/A"),
    ],
)
def test_a_mark_of_a_nil_return_that_is_spelled_otherwise_is_named(mark: str, found: str) -> None:
    (finding,) = findings_of(verdict_on(nil_bithumb(mark), *BITHUMB))
    assert (finding.rule, finding.reason) == ("SUB-001", "nil_mark_spelling")
    assert (finding.found, finding.expected) == (found, "해당 없음")


@pytest.mark.parametrize("container", [Container.CSV, Container.XLSX])
def test_a_mark_where_the_header_alone_is_the_nil_return_is_named(container: Container) -> None:
    names = canonical_file("halts", Container.CSV).decode().splitlines()[0].split(",")
    target = io.BytesIO(f"{','.join(names)}\n해당 없음\n".encode())
    if container is Container.XLSX:
        target = io.BytesIO()
        with xlsxwriter.Workbook(target) as made:
            sheet = made.add_worksheet()
            sheet.write_row(0, 0, names)
            sheet.write(1, 0, "해당 없음")
    (finding,) = findings_of(verdict_on(target.getvalue(), "upbit", "halts", container=container))
    place = "A2" if container is Container.XLSX else "line 2"
    assert (finding.reason, finding.found, finding.expected) == ("nil_mark_not_used", f"{place}: 해당 없음", "∅")


def totals(change: Callable[[bytes], bytes]) -> Verdict:
    """The verdict on Bithumb's keys with its row of totals changed."""
    data = native_file(*TOTALLED)
    sheet = zipfile.ZipFile(io.BytesIO(data)).read(SHEET)
    start = sheet.rindex(b"<row ")
    return verdict_on(rezipped(data, {SHEET: sheet[:start] + change(sheet[start:])}), *TOTALLED)


TOTAL = "합계".encode()


@pytest.mark.parametrize(
    ("name", "shown"),
    [(nfd("합계"), f"{nfd('합계')} (NFD)"), ("합계:", "합계:"), ("총 합계", "총 합계"), ("Total", "Total")],
)
def test_a_row_of_totals_that_is_called_otherwise_is_one_finding(name: str, shown: str) -> None:
    (finding,) = findings_of(totals(lambda row: row.replace(TOTAL, name.encode())))
    assert (finding.rule, finding.reason) == ("SUB-006", "totals_called_otherwise")
    assert (finding.found, finding.expected) == (f"A7: {shown}", "합계")


def test_a_row_of_totals_whose_name_is_a_formula_is_one_finding() -> None:
    (finding,) = findings_of(
        totals(lambda row: re.sub(rb'<c r="A7".*?</c>', '<c r="A7"><f>"합계"</f></c>'.encode(), row))
    )
    assert (finding.reason, finding.found) == ("totals_called_otherwise", 'A7: ="합계"')


def test_two_rows_of_totals_are_one_finding() -> None:
    (finding,) = findings_of(
        totals(
            lambda row: row.replace(
                b"</row>", b"</row>" + row[: row.index(b"</row>")].replace(b'7"', b'8"') + b"</row>"
            )
        )
    )
    assert (finding.reason, finding.row, finding.found) == ("totals_not_last", 7, "A7: 합계")


@pytest.mark.parametrize(
    ("cell", "reason", "found"),
    [
        (rb'<c r="\1"><f>SUM(\1)</f></c>', "formula_cell", "C7, D7, E7, F7, G7 …: =SUM(C7)"),
        (rb'<c r="\1" t="e"><v>#REF!</v></c>', "error_cell", "C7, D7, E7, F7, G7 …: #REF!"),
    ],
)
def test_totals_without_values_are_one_finding(cell: bytes, reason: str, found: str) -> None:
    (finding,) = findings_of(totals(lambda row: re.sub(rb'<c r="([C-L]7)".*?</c>', cell, row)))
    assert (finding.rule, finding.reason, finding.row, finding.found) == ("SUB-006", reason, 7, found)


def test_what_cannot_be_seen_in_a_text_is_shown() -> None:
    label = "보고기간"
    verdict = verdict_on(book(label.encode(), nfd(label).encode()), *BITHUMB)
    assert [one.found for one in findings_of(verdict)] == [f"{nfd(label)} (NFD), 2026-11-02"]
    sheet = zipfile.ZipFile(io.BytesIO(native_file(*BITHUMB))).read(SHEET).decode()
    word = next(one for one in ("자산", "마켓", "거래소", "가상자산") if f">{one}<" in sheet)
    verdict = verdict_on(book(f">{word}<".encode(), f">{nfd(word)}\u200b<".encode()), *BITHUMB)
    (finding,) = [one for one in findings_of(verdict) if one.column == "범위"]
    assert (finding.reason, finding.found) == ("not_code", f"{nfd(word)}\u200b (U+200B, NFD)")


@pytest.mark.parametrize("exchange", ["gopax", "upbit", "coinone", "korbit"])
def test_an_empty_note_is_absent(exchange: str) -> None:
    data = native_file(exchange, "key_actions")
    encoding = "cp949" if exchange == "gopax" else "utf-8"
    text = data.decode(encoding)
    quote = '""' if exchange in ("upbit", "coinone") else ""
    old = '"해제"' if quote else "해제"
    assert old in text
    at = text.rindex(old)
    verdict = verdict_on((text[:at] + quote + text[at + len(old) :]).encode(encoding), exchange, "key_actions")
    assert verdict.table is not None, verdict.findings
    assert "" not in verdict.table.column("note").to_pylist()


def test_an_empty_text_is_absent_where_one_is_required() -> None:
    data = re.sub(rb'"uuid":\s*"[^"]*"', b'"uuid":""', native_file("upbit", "halts"), count=1)
    (finding,) = findings_of(verdict_on(data, "upbit", "halts"))
    assert (finding.rule, finding.reason, finding.found) == ("SUB-006", "absent", "∅")


@pytest.mark.parametrize("name", ["원본", "원본 & 메모"])
def test_a_sheet_that_the_rows_are_taken_from_is_no_further_table(name: str) -> None:
    target = io.BytesIO()
    lines = [line.split(",") for line in canonical_file("halts", Container.CSV).decode().splitlines()]
    with xlsxwriter.Workbook(target) as made:
        first, source = made.add_worksheet("halts"), made.add_worksheet(name)
        for row, line in enumerate(lines):
            source.write_row(row, 0, line)
            for place, text in enumerate(line):
                first.write_formula(row, place, f"='{name}'!{chr(65 + place)}{row + 1}", None, text)
    verdict = verdict_on(target.getvalue(), "upbit", "halts", container=Container.XLSX)
    assert "other_tables" not in {one.reason for one in findings_of(verdict)}


# -------------------------------------------------------------------------------------------- row counts


def test_a_right_number_of_rows_is_not_doubted_where_a_line_is_no_record() -> None:
    data = native_file("korbit", "halts")
    rows = data.count(b"\n") - 1
    assert "SUB-011" not in rules(data + b"footnote\r\n", "korbit", "halts", Given(rows=f"{rows}"))

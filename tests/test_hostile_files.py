"""Files made to be read wrongly: each is refused with its cause, or read exactly; none ends the process."""

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import nullcontext

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl.intake import Given
from etl.layout import Container
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


# -------------------------------------------------------------------------------------------- row counts


def test_a_right_number_of_rows_is_not_doubted_where_a_line_is_no_record() -> None:
    data = native_file("korbit", "halts")
    rows = data.count(b"\n") - 1
    assert "SUB-011" not in rules(data + b"footnote\r\n", "korbit", "halts", Given(rows=f"{rows}"))

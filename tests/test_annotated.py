"""The sender's file comes back with the findings beside its rows, and otherwise as it was sent."""

import csv
import io
import json
from datetime import date

import openpyxl
import pyarrow.parquet as pq
import pytest

from app.testbed.simulator import canonical_table
from etl.annotated import annotated_copy
from etl.exchanges import all_exchanges
from etl.layout import ANNOTATION_TITLES, Container, Layout, canonical_layout
from etl.writing.native import write_canonical, write_native
from expectations.catalogue import all_reports
from expectations.catalogue import report as report_of
from expectations.vocabulary import Finding, Period

DAY = Period.of_day(date(2026, 11, 2))
MONTH = Period.parse("2026-10")
WHOLE = Finding(rule="SUB-004", found="2026-11-03", expected="2026-11-02")


def finding(row: int) -> Finding:
    return Finding(rule="SUB-006", row=row, column="x", found='=a,"b"', expected="1234.5")


def rows_of(data: bytes, layout: Layout, title: str) -> dict[int, str]:
    """What stands beside each row of an annotated file, by the sender's row number."""
    if layout.container is Container.CSV:
        lines = csv.reader(io.StringIO(data.decode(layout.encoding + ("-sig" if layout.encoding == "utf-8" else ""))))
        return {number: fields[-1] for number, fields in enumerate(lines, 1) if fields[-1]}
    if layout.container is Container.JSON:
        document = json.loads(data)
        records = document["data"] if isinstance(document, dict) else document
        return {number: record[title] for number, record in enumerate(records, 1) if title in record}
    if layout.container is Container.XLSX:
        book = openpyxl.load_workbook(io.BytesIO(data))
        sheet = book.worksheets[0]
        last = [row[-1] for row in sheet.iter_rows()]
        assert all(cell.data_type != "f" for cell in last)
        return {cell.row: cell.value for cell in last if cell.value}
    column = pq.read_table(io.BytesIO(data)).column(title).to_pylist()
    return {number: text for number, text in enumerate(column, 1) if text}


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("report", all_reports())
@pytest.mark.parametrize("exchange", all_exchanges())
def test_every_native_file_comes_back_with_its_findings(exchange: str, report: str, language: str) -> None:
    period = MONTH if report == "audits" else DAY
    table = canonical_table(exchange, report, period, seed=3, assets=3)
    if not table.num_rows:
        pytest.skip("nothing happened that day")
    data = write_native(table, all_exchanges()[exchange], report_of(report), period)
    layout = all_exchanges()[exchange].layouts[report].on(period.first_day)
    first = {Container.CSV: 2, Container.XLSX: layout.header_row + 1, Container.JSON: 1}[layout.container]
    beside = rows_of(
        annotated_copy(data, layout, [finding(first), WHOLE], language), layout, ANNOTATION_TITLES[language]
    )
    assert "[SUB-006]" in beside[first]
    assert '=a,"b"' in beside[first]
    assert any("[SUB-004]" in text for text in beside.values())


@pytest.mark.parametrize("container", [Container.CSV, Container.XLSX, Container.PARQUET])
def test_every_canonical_file_comes_back_with_its_findings(container: Container) -> None:
    table = canonical_table("korbit", "reconciliation", DAY, seed=3, assets=3)
    data = write_canonical(table, report_of("reconciliation"), container)
    layout = canonical_layout(report_of("reconciliation"), container)
    beside = rows_of(annotated_copy(data, layout, [finding(5)], "ko"), layout, ANNOTATION_TITLES["ko"])
    assert list(beside)[-1] == 5


def test_a_file_without_findings_stays_as_it_was_but_for_the_title() -> None:
    layout = all_exchanges()["korbit"].layouts["halts"].on(DAY.first_day)
    data = b'\xef\xbb\xbfa,b\r\n"x, ""y""\r\nz",1.50\r\n'
    assert annotated_copy(data, layout, [], "en") == b'\xef\xbb\xbfa,b,findings\r\n"x, ""y""\r\nz",1.50,\r\n'
    layout = all_exchanges()["upbit"].layouts["halts"].on(DAY.first_day)
    data = b'[ {"price":1.4E-7, "data" : [1]} ,\n{}]'
    assert annotated_copy(data, layout, [], "ko") == data
    (told,) = [annotated_copy(data, layout, [Finding(rule="SUB-006", row=2, column="x", found="1")], "en")]
    assert told.startswith(b'[ {"price":1.4E-7, "data" : [1]} ,\n{"findings":"[SUB-006]')
    assert json.loads(told)[0] == {"price": 1.4e-7, "data": [1]}


def test_a_line_separator_inside_a_field_is_no_new_row() -> None:
    layout = all_exchanges()["korbit"].layouts["halts"].on(DAY.first_day)
    data = "a,b\n1,x\u2028y\n2,z\n".encode()
    beside = rows_of(annotated_copy(data, layout, [finding(3)], "ko"), layout, ANNOTATION_TITLES["ko"])
    assert list(beside) == [1, 3]


@pytest.mark.parametrize("rule", ["SUB-001", "SUB-007", "SUB-008"])
def test_a_file_that_was_refused_unopened_is_not_opened_for_this(rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        annotated_copy(b"PK", all_exchanges()["bithumb"].layouts["halts"].on(DAY.first_day), [Finding(rule=rule)], "ko")


def test_a_file_that_cannot_be_opened_says_so() -> None:
    with pytest.raises(ValueError, match="cannot be opened as XLSX"):
        annotated_copy(b"no workbook", all_exchanges()["bithumb"].layouts["halts"].on(DAY.first_day), [], "ko")

"""A file that was refused comes back with its findings; its cell mended, it is accepted under the name it has."""

import io
import re
from pathlib import PurePath

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.testbed.simulator import canonical_table
from etl.annotated import annotated_copy, annotated_name
from etl.examine import Incoming, Past, Verdict, decide, read_one
from etl.exchanges import all_exchanges
from etl.intake import declare, said_by
from etl.layout import ANNOTATION_TITLES, Container, Layout, canonical_layout, is_annotation
from etl.writing.native import write_canonical, write_native
from expectations.catalogue import all_reports
from expectations.catalogue import report as report_of
from expectations.vocabulary import Finding, Period, State

BAD = "no value " * 60 + "!"
"""Too long for a text, and no number, moment or code."""
REPORTS = ("api_keys", "reconciliation", "key_actions", "surveillance", "audits", "api_volume", "halts")
WHOLE = Finding(rule="SUB-004", found="2026-11-03", expected="2026-11-02")


def period_of(report: str) -> Period:
    return Period.parse("2026-10" if report == "audits" else "2026-11-02")


def judged(name: str, data: bytes) -> tuple[Verdict, pa.Table | None]:
    reading = read_one(Incoming("1", data, name, declare(name), Past()))
    return decide([reading])["1"], reading.table


def cell_changed(data: bytes, layout: Layout, text: str | None = None) -> tuple[bytes, str]:
    """The file with another text in the first column of its first record, and the text that stood there."""
    first = layout.native_names[0]
    if layout.container is Container.CSV:
        lines = data.decode(layout.encoding).split("\n")
        old, comma, rest = lines[1].partition(",")
        lines[1] = f"{BAD if text is None else text}{comma}{rest}"
        return "\n".join(lines).encode(layout.encoding), old
    if layout.container is Container.JSON:
        cell = re.compile(rf'("{first}":\s*)("[^"]*"|[^,}}\s]+)')
        whole = data.decode()
        found = cell.search(whole)
        assert found is not None
        new = f'"{BAD}"' if text is None else text
        return (whole[: found.start(2)] + new + whole[found.end(2) :]).encode(), found[2]
    if layout.container is Container.PARQUET:
        table = pq.read_table(io.BytesIO(data))
        column = table.column(first).cast(pa.string()).to_pylist()
        old, column[0] = column[0], BAD if text is None else text
        out = io.BytesIO()
        pq.write_table(table.set_column(table.column_names.index(first), first, pa.array(column)), out)
        return out.getvalue(), old
    book = openpyxl.load_workbook(io.BytesIO(data))
    cell_there = book.worksheets[0].cell(layout.header_row + 1, 1)
    old, cell_there.value = str(cell_there.value), BAD if text is None else text
    out = io.BytesIO()
    book.save(out)
    return out.getvalue(), old


def mended_is_accepted(name: str, data: bytes, layout: Layout, language: str) -> None:
    """A good file, broken in one cell, handed out with its findings, mended and filed: the same rows."""
    right, rows = judged(name, data)
    assert right.state is State.ACCEPTED
    assert rows is not None
    broken, old = cell_changed(data, layout)
    refused, _ = judged(name, broken)
    assert refused.state is State.REJECTED
    found = [finding for finding, _ in refused.findings]
    handed_out = annotated_copy(broken, layout, found, language)
    assert handed_out != broken
    again = annotated_name(name, said_by(name)["period"])
    still, _ = judged(again, handed_out)
    assert [one for one, _ in still.findings] == found  # nothing is found of the findings themselves
    mended, bad = cell_changed(handed_out, layout, old)
    assert BAD in bad
    accepted, rows_again = judged(again, mended)
    assert (accepted.findings, accepted.state) == (right.findings, State.ACCEPTED)
    assert rows_again is not None
    assert rows_again.equals(rows)


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("exchange", all_exchanges())
def test_a_mended_native_file_is_accepted_under_the_name_it_has(exchange: str, report: str) -> None:
    period, whose = period_of(report), all_exchanges()[exchange]
    table = canonical_table(exchange, report, period, seed=3, assets=2)
    if not table.num_rows:
        pytest.skip("nothing happened that day")
    layout = whose.layouts[report].on(period.first_day)
    data = write_native(table, whose, report_of(report), period)
    name = f"{exchange}_{report}_{period.text}.{layout.container}"
    for language in ("ko", "en"):
        mended_is_accepted(name, data, layout, language)


@pytest.mark.parametrize("container", [Container.CSV, Container.XLSX])
@pytest.mark.parametrize("report", ["api_keys", "reconciliation"])
def test_a_mended_template_is_accepted_under_the_name_it_has(report: str, container: Container) -> None:
    period = period_of(report)
    table = canonical_table("korbit", report, period, seed=3, assets=2)
    shape = report_of(report).on(period.first_day)
    data = write_canonical(table, shape, container)
    name = f"korbit_{report}_{period.text}.{container}"
    mended_is_accepted(name, data, canonical_layout(shape, container), "ko")


def test_the_findings_beside_a_parquet_file_are_left_out() -> None:
    shape = report_of("api_keys").on(period_of("api_keys").first_day)
    table = canonical_table("korbit", "api_keys", period_of("api_keys"), seed=3, assets=2)
    data = write_canonical(table, shape, Container.PARQUET)
    handed_out = annotated_copy(data, canonical_layout(shape, Container.PARQUET), [WHOLE], "ko")
    accepted, rows = judged("findings_korbit_api_keys_2026-11-02.parquet", handed_out)
    assert accepted.state is State.ACCEPTED
    assert rows is not None
    assert rows.equals(judged("korbit_api_keys_2026-11-02.parquet", data)[1])


@pytest.mark.parametrize("exchange", all_exchanges())
def test_a_nil_return_that_was_handed_out_is_still_one(exchange: str) -> None:
    period, whose = period_of("halts"), all_exchanges()[exchange]
    layout = whose.layouts["halts"].on(period.first_day)
    empty = canonical_table(exchange, "halts", period, seed=3, assets=2).slice(0, 0)
    handed_out = annotated_copy(write_native(empty, whose, report_of("halts"), period), layout, [WHOLE], "ko")
    verdict, rows = judged(f"findings_{exchange}_halts_2026-11-02.{layout.container}", handed_out)
    assert (verdict.findings, verdict.state) == ((), State.ACCEPTED)
    assert rows is not None
    assert rows.num_rows == 0


def test_a_name_is_handed_out_and_taken_back_however_often() -> None:
    name = "korbit_halts_2026-11-02.csv"
    assert annotated_name(f"inbox/{name}", "2026-11-02") == f"findings_{name}"
    for file, handed_out in ((name, f"findings_{name}"), ("halts.csv", "findings_halts_2026-11-02.csv")):
        assert annotated_name(file, "2026-11-02") == handed_out
        assert annotated_name(handed_out, "2026-11-02") == handed_out
    for said in (f"findings_{name}", f"findings_findings_{name}", f"FINDINGS_{name.upper()}"):
        assert said_by(said) == said_by(name)
    assert said_by("findings_.csv") == {}


def test_no_column_of_a_report_is_taken_for_findings() -> None:
    for whose in all_exchanges().values():
        for report in all_reports():
            layout = whose.layouts[report].on(period_of(report).first_day)
            assert not any(map(is_annotation, (*layout.native_names, *report_of(report).field_names)))
    assert all(map(is_annotation, (*ANNOTATION_TITLES.values(), "findings: [SUB-001] x", "지적사항: [SUB-001] x")))
    assert not any(map(is_annotation, ("findings2", "finding", "Findings of mine", "findings:", PurePath("x").name)))


def test_no_gap_is_left_between_the_columns_of_a_workbook_and_its_findings() -> None:
    """What was formatted to the right of the report, and is empty, is no reason for a column without a name."""
    whose, period = all_exchanges()["bithumb"], period_of("api_keys")
    layout = whose.layouts["api_keys"].on(period.first_day)
    table = canonical_table("bithumb", "api_keys", period, seed=3, assets=2)
    book = openpyxl.load_workbook(io.BytesIO(write_native(table, whose, report_of("api_keys"), period)))
    book.worksheets[0].cell(2, 30).number_format = "0.00"
    out = io.BytesIO()
    book.save(out)
    handed_out = annotated_copy(out.getvalue(), layout, [WHOLE], "en")
    assert judged("findings_bithumb_api_keys_2026-11-02.xlsx", handed_out)[0].state is State.ACCEPTED

"""What tests file: canonical records as tables, tables as files, and the verdict on a file."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from etl.examine import Incoming, Past, Reading, Verdict, decide, read_one
from etl.exchanges import all_exchanges, exchange
from etl.formats import Column, TextTable
from etl.intake import NOTHING_GIVEN, Declared, Given
from etl.layout import Container, Layout, canonical_layout
from etl.normalise import SOURCE_ROW, normalise_table
from etl.writing.native import write_canonical, write_native
from expectations.catalogue import all_reports, report
from expectations.vocabulary import Cadence, Finding, Period, Report
from tests.golden.rows import RECORDS

FOLDER = Path(__file__).parent
PAIRS = [(member, name) for member in all_exchanges() for name in all_reports()]
"""Every exchange with every report."""
ENDINGS = {Container.JSON: "json", Container.XLSX: "xlsx", Container.CSV: "csv", Container.PARQUET: "parquet"}


def period_of(report_name: str) -> Period:
    """The period that samples are of."""
    return Period.parse("2026-10" if report(report_name).cadence is Cadence.MONTH else "2026-11-02")


def shape_of(report_name: str) -> Report:
    """The shape that samples have."""
    return report(report_name).on(period_of(report_name).first_day)


def table_of(records: Iterable[Mapping[str, Any]], report_name: str) -> pa.Table:
    """Canonical records, written as the canonical template writes them, as the table that is judged."""
    records = list(records)
    shape = shape_of(report_name)
    texts = {
        name: pa.array([None if r[name] is None else str(r[name]) for r in records], pa.string())
        for name in shape.field_names
    }
    cells = TextTable(
        {name: Column.of_text(column) for name, column in texts.items()},
        pa.array(range(1, len(records) + 1), pa.int64()),
    )
    layout = canonical_layout(shape, Container.CSV)
    read = normalise_table(cells, layout, shape, exchange="upbit", period=period_of(report_name))
    assert not read.findings, read.findings
    assert read.table is not None
    return read.table


def sample(exchange_id: str, report_name: str) -> pa.Table:
    """The rows of the sample, ids beginning with the exchange's short code."""
    code = exchange(exchange_id).short_code
    records = [
        {key: value.replace("XX-", f"{code}-") if isinstance(value, str) else value for key, value in record.items()}
        for record in RECORDS[report_name]
    ]
    return table_of(records, report_name)


def native_layout(exchange_id: str, report_name: str) -> Layout:
    """How that exchange writes that report."""
    return exchange(exchange_id).layouts[report_name].on(period_of(report_name).first_day)


def file_name(exchange_id: str, report_name: str, container: Container | None = None) -> str:
    """The name of a file of the sample's period; of the exchange's own container where none is given."""
    ending = ENDINGS[container or native_layout(exchange_id, report_name).container]
    return f"{exchange_id}_{report_name}_{period_of(report_name).text}.{ending}"


def native_file(exchange_id: str, report_name: str, table: pa.Table | None = None) -> bytes:
    """The sample, or `table`, as that exchange files it."""
    table = sample(exchange_id, report_name) if table is None else table
    return write_native(table, exchange(exchange_id), report(report_name), period_of(report_name))


def canonical_file(report_name: str, container: Container, table: pa.Table | None = None) -> bytes:
    """Upbit's sample, or `table`, as the canonical template."""
    return write_canonical(sample("upbit", report_name) if table is None else table, shape_of(report_name), container)


def canonical_text(table: pa.Table) -> str:
    """The canonical CSV of a table with the sender's row in front: what a golden file holds."""
    report_name = next(name for name in all_reports() if set(shape_of(name).field_names) <= set(table.column_names))
    text = write_canonical(table, shape_of(report_name), Container.CSV).decode("utf-8")
    records = csv.reader(io.StringIO(text, newline=""))
    numbers = [SOURCE_ROW, *table.column(SOURCE_ROW).to_pylist()]
    target = io.StringIO(newline="")
    csv.writer(target, lineterminator="\n").writerows(
        [number, *record] for number, record in zip(numbers, records, strict=True)
    )
    return target.getvalue()


def reading_of(data: bytes, exchange_id: str, report_name: str) -> Reading:
    """What is found in an exchange's own file before any rule judges its values: much quicker than a verdict."""
    declared = Declared(exchange_id, report_name, period_of(report_name))
    return read_one(Incoming("s-1", data, file_name(exchange_id, report_name), declared, Past()))


def verdict_on(
    data: bytes,
    exchange_id: str,
    report_name: str,
    *,
    container: Container | None = None,
    period: Period | None = None,
    name: str | None = None,
    past: Past | None = None,
    received_at: datetime | None = None,
    given: Given = NOTHING_GIVEN,
) -> Verdict:
    """The verdict on one file, by the whole way from its bytes."""
    declared = Declared(exchange_id, report_name, period or period_of(report_name))
    name = name or file_name(exchange_id, report_name, container)
    incoming = Incoming("s-1", data, name, declared, past or Past(), received_at, given)
    return decide([read_one(incoming)])["s-1"]


def findings_of(verdict: Verdict) -> list[Finding]:
    """The findings without their kinds."""
    return [finding for finding, _ in verdict.findings]


def reasons_of(verdict: Verdict) -> list[tuple[str, str | None]]:
    """Rule and reason of each finding."""
    return [(finding.rule, finding.reason) for finding, _ in verdict.findings]


def without_row_numbers(table: pa.Table) -> pa.Table:
    """The canonical columns alone."""
    return table.drop_columns([SOURCE_ROW])


def with_column(table: pa.Table, name: str, change: Callable[[list[Any]], list[Any]]) -> pa.Table:
    """The table with the values of one column changed."""
    place = table.column_names.index(name)
    values = pa.array(change(table.column(name).to_pylist()), table.schema.field(name).type)
    return table.set_column(place, table.schema.field(name), values)


def row_numbers_from(first: int, table: pa.Table) -> pa.Table:
    """The table with the rows numbered from `first` on."""
    numbers = pc.add(pa.array(range(table.num_rows), pa.int64()), first)
    return table.set_column(table.column_names.index(SOURCE_ROW), SOURCE_ROW, numbers)

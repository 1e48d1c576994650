"""Canonical rows out of the store: CSV, Parquet and XLSX, exact to the last digit, and blank templates.

Decimals are plain text without exponent or trailing zeros, instants ISO 8601 in KST; text that a spreadsheet would take
for a formula is marked as text in XLSX by being a string cell. CSV holds it as it is, so that what is exported can be
filed again as it stands, unless it is made for a spreadsheet (`etl.spreadsheets`). CSV begins with a byte-order mark,
without which Excel takes UTF-8 for the system's own encoding; machines may have it without.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from etl.facts import fact_schema
from etl.layout import ADDED_COLUMNS
from etl.normalise import SOURCE_ROW, arrow_schema
from etl.records import submissions as life
from etl.records.engine import reading, writing
from etl.records.log import COMMAND, AuditEvent, EventKind, append
from etl.spreadsheets import harmless
from etl.store import Store
from expectations.catalogue import report as report_of
from expectations.vocabulary import KST, Period, Report, must_be_in_order

FORMATS = ("csv", "parquet", "xlsx")
_XLSX_ROWS = 1_048_575
"""Data rows that a sheet can hold beneath its header."""


def export_rows(
    store: Store,
    report_name: str,
    first: Period,
    last: Period,
    *,
    format_: str,
    out: Path,
    exchange: str | None = None,
    as_of: datetime | None = None,
    actor: str = COMMAND,
    byte_order_mark: bool = True,
    for_spreadsheet: bool = False,
    on_formulas: Callable[[int], None] | None = None,
) -> int:
    """Write the rows in force of every period from `first` to `last` and return how many they are.

    The columns are those that the report has on one of these days at least, empty where the day of a row has not.
    What `actor` takes out of the store is in the audit log before it is written. `byte_order_mark` and
    `for_spreadsheet` concern CSV: with the latter no text in it is run as a formula, and it is not to be filed again;
    without, `on_formulas` is told how many cells would be, where any would.
    ValueError in one sentence for an unknown format, a range that ends before it begins, or more rows than a sheet
    holds.
    """
    must_be_in_order(first, last)
    if format_ not in FORMATS:
        raise ValueError(f"there is no format '{format_}'; choose {', '.join(FORMATS)}")
    with reading(store.engine) as connection:
        accepted = life.in_force(connection, report_name, exchange=exchange, first=first, last=last, as_of=as_of)
    files = life.fact_files(accepted)
    table = store.facts.read(files) if files else fact_schema(report_name).empty_table()
    days = [first.first_day, last.first_day, *(submission.period.first_day for submission in accepted)]
    shape = report_of(report_name).between(min(days), max(days))
    table = table.select([*shape.field_names, *ADDED_COLUMNS])
    details = {
        "exchange": exchange,
        "from": first.text,
        "to": last.text,
        "as_of": as_of and as_of.astimezone(KST).isoformat(),
        "format": format_,
        "rows": table.num_rows,
    }
    with writing(store.engine) as connection:
        append(connection, [AuditEvent(actor, EventKind.DOWNLOAD, report_name, details)])
    write_rows(table, out, format_, byte_order_mark=byte_order_mark, for_spreadsheet=for_spreadsheet)
    if on_formulas is not None and format_ == "csv" and not for_spreadsheet and (count := _formulas_in(table)):
        on_formulas(count)
    return int(table.num_rows)


def _formulas_in(table: pa.Table) -> int:
    """How many cells of text a spreadsheet would run or change."""
    texts = [column.to_pylist() for column in table.columns if pa.types.is_string(column.type)]
    return sum(value is not None and harmless(value) != value for values in texts for value in values)


def write_template(report: Report, out: Path) -> None:
    """The blank canonical template, the header alone (3.7); `report` is the shape of the day that is filed."""
    format_ = out.suffix.lower().lstrip(".")
    if format_ not in FORMATS:
        raise ValueError(f"'{out.name}' has no ending that a template has; choose .csv, .xlsx or .parquet")
    out.write_bytes(template_bytes(report, format_))


def template_bytes(report: Report, format_: str, *, byte_order_mark: bool = True) -> bytes:
    """The blank template as bytes, made in memory: whoever asks at the same time gets one of their own."""
    if format_ not in FORMATS:
        raise ValueError(f"there is no format '{format_}'; choose {', '.join(FORMATS)}")
    out = io.BytesIO()
    blank = arrow_schema(report).empty_table().drop_columns([SOURCE_ROW])
    write_rows(blank, out, format_, byte_order_mark=byte_order_mark)
    return out.getvalue()


def write_rows(
    table: pa.Table,
    out: Path | io.BytesIO,
    format_: str,
    *,
    byte_order_mark: bool = True,
    for_spreadsheet: bool = False,
) -> None:
    """Write canonical rows in one of the formats, to a file or into memory."""
    if isinstance(out, Path):
        with out.open("wb") as file:
            _write(table, file, format_, byte_order_mark=byte_order_mark, for_spreadsheet=for_spreadsheet)
    else:
        _write(table, out, format_, byte_order_mark=byte_order_mark, for_spreadsheet=for_spreadsheet)


def _write(table: pa.Table, out: IO[bytes], format_: str, *, byte_order_mark: bool, for_spreadsheet: bool) -> None:
    if format_ == "csv":
        _write_csv(table, out, byte_order_mark=byte_order_mark, for_spreadsheet=for_spreadsheet)
    elif format_ == "xlsx":
        _write_xlsx(table, out)
    else:
        pq.write_table(table, out, compression="zstd")


def _write_csv(table: pa.Table, out: IO[bytes], *, byte_order_mark: bool, for_spreadsheet: bool) -> None:
    text = io.TextIOWrapper(out, "utf-8-sig" if byte_order_mark else "utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(table.column_names)
    writer.writerows(_harmless_rows(table) if for_spreadsheet else _text_rows(table))
    text.flush()
    text.detach()  # what is written into belongs to the caller


def _write_xlsx(table: pa.Table, out: IO[bytes]) -> None:
    if table.num_rows > _XLSX_ROWS:
        raise ValueError(
            f"{table.num_rows:,} rows are more than a sheet holds ({_XLSX_ROWS:,}); choose csv or parquet, "
            "or fewer days"
        )
    with xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False}) as workbook:
        sheet = workbook.add_worksheet("rows")
        for place, row in enumerate([table.column_names, *_text_rows(table)]):
            for column, value in enumerate(row):
                if value != "":
                    sheet.write_string(place, column, value)


def _text_rows(table: pa.Table) -> Iterator[list[str]]:
    for batch in table.to_batches(max_chunksize=50_000):
        columns = [[cell_text(value) for value in column.to_pylist()] for column in batch.columns]
        for row in zip(*columns, strict=True):
            yield list(row)


def _harmless_rows(table: pa.Table) -> Iterator[list[str]]:
    """The rows with texts that no spreadsheet runs; numbers and instants as they are."""
    is_text = [pa.types.is_string(field.type) for field in table.schema]
    for row in _text_rows(table):
        yield [harmless(value) if text else value for value, text in zip(row, is_text, strict=True)]


def cell_text(value: Any) -> str:
    """A canonical value as exact text."""
    match value:
        case None:
            return ""
        case Decimal():
            return decimal_text(value)
        case datetime():
            return value.astimezone(KST).isoformat(timespec="milliseconds" if value.microsecond else "seconds")
        case date():
            return value.isoformat()
        case _:
            return str(value)


def decimal_text(value: Decimal) -> str:
    """Plain digits, no exponent, no zeros at the end of the fraction."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text

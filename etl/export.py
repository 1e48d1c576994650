"""Canonical rows out of the store: CSV, Parquet and XLSX, exact to the last digit, and blank templates.

Decimals are plain text without exponent or trailing zeros, instants ISO 8601 in KST; text that a spreadsheet would take
for a formula is marked as text in XLSX by being a string cell, and CSV is handed on as it is (it is data for machines).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from etl.facts import fact_schema
from etl.normalise import SOURCE_ROW, arrow_schema
from etl.records import submissions as life
from etl.records.engine import reading, writing
from etl.records.log import COMMAND, AuditEvent, EventKind, append
from etl.store import Store
from expectations.catalogue import report as report_of
from expectations.vocabulary import KST, Period, Report

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
) -> int:
    """Write the rows in force of every period from `first` to `last` and return how many they are.

    The columns are those that the report has on one of these days at least, empty where the day of a row has not.
    What `actor` takes out of the store is in the audit log before it is written. ValueError in one sentence for an
    unknown format, or more rows than a sheet holds.
    """
    if format_ not in FORMATS:
        raise ValueError(f"there is no format '{format_}'; choose {', '.join(FORMATS)}")
    with reading(store.engine) as connection:
        accepted = life.in_force(connection, report_name, exchange=exchange, first=first, last=last, as_of=as_of)
    files = life.fact_files(accepted)
    table = store.facts.read(files) if files else fact_schema(report_name).empty_table()
    days = [first.first_day, last.first_day, *(submission.period.first_day for submission in accepted)]
    shape = report_of(report_name).between(min(days), max(days))
    table = table.select([*shape.field_names, "exchange", "submission", SOURCE_ROW])
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
    write_rows(table, out, format_)
    return int(table.num_rows)


def write_template(report: Report, out: Path) -> None:
    """The blank canonical template, the header alone (3.7); `report` is the shape of the day that is filed."""
    format_ = out.suffix.lower().lstrip(".")
    if format_ not in FORMATS:
        raise ValueError(f"'{out.name}' has no ending that a template has; choose .csv, .xlsx or .parquet")
    write_rows(arrow_schema(report).empty_table().drop_columns([SOURCE_ROW]), out, format_)


def write_rows(table: pa.Table, out: Path, format_: str) -> None:
    """Write canonical rows in one of the formats."""
    {"csv": _write_csv, "parquet": _write_parquet, "xlsx": _write_xlsx}[format_](table, out)


def _write_parquet(table: pa.Table, out: Path) -> None:
    pq.write_table(table, out, compression="zstd")


def _write_csv(table: pa.Table, out: Path) -> None:
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table.column_names)
        writer.writerows(_text_rows(table))


def _write_xlsx(table: pa.Table, out: Path) -> None:
    if table.num_rows > _XLSX_ROWS:
        raise ValueError(
            f"{table.num_rows:,} rows are more than a sheet holds ({_XLSX_ROWS:,}); choose csv or parquet, "
            "or fewer days"
        )
    with xlsxwriter.Workbook(str(out), {"constant_memory": True, "strings_to_formulas": False}) as workbook:
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

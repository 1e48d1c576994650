"""Files for the reader's own spreadsheet: the rows of a table on the screen, with a cover that says what they are.

Amounts are exact: a number where a spreadsheet keeps every digit of the whole column, else text. Text that a
spreadsheet would take for a formula stays text. Instants are KST, and their column says so.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any

import xlsxwriter

from etl.spreadsheets import harmless, harmless_line
from expectations.vocabulary import KST

EXACT_DIGITS = 15
"""Significant digits that a spreadsheet keeps of a number."""
_ALL_DIGITS = Context(prec=100)


class Cells(StrEnum):
    """What a column holds: how it is written into a file."""

    TEXT = "text"
    NUMBER = "number"
    """A count, an amount or a ratio: Decimal or int."""
    DAY = "day"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its title (unit and zone named), what it holds, and its values; None is an empty cell."""

    title: str
    cells: Cells
    values: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Extract:
    """What leaves the screen: a title, the lines of the cover by name, the columns, and the names of both sheets."""

    title: str
    cover: Mapping[str, str]
    columns: Sequence[Column]
    cover_name: str
    rows_name: str


def as_csv(extract: Extract) -> bytes:
    """UTF-8 with a byte-order mark; the cover stands above the header in lines that begin with '#'."""
    out = io.StringIO(newline="")
    for name, value in {extract.title: "", **extract.cover}.items():
        line = f"# {name}: {value}" if value else f"# {name}"
        out.write(harmless_line(" ".join(line.split())) + "\r\n")
    writer = csv.writer(out)
    writer.writerow([harmless(column.title) for column in extract.columns])
    cells = [[_csv_cell(column, value) for value in column.values] for column in extract.columns]
    writer.writerows(zip(*cells, strict=True))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _csv_cell(column: Column, value: Any) -> str:
    if value is None:
        return ""
    if column.cells is Cells.NUMBER:
        return _digits(value)
    if column.cells is Cells.INSTANT:
        local = value.astimezone(KST)
        return str(local.isoformat(sep=" ", timespec="milliseconds" if local.microsecond else "seconds"))
    return str(value) if column.cells is Cells.DAY else harmless(str(value))


def _digits(value: Decimal | int) -> str:
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def as_workbook(extract: Extract) -> bytes:
    """An XLSX workbook of two sheets: the cover, then the rows under a header that stays in sight."""
    out = io.BytesIO()
    settings = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, settings) as workbook:
        bold = workbook.add_format({"bold": True})
        cover = workbook.add_worksheet(extract.cover_name)
        cover.set_column(0, 0, 24)
        cover.set_column(1, 1, 90)
        cover.write_string(0, 0, extract.title, bold)
        for place, (name, value) in enumerate(extract.cover.items(), 2):
            cover.write_string(place, 0, name)
            cover.write_string(place, 1, value)
        sheet = workbook.add_worksheet(extract.rows_name)
        sheet.freeze_panes(1, 0)
        formats = {
            Cells.DAY: workbook.add_format({"num_format": "yyyy-mm-dd"}),
            Cells.INSTANT: workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"}),
        }
        for place, column in enumerate(extract.columns):
            sheet.write_string(0, place, column.title, bold)
            sheet.set_column(place, place, _width(column))
            write = _writer(sheet, column, formats)
            for row, value in enumerate(column.values, 1):
                if value is not None:
                    write(row, place, value)
    return out.getvalue()


def _width(column: Column) -> int:
    longest = max((len(str(value)) for value in column.values[:200] if value is not None), default=0)
    return min(60, max(10, 2 * len(column.title), longest + 2))


def _writer(sheet: Any, column: Column, formats: Mapping[Cells, Any]) -> Callable[[int, int, Any], Any]:
    """How the values of a column get into its cells."""
    if column.cells is Cells.DAY:
        return lambda row, place, day: sheet.write_datetime(row, place, _as_date(day), formats[Cells.DAY])
    if column.cells is Cells.INSTANT:
        return lambda row, place, instant: sheet.write_datetime(
            row, place, instant.astimezone(KST).replace(tzinfo=None), formats[Cells.INSTANT]
        )
    if column.cells is Cells.NUMBER and all(value is None or keeps_digits(value) for value in column.values):
        return lambda row, place, value: sheet.write_number(row, place, int(value) if value == int(value) else value)
    if column.cells is Cells.NUMBER:
        return lambda row, place, value: sheet.write_string(row, place, _digits(value))
    return lambda row, place, value: sheet.write_string(row, place, str(value))


def _as_date(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def keeps_digits(value: Decimal | int) -> bool:
    """Whether a spreadsheet keeps every digit of a number."""
    return len(Decimal(value).normalize(_ALL_DIGITS).as_tuple().digits) <= EXACT_DIGITS

"""Workbooks of one sheet, written fast and always the same.

xlsxwriter makes the package; the rows are composed column by column and put into its empty sheet, because cell by cell
a full day of checks (127,000 rows) takes five seconds instead of one, and because a count beyond 2^53 keeps every
digit this way. Texts stand in their cells (inline), whole numbers are numeric cells.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter

from etl.writing.spelling import Spelled

Cells = Sequence[str | int | None]

_CREATED = datetime(2026, 6, 1)
"""Date of creation in every workbook: a file must not change with the hour at which it is written."""
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_SHEET = "xl/worksheets/sheet1.xml"
_MARKUP = "[&<>]"
_BATCH = 8192
"""Rows composed at a time, so that memory does not grow with the file."""


def write_workbook(sheet: str, above: Sequence[Cells], columns: Sequence[Spelled], below: Sequence[Cells]) -> bytes:
    """A workbook whose one sheet holds the rows `above`, the `columns`, and the rows `below`."""
    count = len(columns[0].texts)
    area = f"A1:{_letters(len(columns) - 1)}{len(above) + count + len(below)}"
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_empty_workbook(sheet))) as empty, zipfile.ZipFile(target, "w") as archive:
        for name in empty.namelist():
            member = zipfile.ZipInfo(name, _ZIP_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            if name == _SHEET:
                _write_sheet(archive, member, empty.read(name).decode("utf-8"), area, _rows(above, columns, below))
            else:
                archive.writestr(member, empty.read(name))
    return target.getvalue()


def _write_sheet(archive: zipfile.ZipFile, member: zipfile.ZipInfo, empty: str, area: str, rows: Iterator[str]) -> None:
    """The empty sheet with rows in the place that it keeps for them."""
    before, place, after = empty.replace('<dimension ref="A1"/>', f'<dimension ref="{area}"/>').partition(
        "<sheetData/>"
    )
    if not place:
        raise ValueError("xlsxwriter's empty sheet has no place for rows")
    with archive.open(member, "w") as stream:
        stream.write(f"{before}<sheetData>".encode())
        for row in rows:
            stream.write(row.encode("utf-8"))
        stream.write(f"</sheetData>{after}".encode())


def _empty_workbook(sheet: str) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as workbook:
        workbook.set_properties({"created": _CREATED})
        workbook.add_worksheet(sheet)
    return target.getvalue()


def _rows(above: Sequence[Cells], columns: Sequence[Spelled], below: Sequence[Cells]) -> Iterator[str]:
    """All rows of the sheet as text, many in one piece."""
    first, count = len(above) + 1, len(columns[0].texts)
    yield from (_row(number, cells) for number, cells in enumerate(above, 1))
    for start in range(0, count, _BATCH):
        part = [Spelled(column.name, column.texts.slice(start, _BATCH), column.is_bare) for column in columns]
        yield "".join(_column_rows(part, first + start))
    yield from (_row(number, cells) for number, cells in enumerate(below, first + count))


def _letters(place: int) -> str:
    """The name of a column: 0 is A, 26 is AA."""
    first, second = divmod(place, 26)
    return (chr(64 + first) if first else "") + chr(65 + second)


def _row(number: int, cells: Cells) -> str:
    inner = "".join(_cell(f"{_letters(place)}{number}", value) for place, value in enumerate(cells))
    return f'<row r="{number}">{inner}</row>'


def _cell(name: str, value: str | int | None) -> str:
    match value:
        case None:
            return ""
        case int():
            return f'<c r="{name}"><v>{value}</v></c>'
        case str():
            return f'<c r="{name}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def _column_rows(columns: Sequence[Spelled], first: int) -> list[str]:
    """The rows from `first` on, all cells of a column at once; an absent value has no cell."""
    numbers = pa.array(range(first, first + len(columns[0].texts)), pa.int64()).cast(pa.string())
    cells = [pc.fill_null(_column_cells(column, _letters(place), numbers), "") for place, column in enumerate(columns)]
    rows: list[str] = pc.binary_join_element_wise('<row r="', numbers, '">', *cells, "</row>", "").to_pylist()
    return rows


def _column_cells(column: Spelled, letters: str, numbers: pa.Array) -> pa.Array:
    start = f'<c r="{letters}'
    if column.is_bare:
        return pc.binary_join_element_wise(start, numbers, '"><v>', column.texts, "</v></c>", "")
    opening = '" t="inlineStr"><is><t xml:space="preserve">'
    return pc.binary_join_element_wise(start, numbers, opening, _escaped(column.texts), "</t></is></c>", "")


def _escaped(texts: pa.Array) -> pa.Array:
    if not pc.any(pc.match_substring_regex(texts, _MARKUP)).as_py():
        return texts
    return pa.array([None if text is None else escape(text) for text in texts.to_pylist()], pa.string())

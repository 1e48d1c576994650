"""XLSX through calamine: one sheet, its headers in a fixed row, the sender's row being the sheet's.

Before it is opened the archive is checked: unpacked size and ratio (SUB-008), by really unpacking within the
limit, so that a lying directory does not help; macros, and XML that defines entities (SUB-001). Numeric cells are
binary floats in the format itself; where one is too large to be exact as a float, the workbook's own text is read
instead.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import pyarrow as pa
from openpyxl import load_workbook
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from etl.formats.table import Column, JsonNumber, TextTable, UnreadableError
from etl.layout import Layout
from expectations.catalogue import parameter

PERIOD_LABEL = "보고기간"
TOTAL_MARK = "합계"
_EXACT_AS_FLOAT = 2**53
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"
_CHUNK = 1 << 20
_OVERLAP = 64
_MOST_CELLS = 20_000_000
"""More than the largest sheet of the widest report; a sheet takes memory for every cell between its corners."""
_MACROS = "vbaproject.bin"
_DEFINITIONS = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,7})([0-9]{1,10})["']""")
_FAR_REFERENCE = re.compile(rb"""\sr\s*=\s*["'](?:[A-Za-z]{2,7}[0-9]{1,10}|[A-Za-z]*[0-9]{7,10})["']""")
"""A cell beyond column Z or row 999,999: without one the sheet cannot be too large."""


def check_archive(data: bytes) -> None:
    """UnreadableError where the bytes are no archive (SUB-001) or unpack to too much (SUB-008)."""
    if data.startswith(_OLE_MAGIC):
        raise UnreadableError("encrypted_workbook", "OLE2", "XLSX")
    most = int(parameter("maximum_unpacked_bytes"))
    ratio = int(parameter("maximum_compression_ratio"))
    unpacked = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if macros := [name for name in archive.namelist() if name.lower().endswith(_MACROS)]:
                raise UnreadableError("macro_workbook", macros[0][:80], "XLSX")
            for member in archive.infolist():
                unpacked += _checked_member(archive, member, unpacked, most)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise UnreadableError("not_workbook", str(error)[:80], "XLSX") from error
    except Exception as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError("not_workbook", type(error).__name__, "XLSX") from error
    if unpacked > ratio * len(data):
        found = f"{unpacked // len(data)}"
        raise UnreadableError("ratio_too_high", found, f"≤ {ratio}", rule="SUB-008")


def _checked_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, before: int, most: int) -> int:
    """The unpacked size of one part; UnreadableError where that is too much after `before`, or it defines entities."""
    size, is_far = 0, False
    for piece in _pieces(archive, member):
        size += len(piece) - min(size, _OVERLAP)
        if before + size > most:
            raise UnreadableError("unpacked_too_large", f"> {most}", f"≤ {most}", rule="SUB-008")
        if _DEFINITIONS.search(piece) is not None:
            raise UnreadableError("document_type", member.filename[:80], "XLSX")
        is_far = is_far or _FAR_REFERENCE.search(piece) is not None
    if is_far and (cells := _cells_between_corners(_pieces(archive, member))) > _MOST_CELLS:
        raise UnreadableError("unpacked_too_large", f"{cells} cells", f"≤ {_MOST_CELLS} cells", rule="SUB-008")
    return size


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The unpacked part piece by piece, each beginning with the end of the one before."""
    tail = b""
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            yield tail + chunk
            tail = (tail + chunk)[-_OVERLAP:]


def _cells_between_corners(pieces: Iterator[bytes]) -> int:
    """Cells of a sheet from A1 to its farthest row and column: a few bytes can name both corners of billions."""
    rows = columns = 1
    for piece in pieces:
        for letters, digits in _REFERENCE.findall(piece):
            rows, columns = max(rows, int(digits)), max(columns, _column_number(letters))
    return rows * columns


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


@dataclass(frozen=True, slots=True)
class Sheet:
    """The first sheet of a workbook: all cells from the first used row on, and that row's number."""

    names: tuple[str, ...]
    cells: list[list[Any]]
    first_row: int

    @property
    def header_names(self) -> tuple[str, ...]:
        """The texts in row 1: enough to know the canonical template by."""
        if self.first_row != 1 or not self.cells:
            return ()
        return tuple(str(value) for value in self.cells[0] if value != "")


def read_sheet(sheet: Sheet, layout: Layout) -> TextTable:
    """The data rows of one sheet; UnreadableError where sheet or period cell is not as it should be."""
    if layout.sheet is not None and sheet.names != (layout.sheet,):
        raise UnreadableError("sheet_name", ", ".join(sheet.names)[:200], layout.sheet)
    cells, first_row = sheet.cells, sheet.first_row
    above = layout.header_row - first_row
    if above < 0 or len(cells) <= above:
        raise UnreadableError("no_sheet", f"{len(cells)}", f"≥ {layout.header_row}")
    stated = _stated_period(cells, first_row) if layout.period_cell else None
    header = [_name(value) for value in cells[above]]
    while header and header[-1] == "":
        header.pop()
    body = cells[above + 1 :]
    rows = [layout.header_row + 1 + place for place in range(len(body))]
    kept = [(row, values) for row, values in zip(rows, body, strict=True) if values.count("") < len(values)]
    totals = None
    if layout.nil_mark and any(values[0] == layout.nil_mark for _, values in kept):
        kept = _without_nil_mark(kept, layout.nil_mark)
    elif layout.total_row:
        kept, totals = _without_totals(kept, header)
    return _table(header, kept, totals, stated)


def open_workbook(data: bytes) -> Sheet:
    """The first sheet, after the archive was checked; UnreadableError where it is no workbook, or too large a one."""
    check_archive(data)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = tuple(workbook.sheet_names)
        if not names:
            raise UnreadableError("no_sheet", "0", "1")
        sheet = workbook.get_sheet_by_name(names[0])
        cells = sheet.to_python(skip_empty_area=True)
        above, left = sheet.start or (0, 0)
    except PasswordError as error:
        raise UnreadableError("encrypted_workbook", "password", "XLSX") from error
    except (CalamineError, ValueError, OSError) as error:
        raise UnreadableError("not_workbook", str(error)[:80], "XLSX") from error
    if left:
        cells = [[""] * left + row for row in cells]
    if any(type(v) is float and not -_EXACT_AS_FLOAT < v < _EXACT_AS_FLOAT for row in cells for v in row):
        _restore_large_numbers(data, names[0], cells, above + 1)
    return Sheet(names, cells, above + 1)


def _restore_large_numbers(data: bytes, sheet: str, cells: list[list[Any]], first: int) -> None:
    """Put the workbook's own text in place of numbers that a float cannot hold exactly."""
    for row, values in zip(cells, _literal_rows(data, sheet, first), strict=False):
        for place, value in enumerate(values):
            if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _EXACT_AS_FLOAT:
                row[place] = JsonNumber(value)


def _literal_rows(data: bytes, sheet: str, first: int) -> list[tuple[Any, ...]]:
    """The cells as openpyxl reads them, whole numbers exactly."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it remarks on styles, which say nothing here
            literal = load_workbook(io.BytesIO(data), read_only=True, data_only=True)[sheet]
            return list(literal.iter_rows(min_row=first, values_only=True))
    except (LookupError, ValueError, TypeError, AttributeError, SyntaxError, OSError, zipfile.BadZipFile) as error:
        raise UnreadableError("not_workbook", str(error)[:80], "XLSX") from error


def _name(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _stated_period(cells: list[list[Any]], first_row: int) -> str:
    place = 2 - first_row
    row = cells[place] if 0 <= place < len(cells) else []
    if len(row) < 2 or row[0] != PERIOD_LABEL or row[1] == "":
        found = ", ".join(str(value) for value in row[:2])
        raise UnreadableError("no_period_cell", found or "∅", f"A2 = {PERIOD_LABEL}, B2 = 2026-11-02")
    return str(row[1])


def _without_nil_mark(kept: list[tuple[int, list[Any]]], mark: str) -> list[tuple[int, list[Any]]]:
    if len(kept) > 1 or any(value != "" for value in kept[0][1][1:]):
        raise UnreadableError("nil_mark_with_data", str(len(kept)), f"{mark} | 0")
    return []


def _without_totals(
    kept: list[tuple[int, list[Any]]], header: list[str]
) -> tuple[list[tuple[int, list[Any]]], dict[str, str | None]]:
    """The data rows and the cells of the 합계 row that ends them; without that row every total is absent."""
    if not kept or kept[-1][1][0] != TOTAL_MARK:
        return kept, dict.fromkeys(header)
    values = kept[-1][1]
    totals = {
        name: None if value == "" else Column.of_cells([value]).texts[0].as_py()
        for name, value in zip(header, values, strict=False)
    }
    return kept[:-1], totals


def _absent_as_none(cells: Sequence[Any]) -> Sequence[Any]:
    return [None if cell == "" else cell for cell in cells] if "" in cells else cells


def _table(
    header: list[str],
    kept: list[tuple[int, list[Any]]],
    totals: dict[str, str | None] | None,
    stated: str | None,
) -> TextTable:
    by_column = list(zip_longest(*(values for _, values in kept), fillvalue=""))
    by_column += [("",) * len(kept)] * (len(header) - len(by_column))
    beyond = any(value != "" for column in by_column[len(header) :] for value in column)
    names = [*header, ""] if beyond else header
    repeated = tuple(dict.fromkeys(name for name in names if names.count(name) > 1))
    columns = {
        name: Column.of_cells(_absent_as_none(by_column[place]))
        for place, name in enumerate(names)
        if names.index(name) == place
    }
    return TextTable(
        columns,
        pa.array([row for row, _ in kept], pa.int64()),
        repeated=repeated,
        totals=totals,
        stated_period=stated,
    )

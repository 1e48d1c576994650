"""CSV: UTF-8 with or without byte-order mark, or CP949; either line end; quoted fields may hold line breaks.

The sender's row is the number of the line on which the record starts, the header being line 1. Files without quotes
and blank lines, nearly all, are read by pyarrow; the others record by record, so that the line numbers stay true.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

import pyarrow as pa
import pyarrow.csv as pa_csv

from etl.formats.table import Column, TextTable, UnreadableError
from etl.layout import Layout

_BOM = b"\xef\xbb\xbf"
_UNEVEN_LINES = re.compile(rb"\n[\r\n]|\r(?!\n)|^[\r\n]")
_SHOWN = 5


def decode(data: bytes, encoding: str) -> str:
    """The file's text; UnreadableError where it is not in `encoding`, saying so where it is UTF-8 instead."""
    if encoding == "utf-8":
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UnreadableError("not_utf8", f"byte {error.start}", "UTF-8") from error
    if not data.isascii():
        if _is_utf8(data):
            raise UnreadableError("utf8_where_cp949", "UTF-8", encoding.upper())
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            raise UnreadableError("not_cp949", f"byte {error.start}", encoding.upper()) from error
    return data.decode("ascii")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def header_names(data: bytes) -> tuple[str, ...]:
    """The names in the first line as far as they are ASCII: enough to know the canonical template by."""
    first = re.split(rb"[\r\n]", data.removeprefix(_BOM), maxsplit=1)[0].decode("ascii", "replace")
    try:
        return tuple(next(csv.reader([first]), []))
    except csv.Error:  # a field beyond the reader's limit; reading the file says so
        return ()


def read_csv(data: bytes, layout: Layout) -> TextTable:
    """The records of a CSV file; UnreadableError for a wrong encoding, an open quote or a ragged line."""
    text = decode(data, layout.encoding)
    simple = b'"' not in data and b"\x00" not in data and not _UNEVEN_LINES.search(data.removeprefix(_BOM))
    return (_fast(text, layout) if simple else None) or _careful(text, layout)


def _header(fields: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(fields), tuple(name for name, times in Counter(fields).items() if times > 1)


def _fast(text: str, layout: Layout) -> TextTable | None:
    """The table by pyarrow, or None where a line is ragged and must be looked at one by one."""
    first = text.split("\n", 1)[0].rstrip("\r")
    names, repeated = _header(first.split(","))
    if repeated:
        return None
    try:
        read = pa_csv.read_csv(
            pa.BufferReader(text.encode("utf-8")),
            parse_options=pa_csv.ParseOptions(quote_char=False),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    if read.column_names != list(names):
        return None
    if layout.nil_mark and read.num_rows == 1 and len(names) == 1:
        return None
    columns = {name: Column.of_text(read.column(name).combine_chunks()) for name in names}
    return TextTable(columns, pa.array(range(2, read.num_rows + 2), pa.int64()))


def _careful(text: str, layout: Layout) -> TextTable:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    names: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    rows: list[list[str]] = []
    lines: list[int] = []
    ragged: list[str] = []
    start = 1
    try:
        for fields in reader:
            line, start = start, reader.line_num + 1
            if not fields:
                continue
            if not names:
                names, repeated = _header(fields)
            elif len(fields) == len(names) or fields == [layout.nil_mark]:
                rows.append(fields)
                lines.append(line)
            else:
                ragged.append(f"{line}: {len(fields)}")
    except csv.Error as error:
        raise UnreadableError("broken_csv", f"line {start}: {error}", "CSV") from error
    if not names:
        raise UnreadableError("empty_file", "0", "≥ 1")
    if layout.nil_mark and [layout.nil_mark] in rows:
        rows, lines = _without_nil_mark(rows, lines, layout.nil_mark)
    if ragged:
        shown = ", ".join(ragged[:_SHOWN]) + (" …" if len(ragged) > _SHOWN else "")
        raise UnreadableError("ragged_row", shown, str(len(names)))
    first_place = {name: place for place, name in reversed(list(enumerate(names)))}
    columns = {
        name: Column.of_text(pa.array([row[first_place[name]] for row in rows], pa.string()))
        for name in dict.fromkeys(names)
    }
    return TextTable(columns, pa.array(lines, pa.int64()), repeated=repeated)


def _without_nil_mark(rows: list[list[str]], lines: list[int], mark: str) -> tuple[list[list[str]], list[int]]:
    if len(rows) > 1:
        raise UnreadableError("nil_mark_with_data", f"{len(rows) - 1}", f"{mark} | 0")
    return [], []

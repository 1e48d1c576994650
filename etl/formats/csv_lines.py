"""CSV: UTF-8 with or without byte-order mark, or CP949; either line end; quoted fields may hold line breaks.

The sender's row is the number of the line on which the record starts, the header being line 1. Files without quotes
and blank lines, nearly all, are read by pyarrow; the others record by record, so that the line numbers stay true.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from etl.formats.table import (
    BLANKS,
    Column,
    Problem,
    RefusedRow,
    TextTable,
    UnreadableError,
    is_nil_like,
    must_fit,
    nil_problem,
    plain_name,
)
from etl.layout import Layout
from expectations.catalogue import parameter

_BOM = b"\xef\xbb\xbf"
_BLANK_LINE = re.compile(rb"(?:\n|\A)[, \t]*\r?\n|(?:\n|\A)[, \t]+\r?\Z")
_OTHER_SEPARATORS = (";", "\t", "|")
_SEARCHED_LINES = 10
"""So many lines below the first are searched for the header."""
_FEWEST_COLUMNS = 4
"""In a row of so many columns one value alone is a remark and no record."""
_UNEVEN_LINES = re.compile(rb"\n[\r\n]|\r(?!\n)|^[\r\n]")
_SHOWN = 5
_SHOWN_CHARACTERS = 40
_LINE_END = re.compile(rb"\r\n|\n|\r")
_END_NAMES = {b"\r\n": "CRLF", b"\n": "LF", b"\r": "CR", b"": "∅"}


def decode(data: bytes, encoding: str) -> str:
    """Return the file's text; UnreadableError, with the place, where it is not in `encoding` or is UTF-8 instead."""
    if encoding == "utf-8":
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            reason = "cp949_where_utf8" if _is_in(data, "cp949") else "not_utf8"
            raise UnreadableError(reason, place_of_byte(data, error.start), "UTF-8") from error
    if not data.isascii():
        if _is_in(data, "utf-8"):
            raise UnreadableError("utf8_where_cp949", "UTF-8", encoding.upper())
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            raise UnreadableError("not_cp949", place_of_byte(data, error.start), encoding.upper()) from error
    return data.decode("ascii")


def place_of_byte(data: bytes, position: int) -> str:
    """Return the line and the column (in bytes, both from 1) of a byte, as editors count."""
    before = data[:position].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
    return f"line {line}, column {column}"


def _is_in(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
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


def last_line_end(data: bytes) -> tuple[int, str, str] | None:
    r"""Return the number of the last line, how it ends and how the others do (`CRLF`), where these differ.

    None where it ends as others do, and where there is no other line. A file that was cut off mostly ends in the
    middle of a line, and its last value may be a shorter one that is read without any fault.
    """
    ends = Counter(_LINE_END.findall(data))
    whole = data.endswith((b"\r", b"\n"))
    if not ends:
        return None
    last = b"" if not whole else data[-2:] if data.endswith(b"\r\n") else data[-1:]
    count = ends.total()
    if whole:
        ends[last] -= 1
        if ends[last] > 0 or count == 1:
            return None
    expected = max(ends, key=lambda end: ends[end])
    return count if whole else count + 1, _END_NAMES[last], _END_NAMES[expected]


def read_csv(data: bytes, layout: Layout) -> TextTable:
    """Return the records of a CSV file.

    Raises UnreadableError for a wrong encoding, an open quote, another separator, or a first line that is no header.
    Lines that are no records become problems and refused rows, and the others are read.
    """
    text = decode(data, layout.encoding)
    body = data.removeprefix(_BOM)
    is_simple = b'"' not in data and b"\x00" not in data and not _UNEVEN_LINES.search(body)
    if is_simple and not _BLANK_LINE.search(body):
        found = _fast(text, layout)
        if found is not None:
            return found
    return _careful(text, layout)


def _fast(text: str, layout: Layout) -> TextTable | None:
    """Return the table by pyarrow, or None where a line must be looked at one by one."""
    names = tuple(text.split("\n", 1)[0].rstrip("\r").split(","))
    must_fit(len(names), 0)
    if len(set(names)) < len(names) or not names[-1] or not _is_header(names, layout):
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
    if read.column_names != list(names) or (layout.nil_mark and len(names) == 1):
        return None
    columns = {name: Column.of_text(read.column(name).combine_chunks()) for name in names}
    if len(names) >= _FEWEST_COLUMNS and _has_lone_cell(columns):
        return None
    return TextTable(columns, pa.array(range(2, read.num_rows + 2), pa.int64()))


def _has_lone_cell(columns: Mapping[str, Column]) -> bool:
    """True where some row has a value in one column at most, as a footnote has."""
    filled = pa.scalar(0, pa.int16())
    for column in columns.values():
        filled = pc.add(filled, pc.not_equal(column.texts, "").cast(pa.int16()))
    return bool(pc.any(pc.less_equal(filled, 1)).as_py())


@dataclass(slots=True)
class _Lines:
    """The records of a file as they are read: rows with the line on which each starts, and what is no record.

    `unnamed` is how many fields without a name end the header; `trailing` the lines that end with more fields, empty
    ones, than there are names, each with its number of fields; `beyond` those that hold values in such fields.
    """

    names: tuple[str, ...] = ()
    most_rows: int = 0
    unnamed: int = 0
    trailing: list[tuple[int, int]] = field(default_factory=list)
    beyond: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ragged: list[tuple[int, int]] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    nil_lines: int = 0
    nil_like: list[tuple[int, str]] = field(default_factory=list)
    remarks: list[tuple[str, str]] = field(default_factory=list)


def _careful(text: str, layout: Layout) -> TextTable:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines = _Lines()
    start = 1
    try:
        for fields in reader:
            line, start = start, reader.line_num + 1
            if not any(fields):
                continue
            if lines.names:
                _take(lines, fields, line, layout)
                if len(lines.rows) > lines.most_rows:
                    must_fit(len(lines.names), len(lines.rows))
            else:
                must_fit(len(fields), 0)
                lines.names, lines.unnamed = _without_ends(_header(fields, line, text, layout))
                lines.most_rows = int(parameter("maximum_cells")) // len(lines.names)
    except csv.Error as error:
        raise _broken(error, start, text) from error
    if not lines.names:
        raise UnreadableError("empty_file", "0", "≥ 1")
    _settle_nil(lines, layout)
    if lines.nil_lines and (lines.rows or lines.nil_lines > 1):
        raise UnreadableError("nil_mark_with_data", f"{len(lines.rows)}", f"{layout.nil_mark} | 0")
    names, problems = lines.names, _problems(lines)
    if lines.nil_like:
        line, written = lines.nil_like[0]
        problems = (*problems, nil_problem(f"line {line}", written, layout.nil_mark))
    places = {name: place for place, name in reversed(list(enumerate(names)))}
    columns = {
        name: Column.of_text(pa.array([row[places[name]] for row in lines.rows], pa.string()))
        for name in dict.fromkeys(names)
    }
    return TextTable(
        columns,
        pa.array(lines.starts, pa.int64()),
        repeated=tuple(name for name, times in Counter(names).items() if times > 1),
        problems=problems,
        refused=tuple(lines.refused),
        beyond=tuple(lines.beyond),
        is_nil=lines.nil_lines == 1,
        remarks=tuple(lines.remarks),
    )


def _settle_nil(lines: _Lines, layout: Layout) -> None:
    """Marks of a nil return that are spelled otherwise count as marks beside data, and as remarks where none is due."""
    if not lines.nil_like or not (lines.rows or lines.ragged or lines.nil_lines or len(lines.nil_like) > 1):
        return
    if layout.nil_mark:
        lines.nil_lines += len(lines.nil_like)
    else:
        lines.refused.extend(RefusedRow(line, text[:80], "∅", "no_record") for line, text in lines.nil_like)
    lines.nil_like.clear()


def _without_ends(names: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
    """The names of a header without the empty ones at its end, and how many these are."""
    count = len(names)
    while count > 1 and not names[count - 1]:
        count -= 1
    return names[:count], len(names) - count


def _broken(error: csv.Error, line: int, text: str) -> UnreadableError:
    """What is wrong with the quotes of a record, in our own words."""
    said, start = str(error), f"line {line}"
    if "end of data" in said:
        return UnreadableError("open_quote", start, '"…"')
    if "limit" in said:
        return UnreadableError("field_too_long", f"{start}: > {csv.field_size_limit()}", f"≤ {csv.field_size_limit()}")
    shown = next(islice(io.StringIO(text, newline=""), line - 1, None), "")[:_SHOWN_CHARACTERS].rstrip()
    return UnreadableError("broken_csv", f"{start}: {shown}", '"…",')


def _take(lines: _Lines, fields: list[str], line: int, layout: Layout) -> None:
    """Put a record where it belongs: among the rows, the ragged ones, or those that are no record."""
    if len(fields) > len(lines.names) and any(fields[: len(lines.names)]):
        fields = _without_surplus(lines, fields, line)
    if layout.nil_mark and fields == [layout.nil_mark]:
        lines.nil_lines += 1
    elif fields[0] and is_nil_like(fields[0]) and not any(field.strip(BLANKS) for field in fields[1:]):
        lines.nil_like.append((line, ",".join(fields)))
    elif all(not field.strip(BLANKS) for field in fields):
        lines.refused.append(RefusedRow(line, repr(",".join(fields))[:40], "∅", "only_blanks"))
    elif len(fields) != len(lines.names):
        lines.ragged.append((line, len(fields)))
    elif (swallowed := _swallowed(fields, len(lines.names))) is not None:
        lines.refused.append(RefusedRow(line, swallowed, "1", "swallowed_lines"))
        lines.remarks.extend((f"line {line}", text) for text in fields)
    elif len(fields) >= _FEWEST_COLUMNS and sum(map(bool, fields)) == 1:
        lines.refused.append(RefusedRow(line, next(filter(None, fields))[:80], "∅", "no_record"))
        lines.remarks.extend((f"line {line}", text) for text in fields if text)
    else:
        lines.rows.append(fields)
        lines.starts.append(line)


def _swallowed(fields: Sequence[str], count: int) -> str | None:
    """Return how many lines a field holds in which a whole record stands, after a stray quote; None where none does."""
    for field_text in fields:
        # From a quote in one record to a quote in the same column of the next lie as many commas as in one record.
        is_broken = "\n" in field_text or "\r" in field_text
        if is_broken and field_text.count(",") >= max(3, count - 1):
            return f"{len(field_text.splitlines())} lines"
    return None


def _without_surplus(lines: _Lines, fields: list[str], line: int) -> list[str]:
    """The fields of a record that have names, where the others are empty or the header itself leaves them unnamed."""
    count = len(lines.names)
    surplus = fields[count:]
    if not any(surplus):
        lines.trailing.append((line, len(fields)))
    elif len(surplus) <= lines.unnamed:
        lines.beyond.append(f"line {line}")
        lines.remarks.extend((f"line {line}", text) for text in surplus if text)
    else:
        return fields
    return fields[:count]


def _problems(lines: _Lines) -> tuple[Problem, ...]:
    """Lines that end with a comma too many, once for all, and those of another number of fields than the header."""
    problems = []
    is_every = len(lines.trailing) == len(lines.rows) + len(lines.refused)
    if not lines.beyond and (lines.unnamed or (lines.trailing and is_every)):
        numbers = [*([1] if lines.unnamed else []), *(line for line, _ in lines.trailing)]
        shown = ", ".join(map(str, numbers[:_SHOWN])) + (" …" if len(numbers) > _SHOWN else "")
        last = lines.names[-1][:_SHOWN_CHARACTERS]
        problems.append(Problem("trailing_comma", f"line {shown}: …{last},", f"…{last}"))
    elif not lines.unnamed:
        lines.ragged = sorted([*lines.ragged, *lines.trailing])
    if lines.ragged:
        shown = ", ".join(f"{line}: {count}" for line, count in lines.ragged[:_SHOWN])
        shown += " …" if len(lines.ragged) > _SHOWN else ""
        problems.append(Problem("ragged_row", shown, str(len(lines.names))))
    return tuple(problems)


def _header(fields: list[str], line: int, text: str, layout: Layout) -> tuple[str, ...]:
    """Return the names of the header; UnreadableError where the line is another, saying where the header is."""
    if _is_header(fields, layout):
        return tuple(fields)
    first = text.splitlines()[line - 1]
    for separator in _OTHER_SEPARATORS:
        if _is_header([field.strip('"') for field in first.split(separator)], layout):
            raise UnreadableError("other_separator", repr(separator), "','")
    for number, other in enumerate(text.splitlines()[line : line + _SEARCHED_LINES], line + 1):
        for separator in (",", *_OTHER_SEPARATORS):
            if _is_header([field.strip('"') for field in other.split(separator)], layout):
                raise UnreadableError("line_above_header", f"line {line}: {first}"[:80], f"line {number}")
    return tuple(fields)


def _is_header(names: Sequence[str], layout: Layout) -> bool:
    """True where at least half of the layout's columns are among the names, however these are spelled."""
    if len(names) > int(parameter("maximum_columns")):
        return False
    wanted = {plain_name(name) for name in layout.native_names}
    return 2 * len(wanted & {plain_name(name) for name in names}) >= len(wanted)

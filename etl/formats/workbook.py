"""XLSX: one sheet, its headers in a fixed row, the sender's row being the sheet's.

Before it is opened the archive is checked: unpacked size and ratio (SUB-008), by really unpacking within the limit, so
that a lying directory does not help; macros, and XML that defines entities (SUB-001). The cells are read from the
sheet's XML (`etl.formats.sheet_xml`), numbers as the text that is written there.
"""

from __future__ import annotations

import io
import posixpath
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import pyarrow as pa

from etl.formats.sheet_xml import (
    Book,
    SheetCells,
    column_letters,
    column_place,
    first_rows,
    local_name,
    parse,
    read_cells,
    read_strings,
)
from etl.formats.table import (
    BLANKS,
    Column,
    ComputedError,
    Formula,
    Problem,
    RefusedRow,
    TextTable,
    UnreadableError,
    compact,
    is_nil_like,
    must_fit,
    nil_problem,
    plain_name,
    shown_spelling,
)
from etl.layout import Layout
from expectations.catalogue import parameter
from expectations.vocabulary import ValueType

PERIOD_LABEL = "보고기간"
TOTAL_MARK = "합계"
_TOTALS = {"합계", "총계", "소계", "계", "총합계", "total", "totals", "sum"}
"""What rows of totals are called, as `compact` has it."""
_TOTALLED = frozenset({ValueType.KRW, ValueType.COUNT})
_FEWEST_COLUMNS = 4
"""In a row of so many columns one value alone is a remark and no record."""
_HEADER_ROWS = 10
"""In so many first rows of further sheets our headers are looked for."""
_MOST_SHEETS = 64
"""So many further sheets are looked at for tables of ours."""
_CHUNK = 1 << 20
_OVERLAP = 64
_MOST_CELLS = 20_000_000
"""More than the largest sheet of the widest report; a sheet takes memory for every cell between its corners."""
_RANGE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7}):\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_MOST_MERGED = 2_000_000
"""So many rows of merged ranges are looked at for values."""
_MACROS = "vbaproject.bin"
_DEFINITIONS = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_XML_PARTS = (".xml", ".rels", ".vml")
_CLOSING = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_SECTION = re.compile(b"|".join(map(re.escape, _CLOSING)))
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,7})([0-9]{1,10})["']""")
_FAR_REFERENCE = re.compile(rb"""\sr\s*=\s*["'](?:[A-Za-z]{2,7}[0-9]{1,10}|[A-Za-z]*[0-9]{7,10})["']""")
"""A cell beyond column Z or row 999,999: without one the sheet cannot be too large."""


def check_archive(data: bytes) -> None:
    """UnreadableError where the bytes are no archive (SUB-001) or unpack to too much (SUB-008)."""
    most = int(parameter("maximum_unpacked_bytes"))
    ratio = int(parameter("maximum_compression_ratio"))
    unpacked, name = 0, ""
    tokens: dict[str, _Tokens] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if macros := [name for name in archive.namelist() if name.lower().endswith(_MACROS)]:
                raise UnreadableError("macro_workbook", macros[0][:80], "XLSX")
            parts = Counter(name.lower() for name in archive.namelist())
            if repeated := [name for name, count in parts.items() if count > 1]:
                raise UnreadableError("not_workbook", f"2 × {repeated[0][:80]}", "XLSX")
            for member in archive.infolist():
                name = member.filename
                tokens[name] = _Tokens()
                unpacked += _checked_member(archive, member, unpacked, most, tokens[name])
    except UnreadableError:
        raise
    except Exception as error:
        # The library raises whatever a damaged archive leads it to.
        raise UnreadableError("damaged_archive" if name else "not_workbook", name[:80] or "ZIP", "XLSX") from error
    if unpacked > ratio * len(data):
        found = f"{unpacked // len(data)}"
        raise UnreadableError("ratio_too_high", found, f"≤ {ratio}", rule="SUB-008")
    if any(one.is_too_long for name, one in tokens.items() if name.lower().endswith(_XML_PARTS)):
        raise UnreadableError("token_too_long", f"> {_CHUNK}", f"≤ {_CHUNK}", rule="SUB-008")


@dataclass(slots=True)
class _Tokens:
    """Looks for tags, comments and sections of XML that are longer than a piece, over the pieces of a part.

    The time that parsers take grows with the square of their length where they are given bit by bit (CVE-2023-52425).
    """

    is_too_long: bool = False
    closing: bytes | None = None
    """What closes the comment or section that a piece ended in."""

    def look_at(self, piece: bytes, *, is_whole: bool) -> None:
        """Take the next piece; the last one of a part need not be a whole one."""
        self.is_too_long |= self._is_within_one(piece) and is_whole

    def _is_within_one(self, piece: bytes) -> bool:
        place = 0
        if self.closing is not None:
            end = piece.find(self.closing)
            if end < 0:
                return True
            place, self.closing = end + len(self.closing), None
        elif b"<" not in piece:
            return True
        while (section := _SECTION.search(piece, place)) is not None:
            closing = _CLOSING[section[0]]
            end = piece.find(closing, section.end())
            if end < 0:
                self.closing = closing
                break
            place = end + len(closing)
        return False


def _checked_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, before: int, most: int, tokens: _Tokens) -> int:
    """The unpacked size of one part; UnreadableError where that is too much after `before`, or it defines entities."""
    size, is_far = 0, False
    for piece in _pieces(archive, member):
        size += len(piece) - min(size, _OVERLAP)
        if before + size > most:
            raise UnreadableError("unpacked_too_large", f"> {most}", f"≤ {most}", rule="SUB-008")
        plain = piece.replace(b"\x00", b"")  # in UTF-16 too
        tokens.look_at(plain, is_whole=len(piece) > _CHUNK)
        if _DEFINITIONS.search(plain) is not None:
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
            rows, columns = max(rows, int(digits)), max(columns, column_place(letters.decode()) + 1)
    return rows * columns


@dataclass(frozen=True, slots=True)
class Sheet:
    """The first sheet of a workbook with its name, and the names of the others, which are marked where hidden.

    `tables` holds the name of those others that have cells, with the texts of their first rows.
    """

    name: str
    others: tuple[str, ...]
    cells: SheetCells
    tables: tuple[tuple[str, tuple[frozenset[str], ...]], ...] = ()

    @property
    def header_names(self) -> tuple[str, ...]:
        """The texts in row 1: enough to recognise the canonical template."""
        return tuple(str(value) for value in self.cells.rows.get(1, {}).values() if value is not None)


def open_workbook(data: bytes) -> Sheet:
    """Return the first sheet, after the archive was checked; UnreadableError where it is no workbook, or too large."""
    check_archive(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name.lower(): name for name in archive.namelist()}

        def part(path: str) -> bytes | None:
            name = members.get(path.lstrip("/").lower())
            return archive.read(name) if name is not None else None

        main = next(iter(_related(part, "", "officeDocument").values()), "xl/workbook.xml")
        workbook = part(main)
        if workbook is None:
            raise UnreadableError("not_workbook", ", ".join(archive.namelist()[:3])[:80] or "∅", "xl/workbook.xml")
        sheets = _sheets(workbook)
        if not sheets:
            raise UnreadableError("no_sheet", "0", "1")
        paths = _related(part, main, "worksheet")
        xml = part(paths.get(sheets[0][1], ""))
        further = {
            name: part(paths.get(relation, ""))
            for name, relation, _ in sheets[1 : _MOST_SHEETS + 1]
            if xml is not None and not _is_taken_from(xml, name)
        }
        if xml is None:
            raise UnreadableError("no_sheet", sheets[0][0][:80], "XLSX")
        strings = next(
            (found for path in _related(part, main, "sharedStrings").values() if (found := part(path))), None
        )
        styles = next((found for path in _related(part, main, "styles").values() if (found := part(path))), None)
    book = Book(read_strings(strings) if strings else (), _date_formats(styles) if styles else frozenset(), _MOST_CELLS)
    others = tuple(f"{name} ({state})" if state else name for name, _, state in sheets[1:])
    if sheets[0][2] and others:  # what people see of the workbook is another sheet than the one that would be read
        raise UnreadableError("more_sheets", f"{sheets[0][0]} ({sheets[0][2]}), {', '.join(others)}"[:200], "1")
    return Sheet(sheets[0][0], others, read_cells(xml, book, sheets[0][0]), tuple(_further_tables(further, book)))


def _further_tables(sheets: Mapping[str, bytes | None], book: Book) -> Iterator[tuple[str, tuple[frozenset[str], ...]]]:
    for name, xml in sheets.items():
        rows = first_rows(xml, book, _HEADER_ROWS) if xml is not None else []
        if rows:
            texts = (frozenset(plain_name(value) for value in row.values() if isinstance(value, str)) for row in rows)
            yield name, tuple(texts)


def _is_taken_from(xml: bytes, name: str) -> bool:
    """True where formulas of a sheet refer to the sheet of that name, so that its rows are in the first one."""
    written = escape(name, quote=False)
    return any(f"{written}{end}".encode() in xml for end in ("!", "'!"))


def _with_our_headers(sheet: Sheet, layout: Layout) -> tuple[str, ...]:
    """The further sheets that carry at least half of the headers, so that rows may stand there which nobody reads."""
    wanted = {plain_name(name) for name in layout.native_names}
    return tuple(name for name, rows in sheet.tables if any(2 * len(wanted & texts) >= len(wanted) for texts in rows))


def _related(part: Callable[[str], bytes | None], source: str, kind: str) -> dict[str, str]:
    """The parts of a kind that a part refers to, by the id of the relation."""
    folder, name = posixpath.split(source)
    xml = part(posixpath.join(folder, "_rels", f"{name}.rels"))
    found: dict[str, str] = {}

    def start(element: str, attributes: dict[str, str]) -> None:
        if local_name(element) == "Relationship" and attributes.get("Type", "").endswith(f"/{kind}"):
            target = attributes.get("Target", "")
            found[attributes.get("Id", "")] = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")

    if xml is not None:
        parse(xml, start)
    return found


def _sheets(workbook: bytes) -> list[tuple[str, str, str]]:
    """Name, relation and state (empty for a visible one) of every sheet, in order."""
    found: list[tuple[str, str, str]] = []

    def start(element: str, attributes: dict[str, str]) -> None:
        if local_name(element) == "sheet":
            named = {local_name(name): value for name, value in attributes.items()}
            state = named.get("state", "")
            found.append((named.get("name", ""), named.get("id", ""), "" if state == "visible" else state))

    parse(workbook, start)
    return found


_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
"""Numbers of the built-in formats that show a date or a time (ECMA-376, part 1, 18.8.30)."""


def _date_formats(styles: bytes) -> frozenset[str]:
    """The cell formats, by their number as cells name it, that show a number as a date."""
    dates = set(map(str, _DATE_FORMATS))
    formats: list[str] = []
    is_inside = False

    def start(element: str, attributes: dict[str, str]) -> None:
        nonlocal is_inside
        match local_name(element):
            case "numFmt" if _shows_date(attributes.get("formatCode", "")):
                dates.add(attributes.get("numFmtId", ""))
            case "cellXfs":
                is_inside = True
            case "xf" if is_inside:
                formats.append(attributes.get("numFmtId", "0"))

    def end(element: str) -> None:
        nonlocal is_inside
        if local_name(element) == "cellXfs":
            is_inside = False

    parse(styles, start, end)
    return frozenset(str(number) for number, name in enumerate(formats) if name in dates)


def _shows_date(code: str) -> bool:
    """True for a format with the letters of a date or time outside quotes, brackets and escapes."""
    bare = re.sub(r'"[^"]*"|\\.|[_*].|\[[^\]]*\]|general', "", code.partition(";")[0], flags=re.IGNORECASE)
    return re.search("[ymdhs]", bare, re.IGNORECASE) is not None


def read_sheet(sheet: Sheet, layout: Layout) -> TextTable:
    """Return the data rows of the sheet; UnreadableError where its name, period or nil return is not as due."""
    if layout.sheet is not None:
        _must_be_named(sheet, layout.sheet)
    rows, header_row = sheet.cells.rows, layout.header_row
    if header_row not in rows or not any(value is not None for value in rows[header_row].values()):
        raise UnreadableError("no_sheet", f"{max(rows, default=0)}", f"≥ {header_row}")
    _must_not_be_merged(sheet.cells, header_row)
    stated = _stated_period(rows) if layout.period_cell else None
    header = _header(rows[header_row])
    must_fit(len(header), 0)
    body = {number: row for number, row in sorted(rows.items()) if number > header_row}
    filled = {number: row for number, row in body.items() if any(value is not None for value in row.values())}
    lone = _lone_rows(filled, header, layout)
    blank = {number: row for number, row in filled.items() if all(map(_is_blank, row.values()))}
    likely = _nil_like(filled, layout)
    is_alone = len(likely) == 1 and len(filled) == len(likely) + len(blank)
    if likely and not is_alone and layout.nil_mark:
        raise UnreadableError("nil_mark_with_data", str(len(filled) - len(blank)), f"{layout.nil_mark} | 0")
    problems = [nil_problem(f"A{number}", text, layout.nil_mark) for number, text in likely.items() if is_alone]
    refused = [*(_refused(number, row) for number, row in blank.items()), *lone.values()]
    kept = {number: row for number, row in filled.items() if number not in blank and number not in lone}
    if is_alone:
        refused, kept = [], {}
    totals = None
    is_nil = False
    if layout.nil_mark and any(_is_mark(row.get(0), layout.nil_mark) for row in kept.values()):
        _must_be_alone(kept, layout.nil_mark)
        kept, is_nil = {}, True
    elif layout.total_row:
        kept, totals, bad = _without_totals(kept, header, layout)
        refused += bad
    table = _table(header, kept, tuple(refused), totals, stated, is_nil=is_nil)
    outside = {number: row for number, row in rows.items() if number not in kept}
    tables = _with_our_headers(sheet, layout)
    if tables:
        problems.append(Problem("other_tables", ", ".join(tables)[:200], "1"))
    return replace(table, remarks=_remarks(outside, kept, header), problems=tuple(problems))


def _remarks(
    outside: Mapping[int, Mapping[int, Any]], kept: Mapping[int, Mapping[int, Any]], header: list[str]
) -> tuple[tuple[str, str], ...]:
    """The texts of cells that belong to no column: in rows that are no data, and beyond the header."""
    beyond = {number: {p: v for p, v in row.items() if p >= len(header)} for number, row in kept.items()}
    return tuple(
        (f"{column_letters(place)}{number}", value)
        for rows in (outside, beyond)
        for number, row in rows.items()
        for place, value in row.items()
        if isinstance(value, str)
    )


def _must_be_named(sheet: Sheet, wanted: str) -> None:
    if unicodedata.normalize("NFC", sheet.name) != wanted:
        raise UnreadableError("sheet_name", ", ".join((sheet.name, *sheet.others))[:200], wanted)
    if sheet.others:
        raise UnreadableError("more_sheets", ", ".join(sheet.others)[:200], wanted)


def _must_not_be_merged(cells: SheetCells, header_row: int) -> None:
    """UnreadableError where cells of the header or the data are merged: all but the first of them hold nothing.

    Where none of them holds a value nothing is lost.
    """
    filled = {number: row for number, row in cells.rows.items() if any(value is not None for value in row.values())}
    last, looked_at = max(filled, default=0), 0
    for reference in cells.merged:
        match = _RANGE.fullmatch(reference)
        if match is None:
            raise UnreadableError("merged_cells", reference[:80], "∅")
        top, bottom = int(match[2]), int(match[4])
        if bottom < header_row or top > last:
            continue
        looked_at += max(0, min(bottom, last) - top) + 1
        left, right = column_place(match[1]), column_place(match[3])
        rows = (filled.get(number, {}) for number in range(top, min(bottom, last) + 1))
        if looked_at > _MOST_MERGED or any(
            value is not None and left <= place <= right for row in rows for place, value in row.items()
        ):
            raise UnreadableError("merged_cells", reference[:80], "∅")


def _is_blank(value: Any) -> bool:
    """True for no value, and for a text of nothing but white space or characters without width."""
    return value is None or (type(value) is str and not value.strip(BLANKS))


def _refused(number: int, row: Mapping[int, Any]) -> RefusedRow:
    places = [f"{column_letters(place)}{number}" for place, value in row.items() if value is not None]
    return RefusedRow(number, ", ".join(places[:5]) + (" …" if len(places) > 5 else ""), "∅", "only_blanks")


def _lone_rows(rows: Mapping[int, Mapping[int, Any]], header: list[str], layout: Layout) -> dict[int, RefusedRow]:
    """Rows that are no records: a remark in one cell, and a row of totals that is called otherwise than 합계."""
    found: dict[int, RefusedRow] = {}
    for number, row in rows.items():
        values = {place: value for place, value in row.items() if not _is_blank(value)}
        first = row.get(0)
        if layout.total_row and isinstance(first, str) and first != TOTAL_MARK and _is_total(first):
            shown = shown_spelling(first)[:80]
            found[number] = RefusedRow(number, f"A{number}: {shown}", TOTAL_MARK, "totals_called_otherwise")
        elif len(header) >= _FEWEST_COLUMNS and len(values) == 1 and not _is_mark(first, layout.nil_mark, TOTAL_MARK):
            ((place, value),) = values.items()
            found[number] = RefusedRow(number, f"{column_letters(place)}{number}: {value}"[:80], "∅", "no_record")
    return found


def _is_total(first: str) -> bool:
    """True for what a row of totals is called, however it is spelled, or a formula that gives such a name."""
    if type(first) not in (str, Formula):
        return False
    return compact(re.sub("[=\"']", "", first) if type(first) is Formula else first) in _TOTALS


def _nil_like(rows: Mapping[int, Mapping[int, Any]], layout: Layout) -> dict[int, str]:
    """Rows whose first cell alone is filled, with a mark of a nil return that is not the one that is due."""
    return {
        number: row[0]
        for number, row in rows.items()
        if type(row.get(0)) is str
        and row[0] != layout.nil_mark
        and is_nil_like(row[0])
        and all(_is_blank(value) for place, value in row.items() if place)
    }


def _is_mark(value: Any, *marks: str | None) -> bool:
    """True where a cell of text holds one of the marks; the text of an error or of a date is none."""
    return type(value) is str and value in marks


def _header(row: Mapping[int, Any]) -> list[str]:
    named = {place: str(value) for place, value in row.items() if value is not None and not _is_blank(value)}
    return [named.get(place, "") for place in range(max(named, default=-1) + 1)]


def _stated_period(rows: Mapping[int, Mapping[int, Any]]) -> str:
    row = rows.get(2, {})
    if row.get(0) != PERIOD_LABEL or row.get(1) is None:
        found = ", ".join(shown_spelling(str(value)) for value in (row.get(0), row.get(1)) if value is not None)
        raise UnreadableError("no_period_cell", found[:200] or "∅", f"A2 = {PERIOD_LABEL}, B2 = 2026-11-02")
    return str(row[1])


def _must_be_alone(kept: Mapping[int, Mapping[int, Any]], mark: str) -> None:
    if len(kept) > 1 or any(value is not None for row in kept.values() for place, value in row.items() if place):
        raise UnreadableError("nil_mark_with_data", str(len(kept)), f"{mark} | 0")


def _without_totals(
    kept: dict[int, dict[int, Any]], header: list[str], layout: Layout
) -> tuple[dict[int, dict[int, Any]], dict[str, str | None] | None, list[RefusedRow]]:
    """The data rows, the cells of the 합계 row that ends them, and what keeps rows of totals from being read.

    The cells are None where there is no such row, or where they hold no values.
    """
    last = max(kept, default=0)
    early = [number for number, row in kept.items() if number != last and _is_mark(row.get(0), TOTAL_MARK)]
    refused = [RefusedRow(number, f"A{number}: {TOTAL_MARK}", "∅", "totals_not_last") for number in early]
    kept = {number: row for number, row in kept.items() if number not in early}
    if not kept or not _is_mark(kept[last].get(0), TOTAL_MARK):
        return kept, None, refused
    values = kept[last]
    if (without := _without_values(last, values, header, layout)) is not None:
        return {number: row for number, row in kept.items() if number != last}, None, [*refused, without]
    totals = {name: Column.of_cells([values.get(place)]).texts[0].as_py() for place, name in enumerate(header)}
    return {number: row for number, row in kept.items() if number != last}, totals, refused


def _without_values(number: int, values: Mapping[int, Any], header: list[str], layout: Layout) -> RefusedRow | None:
    """The row of totals where totals are errors, or formulas that no program has computed; all of them at once."""
    forms = {one.name: one.notation.form for one in layout.columns.values() if one.notation.type in _TOTALLED}
    for kind, reason in ((Formula, "formula_cell"), (ComputedError, "error_cell")):
        bad = [place for place, name in enumerate(header) if name in forms and type(values.get(place)) is kind]
        if bad:
            places = ", ".join(f"{column_letters(place)}{number}" for place in bad[:5]) + (" …" if bad[5:] else "")
            return RefusedRow(number, f"{places}: {values[bad[0]]}"[:80], forms[header[bad[0]]], reason)
    return None


def _table(
    header: list[str],
    kept: Mapping[int, Mapping[int, Any]],
    refused: tuple[RefusedRow, ...],
    totals: dict[str, str | None] | None,
    stated: str | None,
    *,
    is_nil: bool,
) -> TextTable:
    rows = list(kept.values())
    must_fit(len(header), len(rows))
    columns: dict[str, Column] = {}
    for place, name in enumerate(header):
        if name and name not in columns:
            columns[name] = Column.of_cells([row.get(place) for row in rows])
    beyond = [
        f"{column_letters(place)}{number}"
        for number, row in kept.items()
        for place, value in row.items()
        if value is not None and (place >= len(header) or not header[place])
    ]
    return TextTable(
        columns,
        pa.array(list(kept), pa.int64()),
        repeated=tuple(name for name, times in Counter(header).items() if name and times > 1),
        totals=totals,
        stated_period=stated,
        refused=refused,
        beyond=tuple(beyond),
        is_nil=is_nil,
    )

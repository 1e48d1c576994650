"""The cells of a worksheet from its XML: every cell once, as the text that is written there.

A library that returns values loses what matters here: a number goes through a float, an error or a formula that no
program has computed looks empty, and what lies outside a wrong `dimension` is not read. Source: ECMA-376, part 1,
18.3.1 (worksheets) and 18.4 (shared strings).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from xml.parsers import expat

from etl.formats.table import ComputedError, DateCell, Formula, JsonNumber, UnreadableError

Start = Callable[[str, dict[str, str]], None]
Handler = Callable[[str], None]

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""What a worksheet can hold."""
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})\Z")
_NEVER_EMPTY = (b"e", b"b")
"""Types of cells that programs never write without a value; a blank cell of type `n`, `s` or `str` they do."""
_XML_REFERENCE = re.compile(r"&(?:#(x[0-9A-Fa-f]+|[0-9]+)|(amp|lt|gt|quot|apos));")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?\Z")
_UTF8_DECLARED = re.compile(rb"""\s*<\?xml[^>]*encoding=["']utf-8["']|\s*<(?!\?)""", re.IGNORECASE)
_DAY_ZERO = datetime(1899, 12, 30)
"""Day 0 of the dates of spreadsheet programs, from day 61 on; days before are counted otherwise."""
_DAYS_SHOWN = 2_958_466
"""The first of year 10000, which no program shows."""
_MOST_DIGITS = 400
"""Whatever a program can store as a number is written out, so that it is called too large and not ill written."""
_PLAIN = re.compile(
    rb'<row r="([0-9]{1,7})"[^<>]*>'
    rb'|<c r="([A-Z]{1,3})([0-9]{1,7})"(?: s="([0-9]{1,6})")?(?: t="(s|inlineStr|str|n|b)")?'
    rb'(?:/>|></c>|><v>([^<]*)</v></c>|><is><t(?: xml:space="preserve")?>([^<]*)</t></is></c>)'
)
"""A row or a cell as most programs write them: no formula, error, rich text, namespace prefix or comment."""


@dataclass(frozen=True, slots=True)
class Book:
    """What the cells of a workbook refer to: its shared strings, and the numbers of the formats that show dates."""

    strings: Sequence[str] = ()
    date_formats: frozenset[str] = frozenset()
    most_cells: int = 20_000_000


@dataclass(slots=True)
class SheetCells:
    """The rows of a sheet by number, each its cells by column (0 is A), and the merged ranges.

    A cell is text, `JsonNumber`, bool, `DateCell`, `ComputedError`, `Formula`, or None where it is empty.
    """

    rows: dict[int, dict[int, Any]] = field(default_factory=dict)
    merged: list[str] = field(default_factory=list)


def column_letters(place: int) -> str:
    """Return the letters of a column by its place: A for 0, AA for 26."""
    letters, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_place(letters: str) -> int:
    """Return the place of a column by its letters: 0 for A."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def read_cells(xml: bytes, book: Book, name: str = "") -> SheetCells:
    """Return every cell of the sheet of that name once.

    Raises UnreadableError, with the place, where the XML is not well-formed, has a cell or row twice, or one whose
    reference is none.
    """
    plain = _plain_cells(xml, book)
    if plain is None or not _is_well_formed(xml):  # the pattern of plain cells does not see whether all of it is
        return _all_cells(xml, book, name)
    return plain


def _is_well_formed(xml: bytes) -> bool:
    try:
        parse(xml, None, None, None)
    except UnreadableError:
        return False
    return True


class _Strings:
    """The handlers that read shared strings; they fill `found`."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._text: list[str] = []
        self._is_hint = self._is_text = False

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        """Handle the start of an element."""
        match local_name(name):
            case "si":
                self._text.clear()
            case "rPh":
                self._is_hint = True
            case "t":
                self._is_text = not self._is_hint

    def end(self, name: str) -> None:
        """Handle the end of an element."""
        match local_name(name):
            case "si":
                self.found.append(_unescaped("".join(self._text)))
            case "rPh":
                self._is_hint = False
            case "t":
                self._is_text = False

    def data(self, piece: str) -> None:
        """Handle text."""
        if self._is_text:
            self._text.append(piece)


def read_strings(xml: bytes) -> list[str]:
    """Return the shared strings in order, without their phonetic hints."""
    reader = _Strings()
    parse(xml, reader.start, reader.end, reader.data)
    return reader.found


def local_name(name: str) -> str:
    """Return the name of an element without its namespace, which differs between programs and is not needed."""
    return name.rpartition("\n")[2]


def _ignore(_piece: str) -> None:
    """Handle an end or a text that says nothing."""


def _no_place() -> str:
    """Say nothing of where a part is broken."""
    return "XML"


def parse(
    xml: bytes,
    start: Start | None,
    end: Handler | None = _ignore,
    data: Handler | None = _ignore,
    place: Callable[[], str] = _no_place,
) -> None:
    """Parse XML with these handlers; UnreadableError, with the place, where it is not well-formed or defines a type."""
    parser = expat.ParserCreate(namespace_separator="\n")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_type
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, data
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise UnreadableError("broken_part", place(), "XML") from error
    except (LookupError, ValueError) as error:  # an encoding that the parser cannot be given
        raise UnreadableError("broken_part", f"{place()}: encoding", "UTF-8") from error


def _refuse_type(name: str, *_: object) -> None:
    raise UnreadableError("document_type", name[:80], "XLSX")


def _unescaped(text: str) -> str:
    """Return text with the characters that XML cannot hold, which a workbook writes as `_x000D_`."""
    if "_x" not in text:
        return text
    found = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    try:
        return found.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:  # half of a pair is no character: it stays as it is written
        return text


def _cell(kind: str, style: str, text: str, book: Book, place: str) -> Any:
    """Return the value of a cell with this text in it; None where the text is empty."""
    match kind:
        case "s":
            if not text.strip().isdecimal() or int(text) >= len(book.strings):
                raise UnreadableError("bad_reference", f"{place}: {text}"[:80], f"< {len(book.strings)}")
            return book.strings[int(text)] or None
        case "inlineStr" | "str":
            return _unescaped(text) or None
        case "b":
            return text.strip() in ("1", "true")
        case "e":
            return ComputedError(text)
        case "d":
            return DateCell(text)
        case "n":
            pass
        case _:  # a type that there is not
            return ComputedError(f't="{kind}"'[:80])
    number = text.strip()
    if _NUMBER.match(number) is None:
        return ComputedError(number)
    return DateCell(_shown_date(number)) if style in book.date_formats else JsonNumber(_whole(number))


def _shown_date(number: str) -> str:
    """Return a number of days since 1899-12-30 as the date or moment that a program shows for it, to the second."""
    days = Decimal(number)
    if not 60 < days < _DAYS_SHOWN:
        return number
    shown = _DAY_ZERO + timedelta(seconds=int((days * 86400).to_integral_value()))
    return f"{shown:%Y-%m-%d}" if days == int(days) else f"{shown:%Y-%m-%d %H:%M:%S}"


def _whole(number: str) -> str:
    """Return a number that is whole without point or exponent, with which programs store it too (`1E3`, `5.0`)."""
    if number.isdecimal():
        return number
    value = Decimal(number)
    return f"{value:.0f}" if value == value.to_integral_value() and value.adjusted() < _MOST_DIGITS else number


def _plain_cells(xml: bytes, book: Book) -> SheetCells | None:
    """Return the cells of a sheet that is written plainly, several times as fast; None where any of it is not.

    Every tag of the sheet's data is counted, so nothing is passed over: what the pattern does not match is missing in
    the count.
    """
    body = _plain_body(xml)
    if body is None:
        return None
    cells, tags, count, number, before = SheetCells(), 0, 0, 0, -1
    row: dict[int, Any] = {}
    for row_text, letters, digits, style, kind, value, inline in _PLAIN.findall(body):
        tags += 1
        if row_text:
            if not number < int(row_text) <= MOST_ROWS:
                return None
            number, before = int(row_text), -1
            row = cells.rows[number] = {}
            continue
        column = _place_of(letters)
        if int(digits) != number or not before < column < MOST_COLUMNS:
            return None
        before, count = column, count + 1
        if value:
            tags += 1
            place = f"{letters.decode()}{number}"
            row[column] = _cell(kind.decode() or "n", style.decode() or "0", _text(value), book, place)
        elif inline:
            tags += 2
            row[column] = _unescaped(_text(inline)) or None
        elif kind in _NEVER_EMPTY:
            return None
        else:
            row[column] = None
    empty = body.count(b"<v></v>") + 2 * (body.count(b"<is><t></t></is>") + body.count(b'"preserve"></t></is>'))
    _must_fit(count, book)
    return cells if tags + empty == body.count(b"<") - body.count(b"</") else None


def _plain_body(xml: bytes) -> bytes | None:
    """Return what stands between the tags of the sheet's data; None where the sheet cannot be plain."""
    first, last = xml.find(b"<sheetData>"), xml.rfind(b"</sheetData>")
    if first < 0 or last < first or b"<mergeCell" in xml or b"<!" in xml or not _UTF8_DECLARED.match(xml):
        return None
    body = xml[first + len(b"<sheetData>") : last]
    try:
        body.decode()
    except UnicodeDecodeError:
        return None
    return body


@cache
def _place_of(letters: bytes) -> int:
    return column_place(letters.decode())


def _text(raw: bytes) -> str:
    """Return the text between two tags, its references resolved and its line ends as XML says."""
    text = raw.decode()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _XML_REFERENCE.sub(_referred, text) if "&" in text else text


def _referred(match: re.Match[str]) -> str:
    """Return the character that a reference of XML names."""
    if match[1]:
        return chr(int(match[1][1:], 16) if match[1][0] == "x" else int(match[1]))
    return {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}[match[2]]


def _must_fit(count: int, book: Book) -> None:
    if count > book.most_cells:
        found, most = f"> {book.most_cells} cells", f"≤ {book.most_cells} cells"
        raise UnreadableError("unpacked_too_large", found, most, rule="SUB-008")


class _Reader:
    """The handlers that read any sheet's XML; they fill `cells`."""

    def __init__(self, book: Book) -> None:
        self.cells = SheetCells()
        self._book = book
        self._row: dict[int, Any] = {}
        self._number, self._column, self._count = 0, -1, 0
        self._kind, self._style = "n", "0"
        self._value: list[str] | None = None
        self._formula: list[str] | None = None
        self._into: list[str] | None = None
        self._is_cell = self._is_hint = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Handle the start of an element."""
        match local_name(name):
            case "c":
                self._start_cell(attributes)
            case "row":
                self._start_row(attributes)
            case "v" | "is" if self._is_cell and self._value is not None:
                raise UnreadableError("repeated_cell", f"{self._place}: 2 × v", self._place)
            case "v" | "t" if self._is_cell and not self._is_hint:
                self._value = self._into = self._value or []
            case "f" if self._is_cell:
                self._formula = self._into = []
            case "rPh":
                self._is_hint = True
            case "mergeCell":
                self.cells.merged.append(attributes.get("ref", ""))

    def data(self, piece: str) -> None:
        """Handle text."""
        if self._into is not None:
            self._into.append(piece)

    def end(self, name: str) -> None:
        """Handle the end of an element."""
        match local_name(name):
            case "v" | "t" | "f":
                self._into = None
            case "rPh":
                self._is_hint = False
            case "c":
                self._is_cell = False
                self._row[self._column] = self._read()

    @property
    def place(self) -> str:
        """The cell that began last, or the row where none has begun in it."""
        return self._place if self._column >= 0 else f"{max(1, self._number)}"

    @property
    def _place(self) -> str:
        return f"{column_letters(self._column)}{self._number}"

    def _start_row(self, attributes: dict[str, str]) -> None:
        text = attributes.get("r", str(self._number + 1))
        if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MOST_ROWS):
            raise UnreadableError("bad_reference", f"row {text}"[:80], f"1 … {MOST_ROWS}")
        if int(text) in self.cells.rows:
            raise UnreadableError("repeated_row", f"row {int(text)} × 2", f"row {int(text)}")
        self._number, self._column = int(text), -1
        self._row = self.cells.rows[self._number] = {}

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._column += 1
        reference = attributes.get("r", self._place)
        match = _REFERENCE.match(reference)
        if match is None or int(match[2]) != self._number or column_place(match[1]) >= MOST_COLUMNS:
            raise UnreadableError("bad_reference", reference[:80], self._place)
        self._column = column_place(match[1])
        if self._column in self._row:
            raise UnreadableError("repeated_cell", f"{self._place} × 2", self._place)
        self._count += 1
        _must_fit(self._count, self._book)
        self._is_cell = True
        self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "0")
        self._value = self._formula = None

    def _read(self) -> Any:
        text = "".join(self._value or ())
        if text:
            return _cell(self._kind, self._style, text, self._book, self._place)
        if self._kind.encode() in _NEVER_EMPTY or (self._kind == "s" and self._value is not None):
            return ComputedError("∅")
        has_value = self._value is not None and self._kind == "str"
        return None if self._formula is None or has_value else Formula("=" + "".join(self._formula))


def _all_cells(xml: bytes, book: Book, name: str) -> SheetCells:
    reader = _Reader(book)
    parse(xml, reader.start, reader.end, reader.data, lambda: f"{name}!{reader.place}"[:80])
    return reader.cells


class _EnoughError(Exception):
    """What was looked for is read."""


def first_rows(xml: bytes, book: Book, count: int) -> list[dict[int, Any]]:
    """The cells of the first rows that a sheet has, whatever their numbers; as many as can be read of them."""
    reader = _Reader(book)

    def start(name: str, attributes: dict[str, str]) -> None:
        if local_name(name) == "row" and len(reader.cells.rows) >= count:
            raise _EnoughError
        reader.start(name, attributes)

    with suppress(_EnoughError, UnreadableError):
        parse(xml, start, reader.end, reader.data)
    return list(reader.cells.rows.values())

"""A file as text: columns of cells as they stand, each with what kind of cell it is, and where its row is."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from etl.notation import Cell
from etl.personal_data import masking
from expectations.catalogue import parameter

BLANKS = " \t\r\n\v\f\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff"
"""White space and characters without width."""
_WITHOUT_WIDTH = str.maketrans("", "", "\u200b\u200c\u200d\u2060\ufeff")


def plain_name(name: str) -> str:
    """Return a header as it is compared where its spelling is off: composed, without blanks, in lower case."""
    return unicodedata.normalize("NFKC", name).translate(_WITHOUT_WIDTH).strip(BLANKS).casefold()


_NIL_LIKE = frozenset({"해당없음", "없음", "해당사항없음", "내역없음", "해당내역없음", "none", "nil", "n/a"})
"""What people write where there is nothing to report, as `compact` has it."""


def compact(text: str) -> str:
    """Return a mark as it is compared where its spelling is off: as `plain_name`, without any blank, colon or point."""
    return re.sub(r"[\s:：.()\[\]-]+", "", plain_name(text))


def is_nil_like(text: str) -> bool:
    """True for what may be meant as the mark of a nil return, however it is spelled."""
    return compact(text) in _NIL_LIKE


def nil_problem(place: str, text: str, mark: str | None) -> Problem:
    """What is wrong with a mark of a nil return that is not the one that is due, or where none is due."""
    found = f"{place}: {shown_spelling(text)[:80]}"
    return Problem("nil_mark_spelling", found, mark) if mark else Problem("nil_mark_not_used", found, "∅")


def shown_spelling(text: str) -> str:
    """Return a text with what cannot be seen in it made visible.

    That is decomposed letters, characters without width, blanks other than spaces, and spaces at either end.
    """
    ends = {text[:1], text[-1:]}
    marks = [
        f"U+{ord(letter):04X}"
        for letter in text
        if (letter in BLANKS and (letter != " " or letter in ends)) or unicodedata.combining(letter)
    ]
    if unicodedata.normalize("NFC", text) != text:
        marks.append("NFD")
    return f"{text} ({', '.join(dict.fromkeys(marks))})" if marks else text


def must_fit(names: int, rows: int) -> None:
    """UnreadableError (SUB-008) where a file has more names of columns, or rows times names, than are read."""
    most = int(parameter("maximum_columns"))
    if names > most:
        raise UnreadableError("too_many_columns", f"{names}", f"≤ {most}", rule="SUB-008")
    most = int(parameter("maximum_cells"))
    if names * rows > most:
        raise UnreadableError("too_many_cells", f"{rows} × {names}", f"≤ {most}", rule="SUB-008")


def must_be_short(columns: Mapping[str, Column], source_rows: pa.Array) -> None:
    """UnreadableError (SUB-008), with the place, where one value has more characters than a value may have."""
    most = int(parameter("maximum_value_characters"))
    for name, column in columns.items():
        if len(column.texts) and (pc.max(pc.binary_length(column.texts)).as_py() or 0) > most:
            lengths = pc.utf8_length(column.texts)
            longest = pc.max(lengths).as_py()
            if longest > most:
                row = source_rows[pc.index(lengths, longest).as_py()].as_py()
                found = f"{masking(name)[:_NAME_SHOWN]}, row {row}: {longest}"
                raise UnreadableError("value_too_long", found, f"≤ {most}", rule="SUB-008")


class UnreadableError(Exception):
    """The file cannot be read as the report: the sender's trouble, carried to the door of this room only.

    `rule` is SUB-001 or SUB-008, `reason` the sentence, `found` and `expected` what stands and what is due.
    """

    def __init__(self, reason: str, found: str, expected: str, *, rule: str = "SUB-001") -> None:
        """Keep the parts; the text begins with the rule."""
        super().__init__(f"{rule} {reason}: {found} instead of {expected}")
        self.rule, self.reason, self.found, self.expected = rule, reason, found, expected


@dataclass(frozen=True, slots=True)
class Column:
    """One native column: the cells' text and kind, row by row.

    `kinds` is one `Cell` where all cells that are not null are alike, else an int8 array as long as `texts`.
    """

    texts: pa.Array
    kinds: Cell | pa.Array

    @classmethod
    def of_text(cls, texts: pa.Array) -> Column:
        """A column of plain text cells."""
        return cls(texts, Cell.TEXT)

    @classmethod
    def of_cells(cls, values: Sequence[Any]) -> Column:
        """A column of Python cells: str, JsonNumber, int, float, bool, None or anything else."""
        kinds_present = set(map(type, values)) - {type(None)}
        if kinds_present <= {str}:
            return cls.of_text(pa.array(values, pa.string()))
        if kinds_present == {JsonNumber}:
            return cls(pa.array(values, pa.string()), Cell.NUMBER)
        kinds = [_kind(value) for value in values]
        texts = pa.array([_text(value) for value in values], pa.string())
        present = set(kinds) - {Cell.ABSENT}
        if len(present) == 1:
            return cls(texts, present.pop())
        return cls(texts, pa.array(kinds, pa.int8()))


class JsonNumber(str):
    """The literal text of a JSON number, so that it never becomes a float."""

    __slots__ = ()


class ComputedError(str):
    """A cell that holds an error of its program (`#N/A`), or what is called a number and is none."""

    __slots__ = ()


class Formula(str):
    """A cell that holds a formula and no value, because no program has computed it yet."""

    __slots__ = ()


class DateCell(str):
    """A cell that holds a date of its program, which is a number of days with a format."""

    __slots__ = ()


_KINDS: dict[type, Cell] = {
    type(None): Cell.ABSENT,
    str: Cell.TEXT,
    JsonNumber: Cell.NUMBER,
    bool: Cell.BOOLEAN,
    int: Cell.NUMBER,
    float: Cell.NUMBER,
    ComputedError: Cell.ERROR,
    Formula: Cell.FORMULA,
    DateCell: Cell.DATE,
}


def _kind(value: Any) -> Cell:
    return _KINDS.get(type(value), Cell.OTHER)


def _text(value: Any) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case _:
            return shown_json(value)


_NAME_SHOWN = 40
"""So many characters of a column's name are shown beside what is wrong with its values."""
_JSON_DEPTH, _JSON_ITEMS = 3, 5
"""How deep, and how many items of each, a value is shown."""


def shown_json(value: Any, depth: int = _JSON_DEPTH) -> str:
    """Return the beginning of a value of JSON as JSON writes it, for a person: no more than a few items of each."""
    match value:
        case JsonNumber():
            return str(value)
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case dict() if depth:
            items = islice(value.items(), _JSON_ITEMS)
            inner = [f"{json.dumps(name, ensure_ascii=False)}: {shown_json(one, depth - 1)}" for name, one in items]
            return f"{{{', '.join([*inner, '…'] if len(value) > _JSON_ITEMS else inner)}}}"
        case list() if depth:
            inner = [shown_json(one, depth - 1) for one in islice(value, _JSON_ITEMS)]
            return f"[{', '.join([*inner, '…'] if len(value) > _JSON_ITEMS else inner)}]"
        case dict():
            return "{…}"
        case list():
            return "[…]"
        case _:
            return str(value)


def inner_texts(value: Any) -> Iterator[str]:
    """Every text, number and name inside of a value of JSON, however deep."""
    stack = [value]
    while stack:
        match stack.pop():
            case str() as text:
                yield text
            case dict() as record:
                stack.extend(record.keys())
                stack.extend(record.values())
            case list() as items:
                stack.extend(items)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the file as a whole and does not keep its other rows from being read (SUB-001)."""

    reason: str
    found: str
    expected: str


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row of the file that is no record: its number, what stands there, what is expected, and why (SUB-006)."""

    row: int
    found: str
    expected: str
    reason: str


@dataclass(frozen=True, slots=True)
class TextTable:
    """All cells of a file with their places.

    `columns` by native name in the file's order; `source_rows` (int64) the sender's row of each; `absent_keys` the
    columns that some JSON records lack, with the first such row; `repeated` headers that occur twice; `totals`
    the cells of Bithumb's 합계 row; `stated_period` the period that the file itself names; `has_header` is False for a
    JSON nil return, which names no columns. `problems` are of the whole file; `refused` are rows that are no records;
    `beyond` the places of cells outside the columns of the header; `is_nil` says that the file declares that there was
    nothing to report. `remarks` are texts outside the columns, each with its place; `inner` those inside of cells that
    hold lists and the like, each with its column and row.
    """

    columns: Mapping[str, Column]
    source_rows: pa.Array
    absent_keys: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    repeated: tuple[str, ...] = ()
    totals: Mapping[str, str | None] | None = None
    stated_period: str | None = None
    has_header: bool = True
    problems: tuple[Problem, ...] = ()
    refused: tuple[RefusedRow, ...] = ()
    beyond: tuple[str, ...] = ()
    remarks: tuple[tuple[str, str], ...] = ()
    inner: tuple[tuple[str, int, str], ...] = ()
    is_nil: bool = False

    @property
    def row_count(self) -> int:
        """Number of data rows."""
        return len(self.source_rows)

"""A file as text: columns of cells as they stand, each with what kind of cell it is, and where its row is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from etl.notation import Cell


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


def _kind(value: Any) -> Cell:
    match value:
        case None:
            return Cell.ABSENT
        case JsonNumber():
            return Cell.NUMBER
        case str():
            return Cell.TEXT
        case bool():
            return Cell.BOOLEAN
        case int() | float():
            return Cell.NUMBER
        case _:
            return Cell.OTHER


def _text(value: Any) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case _:
            return str(value)


@dataclass(frozen=True, slots=True)
class TextTable:
    """All cells of a file with their places.

    `columns` by native name in the file's order; `source_rows` (int64) the sender's row of each; `absent_keys` the
    columns that some JSON records lack, with the first such row; `repeated` headers that occur twice; `totals` the
    cells of Bithumb's 합계 row; `stated_period` the period that the file itself names; `has_header` is False for a JSON
    nil return, which names no columns.
    """

    columns: Mapping[str, Column]
    source_rows: pa.Array
    absent_keys: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    repeated: tuple[str, ...] = ()
    totals: Mapping[str, str | None] | None = None
    stated_period: str | None = None
    has_header: bool = True

    @property
    def row_count(self) -> int:
        """Number of data rows."""
        return len(self.source_rows)

"""Where a finding stands in the file that was sent, as the program that opens the file calls the place.

A workbook's cell is `잔고대사!C17`; a CSV's line and the record of Parquet come with their column. A record of JSON
comes with its path (RFC 9535), because the file may be one line: `37, $[36].market`, for paths count from 0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from etl.exchanges import exchange
from etl.formats.sheet_xml import column_letters
from etl.intake import Declared
from etl.layout import CANONICAL, Container, Layout, canonical_layout
from expectations.catalogue import report
from expectations.vocabulary import Finding

_JOINED = " + "
"""Between the names of a value that stands in two columns (`Native.name`)."""
_PLAIN_NAME = re.compile(r"[A-Za-z_\u0080-\ud7ff\ue000-\U0010ffff][0-9A-Za-z_\u0080-\ud7ff\ue000-\U0010ffff]*")
"""A name that may follow a point in a path (RFC 9535, 2.5.1)."""
_COLUMN = re.compile(r"[a-z]+(?:_[a-z]+)+")
"""A canonical column as rules write it into what they found or expected."""
_LAYOUTS_KEPT = 256


def layout_of(declared: Declared, file: str, format_: str | None) -> Layout:
    """The layout that a file was read by, that of its day; the exchange's own where it was not opened."""
    day = declared.period.first_day
    own = exchange(declared.exchange).layouts[declared.report].on(day)
    ending = file.rpartition(".")[2].lower()
    container = Container(ending) if ending in set(Container) else own.container
    if format_ == CANONICAL or container is not own.container:
        return canonical_layout(report(declared.report).on(day), container)
    return own


def coordinates_in(layout: Layout, names: Sequence[str] = ()) -> Callable[[int | None, str | None], str]:
    """Writes the place of a row and native column of a file in that layout; empty for the file as a whole.

    `names` are the columns in the order of the file, where that is known; else they are in the layout's.
    """
    letters = {name: column_letters(place) for place, name in enumerate(names or layout.native_names)}
    sheet = layout.sheet or "1"

    def place(row: int | None, column: str | None) -> str:
        if row is None:
            return column or ""
        if layout.container is Container.XLSX:
            first = (column or "").split(_JOINED)[0]
            return f"{sheet}!{letters.get(first, 'A')}{row}"
        if (path := json_path(layout, row, column)) is not None:
            return f"{row}, {path}"
        return f"{row}, {column}" if column else f"{row}"

    return place


# ----------------------------------------------------------------------------------------- JSON paths


def json_path(layout: Layout, row: int | None, column: str | None) -> str | None:
    """The path of a cell, or of a record where no column is given, as JSONPath (RFC 9535); None for other than JSON.

    A value that stands in two columns is the path of both: `$.data[36]['quote_currency','target_currency']`.
    """
    if layout.container is not Container.JSON or row is None:
        return None
    record = f"{'$.data' if layout.envelope else '$'}[{row - 1}]"
    if column is None:
        return record
    joined = {native.name: native.names for native in layout.columns.values()}
    names = joined.get(column, (column,))
    if len(names) == 1 and _PLAIN_NAME.fullmatch(names[0]):
        return f"{record}.{names[0]}"
    return f"{record}[{','.join(map(_quoted, names))}]"


def json_path_in(declared: Declared, file: str, format_: str | None, finding: Finding) -> str | None:
    """The path of what a finding is about in the file that was sent; None for other than JSON, or the whole file."""
    if finding.row is None or not file.lower().endswith(f".{Container.JSON}"):
        return None
    return json_path(_known_layout(declared, file, format_), finding.row, finding.column)


@lru_cache(_LAYOUTS_KEPT)
def _known_layout(declared: Declared, file: str, format_: str | None) -> Layout:
    return layout_of(declared, file, format_)


def _quoted(name: str) -> str:
    """A name in single quotes, escaped as JSONPath asks."""
    inner = json.dumps(name, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inner}'"


# ------------------------------------------------------------------------------------- the sender's names


def native_columns(layout: Layout) -> Mapping[str, str]:
    """What the sender calls the canonical columns that rules may name in what they found or expected."""
    return {name: native.name for name, native in layout.columns.items() if _COLUMN.fullmatch(name)}


def in_native_names(finding: Finding, columns: Mapping[str, str]) -> Finding:
    """The finding with the sender's names of columns in what the rule wrote; a cell that it quotes stays as it is."""
    if finding.column is not None:
        return finding

    def named(text: str | None) -> str | None:
        return text and _COLUMN.sub(lambda token: columns.get(token[0], token[0]), text)

    return replace(finding, found=named(finding.found), expected=named(finding.expected))

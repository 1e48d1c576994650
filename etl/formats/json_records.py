"""JSON: an array of records (Upbit) or an object that holds one under `data` (Coinone).

Numbers keep their literal text: `parse_float` and `parse_int` are a string type, so no digit is lost. A key that
stands twice in one record is kept by name and refused, because which of its values counts is not known.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from operator import itemgetter
from typing import Any

import pyarrow as pa

from etl.formats.csv_lines import decode
from etl.formats.table import Column, JsonNumber, TextTable, UnreadableError, inner_texts, must_fit, shown_json
from etl.layout import Layout
from etl.personal_data import suspected

_MOST_COUNTED = 64
"""With more different keys each record is looked at by itself: to count a key takes a look at the whole text."""
_SHOWN = 40


def read_json(data: bytes, layout: Layout) -> TextTable:
    """The records of a JSON file; UnreadableError where it is none, is cut, or its envelope reports an error."""
    text = decode(data, "utf-8")
    document = _document(text)
    records = _records(document, layout)
    table = _table(records, () if _each_key_stands_once(text, document, records) else _repeated_keys(text))
    return replace(table, remarks=tuple(_remarks(document)) if isinstance(document, dict) else ())


def _remarks(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The texts of an envelope beside its records, in which nobody's number is either."""
    for name, value in document.items():
        yield "", name
        if name != "data" and value is not None and not isinstance(value, JsonNumber):
            for inner in inner_texts(value):
                yield name, inner


def _document(text: str, record: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    try:
        return json.loads(
            text,
            parse_float=JsonNumber,
            parse_int=JsonNumber,
            parse_constant=JsonNumber,
            object_pairs_hook=record,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        cut = error.pos >= len(text.rstrip()) or "Unterminated string" in error.msg
        raise UnreadableError("truncated_json" if cut else "not_json", where, "JSON") from error
    except RecursionError as error:
        raise UnreadableError("not_json", "nesting > 1000", "JSON") from error


def _each_key_stands_once(text: str, document: Any, records: list[dict[str, Any]]) -> bool:
    """True where counting the keys in the text proves that none is repeated; cheap, and never wrong when True.

    A key may be escaped, and of an envelope with two `data` the last may be empty: neither is counted, both are read.
    """
    if "\\" in text or not records or not _alike(records):
        return False
    times = Counter(dict.fromkeys(records[0], len(records)))
    times.update(list(document) if isinstance(document, dict) else [])
    if len(times) > _MOST_COUNTED:
        return False
    return all(text.count(json.dumps(name, ensure_ascii=False)) == expected for name, expected in times.items())


def _repeated_keys(text: str) -> tuple[str, ...]:
    """The keys that stand twice in one record, by reading the file again with an eye on each."""
    repeated: set[str] = set()

    def record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            repeated.update(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        return found

    _document(text, record)
    return tuple(sorted(repeated))


def _records(document: Any, layout: Layout) -> list[dict[str, Any]]:
    if layout.envelope:
        document = _opened(document)
    if not isinstance(document, list):
        raise UnreadableError("not_array", shown_json(document)[:_SHOWN], "[…]")
    for position, item in enumerate(document, 1):
        if not isinstance(item, dict):
            raise UnreadableError("not_records", f"{position}: {shown_json(item)[:_SHOWN]}", "{…}")
    return document


def _opened(document: Any) -> Any:
    if not isinstance(document, dict) or "data" not in document:
        raise UnreadableError("error_envelope", shown_json(document)[:_SHOWN], '{"result":"success",…,"data":[…]}')
    result, code = document.get("result"), document.get("error_code")
    if result != "success" or str(code) != "0":
        said = (shown_json(document[name])[:_SHOWN] if name in document else "∅" for name in ("result", "error_code"))
        raise UnreadableError("error_envelope", " / ".join(said), '"success" / "0"')
    return document["data"]


def _table(records: list[dict[str, Any]], repeated: tuple[str, ...]) -> TextTable:
    if _alike(records):
        names = tuple(records[0]) if records else ()
        must_fit(len(names), len(records))
        cells = {name: list(map(itemgetter(name), records)) for name in names}
        return _of_columns(cells, {}, repeated, len(records))
    present = Counter(name for record in records for name in record)
    must_fit(len(present), len(records))
    absent = {
        name: next(position for position, record in enumerate(records, 1) if name not in record)
        for name, times in present.items()
        if times < len(records)
    }
    cells = {name: [record.get(name) for record in records] for name in present}
    return _of_columns(cells, absent, repeated, len(records))


def _alike(records: list[dict[str, Any]]) -> bool:
    """True where all records have the same keys, as nearly always."""
    return not records or all(map(records[0].keys().__eq__, map(dict.keys, records)))


def _of_columns(
    cells: dict[str, list[Any]], absent: dict[str, int], repeated: tuple[str, ...], count: int
) -> TextTable:
    try:
        columns = {name: Column.of_cells(values) for name, values in cells.items()}
        inner = tuple(_inner(cells))
    except UnicodeEncodeError as error:  # half of a surrogate pair: legal as an escape, but no character
        raise UnreadableError("not_json", f"\\u{ord(error.object[error.start]):04x}", "Unicode") from error
    return TextTable(
        columns=columns,
        source_rows=pa.array(range(1, count + 1), pa.int64()),
        absent_keys=absent,
        repeated=repeated,
        inner=inner,
        has_header=count > 0,
    )


def _inner(cells: dict[str, list[Any]]) -> Iterator[tuple[str, int, str]]:
    """The texts inside of cells that hold objects or arrays, each with its column and record, that may be secrets."""
    for name, values in cells.items():
        if {dict, list}.isdisjoint(map(type, values)):
            continue
        for row, value in enumerate(values, 1):
            if isinstance(value, dict | list):
                yield from ((name, row, text) for text in suspected(inner_texts(value)))

"""Parquet, as the canonical template: typed columns turned into the text that the template would hold.

A few bytes can unpack to any number: what the metadata claims is looked at first, then the file is decoded a few rows
at a time and its bytes are counted, so that no more is taken than a file may unpack to.

Decimals, whole numbers, timestamps with a zone, dates and every kind of string keep every digit; floats and timestamps
without a zone keep their kind, so that no notation accepts them. The sender's row is the 1-based position.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.encodings import text_of
from etl.formats.table import Column, TextTable, UnreadableError, must_fit
from etl.layout import Layout
from etl.notation import Cell
from etl.personal_data import suspected
from expectations.catalogue import parameter

_ROWS_AT_ONCE = 8192
_ROWS_DECODED, _BYTES_DECODED = 65_536, 64 * 2**20
"""So many rows are decoded at once, fewer where they could take more than so many bytes."""


def read_parquet(data: bytes, layout: Layout) -> TextTable:
    """The rows of a Parquet file as text; UnreadableError where it is none or unpacks to too much."""
    most = int(parameter("maximum_unpacked_bytes"))
    try:
        file = _opened(data)
        unpacked = sum(file.metadata.row_group(group).total_byte_size for group in range(file.num_row_groups))
        if unpacked > most:
            raise UnreadableError("unpacked_too_large", str(unpacked), f"≤ {most}", rule="SUB-008")
        rows, most_rows = file.metadata.num_rows, int(parameter("maximum_rows"))
        if rows > most_rows:  # before it is read: a run of a billion equal rows packs into a few bytes
            raise UnreadableError("too_many_rows", str(rows), f"≤ {most_rows}", rule="SUB-008")
        names = file.schema_arrow.names
        must_fit(len(names), rows)
        _must_hold_few_values(file)
        table = _decoded(file, most)
        table.validate(full=True)
        notes = {
            key.decode("utf-8", "replace"): text.decode("utf-8", "replace")
            for key, text in (file.metadata.metadata or {}).items()
        }
    except MemoryError as error:  # Arrow's is one too: a page claims more than there is
        raise UnreadableError("unpacked_too_large", str(error)[:80], f"≤ {most}", rule="SUB-008") from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UnreadableError("not_parquet", str(error)[:80], "Parquet") from error
    places = {name: place for place, name in reversed(list(enumerate(names)))}
    columns = {name: _column(table.column(places[name]).combine_chunks()) for name in dict.fromkeys(names)}
    return TextTable(
        columns,
        pa.array(range(1, table.num_rows + 1), pa.int64()),
        inner=tuple(
            (name, row, text)
            for name, place in places.items()
            for row, text in _inner(table.column(place), columns[name])
        ),
        repeated=tuple(name for name, times in Counter(names).items() if times > 1),
        remarks=tuple(
            pair for key, text in notes.items() if key != "ARROW:schema" for pair in (("", key), (key[:40], text))
        ),
    )


def _must_hold_few_values(file: pq.ParquetFile) -> None:
    """UnreadableError (SUB-008) where lists hold more values than a file may have cells, as few bytes can."""
    most = int(parameter("maximum_cells"))
    groups = (file.metadata.row_group(place) for place in range(file.num_row_groups))
    values = sum(group.column(place).num_values for group in groups for place in range(group.num_columns))
    if values > most:
        raise UnreadableError("too_many_cells", f"{values}", f"≤ {most}", rule="SUB-008")


def _decoded(file: pq.ParquetFile, most: int) -> pa.Table:
    """The file's rows; UnreadableError (SUB-008) as soon as they take more than so many bytes as text, row by row."""
    at_once = max(1, min(_ROWS_DECODED, _BYTES_DECODED // max(1, _widest_row(file))))
    spread, batches = 0, []
    for batch in file.iter_batches(batch_size=at_once, use_threads=False):
        spread += sum(_spread_bytes(pa.chunked_array([column])) for column in batch.columns)
        if spread > most:
            raise UnreadableError("unpacked_too_large", f"≥ {spread}", f"≤ {most}", rule="SUB-008")
        batches.append(batch)
    return pa.Table.from_batches(batches, batches[0].schema if batches else file.schema_arrow)


def _widest_row(file: pq.ParquetFile) -> int:
    """How many bytes a row can take of columns that are not read as dictionaries: of one entry, all of its chunk's."""
    width = 0
    for place in range(len(file.schema)):
        column = file.schema.column(place)
        if column.physical_type == "FIXED_LEN_BYTE_ARRAY":
            width += int(column.length)
        elif column.physical_type == "BYTE_ARRAY" and not _is_read_as_dictionary(column):
            groups = (file.metadata.row_group(group).column(place) for group in range(file.num_row_groups))
            width += max((group.total_uncompressed_size for group in groups), default=0)
    return width


def _is_read_as_dictionary(column: Any) -> bool:
    """Whether a column of the schema is one of texts whose long values take their room once."""
    is_text = column.physical_type == "BYTE_ARRAY" and column.logical_type.type in ("STRING", "NONE")
    return is_text and "." not in column.path


def _opened(data: bytes) -> pq.ParquetFile:
    """The file, its texts read as dictionaries: a long text that stands in every row takes its room once."""
    schema = pq.ParquetFile(io.BytesIO(data)).schema
    texts = [schema.column(place).path for place in range(len(schema)) if _is_read_as_dictionary(schema.column(place))]
    return pq.ParquetFile(io.BytesIO(data), read_dictionary=texts)


def _spread_bytes(column: pa.ChunkedArray) -> int:
    """How many bytes a column takes as text, row by row."""
    if not pa.types.is_dictionary(column.type) or not (
        _is_text(column.type.value_type) or _is_binary(column.type.value_type)
    ):
        return int(column.nbytes)
    lengths = (
        pc.sum(pc.take(pc.binary_length(chunk.dictionary).cast(pa.int64()), chunk.indices)).as_py()
        for chunk in column.chunks
    )
    return sum(length or 0 for length in lengths)


def _column(values: pa.Array) -> Column:
    """Return a column as text cells; a type that no notation reads becomes cells of another kind, with its name."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _column(values.dictionary_decode())
    if pa.types.is_timestamp(kind):
        return Column.of_text(_instants(values)) if kind.tz else Column(_printed(values), Cell.NAIVE)
    if pa.types.is_integer(kind):
        return Column(values.cast(pa.string()), Cell.NUMBER)
    if pa.types.is_date(kind):
        return Column.of_text(_printed(values))
    if pa.types.is_decimal(kind) or _is_text(kind) or pa.types.is_null(kind):
        return Column.of_text(values.cast(pa.string()))
    if _is_binary(kind):
        return _binary_column(values)
    if pa.types.is_boolean(kind):
        return Column(values.cast(pa.string()), Cell.BOOLEAN)
    if pa.types.is_floating(kind):
        texts = [None if value is None else repr(value) for value in values.to_pylist()]
        return Column(pa.array(texts, pa.string()), Cell.FLOAT)
    return _of_other_kind(values)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_binary(kind: pa.DataType) -> bool:
    is_view = pa.types.is_binary_view(kind)
    return bool(
        is_view or pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    )


def _binary_column(values: pa.Array) -> Column:
    """Return binary as the text that it is in UTF-8; cells of another kind where it is none."""
    try:
        texts = [None if value is None else value.decode("utf-8") for value in values.to_pylist()]
    except UnicodeDecodeError:
        return _of_other_kind(values)
    return Column.of_text(pa.array(texts, pa.string()))


def _of_other_kind(values: pa.Array) -> Column:
    """Return cells that no notation accepts, each with the name that the format has for its type."""
    named = next((name for is_kind, name in _OTHER_KINDS if is_kind(values.type)), "OTHER")
    texts = pc.if_else(values.is_valid(), pa.scalar(named, pa.string()), pa.scalar(None, pa.string()))
    return Column(texts, Cell.OTHER)


_OTHER_KINDS: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_map, "MAP"),
    (pa.types.is_struct, "STRUCT"),
    (pa.types.is_nested, "LIST"),
    (_is_binary, "BINARY"),
    (pa.types.is_time, "TIME"),
    (pa.types.is_duration, "DURATION"),
    (pa.types.is_interval, "INTERVAL"),
)


def _inner(column: pa.ChunkedArray, read: Column) -> Iterator[tuple[int, str]]:
    """The texts inside of cells of another kind that may be secrets, each with its row."""
    if read.kinds is not Cell.OTHER or not any(
        next(suspected(leaves), None) for chunk in column.chunks for leaves in _leaves(chunk)
    ):
        return
    row = 0
    for chunk in column.chunks:
        for start in range(0, len(chunk), _ROWS_AT_ONCE):
            for value in chunk.slice(start, _ROWS_AT_ONCE).to_pylist():
                row += 1
                yield from ((row, text) for text in suspected(_texts_in(value)))


def _leaves(values: pa.Array) -> Iterator[Iterable[str]]:
    """The texts and numbers at the ends of nested columns, whatever row they are of."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        yield from _leaves(values.dictionary)
    elif pa.types.is_map(kind):
        yield from _leaves(values.keys)
        yield from _leaves(values.items)
    elif pa.types.is_struct(kind):
        for place in range(kind.num_fields):
            yield from _leaves(values.field(place))
    elif pa.types.is_nested(kind):
        yield from _leaves(values.flatten())
    elif _is_binary(kind) or _is_text(kind) or pa.types.is_integer(kind):
        yield (text for value in values for text in _texts_in(value.as_py()))


def _texts_in(value: Any) -> Iterator[str]:
    """Every text and number in a value as Python has it."""
    match value:
        case str():
            yield value
        case bytes():
            yield text_of(value)
        case int():
            yield str(value)
        case dict():
            for one in (*value, *value.values()):
                yield from _texts_in(one)
        case list() | tuple():
            for one in value:
                yield from _texts_in(one)


def _printed(values: pa.Array) -> pa.Array:
    """Dates and moments as text; one that no calendar has, as the number that stands there and its unit."""
    texts = values.cast(pa.string())
    strange = pc.fill_null(pc.starts_with(texts, "<"), fill_value=False)
    if not pc.any(strange).as_py():
        return texts
    unit = values.type.unit if pa.types.is_timestamp(values.type) else "d"
    whole = values.cast(pa.int32() if pa.types.is_date32(values.type) else pa.int64()).cast(pa.string())
    return pc.if_else(strange, pc.binary_join_element_wise(whole, unit, " "), texts)


def _instants(values: pa.Array) -> pa.Array:
    try:
        milliseconds = values.cast(pa.timestamp("ms", "UTC"))
    except pa.ArrowInvalid:
        milliseconds = values.cast(pa.timestamp(values.type.unit, "UTC"))
    printed = _printed(milliseconds.cast(pa.timestamp(milliseconds.type.unit)))
    naive = pc.replace_substring_regex(pc.replace_substring(printed, " ", "T"), r"(\.[0-9]{3})0+$", r"\1")
    return pc.if_else(pc.match_substring(printed, "-"), pc.binary_join_element_wise(naive, "Z", ""), printed)

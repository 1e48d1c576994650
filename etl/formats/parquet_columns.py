"""Parquet, as the canonical template: typed columns turned into the text that the template would hold.

Decimals, whole numbers, timestamps with a zone, dates and strings keep every digit; floats are handed on as numbers,
which no quantity accepts. The sender's row is the 1-based position.
"""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.formats.table import Column, TextTable, UnreadableError
from etl.layout import Layout
from etl.notation import Cell
from expectations.catalogue import parameter


def read_parquet(data: bytes, layout: Layout) -> TextTable:
    """The rows of a Parquet file as text; UnreadableError where it is none or unpacks to too much."""
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        unpacked = sum(file.metadata.row_group(group).total_byte_size for group in range(file.num_row_groups))
        most = int(parameter("maximum_unpacked_bytes"))
        if unpacked > most:
            raise UnreadableError("unpacked_too_large", str(unpacked), f"≤ {most}", rule="SUB-008")
        rows, most_rows = file.metadata.num_rows, int(parameter("maximum_rows"))
        if rows > most_rows:  # before it is read: a run of a billion equal rows packs into a few bytes
            raise UnreadableError("too_many_rows", str(rows), f"≤ {most_rows}", rule="SUB-008")
        table = file.read()
        table.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        raise UnreadableError("not_parquet", str(error)[:80], "Parquet") from error
    names = table.column_names
    repeated = tuple(dict.fromkeys(name for name in names if names.count(name) > 1))
    columns = {
        name: _column(table.column(place).combine_chunks())
        for place, name in enumerate(names)
        if names.index(name) == place
    }
    return TextTable(columns, pa.array(range(1, table.num_rows + 1), pa.int64()), repeated=repeated)


def _column(values: pa.Array) -> Column:
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _column(values.dictionary_decode())
    if pa.types.is_timestamp(kind):
        return Column.of_text(_instants(values))
    if pa.types.is_integer(kind):
        return Column(values.cast(pa.string()), Cell.NUMBER)
    if pa.types.is_decimal(kind) or pa.types.is_date(kind) or pa.types.is_string(kind):
        return Column.of_text(values.cast(pa.string()))
    if pa.types.is_large_string(kind) or pa.types.is_null(kind):
        return Column.of_text(values.cast(pa.string()))
    return Column.of_cells([None if value is None else (value,) for value in values.to_pylist()])


def _instants(values: pa.Array) -> pa.Array:
    if values.type.tz is None:
        return values.cast(pa.string())
    try:
        milliseconds = values.cast(pa.timestamp("ms", "UTC"))
    except pa.ArrowInvalid:
        milliseconds = values.cast(pa.timestamp(values.type.unit, "UTC"))
    naive = pc.replace_substring(milliseconds.cast(pa.timestamp(milliseconds.type.unit)).cast(pa.string()), " ", "T")
    return pc.binary_join_element_wise(pc.replace_substring_regex(naive, r"(\.[0-9]{3})0+$", r"\1"), "Z", "")

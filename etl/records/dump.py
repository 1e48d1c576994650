"""The records as lines of text and back, the same for both databases: what a backup holds of them.

A line is a JSON array of one row's values in the order of the table's columns. What can be derived again and what does
not outlast the hour (who is signed in, who mistyped a password) is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Date, Integer, Table, func, insert, inspect, select, text

from etl.records.access_tables import failed_sign_ins, sessions
from etl.records.schema import every_table
from etl.records.tables import derived_tables
from etl.records.types import ExactDecimal, Instant, from_milliseconds, to_milliseconds

_PASSING = (sessions, failed_sign_ins)
_BATCH = 5_000


class DumpError(ValueError):
    """A dump that cannot be read: one sentence."""


def dumped_tables() -> tuple[Table, ...]:
    """The tables that a dump holds, each after those that it refers to."""
    left_out = {table.name for table in (*derived_tables(), *_PASSING)}
    return tuple(table for table in every_table() if table.name not in left_out)


def lines_of(connection: Connection, table: Table) -> Iterator[str]:
    """Every row of a table as a line, in the order of its key."""
    query = select(table).order_by(*table.primary_key.columns)
    rows = connection.execution_options(yield_per=_BATCH).execute(query)
    for row in rows:
        yield json.dumps([written(value) for value in row], ensure_ascii=False, separators=(",", ":")) + "\n"


def written(value: Any) -> Any:
    """A value of a row as JSON has it; TypeError for what no column holds."""
    match value:
        case datetime():
            return to_milliseconds(value)
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case None | bool() | int() | str():
            return value
    raise TypeError(f"a record holds no {type(value).__name__}")


def load_lines(connection: Connection, table: Table, lines: Iterable[str]) -> int:
    """Insert rows from their lines and return how many; DumpError where a line is none of the table's rows."""
    columns = list(table.columns)
    rows = (_row(columns, line) for line in lines)
    count = 0
    while batch := list(islice(rows, _BATCH)):
        connection.execute(insert(table), batch)
        count += len(batch)
    if count:
        _go_on_counting(connection, table)
    return count


def _row(columns: Sequence[Column[Any]], line: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) != len(columns):
        raise DumpError(f"a line is no row of the table {columns[0].table.name}")
    return {column.name: _read(column, value) for column, value in zip(columns, values, strict=True)}


def _read(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    match column.type:
        case Instant():
            return from_milliseconds(int(value))
        case ExactDecimal():
            return Decimal(str(value))
        case Date():
            return date.fromisoformat(value)
        case Boolean():
            return bool(value)
    return value


def _go_on_counting(connection: Connection, table: Table) -> None:
    """Let PostgreSQL number new rows after those that were inserted with their numbers; SQLite does so by itself."""
    column = table.autoincrement_column
    if connection.dialect.name != "postgresql" or column is None or not isinstance(column.type, Integer):
        return
    highest = connection.execute(select(func.max(column))).scalar_one()
    sequence = "SELECT setval(pg_get_serial_sequence(:table, :column), :highest)"
    connection.execute(text(sequence), {"table": table.name, "column": column.name, "highest": highest})


def row_counts(connection: Connection) -> dict[str, int]:
    """How many rows each table of an archive has."""
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in dumped_tables()
    }


def is_empty(connection: Connection) -> bool:
    """Whether nothing was recorded yet; a schema without rows is empty too."""
    there = set(inspect(connection).get_table_names())
    return all(
        connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
        for table in (*dumped_tables(), *_PASSING)
        if table.name in there
    )

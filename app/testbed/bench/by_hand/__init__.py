"""The rule book a second time: plain DuckDB SQL as one would write it by hand, a file a report.

It stands for what judging costs at least, and for what it must find: written from the specification and not from the
suites, it says of the same tables where which rule is broken, though not in words. A statement returns rule,
submission, subject, row, column, start and end; it reads the report's rows under the report's name, `files` (one record
a file with its period and the thresholds in force), `already_filed`, `reported_totals` and the relations of accepted
figures. Instants are TIMESTAMP in UTC.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from app.testbed.bench.day import FiledReport
from expectations.vocabulary import Finding

if TYPE_CHECKING:
    from expectations.judge import FiledRows

Place = tuple[str, str, str | None, int | None, str | None, datetime | None, datetime | None]
"""Rule, submission, subject, row, column, start and end (UTC, without zone)."""


def finding_key(submission: str, finding: Finding) -> Place:
    """Where a finding of the judge stands, in the same form."""
    start, end = (None if at is None else at.replace(tzinfo=None) for at in (finding.start, finding.end))
    return finding.rule, submission, finding.subject, finding.row, finding.column, start, end


def found_by_hand(reports: Sequence[FiledReport]) -> Counter[Place]:
    """Where the rules of these reports are broken."""
    found: Counter[Place] = Counter()
    with duckdb.connect(config={"threads": os.cpu_count() or 1}) as connection:
        for filed in reports:
            _set_the_table(connection, filed)
            for statement in _statements(filed.report.name):
                found.update(connection.execute(statement).fetchall())
    return found


@cache
def _statements(report: str) -> tuple[str, ...]:
    text = Path(__file__).with_name(f"{report}.sql").read_text("utf-8")
    return tuple(statement for statement in text.split(";\n") if statement.strip())


def _set_the_table(connection: duckdb.DuckDBPyConnection, filed: FiledReport) -> None:
    rows = pa.concat_tables(
        one.table.append_column("submission", pa.array([one.submission] * one.table.num_rows, pa.string()))
        for one in filed.files
    )
    tables = {filed.report.name: rows, "files": _files(filed.files), **_tables(filed)}
    tables["already_filed"] = pa.table(
        {
            "submission": pa.array([one.submission for one in filed.files for _ in one.already_filed], pa.string()),
            "halt_id": pa.array([halt for one in filed.files for halt in one.already_filed], pa.string()),
        }
    )
    totals = [(one.submission, name, text) for one in filed.files for name, text in one.totals.items()]
    names = ("submission", "column", "reported")
    tables["reported_totals"] = pa.table(
        {name: pa.array([record[place] for record in totals], pa.string()) for place, name in enumerate(names)}
    )
    for name, table in tables.items():
        connection.register(name, _in_utc(table))


def _tables(filed: FiledReport) -> dict[str, pa.Table]:
    return {name: given.table for name, given in filed.context.items()}


def _files(files: Sequence[FiledRows]) -> pa.Table:
    thresholds = {name: [one.parameters[name] for one in files] for name in files[0].parameters}
    return pa.table(
        {
            "submission": [one.submission for one in files],
            "exchange": [one.exchange for one in files],
            "period": [one.period.text for one in files],
            "day": [one.period.first_day for one in files],
            "period_start": [one.period.start for one in files],
            "period_end": [one.period.end for one in files],
            **{name: pa.array(values, pa.decimal128(18, 8)) for name, values in thresholds.items()},
        }
    )


def _in_utc(table: pa.Table) -> pa.Table:
    """Instants without their zone."""
    schema = pa.schema(
        pa.field(column.name, pa.timestamp("us") if pa.types.is_timestamp(column.type) else column.type)
        for column in table.schema
    )
    return table.cast(schema)

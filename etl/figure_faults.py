"""The daily figures held against the published rows: derived anew from these, and compared value by value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from etl import figures
from etl.facts import DamagedRowsError, Facts
from etl.faults import Fault
from etl.rebuild import batches_of_rows, figures_version
from etl.records import submissions as life
from etl.records.submissions import Submission
from etl.records.tables import derived_tables, figures_made
from etl.records.types import in_parts
from etl.records.vouched import digest_of_rows

_FIGURES = tuple(table for table in derived_tables() if table is not figures_made)


def figure_faults(connection: Connection, facts: Facts, asked: Sequence[Submission]) -> Iterator[Fault]:
    """Figures of these submissions that their published rows do not say, and figures of none that has any.

    Rows that are damaged or missing are told elsewhere; without them there is nothing to derive from.
    """
    made = connection.execute(select(figures_made.c.version)).scalars().all()
    if made != [figures_version()]:
        yield Fault("figures", f"are marked as made by {', '.join(made) or 'nothing'}; run 'daxa migrate'")
    published = {submission.id: submission for submission in life.with_rows(connection)}
    for table in _FIGURES:
        there = connection.execute(select(table.c.submission).distinct()).scalars()
        for number in sorted(set(there) - published.keys()):
            yield Fault(number, f"has figures in {table.name}, and no published rows")
    for batch in batches_of_rows([published[one.id] for one in asked if one.id in published]):
        yield from _batch_faults(connection, facts, batch)


def _batch_faults(connection: Connection, facts: Facts, batch: Sequence[Submission]) -> Iterator[Fault]:
    rows = []
    for submission, file in zip(batch, life.fact_files(batch), strict=True):
        try:
            table = facts.rows_of(file)
        except (DamagedRowsError, OSError):
            continue
        rows.append(figures.AcceptedRows(submission.id, submission.exchange, submission.period, table))
    if not rows:
        return
    due = figures.derive(batch[0].report, rows)
    for table in _FIGURES:
        recorded = _recorded(connection, table, list(due))
        for number, derived in due.items():
            expected = [_as_row(table, one) for own, some in derived if own is table for one in some]
            if digest_of_rows(expected) != digest_of_rows(recorded.get(number, [])):
                yield Fault(number, f"its figures in {table.name} are not what its published rows say")


def _recorded(connection: Connection, table: Table, numbers: Sequence[str]) -> Mapping[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for some in in_parts(numbers):
        for row in connection.execute(select(table).where(table.c.submission.in_(some))).mappings():
            found[row["submission"]].append(dict(row))
    return found


def _as_row(table: Table, derived: Mapping[str, Any]) -> dict[str, Any]:
    return {column.name: derived.get(column.name) for column in table.c}

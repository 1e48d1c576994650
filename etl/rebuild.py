"""Figures made anew: they are derived, so a changed figure asks for no migration but is derived again from the facts.

The records remember by which version of the figures they were filled. A store without submissions is simply made
ready; one that holds some is rebuilt by `daxa migrate`, in one transaction, so that readers see the old figures or the
new ones and never half of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, exists, insert, inspect, select
from sqlalchemy.schema import CreateTable

from etl import figures
from etl.facts import Facts
from etl.failures import unjudged
from etl.records import submissions as life
from etl.records.engine import RecordsUnavailableError, reading, writing
from etl.records.submissions import Submission
from etl.records.tables import derived_tables, figures_made, metadata, submissions

BATCH_ROWS = 1_000_000
"""Rows of files derived together: a bound on memory."""

Progress = Callable[[int, int, str], None]
"""Told the number of submissions done, of all, and the name of the file at work."""


@cache
def figures_version() -> str:
    """What the figures are made by: their queries and their tables."""
    content = Path(figures.__file__).read_text("utf-8")
    schema = "".join(str(CreateTable(table)) for table in derived_tables())
    return hashlib.sha256((content + schema).encode()).hexdigest()[:16]


def make_figures_ready(engine: Engine) -> None:
    """Make the figure tables of a store without submissions; RecordsUnavailableError where older figures stand."""
    with reading(engine) as connection:
        if _made_by(connection) == figures_version():
            return
        if connection.execute(select(exists().select_from(submissions))).scalar():
            raise RecordsUnavailableError(
                "the figures were derived by another version of this program; run 'daxa migrate'"
            )
    with writing(engine, lock="migrations") as connection:
        if _made_by(connection) != figures_version():
            _make_tables(connection)


def rebuild_figures(engine: Engine, facts: Facts, progress: Progress | None = None, *, anyway: bool = False) -> int:
    """Derive all figures again where another version made them, or `anyway`; of how many submissions they were made.

    A file that we fail on has no figures, and its submission the number of an incident; the others have theirs.
    """
    errors: dict[str, Exception] = {}
    with writing(engine, lock="migrations") as connection:
        if _made_by(connection) == figures_version() and not anyway:
            return 0
        _make_tables(connection)
        filed = life.with_rows(connection)
        done = 0
        for batch in batches_of_rows(filed):
            errors.update(_write_figures(connection, facts, batch))
            done += len(batch)
            if progress is not None:
                progress(done, len(filed), batch[-1].file)
    for number, error in errors.items():
        unjudged(engine, number, error)
    return done - len(errors)


def _write_figures(connection: Connection, facts: Facts, batch: Sequence[Submission]) -> dict[str, Exception]:
    """Derive the figures of a batch and write them; where we fail, file by file, and what we failed on."""
    try:
        with connection.begin_nested():
            rows = [
                figures.AcceptedRows(one.id, one.exchange, one.period, facts.rows_of(file))
                for one, file in zip(batch, life.fact_files(batch), strict=True)
            ]
            for derived in figures.derive(batch[0].report, rows).values():
                figures.write(connection, derived)
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
            raise  # a full disk is about no file
        if len(batch) < 2:
            return {batch[0].id: error}
        return {number: one for single in batch for number, one in _write_figures(connection, facts, [single]).items()}
    return {}


def _made_by(connection: Connection) -> str | None:
    if not inspect(connection).has_table(figures_made.name):
        return None
    return connection.execute(select(figures_made.c.version)).scalar()


def _make_tables(connection: Connection) -> None:
    tables = list(derived_tables())
    metadata.drop_all(connection, tables)
    metadata.create_all(connection, tables)
    connection.execute(delete(figures_made))
    connection.execute(insert(figures_made).values(version=figures_version()))


def batches_of_rows(filed: Sequence[Submission]) -> Iterator[list[Submission]]:
    """Submissions of one report, so many that their rows stay within the bound."""
    for _, group in groupby(sorted(filed, key=lambda one: one.report), key=lambda one: one.report):
        batch: list[Submission] = []
        rows = 0
        for one in group:
            if batch and rows + (one.row_count or 0) > BATCH_ROWS:
                yield batch
                batch, rows = [], 0
            batch.append(one)
            rows += one.row_count or 0
        yield batch

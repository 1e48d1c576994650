"""The rows behind a figure: canonical rows with the file that they came from and their row in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath
from typing import Any

import pandas as pd
from sqlalchemy import select

from app.columns import frame_of
from app.queries.choice import rows_of
from app.scope import Scope
from etl.facts import FactFile
from etl.records.tables import submissions
from etl.store import Store
from expectations.catalogue import report as report_of
from expectations.vocabulary import Period, State

ROW_LIMIT = 200
"""As many rows as a screen shows of what lies behind a mark."""


_FILE_COLUMNS = ("id", "exchange", "report", "period", "file", "rows_sha256")
_PUBLISHED = (State.ACCEPTED, State.SUPERSEDED, State.WITHDRAWN)
"""States of submissions whose rows were published once."""


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """An accepted submission's published rows, and the name of the file that they came in."""

    facts: FactFile
    name: str


def accepted_files(
    store: Store, scope: Scope, report: str, exchange: str, first_day: date, last_day: date
) -> list[PublishedFile]:
    """The files in force of one exchange and report that touch these days and hold rows, oldest first."""
    table = submissions.c
    statement = (
        select(*(table[name] for name in _FILE_COLUMNS))
        .where(
            table.state == State.ACCEPTED,
            table.report == report,
            table.exchange.in_(scope.visible((exchange,))),
            table.period_start < Period.of_day(last_day).end,
            table.period_end > Period.of_day(first_day).start,
            table.row_count > 0,
        )
        .order_by(table.period_start)
    )
    return _published(rows_of(store, statement))


def _files_of(store: Store, scope: Scope, submission: str) -> list[PublishedFile]:
    """The published file of one submission, also of one that is out of force meanwhile (3.5)."""
    table = submissions.c
    statement = select(*(table[name] for name in _FILE_COLUMNS)).where(
        table.id == submission,
        table.state.in_(_PUBLISHED),
        table.exchange.in_(scope.visible_rows()),
        table.row_count > 0,
    )
    return [file for file in _published(rows_of(store, statement)) if store.facts.path(file.facts).exists()]


def _published(rows: Sequence[dict[str, Any]]) -> list[PublishedFile]:
    return [
        PublishedFile(
            FactFile(row["report"], row["exchange"], row["period"], row["id"], row["rows_sha256"]),
            PurePath(row["file"]).name,
        )
        for row in rows
    ]


def rows_behind(
    store: Store,
    scope: Scope,
    report: str,
    exchange: str,
    first_day: date,
    last_day: date,
    condition: str = "true",
    parameters: Sequence[Any] = (),
    submission: str | None = None,
) -> pd.DataFrame:
    """The first rows in force that meet `condition`: `file` and `source_row`, then the columns of these days.

    Of one `submission` they are those of its file, also where that is in force no more. The frame is empty where
    nothing was published; managers see no rows at all.
    """
    if submission is None:
        files = accepted_files(store, scope, report, exchange, first_day, last_day)
    else:
        files = [file for file in _files_of(store, scope, submission) if file.facts.report == report]
    days = [first_day, last_day, *(Period.parse(file.facts.period).first_day for file in files)]
    names = report_of(report).between(min(days), max(days)).field_names
    if not files or not scope.sees_rows:
        return frame_of([], ("file", "source_row", *names))
    table = store.facts.read(
        [file.facts for file in files], condition=condition, parameters=parameters, limit=ROW_LIMIT
    )
    file_names = {file.facts.submission: file.name for file in files}
    rows = [{**row, "file": file_names[row["submission"]]} for row in table.to_pylist()]
    return frame_of(rows, ("file", "source_row", *names))

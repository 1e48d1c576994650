"""What was filed: submissions, their states and versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

import pandas as pd
from sqlalchemy import Select, func, select

from app.frames import frame_of
from app.moments import kst_day
from app.queries.choice import Choice, rows_of
from app.scope import Scope
from etl.calendar import AFTER_ALL_RECORDS, Outcome, outcome, periods_of
from etl.records.engine import reading
from etl.records.filed_files import filed_files
from etl.records.tables import findings, states, submissions
from etl.store import Store
from expectations.catalogue import all_reports
from expectations.vocabulary import Period

LIST_PAGE = 100
"""Submissions that are listed at once."""
_COLUMNS = (
    "id",
    "exchange",
    "report",
    "period",
    "file",
    "state",
    "row_count",
    "finding_count",
    "received_at",
    "due_at",
    "timeliness",
    "format",
    "size_bytes",
    "sha256",
    "rule_set_version",
    "decided_at",
    "superseded_by",
    "period_start",
    "period_end",
    "evidence_kept",
    "sender",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which submissions are asked for; an empty text means all."""

    report: str = ""
    state: str = ""


def _statement(scope: Scope, choice: Choice, wanted: Wanted, *columns: Any) -> Select[Any]:
    table = submissions.c
    statement = select(*columns).where(
        table.exchange.in_(scope.visible_rows(choice.exchanges)),
        table.period_start < Period.of_day(choice.last_day).end,
        table.period_end > Period.of_day(choice.first_day).start,
    )
    if wanted.report:
        statement = statement.where(table.report == wanted.report)
    if wanted.state:
        statement = statement.where(table.state == wanted.state)
    return statement


def submission_counts(store: Store, scope: Scope, choice: Choice, wanted: Wanted) -> dict[str, int]:
    """How many submissions of the chosen exchanges and days there are, by state."""
    table = submissions.c
    statement = _statement(scope, choice, wanted, table.state, func.count().label("n")).group_by(table.state)
    return {row["state"]: row["n"] for row in rows_of(store, statement)}


def submission_list(store: Store, scope: Scope, choice: Choice, wanted: Wanted, page: int = 1) -> pd.DataFrame:
    """One page of the submissions of the chosen exchanges and days, the newest first, and how each met its due time."""
    newest = (submissions.c.received_at.desc(), submissions.c.id)
    statement = _statement(scope, choice, wanted, *_selected()).order_by(*newest)
    return _submission_frame(store, statement.limit(LIST_PAGE).offset((page - 1) * LIST_PAGE))


def submission_versions(store: Store, scope: Scope, submission: str) -> pd.DataFrame:
    """One submission and all others of its exchange and report that share a moment of its period, oldest first."""
    one = submissions.alias("one")
    statement = (
        select(*_selected())
        .join(one, one.c.id == submission)
        .where(
            submissions.c.exchange == one.c.exchange,
            submissions.c.exchange.in_(scope.visible_rows()),
            submissions.c.report == one.c.report,
            submissions.c.period_start < one.c.period_end,
            submissions.c.period_end > one.c.period_start,
        )
    )
    return _submission_frame(store, statement.order_by(submissions.c.received_at, submissions.c.id))


def _selected() -> list[Any]:
    return [submissions.c[name] for name in _COLUMNS if name in submissions.c]


def _submission_frame(store: Store, statement: Select[Any]) -> pd.DataFrame:
    """The submissions with what other tables say of them, asked for all at once."""
    rows = rows_of(store, statement)
    ids = [row["id"] for row in rows]
    later = select(submissions.c.superseded_by).where(submissions.c.superseded_by.in_(ids))
    corrections = {row["superseded_by"] for row in rows_of(store, later)}
    table = findings.c
    counted = select(table.submission, func.count().label("n")).where(
        table.submission.in_(ids), table.lifted_at.is_(None)
    )
    counts = {row["submission"]: row["n"] for row in rows_of(store, counted.group_by(table.submission))}
    outcomes = _outcomes(store, rows)
    for row in rows:
        row["file"] = PurePath(row["file"]).name
        row["due_at"] = all_reports()[row["report"]].due_at(Period.parse(row["period"]))
        row["timeliness"] = _timeliness(row, row["id"] in corrections, outcomes.get(_obligation_of(row)))
        row["finding_count"] = counts.get(row["id"], 0)
    return frame_of(rows, _COLUMNS)


def _obligation_of(row: dict[str, Any]) -> tuple[str, str, date]:
    return row["exchange"], row["report"], kst_day(row["period_start"])


def _outcomes(store: Store, rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str, date], Outcome]:
    """What became of the obligations that the submissions were filed for, by all that is recorded."""
    wanted = {_obligation_of(row) for row in rows}
    if not wanted:
        return {}
    days = [day for _, _, day in wanted]
    exchanges, reports = sorted({exchange for exchange, _, _ in wanted}), sorted({report for _, report, _ in wanted})
    with reading(store.engine) as connection:
        files = filed_files(connection, min(days), max(days), exchanges, reports)
    return {
        (exchange, report, day): outcome(all_reports()[report], period, files[exchange, report, day], AFTER_ALL_RECORDS)
        for exchange, report, day in wanted
        for period in periods_of(all_reports()[report], day, day)
    }


def _timeliness(row: dict[str, Any], is_correction: bool, obligation: Outcome | None) -> str:
    """`correction` where it replaced an accepted one or came after one that met it in time: never late (2.8)."""
    received: datetime = row["received_at"]
    if is_correction:
        return "correction"
    if received <= row["due_at"]:
        return "on_time"
    return "late" if obligation is None or obligation.is_late_if_received(received) else "correction"


def state_history(store: Store, scope: Scope, submission: str) -> pd.DataFrame:
    """The states that a submission went through."""
    names = ("state", "at", "cause")
    statement = (
        select(*(states.c[name] for name in names))
        .join(submissions, submissions.c.id == states.c.submission)
        .where(states.c.submission == submission, submissions.c.exchange.in_(scope.visible_rows()))
        .order_by(states.c.sequence)
    )
    return frame_of(rows_of(store, statement), names)

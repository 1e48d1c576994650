"""The submissions of the exchanges: how many, a page of them, and one with its states and the versions beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import PurePath
from typing import Any

from sqlalchemy import Select, func, select

from app.columns import Code, Count, ExchangeId, Instant, LongText, ReportId, StateCode, Text
from app.moments import kst_day
from app.queries.choice import Choice, records_of_rows, rows_of
from app.scope import Scope
from etl.calendar import AFTER_ALL_RECORDS, Outcome, outcome, periods_of
from etl.records.engine import reading
from etl.records.filed_files import EVER_ACCEPTED, files_filed_for
from etl.records.tables import findings, states, submissions
from etl.store import Store
from expectations.catalogue import all_reports
from expectations.vocabulary import Period

LIST_PAGE = 100
"""Submissions that are listed at once."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which submissions are asked for; an empty text means all."""

    report: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class SubmissionLine:
    """A submission; `finding_count` of its findings are open, `timeliness` as `_timeliness` says."""

    id: Text
    exchange: ExchangeId
    report: ReportId
    period: Text
    period_start: Instant
    period_end: Instant
    file: Text
    state: StateCode
    row_count: Count | None
    finding_count: Count
    received_at: Instant
    due_at: Instant
    timeliness: Code
    size_bytes: Count
    sha256: Text
    rule_set_version: Text | None
    superseded_by: Text | None
    evidence_kept: bool
    as_if_in_force: bool

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last KST day of its period."""
        return kst_day(self.period_start), kst_day(self.period_end - timedelta(milliseconds=1))


@dataclass(frozen=True, slots=True)
class StateChange:
    """A state that a submission came to, when, and why."""

    at: Instant
    state: StateCode
    cause: LongText | None


def submission_counts(store: Store, scope: Scope, choice: Choice, wanted: Wanted) -> dict[str, int]:
    """How many submissions of the chosen exchanges and days there are, by state."""
    table = submissions.c
    statement = _chosen(scope, choice, wanted, table.state, func.count().label("n")).group_by(table.state)
    return {row["state"]: row["n"] for row in rows_of(store, statement)}


def submission_list(
    store: Store, scope: Scope, choice: Choice, wanted: Wanted, page: int = 1
) -> tuple[SubmissionLine, ...]:
    """One page of the submissions of the chosen exchanges and days, the newest first; pages count from 1."""
    newest = (submissions.c.received_at.desc(), submissions.c.id)
    statement = _chosen(scope, choice, wanted, *_COLUMNS).order_by(*newest)
    return _lines(store, statement.limit(LIST_PAGE).offset((page - 1) * LIST_PAGE))


def submission_versions(store: Store, scope: Scope, submission: str) -> tuple[SubmissionLine, ...]:
    """One submission and all others of its exchange and report that share a moment of its period, oldest first."""
    one = submissions.alias("one")
    statement = (
        select(*_COLUMNS)
        .join(one, one.c.id == submission)
        .where(
            submissions.c.exchange == one.c.exchange,
            submissions.c.exchange.in_(scope.visible_rows()),
            submissions.c.report == one.c.report,
            submissions.c.period_start < one.c.period_end,
            submissions.c.period_end > one.c.period_start,
        )
    )
    return _lines(store, statement.order_by(submissions.c.sequence))


def state_history(store: Store, scope: Scope, submission: str) -> tuple[StateChange, ...]:
    """The states that a submission went through, the first first."""
    statement = (
        select(states.c.at, states.c.state, states.c.cause)
        .join(submissions, submissions.c.id == states.c.submission)
        .where(states.c.submission == submission, submissions.c.exchange.in_(scope.visible_rows()))
        .order_by(states.c.sequence)
    )
    return records_of_rows(store, statement, StateChange)


_COLUMNS = tuple(
    submissions.c[name]
    for name in (
        *("id", "exchange", "report", "period", "period_start", "period_end", "file", "state", "row_count"),
        *(
            "received_at",
            "size_bytes",
            "sha256",
            "rule_set_version",
            "superseded_by",
            "evidence_kept",
            "as_if_in_force",
        ),
    )
)


def _chosen(scope: Scope, choice: Choice, wanted: Wanted, *columns: Any) -> Select[Any]:
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


def _lines(store: Store, statement: Select[Any]) -> tuple[SubmissionLine, ...]:
    """The submissions with what other tables say of them, each table asked once for all."""
    rows = rows_of(store, statement)
    ids = [row["id"] for row in rows]
    later = select(submissions.c.superseded_by).where(submissions.c.superseded_by.in_(ids))
    corrections = {row["superseded_by"] for row in rows_of(store, later)}
    c = findings.c
    counted = (
        select(c.submission, func.count().label("n"))
        .where(c.submission.in_(ids), c.lifted_at.is_(None))
        .group_by(c.submission)
    )
    counts = {row["submission"]: row["n"] for row in rows_of(store, counted)}
    outcomes = _outcomes(store, rows)
    return tuple(
        SubmissionLine(
            **{
                **row,
                "file": PurePath(row["file"]).name,
                "due_at": all_reports()[row["report"]].due_at(Period.parse(row["period"])),
                "timeliness": _timeliness(row, row["id"] in corrections, outcomes.get(_obligation_of(row))),
                "finding_count": counts.get(row["id"], 0),
            }
        )
        for row in rows
    )


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
        files = files_filed_for(connection, min(days), max(days), exchanges, reports)
    return {
        (exchange, report, day): outcome(all_reports()[report], period, files[exchange, report, day], AFTER_ALL_RECORDS)
        for exchange, report, day in wanted
        for period in periods_of(all_reports()[report], day, day)
    }


def _timeliness(row: dict[str, Any], is_correction: bool, obligation: Outcome | None) -> str:
    """How a submission met its due time (specification, 2.8).

    `on_time`; `correction` where it replaced an accepted one or came after one that met it in time, which is not late;
    `late` where it was accepted, else `after_due`.
    """
    received: datetime = row["received_at"]
    if is_correction:
        return "correction"
    if received <= all_reports()[row["report"]].due_at(Period.parse(row["period"])):
        return "on_time"
    if obligation is not None and not obligation.is_late_if_received(received):
        return "correction"
    return "late" if row["state"] in EVER_ACCEPTED else "after_due"

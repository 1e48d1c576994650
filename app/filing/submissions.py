"""The submissions of the exchanges: how many, a page of them, and one with its states and the versions beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import PurePath
from typing import Any

from sqlalchemy import Select, func, select

from app.columns import Code, Count, ExchangeId, Instant, LongText, ReportId, StateCode, Text
from app.moments import kst_day
from app.queries.choice import Choice, records_of_rows, rows_of
from app.rules.book import LATE_OR_MISSING
from app.scope import Scope
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
    return _lines(store, statement.order_by(submissions.c.received_at, submissions.c.id))


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
        *("received_at", "size_bytes", "sha256", "rule_set_version", "superseded_by", "evidence_kept"),
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
        select(c.submission, c.rule, func.count().label("n"))
        .where(c.submission.in_(ids), c.lifted_at.is_(None))
        .group_by(c.submission, c.rule)
    )
    counts: dict[str, dict[str, int]] = {}
    for row in rows_of(store, counted):
        counts.setdefault(row["submission"], {})[row["rule"]] = row["n"]
    return tuple(_line(row, counts.get(row["id"], {}), is_correction=row["id"] in corrections) for row in rows)


def _line(row: Mapping[str, Any], counts: Mapping[str, int], *, is_correction: bool) -> SubmissionLine:
    due_at = all_reports()[row["report"]].due_at(Period.parse(row["period"]))
    values = {
        **row,
        "file": PurePath(row["file"]).name,
        "due_at": due_at,
        "timeliness": _timeliness(
            row["received_at"], due_at, is_late=LATE_OR_MISSING in counts, is_correction=is_correction
        ),
        "finding_count": sum(counts.values()),
    }
    return SubmissionLine(**values)


def _timeliness(received_at: datetime, due_at: datetime, *, is_late: bool, is_correction: bool) -> str:
    """The code of how a submission met its due time (specification, 2.8).

    `late` where the rule found so, `correction` where it replaced an accepted one, `on_time`, or `after_due`: received
    after the due time, without the rule having found it late, as a file that was rejected or filed again.
    """
    if is_late:
        return "late"
    if is_correction:
        return "correction"
    return "after_due" if received_at > due_at else "on_time"

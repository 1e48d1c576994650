"""The record of what came of each rule of each submission, and when; a rule that is judged again has its row anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from etl.judgements import Judgement, RuleOutcome, Why
from etl.records.tables import judgements
from etl.records.types import in_parts


@dataclass(frozen=True, slots=True)
class RecordedJudgement:
    """A judgement as it is recorded: by which rule set, at which moment, under which incident where it failed."""

    submission: str
    judgement: Judgement
    rule_set_version: str
    at: datetime
    incident: str | None


def record(connection: Connection, made: Mapping[str, tuple[Sequence[Judgement], datetime]], version: str) -> None:
    """Record judgements by submission, each with its moment, in place of the earlier ones of the same rules."""
    rows = [_row(submission, one, version, at, None) for submission, (some, at) in made.items() for one in some]
    _replace(connection, list(made), {row["rule"] for row in rows}, rows)


def record_failed(
    connection: Connection, submission: str, rules: Collection[str], incident: str, version: str, at: datetime
) -> None:
    """Record that we failed on rules of a submission; what was found of it before stands, and its number with it."""
    standing = {one.judgement.rule: one.judgement for one in recorded(connection, [submission], rules)}
    rows = []
    for rule in sorted(rules):
        count = standing[rule].finding_count if rule in standing else 0
        failed = Judgement(rule, RuleOutcome.FAILED, None, count, 0)
        rows.append(_row(submission, failed, version, at, incident))
    _replace(connection, [submission], rules, rows)


def _replace(
    connection: Connection, submissions: Sequence[str], rules: Collection[str], rows: Sequence[dict[str, Any]]
) -> None:
    c = judgements.c
    for ids in in_parts(submissions):
        connection.execute(delete(judgements).where(c.submission.in_(ids), c.rule.in_(sorted(rules))))
    if rows:
        connection.execute(insert(judgements), rows)


def _row(submission: str, one: Judgement, version: str, at: datetime, incident: str | None) -> dict[str, Any]:
    return {
        "submission": submission,
        "rule": one.rule,
        "outcome": one.outcome.value,
        "why": one.why and one.why.value,
        "finding_count": one.finding_count,
        "row_count": one.row_count,
        "read_count": one.read_count,
        "rule_set_version": version,
        "at": at,
        "incident": incident,
    }


def recorded(
    connection: Connection, submissions: Iterable[str], rules: Collection[str] | None = None
) -> list[RecordedJudgement]:
    """What is recorded of submissions, of these rules or of all."""
    found = []
    for ids in in_parts(list(submissions)):
        query = select(judgements).where(judgements.c.submission.in_(ids))
        if rules is not None:
            query = query.where(judgements.c.rule.in_(sorted(rules)))
        for row in connection.execute(query):
            why = None if row.why is None else Why(row.why)
            counts = (row.finding_count, row.row_count, row.read_count)
            one = Judgement(row.rule, RuleOutcome(row.outcome), why, *counts)
            found.append(RecordedJudgement(row.submission, one, row.rule_set_version, row.at, row.incident))
    return found


def with_any(connection: Connection, submissions: Iterable[str]) -> set[str]:
    """Those of the submissions of which anything is recorded."""
    found: set[str] = set()
    for ids in in_parts(list(submissions)):
        found.update(
            connection.execute(
                select(judgements.c.submission).distinct().where(judgements.c.submission.in_(ids))
            ).scalars()
        )
    return found

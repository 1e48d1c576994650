"""What a screen may say of a rule's limit: the recorded findings that hold, and whether the rule has been evaluated.

No screen compares with a rule's limit itself. It says that a limit was exceeded where a finding of the rule holds, and
that it was kept where the rule has been evaluated and no finding holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Connection, or_, select

from etl.records.submissions import unreviewed_reports
from etl.records.tables import findings, submissions
from etl.store import Store
from expectations.catalogue import all_rules
from expectations.vocabulary import State


class Judgement(StrEnum):
    """What the records say of a rule about one subject."""

    FOUND = "found"
    """A finding of the rule holds."""
    NOT_FOUND = "not_found"
    """The rule has been evaluated, and no finding holds."""
    NOT_EVALUATED = "not_evaluated"
    """The rule has not been evaluated since the last change that it may concern."""
    NOT_IN_FORCE = "not_in_force"


@dataclass(frozen=True, slots=True)
class RecordedFinding:
    """A finding that holds: its rule, what it is about, and what was found and expected as the rule wrote it."""

    rule: str
    exchange: str
    subject: str | None
    start: datetime | None
    end: datetime | None
    found: str | None
    expected: str | None
    submission: str


def current_findings(
    connection: Connection,
    rules: Sequence[str],
    exchanges: Sequence[str],
    first: datetime | None = None,
    last: datetime | None = None,
) -> list[RecordedFinding]:
    """The findings of these rules that hold, of accepted submissions, the latest start first.

    With `first` and `last` only those whose interval meets [first, last); one without an end is open.
    """
    c = findings.c
    statement = (
        select(c.rule, c.exchange, c.subject, c.start, c.end, c.found, c.expected, c.submission)
        .join(submissions, submissions.c.id == c.submission)
        .where(
            c.rule.in_(rules),
            c.exchange.in_(exchanges),
            c.lifted_at.is_(None),
            submissions.c.state == State.ACCEPTED,
        )
        .order_by(c.start.desc(), c.id)
    )
    if last is not None:
        statement = statement.where(c.start < last)
    if first is not None:
        statement = statement.where(or_(c.end.is_(None), c.end > first))
    return [RecordedFinding(*row) for row in connection.execute(statement)]


@dataclass(frozen=True, slots=True)
class Evaluations:
    """Which rules have been evaluated over all that is accepted; `pending` are exchanges and reports to review."""

    pending: frozenset[tuple[str, str]]
    as_if_in_force: bool

    def judgement(self, rule: str, exchange: str, day: date, reports: Sequence[str], *, is_found: bool) -> Judgement:
        """What the records say of a rule about a subject in a submission whose period begins on `day`.

        `reports` are those whose changes the rule is judged again for.
        """
        if is_found:
            return Judgement.FOUND
        if any((exchange, report) in self.pending for report in reports):
            return Judgement.NOT_EVALUATED
        if not all_rules()[rule].is_in_force(day, as_if_in_force=self.as_if_in_force):
            return Judgement.NOT_IN_FORCE
        return Judgement.NOT_FOUND


def evaluations_of(store: Store, connection: Connection) -> Evaluations:
    """Which rules have been evaluated in a store; one that replays an incident is judged as if all were in force."""
    return Evaluations(unreviewed_reports(connection), bool(store.replays))

"""Verdicts that ask something of an exchange, and who of it has opened them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, func, or_, select

from app.columns import Count, ExchangeId, Instant, ReportId, StateCode, Text
from app.queries.choice import Choice, records_of_rows, rows_of
from app.rules.findings import is_accepted_or_last_rejected
from app.scope import Scope
from etl.records.access_tables import people
from etl.records.answer_tables import verdict_reads
from etl.records.tables import findings, submissions
from etl.store import Store
from expectations.vocabulary import Period, State


@dataclass(frozen=True, slots=True)
class UnreadVerdict:
    """The verdict on a submission that was not opened; `finding_count` of its findings are open."""

    exchange: ExchangeId
    report: ReportId
    period: Text
    state: StateCode
    finding_count: Count
    decided_at: Instant
    id: Text


@dataclass(frozen=True, slots=True)
class VerdictReader:
    """Somebody who opened a verdict, and when first."""

    person: Text
    at: Instant


def unread_verdicts(store: Store, scope: Scope, choice: Choice, person: str = "") -> tuple[UnreadVerdict, ...]:
    """Verdicts that ask something of an exchange and nobody of it has opened, the oldest first.

    These are rejections, and acceptances with open findings. With `person` those that this person has not opened,
    whoever else has.
    """
    c, found = submissions.c, findings.c
    counted = (
        select(func.count())
        .where(found.submission == c.id, found.lifted_at.is_(None))
        .correlate(submissions)
        .scalar_subquery()
    )
    read = exists().where(verdict_reads.c.submission == c.id)
    if person:
        read = read.where(verdict_reads.c.person == person)
    columns = (c.exchange, c.report, c.period, c.state, counted.label("finding_count"), c.decided_at, c.id)
    statement = (
        select(*columns)
        .where(
            c.exchange.in_(scope.visible(choice.exchanges)),
            c.period_start < Period.of_day(choice.last_day).end,
            c.period_end > Period.of_day(choice.first_day).start,
            is_accepted_or_last_rejected(),
            or_(c.state == State.REJECTED, counted > 0),
            ~read,
        )
        .order_by(c.decided_at, c.id)
    )
    return records_of_rows(store, statement, UnreadVerdict)


def verdict_read_count(store: Store, scope: Scope) -> int:
    """How many verdicts were opened, each counted for everybody who opened it: it grows with every opening."""
    statement = select(func.count().label("count")).where(verdict_reads.c.exchange.in_(scope.exchanges))
    return int(rows_of(store, statement)[0]["count"])


def verdict_readers(store: Store, scope: Scope, submission: str) -> tuple[VerdictReader, ...]:
    """Who of the exchange has opened the verdict on a submission, the first first."""
    reads = verdict_reads.c
    statement = (
        select(func.coalesce(people.c.name, reads.person).label("person"), reads.at)
        .outerjoin(people, people.c.id == reads.person)
        .where(reads.submission == submission, reads.exchange.in_(scope.exchanges))
        .order_by(reads.at, reads.person)
    )
    return records_of_rows(store, statement, VerdictReader)

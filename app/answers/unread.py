"""Verdicts that ask something of an exchange, and who of it has opened them."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import exists, func, or_, select

from app.frames import frame_of
from app.queries.choice import Choice, rows_of
from app.rules.findings import is_accepted_or_last_rejected
from app.scope import Scope
from etl.records.access_tables import people
from etl.records.answer_tables import verdict_reads
from etl.records.tables import findings, submissions
from etl.store import Store
from expectations.vocabulary import Period, State

UNREAD_COLUMNS = ("exchange", "report", "period", "state", "finding_count", "decided_at", "id")
READER_COLUMNS = ("person", "at")


def unread_verdicts(store: Store, scope: Scope, choice: Choice, person: str = "") -> pd.DataFrame:
    """Verdicts that ask something of an exchange and nobody of it has opened, the oldest first.

    These are refusals, and acceptances with findings that stand. With `person` those that this person has not opened,
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
    statement = (
        select(*(c[name] for name in UNREAD_COLUMNS if name in c), counted.label("finding_count"))
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
    return frame_of(rows_of(store, statement), UNREAD_COLUMNS)


def verdict_read_count(store: Store, scope: Scope) -> int:
    """How many verdicts were opened, each counted for everybody who opened it: it grows with every opening."""
    statement = select(func.count().label("count")).where(verdict_reads.c.exchange.in_(scope.exchanges))
    return int(rows_of(store, statement)[0]["count"])


def verdict_readers(store: Store, scope: Scope, submission: str) -> pd.DataFrame:
    """Who of the exchange has opened the verdict of a submission, and when first."""
    reads = verdict_reads.c
    statement = (
        select(func.coalesce(people.c.name, reads.person).label("person"), reads.at)
        .outerjoin(people, people.c.id == reads.person)
        .where(reads.submission == submission, reads.exchange.in_(scope.exchanges))
        .order_by(reads.at, reads.person)
    )
    return frame_of(rows_of(store, statement), READER_COLUMNS)

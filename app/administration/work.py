"""Unfinished work: what is received and not decided, what we failed on, and the incidents, our own failures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from app.administration.actors import for_administrators
from app.columns import Count, ExchangeId, Instant, LongText, ReportId, Text
from app.scope import Scope
from etl.records import submissions as life
from etl.records.tables import incidents
from etl.store import Store

INCIDENTS_SHOWN = 200
"""The newest incidents, which is how many the screen lists."""


@dataclass(frozen=True, slots=True)
class _Unfinished:
    """What both lists tell of a submission."""

    received_at: Instant
    exchange: ExchangeId
    report: ReportId
    period: Text
    size_bytes: Count
    file: Text
    id: Text


@dataclass(frozen=True, slots=True)
class WaitingSubmission(_Unfinished):
    """A submission that is received and not decided yet: how often it was taken up without a verdict, and when last.

    What was taken up three times (`etl.jobs.TRIES`) is failed with the next turn.
    """

    attempts: Count
    attempted_at: Instant | None


@dataclass(frozen=True, slots=True)
class Incident:
    """A failure of ours under its number: what happened in a line, and the submission that it happened to, if any."""

    at: Instant
    incident: Text
    submission: Text | None
    summary: LongText


def waiting_submissions(store: Store, scope: Scope) -> tuple[WaitingSubmission, ...]:
    """What is received and not decided, the oldest first."""

    def read(connection: Connection) -> Iterator[WaitingSubmission]:
        tried = life.attempts(connection)
        for one in life.received(connection):
            about = (one.received_at, one.exchange, one.report, one.period.text, one.size_bytes, one.file, one.id)
            attempts = tried.get(one.id)
            yield WaitingSubmission(*about, *((attempts.count, attempts.last_at) if attempts else (0, None)))

    return for_administrators(scope, store, read)


@dataclass(frozen=True, slots=True)
class FailedSubmission(_Unfinished):
    """A submission that we failed on, under the number of the incident."""

    incident: Text


def failed_submissions(store: Store, scope: Scope) -> tuple[FailedSubmission, ...]:
    """What we failed on and is not tried again yet, the oldest first."""

    def read(connection: Connection) -> Iterator[FailedSubmission]:
        for one in life.failed(connection):
            about = (one.received_at, one.exchange, one.report, one.period.text, one.size_bytes, one.file, one.id)
            yield FailedSubmission(*about, one.incident or "")

    return for_administrators(scope, store, read)


def incident_list(store: Store, scope: Scope) -> tuple[Incident, ...]:
    """The newest incidents, the newest first, at most INCIDENTS_SHOWN."""

    def read(connection: Connection) -> Iterator[Incident]:
        c = incidents.c
        query = select(c.at, c.id, c.submission, c.summary).order_by(c.at.desc(), c.id).limit(INCIDENTS_SHOWN)
        return (Incident(*row) for row in connection.execute(query))

    return for_administrators(scope, store, read)

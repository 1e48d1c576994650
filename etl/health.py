"""Whether the service can do its work, and figures of its operation: what monitoring asks, without a value of anybody.

Asked every few seconds by machines, so `troubles` looks at little; `measure` counts, for whoever collects figures.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from etl.heads import unsigned_days
from etl.records import log
from etl.records.engine import RecordsUnavailableError, current_revision, head_revision, reading
from etl.records.tables import findings, incidents, states, submissions
from etl.store import Store
from expectations.catalogue import all_reports
from expectations.vocabulary import State

LONGEST_UNTRIED = timedelta(minutes=2)
"""How long a received file lies before somebody takes it up, at the most, where anything works."""
LONGEST_TRIED = timedelta(minutes=16)
"""How long files are worked on at the most before they are taken away from whatever works on them, and a minute."""
LEAST_FREE_BYTES = 512 * 2**20
"""Below this a day's files may not find room."""
RECENT = timedelta(hours=1)
"""Verdicts of this time are measured."""
_FOLDERS = ("evidence", "facts")


class Trouble(StrEnum):
    """What keeps the service from its work."""

    RECORDS = "records"
    """The database does not answer."""
    REVISION = "revision"
    """The database is at another revision than the program: `daxa migrate`."""
    QUEUE = "queue"
    """Files wait and nothing takes them up."""
    FOLDERS = "folders"
    """Evidence or rows cannot be written."""
    DISK = "disk"
    """Less room is left than LEAST_FREE_BYTES."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Files of an exchange that are received and not decided: how many, and when the oldest was recorded."""

    files: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of operation: counts by exchange, moments and sizes; no value out of a report."""

    revision: str | None
    submissions: Mapping[tuple[str, str, str], int]
    """By exchange, report and state."""
    open_findings: Mapping[tuple[str, str], int]
    """By exchange and kind: those that nothing has lifted."""
    waiting: Mapping[str, Waiting]
    verdict_seconds: tuple[float, ...]
    """From receipt to verdict, of each verdict of the last hour, ascending."""
    incidents: int
    log_entries: int
    unsigned_days: int
    """Days that are over and have entries in the log, but no signed head."""
    free_bytes: int


def troubles(store: Store, now: datetime) -> tuple[Trouble, ...]:
    """What keeps the service from its work at `now`, the worst first; nothing where it works."""
    found = []
    try:
        with reading(store.engine) as connection:
            if current_revision(connection) != head_revision():
                found.append(Trouble.REVISION)
            elif is_stalled(connection, now):
                found.append(Trouble.QUEUE)
    except (RecordsUnavailableError, SQLAlchemyError):
        found.append(Trouble.RECORDS)
    if not all(_is_writable(store, name) for name in _FOLDERS):
        found.append(Trouble.FOLDERS)
    if shutil.disk_usage(store.home).free < LEAST_FREE_BYTES:
        found.append(Trouble.DISK)
    return tuple(found)


def is_stalled(connection: Connection, now: datetime) -> bool:
    """Whether a file waits longer than it takes anything to take it up, while nothing is worked on."""
    c = submissions.c
    query = select(func.min(c.recorded_at), func.max(c.attempted_at)).where(*_waits())
    oldest, tried = connection.execute(query).one()
    if oldest is None or now - oldest < LONGEST_UNTRIED:
        return False
    return tried is None or now - tried > LONGEST_TRIED


def measure(store: Store, now: datetime) -> Measured:
    """Count what is there; RecordsUnavailableError or a database's error where it does not answer."""
    c, f = submissions.c, findings.c
    with reading(store.engine) as connection:
        by_state = select(c.exchange, c.report, c.state, func.count()).group_by(c.exchange, c.report, c.state)
        by_kind = select(f.exchange, f.kind, func.count()).where(f.lifted_at.is_(None)).group_by(f.exchange, f.kind)
        queue = select(c.exchange, func.count(), func.min(c.recorded_at)).where(*_waits()).group_by(c.exchange)
        return Measured(
            revision=current_revision(connection),
            submissions={(row[0], row[1], row[2]): row[3] for row in connection.execute(by_state)},
            open_findings={(row[0], row[1]): row[2] for row in connection.execute(by_kind)},
            waiting={row[0]: Waiting(row[1], row[2]) for row in connection.execute(queue)},
            verdict_seconds=_verdict_seconds(connection, now),
            incidents=connection.execute(select(func.count()).select_from(incidents)).scalar_one(),
            log_entries=log.entry_count(connection),
            unsigned_days=len(unsigned_days(connection, now)),
            free_bytes=shutil.disk_usage(store.home).free,
        )


def _waits() -> tuple[ColumnElement[bool], ...]:
    """What is received and not decided; the reports are named for the index, which begins with them."""
    c = submissions.c
    return c.report.in_(all_reports()), c.state == State.RECEIVED.value


def _verdict_seconds(connection: Connection, now: datetime) -> tuple[float, ...]:
    """Seconds from the record of a file to that of its verdict, by the machine's clock."""
    c, s = submissions.c, states.c
    query = (
        select(c.recorded_at, s.recorded_at.label("decided_at"))
        .join(submissions, c.id == s.submission)
        .where(s.state.in_((State.ACCEPTED.value, State.REJECTED.value)), s.recorded_at > now - RECENT)
    )
    return tuple(sorted((row.decided_at - row.recorded_at).total_seconds() for row in connection.execute(query)))


def _is_writable(store: Store, name: str) -> bool:
    folder = store.home / name
    return os.access(folder if folder.exists() else store.home, os.W_OK | os.X_OK)

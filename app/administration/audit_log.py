"""The audit log as administrators read it: how many entries match, a page of them, or all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, func, select

from app.administration.actors import actor_names, for_administrators
from app.columns import Count, LongText, Moment, Text
from app.moments import kst_day
from app.scope import Role, Scope
from etl.records.access_tables import audit_log
from etl.records.engine import reading
from etl.store import Store

LOG_PAGE = 50
"""Entries of the audit log on one page."""


@dataclass(frozen=True, slots=True)
class LogWanted:
    """Which entries of the log: the kind of event, whose, and about what; an empty text means all."""

    act: str = ""
    actor: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry of the log; `act` is its kind, `actor` a name, `details` canonical JSON, `hash` the chain."""

    sequence: Count
    at: Moment
    actor: Text
    act: Text
    subject: Text | None
    details: LongText
    hash: Text


def log_count(store: Store, scope: Scope, wanted: LogWanted) -> int:
    """How many entries match."""
    if scope.role is not Role.ADMIN:
        return 0
    with reading(store.engine) as connection:
        return int(connection.execute(_matching(select(func.count()).select_from(audit_log), wanted)).scalar_one())


def log_page(store: Store, scope: Scope, wanted: LogWanted, page: int) -> tuple[LogEntry, ...]:
    """A page of the entries that match, the newest first; pages count from 1."""
    return _log(store, scope, _entries(wanted).limit(LOG_PAGE).offset((page - 1) * LOG_PAGE))


def log_days(store: Store, scope: Scope, wanted: LogWanted) -> tuple[date, date] | None:
    """The KST days of the oldest and the newest entry that match; None where none does."""
    if scope.role is not Role.ADMIN:
        return None
    moments = _matching(select(audit_log.c.at), wanted).limit(1)
    with reading(store.engine) as connection:
        oldest = connection.execute(moments.order_by(audit_log.c.sequence)).scalar()
        newest = connection.execute(moments.order_by(audit_log.c.sequence.desc())).scalar()
    return None if oldest is None or newest is None else (kst_day(oldest), kst_day(newest))


def whole_log(store: Store, scope: Scope, wanted: LogWanted) -> tuple[LogEntry, ...]:
    """All entries that match, the newest first."""
    return _log(store, scope, _entries(wanted))


def _log(store: Store, scope: Scope, statement: Select[Any]) -> tuple[LogEntry, ...]:
    def read(connection: Connection) -> Iterator[LogEntry]:
        names = actor_names(connection)
        for row in connection.execute(statement):
            yield LogEntry(row.sequence, row.at, names.get(row.actor, row.actor), *row[3:])

    return for_administrators(scope, store, read)


def _entries(wanted: LogWanted) -> Select[Any]:
    c = audit_log.c
    columns = (c.sequence, c.at, c.actor, c.act, c.subject, c.details, c.hash)
    return _matching(select(*columns), wanted).order_by(c.sequence.desc())


def _matching(statement: Select[Any], wanted: LogWanted) -> Select[Any]:
    c = audit_log.c
    for column, value in ((c.act, wanted.act), (c.actor, wanted.actor), (c.subject, wanted.subject)):
        if value:
            statement = statement.where(column == value)
    return statement

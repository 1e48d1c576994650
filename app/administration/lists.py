"""What only administrators are told: thresholds with their proposals, people, tokens, the log, unfinished work.

Whoever else asks gets nothing, whatever the screen offers them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Select, func, select

from app.frames import frame_of
from app.scope import Role, Scope
from etl.exchanges import all_exchanges
from etl.records import log, people, tokens
from etl.records import submissions as life
from etl.records.access_tables import audit_log
from etl.records.engine import reading
from etl.records.tables import incidents
from etl.records.thresholds import Proposal, listed, thresholds_in_force
from etl.store import Store

LOG_PAGE = 50
"""Entries of the audit log on one page."""
INCIDENTS_SHOWN = 200
THRESHOLD_COLUMNS = ("name", "exchange", "value", "source", "effective_from", "next_value", "next_from", "entry")
PROPOSAL_COLUMNS = (
    *("id", "name", "exchange", "value", "effective_from", "reason", "proposed_by", "proposer", "proposed_at"),
    *("decision", "decider", "decided_at", "decision_reason", "what_if"),
)
PEOPLE_COLUMNS = ("name", "role", "exchange", "state", "id", "created_at", "disabled_at")
TOKEN_COLUMNS = (
    *("id", "exchange", "name", "scopes", "state", "created_by", "created_at", "expires_at", "last_used_at"),
)
LOG_COLUMNS = ("sequence", "at", "actor", "act", "subject", "details", "hash")
WAITING_COLUMNS = ("id", "exchange", "report", "period", "file", "received_at", "size_bytes")
INCIDENT_COLUMNS = ("id", "at", "submission", "summary")


@dataclass(frozen=True, slots=True)
class LogWanted:
    """Which entries of the log: an act, who did it and to what; an empty text means all."""

    act: str = ""
    actor: str = ""
    subject: str = ""


def _told(store: Store, scope: Scope, columns: tuple[str, ...], rows: Callable[[Connection], Any]) -> pd.DataFrame:
    """Rows for an administrator, none for anybody else."""
    if scope.role is not Role.ADMIN:
        return frame_of([], columns)
    with reading(store.engine) as connection:
        return frame_of(list(rows(connection)), columns)


def _names(connection: Connection) -> dict[str, str]:
    """The names of people and tokens by their ids."""
    persons = {one.id: one.name for one in people.listed(connection)}
    return persons | {one.id: one.name for one in tokens.listed(connection)}


def threshold_list(store: Store, scope: Scope, day: date) -> pd.DataFrame:
    """Every threshold that may be changed as in force on a day, and what is approved to follow it."""

    def rows(connection: Connection) -> list[dict[str, Any]]:
        held = thresholds_in_force(connection)
        found = []
        for name in dict.fromkeys(entry.name for entry in held.entries if entry.minimum is not None):
            for exchange in (None, *all_exchanges()):
                own = [entry for entry in held.named(name) if entry.exchange == exchange]
                entry = held.in_force(name, day, exchange) if own else None
                later = next((one for one in own if one.effective_from > day and one is not entry), None)
                if entry is None and later is None:
                    continue
                found.append(
                    {
                        "name": name,
                        "exchange": exchange,
                        "value": entry and entry.value,
                        "source": entry and entry.source.value,
                        "effective_from": entry and entry.effective_from,
                        "next_value": later and later.value,
                        "next_from": later and later.effective_from,
                        "entry": entry,
                    }
                )
        return found

    return _told(store, scope, THRESHOLD_COLUMNS, rows)


def proposal_list(store: Store, scope: Scope) -> pd.DataFrame:
    """Every proposal, newest first, with the names of who proposed and who decided."""

    def rows(connection: Connection) -> list[dict[str, Any]]:
        names = _names(connection)
        return [_proposal_row(one, names) for one in listed(connection)]

    return _told(store, scope, PROPOSAL_COLUMNS, rows)


def _proposal_row(one: Proposal, names: dict[str, str]) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "exchange": one.exchange,
        "value": one.value,
        "effective_from": one.effective_from,
        "reason": one.reason,
        "proposed_by": one.proposed_by,
        "proposer": names.get(one.proposed_by, one.proposed_by),
        "proposed_at": one.proposed_at,
        "decision": one.decision and one.decision.value,
        "decider": one.decided_by and names.get(one.decided_by, one.decided_by),
        "decided_at": one.decided_at,
        "decision_reason": one.decision_reason,
        "what_if": one.what_if,
    }


def people_list(store: Store, scope: Scope) -> pd.DataFrame:
    """Everybody who may sign in or could, by name."""

    def rows(connection: Connection) -> list[dict[str, Any]]:
        return [
            {
                "name": one.name,
                "role": one.role.value,
                "exchange": one.exchange,
                "state": "active" if one.is_active else "disabled",
                "id": one.id,
                "created_at": one.created_at,
                "disabled_at": one.disabled_at,
            }
            for one in people.listed(connection)
        ]

    return _told(store, scope, PEOPLE_COLUMNS, rows)


def token_list(store: Store, scope: Scope, now: datetime) -> pd.DataFrame:
    """All machine tokens, oldest first, with whether each still holds."""

    def rows(connection: Connection) -> list[dict[str, Any]]:
        names = _names(connection)
        return [
            {
                "id": one.id,
                "exchange": one.exchange,
                "name": one.name,
                "scopes": sorted(one.scopes),
                "state": "revoked" if one.revoked_at else "active" if one.holds_at(now) else "expired",
                "created_by": names.get(one.created_by, one.created_by),
                "created_at": one.created_at,
                "expires_at": one.expires_at,
                "last_used_at": one.last_used_at,
            }
            for one in tokens.listed(connection)
        ]

    return _told(store, scope, TOKEN_COLUMNS, rows)


# ---------------------------------------------------------------------------------------------- audit log


def log_count(store: Store, scope: Scope, wanted: LogWanted) -> int:
    """How many entries there are of what is wanted."""
    if scope.role is not Role.ADMIN:
        return 0
    with reading(store.engine) as connection:
        return int(connection.execute(_wanted(select(func.count()).select_from(audit_log), wanted)).scalar_one())


def log_page(store: Store, scope: Scope, wanted: LogWanted, page: int) -> pd.DataFrame:
    """A page of the log, newest first."""
    return _log(store, scope, wanted, lambda query: query.limit(LOG_PAGE).offset((page - 1) * LOG_PAGE))


def whole_log(store: Store, scope: Scope, wanted: LogWanted) -> pd.DataFrame:
    """All entries of what is wanted, newest first."""
    return _log(store, scope, wanted, lambda query: query)


def _log(store: Store, scope: Scope, wanted: LogWanted, part: Callable[[Select[Any]], Select[Any]]) -> pd.DataFrame:
    def rows(connection: Connection) -> list[dict[str, Any]]:
        names = _names(connection)
        query = _wanted(select(*(audit_log.c[name] for name in LOG_COLUMNS)), wanted)
        found = connection.execute(part(query.order_by(audit_log.c.sequence.desc()))).mappings()
        return [{**row, "actor": names.get(row["actor"], row["actor"])} for row in found]

    return _told(store, scope, LOG_COLUMNS, rows)


def _wanted(query: Select[Any], wanted: LogWanted) -> Select[Any]:
    c = audit_log.c
    for column, value in ((c.act, wanted.act), (c.actor, wanted.actor), (c.subject, wanted.subject)):
        if value:
            query = query.where(column == value)
    return query


def log_actors(store: Store, scope: Scope) -> dict[str, str]:
    """Who may have acted: people and tokens by id with their names, the command and the program."""
    if scope.role is not Role.ADMIN:
        return {}
    with reading(store.engine) as connection:
        return {log.COMMAND: "", log.SYSTEM: ""} | _names(connection)


# ---------------------------------------------------------------------------------------- unfinished work


def waiting_submissions(store: Store, scope: Scope) -> pd.DataFrame:
    """What was received and is not decided yet, oldest first."""

    def rows(connection: Connection) -> list[dict[str, Any]]:
        return [
            {**{name: getattr(one, name) for name in WAITING_COLUMNS}, "period": one.period.text}
            for one in life.received(connection)
        ]

    return _told(store, scope, WAITING_COLUMNS, rows)


def incident_list(store: Store, scope: Scope) -> pd.DataFrame:
    """Our failures, newest first: the number to quote, on what, and what happened in a line."""

    def rows(connection: Connection) -> list[dict[str, Any]]:
        columns = (incidents.c[name] for name in INCIDENT_COLUMNS)
        query = select(*columns).order_by(incidents.c.at.desc(), incidents.c.id).limit(INCIDENTS_SHOWN)
        return [dict(row) for row in connection.execute(query).mappings()]

    return _told(store, scope, INCIDENT_COLUMNS, rows)

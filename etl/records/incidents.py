"""Failures of ours: each is recorded under an incident number, which people are shown."""

from __future__ import annotations

import secrets
import traceback
from datetime import UTC, datetime

from sqlalchemy import Engine, insert

from etl.records.engine import writing
from etl.records.log import SYSTEM, AuditEvent, EventKind, append
from etl.records.tables import incidents
from etl.records.vouched import Record

_LONGEST_SUMMARY = 500


def new_incident() -> str:
    """The number of an incident."""
    return f"I-{secrets.token_hex(4)}"


def record_incident(engine: Engine, incident: str, error: Exception, *, submission: str | None = None) -> None:
    """Record what failed, and where, under `incident`; RecordsUnavailableError where the records cannot be written."""
    with writing(engine) as connection:
        connection.execute(
            insert(incidents).values(
                id=incident,
                submission=submission,
                at=datetime.now(UTC),
                summary=f"{type(error).__name__}: {error}"[:_LONGEST_SUMMARY],
                detail="".join(traceback.format_exception(error)),
            )
        )
        made = (Record("incidents", incident),)
        append(connection, [AuditEvent(SYSTEM, EventKind.INCIDENT, incident, {"submission": submission}, made)])

"""Our own failures: each is recorded under a number, which is what people are told."""

from __future__ import annotations

import secrets
import traceback
from datetime import UTC, datetime

from sqlalchemy import Engine, insert

from etl.records.engine import writing
from etl.records.tables import incidents

_LONGEST_SUMMARY = 500


def new_incident() -> str:
    """The number of an incident."""
    return f"I-{secrets.token_hex(4)}"


def record_incident(engine: Engine, incident: str, error: Exception, *, submission: str | None = None) -> None:
    """Keep what failed, and where, under the number `incident`. RecordsUnavailableError where nothing can be kept."""
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

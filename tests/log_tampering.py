"""What somebody does who may write to the database and takes its guards away; and deeds to do it to."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text, update

from etl.records.access_tables import audit_log
from etl.records.engine import writing
from etl.records.log import AuditEvent, EventKind, append
from etl.store import Store

GUARDED = ("audit_log", "log_heads")


def drop_guards(store: Store) -> None:
    """Take away the triggers that refuse changes of the log and its heads."""
    with writing(store.engine) as connection:
        if connection.dialect.name == "postgresql":
            for table in GUARDED:
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        else:
            named = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars()
            for name in list(named):
                connection.execute(text(f"DROP TRIGGER {name}"))


@contextmanager
def undone(store: Store) -> Iterator[Connection]:
    """A transaction whose changes can be looked at inside it and are gone after it."""
    with writing(store.engine) as connection:
        point = connection.begin_nested()
        yield connection
        point.rollback()


def change(connection: Connection, entry: int, **columns: Any) -> None:
    """Write other values into an entry."""
    connection.execute(update(audit_log).where(audit_log.c.sequence == entry).values(**columns))


def log_deeds(store: Store, count: int, at: datetime | None = None) -> None:
    """Log so many plain deeds at a moment, each in a transaction of its own."""
    for number in range(count):
        with writing(store.engine) as connection:
            append(connection, [AuditEvent("command", EventKind.VERIFY, f"S-{number}", {"number": number})], at=at)

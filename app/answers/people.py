"""The names of those who explain, decide and remedy."""

from __future__ import annotations

from sqlalchemy import Connection, select

from etl.records.access_tables import people


def names_of(connection: Connection) -> dict[str, str]:
    """Everybody's name by their id; a machine token has none, and stands as its id."""
    return {row.id: row.name for row in connection.execute(select(people.c.id, people.c.name))}

"""The whole schema: every table of the records."""

from __future__ import annotations

from sqlalchemy import Table

from etl.records import access_tables as access_tables
from etl.records import answer_tables as answer_tables
from etl.records import draft_tables as draft_tables
from etl.records import threshold_tables as threshold_tables
from etl.records.tables import metadata as metadata


def every_table() -> tuple[Table, ...]:
    """Every table, each after those that it refers to."""
    return tuple(metadata.sorted_tables)

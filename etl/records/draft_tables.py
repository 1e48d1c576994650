"""The table of drafts: files that were checked and not submitted."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from etl.records.tables import metadata
from etl.records.types import Instant

drafts = Table(
    "drafts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person", String(64), nullable=False),
    Column("exchange", String(32), nullable=False),
    Column("report", String(32), nullable=False),
    Column("period", String(16), nullable=False),
    Column("period_start", Instant, nullable=False),
    Column("period_end", Instant, nullable=False),
    Column("file", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("finding_count", BigInteger, nullable=False),
    Column("checked_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "exchange", "report", "period_start"),
)
"""`state` is what the check found: accepted or rejected if it were submitted as it is. A draft is no submission: it
meets no obligation, and its bytes lie apart from the evidence."""

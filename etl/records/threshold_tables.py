"""Tables of what was proposed in place of a threshold, and of what was decided on it.

Both are append-only: triggers made in revision 0006 refuse to change or remove a row, so that what once was in force,
and who set it, stays readable. Whether a proposal is open follows from there being no decision on it.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, String, Table, Text

from etl.records.tables import metadata
from etl.records.types import Instant

threshold_proposals = Table(
    "threshold_proposals",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("exchange", String(32)),
    Column("value", String(32), nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("what_if", Text, nullable=False),
    Column("proposed_by", String(16), nullable=False),
    Column("proposed_at", Instant, nullable=False),
)
"""`value` is the number as text, digit for digit; `exchange` is null where it is for all; `what_if` is what the
proposer was shown of the change, as JSON."""

threshold_decisions = Table(
    "threshold_decisions",
    metadata,
    Column("proposal", ForeignKey("threshold_proposals.id"), primary_key=True),
    Column("decision", String(16), nullable=False),
    Column("decided_by", String(16), nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    CheckConstraint("decision IN ('approved', 'refused', 'withdrawn')", name="decision_is_known"),
)
"""At most one for each proposal: who wants it otherwise makes another proposal."""

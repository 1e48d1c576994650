"""Tables of what comes after a verdict: explanations, decisions, steps about breaches, and who has read a verdict.

All of them only grow: triggers made in revision 0005 refuse to change or remove a row. How something stands now is what
its newest row says (`etl.answers`).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, ForeignKey, Index, Integer, String, Table, Text

from etl.records.tables import metadata
from etl.records.types import Instant

_NUMBER = BigInteger().with_variant(Integer, "sqlite")

explanations = Table(
    "explanations",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("id", String(16), nullable=False, unique=True),
    Column("fingerprint", String(64), nullable=False),
    Column("exchange", String(32), nullable=False),
    Column("report", String(32), nullable=False),
    Column("rule", String(16), nullable=False),
    Column("subject", Text),
    Column("submission", ForeignKey("submissions.id"), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("text", Text, nullable=False),
    Column("person", String(128), nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "exchange", "fingerprint"),
)
"""What an exchange said of a finding; it speaks for the same one from `first_day` on."""

decisions = Table(
    "decisions",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("explanation", ForeignKey("explanations.id"), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("until", Date),
    Column("reason", Text, nullable=False),
    Column("person", String(128), nullable=False),
    Column("at", Instant, nullable=False),
    CheckConstraint("outcome IN ('accepted', 'refused', 'referred')", name="outcome_is_known"),
    CheckConstraint("(outcome = 'accepted') = (until IS NOT NULL)", name="accepted_until_a_day"),
    Index(None, "explanation"),
)
"""What a supervisor decided of an explanation; the newest counts."""

breach_states = Table(
    "breach_states",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("occurrence", String(64), nullable=False),
    Column("exchange", String(32), nullable=False),
    Column("report", String(32), nullable=False),
    Column("rule", String(16), nullable=False),
    Column("subject", Text),
    Column("period", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("person", String(128), nullable=False),
    Column("at", Instant, nullable=False),
    CheckConstraint("state IN ('open', 'remedied', 'closed')", name="state_is_known"),
    Index(None, "exchange", "occurrence"),
)
"""The steps about a breach; while there is none it is open."""

verdict_reads = Table(
    "verdict_reads",
    metadata,
    Column("submission", ForeignKey("submissions.id"), primary_key=True),
    Column("person", String(128), primary_key=True),
    Column("exchange", String(32), nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "exchange"),
)
"""Who of an exchange has opened the verdict of a submission, once each."""

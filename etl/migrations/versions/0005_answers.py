"""Explanations, decisions, steps about breaches and who has read a verdict: tables that only grow."""

import sqlalchemy as sa
from alembic import op

from etl.records import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_APPEND_ONLY = {
    "explanations": "number = NEW.number OR id = NEW.id",
    "decisions": "number = NEW.number",
    "breach_states": "number = NEW.number",
    "verdict_reads": "submission = NEW.submission AND person = NEW.person",
}
"""The tables, and when a new row would take the place of one that stands there."""


def upgrade() -> None:
    """Apply the change."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "explanations",
        sa.Column("number", number, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("exchange", sa.String(length=32), nullable=False),
        sa.Column("report", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("submission", sa.String(length=32), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"], name=op.f("fk_explanations_submission")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_explanations")),
        sa.UniqueConstraint("id", name=op.f("uq_explanations_id")),
    )
    op.create_index(op.f("ix_explanations_exchange_fingerprint"), "explanations", ["exchange", "fingerprint"])
    op.create_table(
        "decisions",
        sa.Column("number", number, autoincrement=True, nullable=False),
        sa.Column("explanation", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.CheckConstraint("outcome IN ('accepted', 'refused', 'referred')", name="outcome_is_known"),
        sa.CheckConstraint("(outcome = 'accepted') = (until IS NOT NULL)", name="accepted_until_a_day"),
        sa.ForeignKeyConstraint(["explanation"], ["explanations.id"], name=op.f("fk_decisions_explanation")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_explanation"), "decisions", ["explanation"])
    op.create_table(
        "breach_states",
        sa.Column("number", number, autoincrement=True, nullable=False),
        sa.Column("occurrence", sa.String(length=64), nullable=False),
        sa.Column("exchange", sa.String(length=32), nullable=False),
        sa.Column("report", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'remedied', 'closed')", name="state_is_known"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_breach_states")),
    )
    op.create_index(op.f("ix_breach_states_exchange_occurrence"), "breach_states", ["exchange", "occurrence"])
    op.create_table(
        "verdict_reads",
        sa.Column("submission", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("exchange", sa.String(length=32), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"], name=op.f("fk_verdict_reads_submission")),
        sa.PrimaryKeyConstraint("submission", "person", name=op.f("pk_verdict_reads")),
    )
    op.create_index(op.f("ix_verdict_reads_exchange"), "verdict_reads", ["exchange"])
    if op.get_bind().dialect.name == "postgresql":
        _refuse_changes_on_postgresql()
    else:
        _refuse_changes_on_sqlite()


def _refuse_changes_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_other_answers() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'what was answered stays as it was said'; END $$"
    )
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_other_answers()"
        )
        # Also where a session says that it only replays what another server did.
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_only_grows")


def _refuse_changes_on_sqlite() -> None:
    refuse = "BEGIN SELECT RAISE(ABORT, 'what was answered stays as it was said'); END"
    for table, same in _APPEND_ONLY.items():
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        # INSERT OR REPLACE removes the row that stands there without asking the trigger before DELETE.
        stands = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608  names of our own
        op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {stands} {refuse}")


def downgrade() -> None:
    """Take the change back, and all answers with it."""
    for table in ("verdict_reads", "breach_states", "decisions", "explanations"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_other_answers()")

"""Thresholds proposed by one administrator and decided by another; neither table lets a row be changed or removed."""

import sqlalchemy as sa
from alembic import op

from etl.records import types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_APPEND_ONLY = {"threshold_proposals": "id", "threshold_decisions": "proposal"}
_SENTENCE = "what was proposed and decided of thresholds only grows"


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "threshold_proposals",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("exchange", sa.String(length=32), nullable=True),
        sa.Column("value", sa.String(length=32), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("what_if", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.String(length=16), nullable=False),
        sa.Column("proposed_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_threshold_proposals")),
    )
    op.create_table(
        "threshold_decisions",
        sa.Column("proposal", sa.String(length=16), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("decided_by", sa.String(length=16), nullable=False),
        sa.Column("decided_at", types.Instant(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("decision IN ('approved', 'refused', 'withdrawn')", name="decision_is_known"),
        sa.ForeignKeyConstraint(["proposal"], ["threshold_proposals.id"], name=op.f("fk_threshold_decisions_proposal")),
        sa.PrimaryKeyConstraint("proposal", name=op.f("pk_threshold_decisions")),
    )
    if op.get_bind().dialect.name == "postgresql":
        _refuse_changes_on_postgresql()
    else:
        _refuse_changes_on_sqlite()


def _refuse_changes_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_threshold_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_SENTENCE}'; END $$"
    )
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_threshold_change()"
        )
        # Also where a session says that it only replays what another server did.
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_only_grows")


def _refuse_changes_on_sqlite() -> None:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_SENTENCE}'); END"
    for table, key in _APPEND_ONLY.items():
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        # INSERT OR REPLACE removes the row that stands there without asking the trigger before DELETE.
        stands = f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"  # noqa: S608  names of our own
        op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {stands} {refuse}")


def downgrade() -> None:
    """Take the change back, and what was decided with it."""
    for table in ("threshold_decisions", "threshold_proposals"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_threshold_change()")

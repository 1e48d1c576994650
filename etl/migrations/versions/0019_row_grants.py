"""A supervisor lets an administrator read rows for a time."""

import sqlalchemy as sa
from alembic import op

from etl.records import types

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "row_grants",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("person", sa.String(length=16), nullable=False),
        sa.Column("granted_by", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("granted_at", types.Instant(), nullable=False),
        sa.Column("ends_at", types.Instant(), nullable=False),
        sa.Column("ended_at", types.Instant(), nullable=True),
        sa.Column("ended_by", sa.String(length=16), nullable=True),
        sa.CheckConstraint("ends_at > granted_at", name="ends_after_it_begins"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by_somebody"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_row_grants_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_row_grants")),
    )
    op.create_index(op.f("ix_row_grants_person"), "row_grants", ["person"])


def downgrade() -> None:
    """Take the change back, and the grants with it."""
    op.drop_table("row_grants")

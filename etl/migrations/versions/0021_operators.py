"""Whose acts those of the command are, by the user of the operating system who gives it."""

import sqlalchemy as sa
from alembic import op

from etl.records import types

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change; nobody is bound."""
    op.create_table(
        "operators",
        sa.Column("os_user", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=16), nullable=False),
        sa.Column("bound_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_operators_person")),
        sa.PrimaryKeyConstraint("os_user", name=op.f("pk_operators")),
    )


def downgrade() -> None:
    """Take the change back, and the bindings with it."""
    op.drop_table("operators")

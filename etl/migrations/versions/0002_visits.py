"""When each visitor was last here."""

import sqlalchemy as sa
from alembic import op

from etl.records import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "visits",
        sa.Column("visitor", sa.String(length=64), nullable=False),
        sa.Column("began_at", types.Instant(), nullable=False),
        sa.Column("since", types.Instant(), nullable=True),
        sa.Column("last_seen_at", types.Instant(), nullable=False),
        sa.Column("shown_until", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("visitor", name=op.f("pk_visits")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("visits")

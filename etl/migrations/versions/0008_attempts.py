"""How often each submission was taken up, so that one that ends the process does not hold up the others."""

import sqlalchemy as sa
from alembic import op

from etl.records import types

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("submissions", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("submissions", sa.Column("attempted_at", types.Instant(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("submissions", "attempted_at")
    op.drop_column("submissions", "attempts")

"""Where a session was opened from, for its owner to know it by."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change; sessions that are open keep none."""
    op.add_column("sessions", sa.Column("source", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("sessions", "source")

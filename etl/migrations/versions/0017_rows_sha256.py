"""The hash of each submission's published rows, which every read of them is held against."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("submissions", sa.Column("rows_sha256", sa.String(64)))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("submissions", "rows_sha256")

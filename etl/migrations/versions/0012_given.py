"""What a sender gives beside a file: its hash and its number of rows, as they were written."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("submissions", sa.Column("given_sha256", sa.String(128), nullable=True))
    op.add_column("submissions", sa.Column("given_rows", sa.String(128), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("submissions", "given_rows")
    op.drop_column("submissions", "given_sha256")

"""What we failed on: under which incident, and by which version of the program."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("submissions", sa.Column("incident", sa.String(32), nullable=True))
    op.add_column("submissions", sa.Column("failed_version", sa.String(16), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("submissions", "failed_version")
    op.drop_column("submissions", "incident")

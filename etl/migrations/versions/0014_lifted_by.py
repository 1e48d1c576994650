"""Which change of what is accepted took a breach away (FIX-001)."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("findings", sa.Column("lifted_by", sa.String(32), nullable=True))
    op.create_index("ix_findings_lifted_by", "findings", ["lifted_by"])
    op.create_index("ix_submissions_superseded_by", "submissions", ["superseded_by"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_submissions_superseded_by", "submissions")
    op.drop_index("ix_findings_lifted_by", "findings")
    op.drop_column("findings", "lifted_by")

"""What is read of the accepted data to judge a submission; it is judged again once, so that this is known of it."""

import sqlalchemy as sa
from alembic import op

from etl.records.types import Instant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "regions",
        sa.Column("submission", sa.String(32), nullable=False),
        sa.Column("relation", sa.String(32), nullable=False),
        sa.Column("exchange", sa.String(32), nullable=False),
        sa.Column("report", sa.String(32), nullable=False),
        sa.Column("entity", sa.String(520), nullable=True),
        sa.Column("start_at", Instant(), nullable=False),
        sa.Column("end_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"], name=op.f("fk_regions_submission")),
    )
    op.create_index("ix_regions_submission", "regions", ["submission"])
    op.create_index("ix_regions_exchange_report_end_at", "regions", ["exchange", "report", "end_at"])
    op.execute("UPDATE submissions SET reviewed_state = NULL WHERE state = 'accepted'")


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("regions")

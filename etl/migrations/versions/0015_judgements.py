"""What came of each rule of each submission; of what was judged before, nothing until it is judged again."""

import sqlalchemy as sa
from alembic import op

from etl.records.types import Instant

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "judgements",
        sa.Column("submission", sa.String(32), nullable=False),
        sa.Column("rule", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("why", sa.String(16), nullable=True),
        sa.Column("finding_count", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("read_count", sa.BigInteger(), nullable=False),
        sa.Column("rule_set_version", sa.String(16), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("incident", sa.String(32), nullable=True),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"], name=op.f("fk_judgements_submission")),
        sa.PrimaryKeyConstraint("submission", "rule", name=op.f("pk_judgements")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("judgements")

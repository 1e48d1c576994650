"""A number that only grows for each submission, in the order of filing: clocks may be set back."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change; what is filed already keeps the order that it had."""
    op.add_column("submissions", sa.Column("sequence", sa.BigInteger(), nullable=False, server_default="0"))
    connection = op.get_bind()
    ids = connection.execute(sa.text("SELECT id FROM submissions ORDER BY received_at, recorded_at, id")).scalars()
    rows = [{"id": id_, "sequence": place} for place, id_ in enumerate(ids.all(), 1)]
    if rows:
        connection.execute(sa.text("UPDATE submissions SET sequence = :sequence WHERE id = :id"), rows)
    op.create_index("ix_submissions_sequence", "submissions", ["sequence"], unique=True)


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_submissions_sequence", "submissions")
    op.drop_column("submissions", "sequence")

"""An index by which the newest change of all submissions is known without reading all of them."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_index("ix_states_recorded_at", "states", ["recorded_at"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_states_recorded_at", table_name="states")

"""Indexes by which a few days are read without the whole history."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.drop_index("ix_submissions_state_report_period_start", table_name="submissions")
    op.create_index("ix_submissions_report_state_period_start", "submissions", ["report", "state", "period_start"])
    op.create_index("ix_findings_exchange_report_start", "findings", ["exchange", "report", "start"])
    op.create_index("ix_key_actions_exchange_case_id", "key_actions", ["exchange", "case_id"])
    op.create_index("ix_halts_exchange_halt_id", "halts", ["exchange", "halt_id"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_halts_exchange_halt_id", table_name="halts")
    op.drop_index("ix_key_actions_exchange_case_id", table_name="key_actions")
    op.drop_index("ix_findings_exchange_report_start", table_name="findings")
    op.drop_index("ix_submissions_report_state_period_start", table_name="submissions")
    op.create_index("ix_submissions_state_report_period_start", "submissions", ["state", "report", "period_start"])

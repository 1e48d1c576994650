"""Whose account at their organisation a person signs in with."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "organisation_accounts",
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("person", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_organisation_accounts_person")),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_organisation_accounts")),
        sa.UniqueConstraint("person", name=op.f("uq_organisation_accounts_person")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("organisation_accounts")

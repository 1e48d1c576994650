"""What the very first stores lack: revision 0001 was changed on 2026-11-22, a day after stores had been made with it.

Migrations never change once landed (`tests/test_revisions.py` holds each by its hash); this mends what came of one that
did. It brings a store of the first form of 0001 to the form that 0002 expects, and leaves every other as it is.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from etl.records import types


def complete(connection: Connection) -> None:
    """Bring a store at the first form of revision 0001 to its second form."""
    if "exchange" in {column["name"] for column in inspect(connection).get_columns("findings")}:
        return
    op = Operations(MigrationContext.configure(connection))
    op.add_column("submissions", sa.Column("reviewed_state", sa.String(length=16), nullable=True))
    with op.batch_alter_table("findings") as findings:
        findings.alter_column("submission", existing_type=sa.String(length=32), nullable=True)
        for name, length in (("exchange", 32), ("report", 32), ("period", 16)):
            findings.add_column(sa.Column(name, sa.String(length=length), nullable=True))
        for name in ("found_at", "lifted_at"):
            findings.add_column(sa.Column(name, types.Instant(), nullable=True))
    # A finding was made with the verdict on its submission.
    for name in ("exchange", "report", "period"):
        connection.execute(text(f"UPDATE findings SET {name} = {_of_submission(name)}"))  # noqa: S608  names of our own
    when = _of_submission("coalesce(decided_at, recorded_at)")
    connection.execute(text(f"UPDATE findings SET found_at = {when}"))  # noqa: S608  names of our own
    with op.batch_alter_table("findings") as findings:
        for name, length in (("exchange", 32), ("report", 32), ("period", 16)):
            findings.alter_column(name, existing_type=sa.String(length=length), nullable=False)
        findings.alter_column("found_at", existing_type=types.Instant(), nullable=False)
    op.create_table(
        "short_checks",
        sa.Column("submission", sa.String(length=32), nullable=False),
        sa.Column("exchange", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("asset", sa.String(length=64), nullable=False),
        sa.Column("checked_at", types.Instant(), nullable=False),
        sa.Column("ledger_quantity", types.ExactDecimal(), nullable=False),
        sa.Column("wallet_quantity", types.ExactDecimal(), nullable=False),
        sa.Column("price_krw", types.ExactDecimal(), nullable=False),
        sa.Column("source_row", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"], name="fk_short_checks_submission"),
    )
    op.create_index("ix_short_checks_day_exchange", "short_checks", ["day", "exchange"])
    op.create_index("ix_short_checks_submission", "short_checks", ["submission"])


def _of_submission(what: str) -> str:
    return f"(SELECT {what} FROM submissions WHERE submissions.id = findings.submission)"  # noqa: S608

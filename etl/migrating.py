"""`daxa migrate`: the schema, the digests of what a revision added columns to, and the log's entry, in one transaction.

Killed at any moment it is done or not done; figures, which are derived, are made again afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

from etl.records.engine import columns_by_table, upgrade, writing
from etl.records.log import AuditEvent, EventKind, append
from etl.store import Store
from etl.vouching import renew_after_migration, vouch_for_older


@dataclass(frozen=True, slots=True)
class Migrated:
    """The revisions before (None: no tables) and after; how many records got a new digest, and how many their first."""

    before: str | None
    after: str
    renewed: int
    vouched: int


def migrate_store(store: Store, actor: str) -> Migrated:
    """Bring a store to this version's schema, and have the log vouch for what that changed."""
    with writing(store.engine, lock="migrations") as connection:
        had = columns_by_table(connection)
        before, after = upgrade(connection)
        if before != after:
            # First: in a store without a log it says that what is there is older.
            append(connection, [AuditEvent(actor, EventKind.MIGRATE, None, {"from": before, "to": after})])
        renewed = renew_after_migration(connection, actor, had)
        vouched = vouch_for_older(connection, actor)
    return Migrated(before, after, renewed, vouched)

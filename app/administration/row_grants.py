"""Grants to read rows: what supervisors and administrators are shown of them, and what a supervisor does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.administration.actors import actor_names
from app.columns import Instant, LongText, StateCode, Text
from app.scope import Identity, Role, Scope
from etl.records import people, row_grants
from etl.records.engine import reading, writing
from etl.records.log import EventKind
from etl.records.moved_on import NOTHING, state_in_log
from etl.records.row_grants import RowGrant
from etl.store import Store


@dataclass(frozen=True, slots=True)
class GrantRecord:
    """A grant; `state` is `active`, `expired` or, where it was ended before its time, `revoked`."""

    name: Text
    state: StateCode
    granted_at: Instant
    ends_at: Instant
    granted_by: Text
    reason: LongText
    grant_ended_at: Instant | None
    grant: Text


@dataclass(frozen=True, slots=True)
class GrantsShown:
    """The grants, the newest first, the administrators who may be given one, and the state that both were read in."""

    grants: tuple[GrantRecord, ...]
    administrators: tuple[str, ...]
    seen: str


def grants_shown(store: Store, scope: Scope, now: datetime) -> GrantsShown:
    """What supervisors and administrators see; nothing for anybody else."""
    if scope.role not in (Role.ADMIN, Role.SUPERVISOR):
        return GrantsShown((), (), NOTHING)
    with reading(store.engine) as connection:
        seen = state_in_log(connection, EventKind.ROW_GRANT)
        names = actor_names(connection)
        grants = tuple(
            GrantRecord(
                name=names[one.person],
                state="active" if one.holds_at(now) else "expired" if one.ended_at is None else "revoked",
                granted_at=one.granted_at,
                ends_at=one.ends_at,
                granted_by=names[one.granted_by],
                reason=one.reason,
                grant_ended_at=one.ended_at,
                grant=one.id,
            )
            for one in row_grants.listed(connection)
        )
        able = [one.name for one in people.listed(connection) if one.acts_as(Role.ADMIN)]
    return GrantsShown(grants, tuple(able), seen)


@dataclass(frozen=True, slots=True)
class GrantActions:
    """The acts of one person on grants: RefusedError and MovedOnError as the records raise them."""

    store: Store
    identity: Identity
    seen: str

    def grant(self, name: str, hours: int, reason: str) -> RowGrant:
        """Let an administrator read rows for some hours."""
        with writing(self.store.engine) as connection:
            return row_grants.grant(
                connection,
                name,
                timedelta(hours=hours),
                reason=reason,
                seen=self.seen,
                actor=self.identity.person,
                at=datetime.now(UTC),
            )

    def end(self, grant: str) -> RowGrant:
        """End a grant before its time."""
        with writing(self.store.engine) as connection:
            return row_grants.end(connection, grant, seen=self.seen, actor=self.identity.person, at=datetime.now(UTC))

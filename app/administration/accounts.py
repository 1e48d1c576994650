"""Who can sign in, and the machine tokens of the exchanges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.administration.actors import actor_names, for_administrators
from app.columns import Code, ExchangeId, Instant, StateCode, Text
from app.scope import Scope
from etl.records import people, tokens
from etl.records.log import EventKind
from etl.records.moved_on import state_in_log
from etl.store import Store


@dataclass(frozen=True, slots=True)
class PersonAccount:
    """Somebody who can sign in, or could; `state` is `active` or `disabled`."""

    name: Text
    role: Code
    exchange: ExchangeId | None
    state: StateCode
    created_at: Instant
    disabled_at: Instant | None
    person_id: Text


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A machine token without its secret; `state` is `active`, `expired` or `revoked`, `scopes` what it is good for."""

    token: Text
    exchange: ExchangeId
    name: Text
    scopes: tuple[str, ...]
    state: StateCode
    expires_at: Instant
    last_used_at: Instant | None
    created_by: Text
    created_at: Instant


def state_seen(store: Store, scope: Scope, act: EventKind) -> str:
    """The state of what acts of a kind are about; asked before what is drawn, so that it is never newer than that.

    Whoever is no administrator gets an empty text.
    """

    def read(connection: Connection) -> Iterator[str]:
        yield state_in_log(connection, act)

    return next(iter(for_administrators(scope, store, read)), "")


def people_list(store: Store, scope: Scope) -> tuple[PersonAccount, ...]:
    """Everybody who can sign in or could, by name."""

    def read(connection: Connection) -> Iterator[PersonAccount]:
        for one in people.listed(connection):
            yield PersonAccount(
                name=one.name,
                role=one.role.value,
                exchange=one.exchange,
                state="active" if one.is_active else "disabled",
                created_at=one.created_at,
                disabled_at=one.disabled_at,
                person_id=one.id,
            )

    return for_administrators(scope, store, read)


def token_list(store: Store, scope: Scope, now: datetime) -> tuple[TokenRecord, ...]:
    """All machine tokens, the oldest first, with their state at `now` and the names of who created them."""

    def read(connection: Connection) -> Iterator[TokenRecord]:
        names = actor_names(connection)
        for one in tokens.listed(connection):
            yield TokenRecord(
                token=one.id,
                exchange=one.exchange,
                name=one.name,
                scopes=tuple(sorted(one.scopes)),
                state="revoked" if one.revoked_at else "active" if one.holds_at(now) else "expired",
                expires_at=one.expires_at,
                last_used_at=one.last_used_at,
                created_by=names.get(one.created_by, one.created_by),
                created_at=one.created_at,
            )

    return for_administrators(scope, store, read)

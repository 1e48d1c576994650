"""Who administrators' records are for, and the names of those who act in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from sqlalchemy import Connection

from app.scope import Role, Scope
from etl.records import log, people, tokens
from etl.records.engine import reading
from etl.store import Store

Record = TypeVar("Record")


def for_administrators(
    scope: Scope, store: Store, read: Callable[[Connection], Iterable[Record]]
) -> tuple[Record, ...]:
    """What `read` returns to an administrator, in its order; nothing to anybody else, unread."""
    if scope.role is not Role.ADMIN:
        return ()
    with reading(store.engine) as connection:
        return tuple(read(connection))


def actor_names(connection: Connection) -> dict[str, str]:
    """The names of all people and tokens by their ids."""
    persons = {one.id: one.name for one in people.listed(connection)}
    return persons | {one.id: one.name for one in tokens.listed(connection)}


def log_actors(store: Store, scope: Scope) -> dict[str, str]:
    """Who may have acted: people and tokens by id with their names; the command and the program without one."""
    if scope.role is not Role.ADMIN:
        return {}
    with reading(store.engine) as connection:
        return {log.COMMAND: "", log.SYSTEM: ""} | actor_names(connection)

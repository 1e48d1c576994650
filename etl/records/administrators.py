"""What only an administrator may do: every act asks first, in its own transaction, whether who acts is one.

A screen that offers an act to somebody else by mistake offers nothing: the records refuse it. Each takes the state that
was `seen` (`etl.records.moved_on.state_in_log`) and raises MovedOnError where it is another now.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from etl.records import people, tokens
from etl.records.log import COMMAND, EventKind
from etl.records.moved_on import must_not_have_changed
from etl.records.people import Person, Role
from etl.records.tokens import NewToken, Token, TokenScope

REASON_LONGEST = 500


class RefusedError(ValueError):
    """An act that was not done: `reason` names the sentence that says why, `parts` fill it."""

    def __init__(self, reason: str, **parts: object) -> None:
        """The sentence itself is the service's, which speaks to people."""
        super().__init__(" ".join([reason, *(f"{name}={value}" for name, value in parts.items())]))
        self.reason, self.parts = reason, parts


def administrator(connection: Connection, actor: str) -> Person:
    """Who acts, where that is an administrator who may sign in; RefusedError otherwise."""
    person = people.by_id(connection, actor)
    if person is None or not person.acts_as(Role.ADMIN):
        raise RefusedError("not_an_administrator")
    return person


def reason_of(text: str, *, is_due: bool = True) -> str:
    """The reason that was given for an act, trimmed; RefusedError where it is too long, or is due and lacks."""
    if is_due and not text.strip():
        raise RefusedError("no_reason")
    if len(text) > REASON_LONGEST:
        raise RefusedError("long_reason", longest=REASON_LONGEST)
    return text.strip()


def require_administrator(connection: Connection, actor: str) -> None:
    """Raise RefusedError unless the actor is an administrator or the command on this machine."""
    if actor != COMMAND:
        administrator(connection, actor)


def add_person(
    connection: Connection,
    name: str,
    role: Role,
    exchange: str | None,
    password: str,
    *,
    seen: str | None = None,
    actor: str,
    at: datetime,
) -> Person:
    """Let somebody sign in from now on; MovedOnError where somebody else has done so since the list was `seen`."""
    require_administrator(connection, actor)
    kept = people.name_as_kept(name)
    if not people.is_name(kept):
        raise RefusedError("no_name", name=name)
    if (known := people.by_name(connection, kept)) is not None:
        must_not_have_changed(connection, EventKind.PERSON_CHANGE, known.id, seen)
        raise RefusedError("name_taken", name=kept)
    return people.add(connection, kept, role, exchange=exchange, password=password, actor=actor, at=at)


def set_password(
    connection: Connection, name: str, password: str, *, seen: str | None = None, actor: str, at: datetime
) -> Person:
    """Give somebody a new password; where they are signed in, that ends."""
    require_administrator(connection, actor)
    person = _known(connection, name)
    must_not_have_changed(connection, EventKind.PERSON_CHANGE, person.id, seen)
    return people.change_password(connection, person.name, password, actor=actor, at=at)


def disable_person(connection: Connection, name: str, *, seen: str | None = None, actor: str, at: datetime) -> Person:
    """Disable an account; nobody can disable their own, so one administrator always remains."""
    require_administrator(connection, actor)
    person = _known(connection, name)
    if person.id == actor:
        raise RefusedError("oneself")
    must_not_have_changed(connection, EventKind.PERSON_CHANGE, person.id, seen)
    if not person.is_active:
        raise RefusedError("already_disabled", name=person.name)
    return people.disable(connection, person.name, actor=actor, at=at)


def enable_person(connection: Connection, name: str, *, seen: str | None = None, actor: str, at: datetime) -> Person:
    """Let somebody in again."""
    require_administrator(connection, actor)
    person = _known(connection, name)
    must_not_have_changed(connection, EventKind.PERSON_CHANGE, person.id, seen)
    if person.is_active:
        raise RefusedError("already_enabled", name=person.name)
    return people.enable(connection, person.name, actor=actor, at=at)


def _known(connection: Connection, name: str) -> Person:
    person = people.by_name(connection, name)
    if person is None:
        raise RefusedError("nobody", name=name)
    return person


def create_token(
    connection: Connection,
    exchange: str,
    name: str,
    scopes: Iterable[TokenScope],
    life: timedelta,
    *,
    seen: str | None = None,
    actor: str,
    at: datetime,
) -> NewToken:
    """Make a machine token for an exchange.

    MovedOnError where somebody has made one of the same name for it since the list was `seen`.
    """
    require_administrator(connection, actor)
    wanted = tuple(scopes)
    if not tokens.is_name(name):
        raise RefusedError("no_token_name", longest=tokens.NAME_MAXIMUM)
    if not wanted:
        raise RefusedError("no_scope")
    for token in tokens.listed(connection, exchange=exchange):
        if token.name == name and token.revoked_at is None:
            must_not_have_changed(connection, EventKind.TOKEN_CHANGE, token.id, seen)
    return tokens.create(connection, exchange, name, scopes=wanted, life=life, actor=actor, at=at)


def revoke_token(connection: Connection, id_: str, *, seen: str | None = None, actor: str, at: datetime) -> Token:
    """End a token at once."""
    require_administrator(connection, actor)
    known = {token.id: token for token in tokens.listed(connection)}
    if id_ not in known:
        raise RefusedError("no_token", token=id_)
    must_not_have_changed(connection, EventKind.TOKEN_CHANGE, id_, seen)
    if known[id_].revoked_at is not None:
        raise RefusedError("already_revoked", token=id_)
    return tokens.revoke(connection, id_, actor=actor, at=at)

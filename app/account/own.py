"""Somebody's own sessions and sign-ins, and what they do about them; nobody is asked about another person here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from app.columns import Code, Instant, Text
from app.scope import Identity
from etl.records import log, people
from etl.records.administrators import RefusedError
from etl.records.engine import reading
from etl.records.log import EventKind
from etl.records.passwords import UnfitPasswordError
from etl.records.sessions import OpenSession, change_own_password, end_others, open_sessions
from etl.records.sign_in import Refused, authenticate
from etl.store import Store

SHOWN = 20


@dataclass(frozen=True, slots=True)
class SignInRecord:
    """A time that somebody signed in as this person, or tried to: `outcome` is `signed_in` or `failed`."""

    at: Instant
    outcome: Code
    way: Code | None
    source: Text


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """What somebody is shown of their own account.

    `failed_since` is how many tries failed since they signed in before this time; `has_password` is false where they
    sign in with their organisation's account alone.
    """

    sessions: tuple[OpenSession, ...]
    sign_ins: tuple[SignInRecord, ...]
    failed_since: int
    has_password: bool


def own_account(store: Store, identity: Identity, now: datetime) -> OwnAccount:
    """Sessions, the newest sign-ins and tries, and how many tries failed."""
    with reading(store.engine) as connection:
        sessions = open_sessions(connection, identity.person, identity.session, now)
        signed_in = log.entries(connection, act=EventKind.SIGN_IN, subject=identity.person, limit=SHOWN)
        failed = log.entries(connection, act=EventKind.SIGN_IN_FAILED, subject=identity.person, limit=SHOWN)
        has_password = people.has_password(connection, identity.person)
        failed_since = _failed_since(connection, identity.person)
    newest = sorted((*signed_in, *failed), key=lambda entry: entry.sequence, reverse=True)[:SHOWN]
    return OwnAccount(tuple(sessions), tuple(map(_record, newest)), failed_since, has_password)


def failed_tries(store: Store, identity: Identity) -> int:
    """How many tries to sign in with somebody's name failed since they signed in before this time."""
    with reading(store.engine) as connection:
        return _failed_since(connection, identity.person)


def _failed_since(connection: Connection, person: str) -> int:
    signed_in = log.entries(connection, act=EventKind.SIGN_IN, subject=person, limit=2)
    before = signed_in[1].sequence if len(signed_in) > 1 else 0
    return log.entry_count(connection, act=EventKind.SIGN_IN_FAILED, subject=person, after=before)


def _record(entry: log.Entry) -> SignInRecord:
    said = json.loads(entry.details)
    outcome = "signed_in" if entry.act == EventKind.SIGN_IN else "failed"
    return SignInRecord(entry.at, outcome, said.get("way"), said.get("source") or "")


def set_own_password(store: Store, identity: Identity, present: str, new: str, again: str) -> None:
    """Set one's own new password, where the present one is right; RefusedError otherwise, with `until` during a wait.

    A wrong present one counts like a failed sign-in, so that whoever finds an open screen cannot guess it.
    """
    if new != again:
        raise RefusedError("not_the_same")
    now = datetime.now(UTC)
    with reading(store.engine) as connection:
        sessions = open_sessions(connection, identity.person, identity.session, now)
    source = next((one.source for one in sessions if one.is_own), None) or ""
    found = authenticate(store.engine, identity.name, present, source=source, now=now)
    if isinstance(found, Refused):
        raise RefusedError("wrong") if found.until is None else RefusedError("wait", until=found.until)
    if present == new:
        raise RefusedError("no_other")
    try:
        change_own_password(store.engine, found, new, identity.session, now)
    except UnfitPasswordError as error:
        raise RefusedError(error.reason.value) from error


def end_own_sessions(store: Store, identity: Identity, only: str | None = None) -> int:
    """End one's own other sessions, or `only` one of them; how many were ended."""
    return end_others(store.engine, identity.person, identity.session, datetime.now(UTC), only=only)

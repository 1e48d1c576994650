"""Signing in with name and password: one answer for every failure, and a growing wait after repeated ones.

An attempt is counted as failed before the password is looked at and uncounted when it is right, so that many attempts
at once are no way around the wait. Names are counted whether or not there is such a person, and a name nobody has costs
the same work, so that neither the wait nor the time tells who there is.

Whoever signs in from where they signed in before is counted by themselves, a name from a network: strangers who guess
at the name elsewhere do not lock its owner out, nor does one who guesses at many names in an office lock out the others
who sit there. Where somebody signed in before is in the audit log.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, insert, select, update

from etl.records.access_tables import failed_sign_ins, people
from etl.records.engine import writing
from etl.records.log import SYSTEM, AuditEvent, EventKind, append, entries
from etl.records.passwords import hash_of, is_outdated, is_password_of
from etl.records.people import Person, by_name, name_as_kept
from etl.records.vouched import Record

FREE_FOR_NAME = 5
"""Attempts at one name before any wait: people mistype. NIST SP 800-63B-4, 3.2.2 allows 100 before the account ends."""

FREE_FOR_SOURCE = 20
"""Attempts from one address before any wait: a whole office may stand behind it."""

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=15)
"""The wait doubles up to this: at most about 100 guesses a day at one name, and nobody is shut out for longer."""

FORGOTTEN_AFTER = timedelta(hours=24)
"""A count that nothing was added to for so long starts anew; far longer than the longest wait."""

KNOWN_FOR = timedelta(days=90)
"""So long after somebody last signed in from a network it is known to be theirs."""
_SIGN_INS_LOOKED_AT = 200

_LOCK = "sign_in"


@dataclass(frozen=True, slots=True)
class Refused:
    """Nobody was let in: name and password do not fit, or (with `until`) there is a wait first."""

    until: datetime | None


def authenticate(engine: Engine, name: str, password: str, *, source: str, now: datetime) -> Person | Refused:
    """The person whose name and password these are; `source` is the address that the attempt comes from."""
    network = _network(source)
    free = {_key("name", name_as_kept(name)): FREE_FOR_NAME, _key("source", network): FREE_FOR_SOURCE}
    with writing(engine, lock=_LOCK) as connection:
        if _is_known(connection, name, network, now):
            free = {_key("known", f"{name_as_kept(name)}\n{network}"): FREE_FOR_NAME}
        until = _waits_until(connection, free, now)
        if until is not None:
            return Refused(until)
        _count(connection, free, now)
        person = by_name(connection, name)
        kept = None if person is None else _hash_kept(connection, person)
    fits = is_password_of(kept, password)
    if person is None or kept is None or not fits or not person.is_active:
        with writing(engine, lock=_LOCK) as connection:
            subject = None if person is None else person.id
            append(connection, [AuditEvent(SYSTEM, EventKind.SIGN_IN_FAILED, subject, {"source": source})], at=now)
        return Refused(None)
    renewed = hash_of(password) if is_outdated(kept) else kept
    with writing(engine, lock=_LOCK) as connection:
        _uncount(connection, *free)
        if renewed != kept:
            own = (people.c.id == person.id) & (people.c.password_hash == kept)
            connection.execute(update(people).where(own).values(password_hash=renewed))
            changed = (Record("people", person.id),)
            append(connection, [AuditEvent(SYSTEM, EventKind.REHASH, person.id, vouches=changed)], at=now)
    return person


def _is_known(connection: Connection, name: str, network: str, now: datetime) -> bool:
    """Whether the person of that name signed in from that network lately."""
    person = by_name(connection, name)
    if person is None:
        return False
    found = entries(connection, act=EventKind.SIGN_IN, subject=person.id, limit=_SIGN_INS_LOOKED_AT)
    lately = (json.loads(entry.details).get("source") for entry in found if entry.at > now - KNOWN_FOR)
    return any(source and _network(source) == network for source in lately)


def _hash_kept(connection: Connection, person: Person) -> str | None:
    return connection.execute(select(people.c.password_hash).where(people.c.id == person.id)).scalar()


def _key(kind: str, value: str) -> str:
    """What is counted, without keeping it: people type passwords into the field for the name."""
    return f"{kind}:{hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()}"


def _network(source: str) -> str:
    """The address, or of an IPv6 address the /64 that one household or office has to itself."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def _waits_until(connection: Connection, free: dict[str, int], now: datetime) -> datetime | None:
    """The moment before which nothing is tried, where it lies ahead."""
    c = failed_sign_ins.c
    moments = [
        row.last_at + min(FIRST_WAIT * 2 ** min(row.attempts - free[row.key], 30), LONGEST_WAIT)
        for row in connection.execute(select(failed_sign_ins).where(c.key.in_(free)))
        if row.attempts >= free[row.key]
    ]
    return max((moment for moment in moments if moment > now), default=None)


def _count(connection: Connection, keys: Iterable[str], now: datetime) -> None:
    c = failed_sign_ins.c
    connection.execute(delete(failed_sign_ins).where(c.last_at < now - FORGOTTEN_AFTER))
    for key in keys:
        counted = connection.execute(
            update(failed_sign_ins).where(c.key == key).values(attempts=c.attempts + 1, last_at=now)
        ).rowcount
        if not counted:
            connection.execute(insert(failed_sign_ins).values(key=key, attempts=1, last_at=now))


def _uncount(connection: Connection, own_key: str, *source_keys: str) -> None:
    """A right password ends the count of its name, or of its name from there; from its address only this one attempt.

    Otherwise somebody with one account of their own could guess at others' without ever waiting; and what strangers
    tried elsewhere stays counted where the owner signs in from where they are known.
    """
    c = failed_sign_ins.c
    connection.execute(delete(failed_sign_ins).where(c.key == own_key))
    connection.execute(
        update(failed_sign_ins).where(c.key.in_(source_keys), c.attempts > 0).values(attempts=c.attempts - 1)
    )

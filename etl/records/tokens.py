"""Machine tokens: what an exchange's own systems show instead of a person. Each is one exchange's, for named purposes.

A token reads `daxa_<id>_<secret>`: by its id it is found and recognised, and of its secret only the SHA-256 is kept.
The secret is 256 random bits, so a fast hash is enough, and it cannot be guessed, so nothing has to wait.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, Engine, RowMapping, insert, select, update

from etl.exchanges import all_exchanges
from etl.records.access_tables import tokens
from etl.records.engine import RecordsUnavailableError, reading, writing_soon
from etl.records.log import AuditEvent, EventKind, append
from etl.records.vouched import Record

USUAL_LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=366)
"""What nobody renews within a year nobody looks after."""

TOUCHED_EVERY = timedelta(minutes=1)
"""That a token was used is written down no more often."""

_TOUCH_PATIENCE = timedelta(milliseconds=200)
_TEXT = re.compile(r"daxa_(T-[0-9a-f]{12})_([A-Za-z0-9_-]{43})")
NAME_MAXIMUM = 64


class TokenScope(StrEnum):
    """What a token may be used for."""

    SUBMIT = "submit"
    READ = "read"


class TokenError(ValueError):
    """A token that cannot be created or revoked, with a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Token:
    """A machine token without its secret."""

    id: str
    exchange: str
    name: str
    scopes: frozenset[TokenScope]
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    def holds_at(self, moment: datetime) -> bool:
        """True while it is neither revoked nor expired."""
        return self.revoked_at is None and moment < self.expires_at


@dataclass(frozen=True, slots=True)
class NewToken:
    """A new token and its text, which is shown only once."""

    token: Token
    text: str


def scopes_from(text: str) -> frozenset[TokenScope]:
    """The scopes in a list separated by commas; TokenError where one is unknown or none is given."""
    try:
        scopes = frozenset(TokenScope(word.strip()) for word in text.split(","))
    except ValueError as error:
        raise TokenError(f"'{text}' is no list of scopes; the scopes are {', '.join(TokenScope)}") from error
    return scopes


def is_name(name: str) -> bool:
    """True for a name that a token may have."""
    return bool(name.strip()) and len(name) <= NAME_MAXIMUM and name.isprintable()


def create(
    connection: Connection,
    exchange: str,
    name: str,
    *,
    scopes: Iterable[TokenScope] = tuple(TokenScope),
    life: timedelta = USUAL_LIFE,
    actor: str,
    at: datetime,
) -> NewToken:
    """Make a token for an exchange's systems; TokenError in one sentence where that cannot be."""
    if exchange not in all_exchanges():
        raise TokenError(f"there is no exchange '{exchange}'; the members are {', '.join(all_exchanges())}")
    if not is_name(name):
        raise TokenError(f"a token has a name of 1 to {NAME_MAXIMUM} characters that says what uses it")
    if not timedelta(0) < life <= LONGEST_LIFE:
        raise TokenError(f"a token holds for 1 to {LONGEST_LIFE.days} days; renew it before it ends")
    kept = sorted(set(scopes))
    id_, secret = f"T-{secrets.token_hex(6)}", secrets.token_urlsafe(32)
    connection.execute(
        insert(tokens).values(
            id=id_,
            exchange=exchange,
            name=name,
            scopes=" ".join(kept),
            secret_hash=_digest(secret),
            created_at=at,
            created_by=actor,
            expires_at=at + life,
        )
    )
    details = {"change": "created", "exchange": exchange, "name": name, "scopes": kept, "days": life.days}
    append(connection, [AuditEvent(actor, EventKind.TOKEN_CHANGE, id_, details, (Record("tokens", id_),))], at=at)
    return NewToken(_known(connection, id_), f"daxa_{id_}_{secret}")


def revoke(connection: Connection, id_: str, *, actor: str, at: datetime) -> Token:
    """End a token at once; TokenError in one sentence where there is nothing to end."""
    token = _known(connection, id_)
    if token.revoked_at is not None:
        raise TokenError(f"token {id_} is revoked already")
    connection.execute(update(tokens).where(tokens.c.id == id_).values(revoked_at=at))
    changed = (Record("tokens", id_),)
    append(connection, [AuditEvent(actor, EventKind.TOKEN_CHANGE, id_, {"change": "revoked"}, changed)], at=at)
    return _known(connection, id_)


def listed(connection: Connection, *, exchange: str | None = None) -> list[Token]:
    """All tokens, or one exchange's, oldest first."""
    query = select(tokens).order_by(tokens.c.created_at, tokens.c.id)
    if exchange is not None:
        query = query.where(tokens.c.exchange == exchange)
    return [_token(row) for row in connection.execute(query).mappings()]


def token_of(engine: Engine, text: str, now: datetime) -> Token | None:
    """The token whose text this is, where it holds: whose it is and what for. None whatever is wrong with it."""
    match = _TEXT.fullmatch(text)
    id_, secret = match.groups() if match else ("", "")
    with reading(engine) as connection:
        row = connection.execute(select(tokens).where(tokens.c.id == id_)).mappings().first()
    # Compared also where there is none, in a time that does not tell how much of it is right.
    is_right = hmac.compare_digest(row["secret_hash"] if row else _digest("nobody's"), _digest(secret))
    if row is None or not is_right or not _token(row).holds_at(now):
        return None
    token = _token(row)
    if token.last_used_at is None or now >= token.last_used_at + TOUCHED_EVERY:
        with suppress(RecordsUnavailableError), writing_soon(engine, patience=_TOUCH_PATIENCE) as connection:
            connection.execute(update(tokens).where(tokens.c.id == id_).values(last_used_at=now))
    return token


def _known(connection: Connection, id_: str) -> Token:
    row = connection.execute(select(tokens).where(tokens.c.id == id_)).mappings().first()
    if row is None:
        raise TokenError(f"there is no token '{id_}'; 'daxa tokens list' shows them")
    return _token(row)


def _token(row: RowMapping) -> Token:
    return Token(
        id=row["id"],
        exchange=row["exchange"],
        name=row["name"],
        scopes=frozenset(TokenScope(word) for word in row["scopes"].split()),
        created_at=row["created_at"],
        created_by=row["created_by"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

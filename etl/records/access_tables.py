"""Tables of who may come in, and of what was done: people, their sessions and grants, machine tokens, the audit log.

The log and its heads are append-only: triggers made in revision 0003 refuse to change or remove an entry.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, ForeignKey, Index, Integer, String, Table, Text

from etl.records.tables import metadata
from etl.records.types import Instant

people = Table(
    "people",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("exchange", String(32)),
    Column("password_hash", Text),
    Column("password_changed_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    CheckConstraint("role IN ('exchange', 'supervisor', 'manager', 'admin')", name="role_is_known"),
    CheckConstraint("(role = 'exchange') = (exchange IS NOT NULL)", name="exchange_goes_with_its_role"),
)
"""`password_hash` is null for somebody who signs in another way. Nobody is removed: `disabled_at` ends their access."""

organisation_accounts = Table(
    "organisation_accounts",
    metadata,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False, unique=True),
)
"""Who signs in with their organisation's account: what its provider calls them, for ever, and who they are here."""

operators = Table(
    "operators",
    metadata,
    Column("os_user", String(64), primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False),
    Column("bound_at", Instant, nullable=False),
)
"""Whose acts those of the command are, by the user of the operating system who gives it."""

sessions = Table(
    "sessions",
    metadata,
    Column("id_hash", String(64), primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False),
    Column("way", String(16), nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("source", String(64)),
    Index(None, "person"),
)
"""Who is signed in. The id itself is only in the browser's cookie; `way` is how they proved who they are,
`source` the address that they came from."""

failed_sign_ins = Table(
    "failed_sign_ins",
    metadata,
    Column("key", String(80), primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
)
"""Failed attempts to sign in, counted by the digest of the name that was given and of the address it came from."""

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("exchange", String(32), nullable=False),
    Column("name", String(64), nullable=False),
    Column("scopes", String(64), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", String(16), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
    Index(None, "exchange"),
)
"""Machine tokens. `id` is the part of a token that may be shown again; of the rest only the SHA-256 is kept."""

row_grants = Table(
    "row_grants",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False),
    Column("granted_by", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("granted_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", String(16)),
    CheckConstraint("ends_at > granted_at", name="ends_after_it_begins"),
    CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by_somebody"),
    Index(None, "person"),
)
"""An administrator may read rows from `granted_at` to `ends_at`, or to `ended_at` where a supervisor ended it."""

audit_log = Table(
    "audit_log",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("act", String(32), nullable=False),
    Column("subject", String(128)),
    Column("details", Text, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index(None, "act"),
    Index(None, "subject"),
)
"""One entry an act, chained: `hash` is over `previous_hash` and the whole entry; `details` is canonical JSON."""

log_heads = Table(
    "log_heads",
    metadata,
    Column("day", Date, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("signature", String(128), nullable=False),
    Column("key_id", String(16), nullable=False),
)
"""The last entry of each KST day, signed: whoever removes or rewrites what came before cannot sign it anew."""

"""Drafts: files that were checked and not submitted, kept so that they outlast a reload, and never taken for filed.

A draft has a record and, apart from the evidence, its bytes and what the check told. It is gone when it is submitted or
discarded, and after seven days. A file that holds secrets or personal data (SUB-007) is never kept.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, delete, insert, select

from etl.evidence import digest_of, write_durably
from etl.intake import Declared
from etl.records.draft_tables import drafts
from etl.records.engine import reading, writing
from etl.store import Store
from expectations.vocabulary import KST, Period

LIFE = timedelta(days=7)
"""How long a draft is kept."""
SECRET_RULE = "SUB-007"  # noqa: S105  the rule that finds them
_FOLDER = "drafts"


@dataclass(frozen=True, slots=True)
class Draft:
    """One checked file: whose, for what, its bytes' digest, and what the check found."""

    id: str
    person: str
    exchange: str
    report: str
    period: Period
    file: str
    sha256: str
    size_bytes: int
    state: str
    finding_count: int
    checked_at: datetime
    expires_at: datetime

    @property
    def declared(self) -> Declared:
        """What the file is said to be."""
        return Declared(self.exchange, self.report, self.period)


def keep_draft(
    store: Store, person: str, declared: Declared, file: str, data: bytes, checked: Mapping[str, Any], at: datetime
) -> Draft | None:
    """Store a checked file, replacing the person's earlier draft for the same; None where it must not be stored."""
    if any(finding["rule"] == SECRET_RULE for finding in checked["findings"]):
        return None
    draft = Draft(
        id=f"D-{at.astimezone(KST):%Y%m%d}-{secrets.token_hex(5)}",
        person=person,
        exchange=declared.exchange,
        report=declared.report,
        period=declared.period,
        file=file,
        sha256=digest_of(data),
        size_bytes=len(data),
        state=checked["state"],
        finding_count=len(checked["findings"]),
        checked_at=at,
        expires_at=at + LIFE,
    )
    write_durably(draft_path(store, draft), data)
    write_durably(_told_of(store, draft), orjson.dumps(dict(checked)))
    with writing(store.engine, lock=_FOLDER) as connection:
        c = drafts.c
        earlier = select(drafts).where(
            c.person == person,
            c.exchange == draft.exchange,
            c.report == draft.report,
            c.period_start == draft.period.start,
            c.period_end == draft.period.end,
        )
        gone = _read(connection, earlier)
        _remove_records(connection, gone)
        period = {"period": draft.period.text, "period_start": draft.period.start, "period_end": draft.period.end}
        connection.execute(insert(drafts).values(**{**asdict(draft), **period}))
    _remove_files(store, gone)
    return draft


def drafts_of(store: Store, exchanges: Sequence[str], now: datetime) -> list[Draft]:
    """The drafts of these exchanges that have not expired, the first that will expire first."""
    with reading(store.engine) as connection:
        return _read(
            connection,
            select(drafts)
            .where(drafts.c.exchange.in_(exchanges), drafts.c.expires_at > now)
            .order_by(drafts.c.expires_at, drafts.c.id),
        )


def draft_bytes(store: Store, draft: Draft) -> bytes:
    """Return the draft's file; FileNotFoundError where the draft has been removed."""
    return draft_path(store, draft).read_bytes()


def draft_told(store: Store, draft: Draft) -> dict[str, Any]:
    """Return the result of the draft's check; FileNotFoundError where the draft has been removed."""
    told: dict[str, Any] = orjson.loads(_told_of(store, draft).read_bytes())
    return told


def discard_draft(store: Store, draft: Draft) -> bool:
    """Remove a draft, its record first, so that a crash leaves no record without a file; False where it is gone."""
    with writing(store.engine, lock=_FOLDER) as connection:
        is_taken = take_draft(connection, draft)
    _remove_files(store, [draft])
    return is_taken


def take_draft(connection: Connection, draft: Draft) -> bool:
    """Remove a draft's record in the caller's transaction, once: False where it is gone already."""
    return connection.execute(delete(drafts).where(drafts.c.id == draft.id)).rowcount > 0


def remove_files(store: Store, draft: Draft) -> None:
    """Remove the files of a draft whose record is gone."""
    _remove_files(store, [draft])


def discard_expired(store: Store, now: datetime) -> int:
    """Remove the drafts whose time is over, and files that a crash has left without a record; how many drafts."""
    with reading(store.engine) as connection:
        every = _read(connection, select(drafts))
    expired = [draft for draft in every if draft.expires_at <= now]
    _remove(store, expired)
    kept = {draft.id for draft in every if draft.expires_at > now}
    for path in (store.home / _FOLDER).glob("*"):
        is_old = path.stat().st_mtime < (now - LIFE).timestamp()
        if path.name.split(".")[0] not in kept and is_old:
            path.unlink(missing_ok=True)
    return len(expired)


def _read(connection: Connection, query: Any) -> list[Draft]:
    return [_draft(row) for row in connection.execute(query).mappings()]


def _draft(row: RowMapping) -> Draft:
    values = {name: row[name] for name in Draft.__dataclass_fields__ if name != "period"}
    return Draft(**values, period=Period(row["period_start"], row["period_end"], row["period"]))


def _remove(store: Store, gone: Sequence[Draft]) -> None:
    if gone:
        with writing(store.engine, lock=_FOLDER) as connection:
            _remove_records(connection, gone)
        _remove_files(store, gone)


def _remove_records(connection: Connection, gone: Sequence[Draft]) -> None:
    if gone:
        connection.execute(delete(drafts).where(drafts.c.id.in_([draft.id for draft in gone])))


def _remove_files(store: Store, gone: Sequence[Draft]) -> None:
    for draft in gone:
        draft_path(store, draft).unlink(missing_ok=True)
        _told_of(store, draft).unlink(missing_ok=True)


def draft_path(store: Store, draft: Draft) -> Path:
    """Return the path of a draft's file."""
    return store.home / _FOLDER / f"{draft.id}.bytes"


def _told_of(store: Store, draft: Draft) -> Path:
    return store.home / _FOLDER / f"{draft.id}.told"

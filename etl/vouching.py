"""The records held against the audit log: each as the newest digest in the log says that it is, and none besides.

Records that were made by a version that logged no digests are not faults: they are counted, until `daxa migrate` has
the log vouch for them as they stand then.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table

from etl.faults import Fault
from etl.records import log
from etl.records.log import AuditEvent, EventKind
from etl.records.vouched import VOUCHED, VOUCHINGS, Record, standing

_MADE_ROWS = frozenset(
    {
        EventKind.UPLOAD,
        EventKind.VERDICT,
        EventKind.FAILURE,
        EventKind.RETRY,
        EventKind.WITHDRAW,
        EventKind.HEAL,
        EventKind.EXPLANATION,
        EventKind.DECISION,
        EventKind.BREACH,
        EventKind.VERDICT_READ,
        EventKind.THRESHOLD_CHANGE,
        EventKind.PERSON_CHANGE,
        EventKind.TOKEN_CHANGE,
        EventKind.MIGRATE,
    }
)
"""Acts after which an older version left rows without a digest."""
_OF_SUBMISSIONS = frozenset({"submissions", "states", "findings", "judgements", "regions", "verdict_reads"})
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Held:
    """What does not agree with the log, and the records that it has no digest of because they are older."""

    faults: tuple[Fault, ...]
    not_vouched: tuple[Record, ...]


@dataclass(slots=True)
class _Said:
    """The newest digest of each record, and whether the log has vouched for everything since it began, or once."""

    digests: dict[Record, str | None] = field(default_factory=dict)
    is_whole: bool = True


def held_against_the_log(connection: Connection) -> Held:
    """Hold every record against the newest digest of it; each table is read once, a batch at a time."""
    said = _said(connection)
    faults: list[Fault] = []
    unknown: list[Record] = []
    for name in VOUCHINGS:
        left = {record.key: digest for record, digest in said.digests.items() if record.name == name}
        try:
            for key, digest in standing(connection, name):
                if key not in left:
                    unknown.append(Record(name, key))
                elif left.pop(key) != digest:
                    faults.append(_fault(Record(name, key), "is not what the audit log has a digest of"))
        except (ValueError, TypeError, ArithmeticError) as error:
            faults.append(Fault(name, f"holds a value that cannot be read: {error}"))
            continue
        gone = sorted(key for key, digest in left.items() if digest is not None)
        faults += [_fault(Record(name, key), "is gone, and the audit log has a digest of it") for key in gone]
    if said.is_whole:
        faults += [_fault(record, "is there, and nothing in the audit log made it") for record in unknown]
        unknown = []
    return Held(tuple(faults), tuple(unknown))


def vouch_for_older(connection: Connection, actor: str) -> int:
    """Have the log vouch for the records that are older than its digests, as they stand now; how many there are.

    Nothing is proven of what they were before: what is forged in them from now on is found.
    """
    older = held_against_the_log(connection).not_vouched
    _vouch(connection, actor, older)
    return len(older)


def renew_after_migration(connection: Connection, actor: str, had: Mapping[str, Collection[str]]) -> int:
    """Have the log vouch anew for the records to which a migration added values; how many there are.

    `had` is which columns each table had before. Renewed is only what was, in these columns, what the log has a digest
    of: whatever else does not agree stays a fault.
    """
    added = {name: _added(vouching.table, had) for name, vouching in VOUCHINGS.items()}
    if not any(added.values()):
        return 0
    said = _said(connection).digests
    renewed = [
        Record(name, key)
        for name, columns in added.items()
        if columns
        for (key, old), (_, new) in zip(
            standing(connection, name, without=columns), standing(connection, name), strict=True
        )
        if said.get(Record(name, key)) == old != new
    ]
    _vouch(connection, actor, renewed)
    return len(renewed)


def _added(table: Table, had: Mapping[str, Collection[str]]) -> frozenset[str]:
    """The columns that a table has and had not, where it was there."""
    return frozenset(table.c.keys()) - frozenset(had[table.name]) if table.name in had else frozenset()


def _vouch(connection: Connection, actor: str, records: Sequence[Record]) -> None:
    parts = [records[start : start + _AT_ONCE] for start in range(0, len(records), _AT_ONCE)]
    events = [AuditEvent(actor, EventKind.VOUCH, None, {"records": len(part)}, tuple(part)) for part in parts]
    log.append(connection, events)


def _said(connection: Connection) -> _Said:
    said = _Said()
    has_begun = False
    for entry in log.every_entry(connection):
        if f'"{VOUCHED}":' not in entry.details:
            said.is_whole = said.is_whole and (has_begun or not _made_rows(entry))
            continue
        has_begun = True
        said.is_whole = said.is_whole or entry.act == EventKind.VOUCH
        for name, digests in _details(entry).get(VOUCHED, {}).items():
            for key, digest in digests.items():
                said.digests[Record(name, key)] = digest
    return said


def _made_rows(entry: log.Entry) -> bool:
    return entry.act in _MADE_ROWS and not _details(entry).get("duplicate", False)


def _details(entry: log.Entry) -> Mapping[str, Any]:
    """What an entry says; nothing where it was made unreadable, which its hash tells."""
    try:
        details = json.loads(entry.details)
    except ValueError:
        return {}
    return details if isinstance(details, dict) else {}


def _fault(record: Record, what: str) -> Fault:
    if record.name in _OF_SUBMISSIONS:
        return Fault(record.key, f"its record in {record.name} {what}")
    return Fault(f"{record.name} {record.key}", what)

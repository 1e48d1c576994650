"""What became of the findings since the version before: fixed, still open, new, or back again after it was fixed.

Versions are the submissions of one exchange, report and period in the order of receipt, whatever became of them. The
files are read once more for the keys of their records, so this is work for the process beside the screens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from etl.exchanges import exchange
from etl.fingerprints import RecordKeys, fingerprint, record_keys
from etl.formats import UnreadableError, read
from etl.intake import Declared
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.submissions import Submission
from etl.store import Store
from expectations.catalogue import report
from expectations.vocabulary import Finding, Kind, State

MOST_VERSIONS = 10
"""Earlier versions that are read for what is back again; those before are not looked at."""
MOST_LISTED = 1_000
"""Findings of each change that are listed one by one; all are counted."""
Found = Sequence[tuple[Kind, Finding]]


_PARTS = tuple(field.name for field in fields(Finding))


class RowChange(StrEnum):
    """What became of a finding since the version before."""

    NEW = "new"
    BACK = "back"
    """It was found in an older version and not in the one before: it had been fixed."""
    OPEN = "open"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Changed:
    """A finding and what became of it; a fixed one belongs to the version before."""

    change: RowChange
    kind: Kind
    finding: Finding


@dataclass(frozen=True, slots=True)
class Comparison:
    """A version compared with the one before (`previous`, None for the first)."""

    previous: str | None
    previous_state: State | None
    names: tuple[str, ...]
    counts: Mapping[RowChange, int]
    changed: tuple[Changed, ...]

    def as_record(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "previous": self.previous,
            "previous_state": self.previous_state and self.previous_state.value,
            "names": list(self.names),
            "counts": {change.value: count for change, count in self.counts.items()},
            "changed": [
                {
                    "change": one.change.value,
                    "kind": one.kind.value,
                    **{name: getattr(one.finding, name) for name in _PARTS},
                }
                for one in self.changed
            ],
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Comparison:
        """What `as_record` wrote."""
        return cls(
            record["previous"],
            record["previous_state"] and State(record["previous_state"]),
            tuple(record["names"]),
            {RowChange(name): count for name, count in record["counts"].items()},
            tuple(Changed(RowChange(one["change"]), Kind(one["kind"]), _finding(one)) for one in record["changed"]),
        )


def _finding(record: Mapping[str, Any]) -> Finding:
    parts = {name: record[name] for name in _PARTS}
    for name in ("start", "end"):
        if parts[name] is not None:
            parts[name] = datetime.fromisoformat(parts[name])
    return Finding(**parts)


def compared(store: Store, number: str) -> Comparison:
    """Return a submission compared with the version before; KeyError where there is no such submission."""
    with reading(store.engine) as connection:
        filed = life.by_id(connection, number)
        if filed is None:
            raise KeyError(number)
        found = life.findings_of(connection, [number])[number]
        before = _before(connection, Declared(filed.exchange, filed.report, filed.period), filed)
    data = store.evidence.read(filed.sha256) if filed.evidence_kept else b""
    return _compared(store, filed.file, Declared(filed.exchange, filed.report, filed.period), data, found, before)


def compared_draft(store: Store, declared: Declared, file: str, data: bytes, found: Found) -> Comparison:
    """Return a draft compared with the last submission of the same period."""
    with reading(store.engine) as connection:
        before = _before(connection, declared, None)
    return _compared(store, file, declared, data, found, before)


def _before(connection: Connection, declared: Declared, filed: Submission | None) -> list[tuple[Submission, Found]]:
    """The earlier versions that were decided, the newest first, with their findings."""
    period = declared.period
    every = life.listed(connection, exchange=declared.exchange, report=declared.report, first=period, last=period)
    same = [one for one in every if one.period == period and one.is_decided]
    earlier = [one for one in same if filed is None or _order(one) < _order(filed)][-MOST_VERSIONS:]
    found = life.findings_of(connection, [one.id for one in earlier])
    return [(one, found[one.id]) for one in reversed(earlier)]


def _order(one: Submission) -> tuple[datetime, datetime, str]:
    return one.received_at, one.recorded_at, one.id


def _compared(
    store: Store,
    file: str,
    declared: Declared,
    data: bytes,
    found: Found,
    before: Sequence[tuple[Submission, Found]],
) -> Comparison:
    keys, names = _opened(data, file, declared, found)
    if not before:
        return Comparison(None, None, names, dict.fromkeys(RowChange, 0), ())
    marks: list[Counter[str]] = []
    last, last_found = before[0]
    last_keys: RecordKeys = {}
    for place, (one, found_then) in enumerate(before):
        then = store.evidence.read(one.sha256) if one.evidence_kept else b""
        keys_then, _ = _opened(then, one.file, declared, found_then)
        marks.append(Counter(fingerprint(finding, keys_then) for _, finding in found_then))
        if not place:
            last_keys = keys_then
    older = set().union(*marks[1:])
    left = Counter(marks[0])
    changed: list[Changed] = []
    for kind, finding in found:
        mark = fingerprint(finding, keys)
        if left[mark] > 0:
            left[mark] -= 1
            change = RowChange.OPEN
        else:
            change = RowChange.BACK if mark in older and mark not in marks[0] else RowChange.NEW
        changed.append(Changed(change, kind, finding))
    for kind, finding in last_found:
        mark = fingerprint(finding, last_keys)
        if left[mark] > 0:
            left[mark] -= 1
            changed.append(Changed(RowChange.FIXED, kind, finding))
    counted = Counter(one.change for one in changed)
    counts = {change: counted[change] for change in RowChange}
    return Comparison(last.id, last.state, names, counts, tuple(_listed(changed)))


def _listed(changed: Iterable[Changed]) -> Iterable[Changed]:
    """The first of each change, in the order in which they were found."""
    seen: Counter[RowChange] = Counter()
    for one in changed:
        seen[one.change] += 1
        if seen[one.change] <= MOST_LISTED:
            yield one


def _opened(data: bytes, file: str, declared: Declared, found: Found) -> tuple[RecordKeys, tuple[str, ...]]:
    """The keys of the records with findings, and the file's columns; nothing of a file that does not open."""
    rows = frozenset(finding.row for _, finding in found if finding.row is not None)
    if not rows or not data:
        return {}, ()
    day = declared.period.first_day
    shape, native = report(declared.report).on(day), exchange(declared.exchange).layouts[declared.report].on(day)
    try:
        table, layout = read(data, file, native, shape)
    except UnreadableError:
        return {}, ()
    return record_keys(table, layout, shape, rows), tuple(table.columns)

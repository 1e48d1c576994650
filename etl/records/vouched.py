"""What the audit log vouches for: each act's entry holds a digest of the rows that it made or changed.

The rows of a table are held together by what they are about (a submission, a person, a breach): such a record has one
digest, of all its rows as they stand when the act ends, and the newest digest in the log is what the table must have.
Whoever changes, removes or adds a row in the database itself is told by it, whichever column it is. Here stands, for
each table, by which column its rows are held together, which columns are left out, and why; and which tables are none
of the log's.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table, literal, select

from etl.canonical import canonical_json
from etl.records import access_tables, answer_tables, tables, threshold_tables
from etl.records.dump import written
from etl.records.types import in_parts

VOUCHED = "vouched"
"""The name of the digests among the details of an entry."""
_BATCH = 5_000


class Record(NamedTuple):
    """The rows of one table about one thing: what the log holds one digest of."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Vouching:
    """How the rows of a table are vouched for: by what they are held together, and what is left out and why."""

    table: Table
    by: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    only: ColumnElement[bool] | None = None

    @property
    def key(self) -> ColumnElement[str]:
        """What a row is about, as text."""
        first, *more = (self.table.c[name] for name in self.by)
        key: ColumnElement[str] = first
        for column in more:
            key = key + literal(" ") + column
        return key

    def rows(self, without: Collection[str] = ()) -> Select[Any]:
        """The rows with what each is about first, without what is left out, and without the columns named so."""
        columns = [column for column in self.table.c if column.name not in self.left_out and column.name not in without]
        query = select(self.key.label("vouched_key"), *columns)
        return query if self.only is None else query.where(self.only)


_QUEUE = "how often and when the queue took it up: working state, which decides about no verdict"

VOUCHINGS: Mapping[str, Vouching] = {
    "submissions": Vouching(tables.submissions, ("id",), {"attempts": _QUEUE, "attempted_at": _QUEUE}),
    "states": Vouching(tables.states, ("submission",)),
    "findings": Vouching(tables.findings, ("submission",), only=tables.findings.c.submission.is_not(None)),
    "findings_of_nothing": Vouching(
        tables.findings, ("exchange", "report", "period"), only=tables.findings.c.submission.is_(None)
    ),
    "judgements": Vouching(tables.judgements, ("submission",)),
    "regions": Vouching(tables.regions, ("submission",)),
    "incidents": Vouching(tables.incidents, ("id",)),
    "people": Vouching(access_tables.people, ("id",)),
    "organisation_accounts": Vouching(access_tables.organisation_accounts, ("person",)),
    "tokens": Vouching(
        access_tables.tokens, ("id",), {"last_used_at": "noted in passing, once a minute; it lets nobody in"}
    ),
    "operators": Vouching(access_tables.operators, ("os_user",)),
    "row_grants": Vouching(access_tables.row_grants, ("id",)),
    "explanations": Vouching(answer_tables.explanations, ("id",)),
    "decisions": Vouching(answer_tables.decisions, ("explanation",)),
    "breach_states": Vouching(answer_tables.breach_states, ("occurrence",)),
    "verdict_reads": Vouching(answer_tables.verdict_reads, ("submission",)),
    "threshold_proposals": Vouching(threshold_tables.threshold_proposals, ("id",)),
    "threshold_decisions": Vouching(threshold_tables.threshold_decisions, ("proposal",)),
}
"""By the name that the log has for it: each table that acts make rows in."""

OTHERWISE: Mapping[str, str] = {
    "audit_log": "its entries vouch for each other by their hashes, and the signed heads for them",
    "log_heads": "each is signed, and each finished day must have one",
}
"""Tables that are verified in another way than by digests; figures are derived anew (`etl.figures`)."""

NO_EVIDENCE: Mapping[str, str] = {
    "sessions": "who is signed in just now: gone within the day; that somebody signed in is in the log",
    "failed_sign_ins": "counts that only make somebody wait; the failed attempt itself is in the log",
    "visits": "what somebody was shown last, for the marks of what is new; it decides nothing",
    "drafts": "files that were checked and not filed: nothing was submitted by them",
}
"""Tables whose rows may be forged unseen, and why that is no harm to the evidence."""


def digests(connection: Connection, records: Collection[Record]) -> dict[Record, str | None]:
    """The digest of each record as it stands; None where it has no rows (any more)."""
    keys: dict[str, dict[str, None]] = defaultdict(dict)
    for record in records:
        keys[record.name][record.key] = None
    found: dict[Record, str | None] = dict.fromkeys(records)
    for name, wanted in keys.items():
        vouching = VOUCHINGS[name]
        for some in in_parts(list(wanted)):
            query = vouching.rows().where(vouching.key.in_(some)).order_by(vouching.key)
            for key, digest in _by_key(connection.execute(query).mappings()):
                found[Record(name, key)] = digest
    return found


def standing(connection: Connection, name: str, without: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Every record of a table with its digest, a batch of rows at a time; the digest `without` some columns."""
    vouching = VOUCHINGS[name]
    query = vouching.rows(without).order_by(vouching.key).execution_options(yield_per=_BATCH)
    yield from _by_key(connection.execute(query).mappings())


def _by_key(rows: Iterator[RowMapping] | Any) -> Iterator[tuple[str, str]]:
    for key, own in groupby(rows, key=lambda row: str(row["vouched_key"])):
        yield key, digest_of_rows(list(own))


def digest_of_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 over the rows, a line of JSON each, in the order of these lines.

    What is null or false is left out, so that a column that a migration adds changes the digest of no older row.
    """
    lines = sorted(
        json.dumps(
            {
                name: written(value)
                for name, value in row.items()
                if value is not None and value is not False and name != "vouched_key"
            },
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )
        for row in rows
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def as_details(vouched: Mapping[Record, str | None]) -> dict[str, dict[str, str | None]]:
    """Digests as they stand in the details of an entry: by table, then by what the rows are about."""
    details: dict[str, dict[str, str | None]] = {}
    for record, digest in vouched.items():
        details.setdefault(record.name, {})[record.key] = digest
    return details


def without_digests(details: str) -> str:
    """The details of an entry for people, who can read nothing from digests; as they are where they are no JSON."""
    try:
        said = json.loads(details)
    except ValueError:
        return details
    if not isinstance(said, dict) or VOUCHED not in said:
        return details
    return canonical_json({name: value for name, value in said.items() if name != VOUCHED})


def about(submissions: Collection[str], *names: str) -> tuple[Record, ...]:
    """The records with these names of each of the submissions."""
    return tuple(Record(name, submission) for name in names for submission in submissions)

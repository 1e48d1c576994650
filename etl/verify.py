"""Verification of a store: bytes against their hashes, published rows against the bytes, records against the audit log.

Nothing here trusts what it checks: bytes are hashed and read again, the log's chain is recomputed from its first entry
and its signed heads are verified. One submission is read at a time, so a store of any size is verified in the memory
that its largest file takes. What cannot be seen from here alone is that the end of the log was cut off together with
all that was recorded in it, or that all of it was written anew with another key: heads that were kept elsewhere tell.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection

from etl.evidence import digest_of_file
from etl.examine import Incoming, Past, read_one
from etl.faults import Fault as Fault
from etl.figure_faults import figure_faults
from etl.finding_faults import standing_faults, verdict_faults, verdicts_held
from etl.heads import Head, days_without_head, signed_heads, wrong_heads
from etl.intake import Declared
from etl.key_change import keys_in_succession
from etl.normalise import SOURCE_ROW, arrow_schema
from etl.outside_heads import held_against
from etl.receipts import findings_digest
from etl.records import log
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.guards import wrong_guards
from etl.records.submissions import Submission
from etl.signing import PublicKey, public_keys_of
from etl.store import Store
from etl.stray_files import stray_files
from etl.vouching import held_against_the_log
from expectations.catalogue import all_rules, report
from expectations.vocabulary import State

_PUBLISHED = (State.ACCEPTED, State.SUPERSEDED, State.WITHDRAWN)


def is_published(submission: Submission) -> bool:
    """Whether its rows were published; those of one that we failed on were not, also where it is withdrawn."""
    return submission.state in _PUBLISHED and submission.is_decided


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found, and how much was looked at; `signed_to` is the last day whose head is signed.

    `not_vouched` are records older than the log's digests, which nothing vouches for until `daxa migrate` does.
    `judged_again` are the submissions whose verdict was found again from their bytes by the rules that judged them.
    """

    faults: tuple[Fault, ...]
    submissions: int
    read_again: int
    entries: int
    signed_to: date | None
    not_vouched: int = 0
    judged_again: int = 0


def verify_store(
    store: Store,
    *,
    trusted: Mapping[str, PublicKey] | None = None,
    kept_heads: Sequence[Head] = (),
    sample: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Verification:
    """Check everything; `sample` reads the bytes of only so many submissions again, taken at random.

    `trusted` are the keys, by their id, that may have signed the log's heads, they or those that they handed over to:
    those that lie in the store where none are given. `kept_heads` were kept elsewhere, and must still hold.
    """
    known = public_keys_of(store.home)
    with reading(store.engine) as connection:
        keys = known if trusted is None else keys_in_succession(connection, trusted)
        held = records_held(connection, keys)
        outside = list(held_against(connection, kept_heads, known if trusted is None else {**known, **keys}))
        guards = list(guard_faults(connection))
        entries, signed = log.entry_count(connection), signed_heads(connection)
    faults, every = [*guards, *held.faults, *outside], held.submissions
    chosen = _to_read_again(every, sample)
    are_rows_damaged = False
    for place, submission in enumerate(every, 1):
        of_rows = list(_rows_faults(store, submission))
        are_rows_damaged = are_rows_damaged or bool(of_rows)
        kept = [*_evidence_faults(store, submission), *of_rows]
        if not kept and submission.id in chosen:
            kept = list(_reading_faults(store, submission))
        faults += kept
        if progress is not None:
            progress(place, len(every), submission.file)
    damaged = {fault.subject for fault in faults}
    faults += stray_files(store, every, [one for one in every if is_published(one)])
    asked = [one for one in every if one.id not in damaged and (sample is None or one.id in chosen)]
    with reading(store.engine) as connection:
        faults += figure_faults(connection, store.facts, asked)
        judged = verdicts_held(connection, asked)
        faults += verdict_faults(store, connection, judged)
        if not are_rows_damaged:  # what is found of accepted data is found of all of it
            faults += standing_faults(store, connection, asked)
    signed_to = signed[-1].day if signed else None
    return Verification(
        tuple(faults), len(every), len(chosen), entries, signed_to, held.not_vouched, judged_again=len(judged)
    )


def guard_faults(connection: Connection) -> Iterator[Fault]:
    """The guards of the database that are missing, altered or strange."""
    for name, what in wrong_guards(connection):
        yield Fault(f"guard {name}", what)


@dataclass(frozen=True, slots=True)
class RecordsHeld:
    """What the records say that the audit log does not, and the submissions, where they can be read."""

    faults: tuple[Fault, ...]
    submissions: Sequence[Submission]
    not_vouched: int


def records_held(connection: Connection, trusted: Mapping[str, PublicKey]) -> RecordsHeld:
    """Hold the audit log against itself and its signed heads, and every record against the log."""
    vouched = held_against_the_log(connection)
    try:
        every = life.listed(connection)
        faults = [*_log_faults(connection, every, trusted), *vouched.faults]
    except (ValueError, LookupError, TypeError) as error:
        unread = Fault("records", f"hold what no program of ours writes there: {error}")
        return RecordsHeld((*vouched.faults, unread), (), len(vouched.not_vouched))
    return RecordsHeld(tuple(faults), every, len(vouched.not_vouched))


# ------------------------------------------------------------------------------------- bytes and rows


def _to_read_again(every: Sequence[Submission], sample: int | None) -> frozenset[str]:
    readable = [s.id for s in every if is_published(s) and s.evidence_kept]
    if sample is not None and sample < len(readable):
        readable = random.SystemRandom().sample(readable, sample)
    return frozenset(readable)


def _evidence_faults(store: Store, submission: Submission) -> Iterator[Fault]:
    if submission.evidence_kept and not store.evidence.is_intact(submission.sha256):
        there = store.evidence.path(submission.sha256).exists()
        what = "differ from their SHA-256" if there else "are missing"
        yield Fault(submission.id, f"the kept bytes {submission.sha256} {what}")


def _rows_faults(store: Store, submission: Submission) -> Iterator[Fault]:
    if is_published(submission):
        path = store.facts.path(life.fact_files([submission])[0])
        if not path.exists():
            yield Fault(submission.id, "its published rows are missing")
        elif submission.rows_sha256 is not None and digest_of_file(path) != submission.rows_sha256:
            yield Fault(submission.id, "its published rows differ from their SHA-256")
        else:
            yield from _shape_faults(path, submission)


def _shape_faults(path: Path, submission: Submission) -> Iterator[Fault]:
    """What the end of the file says of its rows, before any of them is read."""
    try:
        with pq.ParquetFile(path) as opened:
            rows, columns = opened.metadata.num_rows, opened.schema_arrow
    except (pa.ArrowException, OSError):
        yield Fault(submission.id, "its published rows cannot be read")
        return
    if rows != submission.row_count:
        yield Fault(submission.id, f"{rows} rows are published, {submission.row_count} were accepted")
    elif not columns.equals(arrow_schema(report(submission.report).on(submission.period.first_day))):
        yield Fault(submission.id, "its published rows have other columns than their report had on their day")


def _reading_faults(store: Store, submission: Submission) -> Iterator[Fault]:
    """Read the kept bytes the way they were read when they came, and hold the published rows against that."""
    file = life.fact_files([submission])[0]
    try:
        read = rows_in_bytes(store, submission)
    except Exception as error:
        yield Fault(submission.id, f"its kept bytes cannot be read again ({type(error).__name__}: {error})")
        return
    try:
        published = store.facts.rows_of(file, None if read is None else read.column_names)
    except (pa.ArrowException, OSError) as error:
        yield Fault(submission.id, f"its published rows cannot be read ({str(error).splitlines()[0]})")
        return
    if read is None:
        yield Fault(submission.id, "its kept bytes cannot be read any more")
    elif not _in_order(read, submission.report).equals(_in_order(published, submission.report)):
        yield Fault(submission.id, "its published rows are not what its kept bytes say")


def rows_in_bytes(store: Store, submission: Submission) -> pa.Table | None:
    """The canonical rows that a submission's kept bytes say; None where they cannot be read any more.

    Raises DamagedEvidenceError where the bytes are not those that came.
    """
    declared = Declared(submission.exchange, submission.report, submission.period)
    data = store.evidence.read(submission.sha256)
    return read_one(Incoming(submission.id, data, Path(submission.file).name, declared, Past())).table


def _in_order(rows: pa.Table, report_name: str) -> pa.Table:
    return rows.sort_by([(name, "ascending") for name in (SOURCE_ROW, *report(report_name).key)])


# ----------------------------------------------------------------------------------------- audit log


def _log_faults(
    connection: Connection, every: Sequence[Submission], trusted: Mapping[str, PublicKey]
) -> Iterator[Fault]:
    broken = log.first_break(connection)
    if broken is not None:
        yield Fault(f"log entry {broken.sequence}", broken.what)
    for head, what in wrong_heads(connection, trusted):
        yield Fault(f"log head {head.day}", what)
    for day in days_without_head(connection, datetime.now(UTC)):
        yield Fault(f"log head {day}", "is missing: the day is over and has entries")
    yield from _unlogged(connection, every)


@dataclass(slots=True)
class _Told:
    """What the audit log tells of submissions, by their numbers; and when it begins."""

    hashes: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    verdicts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)
    began: datetime | None = None


def _told(connection: Connection) -> _Told:
    told = _Told()
    for entry in log.every_entry(connection):
        told.began = told.began or entry.at
        if entry.subject is None or entry.act not in (
            log.EventKind.UPLOAD,
            log.EventKind.VERDICT,
            log.EventKind.FAILURE,
            log.EventKind.RETRY,
            log.EventKind.WITHDRAW,
            log.EventKind.HEAL,
        ):
            continue
        details = _details(entry.details)
        if "rows_sha256" in details:
            told.rows[entry.subject] = details["rows_sha256"]
        if entry.act == log.EventKind.UPLOAD:
            told.hashes.setdefault(entry.subject, details.get("sha256", ""))
            told.states.setdefault(entry.subject, State.RECEIVED.value)
        elif entry.act == log.EventKind.WITHDRAW:
            told.states[entry.subject] = State.WITHDRAWN.value
        elif entry.act != log.EventKind.HEAL:
            told.states[entry.subject] = details.get("state", "")
            if "findings_sha256" in details:
                told.verdicts.setdefault(entry.subject, details)
    return told


def _unlogged(connection: Connection, every: Sequence[Submission]) -> Iterator[Fault]:
    """Submissions that the log tells otherwise than their records; older ones than the log are not in it."""
    told = _told(connection)
    if told.began is None and every:
        yield Fault("audit log", "is empty although reports are filed")
    for submission in every:
        if submission.id not in told.hashes:
            if told.began is not None and submission.recorded_at >= told.began:
                yield Fault(submission.id, "that it was filed is not in the audit log")
        elif told.hashes[submission.id] != submission.sha256:
            yield Fault(submission.id, "the audit log has another SHA-256 of what was filed")
        if told.states.get(submission.id, submission.state) != submission.state:
            yield Fault(submission.id, f"is {submission.state.value}, in the audit log {told.states[submission.id]}")
        if told.rows.get(submission.id) != submission.rows_sha256:
            yield Fault(submission.id, "the audit log has another SHA-256 of its published rows")
        verdict = told.verdicts.get(submission.id)
        if verdict is not None:
            yield from _changed_verdict(connection, submission, verdict)
    for number in told.hashes.keys() - {submission.id for submission in every}:
        yield Fault(number, "was filed according to the audit log, and has no record")


def _changed_verdict(connection: Connection, submission: Submission, verdict: Mapping[str, Any]) -> Iterator[Fault]:
    """What was found when a file was judged, held against what was logged then; later findings come and go."""
    if verdict.get("rows") != submission.row_count:
        yield Fault(submission.id, f"has {submission.row_count} rows, in the audit log {verdict.get('rows')}")
    standing = life.findings_of(connection, [submission.id])[submission.id]
    found = [(kind, one) for kind, one in standing if all_rules()[one.rule].is_met_once]
    if findings_digest(found) != verdict["findings_sha256"]:
        yield Fault(submission.id, "its findings are not those that it was judged with")


def _details(text: str) -> Mapping[str, Any]:
    """What an entry says; nothing where it was made unreadable, which its hash tells."""
    try:
        details = json.loads(text)
    except ValueError:
        return {}
    return details if isinstance(details, dict) else {}

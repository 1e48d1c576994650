"""Receive, read, judge, publish: the whole way of a file.

A file is `received`, its bytes and its record durable, before anything is promised. The rest is a pure function of
evidence, rule book and accepted facts and can be repeated: after a crash what is still `received` is taken again.
Files are taken in waves: within a wave no file's verdict depends on another's, so a wave is read and judged together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Table

from etl import figures
from etl.bounded import Examine
from etl.bounded import ProcessEndedError as ProcessEndedError
from etl.evidence import digest_of_file
from etl.examine import Incoming, Past, Verdict, decide, read_one
from etl.failures import Failure, failed_on, recorded, retry_after_change
from etl.failures import NotRetryableError as NotRetryableError
from etl.failures import retry as retry
from etl.heads import sign_heads
from etl.intake import Candidate, Declared, shown
from etl.judgements import Judgement
from etl.receipts import findings_digest
from etl.receiving import NotWithdrawableError as NotWithdrawableError
from etl.receiving import Receipt as Receipt
from etl.receiving import receive as receive
from etl.receiving import receive_bytes as receive_bytes
from etl.receiving import receive_candidate, take_out
from etl.records import judgements
from etl.records import submissions as life
from etl.records.engine import RecordsUnavailableError, reading, writing
from etl.records.log import COMMAND, SYSTEM, AuditEvent, EventKind, append
from etl.records.submissions import Submission
from etl.records.thresholds import thresholds_in_force
from etl.records.vouched import about
from etl.rehearsal import rehearsed
from etl.review import review_pending
from etl.signing import KeyUnusableError
from etl.steps import FilingStep, StepCallback, ignore_step
from etl.store import Store
from etl.waves import incoming_of, size_of, waves
from expectations.catalogue import rule_set_version
from expectations.vocabulary import Finding, Kind, State

Progress = Callable[[int, int, str], None]
"""Told the number of files done, of all, and the name of the one at work."""


TRIES = 3
"""So often a file may be taken up without a verdict; then it is failed, since it ends whatever process takes it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A file's receipt and what was found of it."""

    receipt: Receipt
    findings: tuple[tuple[Kind, Finding], ...]


def ingest(
    store: Store,
    candidates: Sequence[Candidate],
    *,
    received_at: datetime | None = None,
    sender: str | None = None,
    progress: Progress | None = None,
    as_if_in_force: bool = False,
    passed_over: Callable[[Candidate, OSError], None] | None = None,
    reason: str = "",
    again: bool = False,
    examine: Examine | None = None,
) -> list[Outcome]:
    """File every candidate and take it the whole way; outcomes in the order given.

    `reason` is why they take the place of what is accepted; nobody is there to be asked for one, as at a form (3.9).
    `again`, with a reason, brings bytes into force again that others replaced (3.4).
    What an earlier run left received is taken up first. `as_if_in_force` judges by today's rules whatever
    the period. A file that is gone or cannot be read any more is told to `passed_over`, has no outcome and stops no
    other; without it, it raises. What we fail on is failed and changes nothing of the others.
    """
    receipts: list[Receipt] = []
    for candidate in candidates:
        try:
            data = candidate.read()
        except OSError as error:
            if passed_over is None:
                raise
            passed_over(candidate, error)
            continue
        receipts.append(
            receive_candidate(
                store, candidate, data, received_at=received_at, sender=sender, reason=reason, again=again
            )
        )
    process(store, progress=progress, as_if_in_force=as_if_in_force, examine=examine)
    return outcomes(store, receipts)


def process(
    store: Store,
    *,
    exchange: str | None = None,
    progress: Progress | None = None,
    as_if_in_force: bool = False,
    examine: Examine | None = None,
) -> list[Failure]:
    """Take everything received the whole way, oldest period first, then judge again what the changes can affect.

    Where we fail on a submission it is failed and the others go on; the failures are returned. What was taken up before
    and has no verdict may have ended the process that took it: it comes after everything else, one by one, and what was
    so `TRIES` times is failed. What another version of the program failed on is tried again. At the end the audit log's
    heads of the days that are over are signed. Of an `exchange` only its files are taken, of "" none.
    `examine` reads and judges (`etl.bounded`), else this process does.
    """
    examine = examine or _examine_here
    retry_after_change(store.engine)
    with reading(store.engine) as connection:
        found = [one for one in life.received(connection) if exchange in (None, one.exchange)]
        waiting = sorted(found, key=lambda s: (s.period, s.sequence))
        tried = {number: found.count for number, found in life.attempts(connection).items()}
    failures = [failed_on(store.engine, one, _ended(tried[one.id])) for one in waiting if tried.get(one.id, 0) >= TRIES]
    waiting = [one for one in waiting if tried.get(one.id, 0) < TRIES]
    new, suspects = _apart(waiting, tried)
    done = 0
    for group in (waves(new, size_of, is_apart=_depends), *([[[one] for one in suspects]] if suspects else [])):
        for wave in group:
            failures += _process_wave(store, wave, as_if_in_force, examine)
            done += len(wave)
            if progress is not None:
                progress(done, len(waiting), wave[-1].file)
        failures += _discard_secrets(store)
        failures += review_pending(store)
    try:
        sign_heads(store, datetime.now(UTC))
    except KeyUnusableError as error:  # it stops no filing, and whoever looks after the store is told
        failures.append(recorded(store.engine, error))
    return failures


def _meets_what_is_not_judged(store: Store, wave: Sequence[Submission]) -> bool:
    """Whether a file may take the place of one whose breaches are not recorded yet: they are, first (FIX-001)."""
    with reading(store.engine) as connection:
        return any(life.unreviewed_beneath(connection, submission) for submission in wave)


def _ended(times: int) -> Exception:
    return ProcessEndedError(f"the process that judges ended {times} times while it was at this file")


def _apart(waiting: Sequence[Submission], tried: Mapping[str, int]) -> tuple[list[Submission], list[Submission]]:
    """What nothing is known against; and what was taken up before, the least often first, with what depends on it."""

    def rank(submission: Submission) -> int:
        held_by = [other for other in suspects if other is submission or _depends(submission, other)]
        return max((tried[other.id] for other in held_by), default=0)

    suspects = [submission for submission in waiting if submission.id in tried]
    ranked = [(rank(submission), submission) for submission in waiting]
    late = sorted((one for one in ranked if one[0]), key=lambda one: one[0])
    return [submission for found, submission in ranked if not found], [submission for _, submission in late]


def _depends(later: Submission, earlier: Submission) -> bool:
    """Whether a verdict depends on another's: of an overlap, and of two halts files of one exchange."""
    if (later.exchange, later.report) != (earlier.exchange, earlier.report):
        return False
    return later.report == "halts" or later.period.overlaps(earlier.period)


def _process_wave(store: Store, wave: Sequence[Submission], as_if_in_force: bool, examine: Examine) -> list[Failure]:
    """Take a wave together; where we fail, one by one, so that only what we fail on is failed.

    What another process came before with is examined again, until it is decided by what is accepted then.
    """
    with writing(store.engine) as connection:
        life.note_attempt(connection, [submission.id for submission in wave], datetime.now(UTC))
    failures: list[Failure] = []
    left = list(wave)
    try:
        while left:
            if _meets_what_is_not_judged(store, left):
                failures += review_pending(store)
            pasts = _pasts(store, left)
            left = _publish(
                store,
                left,
                pasts,
                examine([incoming_of(store, one, pasts[one.id]) for one in left], ignore_step),
                as_if_in_force,
            )
    except RecordsUnavailableError:
        raise
    except Exception as error:
        if len(wave) == 1:
            return [*failures, failed_on(store.engine, wave[0], error)]
        for submission in wave:
            failures += _process_wave(store, [submission], as_if_in_force, examine)
    return failures


def _pasts(store: Store, wave: Sequence[Submission]) -> dict[str, Past]:
    with reading(store.engine) as connection:
        return {s.id: past_of(connection, Declared(s.exchange, s.report, s.period)) for s in wave}


def _examine_here(files: Sequence[Incoming], on_step: StepCallback) -> dict[str, Verdict]:
    return decide([read_one(one, on_step) for one in files])


def past_of(connection: Connection, declared: Declared) -> Past:
    """What the accepted past says to a file of that exchange, report and period."""
    met = life.accepted_overlapping(connection, declared.exchange, declared.report, declared.period)
    earlier: frozenset[str] = frozenset()
    if declared.report == "halts":
        earlier = life.halt_ids_before(connection, declared.exchange, declared.period)
    return Past(tuple(s.period for s in met), earlier)


def _publish(
    store: Store,
    wave: Sequence[Submission],
    pasts: Mapping[str, Past],
    verdicts: Mapping[str, Verdict],
    as_if_in_force: bool,
) -> list[Submission]:
    """Write facts and figures, then change all states of the wave in one transaction: one moment for readers.

    Returns what is not decided, since what it was examined against (`pasts`) has changed: another process published
    meanwhile, and the verdict may be another one now.
    """
    left: list[Submission] = []
    derived = _derive(wave, verdicts)
    written: dict[str, str] = {}
    for submission in wave:
        table = verdicts[submission.id].table
        if table is not None:
            written[submission.id] = digest_of_file(store.facts.write(life.fact_files([submission])[0], table))
    events: list[AuditEvent] = []
    made: dict[str, tuple[Sequence[Judgement], datetime]] = {}
    with writing(store.engine) as connection:
        version = rule_set_version(thresholds_in_force(connection))
        for submission in wave:
            current = life.by_id(connection, submission.id)
            if current is None or current.state not in (State.RECEIVED, State.FAILED):
                continue
            if _has_moved_on(connection, submission, pasts[submission.id]):
                left.append(submission)
                continue
            verdict = verdicts[submission.id]
            at = _published_at(connection, submission)
            life.insert_findings(connection, submission, verdict.findings, at)
            made[submission.id] = verdict.judgements, at
            if verdict.state is State.ACCEPTED:
                figures.write(connection, derived.get(submission.id, []))
                events += _supersede(connection, submission, at)
            life.change_state(
                connection,
                submission.id,
                verdict.state,
                at,
                row_count=verdict.row_count,
                format=verdict.format,
                rule_set_version=version,
                decided_at=at,
                evidence_kept=not verdict.holds_secrets,
                as_if_in_force=as_if_in_force,
                rows_sha256=written.get(submission.id),
                incident=None,
                failed_version=None,
            )
            events.append(_verdict(submission, verdict, version, written.get(submission.id)))
        judgements.record(connection, made, version)
        append(connection, events)
    return left


def _has_moved_on(connection: Connection, submission: Submission, past: Past) -> bool:
    """Whether a submission's verdict, or what it would replace, is not what it was when it was examined."""
    now = past_of(connection, Declared(submission.exchange, submission.report, submission.period))
    return now != past or life.unreviewed_beneath(connection, submission)


def _verdict(submission: Submission, verdict: Verdict, version: str, rows_sha256: str | None) -> AuditEvent:
    """What was decided of a submission, by which rules, bound to every finding and to its published rows."""
    details = {
        "state": verdict.state.value,
        "rows": verdict.row_count,
        "findings": len(verdict.findings),
        "findings_sha256": findings_digest((kind, finding) for finding, kind in verdict.findings),
        "rule_set_version": version,
    }
    if rows_sha256 is not None:
        details["rows_sha256"] = rows_sha256
    made = about([submission.id], "submissions", "states", "findings", "judgements")
    return AuditEvent(SYSTEM, EventKind.VERDICT, submission.id, details, made)


def _discard_secrets(store: Store) -> list[Failure]:
    """Remove bytes that must not be kept (SUB-007) and that no other submission is kept by; also after a crash.

    What cannot be removed is an incident, each time anew until it is gone, and stops nothing else.
    """
    failures = []
    with reading(store.engine) as connection:
        hashes = life.hashes_not_kept(connection)
    for sha256 in hashes:
        try:
            if store.evidence.path(sha256).exists():
                store.evidence.discard(sha256)
        except OSError as error:
            failures.append(recorded(store.engine, error))
    return failures


def _derive(
    wave: Sequence[Submission], verdicts: Mapping[str, Verdict]
) -> dict[str, list[tuple[Table, list[dict[str, object]]]]]:
    derived: dict[str, list[tuple[Table, list[dict[str, object]]]]] = {}
    for report in dict.fromkeys(s.report for s in wave):
        accepted = []
        for s in wave:
            table = verdicts[s.id].table
            if s.report == report and table is not None:
                accepted.append(figures.AcceptedRows(s.id, s.exchange, s.period, table))
        derived.update(figures.derive(report, accepted))
    return derived


def _published_at(connection: Connection, submission: Submission) -> datetime:
    """The moment from which a verdict is known: now, and never before what was known of the submission already.

    A file that a run dates itself (`received_at` is not the machine's clock then: a replay, a demonstration) is decided
    by the run's clock, at its receipt.
    """
    known = max(submission.received_at, life.last_change(connection, [submission.id]))
    return known if submission.is_dated_by_its_run else max(known, datetime.now(UTC))


def _supersede(connection: Connection, submission: Submission, at: datetime) -> list[AuditEvent]:
    """Accepted files that the new one's period contains are superseded (3.5); what is to be logged of it."""
    events = []
    for earlier in life.accepted_overlapping(connection, submission.exchange, submission.report, submission.period):
        life.change_state(
            connection,
            earlier.id,
            State.SUPERSEDED,
            max(at, life.last_change(connection, [earlier.id])),
            cause=submission.id,
            superseded_by=submission.id,
        )
        details = {"state": State.SUPERSEDED.value, "superseded_by": submission.id}
        changed = about([earlier.id], "submissions", "states")
        events.append(AuditEvent(SYSTEM, EventKind.VERDICT, earlier.id, details, changed))
    return events


def outcomes(store: Store, receipts: Sequence[Receipt]) -> list[Outcome]:
    """What became of each file, as the records say it now."""
    with reading(store.engine) as connection:
        found = life.findings_of(connection, [receipt.submission.id for receipt in receipts])
        current = [life.by_id(connection, receipt.submission.id) for receipt in receipts]
    return [
        Outcome(
            Receipt(now or receipt.submission, receipt.file, receipt.duplicate),
            tuple(found[receipt.submission.id]),
        )
        for receipt, now in zip(receipts, current, strict=True)
    ]


def check(
    store: Store,
    candidates: Sequence[Candidate],
    *,
    received_at: datetime | None = None,
    progress: Progress | None = None,
    on_step: StepCallback = ignore_step,
    examine: Examine | None = None,
) -> list[Verdict]:
    """The same judgement without filing: each file alone against what is accepted (3.8); lateness apart.

    The files are judged as if they were received at `received_at`: now, where it is not given. `on_step` is called
    after each step of each file. What we fail on is failed, under the number of an incident, and changes nothing of the
    others. `examine` is as for `process`.
    """
    verdicts: list[Verdict] = []
    at = received_at or datetime.now(UTC)
    for chunk in waves(candidates, lambda one: one.path.stat().st_size):
        verdicts += _checked(store, chunk, at, on_step, examine or _examine_here)
        if progress is not None:
            progress(len(verdicts), len(candidates), shown(chunk[-1].path.name))
    return verdicts


def _checked(
    store: Store, chunk: Sequence[Candidate], at: datetime, on_step: StepCallback, examine: Examine
) -> list[Verdict]:
    """Judge candidates together; where we fail, one by one, so that only what we fail on is failed."""
    try:
        with reading(store.engine) as connection:
            pasts = [past_of(connection, candidate.declared) for candidate in chunk]
        files = [
            Incoming(str(place), c.read(), c.name, c.declared, past, at, c.given)
            for place, (c, past) in enumerate(zip(chunk, pasts, strict=True))
        ]
        decided = examine(files, on_step)
        on_step(FilingStep.JUDGED)
        verdicts = [rehearsed(store, c.declared, decided[str(place)], at) for place, c in enumerate(chunk)]
    except RecordsUnavailableError:
        raise
    except Exception as error:
        if len(chunk) > 1:
            return [verdict for one in chunk for verdict in _checked(store, [one], at, on_step, examine)]
        return [Verdict("0", State.FAILED, 0, None, None, (), recorded(store.engine, error).incident)]
    on_step(FilingStep.COMPARED)
    return verdicts


def withdraw(
    store: Store, submission: str, *, reason: str, at: datetime | None = None, actor: str = COMMAND
) -> Submission:
    """Take an accepted submission out of force, and judge again what that affects."""
    withdrawn = take_out(store, submission, reason=reason, at=at, actor=actor)
    review_pending(store)
    return withdrawn

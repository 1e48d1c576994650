"""The life of a submission: received, then rejected or accepted, then perhaps superseded or withdrawn (3.2).

One that we fail on is `failed` until it is tried again, which makes it `received`, or withdrawn (3.10).

Every change of state is a row with its moment, so that what was known at an earlier moment can be asked. `at` is the
moment by the run's clock (a replay sets it), `recorded_at` the moment by the machine's.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from etl.facts import FactFile
from etl.intake import Given
from etl.program import program_version
from etl.records.engine import hold
from etl.records.tables import findings, halts, states, submissions
from etl.records.types import Instant, in_parts
from expectations.vocabulary import KST, LONGEST_PERIOD, Finding, Kind, Period, State

OF_THE_MOMENT = ("SUB-005", "SUB-010", "SUB-011")
"""Rules whose verdict on the same bytes changes with what else is accepted, with the moment of receipt, or with what is
given beside them."""

_FIRST_MOMENT = datetime.min.replace(tzinfo=UTC)

_ORDER = "submissions.sequence"
"""The lock under which a submission gets its number, on PostgreSQL."""

OF_THE_WITHDRAWN = ("FIX-001",)
"""Rules whose findings concern a submission that was withdrawn: why it was."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One file that was filed, as its record says."""

    id: str
    exchange: str
    report: str
    period: Period
    sender: str | None
    file: str
    format: str | None
    sha256: str
    size_bytes: int
    evidence_kept: bool
    received_at: datetime
    recorded_at: datetime
    state: State
    row_count: int | None
    rule_set_version: str | None
    decided_at: datetime | None
    superseded_by: str | None
    incident: str | None = None
    """Under which number we failed on it: on its verdict where it is `failed`, else on judging it again."""
    given_sha256: str | None = None
    given_rows: str | None = None
    as_if_in_force: bool = False
    """It is judged by today's rules whatever its period, now and whenever it is judged again."""
    rows_sha256: str | None = None
    """The hash of the file of its published rows; None where it was published before hashes were recorded."""
    sequence: int = 0
    """A number that only grows, in the order of filing; given when it is recorded."""

    @property
    def given(self) -> Given:
        """What its sender said of the content beside the file (3.12)."""
        return Given(self.given_sha256, self.given_rows)

    @property
    def is_dated_by_its_run(self) -> bool:
        """True where the run that filed it said when it was received, and the machine's clock says something else."""
        return self.received_at != self.recorded_at

    @property
    def is_decided(self) -> bool:
        """True where it had a verdict, whatever became of it later."""
        return self.decided_at is not None


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A finding with the kind of its rule and the submission that it concerns."""

    submission: Submission
    kind: Kind
    finding: Finding


def _submission(row: RowMapping, state: str | None = None) -> Submission:
    return Submission(
        id=row["id"],
        exchange=row["exchange"],
        report=row["report"],
        period=Period(row["period_start"], row["period_end"], row["period"]),
        sender=row["sender"],
        file=row["file"],
        format=row["format"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        evidence_kept=row["evidence_kept"],
        received_at=row["received_at"],
        recorded_at=row["recorded_at"],
        state=State(state or row["state"]),
        row_count=row["row_count"],
        rule_set_version=row["rule_set_version"],
        decided_at=row["decided_at"],
        superseded_by=row["superseded_by"],
        incident=row["incident"],
        given_sha256=row["given_sha256"],
        given_rows=row["given_rows"],
        as_if_in_force=row["as_if_in_force"],
        rows_sha256=row["rows_sha256"],
        sequence=row["sequence"],
    )


def new_id(received_at: datetime) -> str:
    """A receipt number: the KST day of receipt and ten random digits."""
    return f"{received_at.astimezone(KST):%Y%m%d}-{secrets.token_hex(5)}"


# ------------------------------------------------------------------------------------------- changes


def insert_received(connection: Connection, submission: Submission) -> None:
    """Record a file as received, after all that were recorded before it.

    Only what is to be logged may come after it in its transaction (`etl.records.log.append`).
    """
    hold(connection, _ORDER)
    last = connection.execute(select(func.max(submissions.c.sequence))).scalar_one()
    connection.execute(
        insert(submissions).values(
            id=submission.id,
            exchange=submission.exchange,
            report=submission.report,
            period=submission.period.text,
            period_start=submission.period.start,
            period_end=submission.period.end,
            sender=submission.sender,
            file=submission.file,
            format=submission.format,
            sha256=submission.sha256,
            size_bytes=submission.size_bytes,
            evidence_kept=submission.evidence_kept,
            received_at=submission.received_at,
            recorded_at=submission.recorded_at,
            state=submission.state.value,
            given_sha256=submission.given_sha256,
            given_rows=submission.given_rows,
            sequence=(last or 0) + 1,
        )
    )
    _add_state(connection, submission.id, State.RECEIVED, submission.received_at, None)


def change_state(
    connection: Connection,
    submission: str,
    state: State,
    at: datetime,
    *,
    cause: str | None = None,
    **columns: Any,
) -> None:
    """Move a submission to `state`, with whatever else becomes known by it."""
    connection.execute(update(submissions).where(submissions.c.id == submission).values(state=state.value, **columns))
    _add_state(connection, submission, state, at, cause)


def _add_state(connection: Connection, submission: str, state: State, at: datetime, cause: str | None) -> None:
    number = connection.execute(
        select(func.count()).select_from(states).where(states.c.submission == submission)
    ).scalar_one()
    connection.execute(
        insert(states).values(
            submission=submission,
            sequence=number + 1,
            state=state.value,
            at=at,
            recorded_at=datetime.now(UTC),
            cause=cause,
        )
    )


def insert_findings(
    connection: Connection, submission: Submission, found: Iterable[tuple[Finding, Kind]], at: datetime
) -> None:
    """Record what was found of a submission at a moment."""
    records = [
        {
            "submission": submission.id,
            "exchange": submission.exchange,
            "report": submission.report,
            "period": submission.period.text,
            "found_at": at,
            "rule": finding.rule,
            "kind": kind.value,
            "row": finding.row,
            "column": finding.column,
            "subject": finding.subject,
            "start": finding.start,
            "end": finding.end,
            "found": finding.found,
            "expected": finding.expected,
            "reason": finding.reason,
        }
        for finding, kind in found
    ]
    if records:
        connection.execute(insert(findings), records)


# ----------------------------------------------------------------------------------------- questions


def by_id(connection: Connection, submission: str) -> Submission | None:
    """The submission with that number."""
    row = connection.execute(select(submissions).where(submissions.c.id == submission)).mappings().first()
    return _submission(row) if row else None


def by_ids(connection: Connection, numbers: Sequence[str]) -> list[Submission]:
    """The submissions with these numbers, by period and exchange."""
    found = [
        _submission(row)
        for some in in_parts(numbers)
        for row in connection.execute(select(submissions).where(submissions.c.id.in_(some))).mappings()
    ]
    return sorted(found, key=lambda one: (one.period, one.exchange, one.id))


def unreviewed_beneath(connection: Connection, submission: Submission) -> bool:
    """Whether an accepted file that a submission's period meets has yet to be judged by what is accepted."""
    query = _overlapping(submission.exchange, submission.report, submission.period).where(_to_review())
    return connection.execute(query.limit(1)).first() is not None


def same_filed(
    connection: Connection, exchange: str, report: str, period: Period, sha256: str, rule_set_version: str
) -> Submission | None:
    """An earlier submission that the same bytes would only repeat (3.4); one that is in force or waits comes first.

    A rejection that depended on what else was accepted or on the moment is none: it is judged anew.
    """
    c = submissions.c
    depended = select(findings.c.id).where(findings.c.submission == c.id, findings.c.rule.in_(OF_THE_MOMENT)).exists()
    row = (
        connection.execute(
            select(submissions)
            .where(
                c.exchange == exchange,
                c.report == report,
                c.period_start == period.start,
                c.period_end == period.end,
                c.sha256 == sha256,
                or_(
                    c.state.in_(
                        (State.ACCEPTED.value, State.RECEIVED.value, State.FAILED.value, State.SUPERSEDED.value)
                    ),
                    and_(c.state == State.REJECTED.value, c.rule_set_version == rule_set_version, ~depended),
                ),
            )
            .order_by(c.state == State.SUPERSEDED.value, c.sequence.desc())
        )
        .mappings()
        .first()
    )
    return _submission(row) if row else None


def kept_for(connection: Connection, exchange: str, report: str, period: Period) -> list[tuple[str, int]]:
    """Hash and size of the kept files that were filed for a period, the newest first."""
    c = submissions.c
    query = (
        select(c.sha256, c.size_bytes)
        .where(
            c.exchange == exchange,
            c.report == report,
            c.period_start == period.start,
            c.period_end == period.end,
            c.evidence_kept,
        )
        .order_by(c.sequence.desc())
    )
    return list(dict.fromkeys((row.sha256, row.size_bytes) for row in connection.execute(query)))


def with_bytes(connection: Connection, exchange: str, report: str, period: Period, sha256: str) -> Submission | None:
    """The newest submission of these bytes as this report, whatever became of it."""
    c = submissions.c
    same = (c.exchange == exchange, c.report == report, c.sha256 == sha256)
    query = select(submissions).where(*same, c.period_start == period.start, c.period_end == period.end)
    row = connection.execute(query.order_by(c.sequence.desc())).mappings().first()
    return _submission(row) if row else None


def _overlapping(exchange: str, report: str, period: Period) -> Select[Any]:
    c = submissions.c
    return select(submissions).where(
        c.exchange == exchange,
        c.report == report,
        c.state == State.ACCEPTED.value,
        c.period_start < period.end,
        c.period_start > earliest_start(period.start),
        c.period_end > period.start,
    )


def earliest_start(moment: datetime) -> datetime:
    """The moment after which every period begins that has not ended at `moment`: an index is read from there on."""
    return max(moment, _FIRST_MOMENT + LONGEST_PERIOD) - LONGEST_PERIOD


def accepted_overlapping(connection: Connection, exchange: str, report: str, period: Period) -> list[Submission]:
    """Accepted submissions that share a moment with `period`."""
    rows = connection.execute(_overlapping(exchange, report, period)).mappings()
    return [_submission(row) for row in rows]


def in_force_before_verdict(connection: Connection, submission: Submission) -> list[Submission]:
    """What was in force of its exchange and report just before a submission's verdict was recorded.

    Of what begins after its period nothing is said.
    """
    c, s, own = submissions.c, states.c, states.alias("own")
    verdict = (
        select(func.min(own.c.recorded_at))
        .where(own.c.submission == submission.id, own.c.state.in_((State.ACCEPTED.value, State.REJECTED.value)))
        .scalar_subquery()
    )
    then = states.alias("then")
    last = (
        select(func.max(then.c.sequence))
        .where(then.c.submission == c.id, then.c.recorded_at < verdict)
        .correlate(submissions)
        .scalar_subquery()
    )
    query = (
        select(submissions)
        .join(states, s.submission == c.id)
        .where(
            c.exchange == submission.exchange,
            c.report == submission.report,
            c.period_start < submission.period.end,
            c.id != submission.id,
            s.sequence == last,
            s.state == State.ACCEPTED.value,
        )
        .order_by(c.sequence)
    )
    return [_submission(row) for row in connection.execute(query).mappings()]


def superseded_by(connection: Connection, submission: str) -> list[Submission]:
    """The submissions whose place another one took, in order of filing."""
    c = submissions.c
    query = select(submissions).where(c.superseded_by == submission).order_by(c.sequence)
    return [_submission(row) for row in connection.execute(query).mappings()]


def received(connection: Connection) -> list[Submission]:
    """What was received and not yet decided, oldest first."""
    c = submissions.c
    query = select(submissions).where(c.state == State.RECEIVED.value).order_by(c.sequence)
    return [_submission(row) for row in connection.execute(query).mappings()]


def failed(connection: Connection, *, other_than: str | None = None) -> list[Submission]:
    """What we failed on and is not tried again yet, oldest first; by another version of the program than this."""
    c = submissions.c
    query = select(submissions).where(c.state == State.FAILED.value).order_by(c.sequence)
    if other_than is not None:
        query = query.where(c.failed_version != other_than)
    return [_submission(row) for row in connection.execute(query).mappings()]


def fail(connection: Connection, submission: str, incident: str, version: str, at: datetime) -> None:
    """Record that this version of the program failed on a submission, under the number of the incident."""
    change_state(connection, submission, State.FAILED, at, cause=incident, incident=incident, failed_version=version)


def receive_again(connection: Connection, submission: str, at: datetime) -> None:
    """Make a failed submission received again, as if it had never been taken up."""
    fresh: dict[str, Any] = {"incident": None, "failed_version": None, "attempts": 0, "attempted_at": None}
    change_state(connection, submission, State.RECEIVED, at, **fresh)


def followed_by(connection: Connection, submission: Submission) -> str | None:
    """The newest later submission that took, or may take, the place of a failed one: it is not to come over that."""
    c = submissions.c
    query = select(c.id).where(
        c.exchange == submission.exchange,
        c.report == submission.report,
        c.period_start < submission.period.end,
        c.period_end > submission.period.start,
        c.state.in_((State.RECEIVED.value, *_MOVED)),
        or_(c.state != State.WITHDRAWN.value, c.decided_at.is_not(None)),
        c.sequence > submission.sequence,
    )
    found: str | None = connection.execute(query.order_by(c.sequence.desc())).scalars().first()
    return found


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often a submission without a verdict was taken up, and when last."""

    count: int
    last_at: datetime


def note_attempt(connection: Connection, ids: Sequence[str], at: datetime) -> None:
    """Note that submissions are taken up, before they are, so that one that ends the process is known by it."""
    c = submissions.c
    for some in in_parts(ids):
        connection.execute(update(submissions).where(c.id.in_(some)).values(attempts=c.attempts + 1, attempted_at=at))


def attempts(connection: Connection) -> dict[str, Attempts]:
    """Submissions that were taken up and have no verdict, by their numbers."""
    c = submissions.c
    query = select(c.id, c.attempts, c.attempted_at).where(c.state == State.RECEIVED.value, c.attempts > 0)
    return {row.id: Attempts(row.attempts, row.attempted_at) for row in connection.execute(query)}


def with_rows(connection: Connection) -> list[Submission]:
    """Every submission whose rows were published, whatever became of it since, oldest first."""
    published = submissions.c.state.in_((State.ACCEPTED, State.SUPERSEDED, State.WITHDRAWN))
    query = select(submissions).where(published, submissions.c.row_count > 0)
    query = query.order_by(submissions.c.sequence)
    return [_submission(row) for row in connection.execute(query).mappings()]


_MOVED = (State.ACCEPTED.value, State.SUPERSEDED.value, State.WITHDRAWN.value)
_UNREVIEWED = and_(
    submissions.c.state.in_(_MOVED),
    or_(submissions.c.reviewed_state.is_(None), submissions.c.reviewed_state != submissions.c.state),
)


def _to_review() -> ColumnElement[bool]:
    """What has not been reviewed, and this version of the program has not failed on."""
    version = submissions.c.failed_version
    return and_(_UNREVIEWED, or_(version.is_(None), version != program_version()))


def is_judged(connection: Connection, submission: str) -> bool:
    """Whether no more is to be found of a submission: decided, and what it affects judged again; or we failed on it."""
    query = select(submissions.c.id).where(
        submissions.c.id == submission, or_(submissions.c.state == State.RECEIVED, _to_review())
    )
    return connection.execute(query).first() is None


def unreviewed(connection: Connection) -> list[Submission]:
    """Submissions that came into force or left it since they were last reviewed, but those that we failed on."""
    c = submissions.c
    query = select(submissions).where(_to_review())
    return [_submission(row) for row in connection.execute(query.order_by(c.period_start, c.id)).mappings()]


def unreviewed_numbers(connection: Connection) -> frozenset[str]:
    """The numbers of the submissions with a change that has not been reviewed."""
    return frozenset(connection.execute(select(submissions.c.id).where(_UNREVIEWED)).scalars())


def unreviewed_reports(connection: Connection) -> frozenset[tuple[str, str]]:
    """The exchanges and reports with a change that has not been reviewed: what is found of it is not recorded yet."""
    c = submissions.c
    return frozenset(
        (row.exchange, row.report) for row in connection.execute(select(c.exchange, c.report).where(_UNREVIEWED))
    )


def unreviewed_counted() -> Select[Any]:
    """How many changes have not been reviewed, as a statement."""
    return select(func.count()).select_from(submissions).where(_to_review())


def last_change(connection: Connection, ids: Sequence[str]) -> datetime:
    """The latest moment, by the runs' clocks, at which one of the submissions changed its state."""
    latest: datetime = max(
        connection.execute(select(func.max(states.c.at)).where(states.c.submission.in_(some))).scalar_one()
        for some in in_parts(ids)
    )
    return latest


def mark_reviewed(connection: Connection, changed: Sequence[Submission]) -> None:
    """Note that what these changes can affect has been judged again."""
    for submission in changed:
        connection.execute(
            update(submissions)
            .where(submissions.c.id == submission.id, submissions.c.state == submission.state.value)
            .values(reviewed_state=submission.state.value, incident=None, failed_version=None)
        )


def note_unjudged(connection: Connection, submission: str, incident: str, version: str) -> None:
    """Note that this version failed on judging a published submission again; its earlier findings stand meanwhile."""
    noted = {"reviewed_state": None, "incident": incident, "failed_version": version}
    connection.execute(
        update(submissions).where(submissions.c.id == submission, submissions.c.state.in_(_MOVED)).values(noted)
    )


def record_rows(connection: Connection, submission: str, rows_sha256: str) -> None:
    """Record the hash of rows that were written anew."""
    connection.execute(update(submissions).where(submissions.c.id == submission).values(rows_sha256=rows_sha256))


def judge_again(connection: Connection, submission: str) -> None:
    """Have a published submission that we failed on judging again judged with the next review."""
    connection.execute(update(submissions).where(submissions.c.id == submission).values(failed_version=None))


def hashes_not_kept(connection: Connection) -> list[str]:
    """Return hashes of bytes that no submission stores or waits to have read."""
    kept = select(submissions.c.sha256).where(submissions.c.evidence_kept)
    query = select(submissions.c.sha256).distinct().where(submissions.c.sha256.not_in(kept))
    return list(connection.execute(query).scalars())


def halt_ids_before(connection: Connection, exchange: str, period: Period) -> frozenset[str]:
    """Ids of the halts that accepted files of earlier periods hold (2.5)."""
    query = (
        select(halts.c.halt_id)
        .distinct()
        .join(submissions, submissions.c.id == halts.c.submission)
        .where(
            submissions.c.exchange == exchange,
            submissions.c.state == State.ACCEPTED.value,
            submissions.c.period_start < period.start,
        )
    )
    return frozenset(connection.execute(query).scalars())


def halt_ids_of(connection: Connection, ids: Sequence[str]) -> frozenset[str]:
    """Ids of the halts that these submissions hold."""
    found: set[str] = set()
    for some in in_parts(ids):
        query = select(halts.c.halt_id).distinct().where(halts.c.submission.in_(some))
        found.update(connection.execute(query).scalars())
    return frozenset(found)


def _filtered(
    query: Select[Any],
    exchange: str | None,
    report: str | None,
    first: Period | None,
    last: Period | None,
) -> Select[Any]:
    c = submissions.c
    if exchange is not None:
        query = query.where(c.exchange == exchange)
    if report is not None:
        query = query.where(c.report == report)
    if first is not None:
        query = query.where(c.period_start >= first.start)
    if last is not None:
        query = query.where(c.period_end <= last.end)
    return query


def listed(
    connection: Connection,
    *,
    exchange: str | None = None,
    report: str | None = None,
    first: Period | None = None,
    last: Period | None = None,
    as_of: datetime | None = None,
) -> list[Submission]:
    """Submissions of every state, oldest first; with `as_of` those known then, in the state they had then."""
    c = submissions.c
    query = _filtered(select(submissions), exchange, report, first, last)
    query = query.order_by(c.sequence)
    then = None if as_of is None else states_at(connection, as_of)
    rows = connection.execute(query).mappings().all()
    if then is None:
        return [_submission(row) for row in rows]
    return [_submission(row, then[row["id"]]) for row in rows if row["id"] in then]


def states_at(connection: Connection, moment: datetime) -> dict[str, str]:
    """The state that each submission had at `moment`, by its number."""
    query = (
        select(states.c.submission, states.c.state)
        .where(states.c.at <= moment)
        .order_by(states.c.submission, states.c.sequence)
    )
    return {row.submission: row.state for row in connection.execute(query)}


def in_force(
    connection: Connection,
    report: str,
    *,
    exchange: str | None = None,
    first: Period | None = None,
    last: Period | None = None,
    as_of: datetime | None = None,
) -> list[Submission]:
    """Accepted submissions of a report, by period and exchange; with `as_of`, accepted at that moment."""
    found = listed(connection, exchange=exchange, report=report, first=first, last=last, as_of=as_of)
    accepted = [submission for submission in found if submission.state is State.ACCEPTED]
    return sorted(accepted, key=lambda s: (s.period, s.exchange))


def findings_of(connection: Connection, ids: Sequence[str]) -> dict[str, list[tuple[Kind, Finding]]]:
    """Findings of each of the submissions, in the order they were found."""
    found: dict[str, list[tuple[Kind, Finding]]] = {id_: [] for id_ in ids}
    for some in in_parts(ids):
        query = (
            select(findings)
            .where(findings.c.submission.in_(some), findings.c.lifted_at.is_(None))
            .order_by(findings.c.id)
        )
        for row in connection.execute(query).mappings():
            found[row["submission"]].append((Kind(row["kind"]), finding_from(row)))
    return found


def finding_numbers(connection: Connection, submission: str, kinds: Sequence[Kind]) -> list[int]:
    """The numbers of a submission's findings of these kinds that nothing has lifted, in the order they were found."""
    query = select(findings.c.id).where(
        findings.c.submission == submission, findings.c.kind.in_(kinds), findings.c.lifted_at.is_(None)
    )
    return list(connection.execute(query.order_by(findings.c.id)).scalars())


def replace_findings(
    connection: Connection,
    submission: Submission,
    rules: Sequence[str],
    found: Sequence[tuple[Finding, Kind]],
    at: datetime,
) -> None:
    """Record what `rules` find of an accepted submission now: new findings are added, others are closed."""
    query = select(findings).where(
        findings.c.submission == submission.id, findings.c.rule.in_(rules), findings.c.lifted_at.is_(None)
    )
    standing: dict[Finding, list[int]] = {}
    for row in connection.execute(query).mappings():
        standing.setdefault(finding_from(row), []).append(row["id"])
    new = []
    for finding, kind in found:
        if standing.get(finding):
            standing[finding].pop()
        else:
            new.append((finding, kind))
    gone = [number for numbers in standing.values() for number in numbers]
    if gone:
        lift(connection, findings.c.id.in_(gone), at)
    insert_findings(connection, submission, new, at)


def lift(connection: Connection, which: ColumnElement[bool], at: datetime) -> None:
    """Close the findings that hold no more: at a moment, and never before they were found."""
    found_at = findings.c.found_at
    lifted_at = case((found_at > at, found_at), else_=literal(at, Instant))
    connection.execute(update(findings).where(which).values(lifted_at=lifted_at))


def finding_from(row: RowMapping) -> Finding:
    """The finding in a row of the table `findings`."""
    return Finding(
        rule=row["rule"],
        row=row["row"],
        column=row["column"],
        subject=row["subject"],
        start=row["start"],
        end=row["end"],
        found=row["found"],
        expected=row["expected"],
        reason=row["reason"],
    )


def current_submissions(
    connection: Connection,
    *,
    exchange: str | None = None,
    report: str | None = None,
    first: Period | None = None,
    last: Period | None = None,
    others: Sequence[State] = (),
) -> list[Submission]:
    """Accepted submissions, and rejected ones that nothing later has replaced (section 6), oldest first.

    Also those in `others` of the states.
    """
    every = listed(connection, exchange=exchange, report=report, first=first, last=last)
    newest: dict[tuple[str, str, Period], str] = {}
    for submission in every:
        newest[submission.exchange, submission.report, submission.period] = submission.id
    return [
        s
        for s in every
        if s.state in (State.ACCEPTED, *others)
        or (s.state is State.REJECTED and newest[s.exchange, s.report, s.period] == s.id)
    ]


def current_findings(
    connection: Connection,
    *,
    exchange: str | None = None,
    report: str | None = None,
    rule: str | None = None,
    first: Period | None = None,
    last: Period | None = None,
) -> list[StoredFinding]:
    """Findings of accepted submissions, and of rejected ones that nothing later has replaced (section 6).

    Of withdrawn ones what is asked about the withdrawal.
    """
    current = current_submissions(
        connection, exchange=exchange, report=report, first=first, last=last, others=(State.WITHDRAWN,)
    )
    found = findings_of(connection, [s.id for s in current])
    return [
        StoredFinding(submission, kind, finding)
        for submission in current
        for kind, finding in found[submission.id]
        if rule in (None, finding.rule)
        and (submission.state is not State.WITHDRAWN or finding.rule in OF_THE_WITHDRAWN)
    ]


def fact_files(wanted: Sequence[Submission]) -> list[FactFile]:
    """Return the paths of the rows of accepted submissions."""
    return [FactFile(s.report, s.exchange, s.period.text, s.id, s.rows_sha256) for s in wanted]

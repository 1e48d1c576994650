"""The door of the road: a file is received, or an accepted one taken out of force, in one short transaction.

Nothing is read or judged here, so whoever stands at a door (the screens' process too) need not load what judges;
`etl.jobs` takes up what is left to be done.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from etl.envelopes import MOST_DIFFERENCE, differ_in_server_time_alone
from etl.evidence import digest_of
from etl.exchanges import exchange
from etl.failures import tried_again
from etl.intake import NOTHING_GIVEN, Candidate, Declared, Given
from etl.plain_files import is_plain, read_plain
from etl.records import submissions as life
from etl.records.engine import writing
from etl.records.log import COMMAND, AuditEvent, EventKind, append, entries
from etl.records.moved_on import NOTHING, MovedOnError
from etl.records.submissions import Submission
from etl.records.thresholds import thresholds_in_force
from etl.records.vouched import about
from etl.store import Store
from expectations.catalogue import rule_set_version
from expectations.vocabulary import State


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to one file: its submission, and whether it only repeated an earlier one (3.4)."""

    submission: Submission
    file: str
    duplicate: bool


def receive(
    store: Store, candidate: Candidate, *, received_at: datetime | None = None, sender: str | None = None
) -> Receipt:
    """Make a file's bytes and its record durable, or answer with the submission that it repeats."""
    data = candidate.read()
    return receive_candidate(store, candidate, data, received_at=received_at, sender=sender)


def receive_candidate(
    store: Store,
    candidate: Candidate,
    data: bytes,
    *,
    received_at: datetime | None = None,
    sender: str | None = None,
    reason: str = "",
    again: bool = False,
) -> Receipt:
    """As `receive`, for a file whose bytes have been read."""
    file, declared = candidate.shown_path, candidate.declared
    return receive_bytes(
        store,
        data,
        file,
        declared,
        received_at=received_at,
        sender=sender,
        reason=reason,
        given=candidate.given,
        again=again,
    )


def receive_bytes(
    store: Store,
    data: bytes,
    file: str,
    declared: Declared,
    *,
    received_at: datetime | None = None,
    sender: str | None = None,
    seen: str | None = None,
    first: Callable[[Connection], None] | None = None,
    reason: str = "",
    given: Given = NOTHING_GIVEN,
    again: bool = False,
) -> Receipt:
    """As `receive`, for bytes that came some other way than as a file.

    `given` is what the sender says of the content; what does not agree with it is no repetition of anything (3.12).
    `reason` is why it takes the place of what is accepted, where the sender says so (3.9); the log keeps it.
    `seen` is what was filed of the same before (`newest_filed`): MovedOnError where it is not the newest any more.
    `again` says that bytes which were replaced by others are to come into force again; without it they only repeat the
    submission that was replaced. ValueError where no reason is given for that.
    `first` is done before all else in the same transaction, and may refuse.
    """
    if again and not reason.strip():
        raise ValueError("bytes that were replaced are filed again with a reason")
    now = datetime.now(UTC)
    at = received_at or now
    sha256 = digest_of(data)
    with writing(store.engine, lock=f"{declared.exchange}/{declared.report}") as connection:
        version = rule_set_version(thresholds_in_force(connection))
        earlier = _repeated(store, connection, declared, data, version, given)
        if again and earlier is not None and earlier.state is State.SUPERSEDED:
            earlier = None
        if earlier is not None and _came_too_early(earlier, at):
            earlier = None
        if first is not None:
            first(connection)
        if seen is not None and earlier is None:  # the same again is answered as before
            _must_be_newest(connection, declared, seen)
        if earlier is not None and earlier.state is State.FAILED:
            if life.followed_by(connection, earlier) is None:
                earlier = tried_again(connection, earlier, sender or COMMAND)
            else:
                earlier = None  # it would come into force over what followed it; these bytes were sent now
        if earlier is not None:
            if earlier.evidence_kept and earlier.sha256 == sha256:
                store.evidence.keep(data)
            append(connection, [_upload(earlier, sender, duplicate=True, sent=sha256)], at=now)
            return Receipt(earlier, file, duplicate=True)
        store.evidence.keep(data)
        submission = Submission(
            id=life.new_id(at),
            exchange=declared.exchange,
            report=declared.report,
            period=declared.period,
            sender=sender,
            file=file,
            format=None,
            sha256=sha256,
            size_bytes=len(data),
            evidence_kept=True,
            received_at=at,
            recorded_at=now,
            state=State.RECEIVED,
            row_count=None,
            rule_set_version=None,
            decided_at=None,
            superseded_by=None,
            given_sha256=given.sha256,
            given_rows=given.rows,
        )
        life.insert_received(connection, submission)
        append(connection, [_upload(submission, sender, duplicate=False, reason=reason)], at=now)
    return Receipt(submission, file, duplicate=False)


def _came_too_early(waiting: Submission, at: datetime) -> bool:
    """Whether a submission that waits came before its period had ended, and it has ended now: SUB-010 may refuse it."""
    return waiting.state is State.RECEIVED and waiting.received_at < waiting.period.end <= at


def is_repeated(
    store: Store, connection: Connection, declared: Declared, data: bytes, given: Given = NOTHING_GIVEN
) -> bool:
    """Whether filing these bytes, given to be so, would only repeat an earlier submission (3.4)."""
    version = rule_set_version(thresholds_in_force(connection))
    return _repeated(store, connection, declared, data, version, given) is not None


def replaced_before(
    store: Store, connection: Connection, declared: Declared, data: bytes, given: Given = NOTHING_GIVEN
) -> Submission | None:
    """The submission that these bytes would repeat and that was replaced: they come into force on purpose alone."""
    version = rule_set_version(thresholds_in_force(connection))
    earlier = _repeated(store, connection, declared, data, version, given)
    return earlier if earlier is not None and earlier.state is State.SUPERSEDED else None


def newest_filed(connection: Connection, declared: Declared) -> str:
    """What was filed last of an exchange, report and period, and not rejected, as a short text; NOTHING for none."""
    newest = _newest(connection, declared)
    return NOTHING if newest is None else version_of(newest)


def version_of(submission: Submission) -> str:
    """The state of a submission as a short text: its number, and what people have done to it since."""
    return f"{submission.id}.withdrawn" if submission.state is State.WITHDRAWN else submission.id


def _newest(connection: Connection, declared: Declared) -> Submission | None:
    period = declared.period
    every = life.listed(connection, exchange=declared.exchange, report=declared.report, first=period, last=period)
    same = (one for one in reversed(every) if one.period == period and one.state is not State.REJECTED)
    return next(same, None)


def _must_be_newest(connection: Connection, declared: Declared, seen: str) -> None:
    """Raise MovedOnError where something else was filed of the same, or taken out, since."""
    newest = _newest(connection, declared)
    if newest is None or version_of(newest) == seen:
        return
    if newest.state is State.WITHDRAWN:
        raise _withdrawn(connection, newest)
    raise MovedOnError("filed", newest.sender or COMMAND, newest.recorded_at)


def _withdrawn(connection: Connection, submission: Submission) -> MovedOnError:
    """By whom and when a submission was withdrawn, as the log has it."""
    found = entries(connection, act=EventKind.WITHDRAW, subject=submission.id, limit=1)
    if not found:  # before the log began
        return MovedOnError("withdrawn", COMMAND, submission.decided_at or submission.recorded_at)
    return MovedOnError("withdrawn", found[0].actor, found[0].at)


def _repeated(
    store: Store, connection: Connection, declared: Declared, data: bytes, version: str, given: Given
) -> Submission | None:
    """The earlier submission that a file would only repeat: of the same bytes, or the same but `server_time` (3.4).

    None where what is given says something else of the file, or confirms what a finding asks the sender to (SUB-012).
    """
    earlier = _same_as(store, connection, declared, data, version)
    if earlier is None or given == earlier.given:
        return earlier
    if not given.agrees_with(digest_of(data), earlier.row_count) or not given.is_hash:
        return None
    asks = any(finding.rule == "SUB-012" for _, finding in life.findings_of(connection, [earlier.id])[earlier.id])
    return None if asks and given.rows is not None else earlier


def _same_as(store: Store, connection: Connection, declared: Declared, data: bytes, version: str) -> Submission | None:
    """The earlier submission that says the same."""
    asked = (declared.exchange, declared.report, declared.period)
    earlier = life.same_filed(connection, *asked, digest_of(data), version)
    if earlier is not None or not exchange(declared.exchange).layouts[declared.report].form.envelope:
        return earlier
    for sha256, size in life.kept_for(connection, *asked):
        path = store.evidence.path(sha256)
        if abs(size - len(data)) <= MOST_DIFFERENCE and is_plain(path):
            if differ_in_server_time_alone(data, read_plain(path)):
                earlier = life.same_filed(connection, *asked, sha256, version)
            if earlier is not None:
                return earlier
    return None


def reason_given(connection: Connection, submission: str) -> str | None:
    """Why a submission was filed in place of what was accepted, as the log has it; None where nothing was said."""
    for entry in reversed(entries(connection, act=EventKind.UPLOAD, subject=submission)):
        if reason := json.loads(entry.details).get("reason"):
            return str(reason)
    return None


def _upload(
    submission: Submission, sender: str | None, *, duplicate: bool, sent: str = "", reason: str = ""
) -> AuditEvent:
    """That somebody filed these bytes, bound to their hash; the file's name is the sender's and stays out.

    `sent` is the hash of what came where it only says the same as the submission, `reason` why it replaces another.
    """
    details = {
        "exchange": submission.exchange,
        "report": submission.report,
        "period": submission.period.text,
        "sha256": submission.sha256,
        "size_bytes": submission.size_bytes,
        "duplicate": duplicate,
    }
    if sent and sent != submission.sha256:
        details["sent_sha256"] = sent
    if reason:
        details["reason"] = reason
    made = () if duplicate else about([submission.id], "submissions", "states")
    return AuditEvent(sender or COMMAND, EventKind.UPLOAD, submission.id, details, made)


class NotWithdrawableError(ValueError):
    """A submission that cannot be withdrawn, with a sentence for the user."""


def take_out(
    store: Store,
    submission: str,
    *,
    reason: str,
    at: datetime | None = None,
    actor: str = COMMAND,
    seen: str | None = None,
    only: State | None = None,
) -> Submission:
    """Take an accepted submission out of force, or one that we failed on back; what it superseded stays so (3.2, 3.10).

    What that affects is still to be judged again. NotWithdrawableError in one sentence where it cannot be; MovedOnError
    where it was seen in force and is withdrawn or superseded since. `seen` is `version_of` it as it was seen.
    `only` is the one state from which the caller may take it.
    """
    if not reason.strip():
        raise NotWithdrawableError("a withdrawal needs a reason; give --reason")
    with writing(store.engine) as connection:
        current = life.by_id(connection, submission)
        if current is None:
            raise NotWithdrawableError(f"there is no submission {submission}; 'daxa submissions --json' lists them")
        if seen == submission and current.state in (State.WITHDRAWN, State.SUPERSEDED):
            raise _moved_on(connection, current)
        if current.state not in ((State.ACCEPTED, State.FAILED) if only is None else (only,)):
            raise NotWithdrawableError(
                f"submission {submission} is {current.state.value}; only an accepted one can be withdrawn, "
                "or one that we failed on"
            )
        # What never was in force affects nothing that would have to be judged again.
        reviewed = {} if current.is_decided else {"reviewed_state": State.WITHDRAWN.value}
        left_at = max(at or datetime.now(UTC), life.last_change(connection, [submission]))
        life.change_state(connection, submission, State.WITHDRAWN, left_at, cause=reason, **reviewed)
        changed = about([submission], "submissions", "states")
        append(connection, [AuditEvent(actor, EventKind.WITHDRAW, submission, {"reason": reason}, changed)])
    return replace(current, state=State.WITHDRAWN)


def _moved_on(connection: Connection, submission: Submission) -> MovedOnError:
    """By whom and when a submission was withdrawn, or another filed in its place."""
    if submission.superseded_by is None:
        return _withdrawn(connection, submission)
    later = life.by_id(connection, submission.superseded_by)
    if later is None:
        raise LookupError(f"submission {submission.id} is superseded by {submission.superseded_by}, which is not there")
    return MovedOnError("superseded", later.sender or COMMAND, later.recorded_at)

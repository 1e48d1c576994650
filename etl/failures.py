"""Where we fail: the file is `failed`, its sender can see it under a number, and nobody else's file is touched (3.10).

What we fail on while a file is read, judged or published leaves it without a verdict. What we fail on while published
files are judged again leaves their state and their earlier findings as they are. Both are tried again by another
version of the program (`etl.program`), or on request.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine

from etl.program import program_version
from etl.records import judgements
from etl.records import submissions as life
from etl.records.engine import reading, writing
from etl.records.incidents import new_incident, record_incident
from etl.records.log import SYSTEM, AuditEvent, EventKind, append
from etl.records.submissions import Submission
from etl.records.thresholds import thresholds_in_force
from etl.records.vouched import about
from expectations.catalogue import rule_set_version
from expectations.vocabulary import State


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure of ours: the number of its incident, and the submission that it happened to, if any."""

    submission: str | None
    incident: str

    def __str__(self) -> str:
        """What a person can do, in a sentence."""
        if self.submission is None:
            return f"something went wrong here (incident {self.incident}); nothing is lost"
        return (
            f"submission {self.submission} could not be judged (incident {self.incident}); nothing is lost, "
            f"'daxa retry {self.submission}' tries again"
        )


def recorded(engine: Engine, error: Exception, submission: str | None = None) -> Failure:
    """A failure that changes nothing but the list of incidents."""
    incident = new_incident()
    record_incident(engine, incident, error, submission=submission)
    return Failure(submission, incident)


def failed_on(engine: Engine, submission: Submission, error: Exception) -> Failure:
    """A failure on a received file, which is `failed` from now on, unless somebody else has judged it meanwhile."""
    failure = recorded(engine, error, submission.id)
    at = datetime.now(UTC)
    with writing(engine) as connection:
        current = life.by_id(connection, submission.id)
        if current is not None and current.state is State.RECEIVED:
            life.fail(connection, submission.id, failure.incident, program_version(), at)
            append(connection, [_event(SYSTEM, EventKind.FAILURE, State.FAILED, submission.id, failure.incident)])
    return failure


def unjudged(engine: Engine, submission: str, error: Exception, rules: Collection[str] = ()) -> Failure:
    """A failure on judging a published submission again, by these rules; its state and what was found before stand."""
    failure = recorded(engine, error, submission)
    with writing(engine) as connection:
        current = life.by_id(connection, submission)
        if current is not None:
            version = rule_set_version(thresholds_in_force(connection))
            judgements.record_failed(connection, submission, rules, failure.incident, version, datetime.now(UTC))
            life.note_unjudged(connection, submission, failure.incident, program_version())
            append(connection, [_event(SYSTEM, EventKind.FAILURE, current.state, submission, failure.incident)])
    return failure


def _event(actor: str, act: EventKind, state: State, submission: str, incident: str | None) -> AuditEvent:
    changed = about([submission], "submissions", "states", "judgements")
    return AuditEvent(actor, act, submission, {"state": state.value, "incident": incident}, changed)


# ------------------------------------------------------------------------------------------- trying again


class NotRetryableError(ValueError):
    """A submission that cannot be tried again, with a sentence for the user."""


def retry(engine: Engine, submission: str, *, actor: str) -> Submission:
    """Have a submission that we failed on tried again by whoever judges next; NotRetryableError where it cannot be."""
    with writing(engine) as connection:
        current = life.by_id(connection, submission)
        if current is None:
            raise NotRetryableError(f"there is no submission {submission}; 'daxa submissions --json' lists them")
        if current.state is State.FAILED:
            follower = life.followed_by(connection, current)
            if follower is not None:
                raise NotRetryableError(
                    f"submission {submission} was followed by {follower}, over which it is not to come into force; "
                    "withdraw it"
                )
        elif current.incident is None:
            raise NotRetryableError(f"submission {submission} is {current.state.value}; we did not fail on it")
        return tried_again(connection, current, actor)


def retry_after_change(engine: Engine) -> None:
    """Have what another version of the program failed on tried again, but what a later file has followed."""
    version = program_version()
    with reading(engine) as connection:
        waiting = life.failed(connection, other_than=version)
    for one in waiting:
        with writing(engine) as connection:
            current = life.by_id(connection, one.id)
            if current is not None and current.state is State.FAILED and not life.followed_by(connection, current):
                tried_again(connection, current, SYSTEM)


def tried_again(connection: Connection, current: Submission, actor: str) -> Submission:
    """Have a submission that we failed on tried again, in the caller's transaction, and log who wanted it."""
    if current.state is State.FAILED:
        life.receive_again(connection, current.id, datetime.now(UTC))
    else:
        life.judge_again(connection, current.id)
    again = life.by_id(connection, current.id)
    state = State.RECEIVED if current.state is State.FAILED else current.state
    append(connection, [_event(actor, EventKind.RETRY, state, current.id, current.incident)])
    return again or current

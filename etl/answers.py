"""When two findings are the same, how long an answer to one speaks for the other, and how a breach stands.

**The same finding again.** Two findings have one fingerprint where rule, exchange, report, subject, column and reason
are the same and their interval is of one nature: none, ended, or still open. The day, the row and the values are left
out: what an exchange explained of yesterday's file is the same matter in today's. Another subject, another column or
another way to fail is another matter, and so is a state that has not ended where the explained one had. Of corrections
that took a breach away each is a matter of its own.

**Carried forward.** An explanation is of one finding and speaks for every one with its fingerprint from that finding's
day on: without end while no decision was made, up to its date where it was accepted, and up to the day of the decision
where it was refused or referred, so that the same finding on a later day is asked about anew. Of several that speak for
a day the newest counts. Nothing is hidden by it: the finding stands, with its answer beside it.

**The same breach.** A breach is of its own day: one occurrence, whichever file tells of it. It is open until the
exchange says what it did, or until the data shows that it is over; a supervisor closes it, or opens it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache

from etl.canonical import canonical_json
from expectations.vocabulary import KST, Finding, Kind

EXPLAINED_KINDS = (Kind.CONSISTENCY, Kind.PLAUSIBILITY)
"""Kinds of finding that an exchange explains; a breach is remedied, and what refuses a file is corrected."""
LONGEST_ACCEPTANCE_DAYS = 366
"""[MODEL] An explanation is accepted for at most so many days ahead; then it is looked at again."""
LEAST_FOR_SHARE = 5
"""[MODEL] Of fewer findings no share is told: one more or less would turn it over."""
OVER_WITH_THE_DATA = frozenset({"REC-003", "CAL-001"})
"""Breaches that are a state, and over with it: a shortfall that has ended, a report that has arrived, if late."""


ASKED_EACH_TIME = frozenset({"FIX-001"})
"""Rules of which an answer to one finding says nothing of another: each correction has its own reason."""


class Nature(StrEnum):
    """What kind of interval a finding has."""

    NONE = "none"
    ENDED = "ended"
    OPEN = "open"


def nature_of(start: datetime | None, end: datetime | None) -> Nature:
    """The nature of the interval from `start` to `end`."""
    if start is None:
        return Nature.NONE
    return Nature.OPEN if end is None else Nature.ENDED


def fingerprint(exchange: str, report: str, finding: Finding) -> str:
    """What a finding shares with the same one of another day: 64 hexadecimal digits."""
    return _digest(
        exchange=exchange,
        report=report,
        rule=finding.rule,
        subject=finding.subject,
        column=finding.column,
        reason=finding.reason,
        nature=nature_of(finding.start, finding.end).value,
        **_of_its_own(finding),
    )


def occurrence(exchange: str, report: str, period_start: datetime, finding: Finding) -> str:
    """What a finding of one day shares with itself in a corrected file: 64 hexadecimal digits.

    Row, column and values may be others there; where it has an interval, the start of that says which one it is.
    """
    return _digest(
        exchange=exchange,
        report=report,
        rule=finding.rule,
        subject=finding.subject,
        reason=finding.reason,
        since=(finding.start or period_start).astimezone(KST).isoformat(timespec="milliseconds"),
        **_of_its_own(finding),
    )


def _of_its_own(finding: Finding) -> dict[str, str]:
    """What tells findings apart of which every one is asked about by itself: the breach that was taken away."""
    if finding.rule not in ASKED_EACH_TIME:
        return {}
    since = "" if finding.start is None else finding.start.astimezone(KST).isoformat(timespec="milliseconds")
    return {"of": f"{since} {finding.found}"}


@lru_cache(maxsize=4_096)
def _digest(**parts: str | None) -> str:
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


# ------------------------------------------------------------------------------------- explanations


class Outcome(StrEnum):
    """What a supervisor decides of an explanation."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    REFERRED = "referred"


class Answered(StrEnum):
    """The state of a finding's explanation: none, explained, or the decision about it."""

    OPEN = "open"
    EXPLAINED = "explained"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    REFERRED = "referred"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of an explanation, by whom, why, and, where it was accepted, until which KST day."""

    outcome: Outcome
    until: date | None
    reason: str
    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an exchange said of a finding of `first_day`, and the newest decision about it."""

    id: str
    fingerprint: str
    exchange: str
    report: str
    rule: str
    subject: str | None
    submission: str
    first_day: date
    text: str
    person: str
    at: datetime
    decision: Decision | None = None

    @property
    def answered(self) -> Answered:
        """How the findings stand that it speaks for."""
        return Answered(self.decision.outcome) if self.decision else Answered.EXPLAINED

    @property
    def version(self) -> str:
        """Its state as a short text: another after every decision."""
        made = self.decision
        return self.id if made is None else f"{self.id}.{made.outcome}.{made.person}.{made.at.isoformat()}"

    @property
    def last_day(self) -> date | None:
        """The last day that it speaks for; None while there is no end to it."""
        if self.decision is None:
            return None
        return self.decision.until or self.decision.at.astimezone(KST).date()

    def speaks_for(self, day: date) -> bool:
        """True of the same finding in a period that begins on `day`."""
        last = self.last_day
        return self.first_day <= day and (last is None or day <= last)


def answer_for(explanations: Iterable[Explanation], day: date) -> Explanation | None:
    """Of the explanations of one fingerprint, oldest first, the one that speaks for its finding of `day`."""
    return next((one for one in reversed(list(explanations)) if one.speaks_for(day)), None)


# ----------------------------------------------------------------------------------------- breaches


class BreachState(StrEnum):
    """The state of a breach."""

    OPEN = "open"
    REMEDIED = "remedied"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class BreachStep:
    """What was done about a breach: the state it came to by it, by whom, when, and what was said."""

    state: BreachState
    text: str
    person: str
    at: datetime


def breach_state(steps: Sequence[BreachStep], over_at: datetime | None) -> BreachState:
    """Return the state of a breach after these steps, oldest first; `over_at` is since when the data shows its end."""
    last = steps[-1] if steps else None
    if last is not None and last.state is not BreachState.OPEN:
        return last.state
    is_over = over_at is not None and (last is None or over_at > last.at)
    return BreachState.REMEDIED if is_over else BreachState.OPEN

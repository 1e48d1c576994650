"""How long the stretches of a case take, and by when the rules ask for what: clocks, and what the rules recorded.

A stretch that has not ended is a running clock, up to the moment that the case is looked at. That a limit was exceeded
is said only where the rule recorded it (`recorded_case_findings`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from app.keys.case_courses import CLOSING_STAGES, OPEN_STAGES, Course, FiledStep, courses
from app.keys.case_findings import CaseFindings, recorded_case_findings
from app.moments import kst_day
from app.queries.choice import Choice
from app.scope import Scope
from etl.records.types import from_milliseconds
from etl.store import Store
from expectations.thresholds import Thresholds
from expectations.vocabulary import KST

_HOUR = int(timedelta(hours=1) / timedelta(milliseconds=1))
_SETTLED = ("reverification", *CLOSING_STAGES)
_FAILED = ("failed", "no_response")


class StretchKind(StrEnum):
    """A stretch of a case that is timed: three with a limit, three stages, and the whole way to the expiry."""

    RESPONSE = "response"
    HIGH_RISK = "high_risk"
    FAILURE = "failure"
    MONITORING = "monitoring"
    WARNING = "warning"
    REVERIFICATION = "reverification"
    EXPIRY = "expiry"


class Limit(NamedTuple):
    """The rule that limits a stretch, and the name of its threshold in hours."""

    rule: str
    parameter: str


LIMITS = {
    StretchKind.RESPONSE: Limit("ACT-005", "first_action_hours"),
    StretchKind.HIGH_RISK: Limit("ACT-006", "high_risk_hours"),
    StretchKind.FAILURE: Limit("ACT-007", "reverification_failure_hours"),
}


CASE_STATES = ("over", "open", "closed")
"""What needs somebody first: open with a limit recorded as exceeded that is still to be met, open, closed."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A timed stretch, in milliseconds since 1970: its start, its end if it has one, and the moment it is looked at."""

    kind: StretchKind
    started_at: int
    ended_at: int | None
    until: int
    due_at: int | None = None
    """When the limit falls due; None where there is no limit."""
    limit_day: date | None = None
    """The day whose threshold holds."""
    is_exceeded: bool = False
    """True where the rule recorded that the limit was exceeded."""

    @property
    def is_running(self) -> bool:
        """True while the stretch has not ended."""
        return self.ended_at is None

    @property
    def length(self) -> int:
        """Milliseconds that it took, or has taken so far."""
        return max(0, (self.until if self.ended_at is None else self.ended_at) - self.started_at)


@dataclass(frozen=True, slots=True)
class TimedCase:
    """A case with all that is timed of it."""

    course: Course
    stretches: tuple[Stretch, ...]

    @property
    def due_at(self) -> int | None:
        """The next moment by which something is asked of the case, past or not; None where nothing is."""
        return min((one.due_at for one in self.stretches if one.due_at and one.is_running), default=None)

    @property
    def is_exceeded(self) -> bool:
        """True where a limit was recorded as exceeded whose stretch is still running."""
        return any(one.is_exceeded and one.is_running for one in self.stretches)

    @property
    def state(self) -> str:
        """One of CASE_STATES."""
        return "closed" if not self.course.is_open else "over" if self.is_exceeded else "open"


def timed_cases(store: Store, scope: Scope, choice: Choice, thresholds: Thresholds) -> tuple[TimedCase, ...]:
    """Return the cases that were open at the end of the period or had a step in it, timed up to its end."""
    found = recorded_case_findings(store, scope, choice.exchanges)
    return tuple(timed_case(course, thresholds, found) for course in courses(store, scope, choice))


def timed_case(course: Course, thresholds: Thresholds, findings: CaseFindings) -> TimedCase:
    """Return a case with its stretches: those with a limit, the way to its expiry, and its stages."""
    limited = _limited(course, thresholds, findings)
    return TimedCase(course, (*limited, *expiry_stretches(course), *_stages(course)))


def expiry_stretches(course: Course) -> tuple[Stretch, ...]:
    """Return the whole way from the detection to the forced expiry; nothing where the case has not come to that."""
    expired_at = course.first_at(("forced_expiry",))
    if expired_at is None:
        return ()
    return (Stretch(StretchKind.EXPIRY, course.detected_at, expired_at, course.until),)


def _limited(course: Course, thresholds: Thresholds, findings: CaseFindings) -> Iterator[Stretch]:
    """The stretches with a limit (specification, ACT-005 to ACT-007)."""

    def stretch(kind: StretchKind, start: int, end: int | None, step: FiledStep) -> Stretch:
        day = kst_day(from_milliseconds(step.acted_at))
        due_at = start + int(thresholds.value(LIMITS[kind].parameter, day, step.exchange)) * _HOUR
        # A finding about a limit that fell due only later than the moment looked at is not of that moment.
        is_of_then = end is not None or due_at < course.until
        is_exceeded = is_of_then and _is_recorded(kind, step, findings)
        return Stretch(kind, start, end, course.until, due_at, day, is_exceeded)

    first, detected_at = course.steps[0], course.detected_at
    yield stretch(StretchKind.RESPONSE, detected_at, first.acted_at, first)
    if any(step.risk_level == "high" for step in course.steps):
        yield stretch(StretchKind.HIGH_RISK, detected_at, course.first_at(_SETTLED), first)
    for step in course.steps:
        if step.stage == "reverification" and step.outcome in _FAILED:
            expired_at = course.first_at(("forced_expiry",), step.acted_at)
            ended_at = expired_at or course.first_at(("cleared",), step.acted_at)
            yield stretch(StretchKind.FAILURE, step.acted_at, ended_at, step)


def _is_recorded(kind: StretchKind, step: FiledStep, findings: CaseFindings) -> bool:
    """True where the rule has an open finding about the case; of several failures it names the moment of one."""
    found = findings.about(step.exchange, step.case_id, LIMITS[kind].rule)
    if kind is StretchKind.FAILURE:
        moment = from_milliseconds(step.acted_at).astimezone(KST).isoformat(timespec="milliseconds")
        return any(moment in one.found for one in found)
    return bool(found)


def _stages(course: Course) -> Iterator[Stretch]:
    """The time in each open stage."""
    ends: list[int | None] = [run[0].acted_at for run in course.runs[1:]]
    for run, ended_at in zip(course.runs, [*ends, None], strict=True):
        if run[0].stage in OPEN_STAGES:
            yield Stretch(StretchKind(run[0].stage), run[0].acted_at, ended_at, course.until)

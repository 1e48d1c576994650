"""The list of cases against suspect keys: page by page, as the filters want it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.columns import Code, Count, ExchangeId, Instant, Length, StateCode
from app.keys.case_courses import Move, move_of
from app.keys.case_stretches import CASE_STATES, TimedCase, timed_cases
from app.queries.choice import Choice
from app.scope import Scope
from etl.records.types import from_milliseconds, to_milliseconds
from etl.store import Store
from expectations.thresholds import Thresholds
from expectations.vocabulary import Period

CASE_PAGE = 50
"""Cases that are listed at once."""


@dataclass(frozen=True, slots=True)
class CasesWanted:
    """Which cases are listed; what is empty means all. `origin` and `taken`: one that made this move in the period."""

    exchange: str = ""
    state: str = ""
    stage: str = ""
    risk_level: str = ""
    suspicion: str = ""
    origin: str = ""
    taken: str = ""
    search: str = ""


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case as the list says it, in the order of its columns; `state` is one of CASE_STATES."""

    state: StateCode
    exchange: ExchangeId
    case_id: str
    stage: Code
    stage_length: Length | None
    """How long it has been in its stage; None where it is closed."""
    next_due_at: Instant | None
    """The next limit of those that are running, past or not."""
    risk_level: Code
    suspicion: Code
    outcome: Code
    first_detected_at: Instant
    response: Length
    step_count: Count
    skip_count: Count
    stage_since: Instant
    key_ref: str


@dataclass(frozen=True, slots=True)
class CaseList:
    """One page of cases and how many there are on all pages."""

    cases: tuple[CaseLine, ...]
    count: int


def case_list(
    store: Store, scope: Scope, choice: Choice, wanted: CasesWanted, thresholds: Thresholds, page: int = 1
) -> CaseList:
    """Return one page of the wanted cases: those over a limit first, then the open ones, the newest step first.

    It is empty for whoever may see no rows.
    """
    start = to_milliseconds(Period.of_day(choice.first_day).start)
    every = timed_cases(store, scope, choice, thresholds) if scope.sees_rows else ()
    found = [one for one in every if _is_wanted(one, wanted, start)]
    found.sort(key=_what_needs_somebody_first)
    shown = found[(page - 1) * CASE_PAGE : page * CASE_PAGE]
    return CaseList(tuple(map(_line, shown)), len(found))


def _what_needs_somebody_first(one: TimedCase) -> tuple[int, int, str]:
    last = one.course.last
    return CASE_STATES.index(one.state), -last.acted_at, last.case_id


def _line(one: TimedCase) -> CaseLine:
    course = one.course
    last = course.last
    stayed = timedelta(milliseconds=max(0, course.until - course.stage_since))
    moves = [move_of(origin, step.stage) for origin, step in course.moves]
    return CaseLine(
        state=one.state,
        exchange=last.exchange,
        case_id=last.case_id,
        stage=last.stage,
        stage_length=stayed if course.is_open else None,
        next_due_at=None if one.due_at is None else from_milliseconds(one.due_at),
        risk_level=last.risk_level,
        suspicion=last.suspicion,
        outcome=last.outcome,
        first_detected_at=from_milliseconds(course.detected_at),
        response=timedelta(milliseconds=course.steps[0].acted_at - course.detected_at),
        step_count=len(course.steps),
        skip_count=moves.count(Move.SKIP),
        stage_since=from_milliseconds(course.stage_since),
        key_ref=last.key_ref,
    )


def _is_wanted(one: TimedCase, wanted: CasesWanted, start: int) -> bool:
    course, last = one.course, one.course.last
    about = (
        (wanted.exchange, last.exchange),
        (wanted.stage, last.stage),
        (wanted.risk_level, last.risk_level),
        (wanted.suspicion, last.suspicion),
    )
    if any(asked and asked != found for asked, found in about) or not _is_in_state(one, wanted.state):
        return False
    text = wanted.search.strip().lower()
    if text and text not in last.case_id.lower() and not last.key_ref.startswith(text):
        return False
    return not wanted.taken or any(
        (origin, step.stage) == (wanted.origin, wanted.taken) and step.acted_at >= start
        for origin, step in course.moves
    )


def _is_in_state(one: TimedCase, state: str) -> bool:
    if state == "open":
        return one.course.is_open
    return not state or one.state == state

"""Cases against suspect keys one by one: the list, and one whole case from its detection on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from app.frames import frame_of
from app.keys.case_courses import LIMITS, Course, Move, Stretch, course_of_case, courses, is_breach, move_of
from app.queries.choice import Choice, in_force, rows_of
from app.scope import Scope
from etl.records.tables import key_actions
from etl.records.types import from_milliseconds, to_milliseconds
from etl.store import Store
from expectations.vocabulary import Period

CASE_PAGE = 50
"""Cases that are listed at once."""
CASE_STATES = ("over", "open", "closed")
"""How a case stands, what needs somebody first. Open ones include those over a limit where one asks for them."""
CASE = (
    "state",
    "exchange",
    "case_id",
    "stage",
    "stage_since",
    "stage_length",
    "risk_level",
    "suspicion",
    "outcome",
    "first_detected_at",
    "response",
    "next_due_at",
    "step_count",
    "skip_count",
    "key_ref",
)
"""What a list says of a case. `state`: open, over (open, and a limit has passed) or closed."""


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
class CaseList:
    """One page of cases and how many there are on all pages."""

    cases: pd.DataFrame
    count: int


def case_list(store: Store, scope: Scope, choice: Choice, wanted: CasesWanted, page: int = 1) -> CaseList:
    """One page of the wanted cases: those past a limit first, then the open ones, the newest step first."""
    start = to_milliseconds(Period.of_day(choice.first_day).start)
    every = courses(store, scope, choice) if scope.sees_rows else ()
    found = [course for course in every if _is_wanted(course, wanted, start)]
    found.sort(key=lambda course: (CASE_STATES.index(_state(course)), -course.last.acted_at, course.last.case_id))
    shown = found[(page - 1) * CASE_PAGE : page * CASE_PAGE]
    return CaseList(frame_of(map(_listed, shown), CASE), len(found))


def _state(course: Course) -> str:
    return "closed" if not course.is_open else "over" if course.is_over else "open"


def _listed(course: Course) -> dict[str, Any]:
    last = course.last
    since = from_milliseconds(course.stage_since)
    moves = [move_of(origin, step.stage) for origin, step in course.moves]
    return {
        **{name: getattr(last, name) for name in ("exchange", "case_id", "key_ref", "stage", "risk_level")},
        **{name: getattr(last, name) for name in ("suspicion", "outcome")},
        "state": _state(course),
        "stage_since": since,
        "stage_length": timedelta(milliseconds=max(0, course.until - course.stage_since)) if course.is_open else None,
        "first_detected_at": from_milliseconds(course.detected_at),
        "response": timedelta(milliseconds=course.steps[0].acted_at - course.detected_at),
        "next_due_at": _moment(course.due_at),
        "step_count": len(course.steps),
        "skip_count": moves.count(Move.SKIP),
    }


def _is_wanted(course: Course, wanted: CasesWanted, start: int) -> bool:
    last = course.last
    about = (
        (wanted.exchange, last.exchange),
        (wanted.stage, last.stage),
        (wanted.risk_level, last.risk_level),
        (wanted.suspicion, last.suspicion),
    )
    if any(asked and asked != found for asked, found in about) or not _is_in_state(course, wanted.state):
        return False
    text = wanted.search.strip().lower()
    if text and text not in last.case_id.lower() and not last.key_ref.startswith(text):
        return False
    return not wanted.taken or any(
        (origin, step.stage) == (wanted.origin, wanted.taken) and step.acted_at >= start
        for origin, step in course.moves
    )


def _is_in_state(course: Course, state: str) -> bool:
    if state == "open":
        return course.is_open
    return not state or _state(course) == state


_STEPS = ("action_id", "stage", "outcome", "risk_level", "detected_at", "acted_at", "note", "day", "source_row")
_LIMITS = ("limit", "rule", "parameter", "day", "started_at", "due_at", "ended_at", "state")


@dataclass(frozen=True, slots=True)
class CaseHistory:
    """One case from its first detection on, whatever the period.

    `steps` in order, each with the stage before it (`origin`), how it follows (`move`, `is_breach`), and the time
    since the first detection and since the step before. `limits`: every limit that it came under, with `state` met,
    over or running, and the `day` whose threshold holds.
    """

    exchange: str
    case_id: str
    key_ref: str
    account_ref: str
    suspicion: str
    detected_at: datetime
    until: datetime
    is_open: bool
    steps: pd.DataFrame
    limits: pd.DataFrame

    @property
    def subjects(self) -> tuple[str, ...]:
        """What findings about it are about: the case, its key, its steps."""
        return (self.case_id, self.key_ref, *self.steps["action_id"])


def case_history(store: Store, scope: Scope, exchange: str, case_id: str) -> CaseHistory | None:
    """One case with all its steps; none where there is none or it is not open to whoever asks."""
    course = course_of_case(store, scope, exchange, case_id)
    if course is None or not scope.sees_rows:
        return None
    table = key_actions.c
    names = ("account_ref", *_STEPS)
    statement = in_force(key_actions, scope, (exchange,), *(table[name] for name in names))
    filed = {row["action_id"]: row for row in rows_of(store, statement.where(table.case_id == case_id))}
    detected_at = from_milliseconds(course.detected_at)
    rows: list[dict[str, Any]] = []
    for origin, step in course.moves:
        row = filed[step.action_id]
        before = rows[-1]["acted_at"] if rows else detected_at
        times = {"since_detection": row["acted_at"] - detected_at, "since_before": row["acted_at"] - before}
        followed = {"origin": origin, "move": move_of(origin, step.stage)}
        rows.append({**row, **times, **followed, "is_breach": is_breach(origin, step.stage, step.risk_level)})
    return CaseHistory(
        exchange=exchange,
        case_id=case_id,
        key_ref=course.last.key_ref,
        account_ref=rows[-1]["account_ref"],
        suspicion=course.last.suspicion,
        detected_at=detected_at,
        until=from_milliseconds(course.until),
        is_open=course.is_open,
        steps=frame_of(rows, (*_STEPS, "since_detection", "since_before", "origin", "move", "is_breach")),
        limits=frame_of(map(_limited, (stretch for stretch in course.stretches if stretch.kind in LIMITS)), _LIMITS),
    )


def _limited(stretch: Stretch) -> dict[str, Any]:
    state = "over" if stretch.is_over else "running" if stretch.ended_at is None else "met"
    return {
        "limit": stretch.kind,
        "rule": LIMITS[stretch.kind].rule,
        "parameter": LIMITS[stretch.kind].parameter,
        "day": stretch.judged_on,
        "started_at": from_milliseconds(stretch.started_at),
        "due_at": _moment(stretch.due_at),
        "ended_at": _moment(stretch.ended_at),
        "state": state,
    }


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_milliseconds(milliseconds)

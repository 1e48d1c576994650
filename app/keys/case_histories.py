"""One case against a suspect key from its detection on: its steps, and the limits of time that it came under."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from app.columns import Code, Count, Day, Instant, Length, SourceCode, StateCode
from app.keys.case_courses import Course, Move, course_of_case, move_of
from app.keys.case_findings import CaseFindings, recorded_case_findings
from app.keys.case_stretches import LIMITS, Stretch, StretchKind, timed_case
from app.queries.choice import in_force, records_of_rows
from app.scope import Scope
from etl.records.tables import key_actions
from etl.records.types import from_milliseconds
from etl.store import Store
from expectations.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class CaseStep:
    """A step of a case, with the stage before it and how long it took; `origin` is `detected` for the first."""

    action_id: str
    acted_at: Instant
    origin: Code
    stage: Code
    move: Move
    is_breach: bool
    """True where a rule recorded that the move is not allowed (ACT-003, ACT-004)."""
    outcome: Code
    risk_level: Code
    since_detection: Length
    since_before: Length
    day: Day
    source_row: Count
    note: str | None


@dataclass(frozen=True, slots=True)
class CaseLimit:
    """A limit that a case came under: its clock, and whether the rule recorded that it was exceeded.

    `state`: over (recorded), running (the clock has not ended), ended. `hours` and `source` are those of the threshold
    in force when the clock started.
    """

    state: StateCode
    kind: StretchKind
    hours: Count
    started_at: Instant
    due_at: Instant
    ended_at: Instant | None
    rule: str
    source: SourceCode


@dataclass(frozen=True, slots=True)
class CaseHistory:
    """One case from its first detection on, whatever the period: its steps in order, and the limits it came under."""

    exchange: str
    case_id: str
    key_ref: str
    account_ref: str
    suspicion: str
    detected_at: datetime
    until: datetime
    """What is running is measured up to this moment, the end of the exchange's accepted reports."""
    state: str
    """One of CASE_STATES."""
    steps: tuple[CaseStep, ...]
    limits: tuple[CaseLimit, ...]

    @property
    def subjects(self) -> tuple[str, ...]:
        """What findings about it are about: the case, its key, its steps."""
        return (self.case_id, self.key_ref, *(step.action_id for step in self.steps))


def case_history(store: Store, scope: Scope, exchange: str, case_id: str, thresholds: Thresholds) -> CaseHistory | None:
    """Return one case with all its steps; None where there is none or it is not open to whoever asks."""
    course = course_of_case(store, scope, exchange, case_id)
    if course is None or not scope.sees_rows:
        return None
    findings = recorded_case_findings(store, scope, (exchange,))
    one = timed_case(course, thresholds, findings)
    filed = _filed(store, scope, exchange, case_id)
    return CaseHistory(
        exchange=exchange,
        case_id=case_id,
        key_ref=course.last.key_ref,
        account_ref=filed[course.last.action_id].account_ref,
        suspicion=course.last.suspicion,
        detected_at=from_milliseconds(course.detected_at),
        until=from_milliseconds(course.until),
        state=one.state,
        steps=_steps(course, findings, filed),
        limits=tuple(
            _limit(stretch, exchange, thresholds) for stretch in one.stretches if stretch.limit_day is not None
        ),
    )


@dataclass(frozen=True, slots=True)
class _FiledNote:
    """What a step says beside the course of its case, and the row of the file that it stands in."""

    action_id: str
    account_ref: str
    note: str | None
    day: date
    source_row: int


def _filed(store: Store, scope: Scope, exchange: str, case_id: str) -> dict[str, _FiledNote]:
    """What the steps of a case say beside its course, by action id."""
    table = key_actions.c
    columns = (table.action_id, table.account_ref, table.note, table.day, table.source_row)
    statement = in_force(key_actions, scope, (exchange,), *columns).where(table.case_id == case_id)
    return {row.action_id: row for row in records_of_rows(store, statement, _FiledNote)}


def _steps(course: Course, findings: CaseFindings, filed: dict[str, _FiledNote]) -> tuple[CaseStep, ...]:
    detected_at = from_milliseconds(course.detected_at)
    steps: list[CaseStep] = []
    for origin, step in course.moves:
        acted_at, row = from_milliseconds(step.acted_at), filed[step.action_id]
        steps.append(
            CaseStep(
                action_id=step.action_id,
                acted_at=acted_at,
                origin=origin,
                stage=step.stage,
                move=move_of(origin, step.stage),
                is_breach=findings.is_not_allowed(step.exchange, step.action_id),
                outcome=step.outcome,
                risk_level=step.risk_level,
                since_detection=acted_at - detected_at,
                since_before=acted_at - (steps[-1].acted_at if steps else detected_at),
                day=row.day,
                source_row=row.source_row,
                note=row.note,
            )
        )
    return tuple(steps)


def _limit(stretch: Stretch, exchange: str, thresholds: Thresholds) -> CaseLimit:
    limit = LIMITS[stretch.kind]
    threshold = thresholds.in_force(limit.parameter, stretch.limit_day, exchange)
    if threshold is None or stretch.due_at is None:
        raise LookupError(f"no value of '{limit.parameter}' is in force at {exchange} on {stretch.limit_day}")
    return CaseLimit(
        state="over" if stretch.is_exceeded else "running" if stretch.is_running else "ended",
        kind=stretch.kind,
        hours=int(threshold.value),
        started_at=from_milliseconds(stretch.started_at),
        due_at=from_milliseconds(stretch.due_at),
        ended_at=None if stretch.ended_at is None else from_milliseconds(stretch.ended_at),
        rule=limit.rule,
        source=threshold.source,
    )

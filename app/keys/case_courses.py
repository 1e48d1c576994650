"""The course of cases against suspect keys: which stage followed which, how long each took, and which limits were met.

A case reaches across files and days, so its steps from before the period count. Steps are taken in the order of the
rules about them: when they were taken, then by stage, then by id (ACT-003). What is still open is measured up to where
the exchange's accepted reports reach, and no further.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Select, and_, case, func, or_, select, type_coerce

from app.moments import kst_day
from app.queries.choice import Choice, in_force
from app.rules.book import parameter
from app.scope import Scope
from etl.records.engine import reading
from etl.records.tables import key_actions, submissions
from etl.records.types import from_milliseconds, to_milliseconds
from etl.store import Store
from expectations.vocabulary import Period, State

OPEN_STAGES = ("monitoring", "warning", "reverification")
CLOSING_STAGES = ("forced_expiry", "cleared")
"""Nothing follows these in a case (specification, ACT-003)."""
STAGES = (*OPEN_STAGES, *CLOSING_STAGES)
DETECTED = "detected"
"""Where every case comes from: before its first step."""
_PLACES = {stage: place for place, stage in enumerate((DETECTED, *STAGES))}
_HOUR = int(timedelta(hours=1) / timedelta(milliseconds=1))
_SETTLED = ("reverification", *CLOSING_STAGES)
_FAILED = ("failed", "no_response")


class Move(StrEnum):
    """How one step follows another."""

    NEXT = "next"
    AGAIN = "again"
    SKIP = "skip"
    """A stage was left out: allowed, because the measures depend on risk (specification, 2.3)."""
    RELEASE = "release"
    """Cleared, which may follow any stage."""
    BACK = "back"
    AFTER_END = "after_end"


def move_of(origin: str, stage: str) -> Move:
    """How `stage` follows `origin`."""
    if origin in CLOSING_STAGES:
        return Move.AFTER_END
    if stage == "cleared":
        return Move.RELEASE
    ahead = _PLACES[stage] - _PLACES[origin]
    if ahead > 1:
        return Move.SKIP
    return (Move.AGAIN, Move.NEXT)[ahead] if ahead >= 0 else Move.BACK


def is_breach(origin: str, stage: str, risk_level: str) -> bool:
    """True where the standard's reading does not allow the move: ACT-003, and ACT-004 for what is not of high risk."""
    is_direct = (origin, stage) == (DETECTED, "forced_expiry")
    return move_of(origin, stage) in (Move.BACK, Move.AFTER_END) or (is_direct and risk_level != "high")


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
    """The rule and the threshold that limit a stretch."""

    rule: str
    parameter: str


LIMITS = {
    StretchKind.RESPONSE: Limit("ACT-005", "first_action_hours"),
    StretchKind.HIGH_RISK: Limit("ACT-006", "high_risk_hours"),
    StretchKind.FAILURE: Limit("ACT-007", "reverification_failure_hours"),
}


class CaseStep(NamedTuple):
    """A step as it was filed; moments in milliseconds since 1970, as the records keep them."""

    exchange: str
    case_id: str
    action_id: str
    key_ref: str
    suspicion: str
    risk_level: str
    stage: str
    outcome: str
    detected_at: int
    acted_at: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A timed stretch: from when, until when if it has ended, and the moment by which it should have."""

    kind: StretchKind
    started_at: int
    ended_at: int | None
    until: int
    due_at: int | None = None
    judged_on: date | None = None
    """The day whose limit holds."""
    is_met: bool = True
    """False where what ended it is not what the limit asks for."""

    @property
    def length(self) -> int:
        """Milliseconds that it took, or has taken so far."""
        return max(0, (self.until if self.ended_at is None else self.ended_at) - self.started_at)

    @property
    def is_over(self) -> bool:
        """True where the limit has passed without what it asks for."""
        if self.due_at is None:
            return False
        reached = self.until if self.ended_at is None or not self.is_met else self.ended_at
        return reached > self.due_at


@dataclass(frozen=True)
class Course:
    """A case's steps in order, seen at one moment: `until`."""

    steps: tuple[CaseStep, ...]
    until: int

    @property
    def last(self) -> CaseStep:
        """The step that the case stands at."""
        return self.steps[-1]

    @property
    def is_open(self) -> bool:
        """True while its last step closes nothing."""
        return self.last.stage not in CLOSING_STAGES

    @property
    def detected_at(self) -> int:
        """Its first detection."""
        return min(step.detected_at for step in self.steps)

    @property
    def stage_since(self) -> int:
        """When it came into the stage that it is in."""
        return self.runs[-1][0].acted_at

    @cached_property
    def runs(self) -> list[list[CaseStep]]:
        """Consecutive steps of one stage together."""
        return [list(steps) for _, steps in groupby(self.steps, key=attrgetter("stage"))]

    @property
    def moves(self) -> Iterator[tuple[str, CaseStep]]:
        """Every step with the stage before it."""
        yield DETECTED, self.steps[0]
        yield from ((before.stage, step) for before, step in pairwise(self.steps))

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """All that is timed of it."""
        return (*self._limited(), *self._stages())

    @property
    def expiries(self) -> tuple[Stretch, ...]:
        """The whole way from its detection to the forced expiry, if it has come to that."""
        expired_at = self._first(("forced_expiry",))
        return () if expired_at is None else (Stretch(StretchKind.EXPIRY, self.detected_at, expired_at, self.until),)

    @property
    def due_at(self) -> int | None:
        """The next moment by which something is asked of it; one that has passed as well."""
        return min(
            (stretch.due_at for stretch in self.stretches if stretch.due_at and stretch.ended_at is None), default=None
        )

    @property
    def is_over(self) -> bool:
        """True where a limit has passed that is still to be met."""
        return any(stretch.is_over and stretch.ended_at is None for stretch in self.stretches)

    def _limited(self) -> Iterator[Stretch]:
        first, detected_at = self.steps[0], self.detected_at
        yield self._stretch(StretchKind.RESPONSE, detected_at, first.acted_at, first)
        if any(step.risk_level == "high" for step in self.steps):
            yield self._stretch(StretchKind.HIGH_RISK, detected_at, self._first(_SETTLED), first)
        for step in self.steps:
            if step.stage == "reverification" and step.outcome in _FAILED:
                expired_at = self._first(("forced_expiry",), step.acted_at)
                ended_at = expired_at or self._first(("cleared",), step.acted_at)
                yield self._stretch(StretchKind.FAILURE, step.acted_at, ended_at, step, is_met=expired_at is not None)
        yield from self.expiries

    def _stages(self) -> Iterator[Stretch]:
        ends: list[int | None] = [run[0].acted_at for run in self.runs[1:]]
        for run, ended_at in zip(self.runs, [*ends, None], strict=True):
            if run[0].stage in OPEN_STAGES:
                yield Stretch(StretchKind(run[0].stage), run[0].acted_at, ended_at, self.until)

    def _first(self, stages: Sequence[str], since: int = 0) -> int | None:
        return next((step.acted_at for step in self.steps if step.stage in stages and step.acted_at >= since), None)

    def _stretch(
        self, kind: StretchKind, start: int, end: int | None, step: CaseStep, *, is_met: bool = True
    ) -> Stretch:
        day = kst_day(from_milliseconds(step.acted_at))
        return Stretch(kind, start, end, self.until, start + limit_hours(kind, day) * _HOUR, day, is_met)


def limit_hours(kind: StretchKind, day: date) -> int:
    """The limit of a stretch in hours, as it was in force on `day`."""
    return int(parameter(LIMITS[kind].parameter, day))


# ------------------------------------------------------------------------------------------------ reading


def courses(store: Store, scope: Scope, choice: Choice) -> list[Course]:
    """The cases that were open at the end of the period or had a step in it, as they stood at its end."""
    return _read(store, _touched(scope, choice), reach(store, scope, choice.exchanges), choice)


def course_of_case(store: Store, scope: Scope, exchange: str, case_id: str) -> Course | None:
    """One case with all its steps, as it stands now; none where there is none."""
    table = key_actions.c
    statement = _steps(scope, (exchange,)).where(table.case_id == case_id)
    found = _read(store, statement, reach(store, scope, (exchange,)), None)
    return found[0] if found else None


def reach(store: Store, scope: Scope, exchanges: tuple[str, ...]) -> dict[str, int]:
    """Until when each exchange's accepted reports of steps tell: what is open is not measured beyond it."""
    table = submissions.c
    statement = (
        select(table.exchange, type_coerce(func.max(table.period_end), BigInteger))
        .where(
            table.state == State.ACCEPTED,
            table.report == "key_actions",
            table.exchange.in_(scope.visible(exchanges)),
        )
        .group_by(table.exchange)
    )
    with reading(store.engine) as connection:
        return {exchange: int(until) for exchange, until in connection.execute(statement)}


def _steps(scope: Scope, exchanges: tuple[str, ...]) -> Select[Any]:
    """Steps in force, by case in the order of the rules."""
    table = key_actions.c
    columns = [
        type_coerce(table[name], BigInteger) if name.endswith("_at") else table[name] for name in CaseStep._fields
    ]
    order = case({stage: place for stage, place in _PLACES.items() if stage != DETECTED}, value=table.stage)
    return in_force(key_actions, scope, exchanges, *columns).order_by(
        table.exchange, table.case_id, table.acted_at, order, table.action_id
    )


def _touched(scope: Scope, choice: Choice) -> Select[Any]:
    """The steps by the end of the period of every case that was open then or had a step in it."""
    table = key_actions.c
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    last = func.max(table.acted_at)
    closed = func.max(case((table.stage.in_(CLOSING_STAGES), table.acted_at)))
    touched = (
        in_force(key_actions, scope, choice.exchanges, table.exchange, table.case_id)
        .where(table.acted_at < end)
        .group_by(table.exchange, table.case_id)
        .having(or_(last >= start, closed.is_(None), closed < last))
        .subquery()
    )
    same_case = and_(touched.c.exchange == table.exchange, touched.c.case_id == table.case_id)
    return _steps(scope, choice.exchanges).join(touched, same_case).where(table.acted_at < end)


def _read(store: Store, statement: Select[Any], reached: dict[str, int], choice: Choice | None) -> list[Course]:
    end = to_milliseconds(Period.of_day(choice.last_day).end) if choice else None
    with reading(store.engine) as connection:
        steps = [CaseStep(*row) for row in connection.execute(statement)]
    found = []
    for (exchange, _), own in groupby(steps, key=attrgetter("exchange", "case_id")):
        known = reached[exchange]
        found.append(Course(tuple(own), known if end is None else min(end, known)))
    return found

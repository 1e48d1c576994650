"""Cases against suspect keys, step by step: what was filed of each case, and how its stages followed one another.

A case reaches across files and days, so its steps from before the period count. Steps are in the order of the rules
about them: when they were taken, then by stage, then by id (ACT-003). A case is looked at as it stood at one moment:
the end of the period, but never later than the exchange's accepted reports reach.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Select, and_, case, func, or_, select, type_coerce

from app.queries.choice import Choice, in_force
from app.scope import Scope
from etl.records.engine import reading
from etl.records.tables import key_actions, submissions
from etl.records.types import to_milliseconds
from etl.store import Store
from expectations.vocabulary import Period, State

OPEN_STAGES = ("monitoring", "warning", "reverification")
CLOSING_STAGES = ("forced_expiry", "cleared")
"""Nothing follows these in a case (specification, ACT-003)."""
STAGES = (*OPEN_STAGES, *CLOSING_STAGES)
DETECTED = "detected"
"""Where every case comes from: before its first step."""
_PLACES = {stage: place for place, stage in enumerate((DETECTED, *STAGES))}


class Move(StrEnum):
    """How one step follows another; whether a move is allowed is for the rules to say (ACT-003, ACT-004)."""

    NEXT = "next"
    AGAIN = "again"
    SKIP = "skip"
    """A stage is left out: allowed, because the measures depend on risk (specification, 2.3)."""
    RELEASE = "release"
    """Cleared, which may follow any stage."""
    BACK = "back"
    AFTER_END = "after_end"


def move_of(origin: str, stage: str) -> Move:
    """Return how `stage` follows `origin`."""
    if origin in CLOSING_STAGES:
        return Move.AFTER_END
    if stage == "cleared":
        return Move.RELEASE
    ahead = _PLACES[stage] - _PLACES[origin]
    if ahead > 1:
        return Move.SKIP
    return (Move.AGAIN, Move.NEXT)[ahead] if ahead >= 0 else Move.BACK


class FiledStep(NamedTuple):
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


@dataclass(frozen=True)
class Course:
    """The steps of a case in order, as they stood at the moment `until` (milliseconds since 1970)."""

    steps: tuple[FiledStep, ...]
    until: int

    @property
    def last(self) -> FiledStep:
        """The step that the case stands at."""
        return self.steps[-1]

    @property
    def is_open(self) -> bool:
        """True while the last step is in no closing stage."""
        return self.last.stage not in CLOSING_STAGES

    @property
    def detected_at(self) -> int:
        """The first detection."""
        return min(step.detected_at for step in self.steps)

    @property
    def stage_since(self) -> int:
        """When the case came into its present stage."""
        return self.runs[-1][0].acted_at

    @cached_property
    def runs(self) -> list[list[FiledStep]]:
        """Consecutive steps of one stage together."""
        return [list(steps) for _, steps in groupby(self.steps, key=attrgetter("stage"))]

    @property
    def moves(self) -> Iterator[tuple[str, FiledStep]]:
        """Every step with the stage before it."""
        yield DETECTED, self.steps[0]
        yield from ((before.stage, step) for before, step in pairwise(self.steps))

    def first_at(self, stages: Sequence[str], since: int = 0) -> int | None:
        """When the first step into one of `stages` was taken, not before `since`; None where there is none."""
        return next((step.acted_at for step in self.steps if step.stage in stages and step.acted_at >= since), None)


def courses(store: Store, scope: Scope, choice: Choice) -> tuple[Course, ...]:
    """Return the cases that were open at the end of the period or had a step in it, as they stood at its end.

    They are in the order of exchange and case.
    """
    return _read(store, _touched(scope, choice), _reach(store, scope, choice.exchanges), choice)


def course_of_case(store: Store, scope: Scope, exchange: str, case_id: str) -> Course | None:
    """Return one case with all its steps, as it stands now; None where there is none."""
    statement = _steps(scope, (exchange,)).where(key_actions.c.case_id == case_id)
    found = _read(store, statement, _reach(store, scope, (exchange,)), None)
    return found[0] if found else None


def _reach(store: Store, scope: Scope, exchanges: tuple[str, ...]) -> dict[str, int]:
    """Until when each exchange's accepted reports of steps tell, in milliseconds."""
    table = submissions.c
    statement = (
        select(table.exchange, type_coerce(func.max(table.period_end), BigInteger))
        .where(
            table.state == State.ACCEPTED,
            table.report == "key_actions",
            table.exchange.in_(scope.visible(exchanges)),
            table.period_start < table.received_at,  # of days that had not come nothing is known
        )
        .group_by(table.exchange)
    )
    with reading(store.engine) as connection:
        return {exchange: int(until) for exchange, until in connection.execute(statement)}


def _steps(scope: Scope, exchanges: tuple[str, ...]) -> Select[Any]:
    """Steps in force, by case in the order of the rules."""
    table = key_actions.c
    columns = [
        type_coerce(table[name], BigInteger) if name.endswith("_at") else table[name] for name in FiledStep._fields
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


def _read(store: Store, statement: Select[Any], reached: dict[str, int], choice: Choice | None) -> tuple[Course, ...]:
    end = to_milliseconds(Period.of_day(choice.last_day).end) if choice else None
    with reading(store.engine) as connection:
        steps = [FiledStep(*row) for row in connection.execute(statement)]
    found = []
    for (exchange, _), own in groupby(steps, key=attrgetter("exchange", "case_id")):
        known = reached[exchange]
        found.append(Course(tuple(own), known if end is None else min(end, known)))
    return tuple(found)

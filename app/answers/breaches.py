"""Breaches with what was said about each: a list, and the events of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.answers.people import names_of
from app.answers.states import FOUND, SHOWN_BY_DATA, breach_answer, step_answer
from app.queries.choice import Choice
from app.scope import Scope
from etl.answers import BreachState
from etl.records import breaches as recorded
from etl.records.breaches import Breach
from etl.records.engine import reading
from etl.store import Store
from expectations.vocabulary import Finding, Period


@dataclass(frozen=True, slots=True)
class BreachLine:
    """A breach as its newest finding tells it, since when it is in its state, and what was said last, by whom."""

    occurrence: str
    exchange: str
    report: str
    period: str
    finding_number: int
    submission: str
    finding: Finding
    state: BreachState
    version: str
    answer: str
    """The state in the words of `app.answers.states`."""
    since: datetime
    said: str | None
    person: str | None


@dataclass(frozen=True, slots=True)
class BreachEvent:
    """Something that happened to a breach; `said` and `person` are none where the data alone shows it."""

    at: datetime
    answer: str
    said: str | None
    person: str | None


def breach_list(store: Store, scope: Scope, choice: Choice) -> tuple[BreachLine, ...]:
    """The breaches of the chosen exchanges and days, the newest period first."""
    with reading(store.engine) as connection:
        every, names = _breaches(connection, scope, choice), names_of(connection)
    return tuple(_line(one, names) for one in every)


def _line(one: Breach, names: dict[str, str]) -> BreachLine:
    last = one.steps[-1] if one.steps else None
    return BreachLine(
        occurrence=one.occurrence,
        exchange=one.exchange,
        report=one.report,
        period=one.period,
        finding_number=one.finding_number,
        submission=one.submission,
        finding=one.finding,
        state=one.state,
        version=one.version,
        answer=breach_answer(one),
        since=one.since,
        said=last.text if last else None,
        person=names.get(last.person, last.person) if last else None,
    )


def breach_events(store: Store, scope: Scope, choice: Choice, occurrence: str) -> tuple[BreachEvent, ...]:
    """The events of one breach of the chosen exchanges and days, the oldest first; none of another's."""
    with reading(store.engine) as connection:
        every, names = _breaches(connection, scope, choice), names_of(connection)
    found: list[BreachEvent] = []
    for one in (one for one in every if one.occurrence == occurrence):
        found.append(BreachEvent(one.found_at, FOUND, None, None))
        if one.over_at is not None:
            found.append(BreachEvent(one.over_at, SHOWN_BY_DATA, None, None))
        found += [
            BreachEvent(step.at, step_answer(step), step.text, names.get(step.person, step.person))
            for step in one.steps
        ]
    return tuple(sorted(found, key=lambda event: event.at))


def _breaches(connection: Connection, scope: Scope, choice: Choice) -> list[Breach]:
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    return recorded.recorded_breaches(connection, scope.visible(choice.exchanges), start, end)

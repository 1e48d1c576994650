"""Everything that was said about findings: explanations, decisions, and what was done about breaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from app.answers.people import names_of
from app.answers.states import REOPENED
from app.queries.choice import Choice
from app.scope import Scope
from etl.answers import Answered, BreachState
from etl.records.answer_tables import breach_states
from etl.records.answers import decisions_of, explanations_of
from etl.records.engine import reading
from etl.store import Store


@dataclass(frozen=True, slots=True)
class AnswerEvent:
    """Something that somebody said: an explanation, a decision, or a step about a breach, called by `answer`.

    `period` is the first day that an explanation is of, or the period of the breach.
    """

    at: datetime
    answer: str
    exchange: str
    report: str
    rule: str
    subject: str | None
    period: str
    said: str
    person: str


def answer_history(store: Store, scope: Scope, choice: Choice) -> tuple[AnswerEvent, ...]:
    """All that was said about findings of the chosen exchanges, whatever the days, the newest first."""
    exchanges = scope.visible(choice.exchanges)
    with reading(store.engine) as connection:
        said = [*_explanations(connection, exchanges), *_steps(connection, exchanges)]
        names = names_of(connection)
    named = (replace(one, person=names.get(one.person, one.person)) for one in said)
    return tuple(sorted(named, key=lambda event: event.at, reverse=True))


def _explanations(connection: Connection, exchanges: Sequence[str]) -> Iterator[AnswerEvent]:
    decided = decisions_of(connection, exchanges)
    for same in explanations_of(connection, exchanges).values():
        for one in same:
            place = (one.exchange, one.report, one.rule, one.subject, str(one.first_day))
            yield AnswerEvent(one.at, Answered.EXPLAINED.value, *place, one.text, one.person)
            for made in decided.get(one.id, ()):
                yield AnswerEvent(made.at, made.outcome.value, *place, made.reason, made.person)


def _steps(connection: Connection, exchanges: Sequence[str]) -> Iterator[AnswerEvent]:
    c = breach_states.c
    query = select(c.at, c.state, c.exchange, c.report, c.rule, c.subject, c.period, c.text, c.person)
    for at, state, *rest in connection.execute(query.where(c.exchange.in_(exchanges))):
        yield AnswerEvent(at, REOPENED if state == BreachState.OPEN else state, *rest)

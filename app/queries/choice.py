"""What a question is about, and the two statements that all questions begin with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from sqlalchemy import Select, Table, select

from app.scope import Scope
from etl.records.engine import reading
from etl.records.tables import submissions
from etl.store import Store
from expectations.vocabulary import State

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the filters say: exchanges (none chosen means all) and a run of KST days, both ends included."""

    exchanges: tuple[str, ...]
    first_day: date
    last_day: date

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of it in order."""
        return tuple(self.first_day + timedelta(n) for n in range((self.last_day - self.first_day).days + 1))


def in_force(table: Table, scope: Scope, exchanges: tuple[str, ...], *columns: Any) -> Select[Any]:
    """The figures of `table` whose submission is accepted, of the exchanges that are chosen and may be seen."""
    return (
        select(*(columns or table.c))
        .join(submissions, submissions.c.id == table.c.submission)
        .where(submissions.c.state == State.ACCEPTED, table.c.exchange.in_(scope.visible(exchanges)))
    )


def chosen_figures(table: Table, scope: Scope, choice: Choice, *columns: Any) -> Select[Any]:
    """The figures in force of the chosen exchanges and days."""
    statement = in_force(table, scope, choice.exchanges, *columns)
    return statement.where(table.c.day.between(choice.first_day, choice.last_day))


def rows_of(store: Store, statement: Select[Any]) -> list[dict[str, Any]]:
    """The answer as one dictionary a row.

    Made of plain rows: SQLAlchemy's own mappings look every column up by name, which a year's rows feel.
    """
    with reading(store.engine) as connection:
        found = connection.execute(statement)
        names = list(found.keys())
        return [dict(zip(names, row, strict=True)) for row in found]


def records_of_rows(store: Store, statement: Select[Any], record: Callable[..., Record]) -> tuple[Record, ...]:
    """The answer as one record a row: each column of the statement is given by its name."""
    with reading(store.engine) as connection:
        found = connection.execute(statement)
        names = list(found.keys())
        return tuple(record(**dict(zip(names, row, strict=True))) for row in found)

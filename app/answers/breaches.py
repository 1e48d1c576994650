"""Breaches and how they stand, each with all that was done about it."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import Connection

from app.answers.explanations import REOPENED, SHOWN_BY_DATA, names_of
from app.frames import frame_of
from app.queries.choice import Choice
from app.scope import Scope
from etl.answers import BreachState
from etl.records import breaches as recorded
from etl.records.breaches import Breach
from etl.records.engine import reading
from etl.store import Store
from expectations.vocabulary import Period

BREACH_COLUMNS = (
    *("state", "since", "exchange", "report", "rule", "subject", "period", "start", "end", "said", "person"),
    *("is_over_by_itself", "occurrence", "finding", "submission", "found", "expected", "column", "row", "reason"),
)
FOUND = "found"
"""With what the course of a breach begins."""
STEP_COLUMNS = ("at", "state", "said", "person")


def breach_list(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """The breaches of the chosen exchanges and days, the newest period first; `said` is what was said last."""
    with reading(store.engine) as connection:
        every, names = _found(connection, scope, choice), names_of(connection)
    rows = []
    for one in every:
        last = one.steps[-1] if one.steps else None
        found: dict[str, Any] = {
            name: getattr(one.finding, name)
            for name in ("rule", "subject", "start", "end", "found", "expected", "column", "row", "reason")
        }
        rows.append(
            {
                **found,
                "state": one.state.value,
                "since": one.since,
                "exchange": one.exchange,
                "report": one.report,
                "period": one.period,
                "said": last.text if last else None,
                "person": names.get(last.person, last.person) if last else None,
                "is_over_by_itself": one.is_over_by_itself,
                "occurrence": one.occurrence,
                "finding": one.finding_number,
                "submission": one.submission,
            }
        )
    return frame_of(rows, BREACH_COLUMNS)


def breach_steps(store: Store, scope: Scope, choice: Choice, occurrence: str) -> pd.DataFrame:
    """What was done about one breach, oldest first; what the data shows is nobody's step."""
    with reading(store.engine) as connection:
        every, names = _found(connection, scope, choice), names_of(connection)
    rows: list[dict[str, Any]] = []
    for one in (one for one in every if one.occurrence == occurrence):
        rows.append({"at": one.found_at, "state": FOUND, "said": None, "person": None})
        if one.over_at is not None:
            rows.append({"at": one.over_at, "state": SHOWN_BY_DATA, "said": None, "person": None})
        for step in one.steps:
            state = REOPENED if step.state is BreachState.OPEN else step.state.value
            person = names.get(step.person, step.person)
            rows.append({"at": step.at, "state": state, "said": step.text, "person": person})
    return frame_of(sorted(rows, key=lambda row: row["at"]), STEP_COLUMNS)


def _found(connection: Connection, scope: Scope, choice: Choice) -> list[Breach]:
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    return recorded.breaches(connection, scope.visible(choice.exchanges), start, end)

"""On how many accepted days the rules that need other reports could not be evaluated."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import pandas as pd

from app.frames import frame_of
from app.queries.choice import Choice
from app.scope import Scope
from etl.records.engine import reading
from etl.store import Store
from etl.unevaluated import evaluations

COLUMNS = ("rule", "exchange", "accepted_day_count", "unevaluated_day_count", "days")


def unevaluated_days(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """The chosen days by rule and exchange that a rule was not evaluated on: one row where there are any."""
    asked: dict[tuple[str, str], int] = defaultdict(int)
    missing: dict[tuple[str, str], list[date]] = defaultdict(list)
    with reading(store.engine) as connection:
        for one in evaluations(
            connection,
            scope.visible(choice.exchanges),
            choice.first_day,
            choice.last_day,
            as_if_in_force=store.replay is not None,
        ):
            key = (one.rule.id, one.exchange)
            asked[key] += 1
            if one.lacking:
                missing[key].append(one.day)
    rows = [(*key, asked[key], len(days), tuple(days)) for key, days in missing.items()]
    return frame_of((dict(zip(COLUMNS, row, strict=True)) for row in rows), COLUMNS)

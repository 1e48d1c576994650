"""Halts: each event as it was filed last, with how often it was filed."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pandas as pd

from app.identity import Scope
from app.queries.choice import Choice, frame_of, in_force, rows_of
from etl.records.tables import halts, submissions
from etl.store import Store
from expectations.vocabulary import Period

_COLUMNS = (
    "exchange",
    "halt_id",
    "scope",
    "target",
    "functions",
    "trigger",
    "mode",
    "detected_at",
    "halted_at",
    "notice_at",
    "resumed_at",
    "affected_account_count",
    "day",
    "submission",
    "source_row",
)


def halt_events(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """Halts that touch the chosen days, newest first, each as the file of the latest period says it.

    `version_count` files told of it; `earlier` are the submissions of the earlier ones, oldest first.
    """
    columns = [halts.c[name] for name in _COLUMNS]
    statement = in_force(halts, scope, choice.exchanges, *columns, submissions.c.period_start)
    versions: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(store, statement.order_by(submissions.c.period_start, halts.c.source_row)):
        versions[row["exchange"], row["halt_id"]].append(row)
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    rows = [
        {**found[-1], "version_count": len(found), "earlier": tuple(row["submission"] for row in found[:-1])}
        for found in versions.values()
        if found[-1]["halted_at"] < end and (found[-1]["resumed_at"] is None or found[-1]["resumed_at"] > start)
    ]
    rows.sort(key=lambda row: row["halted_at"], reverse=True)
    return frame_of(rows, (*_COLUMNS, "version_count", "earlier"))

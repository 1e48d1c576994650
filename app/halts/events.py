"""Halts: each event as it was filed last, every version of one, and the days for which anything was filed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import PurePath
from typing import Any

import pandas as pd
from sqlalchemy import select

from app.frames import frame_of
from app.halts.availability import halt_bars
from app.moments import kst_day
from app.queries.choice import Choice, in_force, rows_of
from app.queries.spans import spans_of
from app.scope import Scope
from etl.records.tables import halts, submissions
from etl.store import Store
from expectations.vocabulary import Period, State

COLUMNS = (
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


@dataclass(frozen=True, slots=True)
class HaltsWanted:
    """Which halts are asked for; what is empty means all. `state`: open or lifted."""

    trigger: str = ""
    scope: str = ""
    mode: str = ""
    state: str = ""

    def matches(self, row: dict[str, Any]) -> bool:
        """True where a halt is one of these."""
        state = "open" if row["resumed_at"] is None else "lifted"
        found = {"trigger": row["trigger"], "scope": row["scope"], "mode": row["mode"], "state": state}
        return all(getattr(self, name) in ("", value) for name, value in found.items())


def halt_events(store: Store, scope: Scope, choice: Choice, wanted: HaltsWanted | None = None) -> pd.DataFrame:
    """Halts that touch the chosen days, newest first, each as the file of the latest period says it.

    `version_count` files told of it; `earlier` are the submissions of the earlier ones, oldest first.
    """
    columns = [halts.c[name] for name in COLUMNS]
    statement = in_force(halts, scope, choice.exchanges, *columns, submissions.c.period_start)
    versions: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(store, statement.order_by(submissions.c.period_start, halts.c.source_row)):
        versions[row["exchange"], row["halt_id"]].append(row)
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    rows = [
        {**found[-1], "version_count": len(found), "earlier": tuple(row["submission"] for row in found[:-1])}
        for found in versions.values()
        if found[-1]["halted_at"] < end
        and (found[-1]["resumed_at"] is None or found[-1]["resumed_at"] > start)
        and (wanted is None or wanted.matches(found[-1]))
    ]
    rows.sort(key=lambda row: row["halted_at"], reverse=True)
    return frame_of(rows, (*COLUMNS, "version_count", "earlier"))


def halt_versions(store: Store, scope: Scope, exchange: str, halt_id: str) -> pd.DataFrame:
    """Every accepted filing of one halt, oldest period first, with the file that it came in."""
    names = ("period", "received_at", "file")
    columns = ("detected_at", "halted_at", "notice_at", "resumed_at", "affected_account_count", "day", "submission")
    statement = in_force(
        halts, scope, (exchange,), *(halts.c[name] for name in columns), *(submissions.c[name] for name in names)
    )
    statement = statement.where(halts.c.exchange.in_(scope.visible_rows()), halts.c.halt_id == halt_id).order_by(
        submissions.c.period_start, halts.c.source_row
    )
    rows = [{**row, "file": PurePath(row["file"]).name} for row in rows_of(store, statement)]
    return frame_of(rows, (*names, *columns))


def halted_spans(
    store: Store, scope: Scope, choice: Choice, moment: datetime, wanted: HaltsWanted | None = None
) -> pd.DataFrame:
    """What `halt_bars` says of the days of the choice, or of its weeks where these are many, up to a moment."""
    events, filed = halt_events(store, scope, choice, wanted), halt_filing_days(store, scope, choice)
    return halt_bars(events, filed, scope.visible(choice.exchanges), spans_of(choice), moment)


def halt_filing_days(store: Store, scope: Scope, choice: Choice) -> dict[str, frozenset[date]]:
    """The chosen days for which each exchange has an accepted halts report, a nil return too."""
    c = submissions.c
    statement = select(c.exchange, c.period_start, c.period_end).where(
        c.report == "halts",
        c.state == State.ACCEPTED,
        c.exchange.in_(scope.visible(choice.exchanges)),
        c.period_start < Period.of_day(choice.last_day).end,
        c.period_end > Period.of_day(choice.first_day).start,
    )
    days: dict[str, set[date]] = {exchange: set() for exchange in scope.visible(choice.exchanges)}
    for row in rows_of(store, statement):
        first, last = kst_day(row["period_start"]), kst_day(row["period_end"] - timedelta(milliseconds=1))
        days[row["exchange"]] |= {first + timedelta(n) for n in range((last - first).days + 1)}
    return {exchange: frozenset(own) for exchange, own in days.items()}

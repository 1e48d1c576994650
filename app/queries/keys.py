"""API keys: how many ended and why, which are allow-listed, and the cases against suspect ones."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pandas as pd
from sqlalchemy import Subquery, func, or_, select

from app.identity import Scope
from app.queries.choice import Choice, chosen_figures, frame_of, in_force, rows_of
from etl.records.tables import key_actions
from etl.records.tables import key_days as key_day_figures
from etl.store import Store
from expectations.vocabulary import KST

_FLOWS = ("issued_keys", "expired_keys", "deleted_keys", "forced_expired_keys")
_STATES = ("active_keys", "allowlisted_keys")
_CALLS = ("blocked_call_count", "unlisted_call_count")
_COUNTS = (*_FLOWS, *_STATES, *_CALLS)
_STEP = (
    "exchange",
    "case_id",
    "action_id",
    "key_ref",
    "account_ref",
    "suspicion",
    "risk_level",
    "stage",
    "outcome",
    "detected_at",
    "acted_at",
    "note",
    "day",
    "submission",
    "source_row",
)
CASE_LIMIT = 500
"""As many cases as a screen lists; it says so where there are more."""
CLOSING_STAGES = ("cleared", "forced_expiry")
"""Nothing follows these in a case (specification, ACT-003)."""


def key_days(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """Keys issued and ended, the three ends apart, one row per exchange and day, the scopes of keys added up."""
    table = key_day_figures.c
    sums = [func.sum(table[name]).label(name) for name in _COUNTS]
    statement = (
        chosen_figures(key_day_figures, scope, choice, table.exchange, table.day, *sums)
        .group_by(table.exchange, table.day)
        .order_by(table.day, table.exchange)
    )
    rows = [{**row, **{name: int(row[name]) for name in _COUNTS}} for row in rows_of(store, statement)]
    return frame_of(rows, ("exchange", "day", *_COUNTS))


def key_state(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """Active and allow-listed keys of each exchange and scope of keys on its last filed day of the period."""
    table = key_day_figures.c
    names = (
        "exchange",
        "scope",
        "day",
        *_STATES,
        "max_ips_per_key",
        *_CALLS,
        "submission",
        "source_row",
    )
    last = (
        chosen_figures(key_day_figures, scope, choice, table.exchange, func.max(table.day).label("day"))
        .group_by(table.exchange)
        .subquery()
    )
    statement = (
        in_force(key_day_figures, scope, choice.exchanges, *(table[name] for name in names))
        .join(last, (last.c.exchange == table.exchange) & (last.c.day == table.day))
        .order_by(table.exchange, table.source_row)
    )
    return frame_of(rows_of(store, statement), names)


def key_cases(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """The latest cases that were open at the end of the period or had a step in it, as their last step left them.

    `first_detected_at`, `step_count`, and `is_open`: its last step by the end of the period closes nothing.
    """
    cases = _last_steps(scope, choice)
    start = datetime.combine(choice.first_day, time(), KST)
    statement = (
        select(cases)
        .where(or_(cases.c.stage.not_in(CLOSING_STAGES), cases.c.acted_at >= start))
        .order_by(cases.c.acted_at.desc())
        .limit(CASE_LIMIT)
    )
    rows = rows_of(store, statement)
    for row in rows:
        row["is_open"] = row["stage"] not in CLOSING_STAGES
    return frame_of(rows, (*_STEP, "first_detected_at", "step_count", "is_open"))


def open_case_counts(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """How many cases were open at the end of the period, by exchange and stage."""
    cases = _last_steps(scope, choice).c
    names = ("exchange", "stage", "case_count")
    statement = (
        select(cases.exchange, cases.stage, func.count().label("case_count"))
        .where(cases.stage.not_in(CLOSING_STAGES))
        .group_by(cases.exchange, cases.stage)
        .order_by(cases.exchange, cases.stage)
    )
    return frame_of(rows_of(store, statement), names)


def _last_steps(scope: Scope, choice: Choice) -> Subquery:
    """Every case's last step by the end of the period."""
    table = key_actions.c
    end = datetime.combine(choice.last_day, time(), KST) + timedelta(days=1)
    case = (table.exchange, table.case_id)
    newest_first = (table.acted_at.desc(), table.source_row.desc())
    ordered = (
        in_force(
            key_actions,
            scope,
            choice.exchanges,
            *(table[name] for name in _STEP),
            func.row_number().over(partition_by=case, order_by=newest_first).label("place"),
            func.count().over(partition_by=case).label("step_count"),
            func.min(table.detected_at).over(partition_by=case).label("first_detected_at"),
        )
        .where(table.acted_at < end)
        .subquery()
    )
    return select(ordered).where(ordered.c.place == 1).subquery()


def case_steps(store: Store, scope: Scope, exchange: str, case: str) -> pd.DataFrame:
    """Every step of one case in time order."""
    table = key_actions.c
    statement = in_force(key_actions, scope, (exchange,), *(table[name] for name in _STEP)).where(table.case_id == case)
    return frame_of(rows_of(store, statement.order_by(table.acted_at, table.source_row)), _STEP)

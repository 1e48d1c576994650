"""API keys: how many there are, how many ended and why, which are allow-listed, and whose calls were refused."""

from __future__ import annotations

from bisect import bisect
from typing import Any

import pandas as pd
from sqlalchemy import func

from app.frames import frame_of
from app.queries.choice import Choice, chosen_figures, in_force, rows_of
from app.queries.exactly import added
from app.queries.spans import Span, spans_of
from app.scope import Scope
from etl.records.tables import key_days
from etl.store import Store

_FLOWS = ("issued_keys", "expired_keys", "deleted_keys", "forced_expired_keys")
_CALLS = ("blocked_call_count", "unlisted_call_count")
_SUMS = (*_FLOWS, *_CALLS)
_STATES = ("active_keys", "allowlisted_keys")
_FLOW = ("exchange", "first_day", "last_day", "day_count", "opening_keys", *_SUMS, "active_keys")
_STATE = ("exchange", "scope", "day", *_STATES, "max_ips_per_key", *_CALLS, "source_row")


def key_flow(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """Keys that came and went and calls, one row per exchange and span in which it filed, scopes added up.

    `opening_keys` of its first filed day, `active_keys` of its last, and `day_count` filed days. A sum is None where
    one of these days has not what is added up.
    """
    table = key_days.c
    names = ("opening_keys", *_SUMS, "active_keys")
    statement = (
        chosen_figures(
            key_days, scope, choice, table.exchange, table.day, *(func.sum(table[name]).label(name) for name in names)
        )
        .group_by(table.exchange, table.day)
        .order_by(table.exchange, table.day)
    )
    spans = spans_of(choice)
    firsts = [span.first_day for span in spans]
    rows: dict[tuple[str, Span], dict[str, Any]] = {}
    for day in rows_of(store, statement):
        span = spans[bisect(firsts, day["day"]) - 1]
        row = rows.get((day["exchange"], span))
        if row is None:
            about = {"exchange": day["exchange"], "first_day": span.first_day, "last_day": span.last_day}
            row = rows[day["exchange"], span] = {**about, "day_count": 0, **dict.fromkeys(_SUMS, 0)}
            row["opening_keys"] = int(day["opening_keys"])
        row["day_count"] += 1
        row["active_keys"] = int(day["active_keys"])
        for name in _SUMS:
            row[name] = added(row[name], day[name])
    return frame_of(rows.values(), _FLOW)


def key_balance(flow: pd.DataFrame) -> pd.DataFrame:
    """The whole of what `key_flow` answers, one row an exchange: opening + issued - ended = active.

    `unexplained_keys` is what is left over: keys that came or went on days that were not filed, or that two days
    disagree about (KEY-004).
    """
    rows = []
    for exchange, own in flow.groupby("exchange", sort=False):
        sums = {name: int(own[name].sum()) for name in ("day_count", *_FLOWS)}
        opening, active = int(own["opening_keys"].iloc[0]), int(own["active_keys"].iloc[-1])
        ended = sums["expired_keys"] + sums["deleted_keys"] + sums["forced_expired_keys"]
        unexplained = active - (opening + sums["issued_keys"] - ended)
        row = {"exchange": exchange, "opening_keys": opening, "active_keys": active, "unexplained_keys": unexplained}
        rows.append({**row, **sums})
    return frame_of(rows, ("exchange", "day_count", "opening_keys", *_FLOWS, "active_keys", "unexplained_keys"))


def key_state(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """Keys and calls of each exchange and scope of keys on its last filed day of the period."""
    table = key_days.c
    last = (
        chosen_figures(key_days, scope, choice, table.exchange, func.max(table.day).label("day"))
        .group_by(table.exchange)
        .subquery()
    )
    statement = (
        in_force(key_days, scope, choice.exchanges, *(table[name] for name in _STATE))
        .join(last, (last.c.exchange == table.exchange) & (last.c.day == table.day))
        .order_by(table.exchange, table.source_row)
    )
    return frame_of(rows_of(store, statement), _STATE)

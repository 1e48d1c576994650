"""A replayed incident: its checks with the limit that calls for a halt, and the course that they and the halts show.

What is found here comes from the store, as the exchange's files say it; what really happened is in `etl.replays`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from app import columns
from app.amounts import ratio
from app.frames import frame_of, records_of
from app.halts.events import HaltEvent, halt_events
from app.queries.choice import Choice
from app.reconciliation.days import asset_checks
from app.rules.book import parameter
from app.scope import Scope
from etl.store import Store

_FILED = (
    "checked_at",
    "asset",
    "slot",
    "ledger_quantity",
    "wallet_quantity",
    "price_krw",
    "result",
    "submission",
    "source_row",
)
_DERIVED = (
    "day",
    "shortfall_quantity",
    "shortfall_krw",
    "shortfall_ratio",
    "holdings_multiple",
    "ratio_limit_quantity",
    "krw_limit_quantity",
    "reaches_limit",
)
_MISMATCH = "reconciliation_mismatch"


@dataclass(frozen=True, slots=True)
class Tail:
    """The last stretch of a shortfall, in which it no longer changed."""

    since: datetime
    until: datetime | None
    """The first check that matches again; none while it is open."""
    check_count: int
    quantity: Decimal
    krw: Decimal
    share_of_ledger: Decimal
    share_of_holdings: Decimal
    reaches_limit: bool


@dataclass(frozen=True, slots=True)
class Course:
    """An incident as its checks and halts show it; what never came is none.

    `halt_due_at` is when the rule REC-004 wanted a halt at the latest, `halted_at` when the first one began.
    """

    detected_at: datetime | None
    limit_reached_at: datetime | None
    halt_due_at: datetime | None
    halted_at: datetime | None
    equal_at: datetime | None
    tail: Tail | None


def replayed_checks(
    store: Store, scope: Scope, exchange: str, asset: str, first_day: date, last_day: date
) -> pd.DataFrame:
    """Every check of an asset through some days, with its shortfall and the two limits as quantities of the asset.

    A shortfall calls for a halt from either limit on: `ratio_limit_quantity` is a share of the ledger,
    `krw_limit_quantity` what an amount of won buys (specification, REC-004; both MODEL). `holdings_multiple` is the
    shortfall by what was held.
    """
    share, won = (Decimal(parameter(f"halt_shortfall_{name}", exchange=exchange)) for name in ("ratio", "krw"))
    rows: list[dict[str, Any]] = []
    for day in Choice((exchange,), first_day, last_day).days:
        for check in asset_checks(store, scope, exchange, day, asset):
            row = {name: getattr(check, name) for name in _FILED}
            short = max(row["ledger_quantity"] - row["wallet_quantity"], Decimal())
            limits = share * row["ledger_quantity"], won / row["price_krw"]
            derived = (
                day,
                short,
                short * row["price_krw"],
                ratio(short, row["ledger_quantity"]),
                ratio(short, row["wallet_quantity"]),
                *limits,
                short > 0 and (short >= limits[0] or short * row["price_krw"] >= won),
            )
            rows.append({**row, **dict(zip(_DERIVED, derived, strict=True))})
    return frame_of(rows, (*_FILED, *_DERIVED))


def replayed_halts(
    store: Store, scope: Scope, exchange: str, asset: str, first_day: date, last_day: date
) -> pd.DataFrame:
    """The exchange's halts for a mismatch that cover the asset, the oldest first (REC-004 says which do)."""
    found = halt_events(store, scope, Choice((exchange,), first_day, last_day))
    covering = [
        one
        for one in found
        if one.trigger == _MISMATCH and (one.scope in ("exchange", "account") or one.target.partition("/")[0] == asset)
    ]
    names = [field.name for field in fields(HaltEvent)]
    return columns.frame_of(sorted(covering, key=lambda one: (one.halted_at, one.halt_id)), names)


def course_of(store: Store, scope: Scope, exchange: str, asset: str, first_day: date, last_day: date) -> Course:
    """When the checks first saw the mismatch, when a halt was due and came, and when the books were equal again."""
    found = replayed_checks(store, scope, exchange, asset, first_day, last_day)
    checks: list[dict[Any, Any]] = records_of(found)
    halts = replayed_halts(store, scope, exchange, asset, first_day, last_day)
    short = [place for place, row in enumerate(checks) if row["shortfall_quantity"] > 0]
    if not short:
        return Course(None, None, None, None, None, None)
    limit = next((row["checked_at"] for row in checks if row["reaches_limit"]), None)
    delay = timedelta(minutes=int(parameter("halt_delay_minutes", exchange=exchange)))
    equal = checks[short[-1] + 1]["checked_at"] if short[-1] + 1 < len(checks) else None
    return Course(
        detected_at=checks[short[0]]["checked_at"],
        limit_reached_at=limit,
        halt_due_at=None if limit is None else limit + delay,
        halted_at=min(halts["halted_at"], default=None),
        equal_at=equal,
        tail=_tail(checks[: short[-1] + 1], equal),
    )


def _tail(checks: Sequence[dict[Any, Any]], until: datetime | None) -> Tail:
    """The last checks of a shortfall whose quantity is the same as at its end."""
    last = checks[-1]
    count = 1
    while count < len(checks) and checks[-1 - count]["shortfall_quantity"] == last["shortfall_quantity"]:
        count += 1
    return Tail(
        since=checks[-count]["checked_at"],
        until=until,
        check_count=count,
        quantity=last["shortfall_quantity"],
        krw=last["shortfall_krw"],
        share_of_ledger=last["shortfall_ratio"],
        share_of_holdings=last["holdings_multiple"] or Decimal(),
        reaches_limit=last["reaches_limit"],
    )

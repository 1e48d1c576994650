"""API keys: how many there are, how many ended and why, which are allow-listed, and whose calls were refused."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any

from app.amounts import ratio, rounded
from app.columns import Amount, Count, Day, ExchangeId
from app.queries.choice import Choice, chosen_figures, records_of_rows
from app.queries.exactly import added
from app.queries.spans import Span, spans_of
from app.scope import Scope
from etl.records.tables import key_days
from etl.store import Store

PER_KEYS = 10_000
"""Counts are compared for so many active keys: the largest exchange has a hundred times those of the smallest."""
_COUNTED = (
    "issued_keys",
    "expired_keys",
    "deleted_keys",
    "forced_expired_keys",
    "blocked_call_count",
    "unlisted_call_count",
)


def per_keys(count: int, active: int) -> Decimal | None:
    """Return `count` for each 10,000 active keys; None where no key is active."""
    share = ratio(count, active)
    return None if share is None else share * PER_KEYS


@dataclass(frozen=True, slots=True)
class KeyFlow:
    """Keys of one exchange that came and went in a span, and calls, scopes added up.

    `opening_keys` of its first filed day, `active_keys` of its last; all else is summed over `day_count` filed days,
    None where one of these days does not have it.
    """

    exchange: ExchangeId
    first_day: Day
    last_day: Day
    day_count: Count
    opening_keys: Count
    issued_keys: Count
    expired_keys: Count
    deleted_keys: Count
    forced_expired_keys: Count
    active_keys: Count
    blocked_call_count: Count | None
    unlisted_call_count: Count | None


@dataclass(frozen=True, slots=True)
class _KeyDay:
    """The counts of one exchange on one filed day, of one scope or of all together."""

    exchange: str
    day: date
    opening_keys: int
    issued_keys: int
    expired_keys: int
    deleted_keys: int
    forced_expired_keys: int
    active_keys: int
    blocked_call_count: int | None
    unlisted_call_count: int | None


def key_flow(store: Store, scope: Scope, choice: Choice) -> tuple[KeyFlow, ...]:
    """Return keys that came and went and calls, one record per exchange and span in which it filed, in that order."""
    table = key_days.c
    names = ("opening_keys", *_COUNTED, "active_keys")
    # Added up here: SQLite's own sums end at 2^63−1, which one scope alone may have.
    statement = chosen_figures(key_days, scope, choice, table.exchange, table.day, *(table[name] for name in names))
    scopes = records_of_rows(store, statement.order_by(table.exchange, table.day), _KeyDay)
    days = [_together(names, list(own)) for _, own in groupby(scopes, attrgetter("exchange", "day"))]
    spans = spans_of(choice)
    firsts = [span.first_day for span in spans]

    def place(day: _KeyDay) -> tuple[str, int]:
        return day.exchange, bisect(firsts, day.day) - 1

    return tuple(_flow(exchange, spans[number], list(own)) for (exchange, number), own in groupby(days, place))


def _together(names: Sequence[str], scopes: Sequence[_KeyDay]) -> _KeyDay:
    """The scopes of one exchange's day as one; what one of them does not have, the day does not have."""
    sums: dict[str, Any] = dict.fromkeys(names, 0)
    for one in scopes:
        for name in names:
            sums[name] = added(sums[name], getattr(one, name))
    return replace(scopes[0], **sums)


def _flow(exchange: str, span: Span, days: Sequence[_KeyDay]) -> KeyFlow:
    return KeyFlow(
        exchange=exchange,
        first_day=span.first_day,
        last_day=span.last_day,
        day_count=len(days),
        opening_keys=days[0].opening_keys,
        active_keys=days[-1].active_keys,
        **_sums(days),
    )


def _sums(rows: Iterable[_KeyDay] | Iterable[KeyFlow]) -> dict[str, Any]:
    """What was counted, added up over days or spans; None where one of them does not have it."""
    found: dict[str, int | None] = dict.fromkeys(_COUNTED, 0)
    for row in rows:
        for name in _COUNTED:
            found[name] = added(found[name], getattr(row, name))
    return found


@dataclass(frozen=True, slots=True)
class KeyBalance:
    """The keys of one exchange over the whole period: opening + issued - ended = active.

    `unexplained_keys` is what is left over: keys that came or went on days that were not filed, or that two days
    disagree about (KEY-004). `forced_rate`: forced expiries for each 10,000 active keys, to two digits.
    """

    exchange: ExchangeId
    opening_keys: Count
    issued_keys: Count
    expired_keys: Count
    deleted_keys: Count
    forced_expired_keys: Count
    active_keys: Count
    unexplained_keys: Count
    forced_rate: Amount | None
    day_count: Count


def key_balance(flow: Sequence[KeyFlow]) -> tuple[KeyBalance, ...]:
    """Return the whole of what `key_flow` answers, one record an exchange, in its order."""
    return tuple(_balance(exchange, list(own)) for exchange, own in groupby(flow, attrgetter("exchange")))


def _balance(exchange: str, flow: Sequence[KeyFlow]) -> KeyBalance:
    sums = _sums(flow)
    opening, active = flow[0].opening_keys, flow[-1].active_keys
    ended = sums["expired_keys"] + sums["deleted_keys"] + sums["forced_expired_keys"]
    rate = per_keys(sums["forced_expired_keys"], active)
    return KeyBalance(
        exchange=exchange,
        opening_keys=opening,
        issued_keys=sums["issued_keys"],
        expired_keys=sums["expired_keys"],
        deleted_keys=sums["deleted_keys"],
        forced_expired_keys=sums["forced_expired_keys"],
        active_keys=active,
        unexplained_keys=active - (opening + sums["issued_keys"] - ended),
        forced_rate=None if rate is None else rounded(rate, 2),
        day_count=sum(one.day_count for one in flow),
    )

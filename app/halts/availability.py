"""How much of the time was halted: by exchange and day, weighted by how far a halt reached, and by reason.

The weights follow what status pages do (all out of service 1, a part 0.5, no more than some users 0) and are our
assumption. Where halts overlap, the moment counts once, with the largest weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pandas as pd

from app.frames import frame_of, records_of
from app.queries.spans import Span
from expectations.vocabulary import Period

BAR_DAYS = 90
"""As many days as status pages show of each component."""
WEIGHTS: Mapping[str, Decimal] = MappingProxyType(
    {"exchange": Decimal(1), "market": Decimal("0.5"), "asset": Decimal("0.5"), "account": Decimal(0)}
)
"""How much a minute of a halt weighs by its scope (our assumption)."""
_NOTHING = timedelta()
BAR_COLUMNS = ("exchange", "first_day", "last_day", "reach", "halt_count", "halted", "weighted", "filed_day_count")
REASON_COLUMNS = ("trigger", "count", "open_count", "halted", "weighted", "cumulative_share")


class HaltReach(StrEnum):
    """How far halts reached on a day, the furthest first."""

    EXCHANGE = "exchange_wide"
    PARTIAL = "partial"
    ACCOUNT = "accounts"
    NONE = "none"
    UNKNOWN = "unknown"
    """No halt in force and no accepted report: not the same as none."""


_REACH = {
    "exchange": HaltReach.EXCHANGE,
    "market": HaltReach.PARTIAL,
    "asset": HaltReach.PARTIAL,
    "account": HaltReach.ACCOUNT,
}


def halted_time(row: Mapping[Any, Any], start: datetime, end: datetime) -> timedelta:
    """How long a halt was in force from `start` to `end`; one that is open is in force to the end."""
    until = end if _is_open(row) else min(row["resumed_at"], end)
    length: timedelta = max(until - max(row["halted_at"], start), _NOTHING)
    return length


def _is_open(row: Mapping[Any, Any]) -> bool:
    return row["resumed_at"] is None or row["resumed_at"] is pd.NaT


def weighted_time(rows: Iterable[Mapping[Any, Any]], start: datetime, end: datetime) -> timedelta:
    """The halted time of one exchange from `start` to `end`, each moment once with the largest weight in force."""
    changes: list[tuple[datetime, int, Decimal]] = []
    for row in rows:
        if length := halted_time(row, start, end):
            begin = max(row["halted_at"], start)
            changes += [(begin, 1, WEIGHTS[row["scope"]]), (begin + length, -1, WEIGHTS[row["scope"]])]
    in_force = dict.fromkeys(WEIGHTS.values(), 0)
    total, since = Decimal(), start
    for moment, step, weight in sorted(changes):
        heaviest = max((one for one, count in in_force.items() if count), default=Decimal())
        total += heaviest * ((moment - since) // timedelta(milliseconds=1))
        in_force[weight] += step
        since = moment
    return timedelta(milliseconds=int(total))


def halt_bars(
    events: pd.DataFrame,
    filed: Mapping[str, frozenset[date]],
    exchanges: Sequence[str],
    spans: Sequence[Span],
    now: datetime,
) -> pd.DataFrame:
    """Each exchange by span of days: how far halts reached, how many were in force, and for how long.

    `events`: what `halt_events` answers; `filed`: what `halt_filing_days` answers.
    """
    rows: list[dict[str, Any]] = []
    every = records_of(events)
    for exchange in exchanges:
        own = [row for row in every if row["exchange"] == exchange]
        rows += [_bar(exchange, own, filed.get(exchange, frozenset()), span, now) for span in spans]
    return frame_of(rows, BAR_COLUMNS)


def _bar(
    exchange: str, events: Sequence[Mapping[Any, Any]], filed: frozenset[date], span: Span, now: datetime
) -> dict[str, Any]:
    start, end = Period.of_day(span.first_day).start, min(Period.of_day(span.last_day).end, now)
    own = [
        row
        for row in events
        if row["halted_at"] < end and (_is_open(row) or row["resumed_at"] > start) and halted_time(row, start, end)
    ]
    filed_count = sum(span.first_day + timedelta(n) in filed for n in range(span.day_count))
    reaches = [_REACH[row["scope"]] for row in own]
    reach = min(reaches, key=list(HaltReach).index, default=HaltReach.NONE if filed_count else HaltReach.UNKNOWN)
    return {
        "exchange": exchange,
        "first_day": span.first_day,
        "last_day": span.last_day,
        "reach": reach,
        "halt_count": len(own),
        "halted": sum((halted_time(row, start, end) for row in own), _NOTHING),
        "weighted": weighted_time(own, start, end),
        "filed_day_count": filed_count,
    }


def halt_reasons(events: pd.DataFrame, start: datetime, end: datetime) -> pd.DataFrame:
    """What halts were triggered by, the longest together first; minutes are those between `start` and `end`.

    `cumulative_share` is of all halted minutes, up to and with the row.
    """
    rows = []
    records = records_of(events)
    total = sum((halted_time(row, start, end) for row in records), _NOTHING)
    for trigger in dict.fromkeys(row["trigger"] for row in records):
        own = [row for row in records if row["trigger"] == trigger]
        by_exchange = [[row for row in own if row["exchange"] == name] for name in {row["exchange"] for row in own}]
        rows.append(
            {
                "trigger": trigger,
                "count": len(own),
                "open_count": sum(map(_is_open, own)),
                "halted": sum((halted_time(row, start, end) for row in own), _NOTHING),
                "weighted": sum((weighted_time(one, start, end) for one in by_exchange), _NOTHING),
            }
        )
    rows.sort(key=lambda row: (-row["halted"], row["trigger"]))
    so_far = _NOTHING
    for row in rows:
        so_far += row["halted"]
        row["cumulative_share"] = Decimal(so_far // _UNIT) / Decimal(total // _UNIT) if total else None
    return frame_of(rows, REASON_COLUMNS)


_UNIT = timedelta(milliseconds=1)

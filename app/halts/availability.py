"""How much of the time was halted: by exchange and day, weighted by how far a halt reached, and by reason.

The weights follow what status pages do (all out of service 1, a part 0.5, no more than some users 0) and are our
assumption. Where halts overlap, the moment counts once, with the largest weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from app.columns import Code, Count, Day, ExchangeId, Length, Percent, Text
from app.halts.events import HaltEvent, HaltsWanted, halt_events, halt_filing_days
from app.queries.choice import Choice
from app.queries.spans import Span, spans_of
from app.scope import Scope
from etl.store import Store
from expectations.vocabulary import Period

BAR_DAYS = 90
"""As many days as status pages show of each component."""
WEIGHTS: Mapping[str, Decimal] = MappingProxyType(
    {"exchange": Decimal(1), "market": Decimal("0.5"), "asset": Decimal("0.5"), "account": Decimal(0)}
)
"""How much a minute of a halt weighs by its scope (our assumption)."""
_NOTHING = timedelta()
_UNIT = timedelta(milliseconds=1)


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


@dataclass(frozen=True, slots=True)
class HaltBar:
    """One exchange's span of days: how far halts reached, how many were in force, and for how long.

    `reach` is a `HaltReach`; `filed_day_count` of the span's days have an accepted report.
    """

    exchange: ExchangeId
    first_day: Day
    last_day: Day
    reach: Text
    halt_count: Count
    halted: Length
    weighted: Length
    filed_day_count: Count


@dataclass(frozen=True, slots=True)
class HaltReason:
    """What some halts were triggered by: how many, and how long; `cumulative_share` is of all halted time so far."""

    trigger: Code
    count: Count
    open_count: Count
    halted: Length
    weighted: Length
    cumulative_share: Percent | None


def halted_time(event: HaltEvent, start: datetime, end: datetime) -> timedelta:
    """How long a halt was in force from `start` to `end`; one that is open is in force to the end."""
    until = end if event.resumed_at is None else min(event.resumed_at, end)
    return max(until - max(event.halted_at, start), _NOTHING)


def weighted_time(events: Iterable[HaltEvent], start: datetime, end: datetime) -> timedelta:
    """The halted time of one exchange from `start` to `end`, each moment once with the largest weight in force."""
    changes: list[tuple[datetime, int, Decimal]] = []
    for event in events:
        if length := halted_time(event, start, end):
            begin = max(event.halted_at, start)
            changes += [(begin, 1, WEIGHTS[event.scope]), (begin + length, -1, WEIGHTS[event.scope])]
    in_force = dict.fromkeys(WEIGHTS.values(), 0)
    total, since = Decimal(), start
    for moment, step, weight in sorted(changes):
        heaviest = max((one for one, count in in_force.items() if count), default=Decimal())
        total += heaviest * ((moment - since) // _UNIT)
        in_force[weight] += step
        since = moment
    return timedelta(milliseconds=int(total))


def halt_reach(
    store: Store, scope: Scope, choice: Choice, moment: datetime, wanted: HaltsWanted | None = None
) -> tuple[HaltBar, ...]:
    """How far halts reached on the days of the choice, or in its weeks where these are many, up to a moment."""
    events, filed = halt_events(store, scope, choice, wanted), halt_filing_days(store, scope, choice)
    return bars_of(events, filed, scope.visible(choice.exchanges), spans_of(choice), moment)


def bars_of(
    events: Sequence[HaltEvent],
    filed: Mapping[str, frozenset[date]],
    exchanges: Sequence[str],
    spans: Sequence[Span],
    now: datetime,
) -> tuple[HaltBar, ...]:
    """A bar for each exchange and span, in their order; `filed` are the days with an accepted report by exchange."""
    bars = []
    for exchange in exchanges:
        own = [event for event in events if event.exchange == exchange]
        bars += [_bar(exchange, own, filed.get(exchange, frozenset()), span, now) for span in spans]
    return tuple(bars)


def _bar(exchange: str, events: Sequence[HaltEvent], filed: frozenset[date], span: Span, now: datetime) -> HaltBar:
    start, end = Period.of_day(span.first_day).start, min(Period.of_day(span.last_day).end, now)
    own = [event for event in events if event.halted_at < end and halted_time(event, start, end)]
    filed_count = sum(span.first_day + timedelta(n) in filed for n in range(span.day_count))
    reaches = [_REACH[event.scope] for event in own]
    reach = min(reaches, key=list(HaltReach).index, default=HaltReach.NONE if filed_count else HaltReach.UNKNOWN)
    return HaltBar(
        exchange=exchange,
        first_day=span.first_day,
        last_day=span.last_day,
        reach=reach,
        halt_count=len(own),
        halted=sum((halted_time(event, start, end) for event in own), _NOTHING),
        weighted=weighted_time(own, start, end),
        filed_day_count=filed_count,
    )


def reasons_of(events: Sequence[HaltEvent], start: datetime, end: datetime) -> tuple[HaltReason, ...]:
    """What halts were triggered by, the longest together first; times are those between `start` and `end`."""
    by_trigger: dict[str, list[HaltEvent]] = {}
    for event in events:
        by_trigger.setdefault(event.trigger, []).append(event)
    halted = {trigger: _halted(own, start, end) for trigger, own in by_trigger.items()}
    total, so_far = sum(halted.values(), _NOTHING), _NOTHING
    reasons = []
    for trigger in sorted(by_trigger, key=lambda name: (-halted[name], name)):
        own = by_trigger[trigger]
        so_far += halted[trigger]
        reasons.append(
            HaltReason(
                trigger=trigger,
                count=len(own),
                open_count=sum(event.resumed_at is None for event in own),
                halted=halted[trigger],
                weighted=weighted_in_all(own, start, end),
                cumulative_share=Decimal(so_far // _UNIT) / Decimal(total // _UNIT) if total else None,
            )
        )
    return tuple(reasons)


def weighted_in_all(events: Sequence[HaltEvent], start: datetime, end: datetime) -> timedelta:
    """The weighted times of the exchanges added up."""
    exchanges = {event.exchange for event in events}
    own = ([event for event in events if event.exchange == exchange] for exchange in exchanges)
    return sum((weighted_time(one, start, end) for one in own), _NOTHING)


def _halted(events: Iterable[HaltEvent], start: datetime, end: datetime) -> timedelta:
    return sum((halted_time(event, start, end) for event in events), _NOTHING)

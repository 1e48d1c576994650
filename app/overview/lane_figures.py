"""The figures of the six lanes: what the overview and the trends say of every exchange, over any run of days.

Each figure comes from the same query as on the page of its subject, so that the pages agree. The grade of data quality
is of whole months (`app.quality.scorecard`) and audits are of the month before: both have queries of their own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import reduce
from operator import add
from types import MappingProxyType
from typing import Any

from app.amounts import ratio
from app.halts.availability import halted_time, weighted_time
from app.halts.events import halt_events
from app.keys.case_totals import WHOLE, totals_of_cases
from app.keys.counts import key_flow
from app.obligations.outcomes import filed_for, obligations_of, records_begin
from app.queries.choice import Choice
from app.reconciliation.days import reconciled_days
from app.reconciliation.episodes import mismatch_episodes
from app.scope import Scope
from app.volume.ranking import volume_ranking
from etl.calendar import ObligationState
from etl.store import Store
from expectations.vocabulary import Period, State


class Lane(StrEnum):
    """One of six subjects that are followed of every exchange, in the order of the screens."""

    SUBMISSION = "submission"
    QUALITY = "quality"
    API_SHARE = "api_share"
    KEYS = "keys"
    RECONCILIATION = "reconciliation"
    HALTS = "halts"


LANE_REPORTS: Mapping[Lane, tuple[str, ...]] = MappingProxyType(
    {
        Lane.API_SHARE: ("api_volume",),
        Lane.KEYS: ("key_actions", "api_keys"),
        Lane.RECONCILIATION: ("reconciliation",),
        Lane.HALTS: ("halts", "audits"),
    }
)
"""The reports that a lane is about, the one first that its figures come from; the other lanes are about all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneFigures:
    """The figures of one exchange over the chosen days, or of all that are looked at (`WHOLE`).

    Nothing is counted as zero that was not filed: by report, `filed_days` says for how many of the days one is
    accepted, `unfiled_days` for how many one is due and none is. `open_case_count` is at the end of the days, all other
    counts are of the days. `share` is API value of all value, `share_change` against as many days before. `halted` is
    how long halts were in force, `weighted` the same by how far they reached, `passed` the time of which both are.
    """

    exchange: str
    day_count: int
    filed_days: Counter[str]
    unfiled_days: Counter[str]
    due_count: int
    on_time_count: int
    share: Decimal | None
    share_change: Decimal | None
    open_case_count: int
    opened_case_count: int
    closed_case_count: int
    expiry_median: timedelta | None
    forced_expired_keys: int
    covered_slot_count: int
    expected_slot_count: int
    episode_count: int
    halt_count: int
    halted: timedelta
    weighted: timedelta
    passed: timedelta

    @property
    def on_time_share(self) -> Decimal | None:
        """Obligations met in time, of those that had fallen due."""
        return ratio(self.on_time_count, self.due_count)

    @property
    def coverage(self) -> Decimal | None:
        """Five-minute slots that hold a check, of those expected."""
        return ratio(self.covered_slot_count, self.expected_slot_count)

    def is_filed(self, lane: Lane) -> bool:
        """True where there is anything to count from."""
        if lane in LANE_REPORTS:
            return self.filed_days[LANE_REPORTS[lane][0]] > 0
        return self.due_count > 0


_SUMS = (
    *("day_count", "filed_days", "unfiled_days", "due_count", "on_time_count"),
    *("open_case_count", "opened_case_count", "closed_case_count", "forced_expired_keys"),
    *("covered_slot_count", "expected_slot_count", "episode_count", "halt_count", "halted", "weighted", "passed"),
)
"""The figures of all together that are the sums of the exchanges' own."""


def exchange_figures(store: Store, scope: Scope, choice: Choice, moment: datetime) -> tuple[LaneFigures, ...]:
    """The figures of every chosen exchange in the order of the screens; of several, all together come last."""
    exchanges = scope.visible(choice.exchanges)
    filing = _filing(store, scope, choice, moment)
    shares = _shares(store, scope, choice)
    cases = totals_of_cases(store, scope, choice)
    forced = _forced_keys(store, scope, choice)
    reconciled = _reconciled(store, scope, choice, moment)
    halted = _halted(store, scope, choice, moment)
    own = [
        LaneFigures(
            exchange=exchange,
            day_count=len(choice.days),
            filed_days=filing[exchange].filed_days,
            unfiled_days=filing[exchange].unfiled_days,
            due_count=filing[exchange].due_count,
            on_time_count=filing[exchange].on_time_count,
            share=shares[exchange].share,
            share_change=shares[exchange].change,
            open_case_count=cases.open_count.get(exchange, 0),
            opened_case_count=cases.opened_count.get(exchange, 0),
            closed_case_count=cases.closed_count.get(exchange, 0),
            expiry_median=cases.expiry_median.get(exchange),
            forced_expired_keys=forced[exchange],
            covered_slot_count=reconciled[exchange]["covered_slot_count"],
            expected_slot_count=reconciled[exchange]["expected_slot_count"],
            episode_count=reconciled[exchange]["episode_count"],
            halt_count=halted[exchange].halt_count,
            halted=halted[exchange].halted,
            weighted=halted[exchange].weighted,
            passed=_passed(choice, moment),
        )
        for exchange in exchanges
    ]
    if len(own) < 2:
        return tuple(own)
    sums: dict[str, Any] = {name: reduce(add, [getattr(one, name) for one in own]) for name in _SUMS}
    share = shares[WHOLE]
    median = cases.expiry_median.get(WHOLE)
    together = LaneFigures(exchange=WHOLE, share=share.share, share_change=share.change, expiry_median=median, **sums)
    return (*own, together)


@dataclass(slots=True)
class _Filing:
    """What one exchange filed of what was due, counted up."""

    filed_days: Counter[str] = field(default_factory=Counter)
    unfiled_days: Counter[str] = field(default_factory=Counter)
    due_count: int = 0
    on_time_count: int = 0


def _filing(store: Store, scope: Scope, choice: Choice, moment: datetime) -> Mapping[str, _Filing]:
    """By exchange; a day of which only a slice is accepted is filed."""
    exchanges = scope.visible(choice.exchanges)
    counts = {exchange: _Filing() for exchange in exchanges}
    filed, begin = filed_for(store, scope, choice), records_begin(store)
    for (exchange, report, _), files in filed.items():
        counts[exchange].filed_days[report] += any(file.state is State.ACCEPTED for file in files)
    for one in obligations_of(filed, exchanges, choice, begin, moment) if begin else ():
        own = counts[one.exchange]
        state = one.outcome.state
        own.unfiled_days[one.report] += one.outcome.is_missing and state is not ObligationState.PARTIAL
        own.due_count += one.outcome.is_due
        own.on_time_count += state is ObligationState.CURRENT
    return counts


@dataclass(frozen=True, slots=True)
class _Share:
    """An API share of the days, and its change against as many days before."""

    share: Decimal | None
    change: Decimal | None


def _shares(store: Store, scope: Scope, choice: Choice) -> Mapping[str, _Share]:
    """By exchange, and of all together (`WHOLE`)."""
    ranking = volume_ranking(store, scope, choice)
    own = {row.exchange: row for row in ranking.by_exchange}
    return {name: _Share(row.share, row.preceding_change) for name, row in {**own, WHOLE: ranking.together}.items()}


def _forced_keys(store: Store, scope: Scope, choice: Choice) -> Counter[str]:
    """How many keys were forced to expire, by exchange."""
    counts: Counter[str] = Counter()
    for row in key_flow(store, scope, choice):
        counts[row.exchange] += row.forced_expired_keys or 0
    return counts


def _reconciled(store: Store, scope: Scope, choice: Choice, moment: datetime) -> Mapping[str, Counter[str]]:
    """Slots and shortfall episodes, counted by exchange."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for day in reconciled_days(store, scope, choice, moment):
        counts[day.exchange]["covered_slot_count"] += day.covered_slot_count
        counts[day.exchange]["expected_slot_count"] += day.expected_slot_count
    for episode in mismatch_episodes(store, scope, choice):
        counts[episode.exchange]["episode_count"] += 1
    return counts


@dataclass(frozen=True, slots=True)
class _Halted:
    """How many halts touch the days, for how long they were in force, and the same weighted by reach."""

    halt_count: int
    halted: timedelta
    weighted: timedelta


def _halted(store: Store, scope: Scope, choice: Choice, moment: datetime) -> Mapping[str, _Halted]:
    start = Period.of_day(choice.first_day).start
    end = max(start, min(Period.of_day(choice.last_day).end, moment))
    events = halt_events(store, scope, choice)
    found = {}
    for exchange in scope.visible(choice.exchanges):
        own = [event for event in events if event.exchange == exchange]
        halted = sum((halted_time(row, start, end) for row in own), timedelta())
        found[exchange] = _Halted(len(own), halted, weighted_time(own, start, end))
    return found


def _passed(choice: Choice, moment: datetime) -> timedelta:
    """How much of the chosen days has passed."""
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    return max(min(end, moment) - start, timedelta())

"""The six lanes: what the first page and the managers' page say of every exchange, over any run of days.

Each figure is asked of the same query as on the supervisors' page about it, so that the pages agree. The grade of data
quality is of whole months (`app.quality.measures`) and audits are of the month before: both are asked for apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from app.amounts import ratio
from app.frames import records_of
from app.halts.availability import halted_time, weighted_time
from app.halts.events import halt_events
from app.keys.case_totals import WHOLE, CaseTotals, case_totals
from app.keys.counts import key_flow
from app.obligations.outcomes import MET, Filed, filed_for, obligations_of, records_begin
from app.obligations.status import Stand
from app.queries.choice import Choice
from app.reconciliation.days import reconciled_days
from app.reconciliation.episodes import mismatch_episodes
from app.scope import Scope
from app.volume.course import volume_ranking
from etl.store import Store
from expectations.vocabulary import Period, State


class Lane(StrEnum):
    """What is looked at of every exchange, in the order of the screens."""

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


@dataclass(frozen=True, slots=True)
class LaneFigures:
    """The figures of one exchange over the chosen days, or of all that are looked at (`WHOLE`).

    Nothing is counted as zero that was not filed: by report, `filed_days` says for how many of the days one is
    accepted, `wanting_days` for how many one is due and none is. `open_case_count` is at the end of the days, all other
    counts are of the days. `halted` is how long halts were in force, `weighted` the same by how far they reached,
    `passed` the time of which both are.
    """

    exchange: str
    day_count: int
    filed_days: Mapping[str, int]
    wanting_days: Mapping[str, int]
    due_count: int
    on_time_count: int
    late_count: int
    unmet_count: int
    share: Decimal | None
    share_change: Decimal | None
    trade_value_krw: Decimal
    api_trade_value_krw: Decimal
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
            return self.filed_days.get(LANE_REPORTS[lane][0], 0) > 0
        return self.due_count > 0


def lane_figures(store: Store, scope: Scope, choice: Choice, moment: datetime) -> tuple[LaneFigures, ...]:
    """The figures of every chosen exchange in the order of the screens; of several, all together come last."""
    exchanges = scope.visible(choice.exchanges)
    filed = filed_for(store, scope, choice)
    parts = (
        _obliged(store, scope, filed, choice, moment),
        _shares(store, scope, choice),
        _cases(case_totals(store, scope, choice), exchanges),
        _forced(store, scope, choice),
        _reconciled(store, scope, choice, moment),
        _halted(store, scope, choice, moment),
    )
    days = _accepted_days(filed)
    about: dict[str, Any] = {"day_count": len(choice.days), "passed": _passed(choice, moment)}
    own = [
        LaneFigures(
            exchange=exchange,
            filed_days={report: count for (name, report), count in days.items() if name == exchange},
            **about,
            **{key: value for part in parts for key, value in part[exchange].items()},
        )
        for exchange in exchanges
    ]
    return (*own, _together(own, parts)) if len(own) > 1 else tuple(own)


_Part = Mapping[str, Mapping[str, Any]]


def _accepted_days(filed: Filed) -> Counter[tuple[str, str]]:
    """For how many days each exchange has an accepted file of each report, whole or a slice."""
    return Counter(
        (exchange, report)
        for (exchange, report, _), files in filed.items()
        if any(row["state"] == State.ACCEPTED for row in files)
    )


def _obliged(store: Store, scope: Scope, filed: Filed, choice: Choice, moment: datetime) -> _Part:
    exchanges = scope.visible(choice.exchanges)
    names = ("due_count", "on_time_count", "late_count", "unmet_count")
    counts: dict[str, dict[str, Any]] = {
        exchange: {**dict.fromkeys(names, 0), "wanting_days": Counter[str]()} for exchange in exchanges
    }
    begin = records_begin(store)
    for one in obligations_of(filed, exchanges, choice, begin, moment) if begin else ():
        own = counts[one.exchange]
        own["wanting_days"][one.report] += one.stand in (Stand.MISSING, Stand.REJECTED, Stand.RECEIVED)
        own["due_count"] += one.stand is not Stand.NOT_DUE
        own["on_time_count"] += one.stand is Stand.CURRENT
        own["late_count"] += one.stand is Stand.LATE
        own["unmet_count"] += one.stand not in (*MET, Stand.NOT_DUE)
    return counts


def _shares(store: Store, scope: Scope, choice: Choice) -> _Part:
    ranking = volume_ranking(store, scope, choice)
    rows = {row["exchange"]: row for row in records_of(ranking.by_exchange)}
    names = ("share", "trade_value_krw", "api_trade_value_krw")
    return {
        exchange: {**{name: row[name] for name in names}, "share_change": row["change"]}
        for exchange, row in {**rows, WHOLE: ranking.together}.items()
    }


def _cases(totals: CaseTotals, exchanges: Sequence[str]) -> _Part:
    return {
        exchange: {
            "open_case_count": totals.open_count.get(exchange, 0),
            "opened_case_count": totals.opened_count.get(exchange, 0),
            "closed_case_count": totals.closed_count.get(exchange, 0),
            "expiry_median": totals.expiry_median.get(exchange),
        }
        for exchange in (*exchanges, WHOLE)
    }


def _forced(store: Store, scope: Scope, choice: Choice) -> _Part:
    counts = {exchange: {"forced_expired_keys": 0} for exchange in scope.visible(choice.exchanges)}
    for row in records_of(key_flow(store, scope, choice)):
        counts[row["exchange"]]["forced_expired_keys"] += row["forced_expired_keys"]
    return counts


def _reconciled(store: Store, scope: Scope, choice: Choice, moment: datetime) -> _Part:
    names = ("covered_slot_count", "expected_slot_count", "episode_count")
    counts: dict[str, dict[str, int]] = {
        exchange: dict.fromkeys(names, 0) for exchange in scope.visible(choice.exchanges)
    }
    for day in reconciled_days(store, scope, choice, moment):
        counts[day.exchange]["covered_slot_count"] += day.covered_slot_count
        counts[day.exchange]["expected_slot_count"] += day.expected_slot_count
    for episode in mismatch_episodes(store, scope, choice):
        counts[episode.exchange]["episode_count"] += 1
    return counts


def _halted(store: Store, scope: Scope, choice: Choice, moment: datetime) -> _Part:
    start = Period.of_day(choice.first_day).start
    end = max(start, min(Period.of_day(choice.last_day).end, moment))
    events = halt_events(store, scope, choice)
    found = {}
    for exchange in scope.visible(choice.exchanges):
        own = [event for event in events if event.exchange == exchange]
        halted = sum((halted_time(event, start, end) for event in own), timedelta())
        found[exchange] = {"halt_count": len(own), "halted": halted, "weighted": weighted_time(own, start, end)}
    return found


def _passed(choice: Choice, moment: datetime) -> timedelta:
    """How much of the chosen days has passed."""
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    return max(min(end, moment) - start, timedelta())


def _together(own: Sequence[LaneFigures], parts: Sequence[_Part]) -> LaneFigures:
    """All exchanges added up; what does not add up is as its own query says of all together."""
    apart = {**parts[1][WHOLE], "expiry_median": parts[2][WHOLE]["expiry_median"]}
    names = [name for part in parts for name in part[own[0].exchange] if name not in apart]
    sums = {name: sum((getattr(one, name) for one in own[1:]), getattr(own[0], name)) for name in names}
    filed: Counter[str] = Counter()
    for one in own:
        filed.update(one.filed_days)
    return LaneFigures(
        exchange=WHOLE,
        day_count=own[0].day_count * len(own),
        passed=own[0].passed * len(own),
        filed_days=dict(filed),
        **sums,
        **apart,
    )

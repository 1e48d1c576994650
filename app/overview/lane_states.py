"""How each lane of an exchange stands now: what is missing, open or breached, and since when.

The figures beside are of the chosen days (`lanes`); what is missing or open is so now, whatever days are chosen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from app.audits.months import QUALIFIED, doubted_audits
from app.frames import records_of
from app.halts.events import halt_events
from app.moments import kst_day
from app.obligations.outcomes import is_recorded, records_begin
from app.obligations.status import Stand, Standing, report_standing
from app.overview.lane_figures import LANE_REPORTS, Lane
from app.quality.counts import quality_months
from app.quality.measures import Rating, grade
from app.queries.choice import Choice
from app.queries.months import month_of, month_start
from app.reconciliation.episodes import mismatch_episodes
from app.rules.findings import About, finding_counts
from app.scope import Scope
from etl.store import Store
from expectations.catalogue import all_reports, calendar_rules
from expectations.vocabulary import Kind, Period

OPEN, BREACH, REVIEW, QUIET = "open", "breach", "review", "quiet"
"""A shortfall or halt is open; a breach stands; something is to be explained; nothing was found."""
URGENT = (OPEN, Stand.MISSING, Stand.DRAFT, Stand.REJECTED, Stand.PARTIAL, BREACH, QUALIFIED, Rating.POOR)
"""What asks for somebody, the gravest first."""
NOTABLE = (Stand.RECEIVED, Stand.LATE, REVIEW, Rating.WATCH)
"""What is worth a look."""
_NOT_FILED = (Stand.MISSING, Stand.DRAFT)
_ARRIVED = (Stand.CURRENT, Stand.NIL, Stand.LATE)
_NOTHING_DUE = (Stand.NOT_DUE, Stand.UNRECORDED)
_GRAVITY: Mapping[str, int] = {str(state): place for place, state in enumerate((*URGENT, *NOTABLE))}


@dataclass(frozen=True, slots=True)
class LaneState:
    """How one lane of an exchange stands.

    `since`: when what is missing or open began; else the end of the newest period with a finding that stands, or when
    the newest file arrived. `count` of what the state is about, `more` says in figures what else belongs to it;
    `picks`: what its page is to show.
    """

    exchange: str
    lane: Lane
    state: str
    since: datetime | None = None
    count: int = 0
    more: Mapping[str, Any] = field(default_factory=dict)
    picks: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_urgent(self) -> bool:
        """True where it asks for somebody."""
        return self.state in URGENT

    @property
    def gravity(self) -> int:
        """The lower the graver."""
        return _GRAVITY.get(self.state, len(_GRAVITY))


@dataclass(frozen=True, slots=True)
class Situation:
    """All lanes of all exchanges, the exchange worst off first, and what is open now."""

    standing: tuple[Standing, ...]
    lanes: Mapping[str, Mapping[Lane, LaneState]]
    open_halts: tuple[Mapping[str, Any], ...]
    open_episodes: tuple[Mapping[str, Any], ...]

    @property
    def urgent_count(self) -> int:
        """How many of the lanes ask for somebody."""
        return sum(one.is_urgent for own in self.lanes.values() for one in own.values())

    @property
    def current(self) -> tuple[str, ...]:
        """The exchanges of which everything that was due last has arrived."""
        lacking = {cell.exchange for cell in self.lacking}
        return tuple(exchange for exchange in self.lanes if exchange not in lacking)

    @property
    def lacking(self) -> tuple[Standing, ...]:
        """What was due last and has not arrived whole, the longest due first."""
        lacking = [cell for cell in self.standing if cell.stand not in (*_ARRIVED, *_NOTHING_DUE)]
        return tuple(sorted(lacking, key=lambda cell: cell.due_at))

    @property
    def worst_standing(self) -> Standing | None:
        """What has been missing longest, else what is missing in part or was refused, else what was latest."""
        if self.lacking:
            return self.lacking[0]
        late = [cell for cell in self.standing if cell.stand is Stand.LATE and cell.received_at]
        return max(late, key=lambda cell: (cell.received_at or cell.due_at) - cell.due_at, default=None)


def situation(store: Store, scope: Scope, choice: Choice, moment: datetime) -> Situation:
    """How the chosen exchanges stand at a moment, with what was found in the chosen days."""
    standing = _recorded(store, report_standing(store, scope, choice.exchanges, moment))
    today = kst_day(moment)
    present = Choice(choice.exchanges, today - timedelta(days=1), today)
    halts = [row for row in records_of(halt_events(store, scope, present)) if row["resumed_at"] is None]
    episodes = [row for row in records_of(mismatch_episodes(store, scope, present)) if row["ended_at"] is None]
    found = _found(store, scope, choice)
    grades = _grades(store, scope, choice, moment)
    doubted = _doubted_audits(store, scope, standing)
    lanes = {}
    for exchange in scope.visible(choice.exchanges):
        own = [cell for cell in standing if cell.exchange == exchange]
        states = {
            Lane.SUBMISSION: _submission(exchange, own, moment),
            Lane.QUALITY: grades[exchange],
            Lane.API_SHARE: _judged(Lane.API_SHARE, own, found),
            Lane.KEYS: _judged(Lane.KEYS, own, found),
            Lane.RECONCILIATION: _open_episode(exchange, episodes) or _judged(Lane.RECONCILIATION, own, found),
            Lane.HALTS: _halts(exchange, halts, own, doubted, found),
        }
        lanes[exchange] = states
    order = sorted(lanes, key=lambda exchange: _order(lanes[exchange].values()))
    return Situation(standing, {exchange: lanes[exchange] for exchange in order}, tuple(halts), tuple(episodes))


def _recorded(store: Store, standing: Sequence[Standing]) -> tuple[Standing, ...]:
    """The standings, but that of what was due before there were records nothing is said to be missing."""
    begin = records_begin(store)

    def is_known(cell: Standing) -> bool:
        report = all_reports()[cell.report]
        return begin is not None and is_recorded(report, Period.parse(cell.period), begin)

    return tuple(
        replace(cell, stand=Stand.UNRECORDED) if cell.stand in _NOT_FILED and not is_known(cell) else cell
        for cell in standing
    )


def _order(states: Iterable[LaneState]) -> list[int]:
    """The gravest state decides, then the next one."""
    return sorted(one.gravity for one in states)


def _submission(exchange: str, own: Sequence[Standing], moment: datetime) -> LaneState:
    """The worst of what was due last, and for how long."""
    due = [cell for cell in own if cell.stand not in _NOTHING_DUE]
    if not due:
        return LaneState(exchange, Lane.SUBMISSION, str(own[0].stand if own else Stand.NOT_DUE))
    places = {str(state): place for place, state in enumerate((*URGENT, *NOTABLE))}
    worst = min(due, key=lambda cell: (places.get(cell.stand, len(places)), cell.due_at))
    arrived = sum(cell.stand in _ARRIVED for cell in due)
    received = [cell.received_at for cell in due if cell.received_at]
    is_lacking = worst.stand not in _ARRIVED
    picks = {"report": worst.report, "period": worst.period} if is_lacking or worst.stand is Stand.LATE else {}
    return LaneState(
        exchange,
        Lane.SUBMISSION,
        str(worst.stand if worst.stand is not Stand.NIL else Stand.CURRENT),
        worst.due_at if is_lacking else max(received, default=None),
        len(due) - arrived,
        {"arrived": arrived, "due": len(due)},
        picks,
    )


_Found = Mapping[tuple[str, str, str], tuple[int, datetime | None]]


def _found(store: Store, scope: Scope, choice: Choice) -> _Found:
    """How many findings stand, by exchange, report and kind, and when the newest period with one ended.

    That a file came late is said of the submissions, not of what is in it.
    """
    of_files = {rule.id for rule in calendar_rules()}
    counts: dict[tuple[str, str, str], tuple[int, datetime | None]] = {}
    for row in finding_counts(store, scope, choice, About()):
        if not row.open_finding_count or row.rule in of_files:
            continue
        key = (row.exchange, row.report, row.kind)
        count, last = counts.get(key, (0, None))
        moments = [moment for moment in (last, row.last_end) if moment is not None]
        counts[key] = (count + row.open_finding_count, max(moments, default=None))
    return counts


def _judged(lane: Lane, own: Sequence[Standing], found: _Found) -> LaneState:
    """What the rules found of a lane's reports: breaches before what is to be explained."""
    exchange = own[0].exchange
    for state, kinds in ((BREACH, (Kind.COMPLIANCE,)), (REVIEW, (Kind.CONSISTENCY, Kind.PLAUSIBILITY))):
        places = [(exchange, report, kind) for report in LANE_REPORTS[lane] for kind in kinds]
        counts = [found[place] for place in places if place in found]
        if counts:
            ends = [end for _, end in counts if end is not None]
            return LaneState(exchange, lane, state, max(ends, default=None), sum(count for count, _ in counts))
    arrived = [cell.received_at for cell in own if cell.report == LANE_REPORTS[lane][0] and cell.stand in _ARRIVED]
    return LaneState(exchange, lane, QUIET, arrived[0] if arrived else None)


def _open_episode(exchange: str, episodes: Sequence[Mapping[str, Any]]) -> LaneState | None:
    own = [row for row in episodes if row["exchange"] == exchange]
    if not own:
        return None
    worst = max(own, key=lambda row: (row["is_grave"], row["shortfall_krw"]))
    picks = {"at": exchange, "day": kst_day(worst["largest_at"]).isoformat(), "asset": worst["asset"]}
    since = min(row["started_at"] for row in own)
    return LaneState(exchange, Lane.RECONCILIATION, OPEN, since, len(own), {}, picks)


def _halts(
    exchange: str,
    halts: Sequence[Mapping[str, Any]],
    own: Sequence[Standing],
    doubted: Collection[str],
    found: _Found,
) -> LaneState:
    """An audit that is wanting or qualified, an open halt, or what the rules found; with how the audit stands."""
    audit = next((cell for cell in own if cell.report == "audits"), None)
    stand = QUALIFIED if exchange in doubted else str(audit.stand) if audit else Stand.NOT_DUE
    more = {"audit": stand, "audit_month": audit.period if audit else ""}
    open_ones = [row for row in halts if row["exchange"] == exchange]
    if open_ones:
        first = min(open_ones, key=lambda row: row["halted_at"])
        picks = {"at": exchange, "halt": first["halt_id"]}
        return LaneState(exchange, Lane.HALTS, OPEN, first["halted_at"], len(open_ones), more, picks)
    judged = _judged(Lane.HALTS, own, found)
    if audit is not None and stand in (*URGENT, Stand.RECEIVED) and _GRAVITY[stand] < judged.gravity:
        since = audit.due_at if stand != QUALIFIED else audit.received_at
        return LaneState(exchange, Lane.HALTS, stand, since, 1, more, {"report": "audits", "period": audit.period})
    return LaneState(exchange, Lane.HALTS, judged.state, judged.since, judged.count, more, judged.picks)


def _doubted_audits(store: Store, scope: Scope, standing: Sequence[Standing]) -> frozenset[str]:
    """The exchanges whose audit that was due last came, and holds another opinion than unqualified."""
    months = {cell.exchange: cell.period for cell in standing if cell.report == "audits"}
    if not months:
        return frozenset()
    return doubted_audits(store, scope, tuple(months), next(iter(months.values())))


def _grades(store: Store, scope: Scope, choice: Choice, moment: datetime) -> dict[str, LaneState]:
    """The grade of the month that the chosen days end in, with that of the month before."""
    month = month_of(choice.last_day)
    rows = records_of(quality_months(store, scope, choice, moment))
    steps: dict[str, dict[str, Rating]] = defaultdict(dict)
    for row in rows:
        steps[row["exchange"]][row["month"]] = grade(row, month_start(row["month"])).step
    before = month_of(month_start(month) - timedelta(days=1))
    return {
        exchange: LaneState(
            exchange,
            Lane.QUALITY,
            str(own[month]),
            more={"month": month, "before": str(own.get(before, Rating.UNJUDGED))},
            picks={"at": exchange, "month": month},
        )
        for exchange, own in steps.items()
    }

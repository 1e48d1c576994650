"""The state of every lane of an exchange now: what is missing, open or breached, and since when.

What is missing or open is so now, whatever days are chosen; the figures beside it (`lane_figures`) are of the days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.audits.months import QUALIFIED, doubted_audits
from app.halts.events import HaltEvent, halt_events
from app.moments import kst_day
from app.obligations.outcomes import records_begin
from app.obligations.status import ReportStatus, report_statuses
from app.overview.lane_figures import LANE_REPORTS, Lane
from app.quality.counts import quality_months
from app.quality.measures import Rating
from app.quality.scorecard import score
from app.queries.choice import Choice
from app.queries.months import month_of, month_start
from app.reconciliation.episodes import ShortfallEpisode, mismatch_episodes
from app.rules.evaluated import unevaluated_days
from app.rules.findings import About, finding_counts
from app.scope import Scope
from etl.calendar import ObligationState
from etl.store import Store
from expectations.catalogue import all_reports, all_rules, calendar_rules
from expectations.vocabulary import Kind, Period

OPEN, BREACH, REVIEW, PARTLY_EVALUATED, QUIET = "open", "breach", "review", "partly_evaluated", "quiet"
"""A shortfall or halt is open; a breach is open; a finding is to be explained; nothing was found, on some days without
a report that a rule needs; nothing was found."""
URGENT = (
    OPEN,
    ObligationState.MISSING,
    ObligationState.DRAFT,
    ObligationState.REJECTED,
    ObligationState.PARTIAL,
    BREACH,
    QUALIFIED,
    Rating.POOR,
)
"""States that need attention, the gravest first."""
NOTABLE = (ObligationState.FAILED, ObligationState.RECEIVED, ObligationState.LATE, REVIEW, Rating.WATCH)
"""States that are worth a look, the gravest first."""
_NOT_FILED = (ObligationState.MISSING, ObligationState.DRAFT)
_ARRIVED = (ObligationState.CURRENT, ObligationState.NIL, ObligationState.LATE)
_NOTHING_DUE = (ObligationState.NOT_DUE, ObligationState.UNRECORDED)
_GRAVITY: Mapping[str, int] = {str(state): place for place, state in enumerate((*URGENT, *NOTABLE))}


@dataclass(frozen=True, slots=True)
class ArrivedReports:
    """Of how many reports that were due last the files have arrived."""

    arrived: int
    due: int


@dataclass(frozen=True, slots=True)
class GradedMonth:
    """The month that a grade is of, and the grade of the month before."""

    month: str
    before: Rating


@dataclass(frozen=True, slots=True)
class LaneState:
    """The state of one lane of an exchange.

    `since`: when what is missing or open began; else the end of the newest period with an open finding, or when the
    newest file arrived. `count` of what the state is about. `picks`: what the lane's page is to show. `arrived` is of
    the lane of submissions, `graded` of data quality, `audit_state` of halts.
    """

    exchange: str
    lane: Lane
    state: str
    since: datetime | None = None
    count: int = 0
    picks: Mapping[str, str] = field(default_factory=dict)
    arrived: ArrivedReports | None = None
    graded: GradedMonth | None = None
    audit_state: str = ""

    @property
    def is_urgent(self) -> bool:
        """True where it needs attention."""
        return self.state in URGENT

    @property
    def is_notable(self) -> bool:
        """True where it needs attention or is worth a look."""
        return self.state in _GRAVITY

    @property
    def gravity(self) -> int:
        """The lower the graver."""
        return _GRAVITY.get(self.state, len(_GRAVITY))


@dataclass(frozen=True, slots=True)
class Situation:
    """All lanes of all exchanges, the exchange with the gravest states first, and what is open now."""

    statuses: tuple[ReportStatus, ...]
    lanes: Mapping[str, Mapping[Lane, LaneState]]
    open_halts: tuple[HaltEvent, ...]
    open_episodes: tuple[ShortfallEpisode, ...]

    @property
    def urgent_count(self) -> int:
        """How many of the lanes need attention."""
        return sum(one.is_urgent for own in self.lanes.values() for one in own.values())

    @property
    def current(self) -> tuple[str, ...]:
        """The exchanges of which everything that was due last has arrived."""
        outstanding = {cell.exchange for cell in self.outstanding}
        return tuple(exchange for exchange in self.lanes if exchange not in outstanding)

    @property
    def outstanding(self) -> tuple[ReportStatus, ...]:
        """What was due last and has not arrived whole, the longest due first."""
        found = [cell for cell in self.statuses if cell.state not in (*_ARRIVED, *_NOTHING_DUE)]
        return tuple(sorted(found, key=lambda cell: cell.due_at))

    @property
    def worst_status(self) -> ReportStatus | None:
        """What has been missing longest, else what is missing in part or was refused, else what was latest."""
        if self.outstanding:
            return self.outstanding[0]
        late = [cell for cell in self.statuses if cell.late_by]
        return max(late, key=lambda cell: cell.late_by or timedelta(), default=None)


def situation(store: Store, scope: Scope, choice: Choice, moment: datetime) -> Situation:
    """The state of every lane of the chosen exchanges at a moment, with the open findings of the chosen days."""
    statuses = _recorded(store, report_statuses(store, scope, choice.exchanges, moment))
    today = kst_day(moment)
    present = Choice(choice.exchanges, today - timedelta(days=1), today)
    halts = [one for one in halt_events(store, scope, present) if one.resumed_at is None]
    episodes = [one for one in mismatch_episodes(store, scope, present) if one.is_open]
    found = _Found(_open_counts(store, scope, choice), _unevaluated(store, scope, choice))
    grades = _grades(store, scope, choice, moment)
    doubted = _doubted_audits(store, scope, statuses)
    lanes = {}
    for exchange in scope.visible(choice.exchanges):
        own = [cell for cell in statuses if cell.exchange == exchange]
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
    return Situation(statuses, {exchange: lanes[exchange] for exchange in order}, tuple(halts), tuple(episodes))


def _recorded(store: Store, statuses: Sequence[ReportStatus]) -> tuple[ReportStatus, ...]:
    """The statuses, where what was due before there were records is unrecorded in place of missing."""
    begin = records_begin(store)

    def is_known(cell: ReportStatus) -> bool:
        report = all_reports()[cell.report]
        return begin is not None and begin.includes(report, Period.parse(cell.period))

    return tuple(
        replace(cell, state=ObligationState.UNRECORDED) if cell.state in _NOT_FILED and not is_known(cell) else cell
        for cell in statuses
    )


def _order(states: Iterable[LaneState]) -> list[int]:
    """The gravest state decides, then the next one."""
    return sorted(one.gravity for one in states)


def _submission(exchange: str, own: Sequence[ReportStatus], moment: datetime) -> LaneState:
    """The worst of what was due last, and for how long."""
    due = [cell for cell in own if cell.state not in _NOTHING_DUE]
    if not due:
        return LaneState(exchange, Lane.SUBMISSION, str(own[0].state if own else ObligationState.NOT_DUE))
    places = {str(state): place for place, state in enumerate((*URGENT, *NOTABLE))}
    worst = min(due, key=lambda cell: (places.get(cell.state, len(places)), cell.due_at))
    arrived = sum(cell.state in _ARRIVED for cell in due)
    received = [cell.received_at for cell in due if cell.received_at]
    is_lacking = worst.state not in _ARRIVED
    picks = (
        {"report": worst.report, "period": worst.period} if is_lacking or worst.state is ObligationState.LATE else {}
    )
    return LaneState(
        exchange,
        Lane.SUBMISSION,
        str(worst.state if worst.state is not ObligationState.NIL else ObligationState.CURRENT),
        worst.due_at if is_lacking else max(received, default=None),
        len(due) - arrived,
        picks,
        arrived=ArrivedReports(arrived, len(due)),
    )


_OpenCounts = Mapping[tuple[str, str, str], tuple[int, datetime | None]]


@dataclass(frozen=True, slots=True)
class _Found:
    """How many findings are open (`_open_counts`), and the exchanges and reports that `_unevaluated` names."""

    open_counts: _OpenCounts
    unevaluated: frozenset[tuple[str, str]]


def _unevaluated(store: Store, scope: Scope, choice: Choice) -> frozenset[tuple[str, str]]:
    """The exchanges and reports of which a rule was not evaluated on a chosen day, for want of another report."""
    found = unevaluated_days(store, scope, choice)
    return frozenset((str(one.exchange), str(all_rules()[one.rule].report)) for one in found)


def _open_counts(store: Store, scope: Scope, choice: Choice) -> _OpenCounts:
    """How many findings are open, by exchange, report and kind, and when the newest period with one ended.

    That a file came late belongs to the lane of submissions and is not counted here.
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


def _judged(lane: Lane, own: Sequence[ReportStatus], found: _Found) -> LaneState:
    """What the rules found of a lane's reports: breaches before what is to be explained."""
    exchange = own[0].exchange
    for state, kinds in ((BREACH, (Kind.COMPLIANCE,)), (REVIEW, (Kind.CONSISTENCY, Kind.PLAUSIBILITY))):
        places = [(exchange, report, kind) for report in LANE_REPORTS[lane] for kind in kinds]
        counts = [found.open_counts[place] for place in places if place in found.open_counts]
        if counts:
            ends = [end for _, end in counts if end is not None]
            return LaneState(exchange, lane, state, max(ends, default=None), sum(count for count, _ in counts))
    arrived = [cell.received_at for cell in own if cell.report == LANE_REPORTS[lane][0] and cell.state in _ARRIVED]
    is_unevaluated = any((exchange, report) in found.unevaluated for report in LANE_REPORTS[lane])
    return LaneState(exchange, lane, PARTLY_EVALUATED if is_unevaluated else QUIET, arrived[0] if arrived else None)


def _open_episode(exchange: str, episodes: Sequence[ShortfallEpisode]) -> LaneState | None:
    own = [one for one in episodes if one.exchange == exchange]
    if not own:
        return None
    worst = max(own, key=lambda one: (one.is_unhalted, one.shortfall_krw))
    picks = {"at": exchange, "day": kst_day(worst.largest_at).isoformat(), "asset": worst.asset}
    since = min(one.started_at for one in own)
    return LaneState(exchange, Lane.RECONCILIATION, OPEN, since, len(own), picks)


def _halts(
    exchange: str,
    halts: Sequence[HaltEvent],
    own: Sequence[ReportStatus],
    doubted: Collection[str],
    found: _Found,
) -> LaneState:
    """An open halt, an audit that is missing or qualified, or what the rules found; with the state of the audit."""
    audit = next((cell for cell in own if cell.report == "audits"), None)
    state = QUALIFIED if exchange in doubted else str(audit.state) if audit else ObligationState.NOT_DUE
    open_ones = [one for one in halts if one.exchange == exchange]
    if open_ones:
        first = min(open_ones, key=lambda one: one.halted_at)
        picks = {"at": exchange, "halt": first.halt_id}
        return LaneState(exchange, Lane.HALTS, OPEN, first.halted_at, len(open_ones), picks, audit_state=state)
    judged = _judged(Lane.HALTS, own, found)
    if audit is not None and state in (*URGENT, ObligationState.RECEIVED) and _GRAVITY[state] < judged.gravity:
        since = audit.due_at if state != QUALIFIED else audit.received_at
        picks = {"report": "audits", "period": audit.period}
        return LaneState(exchange, Lane.HALTS, state, since, 1, picks, audit_state=state)
    return replace(judged, audit_state=state)


def _doubted_audits(store: Store, scope: Scope, statuses: Sequence[ReportStatus]) -> frozenset[str]:
    """The exchanges whose audit that was due last came, and holds another opinion than unqualified."""
    months = {cell.exchange: cell.period for cell in statuses if cell.report == "audits"}
    if not months:
        return frozenset()
    return doubted_audits(store, scope, tuple(months), next(iter(months.values())))


def _grades(store: Store, scope: Scope, choice: Choice, moment: datetime) -> dict[str, LaneState]:
    """The grade of the month that the chosen days end in, with that of the month before."""
    month = month_of(choice.last_day)
    ratings: dict[str, dict[str, Rating]] = defaultdict(dict)
    for one in score(quality_months(store, scope, choice, moment), moment):
        ratings[one.exchange][one.month] = one.grade.rating
    before = month_of(month_start(month) - timedelta(days=1))
    return {
        exchange: LaneState(
            exchange,
            Lane.QUALITY,
            str(own[month]),
            picks={"at": exchange, "month": month},
            graded=GradedMonth(month, own.get(before, Rating.UNJUDGED)),
        )
        for exchange, own in ratings.items()
    }

"""Cases against suspect keys in a period: how many are in which stage, how they moved, and how long it took."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median, quantiles

from app.columns import Code, Count, ExchangeId, Length
from app.keys.case_courses import CLOSING_STAGES, DETECTED, Course, Move, courses, move_of
from app.keys.case_findings import CaseFindings, recorded_case_findings
from app.keys.case_stretches import Stretch, StretchKind, TimedCase, expiry_stretches, timed_case
from app.queries.choice import Choice
from app.scope import Scope
from etl.records.types import to_milliseconds
from etl.store import Store
from expectations.thresholds import Thresholds
from expectations.vocabulary import Period

MARKS_EACH = 120
"""Cases of one exchange that are drawn one by one in a stretch; of more, those past the limit and those still in it."""
FEWEST = 5
"""Stretches from which a median is taken (our assumption): of fewer it says more about one case than about all."""
WHOLE = ""
"""In place of an exchange: all that are looked at together."""


@dataclass(frozen=True, slots=True)
class OpenCases:
    """The cases of one exchange that are open in one stage at the end of the period."""

    exchange: ExchangeId
    stage: Code
    suspicion_case_count: Count
    exceeded_count: Count
    """Of these, the ones with a limit recorded as exceeded that is still to be met."""


@dataclass(frozen=True, slots=True)
class StageMoves:
    """How often one stage followed another at one exchange in the period, also by risk."""

    exchange: ExchangeId
    origin: Code
    stage: Code
    move: Move
    step_count: Count
    high: Count
    medium: Count
    low: Count
    breach_count: Count
    """Steps about which a rule recorded that the move is not allowed (ACT-003, ACT-004)."""


@dataclass(frozen=True, slots=True)
class StretchSummary:
    """How long one kind of stretch took at one exchange, or at all (`WHOLE`), of what ended in the period.

    The quartiles are exact lengths, None of fewer than FEWEST; `open_count` stretches have not ended.
    """

    stretch: StretchKind
    exchange: ExchangeId
    count: Count
    median: Length | None
    lower: Length | None
    upper: Length | None
    longest: Length | None
    exceeded_count: Count
    open_count: Count


@dataclass(frozen=True, slots=True)
class StretchMark:
    """One stretch of one case, as it is drawn."""

    stretch: StretchKind
    exchange: ExchangeId
    case_id: str
    length: Length
    is_open: bool
    is_exceeded: bool


@dataclass(frozen=True, slots=True)
class CaseFlow:
    """What became of the cases of a period, by exchange; `marks` are the single lengths behind `stretches`."""

    open_cases: tuple[OpenCases, ...]
    moves: tuple[StageMoves, ...]
    stretches: tuple[StretchSummary, ...]
    marks: tuple[StretchMark, ...]


def case_flow(store: Store, scope: Scope, choice: Choice, thresholds: Thresholds) -> CaseFlow:
    """Return stock, moves and lengths of the cases that were open at the end of the period or had a step in it."""
    findings = recorded_case_findings(store, scope, choice.exchanges)
    found = [timed_case(course, thresholds, findings) for course in courses(store, scope, choice)]
    start = to_milliseconds(Period.of_day(choice.first_day).start)
    stretches = _since(start, ((stretch, one.course) for one in found for stretch in one.stretches))
    moves = _moves([one.course for one in found], findings, start)
    return CaseFlow(_open_cases(found), moves, _summaries(stretches), _marks(stretches))


@dataclass(frozen=True, slots=True)
class CaseTotals:
    """The few figures of a `CaseFlow` that the lanes show, by exchange: counts, and the median of the way to an expiry.

    `expiry_median` is of `WHOLE` too; None below FEWEST.
    """

    open_count: Mapping[str, int]
    opened_count: Mapping[str, int]
    closed_count: Mapping[str, int]
    expiry_median: Mapping[str, timedelta | None]


def totals_of_cases(store: Store, scope: Scope, choice: Choice) -> CaseTotals:
    """Return how many cases are open at the end of the period, opened and closed in it, and how long expiries took."""
    found = courses(store, scope, choice)
    start = to_milliseconds(Period.of_day(choice.first_day).start)
    opened, closed = Counter[str](), Counter[str]()
    for course in found:
        for origin, step in course.moves:
            if step.acted_at >= start:
                opened[step.exchange] += origin == DETECTED
                closed[step.exchange] += step.stage in CLOSING_STAGES and origin not in CLOSING_STAGES
    expiries = _since(start, ((stretch, course) for course in found for stretch in expiry_stretches(course)))
    medians = {row.exchange: row.median for row in _summaries(expiries)}
    return CaseTotals(Counter(course.last.exchange for course in found if course.is_open), opened, closed, medians)


def _since(start: int, stretches: Iterable[tuple[Stretch, Course]]) -> list[tuple[Stretch, Course]]:
    """Those that had not ended before `start`."""
    return [(one, course) for one, course in stretches if one.ended_at is None or one.ended_at >= start]


def _open_cases(found: Iterable[TimedCase]) -> tuple[OpenCases, ...]:
    by: dict[tuple[str, str], list[TimedCase]] = defaultdict(list)
    for one in found:
        if one.course.is_open:
            by[one.course.last.exchange, one.course.last.stage].append(one)
    return tuple(
        OpenCases(exchange, stage, len(own), sum(one.is_exceeded for one in own))
        for (exchange, stage), own in sorted(by.items())
    )


def _moves(found: Iterable[Course], findings: CaseFindings, start: int) -> tuple[StageMoves, ...]:
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for course in found:
        for origin, step in course.moves:
            if step.acted_at >= start:
                breach = int(findings.is_not_allowed(step.exchange, step.action_id))
                counts[step.exchange, origin, step.stage].update({step.risk_level: 1, "breach": breach})
    return tuple(
        StageMoves(
            exchange=exchange,
            origin=origin,
            stage=stage,
            move=move_of(origin, stage),
            step_count=own["high"] + own["medium"] + own["low"],
            high=own["high"],
            medium=own["medium"],
            low=own["low"],
            breach_count=own["breach"],
        )
        for (exchange, origin, stage), own in sorted(counts.items())
    )


def _summaries(stretches: Sequence[tuple[Stretch, Course]]) -> tuple[StretchSummary, ...]:
    by: dict[tuple[StretchKind, str], list[Stretch]] = defaultdict(list)
    for stretch, course in stretches:
        by[stretch.kind, course.last.exchange].append(stretch)
        by[stretch.kind, WHOLE].append(stretch)
    return tuple(_summary(kind, exchange, own) for (kind, exchange), own in sorted(by.items()))


def _summary(kind: StretchKind, exchange: str, stretches: Sequence[Stretch]) -> StretchSummary:
    lengths = sorted(stretch.length for stretch in stretches if not stretch.is_running)
    lower, middle, upper = _quartiles(lengths) if len(lengths) >= FEWEST else (None, None, None)
    return StretchSummary(
        stretch=kind,
        exchange=exchange,
        count=len(lengths),
        median=middle,
        lower=lower,
        upper=upper,
        longest=timedelta(milliseconds=lengths[-1]) if lengths else None,
        exceeded_count=sum(stretch.is_exceeded for stretch in stretches),
        open_count=len(stretches) - len(lengths),
    )


def _quartiles(lengths: Sequence[int]) -> tuple[timedelta, timedelta, timedelta]:
    """Lower quartile, median and upper quartile of milliseconds."""
    lower, _, upper = quantiles(lengths, method="inclusive")
    return (
        timedelta(milliseconds=lower),
        timedelta(milliseconds=median(lengths)),
        timedelta(milliseconds=upper),
    )


def _marks(stretches: Sequence[tuple[Stretch, Course]]) -> tuple[StretchMark, ...]:
    by: dict[tuple[StretchKind, str], list[tuple[Stretch, str]]] = defaultdict(list)
    for stretch, course in stretches:
        by[stretch.kind, course.last.exchange].append((stretch, course.last.case_id))
    rows: list[StretchMark] = []
    for (kind, exchange), own in sorted(by.items()):
        if len(own) > MARKS_EACH:
            own = [mark for mark in own if mark[0].is_exceeded or mark[0].is_running]
            own.sort(key=lambda mark: (mark[0].is_exceeded, mark[0].length), reverse=True)
        for stretch, case_id in own[:MARKS_EACH]:
            length = timedelta(milliseconds=stretch.length)
            rows.append(StretchMark(kind, exchange, case_id, length, stretch.is_running, stretch.is_exceeded))
    return tuple(rows)

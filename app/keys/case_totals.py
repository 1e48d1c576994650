"""Cases against suspect keys in a period: how many stand where, how they moved, and how long it took."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median, quantiles
from typing import Any

import pandas as pd

from app.frames import frame_of, records_of
from app.keys.case_courses import CLOSING_STAGES, DETECTED, Course, Stretch, StretchKind, courses, is_breach, move_of
from app.queries.choice import Choice
from app.scope import Scope
from etl.records.types import to_milliseconds
from etl.store import Store
from expectations.vocabulary import Period

MARKS_EACH = 120
"""Cases of one exchange that are drawn one by one in a stretch; of more, those past the limit and those still in it."""
FEWEST = 5
"""Spans from which a median is taken (our assumption): of fewer it says more about the single case than about all."""
WHOLE = ""
"""In place of an exchange: all that are looked at together."""
_OPEN = ("exchange", "stage", "case_count", "over_count")
_MOVES = ("exchange", "origin", "stage", "move", "step_count", "high", "medium", "low", "breach_count")
_STRETCHES = ("stretch", "exchange", "count", "median", "lower", "upper", "longest", "over_count", "open_count")
_MARKS = ("stretch", "exchange", "case_id", "length", "is_open", "is_over")


@dataclass(frozen=True, slots=True)
class CaseFlow:
    """What became of the cases of a period, as small frames.

    `open_cases`: at its end, by exchange and stage. `moves`: steps in it, by the stage before and the stage taken.
    `stretches`: what ended in it, timed: quartiles of exact lengths, `WHOLE` for all exchanges, none below FEWEST;
    `open_count` of those that have not ended. `marks`: the single lengths behind them.
    """

    open_cases: pd.DataFrame
    moves: pd.DataFrame
    stretches: pd.DataFrame
    marks: pd.DataFrame


def case_flow(store: Store, scope: Scope, choice: Choice) -> CaseFlow:
    """Stock, moves and lengths of the cases that were open at the end of the period or had a step in it."""
    found = courses(store, scope, choice)
    start = to_milliseconds(Period.of_day(choice.first_day).start)
    stretches = _since(start, ((stretch, course) for course in found for stretch in course.stretches))
    return CaseFlow(_open_cases(found), _moves(found, start), _summaries(stretches), _marks(stretches))


@dataclass(frozen=True, slots=True)
class CaseTotals:
    """The few figures of a `CaseFlow` that the lanes show, by exchange: counts, and the median of the way to an expiry.

    `expiry_median` is of `WHOLE` too; none below FEWEST.
    """

    open_count: Mapping[str, int]
    opened_count: Mapping[str, int]
    closed_count: Mapping[str, int]
    expiry_median: Mapping[str, timedelta | None]


def case_totals(store: Store, scope: Scope, choice: Choice) -> CaseTotals:
    """How many cases are open at the end of the period, were opened and closed in it, and how long expiries took."""
    found = courses(store, scope, choice)
    start = to_milliseconds(Period.of_day(choice.first_day).start)
    opened, closed = Counter[str](), Counter[str]()
    for course in found:
        for origin, step in course.moves:
            if step.acted_at >= start:
                opened[step.exchange] += origin == DETECTED
                closed[step.exchange] += step.stage in CLOSING_STAGES and origin not in CLOSING_STAGES
    expiries = _since(start, ((stretch, course) for course in found for stretch in course.expiries))
    medians = {row["exchange"]: row["median"] for row in records_of(_summaries(expiries))}
    return CaseTotals(Counter(course.last.exchange for course in found if course.is_open), opened, closed, medians)


def _since(start: int, stretches: Iterable[tuple[Stretch, Course]]) -> list[tuple[Stretch, Course]]:
    """Those that had not ended before `start`."""
    return [(one, course) for one, course in stretches if one.ended_at is None or one.ended_at >= start]


def _open_cases(found: Iterable[Course]) -> pd.DataFrame:
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for course in found:
        if course.is_open:
            counts[course.last.exchange, course.last.stage].update(case_count=1, over_count=int(course.is_over))
    rows = [
        {"exchange": exchange, "stage": stage, **{name: own[name] for name in ("case_count", "over_count")}}
        for (exchange, stage), own in sorted(counts.items())
    ]
    return frame_of(rows, _OPEN)


def _moves(found: Iterable[Course], start: int) -> pd.DataFrame:
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for course in found:
        for origin, step in course.moves:
            if step.acted_at >= start:
                breach = int(is_breach(origin, step.stage, step.risk_level))
                counts[step.exchange, origin, step.stage].update({step.risk_level: 1, "breach_count": breach})
    rows = []
    for (exchange, origin, stage), own in sorted(counts.items()):
        risks = {name: own[name] for name in ("high", "medium", "low")}
        counted = {"step_count": sum(risks.values()), **risks, "breach_count": own["breach_count"]}
        rows.append({"exchange": exchange, "origin": origin, "stage": stage, "move": move_of(origin, stage), **counted})
    return frame_of(rows, _MOVES)


def _summaries(stretches: Sequence[tuple[Stretch, Course]]) -> pd.DataFrame:
    by: dict[tuple[StretchKind, str], list[Stretch]] = defaultdict(list)
    for stretch, course in stretches:
        by[stretch.kind, course.last.exchange].append(stretch)
        by[stretch.kind, WHOLE].append(stretch)
    return frame_of([_summary(kind, exchange, own) for (kind, exchange), own in sorted(by.items())], _STRETCHES)


def _summary(kind: StretchKind, exchange: str, stretches: Sequence[Stretch]) -> dict[str, Any]:
    lengths = sorted(stretch.length for stretch in stretches if stretch.ended_at is not None)
    found: dict[str, timedelta | None] = {"median": None, "lower": None, "upper": None}
    if len(lengths) >= FEWEST:
        lower, _, upper = quantiles(lengths, method="inclusive")
        found = {
            name: timedelta(milliseconds=value)
            for name, value in (("median", median(lengths)), ("lower", lower), ("upper", upper))
        }
    return {
        "stretch": kind,
        "exchange": exchange,
        "count": len(lengths),
        **found,
        "longest": timedelta(milliseconds=lengths[-1]) if lengths else None,
        "over_count": sum(stretch.is_over for stretch in stretches),
        "open_count": len(stretches) - len(lengths),
    }


def _marks(stretches: Sequence[tuple[Stretch, Course]]) -> pd.DataFrame:
    by: dict[tuple[StretchKind, str], list[tuple[Stretch, str]]] = defaultdict(list)
    for stretch, course in stretches:
        by[stretch.kind, course.last.exchange].append((stretch, course.last.case_id))
    rows: list[dict[str, Any]] = []
    for (kind, exchange), own in sorted(by.items()):
        if len(own) > MARKS_EACH:
            own = [mark for mark in own if mark[0].is_over or mark[0].ended_at is None]
            own.sort(key=lambda mark: (mark[0].is_over, mark[0].length), reverse=True)
        for stretch, case_id in own[:MARKS_EACH]:
            about = {"stretch": kind, "exchange": exchange, "case_id": case_id}
            length = timedelta(milliseconds=stretch.length)
            rows.append({**about, "length": length, "is_open": stretch.ended_at is None, "is_over": stretch.is_over})
    return frame_of(rows, _MARKS)

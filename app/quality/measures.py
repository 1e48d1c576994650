"""What data quality is measured by, and the grade of an exchange's month: the worst of its parts, capped.

Measures, thresholds and caps are data, in `measures.toml`, each with its date and reason. Nothing is weighed or
averaged, because averages hide a critical failure: a dimension stands as its worst measure, the grade as its worst
dimension, and a critical failure caps it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from app.amounts import ratio
from expectations.vocabulary import Wording

_FILE = Path(__file__).with_name("measures.toml")


class Dimension(StrEnum):
    """What of data quality is looked at (the dimensions of the ECB and the Bundesbank)."""

    TIMELINESS = "timeliness"
    COMPLETENESS = "completeness"
    VALIDITY = "validity"
    CONSISTENCY = "consistency"
    PLAUSIBILITY = "plausibility"
    STABILITY = "stability"


class Rating(StrEnum):
    """How good something is, the best first."""

    GOOD = "good"
    WATCH = "watch"
    POOR = "poor"
    UNJUDGED = "unjudged"
    """There is nothing yet to judge by."""


STEPS = tuple(Rating)
_WORST_FIRST = (Rating.POOR, Rating.WATCH, Rating.GOOD)


@dataclass(frozen=True, slots=True)
class Measure:
    """A ratio of two counts of a month, `per` so many of the whole, and its two thresholds."""

    name: str
    dimension: Dimension
    part: str
    whole: str
    per: int
    is_better_higher: bool
    good: Decimal
    watch: Decimal
    effective_from: date
    reason: Wording

    def value(self, counts: Mapping[str, Any]) -> Decimal | None:
        """The value of a month; none where there is no whole."""
        share = ratio(counts[self.part], counts[self.whole])
        return None if share is None else share * self.per

    def step(self, counts: Mapping[str, Any]) -> Rating:
        """The step of a month, by counts that are compared exactly."""
        part, whole = counts[self.part] * self.per, counts[self.whole]
        if not whole:
            return Rating.UNJUDGED
        for threshold, step in ((self.good, Rating.GOOD), (self.watch, Rating.WATCH)):
            if part >= threshold * whole if self.is_better_higher else part <= threshold * whole:
                return step
        return Rating.POOR


@dataclass(frozen=True, slots=True)
class Cap:
    """A count that must be zero for a grade above `step`."""

    count: str
    step: Rating
    effective_from: date
    reason: Wording


@dataclass(frozen=True, slots=True)
class Grade:
    """The grade of a month with all that it comes from: steps by measure and by dimension, and the caps that hold."""

    step: Rating
    measures: Mapping[str, Rating]
    dimensions: Mapping[Dimension, Rating]
    caps: tuple[Cap, ...]


@cache
def _records() -> tuple[tuple[Measure, ...], tuple[Cap, ...]]:
    found = tomllib.loads(_FILE.read_text("utf-8"))
    measures = tuple(
        Measure(
            **{name: entry[name] for name in ("name", "part", "whole", "per", "is_better_higher", "effective_from")},
            dimension=Dimension(entry["dimension"]),
            good=Decimal(entry["good"]),
            watch=Decimal(entry["watch"]),
            reason=Wording(entry["reason_ko"], entry["reason_en"]),
        )
        for entry in found["measure"]
    )
    caps = tuple(
        Cap(
            entry["count"],
            Rating(entry["step"]),
            entry["effective_from"],
            Wording(entry["reason_ko"], entry["reason_en"]),
        )
        for entry in found["cap"]
    )
    return measures, caps


def measures_on(day: date) -> tuple[Measure, ...]:
    """Every measure as it was in force on a day, or the first that ever was, in the order of the dimensions."""
    newest: dict[str, Measure] = {}
    for measure in sorted(_records()[0], key=lambda measure: measure.effective_from):
        if measure.effective_from <= day or measure.name not in newest:
            newest[measure.name] = measure
    order = list(Dimension)
    return tuple(sorted(newest.values(), key=lambda measure: order.index(measure.dimension)))


def caps_on(day: date) -> tuple[Cap, ...]:
    """The caps that were in force on a day, or the first that ever were."""
    newest: dict[str, Cap] = {}
    for cap in sorted(_records()[1], key=lambda cap: cap.effective_from):
        if cap.effective_from <= day or cap.count not in newest:
            newest[cap.count] = cap
    return tuple(newest.values())


def worst(steps: list[Rating]) -> Rating:
    """The worst of some steps; unjudged where none is judged."""
    return next((step for step in _WORST_FIRST if step in steps), Rating.UNJUDGED)


def grade(counts: Mapping[str, Any], day: date) -> Grade:
    """The grade of a month's counts by what was in force on `day`, its first; unjudged while nothing was due."""
    measures = measures_on(day)
    steps = {measure.name: measure.step(counts) for measure in measures}
    by_dimension = {
        dimension: worst([steps[measure.name] for measure in measures if measure.dimension is dimension])
        for dimension in Dimension
    }
    caps = tuple(cap for cap in caps_on(day) if counts[cap.count])
    step = worst([*by_dimension.values(), *(cap.step for cap in caps)]) if counts["due_count"] else Rating.UNJUDGED
    return Grade(step, steps, by_dimension, caps)

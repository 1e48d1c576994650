"""How data quality is measured, and the grade of an exchange's month: the worst of its parts, capped.

Measures, bounds and caps are data, in `measures.toml`, each with its date and reason. Nothing is weighted or averaged,
because an average hides a critical failure: a dimension has the rating of its worst measure, the grade that of the
worst dimension, and a critical failure caps it. The bounds rate how files came in; no rule judges by them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path

from app.amounts import ratio
from app.quality.counts import QualityMonth
from expectations.vocabulary import Wording

_FILE = Path(__file__).with_name("measures.toml")


class Dimension(StrEnum):
    """The dimensions of data quality (after the ECB and the Bundesbank)."""

    TIMELINESS = "timeliness"
    COMPLETENESS = "completeness"
    VALIDITY = "validity"
    CONSISTENCY = "consistency"
    PLAUSIBILITY = "plausibility"
    STABILITY = "stability"


class Rating(StrEnum):
    """How good a measure, a dimension or a month is, the best first."""

    GOOD = "good"
    WATCH = "watch"
    POOR = "poor"
    UNJUDGED = "unjudged"
    """There is no count yet to rate."""


_WORST_FIRST = (Rating.POOR, Rating.WATCH, Rating.GOOD)


@dataclass(frozen=True, slots=True)
class Measure:
    """A ratio of two counts of a month, `per` so many of the whole.

    `good` and `watch` are the last values that still have that rating.
    """

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

    @property
    def is_share(self) -> bool:
        """True where a value is a part of one, and false where it is so many per hundred or thousand."""
        return self.per == 1

    def value(self, counts: QualityMonth) -> Decimal | None:
        """The value of a month; None where the whole is zero."""
        share = ratio(counts.count(self.part), counts.count(self.whole))
        return None if share is None else share * self.per

    def rating(self, counts: QualityMonth) -> Rating:
        """The rating of a month; counts are compared with the bounds exactly, without a division."""
        part, whole = counts.count(self.part) * self.per, counts.count(self.whole)
        if not whole:
            return Rating.UNJUDGED
        for bound, rating in ((self.good, Rating.GOOD), (self.watch, Rating.WATCH)):
            if part >= bound * whole if self.is_better_higher else part <= bound * whole:
                return rating
        return Rating.POOR


@dataclass(frozen=True, slots=True)
class Cap:
    """A count that must be zero for a grade above `rating`."""

    count: str
    rating: Rating
    effective_from: date
    reason: Wording


@dataclass(frozen=True, slots=True)
class MonthGrade:
    """The grade of a month and what it comes from: the ratings by measure and dimension, and the caps that apply."""

    rating: Rating
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
            Rating(entry["rating"]),
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
    """Every cap as it was in force on a day, or the first that ever was."""
    newest: dict[str, Cap] = {}
    for cap in sorted(_records()[1], key=lambda cap: cap.effective_from):
        if cap.effective_from <= day or cap.count not in newest:
            newest[cap.count] = cap
    return tuple(newest.values())


def worst(ratings: Iterable[Rating]) -> Rating:
    """The worst of some ratings; unjudged where none is judged."""
    found = set(ratings)
    return next((rating for rating in _WORST_FIRST if rating in found), Rating.UNJUDGED)


def grade(counts: QualityMonth, day: date) -> MonthGrade:
    """The grade of a month's counts by what was in force on `day`, its first; unjudged while nothing was due."""
    measures = measures_on(day)
    ratings = {measure.name: measure.rating(counts) for measure in measures}
    by_dimension = {
        dimension: worst(ratings[measure.name] for measure in measures if measure.dimension is dimension)
        for dimension in Dimension
    }
    caps = tuple(cap for cap in caps_on(day) if counts.count(cap.count))
    rating = worst([*by_dimension.values(), *(cap.rating for cap in caps)]) if counts.due_count else Rating.UNJUDGED
    return MonthGrade(rating, ratings, by_dimension, caps)

"""The counts of data quality graded: every exchange's month, and every measure of it, before any word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from app.amounts import exact
from app.columns import Count, ExchangeId, LongText, Text
from app.quality.counts import QualityMonth
from app.quality.measures import Cap, Dimension, Measure, MonthGrade, Rating, caps_on, grade, measures_on
from app.queries.months import month_start
from expectations.vocabulary import Period


@dataclass(frozen=True, slots=True)
class Scored:
    """One exchange's month: its counts, its grade, and whether the month is still open."""

    counts: QualityMonth
    grade: MonthGrade
    is_open: bool

    @property
    def exchange(self) -> str:
        """The exchange."""
        return self.counts.exchange

    @property
    def month(self) -> str:
        """The month, as periods write it."""
        return self.counts.month


@dataclass(frozen=True, slots=True)
class GradeLine:
    """The grade of one exchange's month in words, and the reasons."""

    exchange: ExchangeId
    month: Text
    grade_text: Text
    due_count: Count
    why: LongText
    rating: Rating
    is_open: bool


@dataclass(frozen=True, slots=True)
class RatedMeasure:
    """One measure of one exchange's month; `value` is None where the whole is zero."""

    exchange: str
    month: str
    measure: Measure
    rating: Rating
    value: Decimal | None
    part: int
    whole: int


def score(months: Iterable[QualityMonth], now: datetime) -> tuple[Scored, ...]:
    """Every exchange's month in the given order, graded by what was in force in that month."""
    return tuple(Scored(one, grade(one, month_start(one.month)), is_open(one.month, now)) for one in months)


def is_open(month: str, now: datetime) -> bool:
    """True while days of the month are still to come."""
    return Period.parse(month).end > now


def rated_measures(scored: Sequence[Scored], name: str = "") -> tuple[RatedMeasure, ...]:
    """The measure called `name`, or all measures, of every month: two counts, the value and the rating."""
    return tuple(
        RatedMeasure(
            exchange=one.exchange,
            month=one.month,
            measure=measure,
            rating=one.grade.measures[measure.name],
            value=measure.value(one.counts),
            part=one.counts.count(measure.part),
            whole=one.counts.count(measure.whole),
        )
        for one in scored
        for measure in measures_of(one.month)
        if name in ("", measure.name)
    )


def measures_of(month: str) -> tuple[Measure, ...]:
    """The measures by which a month is graded, in the order of the dimensions."""
    return measures_on(month_start(month))


def caps_of(month: str) -> tuple[Cap, ...]:
    """The caps by which a month is graded."""
    return caps_on(month_start(month))


def value_text(measure: Measure, value: Decimal | None) -> str:
    """A value in its unit, rounded towards the worse so that it never reads better than it is; a dash for None."""
    if value is None:
        return "–"
    rounding = ROUND_FLOOR if measure.is_better_higher else ROUND_CEILING
    shown = value * 100 if measure.is_share else value
    shown = shown.quantize(Decimal("0.01") if measure.is_share else Decimal("0.001"), rounding)
    return f"{exact(shown)} %" if measure.is_share else exact(shown)


def bound_text(measure: Measure, rating: Rating) -> str:
    """The bound of the rating good or watch, with the side on which values have it."""
    bound = measure.good if rating is Rating.GOOD else measure.watch
    return f"{'≥' if measure.is_better_higher else '≤'} {value_text(measure, bound)}"


def lowest_dimensions(one: Scored) -> list[Dimension]:
    """The dimensions that have the rating of the grade itself, unless that is the best one."""
    if one.grade.rating in (Rating.GOOD, Rating.UNJUDGED):
        return []
    return [dimension for dimension, rating in one.grade.dimensions.items() if rating is one.grade.rating]

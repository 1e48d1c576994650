"""The data-quality counts made grades: what the page of data quality shows, in values and steps and before any word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import pandas as pd

from app.amounts import exact
from app.frames import frame_of, records_of
from app.quality.measures import Cap, Dimension, Grade, Measure, Rating, caps_on, grade, measures_on
from app.queries.months import month_start
from expectations.vocabulary import Period


@dataclass(frozen=True, slots=True)
class Scored:
    """One exchange's month: its counts, its grade, and whether the month is still open."""

    exchange: str
    month: str
    counts: dict[str, Any]
    grade: Grade
    is_open: bool


def score(frame: pd.DataFrame, now: datetime) -> list[Scored]:
    """Every exchange and month of what `queries.quality_months` answers, graded by what was in force in its month."""
    return [
        Scored(row["exchange"], row["month"], row, grade(row, month_start(row["month"])), is_open(row["month"], now))
        for row in records_of(frame)
    ]


def is_open(month: str, now: datetime) -> bool:
    """True while days of the month are still to come."""
    return Period.parse(month).end > now


PARTS = ("exchange", "month", "dimension", "measure", "step", "value", "part", "whole", "good", "watch")


def parts(scored: Sequence[Scored]) -> pd.DataFrame:
    """Every measure of every month: its two counts, its value and its step, with the thresholds that made it."""
    rows = [
        {
            "exchange": one.exchange,
            "month": one.month,
            "dimension": measure.dimension.value,
            "measure": measure.name,
            "step": one.grade.measures[measure.name].value,
            "value": measure.value(one.counts),
            "part": one.counts[measure.part],
            "whole": one.counts[measure.whole],
            "good": measure.good,
            "watch": measure.watch,
        }
        for one in scored
        for measure in measures_of(one.month)
    ]
    return frame_of(rows, PARTS)


def measures_of(month: str) -> tuple[Measure, ...]:
    """The measures by which a month is graded."""
    return measures_on(month_start(month))


def caps_of(month: str) -> tuple[Cap, ...]:
    """The caps by which a month is graded."""
    return caps_on(month_start(month))


def is_share(measure: Measure) -> bool:
    """True where a value is a part of one, and false where it is so many per hundred or thousand."""
    return measure.per == 1


def said(measure: Measure, value: Decimal | None) -> str:
    """A value in its unit, rounded towards the worse so that it never reads better than it is; a dash for none."""
    if value is None:
        return "–"
    rounding = ROUND_FLOOR if measure.is_better_higher else ROUND_CEILING
    shown = value * 100 if is_share(measure) else value
    shown = shown.quantize(Decimal("0.01") if is_share(measure) else Decimal("0.001"), rounding)
    return f"{exact(shown)} %" if is_share(measure) else exact(shown)


def lowest_dimensions(one: Scored) -> list[Dimension]:
    """The dimensions that stand at the grade's own step, unless that is the best one."""
    if one.grade.step in (Rating.GOOD, Rating.UNJUDGED):
        return []
    return [dimension for dimension, step in one.grade.dimensions.items() if step is one.grade.step]

"""The points of a series over time: days, or weeks where a long period would crowd them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from app.queries.choice import Choice

LONGEST_BY_DAY = 100
"""Periods of more days are shown by weeks: a year has 53 points then, and none hides another."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of KST days that is one point of a series, both ends included."""

    first_day: date
    last_day: date

    @property
    def day_count(self) -> int:
        """Its days."""
        return (self.last_day - self.first_day).days + 1

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of it in order."""
        return tuple(self.first_day + timedelta(number) for number in range(self.day_count))

    @property
    def text(self) -> str:
        """One day, or the first and the last."""
        return str(self.first_day) if self.day_count == 1 else f"{self.first_day} ~ {self.last_day}"


def spans_of(choice: Choice) -> tuple[Span, ...]:
    """The points of the chosen days in order: each day, or weeks from Monday that the period may cut short."""
    if len(choice.days) <= LONGEST_BY_DAY:
        return tuple(Span(day, day) for day in choice.days)
    first, found = choice.first_day, []
    while first <= choice.last_day:
        sunday = first + timedelta(6 - first.weekday())
        found.append(Span(first, min(sunday, choice.last_day)))
        first = sunday + timedelta(1)
    return tuple(found)

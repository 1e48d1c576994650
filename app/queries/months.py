"""Months as the screens of months show them: those that the chosen days touch, and at least the last six."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import ColumnElement, extract

from app.queries.choice import Choice
from expectations.vocabulary import Period

LEAST_MONTHS = 6
"""A course of fewer months says little (the report cards of FINRA show six)."""


def month_of(day: date) -> str:
    """The month of a day, as periods write it."""
    return f"{day:%Y-%m}"


def shown_months(choice: Choice) -> tuple[str, ...]:
    """The months that the chosen days touch, never fewer than six, oldest first."""
    months = [month_of(choice.last_day)]
    while len(months) < LEAST_MONTHS or months[-1] > month_of(choice.first_day):
        months.append(month_of(Period.parse(months[-1]).first_day - timedelta(days=1)))
    return tuple(reversed(months))


def months_as_days(exchanges: tuple[str, ...], months: tuple[str, ...]) -> Choice:
    """A choice of all days of these months."""
    return Choice(exchanges, Period.parse(months[0]).first_day, Period.parse(months[-1]).last_day)


def year_and_month(day: ColumnElement[date]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Year and month of a column of days, to group by."""
    return extract("year", day), extract("month", day)


def month_start(month: str) -> date:
    """The first day of a month: what was in force on it judges the month."""
    return Period.parse(month).first_day

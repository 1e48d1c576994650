"""Accepted days that a rule could not be evaluated on, because a report that it needs is not accepted.

Such a day is neither kept nor broken, and is never counted as kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, select

from etl.calendar import covers
from etl.entities import NEAREST_CHECK
from etl.exchanges import all_exchanges
from etl.records import tables as t
from expectations.catalogue import all_rules, report
from expectations.vocabulary import KST, Period, Rule, State

_DAY = timedelta(days=1)

_Days = Mapping[tuple[str, str], set[date]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Whether a rule that needs other reports could be evaluated for an exchange's accepted day."""

    rule: Rule
    exchange: str
    day: date
    lacking: tuple[str, ...]
    """The reports that the rule needs and that are not accepted for the day."""

    def reason(self, language: str) -> str:
        """Why it was not evaluated, in Korean or English."""
        named = ", ".join(report(name).label.in_language(language) for name in self.lacking)
        exchange = all_exchanges()[self.exchange].names[-1][1].in_language(language)
        if language == "ko":
            return f"평가하지 못함: {exchange} {self.day}의 {named} 보고가 승인되어 있지 않습니다."
        return f"Not evaluated: {named} of {exchange} for {self.day} is not accepted."


def evaluations(
    connection: Connection,
    exchanges: Sequence[str],
    first_day: date,
    last_day: date,
    *,
    as_if_in_force: bool = False,
) -> Iterator[Evaluation]:
    """Every accepted day, both ends included, that a rule with `needs` is asked of, by rule, exchange and day.

    A day counts as evaluated once every needed report covers it wholly. `as_if_in_force` asks rules of days before
    they were in force as well.
    """
    rules = [rule for rule in all_rules().values() if rule.needs]
    touched, covered = _accepted_days(connection, exchanges, rules, first_day, last_day)
    moments = _audit_moments(connection, exchanges, first_day, last_day)
    for rule in rules:
        for exchange in exchanges:
            if "audit_differences" in rule.reads:
                asked = {moment.astimezone(KST).date(): _around(moment) for moment in moments[exchange]}
            else:
                asked = {day: {day} for day in touched[exchange, str(rule.report)]}
            for day in sorted(asked):
                if first_day <= day <= last_day and rule.is_in_force(day, as_if_in_force=as_if_in_force):
                    yield Evaluation(rule, exchange, day, _lacking(rule, exchange, asked[day], covered))


def _lacking(rule: Rule, exchange: str, days: set[date], covered: _Days) -> tuple[str, ...]:
    """The needed reports that no single one of the days has; none where one of the days has them all."""
    if any(all(day in covered[exchange, name] for name in rule.needs) for day in days):
        return ()
    return tuple(name for name in rule.needs if not days <= covered[exchange, name])


def _around(moment: datetime) -> set[date]:
    return {(moment + shift).astimezone(KST).date() for shift in (-NEAREST_CHECK, NEAREST_CHECK)}


def _accepted_days(
    connection: Connection, exchanges: Sequence[str], rules: Sequence[Rule], first_day: date, last_day: date
) -> tuple[_Days, _Days]:
    """By exchange and report the days that accepted files touch, and those that they cover wholly."""
    c = t.submissions.c
    first, last = first_day - _DAY, last_day + _DAY
    query = select(c.exchange, c.report, c.period, c.period_start, c.period_end).where(
        c.state == State.ACCEPTED,
        c.report.in_({name for rule in rules for name in (str(rule.report), *rule.needs)}),
        c.exchange.in_(exchanges),
        c.period_start < Period.of_day(last).end,
        c.period_end > Period.of_day(first).start,
    )
    files: dict[tuple[str, str, date], list[Period]] = defaultdict(list)
    for row in connection.execute(query):
        period = Period(row.period_start, row.period_end, row.period)
        for day in _days_of(period, first, last):
            files[row.exchange, row.report, day].append(period)
    touched: dict[tuple[str, str], set[date]] = defaultdict(set)
    covered: dict[tuple[str, str], set[date]] = defaultdict(set)
    for (exchange, name, day), periods in files.items():
        touched[exchange, name].add(day)
        if covers(periods, Period.of_day(day)):
            covered[exchange, name].add(day)
    return touched, covered


def _days_of(period: Period, first: date, last: date) -> list[date]:
    """The days of a period from `first` to `last`."""
    begin = max(period.first_day, first)
    end = min((period.end - timedelta(milliseconds=1)).astimezone(KST).date(), last)
    return [begin + number * _DAY for number in range((end - begin).days + 1)]


def _audit_moments(
    connection: Connection, exchanges: Sequence[str], first_day: date, last_day: date
) -> Mapping[str, set[datetime]]:
    """The moments that accepted audits are about, by exchange."""
    c = t.audits.c
    query = select(c.exchange, c.as_of).distinct().join(t.submissions, t.submissions.c.id == c.submission)
    query = query.where(
        t.submissions.c.state == State.ACCEPTED,
        c.exchange.in_(exchanges),
        c.as_of >= Period.of_day(first_day).start,
        c.as_of < Period.of_day(last_day).end,
    )
    moments: dict[str, set[datetime]] = defaultdict(set)
    for row in connection.execute(query):
        moments[row.exchange].add(row.as_of)
    return moments

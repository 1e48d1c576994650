"""Accepted days that a rule could not be evaluated on, because a report that it needs is not accepted.

Such a day is neither kept nor broken, and is never counted as kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, or_, select

from etl.calendar import covers
from etl.entities import NEAREST_CHECK
from etl.exchanges import all_exchanges
from etl.records import tables as t
from etl.records.types import in_parts
from expectations.catalogue import all_rules, report
from expectations.vocabulary import KST, Period, Rule, State

_DAY = timedelta(days=1)

_Days = Mapping[tuple[str, str], set[date]]
_Files = Mapping[tuple[str, str], Mapping[date, set[str]]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Whether a rule that needs other reports could be evaluated for an exchange's accepted day."""

    rule: Rule
    exchange: str
    day: date
    lacking: tuple[str, ...]
    """The reports that the rule needs and that are not accepted for the day."""
    submissions: tuple[str, ...] = ()
    """The files of the rule's report that it is asked of on the day."""

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
    replaced: Collection[str] = (),
    rules: Sequence[Rule] | None = None,
) -> Iterator[Evaluation]:
    """Every accepted day, both ends included, that a rule with `needs` is asked of, by rule, exchange and day.

    A day counts as evaluated once every needed report covers it wholly. `as_if_in_force` asks rules of days before
    they were in force as well. `replaced` are files that are not in force any more and that it is asked of all the
    same, by what is accepted now. `rules` are others than those of the book.
    """
    rules = [rule for rule in (all_rules().values() if rules is None else rules) if rule.needs]
    touched, covered = _accepted_days(connection, exchanges, rules, first_day, last_day, replaced)
    moments = _audit_moments(connection, exchanges, first_day, last_day, replaced)
    for rule in rules:
        for exchange in exchanges:
            if "audit_differences" in rule.reads:
                asked = {moment.astimezone(KST).date(): _around(moment) for moment in moments[exchange]}
                files: Mapping[date, set[str]] = _by_day(moments[exchange])
            else:
                files = touched[exchange, str(rule.report)]
                asked = {day: {day} for day in files}
            for day in sorted(asked):
                if first_day <= day <= last_day and rule.is_in_force(day, as_if_in_force=as_if_in_force):
                    lacking = _lacking(rule, exchange, asked[day], covered)
                    yield Evaluation(rule, exchange, day, lacking, tuple(sorted(files[day])))


def _lacking(rule: Rule, exchange: str, days: set[date], covered: _Days) -> tuple[str, ...]:
    """The needed reports that no single one of the days has; none where one of the days has them all."""
    if any(all(day in covered[exchange, name] for name in rule.needs) for day in days):
        return ()
    return tuple(name for name in rule.needs if not days <= covered[exchange, name])


def _around(moment: datetime) -> set[date]:
    return {(moment + shift).astimezone(KST).date() for shift in (-NEAREST_CHECK, NEAREST_CHECK)}


def _by_day(moments: Mapping[datetime, set[str]]) -> dict[date, set[str]]:
    found: dict[date, set[str]] = defaultdict(set)
    for moment, submissions in moments.items():
        found[moment.astimezone(KST).date()] |= submissions
    return found


def _asked_of(replaced: Collection[str]) -> ColumnElement[bool]:
    """What is accepted, and these files as well."""
    some = (t.submissions.c.id.in_(ids) for ids in in_parts(sorted(replaced)))
    return or_(t.submissions.c.state == State.ACCEPTED, *some)


def _accepted_days(
    connection: Connection,
    exchanges: Sequence[str],
    rules: Sequence[Rule],
    first_day: date,
    last_day: date,
    replaced: Collection[str],
) -> tuple[_Files, _Days]:
    """By exchange and report the days that files touch, with their numbers, and the days that accepted ones cover."""
    c = t.submissions.c
    first, last = first_day - _DAY, last_day + _DAY
    query = select(c.id, c.state, c.exchange, c.report, c.period, c.period_start, c.period_end).where(
        _asked_of(replaced),
        c.report.in_({name for rule in rules for name in (str(rule.report), *rule.needs)}),
        c.exchange.in_(exchanges),
        c.period_start < Period.of_day(last).end,
        c.period_end > Period.of_day(first).start,
    )
    files: dict[tuple[str, str, date], list[Period]] = defaultdict(list)
    touched: dict[tuple[str, str], dict[date, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in connection.execute(query):
        period = Period(row.period_start, row.period_end, row.period)
        for day in _days_of(period, first, last):
            touched[row.exchange, row.report][day].add(row.id)
            if row.state == State.ACCEPTED:
                files[row.exchange, row.report, day].append(period)
    covered: dict[tuple[str, str], set[date]] = defaultdict(set)
    for (exchange, name, day), periods in files.items():
        if covers(periods, Period.of_day(day)):
            covered[exchange, name].add(day)
    return touched, covered


def _days_of(period: Period, first: date, last: date) -> list[date]:
    """The days of a period from `first` to `last`."""
    begin = max(period.first_day, first)
    end = min((period.end - timedelta(milliseconds=1)).astimezone(KST).date(), last)
    return [begin + number * _DAY for number in range((end - begin).days + 1)]


def _audit_moments(
    connection: Connection, exchanges: Sequence[str], first_day: date, last_day: date, replaced: Collection[str]
) -> Mapping[str, Mapping[datetime, set[str]]]:
    """The moments that audits are about, by exchange, and the files of each."""
    c = t.audits.c
    query = select(c.exchange, c.as_of, c.submission).distinct().join(t.submissions, t.submissions.c.id == c.submission)
    query = query.where(
        _asked_of(replaced),
        c.exchange.in_(exchanges),
        c.as_of >= Period.of_day(first_day).start,
        c.as_of < Period.of_day(last_day).end,
    )
    moments: dict[str, dict[datetime, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in connection.execute(query):
        moments[row.exchange][row.as_of].add(row.submission)
    return moments

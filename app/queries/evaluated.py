"""Accepted days that a rule could not be evaluated on, because a report that it needs is not accepted.

Such a day is neither kept nor broken, and is never counted as kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import select

from app.identity import Scope
from app.moments import kst_day
from app.queries.choice import Choice, frame_of, in_force, rows_of
from app.queries.standing import covers
from etl.records.tables import audits, submissions
from etl.store import Store
from expectations.catalogue import all_rules
from expectations.vocabulary import Period, Rule, State

_DAY = timedelta(days=1)
_NEAREST_CHECK = timedelta(minutes=5)
"""How far from an audit's moment the check may be that it is compared with (AUD-005)."""
COLUMNS = ("rule", "exchange", "accepted_day_count", "unevaluated_day_count", "days")

_Days = Mapping[tuple[str, str], set[date]]


def unevaluated_days(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """The chosen days by rule and exchange that a rule with `needs` was not evaluated on: one row where there are any.

    A day of the rule's report counts as evaluated once every needed report covers it wholly.
    """
    rules = [rule for rule in all_rules().values() if rule.needs]
    touched, covered = _accepted_days(store, scope, choice, rules)
    moments = _audit_moments(store, scope, choice)
    rows = []
    for rule in rules:
        for exchange in scope.visible(choice.exchanges):
            needed = set.intersection(*(covered[exchange, report] for report in rule.needs))
            if "audit_differences" in rule.reads:
                asked = {kst_day(moment): _around(moment) for moment in moments[exchange]}
            else:
                asked = {day: {day} for day in touched[exchange, str(rule.report)]}
            days = sorted(day for day in asked if day in choice.days and _is_in_force(rule, day))
            missing = tuple(day for day in days if not asked[day] & needed)
            if missing:
                rows.append(dict(zip(COLUMNS, (rule.id, exchange, len(days), len(missing), missing), strict=True)))
    return frame_of(rows, COLUMNS)


def _is_in_force(rule: Rule, day: date) -> bool:
    return rule.effective_from is None or day >= rule.effective_from


def _around(moment: datetime) -> set[date]:
    return {kst_day(moment - _NEAREST_CHECK), kst_day(moment + _NEAREST_CHECK)}


def _accepted_days(store: Store, scope: Scope, choice: Choice, rules: list[Rule]) -> tuple[_Days, _Days]:
    """By exchange and report the days that accepted files touch, and those that they cover wholly."""
    c = submissions.c
    reports = {name for rule in rules for name in (str(rule.report), *rule.needs)}
    statement = select(c.exchange, c.report, c.period_start, c.period_end).where(
        c.state == State.ACCEPTED,
        c.report.in_(reports),
        c.exchange.in_(scope.visible(choice.exchanges)),
        c.period_start < Period.of_day(choice.last_day + _DAY).end,
        c.period_end > Period.of_day(choice.first_day - _DAY).start,
    )
    files: dict[tuple[str, str, date], list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(store, statement):
        for day in _days_of(row, choice):
            files[row["exchange"], row["report"], day].append(row)
    touched: dict[tuple[str, str], set[date]] = defaultdict(set)
    covered: dict[tuple[str, str], set[date]] = defaultdict(set)
    for (exchange, report, day), filed in files.items():
        touched[exchange, report].add(day)
        if covers(filed, Period.of_day(day)):
            covered[exchange, report].add(day)
    return touched, covered


def _days_of(file: dict[str, Any], choice: Choice) -> list[date]:
    """The days of a file among the chosen ones and their neighbours."""
    first = max(kst_day(file["period_start"]), choice.first_day - _DAY)
    last = min(kst_day(file["period_end"] - timedelta(milliseconds=1)), choice.last_day + _DAY)
    return [first + number * _DAY for number in range((last - first).days + 1)]


def _audit_moments(store: Store, scope: Scope, choice: Choice) -> Mapping[str, set[datetime]]:
    """The moments that accepted audits are about, by exchange."""
    statement = in_force(audits, scope, choice.exchanges, audits.c.exchange, audits.c.as_of).distinct()
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    moments: dict[str, set[datetime]] = defaultdict(set)
    for row in rows_of(store, statement.where(audits.c.as_of >= start, audits.c.as_of < end)):
        moments[row["exchange"]].add(row["as_of"])
    return moments

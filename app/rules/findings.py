"""What the rules found: counts by rule, exchange and month, and the findings themselves with their sentences.

A finding stands while nothing has lifted it and its submission is accepted, or is rejected and nothing was filed for
the same period since (specification, 6).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal_column, or_, select, tuple_

from app.frames import frame_of, records_of
from app.queries.choice import Choice, rows_of
from app.scope import Scope
from app.words import in_words
from etl.records.tables import findings, submissions
from etl.store import Store
from expectations.catalogue import all_rules
from expectations.messages import message
from expectations.vocabulary import Finding, Kind, Period, State

FINDING_PAGE = 100
"""Findings of one submission that are listed at once."""
STANDING_PAGE = 20
"""Standing findings of many submissions that are listed at once."""
_PLACE = ("rule", "kind", "row", "column", "subject", "start", "end", "found", "expected")
_TOLD = ("sentence", "remedy")


@dataclass(frozen=True, slots=True)
class About:
    """Which findings are asked for; what is empty means all."""

    rule: str = ""
    kind: str = ""
    reports: tuple[str, ...] = ()


def finding_counts(store: Store, scope: Scope, choice: Choice, about: About) -> pd.DataFrame:
    """How often each rule fired, one row per rule, exchange, report and month of the period it was found in.

    `standing_count` of `found_count` still stand; the newest period with one that does ends at `last_end`.
    """
    month = func.substr(findings.c.period, literal_column("1"), literal_column("7")).label("month")
    by = (findings.c.rule, findings.c.kind, findings.c.exchange, findings.c.report, month)
    standing = func.sum(case((stands(), 1), else_=0)).label("standing_count")
    newest = func.max(case((stands(), submissions.c.period_end))).label("last_end")
    statement = _asked(scope, choice, about, *by, func.count().label("found_count"), standing, newest)
    rows = rows_of(store, statement.group_by(*by).order_by(*by))
    for row in rows:
        row["standing_count"] = int(row["standing_count"])
    names = ("rule", "kind", "exchange", "report", "month", "found_count", "standing_count", "last_end")
    return frame_of(rows, names)


def standing_findings(
    store: Store, scope: Scope, choice: Choice, about: About, language: str, page: int = 1
) -> pd.DataFrame:
    """One page of the findings that stand, those found last first, each with its whole sentence in `language`."""
    newest = (findings.c.found_at.desc(), submissions.c.period_start.desc(), findings.c.id.desc())
    theirs = findings.c.exchange.in_(scope.visible_rows())
    statement = _asked(scope, choice, about, findings).where(theirs, stands()).order_by(*newest)
    statement = statement.limit(STANDING_PAGE).offset((page - 1) * STANDING_PAGE)
    rows = _told(rows_of(store, statement), language)
    return frame_of(rows, ("submission", "exchange", "report", "period", "found_at", "reason", *_PLACE, *_TOLD))


@dataclass(frozen=True, slots=True)
class Gravest:
    """The gravest kind of finding that stands, how many are of it, and how many are of other kinds."""

    kind: str
    count: int
    more: int


def gravest(counts: pd.DataFrame) -> dict[tuple[str, str], Gravest]:
    """The gravest of what `finding_counts` answers, by exchange and report; nothing where nothing stands."""
    kinds: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in records_of(counts):
        kinds[row["exchange"], row["report"]][row["kind"]] += row["standing_count"]
    found = {}
    for place, own in kinds.items():
        worst = next((kind.value for kind in GRAVEST_FIRST if own.get(kind)), None)
        if worst:
            found[place] = Gravest(worst, own[worst], sum(own.values()) - own[worst])
    return found


def finding_groups(store: Store, scope: Scope, submission: str, language: str) -> pd.DataFrame:
    """How often each rule found something in one submission and how to mend it, the gravest kind first."""
    by = (findings.c.rule, findings.c.kind)
    statement = _of_submission(scope, submission, *by, func.count().label("count"))
    rows = rows_of(store, statement.group_by(*by).order_by(_gravity(), *by))
    rows = [{**row, "remedy": _remedy(row["rule"], language)} for row in rows]
    return frame_of(rows, ("rule", "kind", "count", "remedy"))


def finding_list(store: Store, scope: Scope, submission: str, language: str, page: int = 1) -> pd.DataFrame:
    """One page of a submission's findings, the gravest kind first, each with its whole sentence in `language`."""
    c = findings.c
    statement = _of_submission(scope, submission, findings).order_by(_gravity(), c.rule, c.row, c.start, c.id)
    rows = rows_of(store, statement.limit(FINDING_PAGE).offset((page - 1) * FINDING_PAGE))
    return frame_of(_told(rows, language), ("id", *_PLACE, *_TOLD))


def subject_findings(
    store: Store, scope: Scope, report: str, exchange: str, subjects: tuple[str, ...], language: str
) -> pd.DataFrame:
    """What stands against these subjects of an exchange's accepted reports, oldest first, each with its sentence."""
    c = findings.c
    statement = (
        select(findings)
        .join(submissions, submissions.c.id == c.submission)
        .where(
            submissions.c.state == State.ACCEPTED,
            c.lifted_at.is_(None),
            c.report == report,
            c.exchange.in_(scope.visible_rows((exchange,))),
            c.subject.in_(subjects),
        )
        .order_by(c.rule, c.id)
    )
    return frame_of(_told(rows_of(store, statement), language), ("submission", *_PLACE, *_TOLD))


def _asked(scope: Scope, choice: Choice, about: About, *columns: Any) -> Select[Any]:
    """Every finding ever made of submissions of the chosen exchanges and days."""
    c = findings.c
    statement = (
        select(*columns)
        .join(submissions, submissions.c.id == c.submission)
        .where(
            c.exchange.in_(scope.visible(choice.exchanges)),
            submissions.c.period_start < Period.of_day(choice.last_day).end,
            submissions.c.period_end > Period.of_day(choice.first_day).start,
        )
    )
    if about.rule:
        statement = statement.where(c.rule == about.rule)
    if about.kind:
        statement = statement.where(c.kind == about.kind)
    return statement.where(c.report.in_(about.reports)) if about.reports else statement


def _of_submission(scope: Scope, submission: str, *columns: Any) -> Select[Any]:
    c = findings.c
    return select(*columns).where(
        c.submission == submission, c.lifted_at.is_(None), c.exchange.in_(scope.visible_rows())
    )


def stands() -> ColumnElement[bool]:
    """True of a finding that stands, where its submission is joined."""
    return and_(findings.c.lifted_at.is_(None), in_question())


def in_question() -> ColumnElement[bool]:
    """True of a submission that is accepted, or rejected while nothing was filed for the same period since."""
    one, later = submissions.c, submissions.alias("later").c
    filed_since = exists().where(
        *(later[name] == one[name] for name in ("exchange", "report", "period_start", "period_end")),
        tuple_(later.received_at, later.recorded_at, later.id) > tuple_(one.received_at, one.recorded_at, one.id),
    )
    return or_(one.state == State.ACCEPTED, and_(one.state == State.REJECTED, ~filed_since))


GRAVEST_FIRST = (Kind.STRUCTURE, Kind.INTEGRITY, Kind.COMPLIANCE, Kind.CONSISTENCY, Kind.PLAUSIBILITY)
"""What refuses a file, then breaches, then what is to be explained."""


def _gravity() -> ColumnElement[int]:
    places = {kind.value: place for place, kind in enumerate(GRAVEST_FIRST)}
    return case(places, value=findings.c.kind, else_=len(places))


def _told(rows: Iterable[dict[str, Any]], language: str) -> list[dict[str, Any]]:
    """The findings in words."""
    said = ({**row, **_said(row, language)} for row in rows)
    return [{**row, "sentence": _sentence(row, language), "remedy": _remedy(row["rule"], language)} for row in said]


def _said(row: dict[str, Any], language: str) -> dict[str, str | None]:
    """What was found and expected: in words where the rule says it, as it was written where a cell is quoted."""
    names = ("found", "expected")
    return {name: row[name] if row["column"] else in_words(row[name], language) for name in names}


def _sentence(row: dict[str, Any], language: str) -> str:
    rule = all_rules().get(row["rule"])
    if rule is None:
        return str(row["rule"])
    names = ("rule", "row", "column", "subject", "start", "end", "found", "expected", "reason")
    return message(Finding(**{name: row[name] for name in names}), rule, language)


def _remedy(rule: str, language: str) -> str:
    known = all_rules().get(rule)
    return known.remedy.in_language(language) if known else ""

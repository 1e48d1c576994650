"""Findings of the rules: how many by rule, exchange and month, and the findings themselves with their sentences.

A finding is open while nothing has lifted it and its submission is accepted, or is rejected and nothing was filed
for the same period since (specification, 6); what is asked about a withdrawal, while its submission is withdrawn.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal_column, or_, select, tuple_

from app.columns import Code, Count, ExchangeId, Instant, KindCode, LongText, ReportId, Text
from app.queries.choice import Choice, records_of_rows, rows_of
from app.scope import Scope
from app.words import in_words
from etl.records.submissions import OF_THE_WITHDRAWN
from etl.records.tables import findings, submissions
from etl.store import Store
from expectations.catalogue import all_rules
from expectations.messages import message
from expectations.vocabulary import Finding, Kind, Period, State

FINDING_PAGE = 100
"""Findings of one submission that are listed at once."""
OPEN_PAGE = 20
"""Open findings of many submissions that are listed at once."""
GRAVEST_FIRST = (Kind.STRUCTURE, Kind.INTEGRITY, Kind.COMPLIANCE, Kind.CONSISTENCY, Kind.PLAUSIBILITY)
"""Kinds that reject a file, then breaches, then what is to be explained."""

_PLACE = ("rule", "row", "column", "subject", "start", "end", "found", "expected")


@dataclass(frozen=True, slots=True)
class About:
    """Which findings a query is about; an empty field means all."""

    rule: str = ""
    kind: str = ""
    reports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FindingCount:
    """How often a rule fired at an exchange in one report and one month of the periods, lifted ones included.

    `last_end` is the end of the newest period with an open finding, None without one.
    """

    rule: Text
    kind: KindCode
    exchange: ExchangeId
    report: ReportId
    month: Text
    found_count: Count
    open_finding_count: Count
    last_end: datetime | None


@dataclass(frozen=True, slots=True)
class MonthCount:
    """How often one rule fired at an exchange in a month (`2026-11`), lifted ones included."""

    month: Text
    exchange: ExchangeId
    found_count: Count
    open_finding_count: Count


@dataclass(frozen=True, slots=True)
class Gravest:
    """The gravest kind of the open findings of a report, how many are of it, and how many of other kinds."""

    kind: str
    count: int
    more: int


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """How often a rule found something in one submission, and how to mend it."""

    rule: Text
    kind: KindCode
    count: Count
    remedy: LongText


@dataclass(frozen=True, slots=True)
class RecordedFinding:
    """A finding as it is recorded, with its sentence and remedy in the language of the query.

    `row` and `column` are the sender's own coordinates; `start` and `end` an interval in UTC, its end exclusive and
    None while it is open. `found` and `expected` are in words where the rule says them, as written where a cell is
    quoted.
    """

    id: int
    submission: Text
    exchange: ExchangeId
    report: ReportId
    period: Text
    found_at: Instant
    rule: Text
    kind: KindCode
    row: Count | None
    column: Text | None
    subject: Code | None
    start: Instant | None
    end: Instant | None
    found: Text | None
    expected: Text | None
    sentence: LongText
    remedy: LongText


def finding_counts(store: Store, scope: Scope, choice: Choice, about: About) -> tuple[FindingCount, ...]:
    """Return how often each rule fired in the chosen days, one record per rule, exchange, report and month."""
    month = func.substr(findings.c.period, literal_column("1"), literal_column("7")).label("month")
    by = (findings.c.rule, findings.c.kind, findings.c.exchange, findings.c.report, month)
    of_open = func.count(case((is_open(), 1))).label("open_finding_count")
    newest = func.max(case((is_open(), submissions.c.period_end))).label("last_end")
    statement = _asked(scope, choice, about, *by, func.count().label("found_count"), of_open, newest)
    return records_of_rows(store, statement.group_by(*by).order_by(*by), FindingCount)


def month_counts(counts: Iterable[FindingCount], rule: str) -> tuple[MonthCount, ...]:
    """Return the counts of one rule by month and exchange, in that order."""
    found: Counter[tuple[str, str]] = Counter()
    still_open: Counter[tuple[str, str]] = Counter()
    for one in counts:
        if one.rule == rule:
            found[one.month, one.exchange] += one.found_count
            still_open[one.month, one.exchange] += one.open_finding_count
    return tuple(MonthCount(*key, found[key], still_open[key]) for key in sorted(found))


def gravest(counts: Iterable[FindingCount]) -> dict[tuple[str, str], Gravest]:
    """Return the gravest kind of open finding by exchange and report; no key where none is open."""
    kinds: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in counts:
        kinds[one.exchange, one.report][one.kind] += one.open_finding_count
    found = {}
    for place, own in kinds.items():
        worst = next((kind.value for kind in GRAVEST_FIRST if own[kind.value]), None)
        if worst:
            found[place] = Gravest(worst, own[worst], own.total() - own[worst])
    return found


def open_findings(
    store: Store, scope: Scope, choice: Choice, about: About, language: str, page: int = 1
) -> tuple[RecordedFinding, ...]:
    """Return one page (of OPEN_PAGE) of the open findings, those found last first."""
    newest = (findings.c.found_at.desc(), submissions.c.period_start.desc(), findings.c.id.desc())
    theirs = findings.c.exchange.in_(scope.visible_rows())
    statement = _asked(scope, choice, about, findings).where(theirs, is_open()).order_by(*newest)
    return _recorded(rows_of(store, statement.limit(OPEN_PAGE).offset((page - 1) * OPEN_PAGE)), language)


def finding_groups(store: Store, scope: Scope, submission: str, language: str) -> tuple[FindingGroup, ...]:
    """Return how often each rule found something in one submission, the gravest kind first."""
    by = (findings.c.rule, findings.c.kind)
    statement = _of_submission(scope, submission, *by, func.count().label("count"))
    rows = rows_of(store, statement.group_by(*by).order_by(_gravity(), *by))
    return tuple(FindingGroup(**row, remedy=_remedy(row["rule"], language)) for row in rows)


def finding_list(
    store: Store, scope: Scope, submission: str, language: str, page: int = 1
) -> tuple[RecordedFinding, ...]:
    """Return one page (of FINDING_PAGE) of a submission's findings, the gravest kind first."""
    c = findings.c
    statement = _of_submission(scope, submission, findings).order_by(_gravity(), c.rule, c.row, c.start, c.id)
    return _recorded(rows_of(store, statement.limit(FINDING_PAGE).offset((page - 1) * FINDING_PAGE)), language)


def subject_findings(
    store: Store, scope: Scope, report: str, exchange: str, subjects: tuple[str, ...], language: str
) -> tuple[RecordedFinding, ...]:
    """Return the open findings about these subjects of an exchange's accepted reports, by rule, the oldest first."""
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
    return _recorded(rows_of(store, statement), language)


def _asked(scope: Scope, choice: Choice, about: About, *columns: Any) -> Select[Any]:
    """Every finding of submissions of the chosen exchanges and days, open or not."""
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


def is_open() -> ColumnElement[bool]:
    """Return the condition that a finding is open; its submission must be joined."""
    asked = and_(submissions.c.state == State.WITHDRAWN, findings.c.rule.in_(OF_THE_WITHDRAWN))
    return and_(findings.c.lifted_at.is_(None), or_(is_accepted_or_last_rejected(), asked))


def is_accepted_or_last_rejected() -> ColumnElement[bool]:
    """Return the condition that a submission is accepted, or rejected with nothing filed for its period since."""
    one, later = submissions.c, submissions.alias("later").c
    filed_since = exists().where(
        *(later[name] == one[name] for name in ("exchange", "report", "period_start", "period_end")),
        tuple_(later.received_at, later.recorded_at, later.id) > tuple_(one.received_at, one.recorded_at, one.id),
    )
    return or_(one.state == State.ACCEPTED, and_(one.state == State.REJECTED, ~filed_since))


def _gravity() -> ColumnElement[int]:
    places = {kind.value: place for place, kind in enumerate(GRAVEST_FIRST)}
    return case(places, value=findings.c.kind, else_=len(places))


def _recorded(rows: Sequence[dict[str, Any]], language: str) -> tuple[RecordedFinding, ...]:
    return tuple(_one_recorded(row, language) for row in rows)


def _one_recorded(row: dict[str, Any], language: str) -> RecordedFinding:
    """A row of the table of findings in words: as it was written where a cell is quoted, else in the language."""
    if not row["column"]:
        row = {**row, **{name: in_words(row[name], language) for name in ("found", "expected")}}
    names = ("id", "submission", "exchange", "report", "period", "found_at", "kind", *_PLACE)
    own = {name: row[name] for name in names}
    return RecordedFinding(**own, sentence=_sentence(row, language), remedy=_remedy(row["rule"], language))


def _sentence(row: dict[str, Any], language: str) -> str:
    rule = all_rules().get(row["rule"])
    if rule is None:
        return str(row["rule"])
    return message(Finding(**{name: row[name] for name in (*_PLACE, "reason")}), rule, language)


def _remedy(rule: str, language: str) -> str:
    known = all_rules().get(rule)
    return known.remedy.in_language(language) if known else ""

"""Explanations of findings: what waits for one, those that were given, and how many findings of a rule they explain."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from app.amounts import ratio
from app.answers.people import names_of
from app.columns import Count, ExchangeId, Percent, Text
from app.moments import kst_day
from app.queries.choice import Choice
from app.rules.findings import is_open
from app.scope import Scope
from etl.answers import EXPLAINED_KINDS, LEAST_FOR_SHARE, Answered, Explanation, answer_for, fingerprint, occurrence
from etl.records import submissions as life
from etl.records.answers import explanations_of, version_of_answer
from etl.records.engine import reading
from etl.records.tables import findings, submissions
from etl.store import Store
from expectations.vocabulary import Finding, Period


@dataclass(frozen=True, slots=True)
class _Explainable:
    """A finding that an exchange explains, open or not, and what makes it the same as that of another day."""

    number: int
    exchange: str
    report: str
    kind: str
    submission: str
    period_start: datetime
    finding: Finding
    is_open: bool
    found_at: datetime
    fingerprint: str

    @property
    def day(self) -> date:
        """The KST day on which its period begins."""
        return kst_day(self.period_start)


@dataclass(frozen=True, slots=True)
class UnexplainedMatter:
    """The same finding of one or several days, open and unexplained, or with its explanation refused.

    `first` is the number of the oldest finding, which an explanation is to be of; `numbers` those of all, the oldest
    first. `finding` and `submission` are the newest.
    """

    state: Answered
    exchange: str
    report: str
    kind: str
    first: int
    numbers: tuple[int, ...]
    first_day: date
    last_day: date
    finding: Finding
    submission: str
    answer_version: str
    """The answer that stands for the first of them, as `version_of_answer` writes it."""


@dataclass(frozen=True, slots=True)
class GivenExplanation:
    """An explanation with its newest decision and the names of both persons.

    `open_count` is how many open findings of the chosen days it speaks for.
    """

    explanation: Explanation
    person: str
    decided_by: str | None
    open_count: int

    @property
    def state(self) -> Answered:
        """How the findings that it speaks for are answered."""
        return self.explanation.answered


@dataclass(frozen=True, slots=True)
class ExplainedCount:
    """How many findings of a rule an exchange had, and for how many an accepted explanation speaks.

    The share is none where the findings are fewer than LEAST_FOR_SHARE.
    """

    rule: Text
    exchange: ExchangeId
    found_count: Count
    accepted_count: Count
    accepted_share: Percent | None


def awaiting_explanation(store: Store, scope: Scope, choice: Choice) -> tuple[UnexplainedMatter, ...]:
    """The matters of the chosen exchanges and days that wait for an explanation, the longest open first."""
    with reading(store.engine) as connection:
        found = [one for one in _explainable(connection, scope, choice) if one.is_open]
        explained = explanations_of(connection, scope.visible(choice.exchanges))
    matters: dict[tuple[str, Answered], list[_Explainable]] = defaultdict(list)
    versions: dict[tuple[str, Answered], str] = {}
    for one in found:
        answer = answer_for(explained.get(one.fingerprint, ()), one.day)
        state = answer.answered if answer else Answered.OPEN
        if state in (Answered.OPEN, Answered.REFUSED):
            matters[one.fingerprint, state].append(one)
            versions.setdefault((one.fingerprint, state), version_of_answer(answer))
    listed = [_matter(mark[1], several, versions[mark]) for mark, several in matters.items()]
    return tuple(sorted(listed, key=lambda matter: (matter.first_day, matter.finding.rule, matter.exchange)))


def _matter(state: Answered, several: list[_Explainable], version: str) -> UnexplainedMatter:
    oldest, newest = several[0], several[-1]
    return UnexplainedMatter(
        state=state,
        exchange=oldest.exchange,
        report=oldest.report,
        kind=oldest.kind,
        first=oldest.number,
        numbers=tuple(one.number for one in several),
        first_day=oldest.day,
        last_day=newest.day,
        finding=newest.finding,
        submission=newest.submission,
        answer_version=version,
    )


def explanations_given(store: Store, scope: Scope, choice: Choice) -> tuple[GivenExplanation, ...]:
    """Every explanation of the chosen exchanges, whatever the days, the newest first."""
    with reading(store.engine) as connection:
        explained = explanations_of(connection, scope.visible(choice.exchanges))
        names = names_of(connection)
        counts: Counter[str] = Counter()
        for one in _explainable(connection, scope, choice):
            answer = answer_for(explained.get(one.fingerprint, ()), one.day) if one.is_open else None
            if answer:
                counts[answer.id] += 1
    every = sorted((one for same in explained.values() for one in same), key=lambda one: one.at, reverse=True)
    return tuple(
        GivenExplanation(
            explanation=one,
            person=names.get(one.person, one.person),
            decided_by=names.get(one.decision.person, one.decision.person) if one.decision else None,
            open_count=counts[one.id],
        )
        for one in every
    )


def explained_counts(store: Store, scope: Scope, choice: Choice) -> tuple[ExplainedCount, ...]:
    """Counts of the findings of the chosen exchanges and days that are explained, by rule and exchange.

    A finding that several versions of a file have counts once; one that a correction took away counts too, because the
    rule was right about it.
    """
    with reading(store.engine) as connection:
        explained = explanations_of(connection, scope.visible(choice.exchanges))
        once = {
            occurrence(one.exchange, one.report, one.period_start, one.finding): one
            for one in _explainable(connection, scope, choice)
        }
    found: Counter[tuple[str, str]] = Counter()
    accepted: Counter[tuple[str, str]] = Counter()
    for one in once.values():
        place = (one.finding.rule, one.exchange)
        answer = answer_for(explained.get(one.fingerprint, ()), one.day)
        found[place] += 1
        accepted[place] += answer is not None and answer.answered is Answered.ACCEPTED
    return tuple(
        ExplainedCount(*place, found[place], accepted[place], share_of(accepted[place], found[place]))
        for place in sorted(found)
    )


def share_of(accepted: int, found: int) -> Percent | None:
    """The share of findings that are explained; none of fewer than LEAST_FOR_SHARE."""
    return ratio(accepted, found) if found >= LEAST_FOR_SHARE else None


def _explainable(connection: Connection, scope: Scope, choice: Choice) -> Iterator[_Explainable]:
    """Every finding ever made that an exchange explains, of the chosen exchanges and days, the newest day last."""
    c = findings.c
    query = (
        select(findings, submissions.c.period_start, is_open().label("is_open"))
        .join(submissions, submissions.c.id == c.submission)
        .where(
            c.kind.in_(EXPLAINED_KINDS),
            c.exchange.in_(scope.visible(choice.exchanges)),
            submissions.c.period_start < Period.of_day(choice.last_day).end,
            submissions.c.period_end > Period.of_day(choice.first_day).start,
        )
        .order_by(submissions.c.period_start, c.id)
    )
    for row in connection.execute(query).mappings():
        finding, where = life.finding_from(row), (row["exchange"], row["report"])
        yield _Explainable(
            row["id"],
            *where,
            row["kind"],
            row["submission"],
            row["period_start"],
            finding,
            bool(row["is_open"]),
            row["found_at"],
            fingerprint(*where, finding),
        )

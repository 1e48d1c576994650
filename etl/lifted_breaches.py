"""Breaches that a correction or a withdrawal took away, for which the exchange is asked why (FIX-001).

A breach is a compliance finding of what was accepted. It stands for as long as one of the same rule and subject, about
the same interval or, where it has none, about the same period, stands with an accepted submission. When it stands no
longer, the last record of it says what ended it: the file that superseded its own or the withdrawal of its own, or,
where it was lifted with its file still in force, the change that lifted it (`lifted_by`). A file that is filed for the
first time mends nothing that was filed before, and is asked nothing.

What is found is recorded of the submission that took the breach away, or of the one that has superseded that since, so
that a second correction does not hide the first. Of a withdrawn submission it is found although nothing else is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, or_, select, update

from etl.affected import StoreChange, affected_submissions
from etl.judgements import Judgement, Why, judgement
from etl.normalise import arrow_schema
from etl.records import judgements
from etl.records import submissions as life
from etl.records import tables as t
from etl.records.engine import reading, writing
from etl.records.log import SYSTEM, AuditEvent, EventKind, append
from etl.records.submissions import Submission
from etl.records.thresholds import thresholds_in_force
from etl.records.types import in_parts
from etl.records.vouched import about
from etl.store import Store
from expectations.catalogue import (
    all_reports,
    all_rules,
    correction_rules,
    published_rules,
    report,
    rule_set_version,
)
from expectations.judge import ContextTable, FiledRows, Whose, judge_files
from expectations.vocabulary import Finding, Kind, Rule, State

TAKEN_AWAY = "FIX-001"

_LONGEST = timedelta(days=64)
"""An interval that began earlier is not looked for: longer than any episode of the simulation by far."""


class Ending(StrEnum):
    """What took a breach away."""

    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class LiftedBreach:
    """A breach that stands no longer, and the submission that is asked why."""

    submission: str
    ending: Ending
    breach: Finding


@dataclass(frozen=True, slots=True)
class _Record:
    """A compliance finding as it is recorded, with what became of its submission."""

    number: int
    submission: str
    exchange: str
    report: str
    state: State
    superseded_by: str | None
    period_start: datetime
    period_end: datetime
    finding: Finding
    lifted_by: str | None
    is_lifted: bool

    @property
    def stands(self) -> bool:
        """True while it is found of an accepted submission."""
        return self.state is State.ACCEPTED and not self.is_lifted

    @property
    def ended_by(self) -> str | None:
        """The submission that ended it: a correction, or the withdrawn one; None where neither did."""
        if self.is_lifted:
            return self.lifted_by
        if self.state is State.SUPERSEDED:
            return self.superseded_by
        return self.submission if self.state is State.WITHDRAWN else None

    def tells_of_the_same_as(self, other: _Record) -> bool:
        """True where both tell of one breach: rule and subject, and the interval or, without one, the period."""
        mine, its = self.finding, other.finding
        if (self.exchange, self.report, mine.rule, mine.subject) != (
            other.exchange,
            other.report,
            its.rule,
            its.subject,
        ):
            return False
        if mine.start is None or its.start is None:
            return mine.start is its.start and (
                self.period_start < other.period_end and other.period_start < self.period_end
            )
        if mine.start == its.start:
            return True
        return (its.end is None or mine.start < its.end) and (mine.end is None or its.start < mine.end)


# ------------------------------------------------------------------------------------------------ recording it


def review_corrections(store: Store, changes: Sequence[Submission], judged: Iterable[str], at: datetime) -> None:
    """Ask of every breach about what was judged again whether it stands, and record of whom it is to be explained.

    `changes` came into force or left it, `judged` are the numbers of the accepted submissions that they touched.
    """
    numbers = sorted({*judged, *(change.id for change in changes)})
    with reading(store.engine) as connection:
        causes = _causes(connection, changes, numbers, at)
    if causes:
        with writing(store.engine) as connection:
            touched: set[str] = set()
            for number, change in causes.items():
                caused = update(t.findings).where(t.findings.c.id == number).values(lifted_by=change)
                touched.update(connection.execute(caused.returning(t.findings.c.submission)).scalars())
            append(connection, [_review(sorted(touched), "findings")])
    with reading(store.engine) as connection:
        asked = _asked(connection, life.by_ids(connection, numbers))
        lifted = [one for submission in asked for one in ends_by(connection, submission).taken_away()]
    if not asked:
        return
    found = corrections_found(lifted, asked)
    rule, counts = all_rules()[TAKEN_AWAY], Counter(one.submission for one in lifted)
    made: dict[str, tuple[Sequence[Judgement], datetime]] = {}
    with writing(store.engine) as connection:
        for submission in asked:
            findings = [(finding, Kind.PLAUSIBILITY) for finding in found.get(submission.id, ())]
            life.replace_findings(connection, submission, [TAKEN_AWAY], findings, at)
            is_early = not rule.is_in_force(submission.period.first_day)
            hindrances = {Why.BEFORE_ITS_DATE: is_early}
            made[submission.id] = [judgement(rule, len(findings), hindrances, 0, counts[submission.id])], at
        judgements.record(connection, made, rule_set_version(thresholds_in_force(connection)))
        append(connection, [_review(list(made), "findings", "judgements")])


def _review(submissions: Sequence[str], *changed: str) -> AuditEvent:
    details = {"submissions": len(submissions), "rules": [TAKEN_AWAY]}
    return AuditEvent(SYSTEM, EventKind.REVIEW, None, details, about(submissions, *changed))


def corrections_now(
    connection: Connection, touched: Sequence[Submission], rules: Sequence[Rule]
) -> tuple[list[Submission], dict[str, list[Finding]]]:
    """Who answers for the ends of breaches about these submissions, and what `rules` find of them; none is recorded."""
    asked = _asked(connection, touched)
    lifted = [one for submission in asked for one in ends_by(connection, submission).taken_away()]
    return asked, corrections_found(lifted, asked, rules)


def corrections_found(
    lifted: Sequence[LiftedBreach], submissions: Sequence[Submission], rules: Sequence[Rule] | None = None
) -> dict[str, list[Finding]]:
    """What FIX-001 finds of these submissions, by their numbers; or what `rules` do."""
    found: dict[str, list[Finding]] = {}
    for name in all_reports():
        asked = [one for one in submissions if one.report == name]
        mine = [one for one in lifted if one.submission in {one.id for one in asked}]
        if not mine:
            continue
        shape = report(name)
        nothing = arrow_schema(shape).empty_table()
        files = [FiledRows(one.id, one.exchange, one.period, nothing) for one in asked]
        context = {"lifted_breaches": ContextTable(_relation(mine), Whose.GIVEN)}
        found |= judge_files(shape, files, correction_rules() if rules is None else rules, context=context)
    return found


def _relation(lifted: Sequence[LiftedBreach]) -> pa.Table:
    instant = pa.timestamp("us", "UTC")
    breaches = [one.breach for one in lifted]
    return pa.table(
        {
            "submission": [one.submission for one in lifted],
            "ending": [one.ending.value for one in lifted],
            "breach": [breach.rule for breach in breaches],
            "breach_subject": pa.array([breach.subject for breach in breaches], pa.string()),
            "since": pa.array([breach.start for breach in breaches], instant),
            "until": pa.array([breach.end for breach in breaches], instant),
            "breach_found": pa.array([breach.found for breach in breaches], pa.string()),
            "breach_expected": pa.array([breach.expected for breach in breaches], pa.string()),
        }
    )


def _causes(
    connection: Connection, changes: Sequence[Submission], judged: Sequence[str], at: datetime
) -> dict[int, str]:
    """Of each breach that this review lifted, the last correction or withdrawal among the changes that touched it.

    What is filed for the first time is none: it takes nothing away.
    """
    f = t.findings.c
    lifted = [
        row
        for some in in_parts(judged)
        for row in connection.execute(
            select(f.id, f.submission, f.exchange, f.report, f.rule).where(
                f.submission.in_(some),
                f.kind == Kind.COMPLIANCE.value,
                f.lifted_at == at,
                f.lifted_by.is_(None),
                f.rule.in_(_breaches()),
            )
        )
    ]
    causes: dict[int, str] = {}
    for change in sorted(changes, key=_moment) if lifted else ():
        replaced = life.superseded_by(connection, change.id)
        if not replaced and change.state is not State.WITHDRAWN:
            continue
        touched = affected_submissions(connection, [StoreChange.of(one) for one in (change, *replaced)])
        for row in lifted:
            if row.exchange == change.exchange and row.submission in touched.get(row.report, {}).get(row.rule, ()):
                causes[row.id] = change.id
    return causes


def _moment(change: Submission) -> tuple[datetime, datetime, str]:
    return (change.decided_at or change.received_at, change.received_at, change.id)


@cache
def _breaches() -> tuple[str, ...]:
    """The rules whose breaches a correction can take away: those that judge what is accepted; lateness is none."""
    return tuple(sorted({r.id for n in all_reports() for r in published_rules(n) if r.kind is Kind.COMPLIANCE}))


# ---------------------------------------------------------------------------------------------------- deciding it


@dataclass(frozen=True, slots=True)
class Ends:
    """What is recorded about the breaches whose records a submission, or one that it superseded, ended."""

    submission: Submission
    chain: frozenset[str]
    records: tuple[_Record, ...]

    def taken_away(self) -> list[LiftedBreach]:
        """The breaches that stand no longer and whose last record it ended."""
        is_withdrawn = self.submission.state is State.WITHDRAWN
        ending = Ending.WITHDRAWN if is_withdrawn else Ending.CORRECTED
        return [
            LiftedBreach(self.submission.id, ending, last.finding)
            for last in _last_records(self.records)
            if not last.stands and last.ended_by in self.chain
        ]

    def after_judging(self, judged: Submission, rules: Sequence[str], found: Sequence[Finding]) -> Ends:
        """The same once an accepted submission was judged again by `rules`, for the submission's sake."""
        kept = [
            replace(one, is_lifted=True, lifted_by=self.submission.id)
            if one.submission == judged.id and one.finding.rule in rules and one.stands
            else one
            for one in self.records
        ]
        period = judged.period
        last = max((one.number for one in kept), default=0)
        new = [
            _Record(
                number=last + place,
                submission=judged.id,
                exchange=judged.exchange,
                report=judged.report,
                state=State.ACCEPTED,
                superseded_by=None,
                period_start=period.start,
                period_end=period.end,
                finding=finding,
                lifted_by=None,
                is_lifted=False,
            )
            for place, finding in enumerate(found, 1)
            if finding.rule in rules
        ]
        return replace(self, records=(*kept, *new))


def ends_by(connection: Connection, submission: Submission, judged: Sequence[str] = ()) -> Ends:
    """What a submission ended; with the breaches that stand with `judged`, which it may end yet."""
    chain = _superseded_in_turn(connection, submission.id)
    left = [number for number in chain if number != submission.id or submission.state is State.WITHDRAWN]
    f, s = t.findings.c, t.submissions.c
    ended = [
        *(one for some in in_parts(chain) for one in _records(connection, f.lifted_by.in_(some))),
        *(one for some in in_parts(left) for one in _records(connection, s.id.in_(some), f.lifted_at.is_(None))),
        *(one for some in in_parts(judged) for one in _records(connection, s.id.in_(some), f.lifted_at.is_(None))),
    ]
    return Ends(submission, frozenset(chain), tuple(_about(connection, ended)))


def _superseded_in_turn(connection: Connection, number: str) -> list[str]:
    """The submission, those that it superseded, those that they superseded, and so on."""
    chain, new = [number], [number]
    while new:
        c = t.submissions.c
        new = [
            n
            for some in in_parts(new)
            for n in connection.execute(select(c.id).where(c.superseded_by.in_(some))).scalars()
        ]
        chain += new
    return chain


def _last_records(records: Iterable[_Record]) -> Iterator[_Record]:
    """The last record of each breach; one that stands, where one does."""
    told: dict[tuple[str, str | None], list[_Record]] = defaultdict(list)
    for one in sorted(records, key=lambda one: (not one.stands, -one.number)):
        before = told[one.finding.rule, one.finding.subject]
        if not any(one.tells_of_the_same_as(other) for other in before):
            yield one
        before.append(one)


def _asked(connection: Connection, touched: Sequence[Submission]) -> list[Submission]:
    """The submissions that answer for the ends of breaches about these: corrections in force and withdrawn files."""
    f, s = t.findings.c, t.submissions.c
    has_ended = or_(f.lifted_by.is_not(None), s.state.in_([State.SUPERSEDED.value, State.WITHDRAWN.value]))
    asked: dict[str, Submission] = {}
    for exchange, name, start, end in _spans(
        (one.exchange, one.report, one.period.start, one.period.end) for one in touched
    ):
        for record in _records(connection, _is_about(exchange, name, start, end), has_ended):
            number = record.ended_by
            while number is not None and (one := life.by_id(connection, number)) is not None:
                if one.state is not State.SUPERSEDED:
                    asked[number] = one
                number = one.superseded_by
    return list(asked.values())


def _about(connection: Connection, ended: Sequence[_Record]) -> list[_Record]:
    """Every record that may tell of the same breaches as these."""
    places = ((r.exchange, r.report, r.finding.start or r.period_start, _end_of(r)) for r in ended)
    return [one for place in _spans(places) for one in _records(connection, _is_about(*place))]


def _end_of(record: _Record) -> datetime:
    start, end = record.finding.start, record.finding.end
    return record.period_end if start is None else max(record.period_end, end or start)


_Span = tuple[str, str, datetime, datetime]


def _spans(places: Iterable[_Span]) -> list[_Span]:
    """The earliest start and the latest end by exchange and report."""
    spans: dict[tuple[str, str], tuple[datetime, datetime]] = {}
    for exchange, name, start, end in places:
        first, last = spans.get((exchange, name), (start, end))
        spans[exchange, name] = (min(first, start), max(last, end))
    return [(exchange, name, *span) for (exchange, name), span in spans.items()]


def _is_about(exchange: str, name: str, start: datetime, end: datetime) -> ColumnElement[bool]:
    """What is found about a time: with an interval by the start of that, the others by their period."""
    f, s = t.findings.c, t.submissions.c
    by_start = and_(f.start >= start - _LONGEST, f.start < end)
    by_period = and_(f.start.is_(None), s.period_start < end, s.period_end > start)
    return and_(f.exchange == exchange, f.report == name, or_(by_start, by_period))


def _records(connection: Connection, *conditions: ColumnElement[bool]) -> list[_Record]:
    """The compliance findings that were ever recorded, as far as the conditions go."""
    f, s = t.findings.c, t.submissions.c
    query = (
        select(t.findings, s.state, s.superseded_by, s.period_start, s.period_end)
        .join(t.submissions, s.id == f.submission)
        .where(f.kind == Kind.COMPLIANCE.value, f.rule.in_(_breaches()), *conditions)
    )
    return [_record(row) for row in connection.execute(query).mappings()]


def _record(row: RowMapping) -> _Record:
    return _Record(
        number=row["id"],
        submission=row["submission"],
        exchange=row["exchange"],
        report=row["report"],
        state=State(row["state"]),
        superseded_by=row["superseded_by"],
        period_start=row["period_start"],
        period_end=row["period_end"],
        finding=life.finding_from(row),
        lifted_by=row["lifted_by"],
        is_lifted=row["lifted_at"] is not None,
    )

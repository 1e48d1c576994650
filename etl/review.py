"""Judging what is accepted: compliance, consistency and plausibility, again for what a change can affect and only that.

The findings of these rules are a function of what is accepted, so the order of arrival does not matter. What is found
anew is added and what no longer holds is lifted, each with its moment.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import TypeVar

import pyarrow as pa
from sqlalchemy import Connection

from etl import regions
from etl.affected import Affected, StoreChange, affected_submissions
from etl.context import ROWS_OF_DAYS, is_about_rows, read_counts, relations
from etl.failures import Failure, unjudged
from etl.judged import Judged
from etl.judgements import Judgement, Why, judgement
from etl.lifted_breaches import review_corrections
from etl.normalise import arrow_schema
from etl.overdue import review_calendar
from etl.records import judgements
from etl.records import submissions as life
from etl.records.engine import RecordsUnavailableError, alone, reading, writing
from etl.records.log import SYSTEM, AuditEvent, EventKind, append
from etl.records.submissions import Submission
from etl.records.thresholds import thresholds_in_force
from etl.records.vouched import about
from etl.regions import Stretch
from etl.store import Store
from expectations.book import Book, book_with
from expectations.catalogue import calendar_rules, correction_rules, published_rules, report, rule_set_version
from expectations.judge import Answers, ContextTable, FiledRows, ask_rules, without_columns
from expectations.thresholds import Thresholds
from expectations.vocabulary import KST, Finding, Report, Rule, State

_ROWS_AT_ONCE = 600_000
"""Rows judged in one batch: a full-size day of all exchanges and some more."""

_NAMES_ROWS = re.compile(r"\brows\b")
Found = dict[str, list[Finding]]


@dataclass(frozen=True, slots=True)
class Unjudged:
    """What we failed on: the error, and the rules that were being judged."""

    error: Exception
    rules: frozenset[str]


Errors = dict[str, Unjudged]
"""What we failed on, by the number of the submission."""
Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Question:
    """What a judgement of accepted submissions needs, read already: nothing more is asked of records and facts.

    `stretches` say how far entities were read for each submission, of the relations that the rules declare.
    """

    shape: Report
    files: Sequence[FiledRows]
    rules: Sequence[Rule]
    context: Mapping[str, ContextTable]
    stretches: Mapping[str, Sequence[Stretch]]
    as_if_in_force: bool
    rule_set_version: str


def review_pending(store: Store) -> list[Failure]:
    """Judge again what the changes since the last review can affect; after a crash it is simply done again.

    What we fail on keeps what was found of it before, and is returned; everything else is judged. One review at a time
    works on the records: whatever is published while one reads and writes is judged by the next one, after it.
    """
    with alone(store.engine, "review"):
        return _reviewed(store)


def _reviewed(store: Store) -> list[Failure]:
    with reading(store.engine) as connection:
        changed = life.unreviewed(connection)
        if not changed:
            return []
        at = _known_at(connection, changed)
    errors = review_submissions(store, changed, at=at)
    with writing(store.engine) as connection:
        done = [submission for submission in changed if submission.id not in errors]
        life.mark_reviewed(connection, done)
        if done:
            reviewed = about([submission.id for submission in done], "submissions")
            append(connection, [AuditEvent(SYSTEM, EventKind.REVIEW, None, {"changes": len(done)}, reviewed)])
    return [unjudged(store.engine, submission, one.error, one.rules) for submission, one in errors.items()]


def _known_at(connection: Connection, changed: Sequence[Submission]) -> datetime:
    """From when it is known what these changes affect: now, or by the clock of the run that dates one of them."""
    changed_at = life.last_change(connection, [submission.id for submission in changed])
    if any(submission.is_dated_by_its_run for submission in changed):
        return changed_at
    return max(changed_at, datetime.now(UTC))


def review_submissions(store: Store, changed: Sequence[Submission], *, at: datetime) -> Errors:
    """Judge again every accepted submission that the changed ones can affect, and record what is found now.

    Returns what we failed on, by the submission whose judgement it was; all others are judged.
    """
    errors: Errors = {}
    changes = [StoreChange.of(submission) for submission in changed]
    by_report = _affected(store, changed, errors)
    for changed_then, error in failing(lambda some: review_calendar(store, some, at), changes):
        for change in changed_then:
            _add(errors, change.submission, Unjudged(error, _ids(calendar_rules())))
    for name, by_rule in by_report.items():
        for number, one in _failing_reports(store, name, by_rule, at):
            _add(errors, number, one)
    judged = set[str]().union(*(ids for by_rule in by_report.values() for ids in by_rule.values()))

    def ask_of_corrections(some: Sequence[Submission]) -> None:
        review_corrections(store, some, judged, at)

    for asked_of, error in failing(ask_of_corrections, changed):
        for submission in asked_of:
            _add(errors, submission.id, Unjudged(error, _ids(correction_rules())))
    return errors


def _failing_reports(
    store: Store, name: str, by_rule: Mapping[str, Set[str]], at: datetime
) -> Iterator[tuple[str, Unjudged]]:
    """Review the submissions of a report by the rules that they are touched by, batch by batch."""
    rules = [rule for rule in published_rules(name) if rule.id in by_rule]
    for group in (reading_rows(rules), reading_entities(rules)):
        ids = set[str]().union(*(by_rule[rule.id] for rule in group))
        with reading(store.engine) as connection:
            submissions = life.by_ids(connection, sorted(ids))
        for batch in batches(submissions):
            yield from _failing_reviews(store, name, batch, group, at)


def _affected(store: Store, changed: Sequence[Submission], errors: Errors) -> Affected:
    """Numbers of the submissions to judge again; a change of which we cannot say that is added to the errors."""
    found: Affected = {}

    def reach(some: Sequence[Submission]) -> None:
        with reading(store.engine) as connection:
            affected = affected_submissions(connection, [StoreChange.of(submission) for submission in some])
        for name, by_rule in affected.items():
            for rule, ids in by_rule.items():
                found.setdefault(name, {}).setdefault(rule, set()).update(ids)

    for some, error in failing(reach, changed):
        for submission in some:
            own = published_rules(submission.report) if submission.state is State.ACCEPTED else ()
            _add(errors, submission.id, Unjudged(error, _ids(own)))
    return found


def _ids(rules: Sequence[Rule]) -> frozenset[str]:
    return frozenset(rule.id for rule in rules)


def _add(errors: Errors, submission: str, one: Unjudged) -> None:
    """Add what we failed on to what we failed on of the same submission before."""
    before = errors.get(submission)
    errors[submission] = one if before is None else Unjudged(one.error, before.rules | one.rules)


def failing(
    work: Callable[[Sequence[Part]], None], parts: Sequence[Part]
) -> Iterator[tuple[Sequence[Part], Exception]]:
    """Do the work for all parts together, and where we fail for halves of them: the single parts that we fail on.

    RecordsUnavailableError goes on to the top, since it is about no part.
    """
    try:
        work(parts)
    except RecordsUnavailableError:
        raise
    except Exception as error:
        if len(parts) < 2:
            yield parts, error
            return
        middle = len(parts) // 2
        for half in (parts[:middle], parts[middle:]):
            yield from failing(work, half)


def _failing_reviews(
    store: Store,
    name: str,
    batch: Sequence[Submission],
    rules: Sequence[Rule],
    at: datetime,
) -> Iterator[tuple[str, Unjudged]]:
    """Review a batch; where we fail rule by rule, and a rule that we fail on file by file."""

    def by_rules(some: Sequence[Rule]) -> None:
        _review_batch(store, name, batch, some, at)

    for some, whole in failing(by_rules, rules):
        if len(batch) < 2:
            yield from ((submission.id, Unjudged(whole, _ids(some))) for submission in batch)
            continue

        def by_files(files: Sequence[Submission], some: Sequence[Rule] = some) -> None:
            _review_batch(store, name, files, some, at)

        for files, error in failing(by_files, batch):
            yield from ((submission.id, Unjudged(error, _ids(some))) for submission in files)


def reading_rows(rules: Sequence[Rule]) -> list[Rule]:
    """The rules whose condition is about a file's own rows."""
    return [rule for rule in rules if _needs_rows(rule)]


def reading_entities(rules: Sequence[Rule]) -> list[Rule]:
    """The rules that read only what is accepted: whole entities and daily figures."""
    return [rule for rule in rules if not _needs_rows(rule)]


def _needs_rows(rule: Rule) -> bool:
    """True where the rule's condition is about the file's own rows, or about those of its day."""
    return (
        "query" not in rule.kwargs
        or bool(ROWS_OF_DAYS & rule.reads.keys())
        or _NAMES_ROWS.search(rule.kwargs["query"]) is not None
    )


def batches(submissions: Sequence[Submission]) -> Iterator[list[Submission]]:
    """Whole days together, as many as fit; apart from them what is judged whatever its period."""
    for as_if_in_force in (False, True):
        yield from _batches_of_days([one for one in submissions if one.as_if_in_force is as_if_in_force])


def _batches_of_days(submissions: Sequence[Submission]) -> Iterator[list[Submission]]:
    batch: list[Submission] = []
    size = 0
    for day in _days(submissions):
        rows = sum(s.row_count or 0 for s in day)
        if batch and size + rows > _ROWS_AT_ONCE:
            yield batch
            batch, size = [], 0
        batch += day
        size += rows
    if batch:
        yield batch


def _days(submissions: Sequence[Submission]) -> list[list[Submission]]:
    days: dict[date, list[Submission]] = {}
    for submission in submissions:
        days.setdefault(submission.period.first_day, []).append(submission)
    return [days[day] for day in sorted(days)]


def _review_batch(
    store: Store,
    name: str,
    batch: Sequence[Submission],
    rules: Sequence[Rule],
    at: datetime,
) -> None:
    with reading(store.engine) as connection:
        question = asked(store, connection, name, batch, rules)
    answers = answered(question)
    made = judged_rules(question, answers, {submission.id: submission.row_count or 0 for submission in batch})
    kinds = {rule.id: rule.kind for rule in rules}
    read = {name for rule in rules for name in rule.reads}
    with writing(store.engine) as connection:
        for submission in batch:
            current = [(finding, kinds[finding.rule]) for finding in answers.found[submission.id]]
            life.replace_findings(connection, submission, list(kinds), current, at)
        moment = {number: (some, at) for number, some in made.items()}
        judgements.record(connection, moment, question.rule_set_version)
        numbers = [submission.id for submission in batch]
        regions.record(connection, question.stretches, numbers, read)
        judged = about(numbers, "findings", "judgements", "regions")
        details = {"report": name, "submissions": len(batch), "rules": sorted(kinds)}
        append(connection, [AuditEvent(SYSTEM, EventKind.REVIEW, None, details, judged)])


def findings_now(
    store: Store,
    connection: Connection,
    name: str,
    batch: Sequence[Submission],
    rules: Sequence[Rule],
    *,
    instead: Mapping[str, object] = MappingProxyType({}),
    instead_of: str | None = None,
    book: Book | None = None,
) -> Found:
    """Return what the rules find of accepted submissions of one report now; columns in native names."""
    question = asked(
        store,
        connection,
        name,
        batch,
        rules,
        instead=instead,
        instead_of=instead_of,
        book=book,
    )
    return answered(question).found


def asked(
    store: Store,
    connection: Connection,
    name: str,
    batch: Sequence[Submission],
    rules: Sequence[Rule],
    *,
    instead: Mapping[str, object] = MappingProxyType({}),
    instead_of: str | None = None,
    book: Book | None = None,
) -> Question:
    """The question of `findings_now`, with everything read that it takes to answer it.

    What is judged whatever its period stands in no batch with what is not (`batches`). `book` is another book than the
    one in force, with its thresholds.
    """
    as_if_in_force = any(is_judged_whatever_its_period(store, submission) for submission in batch)
    shape = report(name)
    empty = arrow_schema(shape).empty_table()
    with_rows = any(_needs_rows(rule) for rule in rules)
    names = sorted({threshold for rule in rules for threshold in rule.parameters})
    book = book or book_with(thresholds_in_force(connection))
    files = [
        FiledRows(
            submission=submission.id,
            exchange=submission.exchange,
            period=submission.period,
            table=_rows(store, submission) if with_rows else empty,
            parameters={
                **thresholds_of(book, names, submission, as_if_in_force),
                **_set_instead(book.thresholds, submission, instead, instead_of),
            },
        )
        for submission in batch
    ]
    rows = {file.submission: file.table for file in files} if with_rows else {}
    read = relations(Judged(connection, store.facts, batch, rows, book), rules)
    version = rule_set_version(book.thresholds)
    return Question(shape, files, rules, read.tables, read.stretches, as_if_in_force, version)


def answered(question: Question) -> Answers:
    """What the rules say, by submission."""
    return ask_rules(
        question.shape,
        question.files,
        question.rules,
        context=question.context,
        as_if_in_force=question.as_if_in_force,
    )


def judged_rules(question: Question, answers: Answers, row_counts: Mapping[str, int]) -> dict[str, list[Judgement]]:
    """What came of each rule by submission, whose numbers of rows are `row_counts`: counted from what was judged."""
    read = read_counts(question.context, question.rules, question.files)
    made: dict[str, list[Judgement]] = {}
    for file in question.files:
        counts = Counter(finding.rule for finding in answers.found[file.submission])
        day, rows = file.period.first_day, row_counts[file.submission]
        absent = without_columns(question.rules, question.shape, day)
        made[file.submission] = [
            judgement(
                rule,
                counts[rule.id],
                {
                    Why.BEFORE_ITS_DATE: not rule.is_in_force(day, as_if_in_force=question.as_if_in_force),
                    Why.NO_COLUMN: rule.id in absent,
                    Why.NO_LIMIT: any(file.parameters[name] is None for name in rule.parameters),
                    Why.NIL_RETURN: not rows and is_about_rows(rule),
                },
                rows if _needs_rows(rule) else 0,
                read[rule.id, file.submission],
                awaits_data=(rule.id, file.submission) in answers.awaiting,
            )
            for rule in question.rules
        ]
    return made


def _rows(store: Store, submission: Submission) -> pa.Table:
    return store.facts.rows_of(life.fact_files([submission])[0])


def _set_instead(
    thresholds: Thresholds, submission: Submission, instead: Mapping[str, object], instead_of: str | None
) -> dict[str, object]:
    """Which of the values set `instead` hold for a submission: a common one gives way to an exchange's own."""
    if instead_of is not None:
        return dict(instead) if instead_of == submission.exchange else {}
    day, exchange = submission.period.first_day, submission.exchange
    held = {name: thresholds.in_force(name, day, exchange) for name in instead}
    return {name: value for name, value in instead.items() if not ((one := held[name]) and one.exchange)}


def is_judged_whatever_its_period(store: Store, submission: Submission) -> bool:
    """True where today's rules judge a submission though its day is before they began: in a replay, or filed so."""
    return bool(store.replays) or submission.as_if_in_force


def thresholds_of(book: Book, names: Sequence[str], submission: Submission, as_if_in_force: bool) -> dict[str, object]:
    """Each threshold as it stood on the submission's day, or as it stands today."""
    day = datetime.now(UTC).astimezone(KST).date() if as_if_in_force else submission.period.first_day
    return book.values(names, day, submission.exchange)

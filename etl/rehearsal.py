"""What would be found of a file if it were accepted now, beyond its own structure and integrity (specification, 3.8).

The acceptance is rehearsed: within one transaction the file comes into force, everything that its rules read is read,
and the transaction is taken back, so that nobody else ever sees it. Its rows lie aside meanwhile. So a check and a
submission ask the same question of the same relations. Lateness is no property of a file but of the moment at which
it is filed, and is no part of it. Of a file that replaces accepted rows by few or none, the same is asked for every
other submission that this touches (3.9).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from etl import figures
from etl.affected import Affected, StoreChange, affected_submissions
from etl.examine import Verdict
from etl.facts import FactFile, Facts
from etl.intake import Declared
from etl.lifted_breaches import Ends, corrections_found, ends_by
from etl.records import submissions as life
from etl.records.engine import writing
from etl.records.submissions import Submission
from etl.replacement import FindingElsewhere, Replacement, changed_elsewhere, replacement_of
from etl.review import Found, Question, answered, asked, batches, reading_entities, reading_rows
from etl.store import Store
from expectations.catalogue import published_rules
from expectations.vocabulary import Finding, Kind, State


class _TakenBackError(Exception):
    """Ends the rehearsal's transaction without a trace."""


@dataclass(frozen=True, slots=True)
class _FactsWith(Facts):
    """The published rows, and those of one more file, which lie aside."""

    own: FactFile
    aside: Path

    def path(self, file: FactFile) -> Path:
        """Where a submission's rows lie."""
        return self.aside / f"{file.submission}.parquet" if file == self.own else Facts.path(self, file)


def rehearsed(store: Store, declared: Declared, verdict: Verdict, at: datetime) -> Verdict:
    """The verdict with what acceptance would bring to light as well; a rejected file's is what it is."""
    if verdict.table is None:
        return verdict
    submission = _submission(declared, verdict, at)
    (own,) = life.fact_files([submission])
    with tempfile.TemporaryDirectory(prefix="daxa-rehearsal-") as folder:
        facts = _FactsWith(store.facts.folder, own, Path(folder))
        facts.write(own, verdict.table)
        rehearsal = _rehearsal(replace(store, facts=facts), submission, verdict)
    found: list[tuple[Finding, Kind]] = []
    for question in rehearsal.own:
        kinds = {rule.id: rule.kind for rule in question.rules}
        found += [(finding, kinds[finding.rule]) for finding in answered(question).found[submission.id]]
    replaces = rehearsal.replaces
    if replaces is not None:
        now = [answered(other.question).found for other in rehearsal.others]
        if replaces.needs_reason:
            replaces = replace(replaces, elsewhere=tuple(_elsewhere(rehearsal, now)))
        found += _breaches_taken_away(rehearsal, submission, [finding for finding, _ in found], now)
    return replace(verdict, findings=(*verdict.findings, *found), replaces=replaces)


def _elsewhere(rehearsal: _Rehearsal, now: Sequence[Found]) -> Iterator[FindingElsewhere]:
    """What would be found anew, and no more, of the other submissions; one rule of one submission at a time."""
    for other, found in zip(rehearsal.others, now, strict=True):
        rules = {rule.id for rule in other.question.rules}
        for submission in other.submissions:
            before = [finding for _, finding in other.recorded[submission.id] if finding.rule in rules]
            yield from changed_elsewhere(submission, before, found[submission.id])


def _breaches_taken_away(
    rehearsal: _Rehearsal, submission: Submission, own: Sequence[Finding], now: Sequence[Found]
) -> list[tuple[Finding, Kind]]:
    """What would be asked about the breaches that the file takes away (FIX-001)."""
    ends = rehearsal.ends
    if ends is None:
        return []
    ends = ends.after_judging(submission, [rule.id for question in rehearsal.own for rule in question.rules], own)
    for other, found in zip(rehearsal.others, now, strict=True):
        for one in other.submissions:
            ends = ends.after_judging(one, [rule.id for rule in other.question.rules], found[one.id])
    asked = corrections_found(ends.taken_away(), [submission]).get(submission.id, [])
    return [(finding, Kind.PLAUSIBILITY) for finding in asked]


def _submission(declared: Declared, verdict: Verdict, at: datetime) -> Submission:
    return Submission(
        id=life.new_id(at),
        exchange=declared.exchange,
        report=declared.report,
        period=declared.period,
        sender=None,
        file="",
        format=verdict.format,
        sha256="",
        size_bytes=0,
        evidence_kept=False,
        received_at=at,
        recorded_at=at,
        state=State.ACCEPTED,
        row_count=verdict.row_count,
        rule_set_version=None,
        decided_at=at,
        superseded_by=None,
    )


@dataclass(frozen=True, slots=True)
class _Others:
    """Other submissions that the file touches, what is to be judged of them, and what is recorded of them."""

    submissions: Sequence[Submission]
    question: Question
    recorded: Mapping[str, Sequence[tuple[Kind, Finding]]]


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    """What is to be judged of the file once it is in force, and of others; with all that is read for it."""

    own: Sequence[Question]
    others: Sequence[_Others]
    replaces: Replacement | None
    ends: Ends | None


def _rehearsal(store: Store, submission: Submission, verdict: Verdict) -> _Rehearsal:
    """Bring the file into force, read what is to be judged, in the order of a review, and take it back."""
    rows = figures.AcceptedRows(submission.id, submission.exchange, submission.period, verdict.table)
    derived = figures.derive(submission.report, [rows])[submission.id]
    own: list[Question] = []
    others: list[_Others] = []
    replaces: Replacement | None = None
    ends: Ends | None = None
    # What is written is read back at once and never kept; the judging, which takes longer, waits until it is gone.
    with suppress(_TakenBackError), writing(store.engine, lock="rehearsal") as connection:
        replaced = _bring_into_force(connection, submission)
        replaces = replacement_of(replaced, verdict.row_count)
        figures.write(connection, derived)
        affected = affected_submissions(connection, [StoreChange.of(one) for one in (submission, *replaced)])
        by_rule = affected.get(submission.report, {})
        rules = [rule for rule in published_rules(submission.report) if rule.id in by_rule]
        for group in (reading_rows(rules), reading_entities(rules)):
            if any(submission.id in by_rule[rule.id] for rule in group):
                own.append(asked(store, connection, submission.report, [submission], group))
        if replaces is not None:
            others += _asked_of_others(store, connection, submission, affected, every=replaces.needs_reason)
            ends = ends_by(connection, submission, [one.id for other in others for one in other.submissions])
        raise _TakenBackError
    return _Rehearsal(own, others, replaces, ends)


def _asked_of_others(
    store: Store, connection: Connection, submission: Submission, affected: Affected, *, every: bool
) -> Iterator[_Others]:
    """What is to be judged of the other submissions that the file touches, and what is recorded of them.

    Of every one, or only of those with a breach that the file may take away.
    """
    for name, by_rule in affected.items():
        rules = [rule for rule in published_rules(name) if rule.id in by_rule]
        for group in (reading_rows(rules), reading_entities(rules)):
            ids = set[str]().union(*(by_rule[rule.id] for rule in group)) - {submission.id}
            others = life.by_ids(connection, sorted(ids))
            if not every:
                others = _with_breaches(connection, submission.exchange, others, [rule.id for rule in group])
            for batch in batches(others):
                recorded = life.findings_of(connection, [one.id for one in batch])
                yield _Others(batch, asked(store, connection, name, batch, group), recorded)


def _with_breaches(
    connection: Connection, exchange: str, others: Sequence[Submission], rules: Sequence[str]
) -> list[Submission]:
    """Those of an exchange with a breach of one of the rules."""
    own = [one for one in others if one.exchange == exchange]
    recorded = life.findings_of(connection, [one.id for one in own])
    return [
        one
        for one in own
        if any(kind is Kind.COMPLIANCE and finding.rule in rules for kind, finding in recorded[one.id])
    ]


def _bring_into_force(connection: Connection, submission: Submission) -> Sequence[Submission]:
    """Accept the file, in place of those whose period it contains, which are returned as they were."""
    earlier = life.accepted_overlapping(connection, submission.exchange, submission.report, submission.period)
    life.insert_received(connection, submission)
    for one in earlier:
        life.change_state(connection, one.id, State.SUPERSEDED, submission.received_at, superseded_by=submission.id)
    life.change_state(connection, submission.id, State.ACCEPTED, submission.received_at, row_count=submission.row_count)
    return earlier

"""Judging the calendar: which obligations were met late, which are missing, and who files nothing at all.

What became of each obligation is what `etl.calendar.outcome` says. A late filing is found of the submission that met
the obligation and is recorded with it; what is missing depends on the moment at which one asks, and is found then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa
from sqlalchemy import Connection, func, select

from etl.affected import StoreChange
from etl.calendar import AFTER_ALL_RECORDS, OBLIGATIONS_BEGIN, Obligation, obligations
from etl.judgements import Judgement, Why, judgement
from etl.normalise import arrow_schema
from etl.records import judgements
from etl.records import submissions as life
from etl.records import tables as t
from etl.records.engine import reading, writing
from etl.records.filed_files import EVER_ACCEPTED
from etl.records.log import SYSTEM, AuditEvent, EventKind, append
from etl.records.submissions import Submission
from etl.records.thresholds import thresholds_in_force
from etl.records.vouched import about
from etl.store import Store
from expectations.catalogue import all_rules, calendar_rules, report, rule_set_version
from expectations.judge import ContextTable, FiledRows, Whose, judge_files
from expectations.vocabulary import Finding, Kind, Period, Rule, State

LATE_OR_MISSING, NOTHING_OF_A_KIND, NOT_REPLACED = "CAL-001", "XEX-001", "CAL-002"


@dataclass(frozen=True, slots=True)
class CalendarFinding:
    """What is found of an obligation; `obligation.outcome.submission` is None where nothing meets it."""

    obligation: Obligation
    kind: Kind
    finding: Finding


InForce = Mapping[tuple[str, str], int]
"""How many files are in force of an exchange and report, for whatever period since obligations began."""


def calendar_findings(
    due: Sequence[Obligation],
    now: datetime,
    in_force: InForce | None = None,
    rules: Sequence[Rule] | None = None,
) -> list[CalendarFinding]:
    """What the calendar's rules find of these obligations at a moment, in their order; others where `rules` are given.

    Without `in_force` only what is in force for the obligations themselves counts.
    """
    if not due:
        return []
    rules = calendar_rules() if rules is None else rules
    kinds = {rule.id: rule.kind for rule in rules}
    shape = report(due[0].report)
    nothing = arrow_schema(shape).empty_table()
    files = [FiledRows(o.id, o.exchange, o.period, nothing) for o in due]
    found = judge_files(
        shape,
        files,
        rules,
        context={
            "obligations": ContextTable(_relation(due, now, in_force), Whose.GIVEN),
            "replacements": ContextTable(_replacements(due, now), Whose.GIVEN),
        },
    )
    return [
        CalendarFinding(obligation, kinds[finding.rule], finding)
        for obligation in due
        for finding in found[obligation.id]
    ]


def review_calendar(store: Store, changes: Sequence[StoreChange], at: datetime) -> None:
    """Find the lateness of what the changes met or replaced, and record it of the submissions that did."""
    if not changes:
        return
    with reading(store.engine) as connection:
        found = late_filings(connection, changes, at)
    with writing(store.engine) as connection:
        version = rule_set_version(thresholds_in_force(connection))
        made: dict[str, tuple[Sequence[Judgement], datetime]] = {}
        for id_, findings in found.items():
            filed = life.by_id(connection, id_)
            if filed is not None:
                life.replace_findings(connection, filed, [LATE_OR_MISSING, NOT_REPLACED], findings, at)
                made[id_] = _judgements(filed, findings), at
        judgements.record(connection, made, version)
        if made:
            details = {"submissions": len(made), "rules": [LATE_OR_MISSING, NOT_REPLACED]}
            judged = about(list(made), "findings", "judgements")
            append(connection, [AuditEvent(SYSTEM, EventKind.REVIEW, None, details, judged)])


def late_filings(
    connection: Connection, changes: Sequence[StoreChange], at: datetime
) -> dict[str, list[tuple[Finding, Kind]]]:
    """What the calendar's rules find of all that was ever accepted for the days of the changes, by submission."""
    first, last = min(c.first_day for c in changes), max(c.last_day for c in changes)
    touched = {(c.exchange, c.report, day) for c in changes for day in (c.first_day, c.last_day)}
    every = obligations(connection, AFTER_ALL_RECORDS, first_day=first, last_day=last)
    own = [o for o in every if (o.exchange, o.report, o.period.first_day) in touched]
    found: dict[str, list[tuple[Finding, Kind]]] = {id_: [] for id_ in _concerned(connection, changes)}
    for late in calendar_findings([o for o in own if o.outcome.is_met or o.replacements], at):
        submission = submission_of(late)
        if submission in found:
            found[submission].append((late.finding, late.kind))
    return found


def _judgements(filed: Submission, findings: Sequence[tuple[Finding, Kind]]) -> list[Judgement]:
    """What came of the rules about how a submission met its obligation: no rows are looked at for them."""
    counts = Counter(finding.rule for finding, _ in findings)
    day = filed.period.first_day
    return [
        judgement(rule, counts[rule.id], {Why.BEFORE_ITS_DATE: not rule.is_in_force(day)}, 0)
        for rule in map(all_rules().__getitem__, (LATE_OR_MISSING, NOT_REPLACED))
    ]


def submission_of(late: CalendarFinding) -> str | None:
    """The submission that a finding is recorded of: what met the obligation late, or came in a place too late."""
    if late.finding.rule == LATE_OR_MISSING:
        return late.obligation.outcome.submission
    for one in late.obligation.replacements:
        if late.finding.rule == NOT_REPLACED and (one.kind.value, one.since) == (
            late.finding.reason,
            late.finding.start,
        ):
            return one.by
    return None


def missing_now(
    store: Store, now: datetime, *, first_day: date | None = None, last_day: date | None = None
) -> list[CalendarFinding]:
    """Obligations that nothing in force meets at `now`, withdrawn files that nothing replaced, absent kinds of reports.

    These are named whatever days are asked for: with the first due obligation of those days, or with the first of all.
    """
    with reading(store.engine) as connection:
        every = obligations(connection, now, first_day=first_day, last_day=last_day)
        in_force = in_force_at(connection, now)
        due = [one for one in every if one.outcome.is_due]
        asked = {(one.exchange, one.report) for one in due}
        begun = obligations(connection, now, first_day=OBLIGATIONS_BEGIN, last_day=OBLIGATIONS_BEGIN)
    others = [one for one in begun if one.outcome.is_due and (one.exchange, one.report) not in asked]
    found = calendar_findings([*due, *others], now, in_force)
    first_of_all = {one.id for one in others}
    return [
        f
        for f in found
        if not f.obligation.outcome.is_met
        and (f.finding.rule != NOT_REPLACED or f.finding.end is None)
        and (f.obligation.id not in first_of_all or f.finding.rule == NOTHING_OF_A_KIND)
    ]


def in_force_at(connection: Connection, now: datetime) -> InForce:
    """How many files were in force at a moment, by exchange and report."""
    c, s = t.submissions.c, t.states.c
    left = select(s.submission).where(
        s.submission == c.id, s.state.in_([State.SUPERSEDED.value, State.WITHDRAWN.value]), s.at <= now
    )
    query = (
        select(c.exchange, c.report, func.count())
        .where(
            c.state.in_(EVER_ACCEPTED),
            c.row_count.is_not(None),
            c.received_at <= now,
            c.period_start >= Period.of_day(OBLIGATIONS_BEGIN).start,
            ~left.exists(),
        )
        .group_by(c.exchange, c.report)
    )
    return {(exchange, report): count for exchange, report, count in connection.execute(query)}


def _concerned(connection: Connection, changes: Sequence[StoreChange]) -> list[str]:
    """Numbers of all that was ever accepted for the days of the changes: a slice can make another one late."""
    c = t.submissions.c
    ids: dict[str, None] = {}
    for exchange, name, first, last in dict.fromkeys((x.exchange, x.report, x.first_day, x.last_day) for x in changes):
        start, end = Period.of_day(first).start, Period.of_day(last).end
        query = select(c.id).where(
            c.exchange == exchange,
            c.report == name,
            c.state.in_(EVER_ACCEPTED),
            c.period_start < end,
            c.period_end > start,
        )
        ids.update(dict.fromkeys(connection.execute(query).scalars()))
    return list(ids)


def _relation(due: Sequence[Obligation], now: datetime, in_force: InForce | None) -> pa.Table:
    instant = pa.timestamp("us", "UTC")
    counted: dict[tuple[str, str], int] = {}
    for o in due:
        key = (o.exchange, o.report)
        counted[key] = counted.get(key, 0) + len(o.outcome.in_force)
    known = counted if in_force is None else in_force
    first_due: dict[tuple[str, str], datetime] = {}
    for o in due:
        key = (o.exchange, o.report)
        first_due[key] = min(first_due.get(key, o.outcome.due_at), o.outcome.due_at)
    return pa.table(
        {
            "obligation": [o.id for o in due],
            "submission": pa.array([o.outcome.submission for o in due], pa.string()),
            "exchange": [o.exchange for o in due],
            "report": [o.report for o in due],
            "period": [o.period.text for o in due],
            "due_at": pa.array([o.outcome.due_at for o in due], instant),
            "met_at": pa.array([o.outcome.met_at for o in due], instant),
            "now": pa.array([now for _ in due], instant),
            "in_force_count": pa.array([known.get((o.exchange, o.report), 0) for o in due], pa.int64()),
            "first_due_at": pa.array([first_due[o.exchange, o.report] for o in due], instant),
        }
    )


def _replacements(due: Sequence[Obligation], now: datetime) -> pa.Table:
    instant = pa.timestamp("us", "UTC")
    every = [(o, one) for o in due for one in o.replacements]
    return pa.table(
        {
            "obligation": pa.array([o.id for o, _ in every], pa.string()),
            "kind": pa.array([one.kind.value for _, one in every], pa.string()),
            "since": pa.array([one.since for _, one in every], instant),
            "due_at": pa.array([one.due_at for _, one in every], instant),
            "replaced_at": pa.array([one.replaced_at for _, one in every], instant),
            "now": pa.array([now for _ in every], instant),
        }
    )

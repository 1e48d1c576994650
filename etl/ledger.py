"""The ledger of a submission: what became of every rule of its report, on what, and why not where it was not judged.

What was judged is recorded with its findings (`etl/records/judgements.py`); this adds, without judging anything, what
needs no record: rules whose turn never came, and those that lack a report, which `etl/unevaluated.py` alone decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from etl.calendar import ObligationState, obligations
from etl.judgements import RuleOutcome, Why
from etl.records import judgements
from etl.records import submissions as life
from etl.records.judgements import RecordedJudgement
from etl.records.submissions import Submission
from etl.unevaluated import evaluations
from expectations.catalogue import all_reports, all_rules, calendar_rules, correction_rules, rules_for
from expectations.vocabulary import Period, Rule, State

_DAY = timedelta(days=1)

EVALUATED = (RuleOutcome.CLEAN, RuleOutcome.FOUND)


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one rule of one submission, or of a period for which none is in force (`submission` None).

    `lacking` are the reports that the rule needs and that are not accepted on `days`; the counts are of findings, of
    rows of the file, and of rows of what else was accepted that were looked at.
    """

    exchange: str
    report: str
    period: Period
    submission: str | None
    state: State | None
    rule: Rule
    outcome: RuleOutcome
    why: Why | None = None
    lacking: tuple[str, ...] = ()
    days: tuple[date, ...] = ()
    finding_count: int = 0
    row_count: int = 0
    read_count: int = 0
    rule_set_version: str | None = None
    at: datetime | None = None
    incident: str | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Entries counted: how many of each outcome, and which rules were not evaluated, failed or have no record."""

    outcomes: Mapping[RuleOutcome, int]
    finding_count: int
    not_evaluated: tuple[str, ...]
    failed: tuple[str, ...]
    not_recorded: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """True where every applicable rule was evaluated, so that no finding means that nothing is wrong."""
        return not (self.not_evaluated or self.failed or self.not_recorded)


def tally(entries: Iterable[Entry]) -> Tally:
    """Count entries; rules are named once each, in the book's order."""
    outcomes: Counter[RuleOutcome] = Counter()
    rules: dict[RuleOutcome, set[str]] = defaultdict(set)
    findings = 0
    for one in entries:
        outcomes[one.outcome] += 1
        rules[one.outcome].add(one.rule.id)
        findings += one.finding_count
    named = (RuleOutcome.NOT_EVALUATED, RuleOutcome.FAILED, RuleOutcome.NOT_RECORDED)
    lists = (tuple(id_ for id_ in all_rules() if id_ in rules[outcome]) for outcome in named)
    return Tally({outcome: outcomes[outcome] for outcome in RuleOutcome}, findings, *lists)


# ------------------------------------------------------------------------------------------ submissions


def ledger(
    connection: Connection, submissions: Sequence[Submission], rules: Collection[str] | None = None
) -> Iterator[Entry]:
    """The entries of submissions in their order, each in the book's order; of these rules, or of all.

    Rules about obligations and about corrections stand in it where they were asked of the submission.
    """
    by_submission: dict[str, dict[str, RecordedJudgement]] = defaultdict(dict)
    numbers = [submission.id for submission in submissions]
    for one in judgements.recorded(connection, numbers, rules):
        by_submission[one.submission][one.judgement.rule] = one
    has_record = judgements.with_any(connection, numbers) if rules is not None else by_submission.keys()
    unreviewed = life.unreviewed_numbers(connection)
    lacking = _lacking(connection, submissions)
    for submission in submissions:
        recorded = by_submission[submission.id]
        others = tuple(rule for rule in (*calendar_rules(), *correction_rules()) if rule.id in recorded)
        for rule in (*rules_for(submission.report), *others):
            if rules is not None and rule.id not in rules:
                continue
            entry = _of_record(submission, rule, recorded.get(rule.id))
            if entry.outcome is RuleOutcome.NOT_RECORDED:
                entry = _not_asked(entry, submission, submission.id in has_record, submission.id in unreviewed)
            if (missed := lacking.get((rule.id, submission.id))) and _may_lack(entry):
                reports = tuple(name for name in rule.needs if name in missed)
                days = tuple(sorted({day for some in missed.values() for day in some}))
                entry = replace(entry, outcome=RuleOutcome.NOT_EVALUATED, why=Why.LACKING, lacking=reports, days=days)
            yield entry


def _may_lack(entry: Entry) -> bool:
    """Whether a report that is missing makes a rule one that was not evaluated: not where it speaks without it."""
    return entry.outcome is RuleOutcome.CLEAN or entry.why in (Why.NIL_RETURN, Why.AWAITS_DATA)


def _of_record(submission: Submission, rule: Rule, recorded: RecordedJudgement | None) -> Entry:
    entry = Entry(
        submission.exchange,
        submission.report,
        submission.period,
        submission.id,
        submission.state,
        rule,
        RuleOutcome.NOT_RECORDED,
    )
    if recorded is None:
        return entry
    made = recorded.judgement
    return replace(
        entry,
        outcome=made.outcome,
        why=made.why,
        finding_count=made.finding_count,
        row_count=made.row_count,
        read_count=made.read_count,
        rule_set_version=recorded.rule_set_version,
        at=recorded.at,
        incident=recorded.incident,
    )


def _not_asked(entry: Entry, submission: Submission, has_record: bool, is_unreviewed: bool) -> Entry:
    """What is known of a rule without a record: whether its turn never came, is still to come, or was not recorded."""
    if submission.state is State.FAILED:
        return replace(entry, outcome=RuleOutcome.FAILED, incident=submission.incident)
    if submission.state is State.RECEIVED:
        why: Why | None = Why.PENDING
    elif not submission.is_decided:
        why = Why.OUT_OF_FORCE
    elif not has_record:
        why = None
    elif submission.state is State.REJECTED:
        why = Why.REJECTED
    elif submission.state is State.ACCEPTED:
        why = Why.PENDING if is_unreviewed else None
    else:
        why = Why.OUT_OF_FORCE
    return entry if why is None else replace(entry, outcome=RuleOutcome.NOT_EVALUATED, why=why)


def _lacking(connection: Connection, submissions: Sequence[Submission]) -> dict[tuple[str, str], dict[str, set[date]]]:
    """Days on which a report that a rule needs is not accepted, by rule and submission, then by report."""
    asked = [one for one in submissions if one.is_decided and one.state is not State.REJECTED]
    if not asked:
        return {}
    found: dict[tuple[str, str], dict[str, set[date]]] = {}
    first = min(one.period.first_day for one in asked) - _DAY
    last = max(one.period.last_day for one in asked) + _DAY
    exchanges = sorted({one.exchange for one in asked})
    replaced = [one.id for one in asked if one.state is not State.ACCEPTED]
    # A rule that is not in force is not applicable already; one that was judged as if it were lacks reports as others.
    for one in evaluations(connection, exchanges, first, last, as_if_in_force=True, replaced=replaced):
        for name in one.lacking:
            for submission in one.submissions:
                found.setdefault((one.rule.id, submission), {}).setdefault(name, set()).add(one.day)
    return found


# ---------------------------------------------------------------------------------------------- periods


def current_ledger(
    connection: Connection,
    now: datetime,
    *,
    exchanges: Sequence[str],
    report: str | None = None,
    rules: Collection[str] | None = None,
    first: Period | None = None,
    last: Period | None = None,
) -> Iterator[Entry]:
    """The entries of current submissions (section 6) and of those that wait for a verdict.

    Of withdrawn ones, what is asked about the withdrawal. Of due periods, or parts of them, for which there is no such
    submission, there are entries without one.
    """
    reports = [report] if report else [name for name in all_reports() if _is_asked_of(name, rules)]
    for exchange in exchanges:
        for name in reports:
            found = life.current_submissions(
                connection,
                exchange=exchange,
                report=name,
                first=first,
                last=last,
                others=(State.RECEIVED, State.FAILED, State.WITHDRAWN),
            )
            found.sort(key=lambda one: one.received_at)
            current = [one for one in found if one.state is not State.WITHDRAWN]
            withdrawn = [one for one in found if one.state is State.WITHDRAWN]
            filed = ledger(connection, current, rules)
            asked = ledger(connection, withdrawn, {rule.id for rule in correction_rules()} & set(rules or all_rules()))
            missing = _not_filed(connection, now, exchange, name, rules, first, last, current)
            yield from sorted((*filed, *asked, *missing), key=lambda one: one.period)


def _is_asked_of(report: str, rules: Collection[str] | None) -> bool:
    asked = {rule.id for rule in (*rules_for(report), *calendar_rules(), *correction_rules())}
    return rules is None or bool(asked & set(rules))


def _not_filed(
    connection: Connection,
    now: datetime,
    exchange: str,
    report: str,
    rules: Collection[str] | None,
    first: Period | None,
    last: Period | None,
    current: Sequence[Submission],
) -> Iterator[Entry]:
    """An entry for each rule of each period that was due and that no current submission is of, or only in part."""
    filed = [one.period for one in current]
    begin, end = first.first_day if first else None, last.last_day if last else None
    for one in obligations(connection, now, exchanges=(exchange,), reports=(report,), first_day=begin, last_day=end):
        period, state = one.period, one.outcome.filed
        if not one.outcome.is_due or (first and period.start < first.start) or (last and period.end > last.end):
            continue
        is_open = state is ObligationState.MISSING and not any(period.overlaps(other) for other in filed)
        if not is_open and state is not ObligationState.PARTIAL:
            continue
        for rule in rules_for(report):
            if rules is not None and rule.id not in rules:
                continue
            missing = Entry(exchange, report, period, None, None, rule, RuleOutcome.NOT_EVALUATED, Why.NOT_FILED)
            if not rule.is_in_force(period.first_day):
                missing = replace(missing, outcome=RuleOutcome.NOT_APPLICABLE, why=Why.BEFORE_ITS_DATE)
            yield missing


@dataclass(frozen=True, slots=True)
class MonthCoverage:
    """On how many periods of a month a rule was evaluated for an exchange, and on what.

    A period counts as evaluated where the rule was for every submission of it; else by the gravest of the others.
    """

    rule: str
    exchange: str
    month: str
    period_count: int
    evaluated_count: int
    not_applicable_count: int
    not_evaluated_count: int
    failed_count: int
    not_recorded_count: int
    finding_count: int
    row_count: int
    read_count: int


GRAVEST_FIRST = (
    RuleOutcome.FAILED,
    RuleOutcome.NOT_EVALUATED,
    RuleOutcome.NOT_RECORDED,
    RuleOutcome.FOUND,
    RuleOutcome.CLEAN,
    RuleOutcome.NOT_APPLICABLE,
)


def coverage(entries: Iterable[Entry]) -> tuple[MonthCoverage, ...]:
    """Entries counted by rule, exchange and month, in that order."""
    places: dict[tuple[str, str, str], dict[tuple[str, date], set[RuleOutcome]]] = defaultdict(lambda: defaultdict(set))
    sums: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for one in entries:
        key = (one.rule.id, one.exchange, f"{one.period.first_day:%Y-%m}")
        places[key][one.report, one.period.first_day].add(one.outcome)
        sums[key].update(findings=one.finding_count, rows=one.row_count, read=one.read_count)
    found = []
    for key in sorted(places):
        gravest = Counter(min(some, key=GRAVEST_FIRST.index) for some in places[key].values())
        found.append(
            MonthCoverage(
                *key,
                period_count=gravest.total(),
                evaluated_count=sum(gravest[outcome] for outcome in EVALUATED),
                not_applicable_count=gravest[RuleOutcome.NOT_APPLICABLE],
                not_evaluated_count=gravest[RuleOutcome.NOT_EVALUATED],
                failed_count=gravest[RuleOutcome.FAILED],
                not_recorded_count=gravest[RuleOutcome.NOT_RECORDED],
                finding_count=sums[key]["findings"],
                row_count=sums[key]["rows"],
                read_count=sums[key]["read"],
            )
        )
    return tuple(found)

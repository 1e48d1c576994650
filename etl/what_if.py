"""What a change of thresholds would do, over the stored facts, before anyone makes it: nothing is recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from etl.exchanges import all_exchanges
from etl.failures import recorded
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.submissions import Submission
from etl.records.thresholds import ThresholdChange, number_of
from etl.review import batches, failing, findings_now
from etl.store import Store
from expectations.catalogue import all_reports, all_rules, published_rules
from expectations.catalogue import report as report_of
from expectations.vocabulary import Cadence, Finding, Period, Rule


class NoSuchThresholdError(ValueError):
    """A rule or threshold that cannot be varied, with a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of findings now and with the other thresholds, and how many are new or gone."""

    now: int
    then: int
    new: int
    gone: int

    def as_tuple(self) -> tuple[int, int, int, int]:
        """In the order of a table's columns."""
        return self.now, self.then, self.new, self.gone


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a rule finds with the thresholds in force and with others."""

    rule: str
    thresholds: Mapping[str, Decimal]
    submissions: int
    files_changed: tuple[str, ...]
    by_exchange: Mapping[str, Counts]
    failed: tuple[str, ...] = ()
    """Submissions that we failed on, which are not counted; each has an incident."""

    def as_record(self) -> dict[str, Any]:
        """For JSON."""
        every = self.by_exchange.values()
        return {
            "rule": self.rule,
            "parameters": {name: f"{value:f}" for name, value in self.thresholds.items()},
            "submissions": self.submissions,
            "failed": list(self.failed),
            "findings_now": sum(counts.now for counts in every),
            "findings_then": sum(counts.then for counts in every),
            "new": sum(counts.new for counts in every),
            "gone": sum(counts.gone for counts in every),
            "files_changed": len(self.files_changed),
            "exchanges_changed": sum(bool(counts.new or counts.gone) for counts in every),
            "by_exchange": {
                exchange: dict(zip(("now", "then", "new", "gone"), counts.as_tuple(), strict=True))
                for exchange, counts in self.by_exchange.items()
            },
        }


def compare_rule(
    store: Store,
    rule_id: str,
    thresholds: Mapping[str, str],
    first: Period | None,
    last: Period | None,
    *,
    exchange: str | None = None,
) -> Comparison:
    """Judge the accepted submissions of a rule's report twice and compare; what we fail on is left out and named.

    The values are those of `exchange` alone, or common ones, before which an exchange's own go, as on approval. Raises
    NoSuchThresholdError where the rule is unknown, is not judged over accepted files, or has no such threshold, and
    where there is no such exchange.
    """
    rule, report = _rule(rule_id)
    if exchange is not None and exchange not in all_exchanges():
        raise NoSuchThresholdError(f"there is no exchange '{exchange}'; the members are {', '.join(all_exchanges())}")
    values = {name: _value(rule, name, text) for name, text in thresholds.items()}
    return _compared(store, rule, report, values, exchange, first, last)


def what_if_of(store: Store, change: ThresholdChange, first_day: date, last_day: date) -> dict[str, Any]:
    """What a change would have done in some days, had it been in force on them, by every rule that it concerns.

    The record that goes with a proposal; months are taken whole. RefusedError where the change cannot be.
    """
    value = number_of(change)
    rules = [rule for name in all_reports() for rule in published_rules(name) if change.name in rule.parameters]
    months = Period.parse(f"{first_day:%Y-%m}"), Period.parse(f"{last_day:%Y-%m}")
    days = Period.of_day(first_day), Period.of_day(last_day)
    comparisons = [
        _compared(
            store,
            rule,
            str(rule.report),
            {change.name: Decimal(value)},
            change.exchange,
            *(months if report_of(str(rule.report)).cadence is Cadence.MONTH else days),
        )
        for rule in rules
    ]
    return {
        "name": change.name,
        "exchange": change.exchange,
        "value": f"{value}",
        "first_day": first_day.isoformat(),
        "last_day": last_day.isoformat(),
        "rules": [compared.as_record() for compared in comparisons],
    }


def _compared(
    store: Store,
    rule: Rule,
    report: str,
    values: Mapping[str, Decimal],
    exchange: str | None,
    first: Period | None,
    last: Period | None,
) -> Comparison:
    """A rule's findings by what is in force beside those by other values, of all exchanges or of one alone."""
    now: dict[str, list[Finding]] = {}
    then: dict[str, list[Finding]] = {}
    failed: list[str] = []
    with reading(store.engine) as connection:
        accepted = life.in_force(connection, report, first=first, last=last)

    def judge(some: Sequence[Submission]) -> None:
        with reading(store.engine) as connection:
            before = findings_now(store, connection, report, some, [rule])
            after = findings_now(store, connection, report, some, [rule], instead=values, instead_of=exchange)
        now.update(before)
        then.update(after)

    for batch in batches(accepted):
        for some, error in failing(judge, batch):
            failed += [submission.id for submission in some]
            recorded(store.engine, error, some[0].id)
    accepted = [submission for submission in accepted if submission.id in now]
    changed = tuple(id_ for id_ in now if Counter(_places(now[id_])) != Counter(_places(then[id_])))
    exchanges = dict.fromkeys(submission.exchange for submission in accepted)
    return Comparison(
        rule=rule.id,
        thresholds=values,
        submissions=len(accepted),
        files_changed=changed,
        by_exchange={
            exchange: _counts([s.id for s in accepted if s.exchange == exchange], now, then) for exchange in exchanges
        },
        failed=tuple(failed),
    )


def _rule(rule_id: str) -> tuple[Rule, str]:
    """The rule, and the report whose accepted files it judges."""
    rule = all_rules().get(rule_id)
    if rule is None:
        raise NoSuchThresholdError(f"there is no rule '{rule_id}'; 'daxa rules' lists them")
    if rule.kind.rejects or rule.report is None or not rule.parameters:
        raise NoSuchThresholdError(f"{rule_id} has no threshold that could be another over accepted files")
    return rule, rule.report


def _value(rule: Rule, name: str, text: str) -> Decimal:
    if name not in rule.parameters:
        raise NoSuchThresholdError(f"{rule.id} has no threshold '{name}'; it has {', '.join(rule.parameters)}")
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise NoSuchThresholdError(f"'{text}' is no number for {name}; write one such as 0.02")
    return value


def _places(findings: list[Finding]) -> list[tuple[object, ...]]:
    """What makes a finding the same one: its subject, place and interval, not the words about its threshold."""
    return [(f.subject, f.row, f.column, f.start, f.end) for f in findings]


def _counts(ids: list[str], now: Mapping[str, list[Finding]], then: Mapping[str, list[Finding]]) -> Counts:
    before = Counter((id_, place) for id_ in ids for place in _places(now[id_]))
    after = Counter((id_, place) for id_ in ids for place in _places(then[id_]))
    return Counts(before.total(), after.total(), (after - before).total(), (before - after).total())

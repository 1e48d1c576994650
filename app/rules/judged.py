"""What became of the rules: of one submission rule by rule, and of one rule by exchange and month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.columns import Count, ExchangeId, Instant, KindCode, LongText, Text
from app.ledger import outcome_text, overall_text, why_text
from app.queries.choice import Choice
from app.scope import Scope
from etl.ledger import GRAVEST_FIRST, MonthCoverage, coverage, current_ledger, ledger, tally
from etl.records import submissions as life
from etl.records.engine import reading
from etl.store import Store
from expectations.catalogue import all_rules, report
from expectations.vocabulary import Cadence, Period, Rule


@dataclass(frozen=True, slots=True)
class JudgedRule:
    """What became of a rule of a submission, in words: how many findings, on how many rows, why not, and when."""

    rule: Text
    kind: KindCode
    rule_outcome: Text
    finding_count: Count
    row_count: Count
    read_count: Count
    why: LongText
    judged_at: Instant | None
    rule_set_version: Text | None


@dataclass(frozen=True, slots=True)
class JudgedRules:
    """Every rule of a submission, and what they come to in a sentence; `is_complete` where none is left open."""

    rules: tuple[JudgedRule, ...]
    overall: str
    is_complete: bool


@dataclass(frozen=True, slots=True)
class RuleMonth:
    """On how many periods of a month a rule was evaluated for an exchange, and on how many rows."""

    month: Text
    exchange: ExchangeId
    period_count: Count
    evaluated_count: Count
    not_applicable_count: Count
    not_evaluated_count: Count
    failed_count: Count
    not_recorded_count: Count
    finding_count: Count
    row_count: Count
    read_count: Count


_NOTHING = JudgedRules((), "", is_complete=False)


def judged_rules(store: Store, scope: Scope, submission: str, language: str) -> JudgedRules:
    """What became of every rule of a submission, what is open first; nothing of what may not be seen."""
    with reading(store.engine) as connection:
        filed = life.by_id(connection, submission)
        if filed is None or filed.exchange not in scope.visible_rows():
            return _NOTHING
        entries = sorted(ledger(connection, [filed]), key=lambda one: GRAVEST_FIRST.index(one.outcome))
    counted = tally(entries)
    lines = tuple(
        JudgedRule(
            one.rule.id,
            one.rule.kind.value,
            outcome_text(one, language),
            one.finding_count,
            one.row_count,
            one.read_count,
            why_text(one, language),
            one.at,
            one.rule_set_version,
        )
        for one in entries
    )
    return JudgedRules(lines, overall_text(counted, language), counted.is_complete)


def rule_months(store: Store, scope: Scope, choice: Choice, rule: str, moment: datetime) -> tuple[RuleMonth, ...]:
    """On how many periods of each month a rule was evaluated, by exchange; nothing of a rule that is about none."""
    first, last = _periods(all_rules()[rule], choice)
    with reading(store.engine) as connection:
        found = coverage(
            current_ledger(
                connection,
                moment,
                exchanges=scope.visible(choice.exchanges),
                rules=(rule,),
                first=first,
                last=last,
            )
        )
    return tuple(sorted((_month(one) for one in found), key=lambda one: (one.month, one.exchange)))


def _periods(rule: Rule, choice: Choice) -> tuple[Period, Period]:
    """The chosen days, or the months that they touch."""
    days = choice.first_day, choice.last_day
    if rule.report is not None and report(rule.report).cadence is Cadence.MONTH:
        first, last = (Period.parse(f"{day:%Y-%m}") for day in days)
    else:
        first, last = map(Period.of_day, days)
    return first, last


def _month(one: MonthCoverage) -> RuleMonth:
    return RuleMonth(
        one.month,
        one.exchange,
        one.period_count,
        one.evaluated_count,
        one.not_applicable_count,
        one.not_evaluated_count,
        one.failed_count,
        one.not_recorded_count,
        one.finding_count,
        one.row_count,
        one.read_count,
    )

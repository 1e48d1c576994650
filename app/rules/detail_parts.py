"""One rule: what it says, where it comes from, its condition, and its thresholds with their reasons."""

from __future__ import annotations

from dataclasses import dataclass

from app.amounts import exact
from app.columns import Day, LongText, SourceCode, Text, columns_of
from app.rules import book
from app.rules.filter_parts import report_of_rule
from app.rules.interpretation_parts import interpretation_section
from app.rules.list_parts import effective_text
from app.rules.threshold_parts import reason_text
from app.widgets.header import code, facts, kind_mark, note, section, source_mark, subtitle
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View
from expectations.vocabulary import Parameter, Rule


@dataclass(frozen=True, slots=True)
class FailureRow:
    """One of the ways in which a rule can fail."""

    sentence: LongText


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    """A value of a threshold in words, with the exchanges that it is for and its first day."""

    parameter: Text
    value: Text
    unit: Text
    exchange: Text
    effective_from: Day
    source: SourceCode


def rule_description(view: View, rule: Rule) -> None:
    """What a rule says and comes from, its interpretation, the ways in which it fails, and its condition."""
    section(view, "rules.one", rule=rule.id, kind=view.code(rule.kind))
    _facts(view, rule)
    interpretation_section(view, rule)
    if rule.reasons:
        rows = [FailureRow(text.in_language(view.language)) for text in rule.reasons.values()]
        subtitle(view.say("rules.reasons", count=len(rows)))
        table(view, rows, columns_of(FailureRow), alt=view.say("column.reason"))
    if rule.kwargs:
        code(view, view.say("rules.condition"), book.condition(rule))
    else:
        note(view.say("rules.in_reading"))


def _facts(view: View, rule: Rule) -> None:
    """What a rule says, what its failure leads to, and where it comes from."""
    pairs = {
        "statement": rule.statement.in_language(view.language),
        "remedy": rule.remedy.in_language(view.language),
        "kind": f"{kind_mark(view, rule.kind)} · {view.say(f'effect.{rule.kind}')}",
        "report": report_of_rule(view, book.report_of(rule)),
        "source": source_mark(view, rule.source),
        "effective_from": effective_text(view, rule),
    }
    if rule.needs:
        pairs["needs"] = " · ".join(view.report(name) for name in rule.needs)
    facts({view.say(f"column.{name}"): text for name, text in pairs.items()})


@part
def threshold_section(view: View, rule: Rule) -> None:
    """The thresholds of a rule: every value that is or was in force with its reason, and who has none."""
    found = book.thresholds_of(rule, view.thresholds)
    if not found:
        return
    section(view, "rules.parameters", count=len(found))
    rows = [_threshold_row(view, one) for one in found]
    table(view, rows, columns_of(ThresholdRow), alt=view.say("column.parameter"))
    for row, one in zip(rows, found, strict=True):
        note(view.say("rules.why", parameter=row.parameter, reason=reason_text(view, one)))
    day = view.choice.last_day
    absent = [
        view.exchange(name) for name in view.exchanges if not book.is_evaluated_at(rule, name, day, view.thresholds)
    ]
    if absent:
        note(view.say("rules.no_threshold", exchanges=", ".join(absent)))


def _threshold_row(view: View, one: Parameter) -> ThresholdRow:
    return ThresholdRow(
        parameter=view.say(f"parameter.{one.name}"),
        value=exact(one.value),
        unit=view.unit(one.name),
        exchange=view.exchange(one.exchange) if one.exchange else view.say("filter.all_exchanges"),
        effective_from=one.effective_from,
        source=one.source.value,
    )

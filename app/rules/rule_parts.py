"""The rules in force behind a page: each with its sentence, source and date, and its thresholds with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.columns import Day, LongText, SourceCode, Text, columns_of
from app.rules import book
from app.rules.threshold_parts import reason_text, value_text
from app.widgets.address import go
from app.widgets.header import note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View
from expectations.vocabulary import Parameter


@dataclass(frozen=True, slots=True)
class RuleBoxRow:
    """A rule with its sentence as `reason`, or one of its thresholds with value and reason."""

    rule: Text
    parameter: Text
    value: Text | None
    source: SourceCode
    effective_from: Day | None
    reason: LongText


@part
def rule_box(view: View, rules: Sequence[str]) -> None:
    """The rules and their thresholds on the last of the chosen days; a row leads to its rule."""
    day = view.choice.last_day
    section(view, "rule_box.title", day=day)
    table(
        view,
        lambda: _in_force(view, rules, day),
        columns_of(RuleBoxRow),
        alt=view.say("rule_box.title", day=day),
        key="rule_box",
        on_pick=lambda row: go("rules", rule=row.rule),
        most_rows=None,
    )
    note(view.say("rule_box.how"))


def _in_force(view: View, rules: Sequence[str], day: date) -> list[RuleBoxRow]:
    """A row for each rule, and one for each threshold that all exchanges share on `day`."""
    rows = []
    for rule in map(book.known_rule, rules):
        statement = rule.statement.in_language(view.language)
        word = view.say("rule_box.rule")
        rows.append(RuleBoxRow(rule.id, word, None, rule.source.value, rule.effective_from, statement))
        in_force = (view.thresholds.in_force(name, day) for name in rule.parameters)
        rows.extend(_threshold_row(view, rule.id, found) for found in in_force if found is not None)
    return rows


def _threshold_row(view: View, rule: str, threshold: Parameter) -> RuleBoxRow:
    return RuleBoxRow(
        rule=rule,
        parameter=view.say(f"parameter.{threshold.name}"),
        value=value_text(view, threshold.name, threshold.value),
        source=threshold.source.value,
        effective_from=threshold.effective_from,
        reason=reason_text(view, threshold),
    )

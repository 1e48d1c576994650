"""The rule book as screens show it: rules by filter, the thresholds that they need, and their conditions as text."""

from __future__ import annotations

import json
from datetime import date

from expectations.catalogue import all_rules
from expectations.thresholds import Thresholds
from expectations.vocabulary import Parameter, Rule

COMMON = "common"
"""In place of a report: the rules that hold for all."""
LATE_OR_MISSING = "CAL-001"
"""Findings of this rule are of late reports; a missing report follows from the due times at the moment of a query."""
MEMBERSHIP = "XEX-001"
"""This rule has no recorded finding: it is about reports that were never filed."""


def filtered_rules(kind: str = "", report: str = "", source: str = "") -> list[Rule]:
    """Return the rules of a kind, a report (or COMMON) and a source in the book's order; an empty text means all."""
    return [
        rule
        for rule in all_rules().values()
        if kind in ("", rule.kind.value) and report in ("", report_of(rule)) and source in ("", rule.source.value)
    ]


def rule_called(name: str) -> Rule | None:
    """Return the rule with that id; None where there is none."""
    return all_rules().get(name)


def known_rule(name: str) -> Rule:
    """Return the rule with that id; KeyError where there is none."""
    return all_rules()[name]


def report_of(rule: Rule) -> str:
    """Return the report that a rule is about, or COMMON."""
    return rule.report or COMMON


def thresholds_of(rule: Rule, thresholds: Thresholds) -> list[Parameter]:
    """Return every value of a rule's thresholds that is or was in force, in the order of the book."""
    return [value for value in thresholds.entries if value.name in rule.parameters]


def is_evaluated_at(rule: Rule, exchange: str, day: date, thresholds: Thresholds) -> bool:
    """Return False where a threshold of the rule is other exchanges' only, or this one's from a later day on."""
    return thresholds.are_set(rule.parameters, day, exchange)


_REPORTS_BEHIND = {
    "actions": "key_actions",
    "audit_": "audits",
    "current_halts": "halts",
    "key_action": "key_actions",
    "key_days": "api_keys",
    "reconcil": "reconciliation",
    "shortfalls": "reconciliation",
    "surveillance": "surveillance",
    "volume": "api_volume",
}


def report_behind(relation: str) -> str:
    """Return the report whose figures a relation holds, by how its name begins; empty where it is about all."""
    return next((report for begin, report in _REPORTS_BEHIND.items() if relation.startswith(begin)), "")


def condition(rule: Rule) -> str:
    """Return what is evaluated as the suite has it: the expectation's type, its query, then its other arguments."""
    query = rule.kwargs.get("query")
    rest = {name: value for name, value in rule.kwargs.items() if name != "query"}
    parts = [f"-- {rule.type}", *([query] if query else [])]
    if rest:
        parts.append(json.dumps(rest, ensure_ascii=False, indent=2))
    return "\n".join(parts)

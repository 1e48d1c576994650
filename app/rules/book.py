"""The rule book as the screens show it: rules by filter, their thresholds, and their conditions as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import Any

from expectations.catalogue import all_rules, thresholds_of_the_book
from expectations.thresholds import Thresholds
from expectations.vocabulary import Parameter as Parameter
from expectations.vocabulary import Rule as Rule

COMMON = "common"
"""In place of a report: the rules that hold for all."""
LATE_OR_MISSING = "CAL-001"
"""Of this rule only what is late is stored; what is missing follows from the due times at the moment one asks."""
MEMBERSHIP = "XEX-001"
"""Nothing is stored of this rule: it is about what was never filed."""
_JUDGED_BY: ContextVar[Thresholds | None] = ContextVar("judged_by", default=None)
"""The thresholds of the store that is looked at: one screen's run may look at another store than the next one's."""


@contextmanager
def judged_by(thresholds: Thresholds) -> Iterator[None]:
    """Within it, what is asked here is of the store that is judged by `thresholds`; outside, of the book itself."""
    token = _JUDGED_BY.set(thresholds)
    try:
        yield
    finally:
        _JUDGED_BY.reset(token)


def present_thresholds() -> Thresholds:
    """The thresholds of the store that is looked at."""
    return _JUDGED_BY.get() or thresholds_of_the_book()


def parameter(name: str, day: date | None = None, exchange: str | None = None) -> Any:
    """The value of a threshold as `Thresholds.value` says it of the store that is looked at."""
    return present_thresholds().value(name, day, exchange)


def rules(kind: str = "", report: str = "", source: str = "") -> list[Rule]:
    """The rules of a kind, a report (or COMMON) and a source, in the order of the book; an empty text means all."""
    return [
        rule
        for rule in all_rules().values()
        if kind in ("", rule.kind.value) and report in ("", report_of(rule)) and source in ("", rule.source.value)
    ]


def rule_called(name: str) -> Rule | None:
    """The rule with that id; none where there is none."""
    return all_rules().get(name)


def known_rule(name: str) -> Rule:
    """The rule with that id."""
    return all_rules()[name]


def report_of(rule: Rule) -> str:
    """The report that a rule is about, or COMMON."""
    return rule.report or COMMON


def thresholds(rule: Rule) -> list[Parameter]:
    """Every value of a rule's thresholds that is or was in force, in the order of the book."""
    return [value for value in present_thresholds().entries if value.name in rule.parameters]


def threshold(name: str, day: date, exchange: str | None = None) -> Parameter | None:
    """The value of a threshold in force on `day`, with its source; none where only other exchanges have one."""
    return present_thresholds().in_force(name, day, exchange)


def known_threshold(name: str, day: date) -> Parameter:
    """The value that all exchanges share on `day`."""
    found = threshold(name, day)
    if found is None:
        raise LookupError(f"the threshold '{name}' is each exchange's own")
    return found


def is_evaluated_at(rule: Rule, exchange: str, day: date) -> bool:
    """False where a threshold of the rule is known for other exchanges only, or for this one from a later day on."""
    return all(parameter(name, day, exchange) is not None for name in rule.parameters)


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
    """The report whose figures a relation holds, by how its name begins; empty where it is about all."""
    return next((report for begin, report in _REPORTS_BEHIND.items() if relation.startswith(begin)), "")


def condition(rule: Rule) -> str:
    """What is evaluated, as the suite has it: the verb, a query as it stands, then the rest."""
    query = rule.kwargs.get("query")
    rest = {name: value for name, value in rule.kwargs.items() if name != "query"}
    parts = [f"-- {rule.type}", *([query] if query else [])]
    if rest:
        parts.append(json.dumps(rest, ensure_ascii=False, indent=2))
    return "\n".join(parts)

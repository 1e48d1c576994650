"""The list of rules with their open findings at each exchange, and its summary in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from app.columns import Shown
from app.rules import book
from app.rules.evaluated import UnevaluatedRule
from app.rules.filter_parts import report_of_rule
from app.rules.findings import FindingCount
from app.rules.interpretation_parts import change_mark
from app.widgets.address import pick
from app.widgets.header import note, sentence, source_mark
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View
from expectations.vocabulary import Rule

# The columns of the list; between them stands one of open findings for each exchange.
_FIRST = {"rule": Shown.TEXT, "kind": Shown.KIND, "source": Shown.SOURCE, "expected_to_change": Shown.TEXT}
_LAST = {
    "explained_away": Shown.TEXT,
    "unevaluated_day_count": Shown.COUNT,
    "statement": Shown.LONG_TEXT,
    "report": Shown.TEXT,
    "effective_from": Shown.TEXT,
}


def rule_rows(
    view: View,
    rules: Sequence[Rule],
    counts: Sequence[FindingCount],
    unevaluated: Sequence[UnevaluatedRule],
    explained: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return one row per rule; under an exchange's id its open findings, None where the rule is not evaluated there.

    `explained` says by rule how many findings were explained away.
    """
    found: Counter[tuple[str, str]] = Counter()
    for one in counts:
        found[one.rule, one.exchange] += one.open_finding_count
    missed: Counter[str] = Counter()
    for each in unevaluated:
        missed[each.rule] += each.unevaluated_day_count
    never = {(one.rule, one.exchange) for one in unevaluated if one.accepted_day_count == one.unevaluated_day_count}
    return [
        {
            "rule": rule.id,
            "kind": rule.kind.value,
            "source": rule.source.value,
            "expected_to_change": change_mark(view, rule),
            "statement": rule.statement.in_language(view.language),
            **{name: _open_count(view, rule, name, found, never) for name in view.exchanges},
            "explained_away": explained.get(rule.id, ""),
            "unevaluated_day_count": missed[rule.id] if rule.needs else None,
            "report": report_of_rule(view, book.report_of(rule)),
            "effective_from": effective_text(view, rule),
        }
        for rule in rules
    ]


def _open_count(
    view: View,
    rule: Rule,
    exchange: str,
    found: Mapping[tuple[str, str], int],
    never: Collection[tuple[str, str]],
) -> int | None:
    """Open findings of a rule at an exchange; None where it was never evaluated or has no recorded findings."""
    day = view.choice.last_day
    if rule.id == book.MEMBERSHIP or not book.is_evaluated_at(rule, exchange, day, view.thresholds):
        return None
    count = found.get((rule.id, exchange), 0)
    return None if (rule.id, exchange) in never and not count else count


def effective_text(view: View, rule: Rule) -> str:
    """Return from which day a rule is in force."""
    return str(rule.effective_from) if rule.effective_from else view.say("rules.always")


def rule_summary(view: View, rules: Sequence[Rule], rows: Sequence[Mapping[str, Any]]) -> None:
    """How many rules there are by source, how many are expected to change, and how many findings are open."""
    sources = Counter(rule.source for rule in rules)
    open_count = sum(row[name] or 0 for row in rows for name in view.exchanges)
    sentence(
        view.say(
            "rules.summary",
            count=len(rules),
            sources=" · ".join(f"{source_mark(view, source)} {count}" for source, count in sources.items()),
            changing=sum(rule.interpretation.expected_to_change is not None for rule in rules),
            open=f"{open_count:,}",
        )
    )


@part
def rule_table(view: View, rows: Sequence[Mapping[str, Any]]) -> None:
    """The list of rules; a row opens its rule below."""
    table(
        view,
        lambda: rows,
        {**_FIRST, **dict.fromkeys(view.exchanges, Shown.COUNT), **_LAST},
        labels={name: view.exchange(name) for name in view.exchanges},
        key="rules",
        alt=view.say("rules.title"),
        on_pick=lambda row: pick(rule=row["rule"], page=""),
    )
    note(view.say("rules.how"))

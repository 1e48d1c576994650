"""What became of the rules, on screens: the table of a submission's rules, and that of a rule's months."""

from __future__ import annotations

from collections.abc import Sequence

from app.columns import columns_of
from app.rules.judged import JudgedRule, JudgedRules, RuleMonth
from app.widgets.address import go
from app.widgets.header import empty, note, section, sentence
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View
from expectations.vocabulary import Rule

_OF_SUBMISSION = columns_of(
    JudgedRule,
    *("rule", "kind", "rule_outcome", "finding_count", "why", "row_count", "read_count", "judged_at"),
    "rule_set_version",
)


@part
def judged_section(view: View, submission: str, judged: JudgedRules) -> None:
    """Every rule of a submission: what became of it, on how many rows, and why it was not judged."""
    section(view, "ledger.title")
    sentence(judged.overall)
    table(
        view,
        lambda: judged.rules,
        _OF_SUBMISSION,
        labels={"why": view.say("ledger.why"), "row_count": view.say("ledger.rows")},
        key=f"judged.{submission}",
        alt=view.say("ledger.title"),
        on_pick=lambda row: go("rules", rule=row.rule),
    )
    note(view.say("ledger.how"))


@part
def months_section(view: View, rule: Rule, months: Sequence[RuleMonth]) -> None:
    """On how many days of each month a rule was evaluated for each exchange, and on what."""
    section(view, "ledger.months")
    if not months:
        empty(view, "judged_months")
        return
    evaluated, due = (sum(getattr(one, name) for one in months) for name in ("evaluated_count", "period_count"))
    apart = sum(one.not_applicable_count for one in months)
    counts = {"evaluated": f"{evaluated:,}", "due": f"{due:,}", "apart": f"{apart:,}"}
    sentence(view.say("ledger.of_days", **counts))
    if rule.report is not None:
        names = " · ".join(view.report(name) for name in (rule.report, *rule.needs))
        note(view.say("ledger.on_what", reports=names))
    table(
        view,
        lambda: months,
        columns_of(RuleMonth),
        labels={"row_count": view.say("ledger.rows")},
        alt=view.say("ledger.months"),
    )

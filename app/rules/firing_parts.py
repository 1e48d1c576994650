"""How often a rule fired by month, on which days it was not evaluated, and its open findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.columns import Count, ExchangeId, LongText, columns_of
from app.rules import book
from app.rules.evaluated import UnevaluatedRule
from app.rules.finding_charts import findings_by_month
from app.rules.finding_parts import open_finding_list
from app.rules.findings import About, MonthCount
from app.widgets.drawings import chart
from app.widgets.header import columns, empty, note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View
from expectations.vocabulary import Rule


@dataclass(frozen=True, slots=True)
class UnevaluatedRow:
    """The accepted days of an exchange on which a rule was not evaluated, the days as one text."""

    exchange: ExchangeId
    accepted_day_count: Count
    unevaluated_day_count: Count
    days: LongText


@part
def firing_section(view: View, rule: Rule, months: Sequence[MonthCount]) -> None:
    """How often a rule fired by exchange and month, as a chart and as a table."""
    section(view, "rules.firings")
    if rule.id in (book.LATE_OR_MISSING, book.MEMBERSHIP):
        note(view.say("rules.never_filed"))
    if not months:
        empty(view, "firings")
        return
    left, right = columns(2)
    with left:
        chart(
            view,
            lambda: findings_by_month(months, view.look),
            key="findings_by_month",
            title=view.say("rules.by_month"),
            alt=view.say("rules.by_month"),
            frame=lambda: months,
            columns=columns_of(MonthCount),
        )
    with right:
        table(view, lambda: months, columns_of(MonthCount), alt=view.say("rules.by_month"), most_rows=7)


@part
def unevaluated_section(view: View, rule: Rule, unevaluated: Sequence[UnevaluatedRule]) -> None:
    """The accepted days on which a rule that needs other reports could not be evaluated."""
    own = [one for one in unevaluated if one.rule == rule.id]
    if not own:
        if rule.needs:
            note(view.say("rules.all_evaluated"))
        return
    rows = [
        UnevaluatedRow(one.exchange, one.accepted_day_count, one.unevaluated_day_count, ", ".join(map(str, one.days)))
        for one in own
    ]
    section(view, "rules.unevaluated", reports=" · ".join(view.report(name) for name in rule.needs))
    table(view, rows, columns_of(UnevaluatedRow), alt=view.say("column.unevaluated_day_count"))
    note(view.say("rules.not_kept"))


def open_findings_of(view: View, rule: Rule, months: Sequence[MonthCount]) -> None:
    """The open findings of a rule, for those who may see rows."""
    total = sum(one.open_finding_count for one in months)
    if not total or not view.identity.scope.sees_rows:
        return
    section(view, "list.open_findings", count=f"{total:,}")
    alt = view.say("list.open_findings", count=total)
    open_finding_list(view, About(rule=rule.id), total, alt=alt, leave_out=("rule", "kind"))

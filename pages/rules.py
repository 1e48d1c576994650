"""Rules: every rule with its sentence, source, reading, thresholds and examples, how often it fired, and its proof."""

from __future__ import annotations

from app.answers.explanation_parts import explained_table, explained_text
from app.answers.explanations import explained_counts
from app.rules.book import filtered_rules, rule_called
from app.rules.detail_parts import rule_description, threshold_section
from app.rules.evaluated import unevaluated_days
from app.rules.example_parts import example_section
from app.rules.filter_parts import rule_filters
from app.rules.findings import About, finding_counts, month_counts
from app.rules.firing_parts import firing_section, open_findings_of, unevaluated_section
from app.rules.judged import rule_months
from app.rules.judged_parts import months_section
from app.rules.list_parts import rule_rows, rule_summary, rule_table
from app.rules.proof_parts import proof_section
from app.widgets.address import picked
from app.widgets.header import empty, note, page_header, stop
from app.widgets.view import ask, cached, current_view

view = current_view()
page_header(view, "rules")
note(view.say("rules.definition"))
chosen = filtered_rules(*rule_filters(view))
counts = ask(finding_counts, view.choice, About())
unevaluated = ask(unevaluated_days, view.choice)
explained = ask(explained_counts, view.choice)
if not chosen:
    empty(view, "rules")
    stop()
if not any(one.open_finding_count for one in counts):
    empty(view, "open_findings")
explained_texts = {rule.id: explained_text([one for one in explained if one.rule == rule.id]) for rule in chosen}
rows = cached(view, "book", lambda: rule_rows(view, chosen, counts, unevaluated, explained_texts))
rule_summary(view, chosen, rows)
rule_table(view, rows)

rule = rule_called(picked("rule"))
if rule is None:
    if picked("rule"):
        empty(view, "rule", rule=picked("rule"))
    stop()
months = month_counts(counts, rule.id)
rule_description(view, rule)
threshold_section(view, rule)
example_section(view, rule)
proof_section(view, rule)
firing_section(view, rule, months)
months_section(view, rule, ask(rule_months, view.choice, rule.id, view.moment))
explained_table(view, [one for one in explained if one.rule == rule.id])
unevaluated_section(view, rule, unevaluated)
open_findings_of(view, rule, months)

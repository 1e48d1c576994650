"""Rules: every rule with its sentence, source, reading, thresholds and examples, how often it fired, and its proof."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from app.amounts import exact
from app.answers.explanation_parts import explained_table, explained_text
from app.answers.explanations import explained_counts
from app.columns import Shown
from app.frames import frame_of
from app.moments import kst_text
from app.rules import book as rulebook
from app.rules.book import Rule
from app.rules.evaluated import unevaluated_days
from app.rules.filter_parts import report_of_rule, rule_filters
from app.rules.finding_charts import findings_by_month
from app.rules.finding_parts import standing_list
from app.rules.findings import About, finding_counts
from app.rules.interpretation_parts import change_mark, how_it_was_read
from app.rules.proof_parts import proof_section
from app.rules.threshold_parts import reason_text
from app.widgets import header
from app.widgets.address import pick, picked
from app.widgets.drawings import chart
from app.widgets.header import (
    empty,
    facts,
    kind_mark,
    note,
    page_header,
    section,
    sentence,
    source_mark,
    stop,
    subtitle,
)
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View, ask, cached, current_view

# The columns of the tables, and how each is written; a count of each exchange stands between those of the rules.
HEAD = {"rule": Shown.TEXT, "kind": Shown.KIND, "source": Shown.SOURCE, "expected_to_change": Shown.TEXT}
TAIL = {
    "explained_away": Shown.TEXT,
    "unevaluated_day_count": Shown.COUNT,
    "statement": Shown.LONG_TEXT,
    "report": Shown.TEXT,
    "effective_from": Shown.TEXT,
}
PARAMETERS = {
    "parameter": Shown.TEXT,
    "value": Shown.TEXT,
    "unit": Shown.TEXT,
    "exchange": Shown.TEXT,
    "effective_from": Shown.DAY,
    "source": Shown.SOURCE,
}
MONTHS = {
    "month": Shown.TEXT,
    "exchange": Shown.EXCHANGE,
    "found_count": Shown.COUNT,
    "standing_count": Shown.COUNT,
}
UNEVALUATED = {
    "exchange": Shown.EXCHANGE,
    "accepted_day_count": Shown.COUNT,
    "unevaluated_day_count": Shown.COUNT,
    "days": Shown.LONG_TEXT,
}
# What an example holds as text: amounts, by the unit that ends their names, and instants.
AMOUNTS = ("_quantity", "_krw", "_ratio")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d")


def book(view: View, rules: Sequence[Rule]) -> pd.DataFrame:
    """One row per rule, with its standing findings of each exchange; none where it is not evaluated there."""
    standing = counts.groupby(["rule", "exchange"])["standing_count"].sum().to_dict()
    missed = unevaluated.groupby("rule")["unevaluated_day_count"].sum().to_dict()
    is_open = unevaluated["accepted_day_count"] == unevaluated["unevaluated_day_count"]
    wholly_open = set(unevaluated.loc[is_open, ["rule", "exchange"]].itertuples(index=False, name=None))
    rows = [
        {
            "rule": rule.id,
            "kind": rule.kind.value,
            "source": rule.source.value,
            "expected_to_change": change_mark(view, rule),
            "statement": rule.statement.in_language(view.language),
            **{name: standing_of(rule, name, standing, wholly_open) for name in view.exchanges},
            "explained_away": explained_text([one for one in explained if one.rule == rule.id]),
            "unevaluated_day_count": int(missed.get(rule.id, 0)) if rule.needs else None,
            "report": report_of_rule(view, rulebook.report_of(rule)),
            "effective_from": since(view, rule),
        }
        for rule in rules
    ]
    return frame_of(rows, [*HEAD, *view.exchanges, *TAIL])


def standing_of(
    rule: Rule, exchange: str, standing: Mapping[Any, int], wholly_open: Collection[tuple[str, str]]
) -> int | None:
    """How many findings of a rule stand at an exchange; none where it was not evaluated or is never stored."""
    if rule.id == rulebook.MEMBERSHIP or not rulebook.is_evaluated_at(rule, exchange, view.choice.last_day):
        return None
    found = int(standing.get((rule.id, exchange), 0))
    return None if (rule.id, exchange) in wholly_open and not found else found


def since(view: View, rule: Rule) -> str:
    """Since when a rule holds."""
    return str(rule.effective_from) if rule.effective_from else view.say("rules.always")


def passport(view: View, rule: Rule) -> None:
    """What a rule says, what its failure does, and where it comes from."""
    pairs = {
        "statement": rule.statement.in_language(view.language),
        "remedy": rule.remedy.in_language(view.language),
        "kind": f"{kind_mark(view, rule.kind)} · {view.say(f'effect.{rule.kind}')}",
        "report": report_of_rule(view, rulebook.report_of(rule)),
        "source": source_mark(view, rule.source),
        "effective_from": since(view, rule),
    }
    if rule.needs:
        pairs["needs"] = " · ".join(view.report(name) for name in rule.needs)
    facts({view.say(f"column.{name}"): text for name, text in pairs.items()})


@part
def parameters(view: View, rule: Rule) -> None:
    """The thresholds of a rule: every value that was ever in force, and why."""
    thresholds = rulebook.thresholds(rule)
    if not thresholds:
        return
    rows = [
        {
            "parameter": view.say(f"parameter.{threshold.name}"),
            "value": exact(threshold.value),
            "unit": view.unit(threshold.name),
            "exchange": view.exchange(threshold.exchange) if threshold.exchange else view.say("filter.all_exchanges"),
            "effective_from": threshold.effective_from,
            "source": threshold.source.value,
        }
        for threshold in thresholds
    ]
    section(view, "rules.parameters", count=len(rows))
    frame = frame_of(rows, PARAMETERS)
    table(view, frame, PARAMETERS, alt=view.say("column.parameter"))
    for row, threshold in zip(rows, thresholds, strict=True):
        said = view.say("rules.why", parameter=row["parameter"], reason=reason_text(view, threshold))
        note(said)
    absent = [
        view.exchange(name) for name in view.exchanges if not rulebook.is_evaluated_at(rule, name, view.choice.last_day)
    ]
    if absent:
        note(view.say("rules.no_threshold", exchanges=", ".join(absent)))


@part
def examples(view: View, rule: Rule) -> None:
    """Rows that keep a rule and rows that break it, and what is found of the latter."""
    section(view, "rules.examples")
    if "bad_ko" in rule.example:
        told = {name: rule.example[f"{name}_{view.language}"] for name in ("good", "bad")}
        facts({view.say(f"rules.{name}"): text for name, text in told.items()})
        return
    report = rule.report or rule.example.get("report", "")
    good, bad = rule.example["good"], rule.example["bad"]
    contexts = rule.example.get("good_context", {}), rule.example.get("bad_context", {})
    for name, rows, context in (("good", good, contexts[0]), ("bad", bad, contexts[1])):
        subtitle(view.say(f"rules.{name}"))
        if rows:
            example_rows(view, report, rows, bad if name == "good" else good)
        for relation, own in context.items():
            note(view.say("rules.relation", relation=view.say(f"relation.{relation}")))
            other = contexts[1 if name == "good" else 0].get(relation, [])
            example_rows(view, rulebook.report_behind(relation), own, other)
    note(view.say("rules.expected"))
    reasons = {code: text.in_language(view.language) for code, text in rule.reasons.items()}
    found = [
        {**one, "reason": reasons[one["reason"]]} if one.get("reason") else one for one in rule.example["findings"]
    ]
    example_rows(view, report, found, [])


def example_rows(view: View, report: str, rows: Sequence[Mapping[str, Any]], others: Sequence[Any]) -> None:
    """Rows of an example as a table, the columns first in which it differs from the other example."""
    if not rows:
        note(view.say("rules.no_rows"))
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    told = {name: {repr(row.get(name)) for row in others} for name in names}
    names.sort(key=lambda name: not others or all(repr(row.get(name)) in told[name] for row in rows))
    values = [{name: in_words(view, name, row.get(name)) for name in names} for row in rows]
    labels = {name: view.label(report, name) for name in names}
    frame = frame_of(values, names)
    columns = dict.fromkeys(names, Shown.TEXT)
    table(view, frame, columns, labels=labels, alt=view.say("rules.examples"), most_rows=6)


def in_words(view: View, name: str, value: Any) -> str | None:
    """A value of an example: names and codes in words, numbers with thousands, instants in KST."""
    if value is None:
        return None
    if name == "exchange":
        return view.exchange(value)
    if name == "report":
        return view.report(value)
    if not isinstance(value, str):
        return exact(value) if type(value) is int else str(value)
    if name.endswith(AMOUNTS):
        return exact(Decimal(value))
    return f"{kst_text(datetime.fromisoformat(value))} KST" if INSTANT.fullmatch(value) else view.code(value)


@part
def firings(view: View, rule: Rule) -> None:
    """How often a rule fired by exchange and month, and its findings that stand."""
    own = cached(view, "firings", lambda: by_month(rule))
    total = int(own["standing_count"].sum())
    section(view, "rules.firings")
    if rule.id in (rulebook.LATE_OR_MISSING, rulebook.MEMBERSHIP):
        note(view.say("rules.never_filed"))
    if own.empty:
        empty(view, "firings")
    else:
        left, right = header.columns(2)
        with left:
            chart(
                view,
                lambda: findings_by_month(own, view.look),
                key="findings_by_month",
                title=view.say("rules.by_month"),
                alt=view.say("rules.by_month"),
                frame=lambda: own,
                columns=MONTHS,
            )
        with right:
            table(view, lambda: own, MONTHS, alt=view.say("rules.by_month"), most_rows=7)
    explained_table(view, [one for one in explained if one.rule == rule.id])
    missing_days(view, rule)
    if total and view.identity.scope.sees_rows:
        section(view, "list.standing", count=f"{total:,}")
        about = About(rule=rule.id)
        standing_list(view, about, total, alt=view.say("list.standing", count=total), leave_out=("rule", "kind"))


def by_month(rule: Rule) -> pd.DataFrame:
    """How often a rule fired, by month and exchange."""
    own = counts[counts["rule"] == rule.id]
    return own.groupby(["month", "exchange"], as_index=False)[["found_count", "standing_count"]].sum()


@part
def missing_days(view: View, rule: Rule) -> None:
    """The accepted days on which a rule could not be evaluated."""
    own = unevaluated[unevaluated["rule"] == rule.id]
    if own.empty:
        if rule.needs:
            note(view.say("rules.all_evaluated"))
        return
    shown = own.assign(days=[", ".join(str(day) for day in days) for days in own["days"]])
    section(view, "rules.unevaluated", reports=" · ".join(view.report(name) for name in rule.needs))
    table(view, shown, UNEVALUATED, alt=view.say("column.unevaluated_day_count"))
    note(view.say("rules.not_kept"))


view = current_view()
page_header(view, "rules")
note(view.say("rules.definition"))
chosen = rulebook.rules(*rule_filters(view))
counts = ask(finding_counts, view.choice, About())
unevaluated = ask(unevaluated_days, view.choice)
explained = ask(explained_counts, view.choice)
if not chosen:
    empty(view, "rules")
    stop()
if not counts["standing_count"].sum():
    empty(view, "standing")
frame = cached(view, "book", lambda: book(view, chosen))
sources = [rule.source for rule in chosen]
sentence(
    view.say(
        "rules.summary",
        count=len(chosen),
        sources=" · ".join(f"{source_mark(view, source)} {sources.count(source)}" for source in dict.fromkeys(sources)),
        changing=sum(rule.interpretation.expected_to_change is not None for rule in chosen),
        standing=f"{int(sum(frame[name].dropna().sum() for name in view.exchanges)):,}",
    )
)
table(
    view,
    lambda: frame,
    {**HEAD, **dict.fromkeys(view.exchanges, Shown.COUNT), **TAIL},
    labels={name: view.exchange(name) for name in view.exchanges},
    key="rules",
    alt=view.say("rules.title"),
    on_pick=lambda row: pick(rule=row["rule"], page=""),
)
note(view.say("rules.how"))
rule = rulebook.rule_called(picked("rule"))
if rule is None:
    if picked("rule"):
        empty(view, "rule", rule=picked("rule"))
    stop()
section(view, "rules.one", rule=rule.id, kind=view.code(rule.kind))
passport(view, rule)
how_it_was_read(view, rule)
if rule.reasons:
    columns = {"sentence": Shown.LONG_TEXT}
    with_reasons = [{"sentence": text.in_language(view.language)} for text in rule.reasons.values()]
    subtitle(view.say("rules.reasons", count=len(with_reasons)))
    table(view, frame_of(with_reasons, columns), columns, alt=view.say("column.reason"))
if rule.kwargs:
    header.code(view, view.say("rules.condition"), rulebook.condition(rule))
else:
    note(view.say("rules.in_reading"))
parameters(view, rule)
examples(view, rule)
proof_section(view, rule)
firings(view, rule)

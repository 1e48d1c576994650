"""The examples of a rule: rows that keep it, rows that break it, and the findings of the latter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.amounts import exact
from app.columns import Shown
from app.moments import kst_text
from app.rules.book import report_behind
from app.widgets.header import facts, note, section, subtitle
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View
from expectations.vocabulary import Rule

# Examples hold amounts and instants as text: amounts in fields that end so, instants in ISO 8601 with an offset.
_AMOUNTS = ("_quantity", "_krw", "_ratio")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d")


@part
def example_section(view: View, rule: Rule) -> None:
    """Rows that keep a rule and rows that break it, what is read with them, and the findings of the broken ones."""
    section(view, "rules.examples")
    if "bad_ko" in rule.example:
        texts = {name: rule.example[f"{name}_{view.language}"] for name in ("good", "bad")}
        facts({view.say(f"rules.{name}"): text for name, text in texts.items()})
        return
    report = rule.report or rule.example.get("report", "")
    good, bad = rule.example["good"], rule.example["bad"]
    good_context, bad_context = rule.example.get("good_context", {}), rule.example.get("bad_context", {})
    _one_example(view, report, "good", good, bad, good_context, bad_context)
    _one_example(view, report, "bad", bad, good, bad_context, good_context)
    note(view.say("rules.expected"))
    reasons = {name: text.in_language(view.language) for name, text in rule.reasons.items()}
    found = [
        {**one, "reason": reasons[one["reason"]]} if one.get("reason") else one for one in rule.example["findings"]
    ]
    _example_rows(view, report, found, [])


def _one_example(
    view: View,
    report: str,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    others: Sequence[Mapping[str, Any]],
    context: Mapping[str, Any],
    other_context: Mapping[str, Any],
) -> None:
    """The `good` or the `bad` example: its rows, and those of every relation that is read with them."""
    subtitle(view.say(f"rules.{name}"))
    if rows:
        _example_rows(view, report, rows, others)
    for relation, own in context.items():
        note(view.say("rules.relation", relation=view.say(f"relation.{relation}")))
        _example_rows(view, report_behind(relation), own, other_context.get(relation, []))


def _example_rows(
    view: View, report: str, rows: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]
) -> None:
    """Rows of an example as a table, the columns first in which it differs from the other example."""
    if not rows:
        note(view.say("rules.no_rows"))
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    elsewhere = {name: {repr(row.get(name)) for row in others} for name in names}
    names.sort(key=lambda name: not others or all(repr(row.get(name)) in elsewhere[name] for row in rows))
    values = [{name: example_text(view, name, row.get(name)) for name in names} for row in rows]
    labels = {name: view.label(report, name) for name in names}
    columns = dict.fromkeys(names, Shown.TEXT)
    table(view, values, columns, labels=labels, alt=view.say("rules.examples"), most_rows=6)


def example_text(view: View, name: str, value: Any) -> str | None:
    """Return a value of an example as text: names and codes in words, numbers with thousands, instants in KST."""
    if value is None:
        return None
    if name == "exchange":
        return view.exchange(value)
    if name == "report":
        return view.report(value)
    if not isinstance(value, str):
        return exact(value) if type(value) is int else str(value)
    if name.endswith(_AMOUNTS):
        return exact(Decimal(value))
    return f"{kst_text(datetime.fromisoformat(value))} KST" if _INSTANT.fullmatch(value) else view.code(value)

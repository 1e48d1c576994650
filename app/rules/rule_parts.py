"""The rules in force behind a page: each with its sentence, source and date, and its thresholds with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd

from app.columns import Shown
from app.frames import frame_of
from app.rules import book
from app.rules.book import Parameter
from app.rules.threshold_parts import reason_text, value_text
from app.widgets.address import go
from app.widgets.header import note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View

_COLUMNS = {
    "rule": Shown.TEXT,
    "parameter": Shown.TEXT,
    "value": Shown.TEXT,
    "source": Shown.SOURCE,
    "effective_from": Shown.DAY,
    "reason": Shown.LONG_TEXT,
}


@part
def rule_box(view: View, rules: Sequence[str]) -> None:
    """The rules and what they measure by on the last of the chosen days; a row leads to its rule."""
    day = view.choice.last_day
    section(view, "rule_box.title", day=day)
    table(
        view,
        lambda: _in_force(view, rules, day),
        _COLUMNS,
        alt=view.say("rule_box.title", day=day),
        key="rule_box",
        on_pick=lambda row: go("rules", rule=row["rule"]),
        most_rows=None,
    )
    note(view.say("rule_box.how"))


def _in_force(view: View, rules: Sequence[str], day: date) -> pd.DataFrame:
    """A row for each rule, and one for each number that it measures by."""
    rows: list[dict[str, Any]] = []
    for rule in map(book.known_rule, rules):
        statement = rule.statement.in_language(view.language)
        own = {"rule": rule.id, "source": rule.source.value, "effective_from": rule.effective_from}
        rows.append({**own, "parameter": view.say("rule_box.rule"), "value": None, "reason": statement})
        for name in rule.parameters:
            if (found := book.threshold(name, day)) is not None:
                rows.append(_row(view, rule.id, found))
    return frame_of(rows, tuple(_COLUMNS))


def _row(view: View, rule: str, threshold: Parameter) -> dict[str, Any]:
    return {
        "rule": rule,
        "parameter": view.say(f"parameter.{threshold.name}"),
        "value": value_text(view, threshold.name, threshold.value),
        "source": threshold.source.value,
        "effective_from": threshold.effective_from,
        "reason": reason_text(view, threshold),
    }

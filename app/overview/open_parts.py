"""What is open and was refused: breaches, shortfalls, halts, rejected files, and days that rules could not evaluate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.columns import Shown, columns_of
from app.filing.submissions import SubmissionLine, Wanted, submission_list
from app.halts.events import HaltEvent
from app.overview.lane_states import Situation
from app.reconciliation.episodes import ShortfallEpisode
from app.rules import book
from app.rules.evaluated import UnevaluatedRule, unevaluated_days
from app.rules.finding_parts import open_finding_list
from app.rules.findings import About, finding_counts
from app.widgets.address import go
from app.widgets.header import columns, empty, note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View, ask
from expectations.vocabulary import Kind

_EPISODES = columns_of(
    ShortfallEpisode, "exchange", "asset", "started_at", "duration", "shortfall_krw", "shortfall_ratio"
)
_HALTS = columns_of(HaltEvent, "exchange", "halt_id", "target", "trigger", "halted_at")
_MOST_REJECTIONS = 10
_REJECTIONS = columns_of(SubmissionLine, "received_at", "exchange", "report", "period", "finding_count", "file")


@part
def show_breaches(view: View) -> None:
    """The open findings of kind compliance, the newest first; a row leads to its submission."""
    about = About(kind=Kind.COMPLIANCE)
    counts = ask(finding_counts, view.choice, About())
    total = sum(one.open_finding_count for one in counts if one.kind == about.kind)
    section(view, "overview.breaches", count=f"{total:,}")
    if total:
        open_finding_list(view, about, total, alt=view.say("overview.breaches", count=total), leave_out=("kind",))
    else:
        empty(view, "breaches")


@part
def show_open(view: View, found: Situation) -> None:
    """Shortfalls and halts that are open, side by side, then the newest rejected files."""
    left, right = columns(2)
    with left:
        section(view, "overview.open_episodes")
        _table_or_none(view, found.open_episodes, _EPISODES, "open_episodes")
    with right:
        section(view, "overview.open_halts")
        _table_or_none(view, found.open_halts, _HALTS, "open_halts")
    section(view, "overview.rejections")
    rejected = ask(submission_list, view.choice, Wanted(state="rejected"))
    _table_or_none(view, rejected[:_MOST_REJECTIONS], _REJECTIONS, "rejections")


def _table_or_none(view: View, rows: Sequence[Any], shown: Mapping[str, Shown], name: str) -> None:
    """The rows as a table, or that there are none."""
    if not rows:
        empty(view, name)
    else:
        table(view, lambda: rows, shown, alt=view.say(f"overview.{name}"), key=name)


@part
def show_unevaluated(view: View) -> None:
    """On how many accepted days each rule that needs another report could not be evaluated, by exchange."""
    found = ask(unevaluated_days, view.choice)
    section(view, "overview.unevaluated")
    if not found:
        note(view.say("overview.all_evaluated"))
        return
    note(view.say("overview.unevaluated_how"))
    shown = {"rule": Shown.TEXT, **dict.fromkeys(view.exchanges, Shown.COUNT), "needs": Shown.TEXT}
    table(
        view,
        lambda: _by_rule(view, found),
        {**shown, "statement": Shown.LONG_TEXT},
        labels={exchange: view.exchange(exchange) for exchange in view.exchanges},
        alt=view.say("overview.unevaluated"),
        key="unevaluated",
        on_pick=lambda row: go("rules", rule=row["rule"]),
    )
    note(view.say("list.to_rule"))


def _by_rule(view: View, found: Sequence[UnevaluatedRule]) -> list[dict[str, Any]]:
    """A row for each rule with the days of every exchange, and the reports that the rule needs."""
    days = {(one.rule, one.exchange): one.unevaluated_day_count for one in found}
    rows = []
    for name in dict.fromkeys(one.rule for one in found):
        rule = book.known_rule(name)
        needs = " · ".join(view.report(report) for report in rule.needs)
        own = {exchange: days.get((name, exchange), 0) for exchange in view.exchanges}
        rows.append({"rule": name, **own, "needs": needs, "statement": rule.statement.in_language(view.language)})
    return rows

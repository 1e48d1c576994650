"""Thresholds at the screen: the values in force, the history of one, and the proposals to change them."""

from __future__ import annotations

from dataclasses import dataclass

from app.administration.decision_parts import decided_proposals, open_proposals
from app.administration.proposal_parts import for_whom, proposal_form
from app.administration.threshold_changes import ThresholdValue, proposal_list, threshold_list
from app.columns import Day, LongText, SourceCode, Text, columns_of
from app.rules.threshold_parts import bounds_text, reason_text, value_text
from app.widgets.address import pick, picked
from app.widgets.header import note, section, subtitle
from app.widgets.tables import table
from app.widgets.view import View, ask, ask_anew


@dataclass(frozen=True, slots=True)
class _ThresholdRow:
    """A threshold as the table shows it; `parameter` is its name in words, `name` the name that rules use."""

    name: str
    parameter: Text
    exchange: Text
    value: Text | None
    effective_from: Day | None
    source: SourceCode | None
    next: Text | None
    bounds: Text
    reason: LongText | None


@dataclass(frozen=True, slots=True)
class _HistoryRow:
    """One value that a threshold had, has or will have."""

    effective_from: Day
    exchange: Text
    value: Text
    source: SourceCode
    reason: LongText


def threshold_section(view: View) -> None:
    """Everything about thresholds: open proposals first, since somebody waits for them."""
    proposals = ask_anew(proposal_list)
    open_proposals(view, [one for one in proposals if one.proposal.decision is None])
    known = ask(threshold_list, view.choice.last_day)
    names = list(dict.fromkeys(one.name for one in known))
    name = picked("threshold") if picked("threshold") in names else ""
    section(view, "administration.thresholds", day=view.choice.last_day)
    note(view.say("administration.thresholds_how"))
    table(
        view,
        [_row(view, one) for one in known],
        columns_of(_ThresholdRow),
        alt=view.say("administration.thresholds", day=view.choice.last_day),
        key="administration.thresholds",
        on_pick=lambda row: pick(threshold=row.name),
        most_rows=12,
    )
    if name:
        _history(view, name)
    proposal_form(view, names, name)
    decided_proposals(view, [one for one in proposals if one.proposal.decision is not None])


def _row(view: View, one: ThresholdValue) -> _ThresholdRow:
    present, later = one.present, one.next
    follows = None
    if later is not None:
        follows = view.say(
            "administration.next", value=value_text(view, one.name, later.value), day=later.effective_from
        )
    return _ThresholdRow(
        name=one.name,
        parameter=view.say(f"parameter.{one.name}"),
        exchange=for_whom(view, one.exchange),
        value=value_text(view, one.name, present.value) if present else None,
        effective_from=present.effective_from if present else None,
        source=present.source.value if present else None,
        next=follows,
        bounds=bounds_text(view, view.thresholds.named(one.name)[0]),
        reason=reason_text(view, present) if present else None,
    )


def _history(view: View, name: str) -> None:
    """Every value that a threshold ever had or will have, the newest first."""
    title = view.say("administration.history", parameter=view.say(f"parameter.{name}"))
    subtitle(title)
    rows = [
        _HistoryRow(
            effective_from=one.effective_from,
            exchange=for_whom(view, one.exchange),
            value=value_text(view, name, one.value),
            source=one.source.value,
            reason=reason_text(view, one),
        )
        for one in reversed(view.thresholds.named(name))
    ]
    table(view, rows, columns_of(_HistoryRow), alt=title)

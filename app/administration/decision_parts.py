"""Proposals at the screen: those that wait for another administrator's decision, and those that were decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app.administration.action_parts import actions_of, actor_name, perform
from app.administration.proposal_parts import for_whom, what_if_table
from app.administration.threshold_changes import ProposalRecord
from app.columns import Day, Instant, LongText, Text, columns_of
from app.moments import kst_text
from app.rules.threshold_parts import value_text
from app.widgets.header import empty, facts, note, section, sentence
from app.widgets.tables import table
from app.widgets.view import View
from app.widgets.working import worker
from etl.records.thresholds import Decision


@dataclass(frozen=True, slots=True)
class _DecidedRow:
    """A proposal with its decision, in words."""

    proposed_at: Instant
    parameter: Text
    exchange: Text
    value: Text
    effective_from: Day
    decided: Text
    proposer: Text
    decider: Text | None
    decided_at: Instant | None
    reason: LongText
    decision_reason: LongText | None


def open_proposals(view: View, proposals: Sequence[ProposalRecord]) -> None:
    """What waits for a decision, each with what its proposer was shown and the decisions that this person can make."""
    section(view, "administration.open", count=len(proposals))
    if not proposals:
        note(view.say("administration.nothing_open"))
    for one in proposals:
        with st.container(border=True):
            _open_proposal(view, one)


def _open_proposal(view: View, one: ProposalRecord) -> None:
    made = one.proposal
    now = view.thresholds.value(made.name, made.effective_from, made.exchange)
    sentence(
        view.say(
            "administration.proposal",
            parameter=view.say(f"parameter.{made.name}"),
            exchange=for_whom(view, made.exchange),
            before="–" if now is None else value_text(view, made.name, now),
            after=value_text(view, made.name, made.value),
            day=made.effective_from,
        )
    )
    proposer = f"{actor_name(view, one.proposer)} · {kst_text(made.proposed_at)[:16]} KST"
    facts({view.say("column.proposer"): proposer, view.say("column.reason"): made.reason})
    what_if_table(view, made.what_if, key=made.id)
    is_own = made.proposed_by == view.identity.person
    reason = st.text_input(view.say("administration.decision_reason"), key=f"decide.reason.{made.id}", max_chars=500)
    decisions = (Decision.WITHDRAWN,) if is_own else (Decision.APPROVED, Decision.REFUSED)
    with st.container(horizontal=True):
        for decision in decisions:
            st.button(
                view.say(f"decide.{decision}"),
                key=f"decide.{decision}.{made.id}",
                on_click=_decide,
                args=(view, made.id, decision, reason),
                type="primary" if decision is Decision.APPROVED else "secondary",
            )
    if is_own:
        note(view.say("administration.own_proposal"))


def _decide(view: View, number: str, decision: Decision, reason: str) -> None:
    def decide() -> None:
        actions_of(view).decide(number, decision, reason)
        if decision is Decision.APPROVED:
            worker().take_up()

    perform(view, f"administration.{decision}", decide)


def decided_proposals(view: View, proposals: Sequence[ProposalRecord]) -> None:
    """What was decided before, the newest proposal first."""
    section(view, "administration.decided", count=len(proposals))
    if not proposals:
        empty(view, "proposals")
        return
    rows = [_decided_row(view, one) for one in proposals]
    alt = view.say("administration.decided", count=len(rows))
    table(view, rows, columns_of(_DecidedRow), alt=alt, most_rows=8)


def _decided_row(view: View, one: ProposalRecord) -> _DecidedRow:
    made = one.proposal
    return _DecidedRow(
        proposed_at=made.proposed_at,
        parameter=view.say(f"parameter.{made.name}"),
        exchange=for_whom(view, made.exchange),
        value=value_text(view, made.name, made.value),
        effective_from=made.effective_from,
        decided=view.say(f"decision.{made.decision}"),
        proposer=actor_name(view, one.proposer),
        decider=one.decider,
        decided_at=made.decided_at,
        reason=made.reason,
        decision_reason=made.decision_reason,
    )

"""The proof of a rule: what is changed in every exchange's files, and a button that makes the proof now."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.columns import ExchangeId, LongText, Text, columns_of
from app.widgets.header import note, section
from app.widgets.tables import table
from app.widgets.view import View
from app.widgets.working import worker
from expectations.vocabulary import Rule

_MADE = "proof.made"
_SECONDS = 300
_COMMAND = "daxa rules --proof"


@dataclass(frozen=True, slots=True)
class ProofRow:
    """Whether the proof of a rule holds at one exchange, and why not."""

    exchange: ExchangeId
    proof: Text
    reason: LongText | None


def proof_section(view: View, rule: Rule) -> None:
    """What is done to prove a rule, a button that does it now, and the result at each exchange."""
    section(view, "proof.title")
    note(view.say("proof.what", what=view.say(f"mutation.{rule.id}")))
    note(view.say("proof.how", command=_COMMAND))
    if st.button(view.say("proof.now"), key=f"proof.{rule.id}", icon=":material/experiment:"):
        st.session_state[_MADE] = (rule.id, worker().prove(rule.id))
    made: tuple[str, Future[list[dict[str, Any]]]] | None = st.session_state.get(_MADE)
    if made is None or made[0] != rule.id:
        return
    with st.spinner(view.say("proof.working")):
        wait([made[1]], timeout=_SECONDS)
    if not made[1].done() or made[1].exception() is not None:
        note(view.say("proof.failed"))
        return
    rows = [_proof_row(view, cell) for cell in made[1].result()]
    table(view, rows, columns_of(ProofRow), alt=view.say("proof.title"))


def _proof_row(view: View, cell: Mapping[str, Any]) -> ProofRow:
    """A cell of the proof matrix in words: the proof holds where the rule fired and was silent as specified."""
    why: str | None
    if cell["not_applicable"]:
        state, why = "apart", view.say(f"not_applicable.{cell['rule']}")
    else:
        state = "holds" if cell["fired"] and cell["silent"] else "fails"
        why = " · ".join(cell["differences"]) or None
    return ProofRow(cell["exchange"], view.say(f"proof.{state}"), why)

"""How a rule is proven: what is changed in every exchange's files, and the proof itself, made while one looks on."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, wait
from typing import Any

import streamlit as st

from app.columns import Shown
from app.frames import frame_of
from app.rules.book import Rule
from app.widgets.header import note, section
from app.widgets.tables import table
from app.widgets.view import View
from app.widgets.working import worker

_MADE = "proof.made"
_SECONDS = 300
_COMMAND = "daxa rules --proof"
_CELLS = {"exchange": Shown.EXCHANGE, "proof": Shown.TEXT, "reason": Shown.LONG_TEXT}


def proof_section(view: View, rule: Rule) -> None:
    """What is done to prove a rule, a button that does it now, and what came of it at each exchange."""
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
    cells = [_cell(view, cell) for cell in made[1].result()]
    table(view, frame_of(cells, _CELLS), _CELLS, alt=view.say("proof.title"))


def _cell(view: View, cell: Mapping[str, Any]) -> dict[str, Any]:
    """One exchange: whether it fired and was silent, and why not."""
    why: str | None
    if cell["not_applicable"]:
        state, why = "apart", view.say(f"not_applicable.{cell['rule']}")
    else:
        state = "holds" if cell["fired"] and cell["silent"] else "fails"
        why = " · ".join(cell["differences"]) or None
    return {"exchange": cell["exchange"], "proof": view.say(f"proof.{state}"), "reason": why}

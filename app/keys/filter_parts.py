"""The filters of the list of suspicion cases."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app.keys.case_lists import CasesWanted
from app.keys.case_stretches import CASE_STATES
from app.widgets.address import pick, picked, was_turned_back
from app.widgets.filters import one_of
from app.widgets.header import state_mark
from app.widgets.view import View
from expectations.catalogue import report as report_of


def case_filters(view: View, moves: Mapping[str, str]) -> CasesWanted:
    """Draw the filters of the list and return what they say; `moves` has the words of each move `origin>taken`."""
    codes = {field.name: field.codes for field in report_of("key_actions").every_field}
    picks = ("cases",)
    firm, standing, stage, move = st.columns(4)
    with firm:
        firms = one_of(view, "firm", view.exchanges, view.exchange, picks)
    with standing:
        standings = one_of(view, "standing", CASE_STATES, lambda name: state_mark(view, name), picks)
    with stage:
        stages = one_of(view, "stage", codes["stage"], view.code, picks)
    with move:
        taken = one_of(view, "move", tuple(moves), moves.__getitem__, picks)
    risk, suspicion, text = st.columns([1, 1, 2])
    with risk:
        risks = one_of(view, "risk", codes["risk_level"], view.code, picks)
    with suspicion:
        suspicions = one_of(view, "suspicion", codes["suspicion"], view.code, picks)
    with text:
        searched = _search(view, picks)
    origin, _, stage_taken = taken.partition(">")
    return CasesWanted(firms, standings, stages, risks, suspicions, origin, stage_taken, searched)


def _search(view: View, picks: tuple[str, ...]) -> str:
    """A text to look for; a part of the URL state of this page."""
    st.session_state["filter.search"] = picked("search")

    def typed() -> None:
        if was_turned_back():
            return
        pick(search=st.session_state["filter.search"].strip(), **dict.fromkeys(picks, ""))

    return st.text_input(view.say("filter.search"), key="filter.search", on_change=typed, max_chars=64) or ""

"""The filters of the list of submissions."""

from __future__ import annotations

import streamlit as st

from app.widgets.filters import one_of
from app.widgets.header import state_mark
from app.widgets.view import View
from expectations.catalogue import all_reports
from expectations.vocabulary import State


def submission_filters(view: View) -> tuple[str, str]:
    """Which report and which state of submissions are listed; an empty text means all."""
    picks = ("submission", "page", "history")
    left, right = st.columns(2)
    with left:
        report = one_of(view, "report", tuple(all_reports()), view.report, picks)
    with right:
        state = one_of(view, "state", tuple(State), lambda name: state_mark(view, name), picks)
    return report, state

"""The filters of the list of halts."""

from __future__ import annotations

import streamlit as st

from app.halts.events import HaltsWanted
from app.widgets.filters import one_of
from app.widgets.header import state_mark
from app.widgets.view import View
from expectations.catalogue import report as report_of


def halt_filters(view: View) -> HaltsWanted:
    """Which halts are shown: by what triggered them, scope, mode and state."""
    codes = {name: report_of("halts").field(name).codes for name in ("trigger", "scope", "mode")}
    picks = ("at", "halt", "day", "until")
    trigger, scope, mode, state = st.columns(4)
    with trigger:
        triggers = one_of(view, "trigger", codes["trigger"], view.code, picks)
    with scope:
        scopes = one_of(view, "scope", codes["scope"], view.code, picks)
    with mode:
        modes = one_of(view, "mode", codes["mode"], view.code, picks)
    with state:
        states = one_of(view, "halt_state", ("open", "resumed"), lambda name: state_mark(view, name), picks)
    return HaltsWanted(triggers, scopes, modes, states)

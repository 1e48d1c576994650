"""Grants to read rows at the screen: the list, granting one and ending one, which are a supervisor's."""

from __future__ import annotations

import streamlit as st

from app.administration.action_parts import perform
from app.administration.row_grants import GrantActions, GrantRecord, GrantsShown, grants_shown
from app.columns import columns_of
from app.scope import Role
from app.widgets.header import empty, note, section
from app.widgets.tables import table
from app.widgets.view import View, ask_anew, store
from etl.records.administrators import REASON_LONGEST

HOURS = (1, 4, 8, 24, 72)


def row_grant_section(view: View) -> None:
    """Who may read rows for a time, and who let them; a supervisor grants and ends."""
    shown = ask_anew(grants_shown, view.now)
    section(view, "administration.row_grants", count=len(shown.grants))
    note(view.say("administration.row_grants_how"))
    if not shown.grants:
        empty(view, "row_grants")
    else:
        alt = view.say("administration.row_grants", count=len(shown.grants))
        table(view, shown.grants, columns_of(GrantRecord), alt=alt, most_rows=15)
    if view.scope.role is not Role.SUPERVISOR:
        return
    left, right = st.columns(2, gap="large")
    with left:
        _granting(view, shown)
    with right:
        _ending(view, [one for one in shown.grants if one.state == "active"], shown.seen)


def _granting(view: View, shown: GrantsShown) -> None:
    section(view, "administration.grant_rows")
    if not shown.administrators:
        note(view.say("administration.no_administrator"))
        return
    name = st.selectbox(view.say("column.name"), shown.administrators, key="grant.name")
    hours = st.selectbox(
        view.say("administration.grant_length"),
        HOURS,
        format_func=lambda one: view.say("administration.hours", count=one),
        key="grant.hours",
    )
    reason = st.text_area(view.say("column.reason"), key="grant.reason", max_chars=REASON_LONGEST, height=80)

    def do() -> None:
        GrantActions(store(), view.identity, shown.seen).grant(name, hours, reason)

    def grant() -> None:
        if perform(view, "administration.rows_granted", do, name=name, count=hours):
            st.session_state["grant.reason"] = ""

    st.button(view.say("administration.grant_rows"), key="grant.send", on_click=grant, disabled=not reason.strip())


def _ending(view: View, active: list[GrantRecord], seen: str) -> None:
    section(view, "administration.end_grant")
    if not active:
        note(view.say("administration.no_active_grant"))
        return
    names = {one.grant: one.name for one in active}
    chosen = st.selectbox(
        view.say("column.grant"), list(names), format_func=lambda one: f"{names[one]} ({one})", key="grant.chosen"
    )

    def do() -> None:
        GrantActions(store(), view.identity, seen).end(chosen)

    def end() -> None:
        perform(view, "administration.grant_ended", do, name=names[chosen])

    st.button(view.say("administration.end_grant"), key="grant.end", on_click=end)

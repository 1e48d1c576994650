"""People at the screen: the list of accounts, adding one, a new password, disabling and enabling one."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app.administration.accounts import PersonAccount, people_list, state_seen
from app.administration.action_parts import actions_of, perform
from app.columns import ExchangeId, Instant, StateCode, Text, columns_of
from app.scope import Role
from app.widgets.header import note, section
from app.widgets.tables import table
from app.widgets.view import View, ask_anew
from etl.records.log import EventKind


@dataclass(frozen=True, slots=True)
class _PersonRow:
    """An account as the table shows it: the role in words."""

    name: Text
    role: Text
    exchange: ExchangeId | None
    state: StateCode
    created_at: Instant
    disabled_at: Instant | None
    person_id: Text


def people_section(view: View) -> None:
    """Every account, and what can be done about it."""
    seen = ask_anew(state_seen, EventKind.PERSON_CHANGE)
    everybody = ask_anew(people_list)
    section(view, "administration.people", count=len(everybody))
    note(view.say("administration.people_how"))
    rows = [_row(view, one) for one in everybody]
    alt = view.say("administration.people", count=len(everybody))
    table(view, rows, columns_of(_PersonRow), alt=alt, most_rows=15)
    left, right = st.columns(2, gap="large")
    with left:
        _adding(view, seen)
    with right:
        _changing(view, {one.name: one.state for one in everybody}, seen)


def _row(view: View, one: PersonAccount) -> _PersonRow:
    return _PersonRow(
        name=one.name,
        role=view.say(f"role.{one.role}"),
        exchange=one.exchange,
        state=one.state,
        created_at=one.created_at,
        disabled_at=one.disabled_at,
        person_id=one.person_id,
    )


def _adding(view: View, seen: str) -> None:
    section(view, "administration.add_person")
    name = st.text_input(view.say("column.name"), key="person.name", max_chars=64)
    role = Role(
        st.selectbox(
            view.say("column.role"),
            [one.value for one in Role],
            format_func=lambda one: view.say(f"role.{one}"),
            key="person.role",
        )
    )
    exchange = None
    if role is Role.EXCHANGE:
        exchange = st.selectbox(
            view.say("column.exchange"), view.scope.exchanges, format_func=view.exchange, key="person.exchange"
        )

    def add() -> None:
        def do() -> str:
            return actions_of(view, seen).add_person(name, role, exchange)[1]

        if perform(view, "administration.person_added", do, name=name):
            st.session_state["person.name"] = ""

    st.button(view.say("administration.add_person"), key="person.add", on_click=add, disabled=not name.strip())


def _changing(view: View, states: dict[str, str], seen: str) -> None:
    """A new password, or disabling an account, which asks for the name once more."""
    section(view, "administration.change_person")
    name = st.selectbox(view.say("column.name"), tuple(states), key="person.chosen")

    def set_password() -> None:
        perform(view, "administration.password_set", lambda: actions_of(view, seen).set_password(name)[1], name=name)

    def enable() -> None:
        def do() -> None:
            actions_of(view, seen).enable_person(name)

        perform(view, "administration.person_enabled", do, name=name)

    def disable() -> None:
        def do() -> None:
            actions_of(view, seen).disable_person(name)

        perform(view, "administration.person_disabled", do, name=name)

    if states[name] == "disabled":
        st.button(view.say("administration.enable"), key="person.enable", on_click=enable)
        return
    st.button(view.say("administration.new_password"), key="person.password", on_click=set_password)
    typed = st.text_input(view.say("administration.type_to_disable", name=name), key=f"person.typed.{name}")
    st.button(view.say("administration.disable"), key="person.disable", on_click=disable, disabled=typed != name)

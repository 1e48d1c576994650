"""People: who may sign in and as what; letting somebody in, a new password, shutting out and letting in again."""

from __future__ import annotations

import streamlit as st

from app.administration.acting_parts import act, acts_of
from app.administration.lists import people_list
from app.columns import Shown
from app.frames import records_of
from app.scope import Role
from app.widgets.header import note, section
from app.widgets.tables import table
from app.widgets.view import View, ask_anew

_PEOPLE = {
    "name": Shown.TEXT,
    "role": Shown.TEXT,
    "exchange": Shown.EXCHANGE,
    "state": Shown.STATE,
    "created_at": Shown.INSTANT,
    "disabled_at": Shown.INSTANT,
    "person_id": Shown.TEXT,
}


def people_section(view: View) -> None:
    """Everybody, and what can be done about them."""
    everybody = ask_anew(people_list)
    section(view, "administration.people", count=len(everybody))
    note(view.say("administration.people_how"))
    frame = everybody.assign(role=[view.say(f"role.{role}") for role in everybody["role"]], person_id=everybody["id"])
    table(view, frame, _PEOPLE, alt=view.say("administration.people", count=len(everybody)), most_rows=15)
    left, right = st.columns(2, gap="large")
    with left:
        _adding(view)
    with right:
        _changing(view, {row["name"]: row["state"] for row in records_of(everybody)})


def _adding(view: View) -> None:
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
        if act(
            view, "administration.person_added", lambda: acts_of(view).add_person(name, role, exchange)[1], name=name
        ):
            st.session_state.pop("person.name", None)

    st.button(view.say("administration.add_person"), key="person.add", on_click=add, disabled=not name.strip())


def _changing(view: View, states: dict[str, str]) -> None:
    """A new password, or shutting somebody out, which asks for the name once more."""
    section(view, "administration.change_person")
    name = st.selectbox(view.say("column.name"), tuple(states), key="person.chosen")

    def set_password() -> None:
        act(view, "administration.password_set", lambda: acts_of(view).set_password(name)[1], name=name)

    def enable() -> None:
        def do() -> None:
            acts_of(view).enable_person(name)

        act(view, "administration.person_enabled", do, name=name)

    def disable() -> None:
        def do() -> None:
            acts_of(view).disable_person(name)

        act(view, "administration.person_disabled", do, name=name)

    if states[name] == "disabled":
        st.button(view.say("administration.enable"), key="person.enable", on_click=enable)
        return
    st.button(view.say("administration.new_password"), key="person.password", on_click=set_password)
    typed = st.text_input(view.say("administration.type_to_disable", name=name), key=f"person.typed.{name}")
    st.button(view.say("administration.disable"), key="person.disable", on_click=disable, disabled=typed != name)

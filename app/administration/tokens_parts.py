"""Machine tokens: what exchanges' own systems show; making one, whose text is told once, and ending one."""

from __future__ import annotations

import streamlit as st

from app.administration.acting_parts import act, acts_of
from app.administration.acts import TokenScope
from app.administration.lists import token_list
from app.columns import Shown
from app.frames import records_of
from app.widgets.header import empty, note, section
from app.widgets.tables import table
from app.widgets.view import View, ask_anew

_TOKENS = {
    "token": Shown.TEXT,
    "exchange": Shown.EXCHANGE,
    "name": Shown.TEXT,
    "scopes": Shown.TEXT,
    "state": Shown.STATE,
    "expires_at": Shown.INSTANT,
    "last_used_at": Shown.INSTANT,
    "created_by": Shown.TEXT,
    "created_at": Shown.INSTANT,
}
_USUAL_DAYS, _MOST_DAYS = 90, 366


def token_section(view: View) -> None:
    """All tokens without their secrets, and what can be done about them."""
    known = ask_anew(token_list, view.now)
    section(view, "administration.tokens", count=len(known))
    note(view.say("administration.tokens_how"))
    if known.empty:
        empty(view, "tokens")
    else:
        frame = known.assign(
            token=known["id"],
            scopes=[" · ".join(view.say(f"token_scope.{one}") for one in scopes) for scopes in known["scopes"]],
            created_by=[
                view.say(f"actor.{one}") if one in ("command", "system") else one for one in known["created_by"]
            ],
        )
        table(view, frame, _TOKENS, alt=view.say("administration.tokens", count=len(known)), most_rows=15)
    left, right = st.columns(2, gap="large")
    with left:
        _making(view)
    with right:
        _revoking(view, [row["id"] for row in records_of(known) if row["state"] == "active"])


def _making(view: View) -> None:
    section(view, "administration.make_token")
    exchange = st.selectbox(
        view.say("column.exchange"), view.scope.exchanges, format_func=view.exchange, key="token.exchange"
    )
    name = st.text_input(view.say("administration.token_name"), key="token.name", max_chars=64)
    scopes = st.multiselect(
        view.say("column.scopes"),
        tuple(TokenScope),
        default=tuple(TokenScope),
        format_func=lambda one: view.say(f"token_scope.{one}"),
        key="token.scopes",
        select_all=False,
    )
    days = st.number_input(
        view.say("administration.days"), min_value=1, max_value=_MOST_DAYS, value=_USUAL_DAYS, step=1, key="token.days"
    )

    def make() -> None:
        def do() -> str:
            return acts_of(view).create_token(exchange, name, scopes, int(days)).text

        if act(view, "administration.token_made", do, exchange=view.exchange(exchange)):
            st.session_state.pop("token.name", None)

    st.button(
        view.say("administration.make_token"), key="token.make", on_click=make, disabled=not name.strip() or not scopes
    )


def _revoking(view: View, active: list[str]) -> None:
    """Ending a token at once, which asks for its number once more."""
    section(view, "administration.revoke_token")
    if not active:
        note(view.say("administration.no_active_token"))
        return
    chosen = st.selectbox(view.say("column.token"), active, key="token.chosen")

    def revoke() -> None:
        def do() -> None:
            acts_of(view).revoke_token(chosen)

        act(view, "administration.token_revoked", do, token=chosen)

    typed = st.text_input(view.say("administration.type_to_revoke", token=chosen), key=f"token.typed.{chosen}")
    st.button(view.say("administration.revoke_token"), key="token.revoke", on_click=revoke, disabled=typed != chosen)

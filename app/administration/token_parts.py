"""Machine tokens at the screen: the list, creating one, whose text is shown once, and revoking one."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app.administration.accounts import TokenRecord, state_seen, token_list
from app.administration.action_parts import actions_of, actor_name, perform
from app.columns import ExchangeId, Instant, StateCode, Text, columns_of
from app.widgets.header import empty, note, section
from app.widgets.tables import table
from app.widgets.view import View, ask_anew
from etl.records.log import EventKind
from etl.records.tokens import TokenScope

_USUAL_DAYS, _MOST_DAYS = 90, 366


@dataclass(frozen=True, slots=True)
class _TokenRow:
    """A token as the table shows it: what it is good for, and who made it, in words."""

    token: Text
    exchange: ExchangeId
    name: Text
    scopes: Text
    state: StateCode
    expires_at: Instant
    last_used_at: Instant | None
    created_by: Text
    created_at: Instant


def token_section(view: View) -> None:
    """All tokens without their secrets, and what can be done about them."""
    seen = ask_anew(state_seen, EventKind.TOKEN_CHANGE)
    known = ask_anew(token_list, view.now)
    section(view, "administration.tokens", count=len(known))
    note(view.say("administration.tokens_how"))
    if not known:
        empty(view, "tokens")
    else:
        rows = [_row(view, one) for one in known]
        alt = view.say("administration.tokens", count=len(known))
        table(view, rows, columns_of(_TokenRow), alt=alt, most_rows=15)
    left, right = st.columns(2, gap="large")
    with left:
        _making(view, seen)
    with right:
        _revoking(view, [one.token for one in known if one.state == "active"], seen)


def _row(view: View, one: TokenRecord) -> _TokenRow:
    return _TokenRow(
        token=one.token,
        exchange=one.exchange,
        name=one.name,
        scopes=" · ".join(view.say(f"token_scope.{scope}") for scope in one.scopes),
        state=one.state,
        expires_at=one.expires_at,
        last_used_at=one.last_used_at,
        created_by=actor_name(view, one.created_by),
        created_at=one.created_at,
    )


def _making(view: View, seen: str) -> None:
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
            return actions_of(view, seen).create_token(exchange, name, scopes, int(days)).text

        if perform(view, "administration.token_made", do, exchange=view.exchange(exchange)):
            st.session_state["token.name"] = ""

    st.button(
        view.say("administration.make_token"), key="token.make", on_click=make, disabled=not name.strip() or not scopes
    )


def _revoking(view: View, active: list[str], seen: str) -> None:
    """Revoking a token, which asks for its number once more."""
    section(view, "administration.revoke_token")
    if not active:
        note(view.say("administration.no_active_token"))
        return
    chosen = st.selectbox(view.say("column.token"), active, key="token.chosen")

    def revoke() -> None:
        def do() -> None:
            actions_of(view, seen).revoke_token(chosen)

        perform(view, "administration.token_revoked", do, token=chosen)

    typed = st.text_input(view.say("administration.type_to_revoke", token=chosen), key=f"token.typed.{chosen}")
    st.button(view.say("administration.revoke_token"), key="token.revoke", on_click=revoke, disabled=typed != chosen)

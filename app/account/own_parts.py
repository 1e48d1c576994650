"""One's own account at the screen: a new password, open sessions and their end, and who signed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from app.account.own import OwnAccount, SignInRecord, end_own_sessions, set_own_password
from app.columns import Instant, Text, columns_of
from app.moments import duration, kst_text
from app.widgets.header import note, result_of_act, section
from app.widgets.tables import table
from app.widgets.view import View, store
from etl.records.administrators import RefusedError
from etl.records.passwords import LONGEST, SHORTEST
from etl.records.sessions import OpenSession

_RESULT = "account.result"
_FIELDS = ("present", "new", "again")


@dataclass(frozen=True, slots=True)
class _SessionRow:
    """A session as the table shows it."""

    session_began_at: Instant
    session_seen_at: Instant
    way: Text
    source_address: Text
    which: Text


@dataclass(frozen=True, slots=True)
class _SignInRow:
    """A sign-in or a try as the table shows it."""

    at: Instant
    sign_in_outcome: Text
    way: Text
    source_address: Text


def show_account_result() -> None:
    """What came of the last act, once."""
    result = st.session_state.pop(_RESULT, None)
    if result is not None:
        result_of_act(*result)


def _act(view: View, done: str, do: Callable[[], object]) -> None:
    try:
        do()
    except RefusedError as refused:
        st.session_state[_RESULT] = (_why(view, refused), False)
    else:
        st.session_state[_RESULT] = (view.say(done), True)


def _why(view: View, refused: RefusedError) -> str:
    parts: dict[str, Any] = {"shortest": SHORTEST, "longest": LONGEST}
    until = refused.parts.get("until")
    if isinstance(until, datetime):
        wait = max(until - datetime.now(UTC), timedelta())
        parts |= {"wait": duration(wait, view.language), "until": kst_text(until.replace(microsecond=0))}
    return view.say(f"account.refused.{refused.reason}", **parts)


def password_section(view: View, account: OwnAccount) -> None:
    """A new password, for which the present one is asked."""
    section(view, "account.password")
    if not account.has_password:
        note(view.say("account.organisation"))
        return
    note(view.say("account.password_how", shortest=SHORTEST, longest=LONGEST))

    def change() -> None:
        # Typed and pressed at once, the texts are in the session alone; they are kept no longer than for this.
        present, new, again = (st.session_state.pop(f"account.{name}", "") for name in _FIELDS)
        _act(view, "account.password_changed", lambda: set_own_password(store(), view.identity, present, new, again))

    with st.form("account.password", clear_on_submit=True, border=False, width=420):
        for name in _FIELDS:
            st.text_input(
                view.say(f"account.{name}"),
                type="password",
                key=f"account.{name}",
                max_chars=LONGEST,
                autocomplete="current-password" if name == "present" else "new-password",
            )
        st.form_submit_button(view.say("account.change"), on_click=change)


def session_section(view: View, account: OwnAccount) -> None:
    """Where one is signed in, and the end of what is not this session."""
    section(view, "account.sessions", count=len(account.sessions))
    note(view.say("account.sessions_how"))
    rows = [_session_row(view, one) for one in account.sessions]
    alt = view.say("account.sessions", count=len(rows))
    table(view, rows, columns_of(_SessionRow), alt=alt, most_rows=12)
    others = [one for one in account.sessions if not one.is_own]
    if not others:
        note(view.say("account.no_others"))
        return
    named = {one.key: f"{kst_text(one.began_at)[:16]} · {one.source or '–'}" for one in others}
    chosen = st.selectbox(view.say("account.which"), list(named), format_func=lambda key: named[key], width=420)

    def end(only: str | None) -> None:
        _act(view, "account.ended", lambda: end_own_sessions(store(), view.identity, only))

    with st.container(horizontal=True, gap="small"):
        st.button(view.say("account.end_one"), key="account.end_one", on_click=end, args=(chosen,))
        st.button(view.say("account.end_others"), key="account.end_others", on_click=end, args=(None,))


def _session_row(view: View, one: OpenSession) -> _SessionRow:
    return _SessionRow(
        session_began_at=one.began_at,
        session_seen_at=one.seen_at,
        way=view.say(f"account.way.{one.way}"),
        source_address=one.source or "–",
        which=view.say("account.this_one") if one.is_own else "–",
    )


def sign_in_section(view: View, account: OwnAccount) -> None:
    """The newest sign-ins and tries with one's own name."""
    section(view, "account.sign_ins")
    note(view.say("account.failed_since", count=account.failed_since))
    rows = [_sign_in_row(view, one) for one in account.sign_ins]
    table(view, rows, columns_of(_SignInRow), alt=view.say("account.sign_ins"), most_rows=12)


def _sign_in_row(view: View, one: SignInRecord) -> _SignInRow:
    return _SignInRow(
        at=one.at,
        sign_in_outcome=view.say(f"account.outcome.{one.outcome}"),
        way=view.say(f"account.way.{one.way}") if one.way else "–",
        source_address=one.source or "–",
    )

"""Actions of an administrator at the screen: what came of the last one, in one sentence, and secrets shown once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from html import escape
from typing import Any

import streamlit as st

from app.administration.actions import AdministratorActions
from app.amounts import exact
from app.widgets.header import result_of_act
from app.widgets.moved_on import what_came_first
from app.widgets.view import View, store
from etl.records.administrators import RefusedError
from etl.records.log import COMMAND, SYSTEM
from etl.records.moved_on import MovedOnError
from etl.records.thresholds import Decision

_RESULT = "administration.result"
_SECRET = "administration.secret"  # noqa: S105  a key of the session
_DONE, _REFUSED = "●", "✕"


def actions_of(view: View, seen: str | None = None) -> AdministratorActions:
    """The actions of whoever looks, on the store that is looked at and in the state that was `seen`."""
    return AdministratorActions(store(), view.identity, seen)


def perform(view: View, done: str, do: Callable[[], str | None], **parts: object) -> bool:
    """Do something, and keep a sentence for the next run: the text `done` with its `parts`, or why it was refused.

    What `do` returns is a secret, which the next run shows once. Return whether it was done.
    """
    try:
        secret = do()
    except RefusedError as refused:
        st.session_state[_RESULT] = (_REFUSED, why_refused(view, refused))
        return False
    except MovedOnError as moved_on:
        st.session_state[_RESULT] = (_REFUSED, what_came_first(view, moved_on))
        return False
    st.session_state[_RESULT] = (_DONE, view.say(done, **parts))
    if secret is not None:
        st.session_state[_SECRET] = secret
    return True


def why_refused(view: View, refused: RefusedError) -> str:
    """The sentence of a refusal."""
    return view.say(f"refused.{refused.reason}", **{name: _written(view, it) for name, it in refused.parts.items()})


def _written(view: View, value: Any) -> str:
    if isinstance(value, (int, Decimal)):
        return exact(value)
    return view.say(f"decision.{value}") if value in tuple(Decision) else str(value)


def show_result(view: View) -> None:
    """What came of the last action, once; its secret stands beside it and is forgotten."""
    result = st.session_state.pop(_RESULT, None)
    secret = st.session_state.pop(_SECRET, None)
    if result is None:
        return
    sign, text = result
    result_of_act(text, sign == _DONE)
    if secret is not None:
        st.code(secret, language=None, wrap_lines=True)
        st.html(f'<p class="note">{escape(view.say("administration.once"))}</p>')


def actor_name(view: View, name: str) -> str:
    """The name of whoever acted; a word for the command line and for the program itself."""
    return view.say(f"actor.{name}") if name in (COMMAND, SYSTEM) else name

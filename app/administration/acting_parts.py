"""Doing something at the screen: the act, what became of it in one sentence, and what is told this once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from html import escape
from typing import Any

import streamlit as st

from app.administration.acts import Acts, RefusedError
from app.amounts import exact
from app.widgets.view import View, store

_SAID = "administration.said"
_SECRET = "administration.secret"  # noqa: S105  a key of the session
_DONE, _REFUSED = "●", "✕"


def acts_of(view: View) -> Acts:
    """What whoever looks may do on the store, as far as the records let them."""
    return Acts(store(), view.identity)


def act(view: View, done: str, do: Callable[[], str | None], **parts: object) -> bool:
    """Do something and keep what is to be said of it: the text `done`, or why it was refused.

    What `do` gives back is a secret that is shown once. True where it was done.
    """
    try:
        secret = do()
    except RefusedError as refused:
        st.session_state[_SAID] = (_REFUSED, why_refused(view, refused))
        return False
    st.session_state[_SAID] = (_DONE, view.say(done, **parts))
    if secret is not None:
        st.session_state[_SECRET] = secret
    return True


def why_refused(view: View, refused: RefusedError) -> str:
    """The sentence of a refusal."""
    return view.say(f"refused.{refused.reason}", **{name: _told(view, it) for name, it in refused.parts.items()})


def _told(view: View, value: Any) -> str:
    if isinstance(value, (int, Decimal)):
        return exact(value)
    return view.say(f"decision.{value}") if value in ("approved", "refused", "withdrawn") else str(value)


def outcome(view: View) -> None:
    """What became of the last act, once; a secret stands beside it this once and never again."""
    said = st.session_state.pop(_SAID, None)
    secret = st.session_state.pop(_SECRET, None)
    if said is None:
        return
    sign, text = said
    st.html(f'<p class="banner" role="status"><span aria-hidden="true">{sign}</span> {escape(text)}</p>')
    if secret is not None:
        st.code(secret, language=None, wrap_lines=True)
        st.html(f'<p class="note">{escape(view.say("administration.once"))}</p>')

"""Who is at the screen, asked again with every run: whoever was signed out or disabled sees nothing more.

A question that comes long after the last check has it checked again, so that a long run ends too.
"""

from __future__ import annotations

import time
from html import escape
from typing import NoReturn
from urllib.parse import urlsplit

import streamlit as st

from app.scope import Identity
from app.sign_in import present
from app.sign_in.addresses import local, sign_in_address
from app.widgets.address import language, page_address
from app.words import say

_ASKED_AT = "guard.asked_at"
_PERSON = "guard.person"
_TRUSTED_SECONDS = 2.0
"""A run that lasts longer than this asks again: most are over in a tenth of it."""


def present_identity() -> Identity:
    """Return who is signed in; where nobody is, draw the link to sign in and end the run."""
    found = present.current_identity()
    if found is None:
        _show_the_way_back()
    if st.session_state.get(_PERSON) not in (None, found.person):
        # A browser may take up the state that another person's connection left behind.
        st.session_state.clear()
    st.session_state[_PERSON] = found.person
    st.session_state[_ASKED_AT] = time.monotonic()
    return found


def must_still_be(expected: Identity) -> None:
    """Restart the run where another person is signed in than at its beginning, or with another scope."""
    asked_at = st.session_state.get(_ASKED_AT)
    if asked_at is not None and time.monotonic() - asked_at < _TRUSTED_SECONDS:
        return
    _must_be(expected)


def _must_be(expected: Identity) -> None:
    """Have the whole page run anew, which sees who is there, unless it is still the same person."""
    if present.current_identity() != expected:
        st.rerun(scope="app")
    st.session_state[_ASKED_AT] = time.monotonic()


def _show_the_way_back() -> NoReturn:
    """Say that nobody is signed in, with the link that leads back to this page; nothing is drawn after it."""
    read = language()
    parts = urlsplit(page_address())
    wanted = local(f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path)
    st.html("<style>section[data-testid=stSidebar] { display: none; }</style>")
    st.html(
        f'<p class="banner" role="alert">{escape(say("present.over", read))} '
        f'<a href="{escape(sign_in_address(wanted, read))}" target="_self">{escape(say("present.again", read))}</a></p>'
    )
    st.stop()

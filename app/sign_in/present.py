"""The identity behind a browser's session cookie, asked of the records anew every time."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from app.scope import Identity, scope_of
from app.served import store
from app.sign_in.cookies import session_among
from etl.records.sessions import session_of


def identity_behind(session: str | None) -> Identity | None:
    """Whoever is signed in by that session just now; None where it is over, was ended, or its person is disabled."""
    if not session:
        return None
    signed_in = session_of(store().engine, session, datetime.now(UTC))
    if signed_in is None:
        return None
    person = signed_in.person
    return Identity(person.id, person.name, scope_of(signed_in), signed_in.ends_at, session)


def current_identity() -> Identity | None:
    """Whoever looks at the screen just now, by the cookie that their browser came with; None: nobody any more."""
    return identity_behind(session_among(st.context.cookies))

"""The store that this process serves: one for the screens, the sign-in, and the exchanges' door."""

from __future__ import annotations

import os

import streamlit as st

from etl.store import HOME_VARIABLE, URL_VARIABLE, Store, open_store


def store() -> Store:
    """The store that the environment names, opened once a process."""
    return _opened(os.environ.get(HOME_VARIABLE), os.environ.get(URL_VARIABLE))


@st.cache_resource(show_spinner=False)
def _opened(home: str | None, url: str | None) -> Store:
    return open_store()

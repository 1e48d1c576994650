"""A switch between views of the same figures, kept in the URL as a pick of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from app.widgets.address import pick, picked, was_turned_back


def switch(
    title: str, name: str, options: Sequence[str], word: Callable[[str], str], *, drops: Sequence[str] = ()
) -> str:
    """Return the chosen option; the first is the default and is left out of the URL.

    A change drops the picks called `drops`.
    """
    in_address = picked(name)
    st.session_state[f"switch.{name}"] = in_address if in_address in options else options[0]

    def chosen() -> None:
        if was_turned_back():
            return
        value = st.session_state[f"switch.{name}"] or options[0]
        pick(**{name: "" if value == options[0] else value, **dict.fromkeys(drops, "")})

    selected = st.segmented_control(
        title, options, format_func=word, key=f"switch.{name}", on_change=chosen, required=True
    )
    return selected or options[0]

"""Drafts on the screen: the bar on every page while something checked is not submitted."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from app.filing.desk import own_exchange
from app.moments import kst_minute
from app.widgets.address import link
from app.widgets.parts import part
from app.widgets.view import View, store
from etl.drafts import Draft, drafts_of


def present_drafts(view: View) -> list[Draft]:
    """The drafts of the exchange that whoever looks files for; none for those who file for no exchange."""
    exchange = own_exchange(view.identity)
    return [] if exchange is None else drafts_of(store(), (exchange,), view.now)


@part
def draft_bar(view: View) -> None:
    """A bar that says NOT SUBMITTED while there is a draft; its place is kept, and what follows stays in its own."""
    if not (found := present_drafts(view)):
        st.empty()
        return
    text = view.say("filing.bar", count=len(found), files=_named(view, found), until=kst_minute(found[0].expires_at))
    way = (
        "" if view.page == "filing" else f' <a href="{escape(link("filing"))}">{escape(view.say("filing.bar_go"))}</a>'
    )
    st.html(f'<p class="draft" role="status"><b>{escape(view.say("filing.not_submitted"))}</b> {escape(text)}{way}</p>')


def _named(view: View, found: Sequence[Draft]) -> str:
    shown = [f"{view.report(draft.report)} {draft.period.text}" for draft in found[:3]]
    return ", ".join(shown) + (" …" if len(found) > len(shown) else "")

"""One run of a session's script: who is signed in, language and filters, then the page that was asked for."""

from contextlib import suppress
from typing import Any

import streamlit as st

from app import moments, navigation
from app.account.own import failed_tries
from app.filing.draft_parts import draft_bar
from app.overview.visit_parts import keep_seen
from app.scope import Identity
from app.served import served_incidents, store
from app.widgets import address, house
from app.widgets.filters import colophon, language_switch, sidebar
from app.widgets.guard import present_identity
from app.widgets.header import PageEnded, note
from app.widgets.parts import tell_failure
from app.widgets.view import View, keep_view, newest_day, present_moment, present_stamp, present_thresholds
from app.widgets.who import who_is_here
from app.words import say

_FAILED_SINCE = "account.failed_since"


def run_session() -> None:
    """Draw the page that the session asks for."""
    language = address.language()
    st.set_page_config(page_title=say("product", language), page_icon=str(house.ICON), layout="wide")
    house.style()
    try:
        page, view = _entered(language)
    except Exception as error:
        tell_failure(error, language, "", what="page")
        return
    try:
        with suppress(PageEnded):
            _draw(page, view)
    finally:  # also where a page stops early: whoever reads any page is here
        keep_seen(view)


def _entered(language: str) -> tuple[Any, View]:
    """What stands around every page; the page that is asked for, and what it looks at."""
    identity = present_identity()
    scope = identity.scope
    incidents = served_incidents()
    now = moments.now(max((incident.seen_from for incident in incidents), default=None))
    st.logo(str(house.ICON), size="large")
    pages = navigation.pages(scope, language, incidents)
    page = st.navigation(list(pages.values()), expanded=True)
    if (wanted := address.destination()) and wanted[0] in pages:
        st.switch_page(pages[wanted[0]], query_params=wanted[1])
    address.drop_picks_of_other_pages(page.url_path)
    stamp = present_stamp()
    newest = newest_day(scope, stamp, now)
    with st.sidebar:
        choice = sidebar(scope, moments.last_whole_day(now), language)
        language_switch(language)
        if incidents:
            titles = ", ".join(incident.title.in_language(language) for incident in incidents)
            note(say("replay.mark", language, incident=titles))
        colophon(scope, stamp, language)
        who_is_here(identity, language, _failed_since(identity))
    view = View(
        language,
        identity,
        choice,
        newest,
        now,
        getattr(st.context.theme, "type", "light") == "dark",
        stamp,
        page.url_path or next(iter(pages)),
        thresholds=present_thresholds(scope, stamp),
        asked_at=present_moment(scope, stamp, now),
    )
    address.page_was_drawn()
    keep_view(view)
    return page, view


def _failed_since(identity: Identity) -> int:
    """How many tries to sign in failed since the person signed in before; asked once in a browser's session."""
    asked: tuple[str, int] | None = st.session_state.get(_FAILED_SINCE)
    if asked is None or asked[0] != identity.session:
        asked = identity.session, failed_tries(store(), identity)
        st.session_state[_FAILED_SINCE] = asked
    return asked[1]


def _draw(page: Any, view: View) -> None:
    try:
        draft_bar(view)
        page.run()
    except Exception as error:
        tell_failure(error, view.language, view.page, what="page")

"""The URL state of a page: language, filters and picks, so that a copied link shows the same again.

Streamlit's own binding writes translated labels; these are ids, the same in both languages. Filters are shared by all
pages; picks (a day, a case, a submission) belong to one page and are dropped on leaving it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from urllib.parse import urlencode, urlsplit

import streamlit as st

from app.words import LANGUAGES

FILTERS = ("lang", "exchange", "period", "from", "to")
"""The parameters that all pages share."""
CUSTOM = "custom"
"""The `period` of days that are written out in `from` and `to`."""
_WRITTEN = "address.written"
_PAGE = "address.page"
_PICKS = "address.picks"
_GO = "address.go"
_TURNED = "turned"


def language() -> str:
    """Return the language of the screens."""
    return restored("lang", LANGUAGES[0], lambda text: text in LANGUAGES)


def restored(name: str, default: str, is_valid: Callable[[str], bool]) -> str:
    """Return a filter's value: from the URL if it was changed there, else the session's last one.

    With the browser's back and forward a filter that is not in the URL has its default.
    """
    written = _written()
    in_address = st.query_params.get(name)
    known = default if was_turned_back() else written.get(name, default)
    known = known if is_valid(known) else default
    is_new = was_turned_back() or in_address != written.get(name)
    if in_address is not None and is_new and is_valid(in_address):
        known = in_address
    remember(name, known, default)
    return known


def was_turned_back() -> bool:
    """True in a run that the browser's back or forward asked for: its URL alone says what is chosen.

    The browser's script (app/server/screens.js) marks it. What a widget sends along may be of the view that was left.
    """
    return _TURNED in st.query_params


def page_was_drawn() -> None:
    """Take the mark of the browser's back and forward off the URL, once every filter was read."""
    st.query_params.pop(_TURNED, None)


def remember(name: str, value: str, default: str) -> None:
    """Write a filter's value to the session and the URL; a default value is left out of the URL."""
    _written()[name] = value
    if value == default:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value


def _written() -> dict[str, str]:
    written: dict[str, str] = st.session_state.setdefault(_WRITTEN, {})
    return written


def drop_picks_of_other_pages(page: str) -> None:
    """Drop the picks of the page shown before; picks that the new URL brings stay."""
    before: dict[str, str] = st.session_state.get(_PICKS, {})
    if st.session_state.get(_PAGE) not in (None, page):
        for name, value in before.items():
            if st.query_params.get(name) == value:
                del st.query_params[name]
    st.session_state[_PAGE] = page
    st.session_state[_PICKS] = {name: value for name, value in st.query_params.items() if name not in FILTERS}


def picked(name: str) -> str:
    """Return what is picked on this page under `name`; an empty text where nothing is."""
    return str(st.query_params.get(name, ""))


def picked_day(name: str) -> date | None:
    """Return the day picked on this page under `name`; None where there is none or it is not a day."""
    try:
        return date.fromisoformat(picked(name))
    except ValueError:
        return None


def url_state() -> tuple[tuple[str, str], ...]:
    """Return all filters and picks as the URL holds them."""
    return tuple(sorted(st.query_params.to_dict().items()))


def pick(**values: str) -> None:
    """Write picks to the URL; an empty value removes one."""
    for name, value in values.items():
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)


def go(page: str, **picks: str) -> None:
    """Show another page in this session with these picks; the filters stay."""
    st.session_state[_GO] = (page, {name: value for name, value in picks.items() if value})


def destination() -> tuple[str, dict[str, str]] | None:
    """Return the page asked for since the last run, with its picks."""
    wanted: tuple[str, dict[str, str]] | None = st.session_state.pop(_GO, None)
    return wanted


def link(page: str, **picks: str) -> str:
    """Return the URL of a page with the present filters, changed and completed by `picks`."""
    said = st.query_params.to_dict()
    shared = {name: said[name] for name in FILTERS if name in said}
    query = urlencode({**shared, **{name: value for name, value in picks.items() if value}})
    return f"/{page}?{query}" if query else f"/{page}"


def unfiltered(page: str) -> str:
    """Return the URL of a page without any filter but the language."""
    return f"/{page}?lang={st.query_params['lang']}" if "lang" in st.query_params else f"/{page}"


def page_address(page: str = "", **pinned: str) -> str:
    """Return the whole URL of what is shown: page, filters and picks; what is `pinned` stands in their place."""
    query = urlencode({**st.query_params.to_dict(), **pinned})
    address = (st.context.url or "").partition("?")[0]
    if page and urlsplit(address).path in ("", "/"):
        address = f"{address.rstrip('/')}/{page}"
    return f"{address}?{query}" if query else address

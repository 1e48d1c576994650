"""The head of a page, its sections, notes and marks, and the sentences for empty states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NoReturn

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.moments import kst_minute, last_whole_day
from app.queries.choice import Choice
from app.served import is_stalled
from app.widgets.address import CUSTOM, link, page_address
from app.widgets.view import View

STATE_GLYPHS = {
    "received": "◔",
    "accepted": "●",
    "rejected": "✕",
    "superseded": "↻",
    "withdrawn": "⊘",
    "failed": "!",
    "missing": "✕",
    "draft": "✎",
    "partial": "◑",
    "late": "◐",
    "current": "●",
    "nil": "○",
    "not_due": "·",
    "open": "▶",
    "ended": "■",
    "closed": "■",
    "resumed": "■",
    "over": "▲",
    "met": "●",
    "running": "◔",
    "active": "●",
    "disabled": "⊘",
    "revoked": "⊘",
    "expired": "·",
}
"""A sign beside the word of a state, so that colour never stands alone."""


KIND_GLYPHS = {"structure": "✕", "integrity": "✕", "compliance": "▲", "consistency": "≠", "plausibility": "?"}
"""A sign beside the word of a rule's kind; the two that refuse a file share one."""
SOURCE_GLYPHS = {"DAXA": "●", "LAW": "§", "MODEL": "◇"}
"""A sign beside the word of a source: published, law, or our assumption."""


def page_header(view: View, page: str) -> None:
    """Draw the title, the page's purpose, the age of the figures, and the copy link."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="top"):
        with st.container(width="stretch", gap="xsmall"):
            st.title(view.say(f"{page}.title"), anchor=False)
            st.html(f'<p class="purpose">{escape(view.say(f"{page}.purpose"))}</p>{_as_of(view)}')
        with st.container(width="content"):
            _copy_link(view)
    if is_stalled():
        banner(view.say("stalled"))


def _copy_link(view: View) -> None:
    """The button that copies the address of what is shown, its days written out (app/server/screens.js copies)."""
    first, last = view.choice.first_day, view.choice.last_day
    days = {"period": CUSTOM, "from": first.isoformat(), "to": last.isoformat()}
    address = page_address(view.page, lang=view.language, **days)
    done = view.say("head.shared", first=first, last=last)
    st.html(
        f'<p class="share"><button type="button" data-copy="{escape(address)}" data-done="{escape(done)}" '
        f'title="{escape(view.say("head.share_how"))}">{escape(view.say("head.share"))}</button>'
        '<output aria-live="polite"></output></p>'
    )


def as_of_words(view: View) -> str:
    """As of when questions are asked, and of which day the newest report is."""
    as_of = view.say("head.as_of", moment=kst_minute(view.moment))
    newest = view.say("head.no_data") if view.newest_day is None else view.say("head.newest", day=view.newest_day)
    return f"{as_of} · {newest}"


def _as_of(view: View) -> str:
    """The chip that says as of when the figures are, what was filed last and which days are shown."""
    said = f"{as_of_words(view)} · {_days(view, view.choice)}"
    whose = f"{view.say('export.exchanges')}: {', '.join(map(view.exchange, view.exchanges))}"
    paper = f'<p class="on-paper">{escape(whose)} · {escape(view.say("export.made_at"))} {kst_minute(view.now)} KST</p>'
    return f'<p class="asof">{escape(said)}</p>{paper}{_newest_apart(view)}'


def _newest_apart(view: View) -> str:
    """That the newest report is of another day than the shown ones end with, and the way there; else nothing."""
    newest, choice = view.newest_day, view.choice
    if newest is None or newest == choice.last_day:
        return ""
    if newest < choice.last_day:
        key, first = "head.ends_before", newest - (choice.last_day - choice.first_day)
    elif choice.last_day == last_whole_day(view.now):
        key, first = "head.today_runs", choice.first_day
    else:
        return ""
    days = {"period": CUSTOM, "from": first.isoformat(), "to": newest.isoformat()}
    way = f'<a href="{escape(link(view.page, **days))}">{escape(view.say(f"{key}_show"))}</a>'
    return f'<p class="newest">{escape(view.say(key, day=newest))} {way}</p>'


def _days(view: View, choice: Choice) -> str:
    return view.say("head.period", first=choice.first_day, last=choice.last_day, count=len(choice.days))


def section(view: View, key: str, **parts: object) -> None:
    """Draw a heading inside a page."""
    st.subheader(view.say(key, **parts), anchor=False)


def subtitle(text: str) -> None:
    """Draw a small heading over a table, like that over a chart."""
    st.html(f'<h4 class="chart">{escape(text)}</h4>')


def markup(body: str) -> None:
    """Draw HTML that the page has built and escaped itself."""
    st.html(body)


def facts(pairs: Mapping[str, str]) -> None:
    """Draw a list of names and values of one thing."""
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs.items())
    st.html(f'<dl class="facts">{items}</dl>')


def columns(count: int) -> list[DeltaGenerator]:
    """Return columns side by side."""
    return st.columns(count, gap="medium")


class PageEnded(BaseException):
    """Raised by `stop`; `run` catches it, and the handlers of failures do not."""


def stop() -> NoReturn:
    """End the page here."""
    raise PageEnded


def sentence(text: str) -> None:
    """Draw a sentence about the charts below."""
    st.html(f'<p class="sentence">{escape(text)}</p>')


def sentences(texts: Sequence[str]) -> None:
    """Draw several sentences, one a line."""
    st.html("".join(f'<p class="sentence">{escape(text)}</p>' for text in texts))


def note(text: str) -> None:
    """Draw a definition or limit that belongs to the figures beside it."""
    st.html(f'<p class="note">{escape(text)}</p>')


def banner(text: str) -> None:
    """Draw what must be read first; at most one on a page."""
    st.html(f'<p class="banner" role="note">{escape(text)}</p>')


def result_of_act(text: str, is_done: bool) -> None:
    """Draw what came of the act before, done or refused; the browser scrolls to it (app/server/screens.js).

    With what is done, the browser forgets what was typed for it.
    """
    sign, role, mark = ("●", "status", ' data-done=""') if is_done else ("✕", "alert", "")
    glyph = f'<span aria-hidden="true">{sign}</span>'
    st.html(f'<p class="banner" role="{role}" data-result=""{mark}>{glyph} {escape(text)}</p>')


def empty(view: View, key: str, **parts: object) -> None:
    """Draw why there is nothing to show and what to do; an empty store has a sentence of its own."""
    text = view.say("empty.store") if view.is_empty else view.say(f"empty.{key}", **parts)
    st.html(f'<p class="empty"><span aria-hidden="true">○</span> {escape(text)}</p>')


def state_mark(view: View, state: str) -> str:
    """Return glyph and word of a state."""
    return f"{STATE_GLYPHS.get(state, '')} {view.say(f'state.{state}')}".strip()


def kind_mark(view: View, kind: str) -> str:
    """Return glyph and word of a kind of rule."""
    return f"{KIND_GLYPHS.get(kind, '')} {view.code(kind)}".strip()


def source_mark(view: View, source: str) -> str:
    """Return glyph and word of a source of rules and thresholds."""
    return f"{SOURCE_GLYPHS.get(source, '')} {view.say(f'source.{source}')}".strip()


def code(view: View, title: str, body: str, language: str = "sql") -> None:
    """Draw a piece of code that opens on click."""
    with st.expander(title):
        st.code(body, language=language, wrap_lines=True)

"""Lists of lines side by side, each line a link; and the address of a page about certain days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from app.widgets.address import link
from app.widgets.view import View


@dataclass(frozen=True, slots=True)
class NewsList:
    """A heading, the words beside it, the lines as HTML, and the text where there are none."""

    heading: str
    beside: str
    lines: Sequence[str]
    nothing: str


def news_lists(*lists: NewsList) -> str:
    """The lists side by side, as HTML."""
    parts = []
    for one in lists:
        body = "".join(f"<li>{line}</li>" for line in one.lines)
        body = body or f"<li><p><span>{escape(one.nothing)}</span></p></li>"
        head = f"<h3>{escape(one.heading)} <small>{escape(one.beside)}</small></h3>"
        parts.append(f"<section>{head}<ul>{body}</ul></section>")
    return f'<div class="news">{"".join(parts)}</div>'


def link_line(address: str, text: str, beside: str) -> str:
    """One line as HTML: a link with its text, and a few words beside it."""
    inner = f"<span>{escape(text)}</span><i>{escape(beside)}</i>"
    return f'<a href="{escape(address)}" title="{escape(text)}">{inner}</a>'


def filtered(view: View, page: str, exchange: str, days: tuple[date, date], **picks: str) -> str:
    """A page about these days of an exchange: the present days where they hold these, else these alone."""
    first, last = days
    if view.choice.first_day <= first and last <= view.choice.last_day:
        return link(page, exchange=exchange, **picks)
    return link(page, exchange=exchange, **{"period": "custom", "from": str(first), "to": str(last)}, **picks)

"""What changed since the visit before, beside what falls due within a day."""

from __future__ import annotations

from datetime import timedelta

from app.overview.change_parts import ShownSpan, change_lines
from app.overview.due_parts import due_lines
from app.overview.line_parts import NewsList, news_lists
from app.overview.visit_parts import keep_seen, present_visit, seen_until
from app.widgets.header import markup
from app.widgets.parts import part
from app.widgets.view import View, cached

MOST_LINES = 7
"""So many lines fit beside each other on the first screen."""
AHEAD = timedelta(days=1)
"""So far ahead due times are listed, and so far back changes in somebody's first visit."""


def shown_span(view: View) -> ShownSpan:
    """After when and until when changes are shown in this visit."""
    visit = present_visit(view)
    begin = visit.since or visit.began_at.replace(second=0, microsecond=0) - AHEAD
    return ShownSpan(begin, seen_until(view), visit.since is None)


@part
def show_news(view: View, span: ShownSpan) -> None:
    """What changed in a few lines beside what falls due; the changes then count as seen."""
    markup(cached(view, "news", lambda: _news(view, span), span))
    keep_seen(view, span.until)


def _news(view: View, span: ShownSpan) -> str:
    heading, beside, nothing = (view.say(f"overview.{name}") for name in ("due", "due_how", "no_due"))
    due = NewsList(heading, beside, due_lines(view, AHEAD)[:MOST_LINES], nothing)
    return news_lists(change_lines(view, span, MOST_LINES), due)

"""Overview: the state of the five exchanges in one screen, what changed, what is due; the detail below."""

from __future__ import annotations

from app.answers.summary_parts import answers_line
from app.overview.change_parts import show_changes
from app.overview.lane_figures import exchange_figures
from app.overview.lane_parts import show_lanes
from app.overview.lane_states import situation
from app.overview.news_parts import show_news, shown_span
from app.overview.open_parts import show_breaches, show_open, show_unevaluated
from app.overview.status_parts import show_statuses
from app.widgets.header import empty, note, page_header
from app.widgets.view import ask, current_view

view = current_view()
page_header(view, "overview")
found = ask(situation, view.choice, view.moment)
figures = {one.exchange: one for one in ask(exchange_figures, view.choice, view.moment)}
span = shown_span(view)

if view.is_empty:
    empty(view, "store")
else:
    show_lanes(view, found, figures)
show_news(view, span)
if not view.is_empty:
    answers_line(view)
note(view.say("overview.lanes_how"))
show_statuses(view, found.statuses)
show_breaches(view)
show_open(view, found)
if not view.is_empty:
    show_unevaluated(view)
show_changes(view, span)

"""Answers: what waits for an explanation, decision or remedy, which verdicts were not read, and all that was said."""

from __future__ import annotations

from datetime import timedelta

from app.answers.breaches import breach_list
from app.answers.explanations import awaiting_explanation, explanations_given
from app.answers.form_parts import show_said
from app.answers.list_parts import (
    answer_counts,
    answer_tiles,
    answer_totals,
    answers_model,
    breach_section,
    by_exchange,
    explanation_list,
    history,
    own_unread,
    unread_list,
    waiting_list,
)
from app.overview.due_parts import due_lines
from app.overview.line_parts import NewsList, news_lists
from app.scope import Role
from app.widgets.header import empty, markup, note, page_header, sentence, stop
from app.widgets.view import View, ask, cached, current_view

AHEAD = timedelta(days=1)


def show_due(view: View) -> None:
    """What falls due within a day."""
    heading, how, nothing = (view.say(key) for key in ("answers.due", "overview.due_how", "overview.no_due"))
    markup(cached(view, "due", lambda: news_lists(NewsList(heading, how, due_lines(view, AHEAD), nothing))))


view = current_view()
page_header(view, "answers")
show_said(view)
if view.is_empty:
    empty(view, "store")
    stop()
waiting = ask(awaiting_explanation, view.choice)
given = ask(explanations_given, view.choice)
broken = ask(breach_list, view.choice)
unread = own_unread(view)
counts = answer_counts(view, waiting, given, broken, unread)
is_exchange = view.scope.role is Role.EXCHANGE
summary = "answers.summary_exchange" if is_exchange else "answers.summary_supervisor"
sentence(view.say(summary, **answer_totals(counts)))
answer_tiles(view, counts)
note(view.say("answers.how"))
if is_exchange:
    waiting_list(view, waiting)
    breach_section(view, broken, ("open", "remedied", "closed"))
    unread_list(view, unread)
    show_due(view)
    explanation_list(view, given, "explanations")
else:
    by_exchange(view, counts)
    explanation_list(view, given[given["state"] == "explained"], "to_decide")
    breach_section(view, broken, ("remedied", "open", "closed"))
    unread_list(view, unread)
    waiting_list(view, waiting)
    show_due(view)
    explanation_list(view, given[given["state"] != "explained"], "decided")
history(view)
answers_model(view)

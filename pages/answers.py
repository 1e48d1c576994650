"""Answers: what waits for an explanation, decision or remedy, which verdicts were not read, and all that was said."""

from __future__ import annotations

from datetime import timedelta

from app import queries, widgets
from app.identity import Role
from app.widgets import View

AHEAD = timedelta(days=1)


def show_due(view: View) -> None:
    """What falls due within a day."""
    heading, how, nothing = (view.say(key) for key in ("answers.due", "overview.due_how", "overview.no_due"))
    widgets.markup(
        widgets.kept(view, "due", lambda: widgets.news(((heading, how, widgets.due_lines(view, AHEAD), nothing),)))
    )


view = widgets.current_view()
widgets.header(view, "answers")
widgets.show_said(view)
if view.is_empty:
    widgets.empty(view, "store")
    widgets.stop()
waiting = widgets.ask(queries.awaiting_explanation, view.choice)
given = widgets.ask(queries.explanations_given, view.choice)
broken = widgets.ask(queries.breach_list, view.choice)
unread = widgets.own_unread(view)
counts = widgets.answer_counts(view, waiting, given, broken, unread)
is_exchange = view.scope.role is Role.EXCHANGE
summary = "answers.summary_exchange" if is_exchange else "answers.summary_supervisor"
widgets.sentence(view.say(summary, **widgets.answer_totals(counts)))
widgets.answer_tiles(view, counts)
widgets.note(view.say("answers.how"))
if is_exchange:
    widgets.waiting_list(view, waiting)
    widgets.breach_section(view, broken, ("open", "remedied", "closed"))
    widgets.unread_list(view, unread)
    show_due(view)
    widgets.explanation_list(view, given, "explanations")
else:
    widgets.by_exchange(view, counts)
    widgets.explanation_list(view, given[given["state"] == "explained"], "to_decide")
    widgets.breach_section(view, broken, ("remedied", "open", "closed"))
    widgets.unread_list(view, unread)
    widgets.waiting_list(view, waiting)
    show_due(view)
    widgets.explanation_list(view, given[given["state"] != "explained"], "decided")
widgets.history(view)
widgets.answers_model(view)

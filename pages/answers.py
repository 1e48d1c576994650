"""Answers: what waits for an explanation, decision or remedy, which verdicts were not read, and all that was said."""

from __future__ import annotations

from app.answers.breach_parts import breach_section, history
from app.answers.explanation_parts import explanation_list, waiting_list
from app.answers.form_parts import show_result
from app.answers.reader_parts import unread_list
from app.answers.summary_parts import (
    assumptions,
    by_exchange,
    show_due,
    summary_text,
    summary_tiles,
    waiting_counts,
    waiting_of,
)
from app.scope import Role
from app.widgets.header import empty, note, page_header, sentence, stop
from app.widgets.view import current_view

view = current_view()
page_header(view, "answers")
show_result(view)
if view.is_empty:
    empty(view, "store")
    stop()
waiting = waiting_of(view)
counts = waiting_counts(view, waiting)
sentence(summary_text(view, counts))
summary_tiles(view, counts)
note(view.say("answers.how"))
if view.scope.role is Role.EXCHANGE:
    waiting_list(view, waiting.matters)
    breach_section(view, waiting.breaches, ("open", "remedied", "closed"))
    unread_list(view, waiting.unread)
    show_due(view)
    explanation_list(view, waiting.explanations, "explanations")
else:
    by_exchange(view, counts)
    explanation_list(view, waiting.undecided, "to_decide")
    breach_section(view, waiting.breaches, ("remedied", "open", "closed"))
    unread_list(view, waiting.unread)
    waiting_list(view, waiting.matters)
    show_due(view)
    explanation_list(view, waiting.decided, "decided")
history(view)
assumptions(view)

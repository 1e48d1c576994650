"""Pieces of screen that are used twice or more: the view, filters, header, tables, charts, rows behind a mark."""

from app.widgets.address import link, pick, picked, picked_day
from app.widgets.drawings import chart
from app.widgets.filters import language_switch, sidebar, submission_filters
from app.widgets.header import columns, empty, facts, header, markup, note, section, sentence, state_mark, stop
from app.widgets.periods import days_of, end_of, start_of
from app.widgets.rows import rows_behind
from app.widgets.tables import Shown, table
from app.widgets.view import View, ask, current_view

__all__ = [
    "Shown",
    "View",
    "ask",
    "chart",
    "columns",
    "current_view",
    "days_of",
    "empty",
    "end_of",
    "facts",
    "header",
    "language_switch",
    "link",
    "markup",
    "note",
    "pick",
    "picked",
    "picked_day",
    "rows_behind",
    "section",
    "sentence",
    "sidebar",
    "start_of",
    "state_mark",
    "stop",
    "submission_filters",
    "table",
]

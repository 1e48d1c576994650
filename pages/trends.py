"""Trends for managers: six lanes of every exchange, a month against the last and over six months; no single rows."""

from __future__ import annotations

from app.overview.trend_month_parts import months_to_choose, show_month
from app.overview.trends import is_open
from app.widgets.header import empty, note, page_header, stop
from app.widgets.switches import switch
from app.widgets.view import current_view

view = current_view()
page_header(view, "trends")
months = months_to_choose(view)
if not months:
    empty(view, "trends")
    stop()
month = switch(view.say("trends.month"), "month", months, str)
if is_open(month, view.moment):
    note(view.say("trends.open_month", month=month))
show_month(view, month)

"""Data quality: how well each exchange filed, by dimension and month, graded by stated bounds."""

from __future__ import annotations

from app.obligations.outcomes import first_recorded_day
from app.quality.counts import quality_months
from app.quality.grading_parts import show_grading
from app.quality.measures import Rating
from app.quality.month_parts import show_month, show_rules
from app.quality.scorecard import score
from app.quality.scorecard_parts import show_course, show_dimensions, show_grades, show_totals
from app.queries.months import shown_months
from app.widgets.address import picked
from app.widgets.header import empty, note, page_header, stop
from app.widgets.view import ask, cached, current_view

view = current_view()
page_header(view, "data_quality")
note(view.say("data_quality.definition"))
months = shown_months(view.choice)
counted = ask(quality_months, view.choice, view.moment)
begin = ask(first_recorded_day)
scored = cached(view, "scored", lambda: score(counted, view.moment))
if begin is None or not any(one.counts.due_count for one in scored):
    empty(view, "quality")
    stop()
graded_months = [one.month for one in scored if one.grade.rating is not Rating.UNJUDGED]
month = picked("month") if picked("month") in months else max(graded_months)
exchange = picked("at") if picked("at") in view.exchanges else view.exchanges[0]
of_month = [one for one in scored if one.month == month]

note(view.say("data_quality.begin", day=begin))
show_totals(view, of_month, month)
show_grades(view, scored, months)
show_dimensions(view, of_month, month)
show_course(view, scored, months)
show_rules(view, month)
show_month(view, exchange, month, view.moment)
show_grading(view, month)

"""Reconciliation: which checks came and which did not, every shortfall and its answer, down to one asset's rows."""

from __future__ import annotations

from app.obligations.absence_parts import absent, nothing
from app.reconciliation.day_calendar import calendar_cells
from app.reconciliation.day_parts import reconciled_day
from app.reconciliation.episode_parts import doubtful_figures, shortfall_episodes
from app.reconciliation.responses import episode_responses
from app.reconciliation.summary_parts import calendar, summary
from app.reconciliation.unhalted import unhalted_shortfalls
from app.rules.finding_parts import report_findings
from app.rules.rule_parts import rule_box
from app.widgets.address import picked, picked_day
from app.widgets.header import note, page_header, stop
from app.widgets.view import ask, current_view

RULES = ("REC-002", "REC-003", "REC-004", "REC-005", "REC-006")

view = current_view()
page_header(view, "reconciliation")
note(view.say("reconciliation.definition"))
moment = view.moment.replace(minute=0, second=0, microsecond=0)
cells = ask(calendar_cells, view.choice, moment)
if not any(cell.filed_day_count for cell in cells):
    nothing(view, "reconciliation")
    report_findings(view, "reconciliation")
    stop()
absent(view, "reconciliation")
episodes = ask(episode_responses, view.choice)
summary(view, cells, episodes, ask(unhalted_shortfalls, view.choice))
calendar(view, cells)
at, day = picked("at"), picked_day("day")
if at in view.exchanges and day:
    reconciled_day(view, at, day, moment)
shortfall_episodes(view, episodes)
doubtful_figures(view)
rule_box(view, RULES)
note(view.say("reconciliation.context"))
report_findings(view, "reconciliation")

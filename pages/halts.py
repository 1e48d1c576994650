"""Halts: what was suspended, for how long and why, whether each step was in time, and what should have been halted."""

from __future__ import annotations

from datetime import timedelta

from app.halts.availability import BAR_DAYS
from app.halts.crossing_parts import crossing_table
from app.halts.detail_parts import halt_detail
from app.halts.events import halt_events, halt_filing_days
from app.halts.filter_parts import halt_filters
from app.halts.list_parts import halt_list, picked_event, picked_events
from app.halts.summary_parts import lanes, reach, step_lengths_of, steps_and_reasons, summary
from app.obligations.absence_parts import absent, nothing
from app.queries.choice import Choice
from app.reconciliation.responses import episode_responses
from app.reconciliation.unhalted import unhalted_shortfalls
from app.rules.finding_parts import report_findings
from app.rules.rule_parts import rule_box
from app.widgets.header import empty, note, page_header, stop
from app.widgets.view import ask, current_view

RULES = ("REC-004", "HLT-003", "HLT-004", "HLT-005", "HLT-006", "HLT-008", "HLT-009")

view = current_view()
page_header(view, "halts")
note(view.say("halts.definition"))
if not any(ask(halt_filing_days, view.choice).values()):
    nothing(view, "halts")
    report_findings(view, "halts")
    stop()
absent(view, "halts")
wanted = halt_filters(view)
events = ask(halt_events, view.choice, wanted)
episodes = ask(episode_responses, view.choice)
unhalted = ask(unhalted_shortfalls, view.choice)
steps = step_lengths_of(view, events)
summary(view, events, steps, unhalted)
if not events:
    empty(view, "no_halts", count=f"{len(unhalted):,}")
lanes(view, events, episodes, wanted)
crossing_table(view, unhalted, episodes)
last_day = view.choice.last_day
bar_choice = Choice(view.choice.exchanges, last_day - timedelta(days=BAR_DAYS - 1), last_day)
reach(view, bar_choice, wanted, key="bars", title=view.say("halts.bars", days=BAR_DAYS))
steps_and_reasons(view, events, steps)
halt_list(view, picked_events(view, events), episodes)
if (chosen := picked_event(events)) is not None:
    halt_detail(view, chosen)
rule_box(view, RULES)
report_findings(view, "halts")

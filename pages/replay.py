"""Incident replay: what happened beside what five-minute checks and the halt rule would have shown."""

from __future__ import annotations

from app.columns import columns_of
from app.replay.checks import replayed_checks, replayed_halts
from app.replay.choice_parts import chosen_incident, is_filed
from app.replay.course import course_of
from app.replay.course_parts import course_charts, course_tiles, introduce, show_findings
from app.replay.fact_parts import show_facts
from app.replay.facts import events_of
from app.replay.lesson_parts import show_lessons
from app.replay.slot_parts import side_by_side
from app.replay.slots import MilestoneLine, milestones, slots_of
from app.widgets.header import empty, note, page_header, section, sentence, stop
from app.widgets.tables import table
from app.widgets.view import ask, current_view

view = current_view()
page_header(view, "replay")
facts = chosen_incident(view)
if facts is None:
    empty(view, "replay")
    stop()

events = events_of(facts, view.language)
view = view.of_days(facts.first_day, facts.last_day)
sentence(f"{facts.title.in_language(view.language)}: {facts.summary.in_language(view.language)}")
if not is_filed(view, facts):
    show_lessons(view, facts)
    show_facts(view, facts, events)
    stop()

about = (facts.exchange, facts.asset, facts.first_day, facts.last_day)
checks = ask(replayed_checks, *about, view.thresholds)
halts = ask(replayed_halts, *about)
course = ask(course_of, *about, view.thresholds)
introduce(view, facts, course)
if course.tail is not None:
    course_tiles(view, facts, checks, course, course.tail)
course_charts(view, facts, checks, events, halts, course)
section(view, "replay.compared")
note(view.say("replay.compared_how"))
compared = milestones(facts, course, view.language)
table(view, compared, columns_of(MilestoneLine), alt=view.say("replay.compared"), key="compared")
show_lessons(view, facts)
section(view, "replay.side_by_side")
side_by_side(view, slots_of(facts, checks, halts, course, view.language))
show_findings(view, facts)
show_facts(view, facts, events)

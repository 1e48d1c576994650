"""Filing: an exchange's people have files checked, submit them, say that there was nothing, and see what is due."""

from __future__ import annotations

from app.filing.act_parts import show_results
from app.filing.day_parts import day_summary, filed_day, files_of_day
from app.filing.desk_parts import desk_of
from app.filing.draft_parts import present_drafts
from app.filing.template_parts import templates_and_guide
from app.filing.upload_parts import checked_without_draft, nil_section, upload_section
from app.filing.verdict import filed_submission
from app.filing.verdict_parts import (
    draft_panel,
    receipt_panel,
    secret_panel,
    submission_findings,
    withdrawal,
)
from app.obligations.calendar_parts import obligation_calendar
from app.widgets.address import picked
from app.widgets.header import empty, page_header, section, sentence, stop
from app.widgets.switches import switch
from app.widgets.view import ask, current_view
from app.widgets.working import wake_worker

TASKS = ("submit", "duties", "templates")

view = current_view()
page_header(view, "filing")
desk = desk_of(view)
if desk is None:
    empty(view, "filing")
    stop()
show_results()
sentence(view.say("filing.for_exchange", exchange=view.exchange(desk.exchange)))
task = switch(view.say("filing.task"), "task", TASKS, lambda name: view.say(f"filing.tasks.{name}"))
if task == "duties":
    obligation_calendar(view, desk.exchange)
elif task == "templates":
    templates_and_guide(view, desk.exchange)
else:
    filed = ask(filed_submission, picked("submission"))
    if filed is not None:
        section(view, "filing.receipt_of", number=filed.id)
        receipt_panel(view, filed, is_repeated=bool(picked("repeated")))
        submission_findings(view, filed)
        withdrawal(view, desk, filed)
    filed_day(view, picked("submissions").split(","), picked("repeated").split(","))
    not_kept = checked_without_draft()
    files = files_of_day(desk, present_drafts(view))
    day_summary(view, desk, files, not_kept)
    for checked in not_kept:
        secret_panel(view, checked)
    for one in files:
        draft_panel(view, desk, one.draft, one.told)
    wake_worker()
    upload_section(view, desk)
    nil_section(view, desk)

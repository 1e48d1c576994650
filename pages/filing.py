"""Filing: an exchange's people have files checked, submit them, say that there was nothing, and see what is due."""

from __future__ import annotations

from app import queries, widgets
from app.widgets.duties import duty_calendar
from app.widgets.templates import templates_and_guide
from app.widgets.uploads import looked_without_draft, nil_section, upload_section
from app.widgets.verdicts import draft_panel, receipt_panel, secret_panel, submission_findings, withdrawal
from app.widgets.working import desk_of, wake_worker

TASKS = ("submit", "duties", "templates")

view = widgets.current_view()
widgets.header(view, "filing")
desk = desk_of(view)
if desk is None:
    widgets.empty(view, "filing")
    widgets.stop()
widgets.sentence(view.say("filing.for_exchange", exchange=view.exchange(desk.exchange)))
task = widgets.switch(view.say("filing.task"), "task", TASKS, lambda name: view.say(f"filing.tasks.{name}"))
if task == "duties":
    duty_calendar(view, desk.exchange)
elif task == "templates":
    templates_and_guide(view, desk.exchange)
else:
    filed = widgets.ask(queries.filed_submission, widgets.picked("submission"))
    if filed is not None:
        widgets.section(view, "filing.receipt_of", number=filed.id)
        receipt_panel(view, filed, is_repeated=bool(widgets.picked("repeated")))
        submission_findings(view, filed)
        withdrawal(view, desk, filed)
    for looked in looked_without_draft():
        secret_panel(view, looked)
    for draft in widgets.present_drafts(view):
        draft_panel(view, desk, draft)
    wake_worker()
    upload_section(view, desk)
    nil_section(view, desk)

"""Administration: thresholds with four eyes, people, machine tokens, the audit log, unfinished work."""

from app import widgets
from app.identity import Role
from app.widgets.administration import (
    log_section,
    outcome,
    people_section,
    threshold_section,
    token_section,
    work_section,
)

SECTIONS = {
    "thresholds": threshold_section,
    "people": people_section,
    "tokens": token_section,
    "log": log_section,
    "work": work_section,
}

view = widgets.current_view()
if view.scope.role is not Role.ADMIN:
    widgets.stop()
widgets.header(view, "administration")
outcome(view)
chosen = widgets.switch(
    view.say("administration.section"), "section", tuple(SECTIONS), lambda name: view.say(f"administration.of_{name}")
)
SECTIONS[chosen](view)

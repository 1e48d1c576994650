"""Administration: thresholds with four eyes, people, machine tokens, grants to read rows, the audit log, open work."""

from app.administration.action_parts import show_result
from app.administration.log_parts import log_section
from app.administration.people_parts import people_section
from app.administration.row_grant_parts import row_grant_section
from app.administration.threshold_change_parts import threshold_section
from app.administration.token_parts import token_section
from app.administration.work_parts import work_section
from app.moments import kst_day
from app.scope import Role
from app.widgets.header import page_header, stop
from app.widgets.switches import switch
from app.widgets.view import current_view

SECTIONS = {
    "thresholds": threshold_section,
    "people": people_section,
    "tokens": token_section,
    "row_grants": row_grant_section,
    "log": log_section,
    "work": work_section,
}

OF_SUPERVISORS = ("row_grants",)

view = current_view()
if view.scope.role not in (Role.ADMIN, Role.SUPERVISOR):
    stop()
sections = tuple(SECTIONS) if view.scope.role is Role.ADMIN else OF_SUPERVISORS
page_header(view, "administration")
show_result(view)
chosen = switch(
    view.say("administration.section"), "section", sections, lambda name: view.say(f"administration.of_{name}")
)
today = kst_day(view.now)
SECTIONS[chosen](view.of_days(today, today))

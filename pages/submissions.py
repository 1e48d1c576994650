"""Submissions: what was filed, what became of it, and every finding of each file."""

from __future__ import annotations

from app.answers.reader_parts import record_reading
from app.filing.act_parts import show_results
from app.filing.desk_parts import desk_of
from app.filing.submission_parts import finding_section, one_submission, submission_section
from app.filing.submissions import submission_versions
from app.filing.verdict import filed_submission
from app.filing.verdict_parts import failure_note, submission_findings, withdrawal
from app.rules.judged import judged_rules
from app.rules.judged_parts import judged_section
from app.widgets.address import picked
from app.widgets.header import empty, page_header, stop
from app.widgets.rows import rows_behind
from app.widgets.view import ask, current_view

view = current_view()
page_header(view, "submissions")
show_results()
submission_section(view)
submission = picked("submission")
versions = ask(submission_versions, submission)
one = next((version for version in versions if version.id == submission), None)
if one is None:
    if submission:
        empty(view, "submission", submission=submission)
    stop()
record_reading(view, submission)
one_submission(view, one, versions)
desk, filed = desk_of(view), ask(filed_submission, submission)
if desk is not None and filed is not None:  # its senders read first what to mend
    failure_note(view, filed)
    submission_findings(view, filed)
    withdrawal(view, desk, filed)
judged = ask(judged_rules, submission, view.language)
if one.state != "failed":  # nothing was judged of it
    finding_section(view, one, judged.overall)
judged_section(view, submission, judged)
if one.state == "accepted":
    rows_behind(view, one.report, one.exchange, *one.days, submission=submission)

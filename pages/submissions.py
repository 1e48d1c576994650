"""Submissions: what was filed, what became of it, and every finding of each file."""

from __future__ import annotations

import pandas as pd

from app.amounts import exact
from app.answers.mark_parts import keep_read, show_readers, to_answer, with_answers
from app.columns import Shown, columns_of, frame_of
from app.filing.desk_parts import desk_of
from app.filing.filter_parts import submission_filters
from app.filing.submissions import (
    LIST_PAGE,
    Wanted,
    state_history,
    submission_counts,
    submission_list,
    submission_versions,
)
from app.filing.verdict import filed_submission
from app.filing.verdict_parts import submission_findings, withdrawal
from app.moments import duration, kst_text
from app.rules.finding_parts import FindingRow, finding_rows, page_of
from app.rules.findings import FINDING_PAGE, finding_groups, finding_list
from app.widgets.address import go, pick, picked
from app.widgets.audit_events import list_seen, rows_seen
from app.widgets.header import columns, empty, facts, note, page_header, section, sentence, state_mark, stop
from app.widgets.periods import days_of
from app.widgets.rows import rows_behind
from app.widgets.tables import table
from app.widgets.view import View, ask, current_view

# The columns of the tables, and how each is written.
HISTORY = {
    "received_at": Shown.INSTANT,
    "exchange": Shown.EXCHANGE,
    "report": Shown.REPORT,
    "period": Shown.TEXT,
    "state": Shown.STATE,
    "timeliness": Shown.CODE,
    "row_count": Shown.COUNT,
    "finding_count": Shown.COUNT,
    "file": Shown.TEXT,
    "sha256": Shown.TEXT,
}
GROUPS = {"rule": Shown.TEXT, "kind": Shown.KIND, "count": Shown.COUNT, "remedy": Shown.LONG_TEXT}
FINDINGS = {
    "rule": Shown.TEXT,
    "kind": Shown.KIND,
    "row": Shown.COUNT,
    "column": Shown.TEXT,
    "subject": Shown.CODE,
    "interval": Shown.TEXT,
    "found": Shown.TEXT,
    "expected": Shown.TEXT,
    "answer": Shown.TEXT,
    "sentence": Shown.LONG_TEXT,
    "answer_text": Shown.LONG_TEXT,
}
STATES = {"at": Shown.INSTANT, "state": Shown.STATE, "cause": Shown.LONG_TEXT}
VERSIONS = {
    "received_at": Shown.INSTANT,
    "state": Shown.STATE,
    "period": Shown.TEXT,
    "row_count": Shown.COUNT,
    "finding_count": Shown.COUNT,
    "file": Shown.TEXT,
    "id": Shown.TEXT,
}


def passport(view: View, one: pd.Series) -> None:
    """Who filed what when, and its exact bytes' digest."""
    late = one["received_at"] - one["due_at"]
    timeliness = view.code(one["timeliness"])
    if one["timeliness"] == "late":
        timeliness += f" ({duration(late, view.language)})"
    facts(
        {
            view.say("column.state"): state_mark(view, one["state"]),
            view.say("column.file"): one["file"],
            view.say("column.id"): one["id"],
            view.say("column.received_at"): f"{kst_text(one['received_at'])} · {timeliness}",
            view.say("column.due_at"): kst_text(one["due_at"]),
            view.say("column.row_count"): exact(one["row_count"]) or "–",
            view.say("column.size_bytes"): exact(one["size_bytes"]),
            "SHA-256": one["sha256"],
            view.say("column.evidence_kept"): view.say("yes" if one["evidence_kept"] else "no"),
            view.say("column.rule_set_version"): one["rule_set_version"] or "–",
            view.say("column.superseded_by"): one["superseded_by"] or "–",
        }
    )


def show_findings(view: View, one: pd.Series) -> None:
    """The findings of a file: by rule with counts, then each with its place and sentence, page by page."""
    submission = one["id"]
    groups = ask(finding_groups, submission, view.language)
    total = sum(group.count for group in groups)
    section(view, "submissions.findings", count=f"{total:,}")
    if not groups:
        empty(view, "findings")
        return
    table(
        view,
        lambda: groups,
        GROUPS,
        alt=view.say("submissions.by_rule"),
        key=f"groups.{submission}",
        on_pick=lambda row: go("rules", rule=row.rule),
    )
    note(view.say("list.to_rule"))
    page = page_of(view, total, FINDING_PAGE)
    listed = finding_rows(view, ask(finding_list, submission, view.language, page))
    found = with_answers(view, submission, frame_of(listed, ("id", *columns_of(FindingRow))))
    rows_seen(view, one["report"], one["exchange"], submission=submission, page_number=str(page))
    table(
        view,
        found,
        FINDINGS,
        alt=view.say("submissions.findings", count=total),
        key=f"findings.{submission}.{page}",
        on_pick=to_answer,
        only_filled=True,
    )
    if found["answer"].notna().any():
        note(view.say("answers.to_answer"))


view = current_view()
page_header(view, "submissions")
report, state = submission_filters(view)
wanted = Wanted(report, state)
counts = ask(submission_counts, view.choice, wanted)
if not counts:
    empty(view, "submissions")
else:
    words = " · ".join(f"{state_mark(view, name)} {count:,}" for name, count in sorted(counts.items()))
    sentence(view.say("submissions.summary", count=f"{sum(counts.values()):,}", words=words))
    number = page_of(view, sum(counts.values()), LIST_PAGE, "history")
    listed = ask(submission_list, view.choice, wanted, number)
    list_seen(view, "submissions", listed, page_number=str(number))
    table(
        view,
        lambda: listed,
        HISTORY,
        key=f"history.{number}",
        alt=view.say("submissions.title"),
        on_pick=lambda row: pick(submission=row["id"], page=""),
    )
    note(view.say("submissions.how"))

submission = picked("submission")
versions = ask(submission_versions, submission)
chosen = versions[versions["id"] == submission]
if chosen.empty:
    if submission:
        empty(view, "submission", submission=submission)
    stop()
one = chosen.iloc[0]
keep_read(view, submission)
section(
    view,
    "submissions.one",
    exchange=view.exchange(one["exchange"]),
    report=view.report(one["report"]),
    period=one["period"],
)
left, right = columns(2)
with left:
    passport(view, one)
    show_readers(view, submission)
with right:
    section(view, "submissions.states")
    states = ask(state_history, submission)
    table(view, lambda: states, STATES, alt=view.say("submissions.states"))
    section(view, "submissions.versions", count=len(versions))
    table(
        view,
        lambda: versions,
        VERSIONS,
        key=f"versions.{submission}",
        alt=view.say("submissions.versions", count=len(versions)),
        on_pick=lambda row: pick(submission=row["id"], page=""),
    )
desk, filed = desk_of(view), ask(filed_submission, submission)
if desk is not None and filed is not None:  # its senders read first what to mend
    submission_findings(view, filed)
    withdrawal(view, desk, filed)
show_findings(view, one)
if one["state"] == "accepted":
    days = days_of(one)
    rows_behind(view, one["report"], one["exchange"], *days, submission=submission)

"""Submissions: what was filed, what became of it, and every finding of each file."""

from __future__ import annotations

import pandas as pd

from app import queries, widgets
from app.amounts import exact
from app.moments import duration, kst_text
from app.queries.findings import FINDING_PAGE
from app.queries.submitted import LIST_PAGE, Wanted
from app.widgets import Shown, View
from app.widgets.verdicts import submission_findings, withdrawal
from app.widgets.working import desk_of

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
    widgets.facts(
        {
            view.say("column.state"): widgets.state_mark(view, one["state"]),
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
    groups = widgets.ask(queries.finding_groups, submission, view.language)
    total = int(groups["count"].sum())
    widgets.section(view, "submissions.findings", count=f"{total:,}")
    if groups.empty:
        widgets.empty(view, "findings")
        return
    widgets.table(
        view,
        lambda: groups,
        GROUPS,
        alt=view.say("submissions.by_rule"),
        key=f"groups.{submission}",
        on_pick=lambda row: widgets.go("rules", rule=row["rule"]),
    )
    widgets.note(view.say("list.to_rule"))
    page = widgets.page_of(view, total, FINDING_PAGE)
    found = widgets.with_interval(view, widgets.ask(queries.finding_list, submission, view.language, page))
    found = widgets.with_answers(view, submission, found)
    widgets.rows_seen(view, one["report"], one["exchange"], submission=submission, page_number=str(page))
    widgets.table(
        view,
        found,
        FINDINGS,
        alt=view.say("submissions.findings", count=total),
        key=f"findings.{submission}.{page}",
        on_pick=widgets.to_answer,
        only_filled=True,
    )
    if found["answer"].notna().any():
        widgets.note(view.say("answers.to_answer"))


view = widgets.current_view()
widgets.header(view, "submissions")
report, state = widgets.submission_filters(view)
wanted = Wanted(report, state)
counts = widgets.ask(queries.submission_counts, view.choice, wanted)
if not counts:
    widgets.empty(view, "submissions")
else:
    words = " · ".join(f"{widgets.state_mark(view, name)} {count:,}" for name, count in sorted(counts.items()))
    widgets.sentence(view.say("submissions.summary", count=f"{sum(counts.values()):,}", words=words))
    number = widgets.page_of(view, sum(counts.values()), LIST_PAGE, "history")
    listed = widgets.ask(queries.submission_list, view.choice, wanted, number)
    widgets.list_seen(view, "submissions", listed, page_number=str(number))
    widgets.table(
        view,
        lambda: listed,
        HISTORY,
        key=f"history.{number}",
        alt=view.say("submissions.title"),
        on_pick=lambda row: widgets.pick(submission=row["id"], page=""),
    )
    widgets.note(view.say("submissions.how"))

submission = widgets.picked("submission")
versions = widgets.ask(queries.submission_versions, submission)
chosen = versions[versions["id"] == submission]
if chosen.empty:
    if submission:
        widgets.empty(view, "submission", submission=submission)
    widgets.stop()
one = chosen.iloc[0]
widgets.keep_read(view, submission)
widgets.section(
    view,
    "submissions.one",
    exchange=view.exchange(one["exchange"]),
    report=view.report(one["report"]),
    period=one["period"],
)
left, right = widgets.columns(2)
with left:
    passport(view, one)
    widgets.show_readers(view, submission)
with right:
    widgets.section(view, "submissions.states")
    states = widgets.ask(queries.state_history, submission)
    widgets.table(view, lambda: states, STATES, alt=view.say("submissions.states"))
    widgets.section(view, "submissions.versions", count=len(versions))
    widgets.table(
        view,
        lambda: versions,
        VERSIONS,
        key=f"versions.{submission}",
        alt=view.say("submissions.versions", count=len(versions)),
        on_pick=lambda row: widgets.pick(submission=row["id"], page=""),
    )
desk, filed = desk_of(view), widgets.ask(queries.filed_submission, submission)
if desk is not None and filed is not None:  # its senders read first what to mend
    submission_findings(view, filed)
    withdrawal(view, desk, filed)
show_findings(view, one)
if one["state"] == "accepted":
    days = widgets.days_of(one)
    widgets.rows_behind(view, one["report"], one["exchange"], *days, submission=submission)

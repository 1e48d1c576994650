"""The list of submissions, and one of them: what it is, its states and versions, its findings with their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.amounts import exact
from app.answers.mark_parts import answer_mark, answer_text, answers_to, go_to_answer
from app.answers.reader_parts import show_readers
from app.answers.submission_answers import FindingAnswer
from app.columns import Code, Count, KindCode, LongText, Text, columns_of
from app.filing.filter_parts import submission_filters
from app.filing.submissions import (
    LIST_PAGE,
    StateChange,
    SubmissionLine,
    Wanted,
    state_history,
    submission_counts,
    submission_list,
)
from app.moments import duration, kst_text
from app.rules.finding_parts import interval, page_of
from app.rules.findings import FINDING_PAGE, FindingGroup, finding_groups, finding_list
from app.widgets.address import go, pick
from app.widgets.audit_events import list_seen, rows_seen
from app.widgets.header import columns, empty, facts, note, section, sentence, state_mark
from app.widgets.tables import table
from app.widgets.view import View, ask

_LISTED = columns_of(
    SubmissionLine,
    *("received_at", "exchange", "report", "period", "state", "timeliness", "row_count", "finding_count"),
    *("file", "sha256"),
)
_VERSIONS = columns_of(SubmissionLine, "received_at", "state", "period", "row_count", "finding_count", "file", "id")
_GROUPS = columns_of(FindingGroup)


@dataclass(frozen=True, slots=True)
class _FindingRow:
    """A finding of a submission, in words, with its answer; `answered` is where a selected row leads."""

    rule: Text
    kind: KindCode
    row: Count | None
    column: Text | None
    subject: Code | None
    interval: Text | None
    found: Text | None
    expected: Text | None
    answer: Text | None
    sentence: LongText
    answer_text: LongText | None
    answered: FindingAnswer


def submission_section(view: View) -> None:
    """The submissions of the chosen exchanges and days by report and state, page by page; a row is picked."""
    report, state = submission_filters(view)
    wanted = Wanted(report, state)
    counts = ask(submission_counts, view.choice, wanted)
    if not counts:
        empty(view, "submissions")
        return
    total = sum(counts.values())
    words = " · ".join(f"{state_mark(view, name)} {count:,}" for name, count in sorted(counts.items()))
    sentence(view.say("submissions.summary", count=f"{total:,}", words=words))
    number = page_of(view, total, LIST_PAGE, "history")
    listed = ask(submission_list, view.choice, wanted, number)
    list_seen(view, "submissions", listed, page_number=str(number))
    table(
        view,
        lambda: listed,
        _LISTED,
        key=f"history.{number}",
        alt=view.say("submissions.title"),
        on_pick=lambda row: pick(submission=row.id, page=""),
    )
    note(view.say("submissions.how"))


def one_submission(view: View, one: SubmissionLine, versions: Sequence[SubmissionLine]) -> None:
    """What a submission is and who has opened its verdict, beside its states and the versions of its period."""
    view = view.of_period(one.period)
    names = {"exchange": view.exchange(one.exchange), "report": view.report(one.report)}
    section(view, "submissions.one", **names, period=one.period)
    left, right = columns(2)
    with left:
        _description(view, one)
        show_readers(view, one.id)
    with right:
        section(view, "submissions.states")
        states = ask(state_history, one.id)
        table(view, lambda: states, columns_of(StateChange), alt=view.say("submissions.states"))
        section(view, "submissions.versions", count=len(versions))
        table(
            view,
            lambda: versions,
            _VERSIONS,
            key=f"versions.{one.id}",
            alt=view.say("submissions.versions", count=len(versions)),
            on_pick=lambda row: pick(submission=row.id, page=""),
        )


def _description(view: View, one: SubmissionLine) -> None:
    """What was filed when, the digest of its bytes, and by which rules it was judged."""
    timeliness = view.code(one.timeliness)
    if one.received_at > one.due_at and one.timeliness != "correction":
        timeliness += f" ({duration(one.received_at - one.due_at, view.language)})"
    facts(
        {
            view.say("column.state"): state_mark(view, one.state),
            view.say("column.file"): one.file,
            view.say("column.id"): one.id,
            view.say("column.received_at"): f"{kst_text(one.received_at)} · {timeliness}",
            view.say("column.due_at"): kst_text(one.due_at),
            view.say("column.row_count"): exact(one.row_count) or "–",
            view.say("column.size_bytes"): exact(one.size_bytes),
            "SHA-256": one.sha256,
            view.say("column.evidence_kept"): view.say("yes" if one.evidence_kept else "no"),
            view.say("column.rule_set_version"): one.rule_set_version or "–",
            view.say("column.superseded_by"): one.superseded_by or "–",
            **({view.say("column.as_if_in_force"): view.say("yes")} if one.as_if_in_force else {}),
        }
    )


def finding_section(view: View, one: SubmissionLine, overall: str) -> None:
    """The findings of a submission: by rule with counts, then each with its place, sentence and answer, by page.

    `overall` says what all rules come to: that nothing was found is never said without what was not evaluated.
    """
    view = view.of_period(one.period)
    groups = ask(finding_groups, one.id, view.language)
    total = sum(group.count for group in groups)
    section(view, "submissions.findings", count=f"{total:,}")
    if not total:
        sentence(overall)
        return
    table(
        view,
        lambda: groups,
        _GROUPS,
        alt=view.say("submissions.by_rule"),
        key=f"groups.{one.id}",
        on_pick=lambda row: go("rules", rule=row.rule),
    )
    note(view.say("list.to_rule"))
    page = page_of(view, total, FINDING_PAGE)
    rows = _finding_rows(view, one.id, page)
    rows_seen(view, one.report, one.exchange, submission=one.id, page_number=str(page))
    table(
        view,
        rows,
        columns_of(_FindingRow),
        alt=view.say("submissions.findings", count=total),
        key=f"findings.{one.id}.{page}",
        on_pick=lambda row: go_to_answer(row.answered),
        only_filled=True,
    )
    if any(row.answer for row in rows):
        note(view.say("answers.to_answer"))


def _finding_rows(view: View, submission: str, page: int) -> list[_FindingRow]:
    """The findings of one page with their answers, in the order of the query."""
    found = ask(finding_list, submission, view.language, page)
    answers = answers_to(view, submission, tuple(one.id for one in found))
    return [
        _FindingRow(
            interval=interval(view, one.start, one.end),
            answer=answer_mark(view, answers[one.id].state, answers[one.id].until),
            answer_text=answer_text(view, answers[one.id]),
            answered=answers[one.id],
            **{
                name: getattr(one, name)
                for name in ("rule", "kind", "row", "column", "subject", "found", "expected", "sentence")
            },
        )
        for one in found
    ]

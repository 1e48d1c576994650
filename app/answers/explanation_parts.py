"""Explanations at the screen: the findings that wait for one, those that were given, and one of each with its form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.amounts import percent
from app.answers.evidence import decided_finding, explained_finding
from app.answers.evidence_parts import evidence_panel
from app.answers.explanations import ExplainedCount, GivenExplanation, UnexplainedMatter, share_of
from app.answers.form_parts import decision_form, explanation_form
from app.answers.mark_parts import answer_mark, finding_words
from app.answers.reader_parts import LONGEST_LIST
from app.columns import Code, Count, Day, ExchangeId, Instant, KindCode, LongText, ReportId, Text, columns_of
from app.scope import Role
from app.widgets.address import pick, picked
from app.widgets.header import empty, facts, note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View, ask
from etl.answers import LEAST_FOR_SHARE

PICKS = ("finding", "explanation", "breach")
"""What can be picked on the page of answers: one at a time."""


@dataclass(frozen=True, slots=True)
class _MatterRow:
    """A matter that waits for an explanation, in words; `first` is the finding that an explanation is to be of."""

    answer: Text | None
    exchange: ExchangeId
    report: ReportId
    rule: Text
    kind: KindCode
    subject: Code | None
    same_count: Count
    first_day: Day
    last_day: Day
    found: Text | None
    statement: LongText
    first: int


@dataclass(frozen=True, slots=True)
class _ExplanationRow:
    """An explanation with its newest decision, in words."""

    answer: Text | None
    exchange: ExchangeId
    report: ReportId
    rule: Text
    subject: Code | None
    open_finding_count: Count
    said: LongText
    person: Text
    at: Instant
    reason: LongText | None
    decided_by: Text | None
    decided_at: Instant | None
    id: Text


def pick_only(name: str, value: str) -> None:
    """Pick this, and nothing else that the page of answers can show."""
    pick(**{**dict.fromkeys(PICKS, ""), name: value})


def titled(view: View, pairs: Mapping[str, Any]) -> dict[str, str]:
    """What is known of these columns, under their titles."""
    return {view.say(f"column.{name}"): str(value) for name, value in pairs.items() if value is not None}


@part
def waiting_list(view: View, matters: Sequence[UnexplainedMatter]) -> None:
    """What waits for an explanation; the one that is picked with its form."""
    section(view, "answers.to_explain", count=f"{len(matters):,}")
    if not matters:
        empty(view, "to_explain")
        return
    table(
        view,
        lambda: [_matter_row(view, one) for one in matters],
        columns_of(_MatterRow),
        alt=view.say("answers.to_explain", count=len(matters)),
        key="answers.waiting",
        on_pick=lambda row: pick_only("finding", str(row.first)),
        most_rows=LONGEST_LIST,
        only_filled=True,
    )
    note(view.say("answers.to_explain_how"))
    if number := picked("finding"):
        chosen = [one for one in matters if number in map(str, one.numbers)]
        if chosen:
            _one_matter(view, chosen[0])


def _matter_row(view: View, one: UnexplainedMatter) -> _MatterRow:
    words = finding_words(view, one.finding)
    return _MatterRow(
        answer=answer_mark(view, one.state),
        exchange=one.exchange,
        report=one.report,
        rule=one.finding.rule,
        kind=one.kind,
        subject=one.finding.subject,
        same_count=len(one.numbers),
        first_day=one.first_day,
        last_day=one.last_day,
        found=words.found,
        statement=words.statement,
        first=one.first,
    )


def _one_matter(view: View, one: UnexplainedMatter) -> None:
    names = {"exchange": view.exchange(one.exchange), "report": view.report(one.report), "rule": one.finding.rule}
    section(view, "answers.one_finding", **names)
    evidence_panel(view, ask(decided_finding, one.numbers[-1]))
    if view.scope.role is Role.EXCHANGE:
        days: dict[str, date | str] = {"first_day": one.first_day, "last_day": one.last_day}
        note(view.say("answers.covers", **days, count=f"{len(one.numbers):,}"))
        explanation_form(view, one.first, one.answer_version)
    else:
        note(view.say("answers.only_exchange"))


@part
def explanation_list(view: View, given: Sequence[GivenExplanation], key: str) -> None:
    """Explanations with their decisions; the one that is picked whole, with the form of a supervisor."""
    section(view, f"answers.{key}", count=f"{len(given):,}")
    if not given:
        empty(view, key)
        return
    table(
        view,
        lambda: [_explanation_row(view, one) for one in given],
        columns_of(_ExplanationRow),
        alt=view.say(f"answers.{key}", count=len(given)),
        key=f"answers.{key}",
        on_pick=lambda row: pick_only("explanation", row.id),
        most_rows=LONGEST_LIST,
        only_filled=True,
    )
    if key == "to_decide":
        note(view.say("answers.to_decide_how"))
    for one in given:
        if one.explanation.id == picked("explanation"):
            _one_explanation(view, one)


def _explanation_row(view: View, one: GivenExplanation) -> _ExplanationRow:
    said, made = one.explanation, one.explanation.decision
    return _ExplanationRow(
        answer=answer_mark(view, one.state, made.until if made else None),
        exchange=said.exchange,
        report=said.report,
        rule=said.rule,
        subject=said.subject,
        open_finding_count=one.open_count,
        said=said.text,
        person=one.person,
        at=said.at,
        reason=made.reason if made else None,
        decided_by=one.decided_by,
        decided_at=made.at if made else None,
        id=said.id,
    )


def _one_explanation(view: View, one: GivenExplanation) -> None:
    said, row = one.explanation, _explanation_row(view, one)
    section(view, "answers.one_explanation", id=said.id, exchange=view.exchange(said.exchange), rule=said.rule)
    evidence_panel(view, ask(explained_finding, said.submission, said.fingerprint))
    names = ("answer", "said", "person", "reason", "decided_by")
    facts(titled(view, {name: getattr(row, name) for name in names}))
    note(view.say("answers.speaks", first_day=said.first_day, count=f"{one.open_count:,}"))
    if view.scope.role is Role.SUPERVISOR:
        decision_form(view, said.id, said.version)
    elif view.scope.role is Role.ADMIN:
        note(view.say("answers.only_supervisor"))


def explained_text(counts: Sequence[ExplainedCount]) -> str:
    """How many findings are explained, of how many, and the share where there are enough; empty for no finding."""
    found, accepted = sum(one.found_count for one in counts), sum(one.accepted_count for one in counts)
    share = share_of(accepted, found)
    return f"{accepted:,} / {found:,}{'' if share is None else f' ({percent(share)})'}" if found else ""


@part
def explained_table(view: View, counts: Sequence[ExplainedCount]) -> None:
    """How many findings of one rule are explained, by exchange; nothing where there is no finding."""
    if not counts:
        return
    section(view, "answers.away")
    shown = columns_of(ExplainedCount, "exchange", "found_count", "accepted_count", "accepted_share")
    table(view, counts, shown, alt=view.say("answers.away"))
    note(view.say("answers.away_how", least=LEAST_FOR_SHARE))

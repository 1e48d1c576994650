"""Breaches at the screen: the list by state, one with its events and the form of whoever may act, and the history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.answers.breaches import BreachEvent, BreachLine, breach_events
from app.answers.evidence import decided_finding
from app.answers.evidence_parts import evidence_panel
from app.answers.explanation_parts import pick_only
from app.answers.form_parts import breach_form
from app.answers.history import AnswerEvent, answer_history
from app.answers.mark_parts import answer_mark, finding_words
from app.answers.reader_parts import LONGEST_LIST
from app.answers.states import NOT_REMEDIED
from app.columns import Code, ExchangeId, Instant, LongText, ReportId, Text, columns_of
from app.rules.finding_parts import interval
from app.scope import Role
from app.widgets.address import picked
from app.widgets.header import empty, note, section
from app.widgets.parts import part
from app.widgets.switches import switch
from app.widgets.tables import table
from app.widgets.view import View, ask
from etl.answers import BreachState


@dataclass(frozen=True, slots=True)
class _BreachRow:
    """A breach in words; `occurrence` is what it is picked by."""

    answer: Text | None
    since: Instant
    exchange: ExchangeId
    report: ReportId
    rule: Text
    subject: Code | None
    period: Text
    interval: Text | None
    found: Text | None
    said: LongText | None
    person: Text | None
    occurrence: str


@dataclass(frozen=True, slots=True)
class _EventRow:
    """An event of a breach, in words."""

    at: Instant
    answer: Text | None
    said: LongText | None
    person: Text | None


@dataclass(frozen=True, slots=True)
class _HistoryRow:
    """Something that was said about a finding or breach, in words."""

    at: Instant
    answer: Text | None
    exchange: ExchangeId
    report: ReportId
    rule: Text
    subject: Code | None
    period: Text
    said: LongText
    person: Text


@part
def breach_section(view: View, breaches: Sequence[BreachLine], states: Sequence[str]) -> None:
    """Breaches of one state or all, the first of `states` unless another is chosen; the picked one with its events."""
    section(view, "answers.breaches", count=f"{len(breaches):,}")
    counts = Counter[str](one.state.value for one in breaches)
    counts["all"] = len(breaches)

    def word(name: str) -> str:
        names = {"all": "answers.all", BreachState.OPEN.value: f"answer.{NOT_REMEDIED}"}
        return f"{view.say(names.get(name, f'answer.{name}'))} {counts[name]:,}"

    chosen = switch(view.say("answers.which"), "state", (*states, "all"), word)
    shown = [one for one in breaches if chosen in ("all", one.state)]
    if not shown:
        empty(view, "breaches_so")
    else:
        table(
            view,
            lambda: [_row(view, one) for one in shown],
            columns_of(_BreachRow),
            alt=view.say("answers.breaches", count=len(shown)),
            key=f"answers.breaches.{chosen}",
            on_pick=lambda row: pick_only("breach", row.occurrence),
            most_rows=LONGEST_LIST,
            only_filled=True,
        )
        note(view.say("answers.breaches_how"))
    for one in breaches:
        if one.occurrence == picked("breach"):
            _one_breach(view, one)


def _row(view: View, one: BreachLine) -> _BreachRow:
    finding = one.finding
    return _BreachRow(
        answer=answer_mark(view, one.answer),
        since=one.since,
        exchange=one.exchange,
        report=one.report,
        rule=finding.rule,
        subject=finding.subject,
        period=one.period,
        interval=interval(view, finding.start, finding.end),
        found=finding_words(view, finding).found,
        said=one.said,
        person=one.person,
        occurrence=one.occurrence,
    )


def _one_breach(view: View, one: BreachLine) -> None:
    view = view.of_period(one.period)
    names = {"exchange": view.exchange(one.exchange), "report": view.report(one.report)}
    section(view, "answers.one_breach", **names, period=one.period)
    evidence_panel(view, ask(decided_finding, one.finding_number))
    events = [_event_row(view, event) for event in ask(breach_events, view.choice, one.occurrence)]
    table(view, events, columns_of(_EventRow), alt=view.say("answers.course"), only_filled=True)
    _breach_form(view, one)


def _breach_form(view: View, one: BreachLine) -> None:
    """The form of what whoever looks may do about the breach, or a sentence about who acts next."""
    number, state, role = one.finding_number, one.state, view.scope.role
    if role is Role.EXCHANGE and state is BreachState.OPEN:
        breach_form(view, number, one.version, BreachState.REMEDIED)
    elif role is Role.SUPERVISOR and state is BreachState.REMEDIED:
        breach_form(view, number, one.version, BreachState.CLOSED, BreachState.OPEN)
    elif role is Role.SUPERVISOR and state is BreachState.CLOSED:
        breach_form(view, number, one.version, BreachState.OPEN)
    else:
        key = {BreachState.OPEN: "still_open", BreachState.REMEDIED: "awaits", BreachState.CLOSED: "is_closed"}[state]
        note(view.say(f"answers.{key}"))


def _event_row(view: View, one: BreachEvent) -> _EventRow:
    return _EventRow(one.at, answer_mark(view, one.answer), one.said, one.person)


@part
def history(view: View) -> None:
    """All that was said about findings and breaches of the chosen exchanges, the newest first."""
    said = ask(answer_history, view.choice)
    section(view, "answers.history", count=f"{len(said):,}")
    if not said:
        empty(view, "history")
        return
    table(
        view,
        lambda: [_history_row(view, one) for one in said],
        columns_of(_HistoryRow),
        alt=view.say("answers.history", count=len(said)),
        key="answers.history",
        most_rows=LONGEST_LIST,
        only_filled=True,
    )


def _history_row(view: View, one: AnswerEvent) -> _HistoryRow:
    return _HistoryRow(
        at=one.at,
        answer=answer_mark(view, one.answer),
        exchange=one.exchange,
        report=one.report,
        rule=one.rule,
        subject=one.subject,
        period=one.period,
        said=one.said,
        person=one.person,
    )

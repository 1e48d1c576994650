"""Cases against suspect keys on the screen: the list with its filters, and one case from its detection on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.columns import (
    Code,
    Count,
    Day,
    Instant,
    Length,
    LongText,
    Shown,
    SourceCode,
    StateCode,
    Text,
    columns_of,
    frame_of,
)
from app.keys.case_histories import CaseHistory, CaseStep, case_history
from app.keys.case_lists import CASE_PAGE, CaseLine, case_list
from app.keys.case_stage_charts import MOVE_SIGNS
from app.keys.case_timeline_charts import case_timeline
from app.keys.case_totals import StageMoves
from app.keys.filter_parts import case_filters
from app.moments import kst_day, kst_text
from app.rules.finding_parts import page_of
from app.rules.findings import RecordedFinding, subject_findings
from app.widgets.address import go, pick, picked
from app.widgets.audit_events import list_seen, rows_seen
from app.widgets.drawings import chart
from app.widgets.header import empty, facts, note, section, state_mark, subtitle
from app.widgets.parts import part
from app.widgets.rows import rows_behind
from app.widgets.tables import table
from app.widgets.view import View, ask, cached


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step as the table says it: how it follows in words, and the rules that found something about it."""

    acted_at: Instant
    stage: Code
    move: Text
    outcome: Code
    risk_level: Code
    since_detection: Length
    since_before: Length
    rules: Text | None
    day: Day
    source_row: Count
    note: LongText | None


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit as the table says it: its stretch in words, its hours and clock, and what the rule recorded."""

    state: StateCode
    limit: Text
    hours: Count
    started_at: Instant
    due_at: Instant
    ended_at: Instant | None
    rule: Text
    source: SourceCode


_FINDINGS = {"rule": Shown.TEXT, "kind": Shown.KIND, "subject": Shown.TEXT, "sentence": Shown.LONG_TEXT}


def move_words(view: View, moves: Sequence[StageMoves]) -> dict[str, str]:
    """Return every move of the period as `origin>taken`, in words."""
    return {f"{one.origin}>{one.stage}": f"{view.code(one.origin)} → {view.code(one.stage)}" for one in moves}


@part
def case_section(view: View, moves: Sequence[StageMoves]) -> None:
    """The cases that the filters want, page by page, and the one that is picked."""
    section(view, "key_revocations.cases_title")
    note(view.say("key_revocations.cases_how"))
    wanted = case_filters(view, move_words(view, moves))
    found = ask(case_list, view.choice, wanted, view.thresholds)
    if not found.count:
        empty(view, "cases")
    else:
        said = view.say("key_revocations.cases", count=f"{found.count:,}")
        subtitle(said)
        number = page_of(view, found.count, CASE_PAGE, "cases")
        if number > 1:
            found = ask(case_list, view.choice, wanted, view.thresholds, number)
        list_seen(view, "cases", frame_of(found.cases, ("exchange",)), page_number=str(number))
        table(
            view,
            lambda: found.cases,
            columns_of(CaseLine),
            key=f"cases.{number}",
            alt=said,
            on_pick=lambda row: pick(at=row.exchange, case=row.case_id, day="", until=""),
        )
    at, case = picked("at"), picked("case")
    if at in view.exchanges and case:
        _one_case(view, at, case)


@part
def _one_case(view: View, exchange: str, case: str) -> None:
    section(view, "key_revocations.case", exchange=view.exchange(exchange), case=case)
    history = ask(case_history, exchange, case, view.thresholds)
    if history is None:
        empty(view, "case", exchange=view.exchange(exchange), case=case)
        return
    rows_seen(view, "key_actions", exchange, case=case)
    findings = ask(subject_findings, "key_actions", exchange, history.subjects, view.language)
    view = view.of_days(kst_day(history.detected_at), kst_day(history.until))
    _about(view, history)
    _steps(view, history, findings)
    _limits(view, history)
    _findings(view, findings)
    rows_behind(
        view,
        "key_actions",
        exchange,
        min(step.day for step in history.steps),
        max(step.day for step in history.steps),
        condition="case_id = ?",
        parameters=(case,),
        title=f"{view.exchange(exchange)} · {case}",
    )


def _about(view: View, history: CaseHistory) -> None:
    last = history.steps[-1]
    facts(
        {
            view.say("column.state"): f"{state_mark(view, history.state)} · {view.code(last.stage)}",
            view.label("key_actions", "suspicion"): view.code(history.suspicion),
            view.label("key_actions", "risk_level"): view.code(last.risk_level),
            view.say("column.first_detected_at"): kst_text(history.detected_at),
            view.label("key_actions", "key_ref"): history.key_ref,
            view.label("key_actions", "account_ref"): history.account_ref,
        }
    )


def _steps(view: View, history: CaseHistory, findings: Sequence[RecordedFinding]) -> None:
    """The steps as a chart in time and as a table."""
    steps = cached(view, "case_steps", lambda: [_step_row(view, step, findings) for step in history.steps])
    chart(
        view,
        lambda: case_timeline(history.steps, history.limits, history.detected_at, history.until, view.look),
        key="case_timeline",
        title=view.say("key_revocations.timeline"),
        alt=view.say("key_revocations.timeline_alt"),
        frame=lambda: steps,
        columns=columns_of(StepRow),
    )
    title = view.say("key_revocations.steps", count=len(steps))
    subtitle(title)
    table(view, lambda: steps, columns_of(StepRow), alt=title)


def _step_row(view: View, step: CaseStep, findings: Sequence[RecordedFinding]) -> StepRow:
    moves = [step.move, *(["not_allowed"] if step.is_breach else [])]
    return StepRow(
        acted_at=step.acted_at,
        stage=step.stage,
        move=" ".join(f"{MOVE_SIGNS[move]} {view.say(f'move.{move}')}" for move in moves),
        outcome=step.outcome,
        risk_level=step.risk_level,
        since_detection=step.since_detection,
        since_before=step.since_before,
        rules=", ".join(one.rule for one in findings if one.subject == step.action_id) or None,
        day=step.day,
        source_row=step.source_row,
        note=step.note,
    )


def _limits(view: View, history: CaseHistory) -> None:
    """The limits that the case came under, each with its clock and whether a rule recorded it as exceeded."""
    if not history.limits:
        return
    said = view.say("key_revocations.limits")
    subtitle(said)
    table(view, lambda: _limit_rows(view, history), columns_of(LimitRow), alt=said, labels={"limit": said})
    note(view.say("key_revocations.limits_note"))


def _limit_rows(view: View, history: CaseHistory) -> list[LimitRow]:
    return [
        LimitRow(
            state=one.state,
            limit=view.say(f"stretch.{one.kind}"),
            hours=one.hours,
            started_at=one.started_at,
            due_at=one.due_at,
            ended_at=one.ended_at,
            rule=one.rule,
            source=one.source,
        )
        for one in history.limits
    ]


def _findings(view: View, findings: Sequence[RecordedFinding]) -> None:
    """What the rules found about the case, its key and its steps; a row leads to the rule."""
    if not findings:
        note(view.say("key_revocations.no_findings"))
        return
    said = view.say("key_revocations.findings", count=len(findings))
    subtitle(said)
    table(
        view,
        lambda: findings,
        _FINDINGS,
        alt=said,
        key="case.findings",
        on_pick=lambda row: go("rules", rule=row.rule),
    )

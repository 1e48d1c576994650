"""Cases against suspect keys: the list with its filters, and one case from its detection to its last step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from app.columns import Shown
from app.frames import frame_of, records_of
from app.keys.case_charts import MOVE_SIGNS, case_timeline
from app.keys.case_records import CASE_PAGE, CaseHistory, case_history, case_list
from app.keys.filter_parts import case_filters
from app.moments import kst_text
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

_CASES = {
    "state": Shown.STATE,
    "exchange": Shown.EXCHANGE,
    "case_id": Shown.TEXT,
    "stage": Shown.CODE,
    "stage_length": Shown.DURATION,
    "next_due_at": Shown.INSTANT,
    "risk_level": Shown.CODE,
    "suspicion": Shown.CODE,
    "outcome": Shown.CODE,
    "first_detected_at": Shown.INSTANT,
    "response": Shown.DURATION,
    "step_count": Shown.COUNT,
    "skip_count": Shown.COUNT,
    "stage_since": Shown.INSTANT,
    "key_ref": Shown.TEXT,
}
_STEPS = {
    "acted_at": Shown.INSTANT,
    "stage": Shown.CODE,
    "move": Shown.TEXT,
    "outcome": Shown.CODE,
    "risk_level": Shown.CODE,
    "since_detection": Shown.DURATION,
    "since_before": Shown.DURATION,
    "rules": Shown.TEXT,
    "day": Shown.DAY,
    "source_row": Shown.COUNT,
    "note": Shown.LONG_TEXT,
}
_LIMITS = {
    "state": Shown.STATE,
    "limit": Shown.TEXT,
    "hours": Shown.COUNT,
    "started_at": Shown.INSTANT,
    "due_at": Shown.INSTANT,
    "ended_at": Shown.INSTANT,
    "rule": Shown.TEXT,
    "source": Shown.SOURCE,
}
_FINDINGS = {"rule": Shown.TEXT, "kind": Shown.KIND, "subject": Shown.TEXT, "sentence": Shown.LONG_TEXT}


def move_words(view: View, moves: pd.DataFrame) -> dict[str, str]:
    """Every move of the period as `origin>taken`, in words."""
    found = dict.fromkeys(zip(moves["origin"], moves["stage"], strict=True))
    return {f"{origin}>{taken}": f"{view.code(origin)} → {view.code(taken)}" for origin, taken in found}


@part
def case_section(view: View, moves: pd.DataFrame) -> None:
    """The cases that the filters want, page by page, and the one that is picked."""
    section(view, "key_revocations.cases_title")
    note(view.say("key_revocations.cases_how"))
    wanted = case_filters(view, move_words(view, moves))
    found = ask(case_list, view.choice, wanted)
    if not found.count:
        empty(view, "cases")
    else:
        said = view.say("key_revocations.cases", count=f"{found.count:,}")
        subtitle(said)
        number = page_of(view, found.count, CASE_PAGE, "cases")
        if number > 1:
            found = ask(case_list, view.choice, wanted, number)
        list_seen(view, "cases", found.cases, page_number=str(number))
        table(
            view,
            lambda: found.cases,
            _CASES,
            key=f"cases.{number}",
            alt=said,
            on_pick=lambda row: pick(at=row["exchange"], case=row["case_id"], day="", until=""),
        )
    at, case = picked("at"), picked("case")
    if at in view.exchanges and case:
        _one_case(view, at, case)


@part
def _one_case(view: View, exchange: str, case: str) -> None:
    section(view, "key_revocations.case", exchange=view.exchange(exchange), case=case)
    history = ask(case_history, exchange, case)
    if history is None:
        empty(view, "case", exchange=view.exchange(exchange), case=case)
        return
    rows_seen(view, "key_actions", exchange, case=case)
    findings = ask(subject_findings, "key_actions", exchange, history.subjects, view.language)
    _about(view, history)
    steps = cached(view, "case_steps", lambda: _steps(view, history, findings))
    title = view.say("key_revocations.steps", count=len(steps))
    chart(
        view,
        lambda: case_timeline(history.steps, history.limits, history.detected_at, history.until, view.look),
        key="case_timeline",
        title=view.say("key_revocations.timeline"),
        alt=view.say("key_revocations.timeline_alt"),
        frame=lambda: steps,
        columns=_STEPS,
    )
    subtitle(title)
    table(view, lambda: steps, _STEPS, alt=title)
    if not history.limits.empty:
        said = view.say("key_revocations.limits")
        subtitle(said)
        table(view, lambda: _limits(view, history), _LIMITS, alt=said, labels={"limit": said})
    if not findings:
        note(view.say("key_revocations.no_findings"))
    else:
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
    rows_behind(
        view,
        "key_actions",
        exchange,
        history.steps["day"].min(),
        history.steps["day"].max(),
        condition="case_id = ?",
        parameters=(case,),
        title=f"{view.exchange(exchange)} · {case}",
    )


def _about(view: View, history: CaseHistory) -> None:
    last = history.steps.iloc[-1]
    overdue = (history.limits["state"] == "over") & history.limits["ended_at"].isna()
    state = "closed" if not history.is_open else "over" if overdue.any() else "open"
    facts(
        {
            view.say("column.state"): f"{state_mark(view, state)} · {view.code(last['stage'])}",
            view.say("column.suspicion"): view.code(history.suspicion),
            view.say("column.risk_level"): view.code(last["risk_level"]),
            view.say("column.first_detected_at"): kst_text(history.detected_at),
            view.say("column.key_ref"): history.key_ref,
            view.say("column.account_ref"): history.account_ref,
        }
    )


def _steps(view: View, history: CaseHistory, findings: Sequence[RecordedFinding]) -> pd.DataFrame:
    """The steps with the sign of how each follows, and the rules that found something about it."""
    rows: list[Any] = records_of(history.steps)
    for row in rows:
        row["rules"] = ", ".join(one.rule for one in findings if one.subject == row["action_id"]) or None
        moves = [row["move"], *(["not_allowed"] if row["is_breach"] else [])]
        row["move"] = " ".join(f"{MOVE_SIGNS[move]} {view.say(f'move.{move}')}" for move in moves)
    return frame_of(rows, _STEPS)


def _limits(view: View, history: CaseHistory) -> pd.DataFrame:
    """The limits with their hours and the source of these."""
    rows: list[Any] = records_of(history.limits)
    for row in rows:
        known = view.thresholds.in_force(row["parameter"], row["day"])
        row |= {"hours": known and known.value, "source": known and known.source}
        row["limit"] = view.say(f"stretch.{row['limit']}")
    return frame_of(rows, _LIMITS)

"""Halts as records, the crossings that met none, and one halt whole: its steps, its cause, its versions, its rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pandas as pd

from app.columns import Shown
from app.frames import frame_of, records_of
from app.halts.events import halt_versions
from app.halts.step_charts import halt_course, step_text, verdict_mark
from app.halts.steps import HaltSpan, HaltStep, halt_steps
from app.moments import kst_day
from app.queries.choice import Choice
from app.reconciliation.episode_parts import CROSSINGS, EPISODES, with_state
from app.reconciliation.responses import episode_responses, is_cause, is_covered
from app.rules.findings import subject_findings
from app.widgets.address import go, pick
from app.widgets.audit_events import list_seen
from app.widgets.drawings import chart
from app.widgets.header import columns, empty, facts, note, section, subtitle
from app.widgets.parts import part
from app.widgets.rows import rows_behind
from app.widgets.tables import table
from app.widgets.view import View, ask
from app.words import target_word

RECORDS = {
    "state": Shown.STATE,
    "exchange": Shown.EXCHANGE,
    "halt_id": Shown.TEXT,
    "target_name": Shown.TEXT,
    "functions": Shown.CODE,
    "trigger": Shown.CODE,
    "mode": Shown.CODE,
    "detected_at": Shown.INSTANT,
    "halted_at": Shown.INSTANT,
    "notice_at": Shown.INSTANT,
    "resumed_at": Shown.INSTANT,
    "length": Shown.DURATION,
    "to_halt": Shown.TEXT,
    "to_notice": Shown.TEXT,
    "to_resume": Shown.TEXT,
    "cause_asset": Shown.TEXT,
    "cause_krw": Shown.WON,
    "cause_ratio": Shown.BASIS_POINTS,
    "scope": Shown.CODE,
    "affected_account_count": Shown.COUNT,
    "version_count": Shown.COUNT,
}
_STEPS = {
    "step": Shown.TEXT,
    "started_at": Shown.MOMENT,
    "ended_at": Shown.MOMENT,
    "length": Shown.DURATION,
    "step_limit": Shown.DURATION,
    "verdict": Shown.TEXT,
    "rule": Shown.TEXT,
}
_VERSIONS = {
    "period": Shown.TEXT,
    "received_at": Shown.INSTANT,
    "halted_at": Shown.MOMENT,
    "notice_at": Shown.MOMENT,
    "resumed_at": Shown.MOMENT,
    "affected_account_count": Shown.COUNT,
    "file": Shown.TEXT,
}
_FINDINGS = {"rule": Shown.TEXT, "kind": Shown.KIND, "sentence": Shown.LONG_TEXT, "remedy": Shown.LONG_TEXT}
_CAUSE_MARGIN = timedelta(days=2)
"""How far about a halt episodes are looked for; one that reaches into these days is read whole."""


@part
def halt_records(view: View, events: pd.DataFrame, episodes: pd.DataFrame) -> None:
    """Halts like the records of a stock exchange: what, why, since when, each step against its limit, and the cause."""
    section(view, "halts.events", count=f"{len(events):,}")
    if events.empty:
        empty(view, "halts_filtered")
        return
    list_seen(view, "halts", events)
    table(
        view,
        lambda: _recorded(view, events, episodes),
        RECORDS,
        key="events",
        alt=view.say("halts.events", count=len(events)),
        on_pick=lambda row: pick(at=row["exchange"], halt=row["halt_id"]),
    )
    note(view.say("halts.events_how"))


def _recorded(view: View, events: pd.DataFrame, episodes: pd.DataFrame) -> pd.DataFrame:
    causes = {
        (row["exchange"], row["halt_id"]): row
        for row in records_of(episodes)[::-1]  # the largest of several is written last
        if row["halt_response"] == "halted"
    }
    rows = []
    for event in records_of(events):
        steps = {step.span: step for step in halt_steps(event, view.moment)}
        cause = causes.get((event["exchange"], event["halt_id"]), {})
        rows.append(
            {
                **event,
                "state": "lifted" if steps[HaltSpan.TO_RESUME].end else "open",
                "target_name": target_word(event["scope"], event["target"], view.language),
                "length": steps[HaltSpan.TO_RESUME].length,
                **{str(span): step_text(step, view.look) for span, step in steps.items()},
                "cause_asset": cause.get("asset"),
                "cause_krw": cause.get("shortfall_krw"),
                "cause_ratio": cause.get("shortfall_ratio"),
            }
        )
    return frame_of(rows, RECORDS)


@part
def crossing_table(view: View, crossings: pd.DataFrame) -> None:
    """Shortfalls that reached the limit without a halt in time; a row leads to that asset's day of reconciliation."""
    section(view, "halts.unhalted", count=f"{len(crossings):,}")
    if crossings.empty:
        empty(view, "unhalted")
        return
    table(
        view,
        lambda: crossings,
        CROSSINGS,
        key="unhalted",
        alt=view.say("halts.unhalted", count=len(crossings)),
        on_pick=_to_reconciliation,
        most_rows=6,
    )
    note(view.say("halts.unhalted_how"))


def _to_reconciliation(row: Mapping[Any, Any]) -> None:
    moment = row["started_at"] if pd.isna(row["reached_at"]) else row["reached_at"]
    go("reconciliation", at=row["exchange"], day=kst_day(moment).isoformat(), asset=row["asset"])


@part
def halt_detail(view: View, event: Mapping[Any, Any]) -> None:
    """One halt: its steps against the limits, the shortfall that caused it, findings, versions and rows."""
    exchange = event["exchange"]
    section(view, "halts.one", exchange=view.exchange(exchange), halt=event["halt_id"])
    steps = halt_steps(event, view.moment)
    left, right = columns(2)
    with left:
        chart(
            view,
            lambda: halt_course(steps, view.look),
            key="halt_course",
            title=view.say("halts.steps"),
            alt=view.say("halts.steps_alt"),
            frame=lambda: _steps_frame(view, steps),
            columns=_STEPS,
        )
        note(view.say("halts.steps_how"))
    with right:
        facts(_facts(view, event))
    _cause(view, event)
    _findings(view, event)
    _versions(view, event)


def _facts(view: View, event: Mapping[Any, Any]) -> dict[str, str]:
    told = {
        "scope": view.code(event["scope"]),
        "target": target_word(event["scope"], event["target"], view.language),
        "functions": view.code(event["functions"]),
        "trigger": view.code(event["trigger"]),
        "mode": view.code(event["mode"]),
        "affected_account_count": f"{event['affected_account_count']:,}",
    }
    return {view.say(f"column.{name}"): value for name, value in told.items()}


def _steps_frame(view: View, steps: list[HaltStep]) -> pd.DataFrame:
    rows = [
        {
            "step": view.say(f"halt_span.{step.span}"),
            "started_at": step.start,
            "ended_at": step.end,
            "length": step.length,
            "step_limit": step.limit,
            "verdict": verdict_mark(step.verdict, view.look),
            "rule": step.rule,
        }
        for step in steps
    ]
    return frame_of(rows, _STEPS)


@part
def _cause(view: View, event: Mapping[Any, Any]) -> None:
    """The shortfalls that a halt for a mismatch goes back to (HLT-005); a row leads to that asset's day."""
    if event["trigger"] != "reconciliation_mismatch":
        return
    subtitle(view.say("halts.cause"))
    halted = event["halted_at"]
    choice = Choice((event["exchange"],), kst_day(halted - _CAUSE_MARGIN), kst_day(halted + _CAUSE_MARGIN))
    found = ask(episode_responses, choice)
    kept = [
        is_covered(row["asset"], event) and is_cause(row["started_at"], row["ended_at"], event)
        for row in records_of(found)
    ]
    episodes = with_state(found[pd.Series(kept, index=found.index, dtype=bool)])
    if episodes.empty:
        empty(view, "cause")
        return
    columns_shown = {name: nature for name, nature in EPISODES.items() if name != "exchange"}
    table(
        view,
        episodes,
        columns_shown,
        key="cause",
        alt=view.say("halts.cause"),
        on_pick=_to_reconciliation,
        most_rows=4,
    )
    note(view.say("halts.cause_how"))


@part
def _findings(view: View, event: Mapping[Any, Any]) -> None:
    found = ask(subject_findings, "halts", event["exchange"], (event["halt_id"],), view.language)
    subtitle(view.say("halts.findings", count=len(found)))
    if not found:
        empty(view, "halt_findings")
        return
    table(
        view,
        lambda: found,
        _FINDINGS,
        key="halt_findings",
        alt=view.say("halts.findings", count=len(found)),
        on_pick=lambda row: go("rules", rule=row.rule),
        most_rows=5,
    )


@part
def _versions(view: View, event: Mapping[Any, Any]) -> None:
    """Every filing of a halt, and the rows of the files that told of it."""
    versions = ask(halt_versions, event["exchange"], event["halt_id"])
    subtitle(view.say("halts.versions", count=len(versions)))
    table(
        view,
        lambda: versions,
        _VERSIONS,
        alt=view.say("halts.versions", count=len(versions)),
        key="halt_versions",
        most_rows=5,
    )
    days = sorted(versions["day"])
    rows_behind(
        view,
        "halts",
        event["exchange"],
        days[0],
        days[-1],
        condition="halt_id = ?",
        parameters=(event["halt_id"],),
        title=f"{view.exchange(event['exchange'])} · {event['halt_id']}",
    )

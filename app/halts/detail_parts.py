"""One halt whole on the screen: its steps, its cause, its findings, its versions, its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.columns import Length, Moment, Shown, Text, columns_of
from app.halts.crossing_parts import to_reconciliation
from app.halts.events import HaltEvent, HaltVersion, halt_versions
from app.halts.step_charts import halt_course, verdict_mark
from app.halts.steps import HaltStep, halt_steps
from app.moments import kst_day
from app.queries.recorded import Judgement
from app.reconciliation.episode_parts import EPISODE_COLUMNS
from app.reconciliation.responses import EpisodeResponse, halt_causes
from app.rules.findings import subject_findings
from app.widgets.address import go
from app.widgets.drawings import chart
from app.widgets.header import columns, empty, facts, note, section, subtitle
from app.widgets.parts import part
from app.widgets.rows import rows_behind
from app.widgets.tables import table
from app.widgets.view import View, ask
from app.words import target_word


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step of a halt in words, with its limit and what the records say of it."""

    step: Text
    started_at: Moment
    ended_at: Moment | None
    length: Length
    step_limit: Length | None
    verdict: Text
    rule: Text


_VERSIONS = columns_of(
    HaltVersion, "period", "received_at", "halted_at", "notice_at", "resumed_at", "affected_account_count", "file"
)
_FINDINGS = {"rule": Shown.TEXT, "kind": Shown.KIND, "sentence": Shown.LONG_TEXT, "remedy": Shown.LONG_TEXT}


@part
def halt_detail(view: View, event: HaltEvent) -> None:
    """One halt: its steps beside the limits, the shortfall that caused it, findings, versions and rows."""
    section(view, "halts.one", exchange=view.exchange(event.exchange), halt=event.halt_id)
    moments = (event.detected_at, event.notice_at or event.halted_at, event.halted_at, event.resumed_at or view.moment)
    view = view.of_days(kst_day(min(moments)), kst_day(max(moments)))
    steps = halt_steps(event, view.thresholds, view.moment)
    left, right = columns(2)
    with left:
        chart(
            view,
            lambda: halt_course(steps, view.look),
            key="halt_course",
            title=view.say("halts.steps"),
            alt=view.say("halts.steps_alt"),
            frame=lambda: [_step_line(view, step) for step in steps],
            columns=columns_of(StepLine),
        )
        note(view.say("halts.steps_how"))
    with right:
        facts(_facts(view, event))
    _cause(view, event)
    _findings(view, event)
    _versions(view, event)


def _facts(view: View, event: HaltEvent) -> dict[str, str]:
    """What the halt was, by the titles of its columns."""
    values = {
        "scope": view.code(event.scope),
        "target": target_word(event.scope, event.target, view.language),
        "functions": view.code(event.functions),
        "trigger": view.code(event.trigger),
        "mode": view.code(event.mode),
        "affected_account_count": f"{event.affected_account_count:,}",
    }
    return {view.label("halts", name): value for name, value in values.items()}


def _step_line(view: View, step: HaltStep) -> StepLine:
    return StepLine(
        step=view.say(f"halt_span.{step.span}"),
        started_at=step.start,
        ended_at=step.end,
        length=step.length,
        step_limit=step.limit,
        verdict=verdict_mark(step.verdict, view.look),
        rule=step.rule,
    )


@part
def _cause(view: View, event: HaltEvent) -> None:
    """The shortfalls that a halt for a mismatch goes back to, or what HLT-005 says of it; a row leads to that day."""
    if event.trigger != "reconciliation_mismatch":
        return
    subtitle(view.say("halts.cause"))
    found = ask(halt_causes, event.exchange, event.halt_id, event.halted_at)
    if found is None or not found.episodes:
        is_evaluated = found is not None and found.no_cause is not Judgement.NOT_EVALUATED
        empty(view, "cause" if is_evaluated else "cause_not_evaluated")
        return
    _cause_table(view, found.episodes)


def _cause_table(view: View, episodes: Sequence[EpisodeResponse]) -> None:
    shown = columns_of(EpisodeResponse, *(name for name in EPISODE_COLUMNS if name != "exchange"))
    table(
        view,
        episodes,
        shown,
        key="cause",
        alt=view.say("halts.cause"),
        on_pick=lambda row: to_reconciliation(row.exchange, row.asset, row.reached_at or row.started_at),
        most_rows=4,
    )
    note(view.say("halts.cause_how"))


@part
def _findings(view: View, event: HaltEvent) -> None:
    """What is found of the halt; a row leads to its rule."""
    found = ask(subject_findings, "halts", event.exchange, (event.halt_id,), view.language)
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
def _versions(view: View, event: HaltEvent) -> None:
    """Every filing of a halt, and the rows of the files that hold it."""
    versions = ask(halt_versions, event.exchange, event.halt_id)
    subtitle(view.say("halts.versions", count=len(versions)))
    table(
        view,
        lambda: versions,
        _VERSIONS,
        alt=view.say("halts.versions", count=len(versions)),
        key="halt_versions",
        most_rows=5,
    )
    days = [version.day for version in versions]
    rows_behind(
        view,
        "halts",
        event.exchange,
        min(days),
        max(days),
        condition="halt_id = ?",
        parameters=(event.halt_id,),
        title=f"{view.exchange(event.exchange)} · {event.halt_id}",
    )

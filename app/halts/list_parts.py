"""Halts as a table of records: what, why, since when, each step beside its limit, and the cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from app.columns import BasisPoints, Length, Text, Won, columns_of
from app.halts.availability import halted_time
from app.halts.events import HaltEvent
from app.halts.step_charts import step_text
from app.halts.steps import HaltSpan, halt_steps
from app.queries.choice import Choice
from app.reconciliation.responses import EpisodeResponse, Response
from app.widgets.address import pick, picked, picked_day
from app.widgets.audit_events import list_seen
from app.widgets.header import empty, note, section
from app.widgets.parts import part
from app.widgets.periods import end_of, start_of
from app.widgets.tables import table
from app.widgets.view import View
from app.words import target_word


@dataclass(frozen=True, slots=True)
class HaltLine(HaltEvent):
    """A halt with its target, its steps and its verdicts in words, and the largest shortfall that it answers."""

    target_name: Text
    length: Length
    to_halt: Text
    to_notice: Text
    to_resume: Text
    cause_asset: Text | None
    cause_krw: Won | None
    cause_ratio: BasisPoints | None


_LINES = columns_of(
    HaltLine,
    "state",
    "exchange",
    "halt_id",
    "target_name",
    "functions",
    "trigger",
    "mode",
    "detected_at",
    "halted_at",
    "notice_at",
    "resumed_at",
    "length",
    "to_halt",
    "to_notice",
    "to_resume",
    "cause_asset",
    "cause_krw",
    "cause_ratio",
    "scope",
    "affected_account_count",
    "version_count",
)


@part
def halt_list(view: View, events: Sequence[HaltEvent], episodes: Sequence[EpisodeResponse]) -> None:
    """The halts as a table; a row opens its halt."""
    section(view, "halts.events", count=f"{len(events):,}")
    if not events:
        empty(view, "halts_filtered")
        return
    list_seen(view, "halts", events)
    table(
        view,
        lambda: halt_lines(view, events, episodes),
        _LINES,
        key="events",
        alt=view.say("halts.events", count=len(events)),
        on_pick=lambda row: pick(at=row.exchange, halt=row.halt_id),
    )
    note(view.say("halts.events_how"))


def halt_lines(view: View, events: Iterable[HaltEvent], episodes: Sequence[EpisodeResponse]) -> tuple[HaltLine, ...]:
    """The halts in words, in their order; `episodes` come largest in won first."""
    causes: dict[tuple[str, str | None], EpisodeResponse] = {}
    for episode in episodes:
        if episode.halt_response == Response.HALTED:
            causes.setdefault((episode.exchange, episode.halt_id), episode)
    return tuple(_line(view, event, causes) for event in events)


def _line(view: View, event: HaltEvent, causes: Mapping[tuple[str, str | None], EpisodeResponse]) -> HaltLine:
    steps = {step.span: step for step in halt_steps(event, view.thresholds, view.moment)}
    cause = causes.get((event.exchange, event.halt_id))
    return HaltLine(
        **{one.name: getattr(event, one.name) for one in fields(HaltEvent)},
        target_name=target_word(event.scope, event.target, view.language),
        length=steps[HaltSpan.TO_RESUME].length,
        to_halt=step_text(steps[HaltSpan.TO_HALT], view.look),
        to_notice=step_text(steps[HaltSpan.TO_NOTICE], view.look),
        to_resume=step_text(steps[HaltSpan.TO_RESUME], view.look),
        cause_asset=cause.asset if cause else None,
        cause_krw=cause.shortfall_krw if cause else None,
        cause_ratio=cause.shortfall_ratio if cause else None,
    )


def picked_events(view: View, events: Sequence[HaltEvent]) -> tuple[HaltEvent, ...]:
    """The halts in force in the square that was picked, or all of them; a note says which days these are."""
    at, first, last = picked("at"), picked_day("day"), picked_day("until")
    if not first or not last or at not in view.exchanges:
        return tuple(events)
    choice = Choice((at,), first, last)
    start, end = start_of(choice), min(end_of(choice), view.moment)
    note(view.say("halts.days", exchange=view.exchange(at), first=first, last=last))
    return tuple(event for event in events if event.exchange == at and _is_in_force(event, start, end))


def _is_in_force(event: HaltEvent, start: datetime, end: datetime) -> bool:
    return bool(halted_time(event, start, end))


def picked_event(events: Iterable[HaltEvent]) -> HaltEvent | None:
    """The halt that was picked, where it is among these."""
    at, halt_id = picked("at"), picked("halt")
    return next((event for event in events if event.exchange == at and event.halt_id == halt_id), None)

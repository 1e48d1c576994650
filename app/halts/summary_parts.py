"""The period of halts on the screen: figures as tiles, lanes, how far halts reached, their steps and reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.columns import ExchangeId, Length, Text, columns_of
from app.halts import reach_charts, step_charts
from app.halts.availability import (
    WEIGHTS,
    HaltBar,
    HaltReason,
    halt_reach,
    halted_time,
    reasons_of,
    weighted_in_all,
)
from app.halts.crossing_parts import to_reconciliation
from app.halts.events import HaltEvent, HaltsWanted, halt_filing_days
from app.halts.lane_charts import halt_lanes
from app.halts.step_charts import verdict_mark
from app.halts.steps import HaltSpan, StepLength, Verdict, median_length, step_lengths
from app.moments import duration
from app.queries.choice import Choice
from app.queries.spans import LONGEST_BY_DAY
from app.reconciliation.responses import EpisodeResponse
from app.reconciliation.unhalted import UnhaltedShortfall
from app.widgets.address import pick
from app.widgets.drawings import chart
from app.widgets.header import columns, note
from app.widgets.parts import part
from app.widgets.periods import end_of, start_of
from app.widgets.tiles import Tile, tile_row
from app.widgets.view import View, ask, cached


@dataclass(frozen=True, slots=True)
class StepLengthLine:
    """The length of a step of a halt beside its limit, in words."""

    exchange: ExchangeId
    halt_id: str
    step: Text
    length: Length
    step_limit: Length
    verdict: Text


_LANES = columns_of(
    HaltEvent,
    "exchange",
    "halt_id",
    "functions",
    "trigger",
    "mode",
    "detected_at",
    "halted_at",
    "notice_at",
    "resumed_at",
    "scope",
    "affected_account_count",
)


def step_lengths_of(view: View, events: Sequence[HaltEvent]) -> tuple[StepLength, ...]:
    """The steps of the halts that have a limit, up to the moment of the view."""
    return cached(view, "steps", lambda: step_lengths(events, view.thresholds, view.moment))


@part
def summary(
    view: View, events: Sequence[HaltEvent], steps: Sequence[StepLength], unhalted: Sequence[UnhaltedShortfall]
) -> None:
    """How many halts and how long, then how fast, and how many shortfalls had none in time."""
    tile_row(cached(view, "tiles", lambda: [*_count_tiles(view, events), *_time_tiles(view, events)]))
    named = Tile(view.say("halts.unhalted_tile"), f"{len(unhalted):,}", view.say("halts.of_rule"))
    tile_row(cached(view, "medians", lambda: [*(_median_tile(view, steps, span) for span in HaltSpan), named]))
    note(view.say("halts.weights", **{name: f"{weight}" for name, weight in WEIGHTS.items()}))


def _count_tiles(view: View, events: Sequence[HaltEvent]) -> list[Tile]:
    """How many halts there were, and how many of them are open."""
    open_count = sum(event.resumed_at is None for event in events)
    automatic = sum(event.mode == "automatic" for event in events)
    return [
        Tile(view.say("halts.open"), f"{open_count:,}", view.say("halts.as_filed")),
        Tile(view.say("halts.count"), f"{len(events):,}", view.say("halts.automatic", count=f"{automatic:,}")),
    ]


def _time_tiles(view: View, events: Sequence[HaltEvent]) -> list[Tile]:
    """How long all halts lasted in the period, added up, and weighted by how far they reached."""
    start, end = _period(view)
    total = sum((halted_time(event, start, end) for event in events), timedelta())
    return [
        _time_tile(view, "halts.total", total),
        _time_tile(view, "halts.weighted", weighted_in_all(events, start, end)),
    ]


def _time_tile(view: View, key: str, length: timedelta) -> Tile:
    minutes = view.say("halts.in_minutes", count=f"{length // timedelta(minutes=1):,}")
    return Tile(view.say(key), duration(length, view.language), minutes)


def _median_tile(view: View, steps: Sequence[StepLength], span: HaltSpan) -> Tile:
    """The median of one step over the halts whose rule sets it a limit, and of how many its rule has a finding."""
    length, count = median_length(steps, span)
    over = sum(step.span is span and step.verdict is Verdict.EXCEEDED for step in steps)
    said = view.say("halts.none") if length is None else duration(length, view.language)
    of = view.say(f"halts.of_{span}", count=f"{count:,}", over=f"{over:,}")
    return Tile(view.say(f"halt_span.{span}"), said, of)


def _period(view: View) -> tuple[datetime, datetime]:
    """The chosen days up to the moment of the view."""
    return start_of(view.choice), min(end_of(view.choice), view.moment)


@part
def lanes(view: View, events: Sequence[HaltEvent], episodes: Sequence[EpisodeResponse], wanted: HaltsWanted) -> None:
    """The halts in time with the shortfalls that they are about, or weeks of a long period."""
    if len(view.choice.days) > LONGEST_BY_DAY:
        reach(view, view.choice, wanted, key="weeks", title=view.say("halts.weeks"))
        return
    start, end = start_of(view.choice), end_of(view.choice)
    chart(
        view,
        lambda: halt_lanes(events, episodes, view.exchanges, start, end, view.moment, view.look),
        key="lanes",
        title=view.say("halts.lanes"),
        alt=view.say("halts.lanes_alt"),
        frame=lambda: events,
        columns=_LANES,
        on_pick=lambda mark: (
            pick(at=mark[0], halt=mark[1])
            if mark[1]
            else to_reconciliation(mark[0], mark[2], datetime.fromisoformat(mark[3]))
        ),
    )
    note(view.say("halts.lanes_how"))


@part
def reach(view: View, choice: Choice, wanted: HaltsWanted, *, key: str, title: str) -> None:
    """How far halts reached, a square for each exchange and day or week, and how much of it was filed."""
    filed = ask(halt_filing_days, choice)
    bars = ask(halt_reach, choice, view.moment, wanted)
    chart(
        view,
        lambda: reach_charts.halt_bars(bars, view.exchanges, view.look),
        key=key,
        title=title,
        alt=view.say("halts.bars_alt"),
        frame=lambda: [replace(bar, reach=view.say(f"reach.{bar.reach}")) for bar in bars],
        columns=columns_of(HaltBar),
        on_pick=lambda mark: pick(at=mark[0], day=mark[1], until=mark[2], halt=""),
    )
    covered = [
        view.say("halts.covers", exchange=view.exchange(name), filed=len(days), days=len(choice.days))
        for name, days in filed.items()
    ]
    note(view.say("halts.coverage", covered=" · ".join(covered)))


def steps_and_reasons(view: View, events: Sequence[HaltEvent], steps: Sequence[StepLength]) -> None:
    """How long each step took beside what halts were for."""
    left, right = columns(2)
    with left:
        _step_lengths(view, steps)
    with right:
        _reasons(view, events)


@part
def _step_lengths(view: View, steps: Sequence[StepLength]) -> None:
    """How long each step took beside its limit; a mark shows its halt."""
    chart(
        view,
        lambda: step_charts.halt_step_lengths(steps, view.exchanges, view.look),
        key="step_lengths",
        title=view.say("halts.lengths"),
        alt=view.say("halts.lengths"),
        frame=lambda: [_step_line(view, step) for step in steps],
        columns=columns_of(StepLengthLine),
        on_pick=lambda mark: pick(at=mark[0], halt=mark[1]),
    )
    note(view.say("halts.lengths_how"))


def _step_line(view: View, step: StepLength) -> StepLengthLine:
    return StepLengthLine(
        exchange=step.exchange,
        halt_id=step.halt_id,
        step=view.say(f"halt_span.{step.span}"),
        length=step.length,
        step_limit=step.step_limit,
        verdict=verdict_mark(step.verdict, view.look),
    )


@part
def _reasons(view: View, events: Sequence[HaltEvent]) -> None:
    """What halts were for, by time; a bar narrows the page to its reason."""
    rows = cached(view, "by_reason", lambda: reasons_of(events, *_period(view)))
    chart(
        view,
        lambda: reach_charts.halt_reasons(rows, view.look),
        key="reasons",
        title=view.say("halts.reasons"),
        alt=view.say("halts.reasons"),
        frame=lambda: rows,
        columns=columns_of(HaltReason),
        on_pick=lambda mark: pick(trigger=mark[0]),
    )
    note(view.say("halts.reasons_how"))

"""Halts: what was suspended, for how long and why, whether each step was in time, and what should have been halted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

import pandas as pd

from app.columns import Shown
from app.frames import records_of, with_columns
from app.halts import events as halts_events
from app.halts import step_charts
from app.halts.availability import BAR_DAYS, WEIGHTS, halt_reasons, halted_time, weighted_time
from app.halts.detail_parts import RECORDS, crossing_table, halt_detail, halt_records
from app.halts.events import halt_events, halt_filing_days, halted_spans
from app.halts.filter_parts import halt_filters
from app.halts.lane_charts import halt_lanes
from app.halts.step_charts import halt_bars, verdict_mark
from app.halts.steps import HaltSpan, Verdict, halt_step_lengths, median_length
from app.moments import duration, kst_day
from app.obligations.absence_parts import absent, nothing
from app.queries.choice import Choice
from app.queries.spans import LONGEST_BY_DAY
from app.reconciliation.responses import beside_episodes, episode_responses, unhalted_crossings
from app.rules.finding_parts import report_findings
from app.rules.rule_parts import rule_box
from app.widgets import header
from app.widgets.address import go, pick, picked, picked_day
from app.widgets.drawings import chart
from app.widgets.header import columns, empty, page_header, stop
from app.widgets.parts import part
from app.widgets.periods import end_of, start_of
from app.widgets.tiles import Tile, tiles
from app.widgets.view import View, ask, cached, current_view

RULES = ("REC-004", "HLT-003", "HLT-004", "HLT-005", "HLT-006", "HLT-008", "HLT-009")
# The columns of the charts as tables, and how each is written.
LANES = {name: nature for name, nature in RECORDS.items() if name in halts_events.COLUMNS}
BARS = {
    "exchange": Shown.EXCHANGE,
    "first_day": Shown.DAY,
    "last_day": Shown.DAY,
    "reach": Shown.TEXT,
    "halt_count": Shown.COUNT,
    "halted": Shown.DURATION,
    "weighted": Shown.DURATION,
    "filed_day_count": Shown.COUNT,
}
REASONS = {
    "trigger": Shown.CODE,
    "count": Shown.COUNT,
    "open_count": Shown.COUNT,
    "halted": Shown.DURATION,
    "weighted": Shown.DURATION,
    "cumulative_share": Shown.PERCENT,
}
STEPS = {
    "exchange": Shown.EXCHANGE,
    "halt_id": Shown.TEXT,
    "step": Shown.TEXT,
    "length": Shown.DURATION,
    "step_limit": Shown.DURATION,
    "verdict": Shown.TEXT,
}


def median_tile(steps: pd.DataFrame, span: HaltSpan) -> Tile:
    """The median of one step over the halts whose rule sets it a limit, and how many were over that."""
    length, count = median_length(steps, span)
    over = int(((steps["span"] == span) & (steps["verdict"] == Verdict.EXCEEDED)).sum())
    said = view.say("halts.none") if length is None else duration(length, view.language)
    note = view.say(f"halts.of_{span}", count=f"{count:,}", over=f"{over:,}")
    return Tile(view.say(f"halt_span.{span}"), said, note)


def time_tiles(events: pd.DataFrame) -> list[Tile]:
    """How long all halts lasted in the period, added up, and weighted by how far they reached."""
    start, end = start_of(view.choice), min(end_of(view.choice), view.moment)
    rows = records_of(events)
    own = defaultdict(list)
    for row in rows:
        own[row["exchange"]].append(row)
    total = sum((halted_time(row, start, end) for row in rows), timedelta())
    weighted = sum((weighted_time(rows_of_one, start, end) for rows_of_one in own.values()), timedelta())
    minutes = {"minutes": f"{total // timedelta(minutes=1):,}", "weighted": f"{weighted // timedelta(minutes=1):,}"}
    return [
        Tile(
            view.say("halts.total"),
            duration(total, view.language),
            view.say("halts.in_minutes", count=minutes["minutes"]),
        ),
        Tile(
            view.say("halts.weighted"),
            duration(weighted, view.language),
            view.say("halts.in_minutes", count=minutes["weighted"]),
        ),
    ]


def count_tiles(events: pd.DataFrame) -> list[Tile]:
    """How many halts there were, and how many of them are open."""
    is_open = int(events["resumed_at"].isna().sum())
    automatic = int((events["mode"] == "automatic").sum())
    return [
        Tile(view.say("halts.open"), f"{is_open:,}", view.say("halts.as_filed")),
        Tile(view.say("halts.count"), f"{len(events):,}", view.say("halts.automatic", count=f"{automatic:,}")),
    ]


def show_tiles(events: pd.DataFrame, steps: pd.DataFrame, crossings: pd.DataFrame) -> None:
    """The figures of the period: how many and how long, then how fast."""
    tiles(cached(view, "tiles", lambda: [*count_tiles(events), *time_tiles(events)]))
    unhalted = Tile(view.say("halts.unhalted_tile"), f"{len(crossings):,}", view.say("halts.of_rule"))
    tiles(cached(view, "medians", lambda: [*(median_tile(steps, span) for span in HaltSpan), unhalted]))
    weights = {name: f"{weight}" for name, weight in WEIGHTS.items()}
    header.note(view.say("halts.weights", **weights))


@part
def lanes(view: View, events: pd.DataFrame, episodes: pd.DataFrame, crossings: pd.DataFrame) -> None:
    """The halts in time, or weeks of a long period, with the shortfalls that reached the limit."""
    if len(view.choice.days) > LONGEST_BY_DAY:
        squares(view, view.choice, "weeks", view.say("halts.weeks"))
        return
    start, end = start_of(view.choice), end_of(view.choice)
    chart(
        view,
        lambda: halt_lanes(events, grave(episodes, crossings), view.exchanges, start, end, view.moment, view.look),
        key="lanes",
        title=view.say("halts.lanes"),
        alt=view.say("halts.lanes_alt"),
        frame=lambda: events,
        columns=LANES,
        on_pick=lambda mark: pick(at=mark[0], halt=mark[1]) if mark[1] else to_reconciliation(mark),
    )
    header.note(view.say("halts.lanes_how"))


def grave(episodes: pd.DataFrame, crossings: pd.DataFrame) -> pd.DataFrame:
    """The shortfalls that reached the limit; `is_unhalted` says that no halt answered one in time."""
    found = {(row["exchange"], row["asset"], row["started_at"]) for row in records_of(crossings)}
    reached = episodes[episodes["is_grave"].astype(bool)]
    places = zip(reached["exchange"], reached["asset"], reached["started_at"], strict=True)
    return with_columns(reached, is_unhalted=[place in found for place in places])


def to_reconciliation(mark: Sequence[str]) -> None:
    """Show the asset's day on which a shortfall without a halt was largest."""
    day = kst_day(pd.Timestamp(mark[3]).to_pydatetime())
    go("reconciliation", at=mark[0], asset=mark[2], day=day.isoformat())


@part
def squares(view: View, choice: Choice, key: str, title: str) -> None:
    """How far halts reached, a square for each exchange and day or week, and how much of it was filed."""
    filed = ask(halt_filing_days, choice)
    frame = ask(halted_spans, choice, view.moment, wanted)
    chart(
        view,
        lambda: halt_bars(frame, view.exchanges, view.look),
        key=key,
        title=title,
        alt=view.say("halts.bars_alt"),
        frame=lambda: with_columns(frame, reach=in_words("reach", frame["reach"])),
        columns=BARS,
        on_pick=lambda mark: pick(at=mark[0], day=mark[1], until=mark[2], halt=""),
    )
    covered = [
        view.say("halts.covers", exchange=view.exchange(name), filed=len(days), days=len(choice.days))
        for name, days in filed.items()
    ]
    header.note(view.say("halts.coverage", covered=" · ".join(covered)))


def in_words(kind: str, names: Iterable[str]) -> list[str]:
    """Names of a kind of thing as words."""
    return [view.say(f"{kind}.{name}") for name in names]


@part
def step_lengths(view: View, steps: pd.DataFrame) -> None:
    """How long each step took against its limit; a mark shows its halt."""
    chart(
        view,
        lambda: step_charts.halt_step_lengths(steps, view.exchanges, view.look),
        key="step_lengths",
        title=view.say("halts.lengths"),
        alt=view.say("halts.lengths"),
        frame=lambda: with_columns(
            steps,
            step=in_words("halt_span", steps["span"]),
            verdict=[verdict_mark(verdict, view.look) for verdict in steps["verdict"]],
            step_limit=steps["limit"],
        ),
        columns=STEPS,
        on_pick=lambda mark: pick(at=mark[0], halt=mark[1]),
    )
    header.note(view.say("halts.lengths_how"))


@part
def reasons(view: View, events: pd.DataFrame) -> None:
    """What halts were for, by time; a bar narrows the page to its reason."""
    until = min(end_of(view.choice), view.moment)
    frame = cached(view, "by_reason", lambda: halt_reasons(events, start_of(view.choice), until))
    chart(
        view,
        lambda: step_charts.halt_reasons(frame, view.look),
        key="reasons",
        title=view.say("halts.reasons"),
        alt=view.say("halts.reasons"),
        frame=lambda: frame,
        columns=REASONS,
        on_pick=lambda mark: pick(trigger=mark[0]),
    )
    header.note(view.say("halts.reasons_how"))


def chosen_days(events: pd.DataFrame) -> pd.DataFrame:
    """The halts of the square that was picked, if one was."""
    at, first, last = picked("at"), picked_day("day"), picked_day("until")
    if not first or not last or at not in view.exchanges:
        return events
    choice = Choice((at,), first, last)
    start, end = start_of(choice), min(end_of(choice), view.moment)
    is_then = [row["exchange"] == at and bool(halted_time(row, start, end)) for row in records_of(events)]
    header.note(view.say("halts.days", exchange=view.exchange(at), first=first, last=last))
    return events[pd.Series(is_then, index=events.index, dtype=bool)]


view = current_view()
page_header(view, "halts")
header.note(view.say("halts.definition"))
bar_choice = Choice(view.choice.exchanges, view.choice.last_day - timedelta(days=BAR_DAYS - 1), view.choice.last_day)
if not any(ask(halt_filing_days, view.choice).values()):
    nothing(view, "halts")
    report_findings(view, "halts")
    stop()
absent(view, "halts")
wanted = halt_filters(view)
events = ask(halt_events, view.choice, wanted)
episodes = ask(episode_responses, view.choice)
unhalted = ask(unhalted_crossings, view.choice)
crossings = cached(view, "crossings", lambda: beside_episodes(unhalted, episodes))
steps = cached(view, "steps", lambda: halt_step_lengths(records_of(events), view.moment))
show_tiles(events, steps, crossings)
if events.empty:
    empty(view, "no_halts", count=f"{len(crossings):,}")
lanes(view, events, episodes, crossings)
crossing_table(view, crossings)
squares(view, bar_choice, "bars", view.say("halts.bars", days=BAR_DAYS))
left, right = columns(2)
with left:
    step_lengths(view, steps)
with right:
    reasons(view, events)
listed = chosen_days(events)
halt_records(view, listed, episodes)
chosen = events[(events["exchange"] == picked("at")) & (events["halt_id"] == picked("halt"))]
if not chosen.empty:
    halt_detail(view, chosen.iloc[0].to_dict())
rule_box(view, RULES)
report_findings(view, "halts")

"""The period of reconciliation on the screen: its figures as tiles, and its days as a calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from statistics import median
from typing import Any

from app.amounts import krw, percent_down, ratio
from app.charts.grades import grade_mark
from app.columns import columns_of
from app.moments import duration, kst_day
from app.queries.spans import LONGEST_BY_DAY
from app.reconciliation import day_charts
from app.reconciliation.day_calendar import CalendarCell, longest_gap
from app.reconciliation.episodes import ShortfallEpisode
from app.reconciliation.responses import EpisodeResponse
from app.reconciliation.unhalted import UnhaltedShortfall
from app.widgets.address import pick
from app.widgets.drawings import chart
from app.widgets.header import note
from app.widgets.parts import part
from app.widgets.tiles import Tile, tile_row
from app.widgets.view import View, ask, cached

_CELLS = columns_of(
    CalendarCell,
    "exchange",
    "first_day",
    "last_day",
    "grade",
    "missing_slot_count",
    "coverage",
    "covered_slot_count",
    "expected_slot_count",
    "filed_day_count",
    "unfiled_day_count",
    "mismatch_count",
    "worst_krw",
    "worst_ratio",
    "worst_multiple",
)


@part
def summary(
    view: View,
    cells: Sequence[CalendarCell],
    episodes: Sequence[EpisodeResponse],
    unhalted: Sequence[UnhaltedShortfall],
) -> None:
    """What came and what was short, then the worst of it."""

    def came() -> list[Tile]:
        named = Tile(
            view.say("reconciliation.unhalted"), f"{len(unhalted):,}", view.say("reconciliation.unhalted_note")
        )
        return [_coverage_tile(view, cells), _gap_tile(view), _open_tile(view, episodes), named]

    def worst() -> list[Tile]:
        return [*(_worst_tile(view, episodes, name) for name in _WORST), _lag_tile(view, episodes)]

    tile_row(cached(view, "tiles.came", came))
    tile_row(cached(view, "tiles.worst", worst))


_WORST = {"shortfall_krw": "krw", "shortfall_ratio": "ratio", "holdings_multiple": "multiple"}
"""The sizes of an episode of which the largest is shown, and how their texts are called."""


def _coverage_tile(view: View, cells: Sequence[CalendarCell]) -> Tile:
    """Checks received of those expected."""
    covered, expected = sum(cell.covered_slot_count for cell in cells), sum(cell.expected_slot_count for cell in cells)
    said = "–" if not expected else percent_down(ratio(covered, expected) or Decimal())
    missing = f"{expected - covered:,}"
    of = view.say("reconciliation.of_slots", covered=f"{covered:,}", expected=f"{expected:,}", missing=missing)
    return Tile(view.say("reconciliation.received"), said, of)


def _gap_tile(view: View) -> Tile:
    """The longest run of slots without a check."""
    gap = ask(longest_gap, view.choice)
    if gap is None:
        return Tile(view.say("reconciliation.longest_gap"), view.say("reconciliation.none"))
    whose = f"{view.exchange(gap.exchange)} {gap.asset} · {kst_day(gap.start)}"
    return Tile(view.say("reconciliation.longest_gap"), duration(gap.end - gap.start, view.language), whose)


def _open_tile(view: View, episodes: Sequence[ShortfallEpisode]) -> Tile:
    """Shortfalls that have not ended, and how many there were in all."""
    count = sum(one.is_open for one in episodes)
    of = view.say("reconciliation.of_episodes", count=f"{len(episodes):,}")
    return Tile(view.say("reconciliation.open"), f"{count:,}", of)


def _worst_tile(view: View, episodes: Sequence[ShortfallEpisode], name: str) -> Tile:
    """The largest of a size of episodes, and whose it is."""
    key = f"reconciliation.worst_{_WORST[name]}"
    known = [one for one in episodes if getattr(one, name) is not None]
    if not known:
        return Tile(view.say(key), view.say("reconciliation.none"))
    worst = max(known, key=lambda one: getattr(one, name))
    whose = f"{view.exchange(worst.exchange)} {worst.asset} · {kst_day(worst.started_at)}"
    return Tile(view.say(key), _size_text(view, name, getattr(worst, name)), whose)


def _size_text(view: View, name: str, size: Decimal) -> str:
    """A size of an episode in its unit."""
    if name == "shortfall_krw":
        return krw(size, view.language)
    if name == "shortfall_ratio":
        return f"{size * 10_000:,.2f} bp"
    return f"{size:,.4f} ×" if size < 1 else f"{size:,.2f} ×"


def _lag_tile(view: View, episodes: Sequence[EpisodeResponse]) -> Tile:
    """The median of first short check to detection, over the shortfalls that were answered by a halt."""
    lags: list[Any] = [one.detection_lag for one in episodes if one.detection_lag is not None]
    said = duration(median(lags), view.language) if lags else view.say("reconciliation.none")
    return Tile(view.say("reconciliation.lag"), said, view.say("reconciliation.of_halted", count=len(lags)))


@part
def calendar(view: View, cells: Sequence[CalendarCell]) -> None:
    """Exchange by day, or week; a mark shows its worst day below."""
    is_weeks = len(view.choice.days) > LONGEST_BY_DAY
    chart(
        view,
        lambda: day_charts.reconciliation_calendar(cells, view.exchanges, view.look),
        key="calendar",
        title=view.say("reconciliation.weeks" if is_weeks else "reconciliation.calendar"),
        alt=view.say("reconciliation.calendar_alt"),
        frame=lambda: [replace(cell, grade=grade_mark(cell.grade, view.look)) for cell in cells],
        columns=_CELLS,
        on_pick=lambda mark: pick(at=mark[0], day=mark[1], asset="", slot="", row=""),
    )
    note(view.say("reconciliation.weeks_how" if is_weeks else "reconciliation.calendar_how"))

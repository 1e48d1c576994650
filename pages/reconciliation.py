"""Reconciliation: which checks came and which did not, every shortfall and its answer, down to one asset's rows."""

from __future__ import annotations

from decimal import Decimal
from statistics import median

import pandas as pd

from app.amounts import krw, percent_down, ratio
from app.charts.grades import grade_mark
from app.columns import Shown
from app.frames import records_of
from app.moments import duration, kst_day
from app.obligations.absence_parts import absent, nothing
from app.queries.spans import LONGEST_BY_DAY
from app.reconciliation import day_calendar, day_charts
from app.reconciliation.day_calendar import longest_gap
from app.reconciliation.day_parts import reconciled_day
from app.reconciliation.episode_parts import doubtful_figures, shortfall_episodes
from app.reconciliation.responses import episode_responses, unhalted_crossings
from app.rules.finding_parts import report_findings
from app.rules.rule_parts import rule_box
from app.widgets import header
from app.widgets import tiles as widgets_tiles
from app.widgets.address import pick, picked, picked_day
from app.widgets.drawings import chart
from app.widgets.header import page_header, stop
from app.widgets.parts import part
from app.widgets.tiles import Tile
from app.widgets.view import View, ask, cached, current_view

RULES = ("REC-002", "REC-003", "REC-004", "REC-005", "REC-006")
# The columns of the calendar as a table, and how each is written.
CELLS = {
    "exchange": Shown.EXCHANGE,
    "first_day": Shown.DAY,
    "last_day": Shown.DAY,
    "grade": Shown.TEXT,
    "missing_slot_count": Shown.COUNT,
    "coverage": Shown.PERCENT,
    "covered_slot_count": Shown.COUNT,
    "expected_slot_count": Shown.COUNT,
    "filed_day_count": Shown.COUNT,
    "unfiled_day_count": Shown.COUNT,
    "mismatch_count": Shown.COUNT,
    "worst_krw": Shown.WON,
    "worst_ratio": Shown.BASIS_POINTS,
    "worst_multiple": Shown.MULTIPLE,
}


def coverage_tile(cells: pd.DataFrame) -> Tile:
    """Checks received of those expected."""
    covered, expected = (int(cells[name].sum()) for name in ("covered_slot_count", "expected_slot_count"))
    said = "–" if not expected else percent_down(ratio(covered, expected) or Decimal())
    missing = f"{expected - covered:,}"
    note = view.say("reconciliation.of_slots", covered=f"{covered:,}", expected=f"{expected:,}", missing=missing)
    return Tile(view.say("reconciliation.received"), said, note)


def open_tile(episodes: pd.DataFrame) -> Tile:
    """Shortfalls that have not ended, of all, and how many reached the limit."""
    grave = int(episodes["is_grave"].astype(bool).sum())
    note = view.say("reconciliation.of_episodes", count=f"{len(episodes):,}", grave=f"{grave:,}")
    return Tile(view.say("reconciliation.open"), f"{int(episodes['ended_at'].isna().sum()):,}", note)


def worst_tile(episodes: pd.DataFrame, column: str, key: str) -> Tile:
    """The largest of a column of episodes, and whose it is."""
    known = [row for row in records_of(episodes) if row[column] is not None]
    if not known:
        return Tile(view.say(key), view.say("reconciliation.none"))
    worst = max(known, key=lambda row: row[column])
    value = size_text(column, worst[column])
    note = f"{view.exchange(worst['exchange'])} {worst['asset']} · {kst_day(worst['started_at'])}"
    return Tile(view.say(key), value, note)


def size_text(column: str, size: Decimal) -> str:
    """A size in the unit of its column."""
    if column == "shortfall_krw":
        return krw(size, view.language)
    if column == "shortfall_ratio":
        return f"{size * 10_000:,.2f} bp"
    return f"{size:,.4f} ×" if size < 1 else f"{size:,.2f} ×"


def lag_tile(episodes: pd.DataFrame) -> Tile:
    """The median of first short check to detection, over the shortfalls that were answered by a halt."""
    lags = [lag for lag in episodes["detection_lag"] if lag is not None and not pd.isna(lag)]
    said = duration(median(lags), view.language) if lags else view.say("reconciliation.none")
    return Tile(view.say("reconciliation.lag"), said, view.say("reconciliation.of_halted", count=len(lags)))


def gap_tile() -> Tile:
    """The longest run of slots without a check."""
    gap = ask(longest_gap, view.choice)
    if gap is None:
        return Tile(view.say("reconciliation.longest_gap"), view.say("reconciliation.none"))
    note = f"{view.exchange(gap['exchange'])} {gap['asset']} · {kst_day(gap['start'])}"
    return Tile(view.say("reconciliation.longest_gap"), duration(gap["end"] - gap["start"], view.language), note)


def tiles_of(cells: pd.DataFrame, episodes: pd.DataFrame, unhalted: pd.DataFrame) -> tuple[list[Tile], list[Tile]]:
    """The figures of the period: what came and what was short, then the worst of it."""
    worst = (
        worst_tile(episodes, name, f"reconciliation.worst_{key}")
        for name, key in (
            ("shortfall_krw", "krw"),
            ("shortfall_ratio", "ratio"),
            ("holdings_multiple", "multiple"),
        )
    )
    crossed = Tile(view.say("reconciliation.unhalted"), f"{len(unhalted):,}", view.say("reconciliation.of_rule"))
    return [coverage_tile(cells), gap_tile(), open_tile(episodes), crossed], [*worst, lag_tile(episodes)]


@part
def calendar(view: View, cells: pd.DataFrame) -> None:
    """Exchange by day, or week; a mark shows its worst day below."""
    is_weeks = len(view.choice.days) > LONGEST_BY_DAY
    chart(
        view,
        lambda: day_charts.reconciliation_calendar(cells, view.exchanges, view.look),
        key="calendar",
        title=view.say("reconciliation.weeks" if is_weeks else "reconciliation.calendar"),
        alt=view.say("reconciliation.calendar_alt"),
        frame=lambda: cells.assign(grade=cells["grade"].map(lambda grade: grade_mark(grade, view.look))),
        columns=CELLS,
        on_pick=lambda mark: pick(at=mark[0], day=mark[1], asset="", slot="", row=""),
    )
    header.note(view.say("reconciliation.weeks_how" if is_weeks else "reconciliation.calendar_how"))


view = current_view()
page_header(view, "reconciliation")
header.note(view.say("reconciliation.definition"))
moment = view.moment.replace(minute=0, second=0, microsecond=0)
cells = ask(day_calendar.reconciliation_calendar, view.choice, moment)
if not cells["filed_day_count"].sum():
    nothing(view, "reconciliation")
    report_findings(view, "reconciliation")
    stop()
absent(view, "reconciliation")
episodes = ask(episode_responses, view.choice)
unhalted = ask(unhalted_crossings, view.choice)
for tiles in cached(view, "tiles", lambda: tiles_of(cells, episodes, unhalted)):
    widgets_tiles.tiles(tiles)
calendar(view, cells)
at, day = picked("at"), picked_day("day")
if at in view.exchanges and day:
    reconciled_day(view, at, day, moment)
shortfall_episodes(view, episodes)
doubtful_figures(view)
rule_box(view, RULES)
header.note(view.say("reconciliation.context"))
report_findings(view, "reconciliation")

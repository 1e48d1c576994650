"""Days and slots of reconciliation as squares: what was checked, what was not, and the worst of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go

from app.amounts import exact, krw, percent_down
from app.charts.grades import (
    ABSENT,
    ALWAYS,
    COVERED,
    DAY_GRADES,
    GAPS,
    GRAVE,
    HOLLOW,
    SHORTFALL,
    Grade,
    sign_colour,
)
from app.charts.style import Look, day_axis, figure_in_house_style, name_axis, scatter
from app.moments import kst_text
from app.reconciliation.day_calendar import CalendarCell
from app.reconciliation.days import SLOTS_PER_DAY, AssetCheck
from app.reconciliation.slots import DaySlot
from app.words import exchange_name

_SIGNED_FROM = 14
"""Smaller squares take the shape of their grade in place of a sign."""
_COUNTED_FROM = 22
"""Larger squares say under the sign how many slots are missing."""


def reconciliation_calendar(cells: Sequence[CalendarCell], exchanges: Sequence[str], look: Look) -> go.Figure:
    """Exchange by day, or week: a mark for each, colour and sign its worst, the number how many slots are missing.

    A mark carries exchange and worst day. One trace a grade, so that the legend explains it.
    """
    starts = sorted({row.first_day for row in cells})
    size = max(7, min(34, 800 // max(1, len(starts))))
    traces = []
    for grade in DAY_GRADES:
        own = [row for row in cells if row.grade == grade.name]
        if not own and grade not in ALWAYS:
            continue
        traces.append(
            _squares(
                grade,
                [row.first_day.isoformat() for row in own],
                [exchange_name(row.exchange, look.language) for row in own],
                size,
                look,
                name=f"{grade.sign} {look.say(f'grade.{grade.name}')}".strip(),
                text=[_inside(grade, row.missing_slot_count, size, look) for row in own],
                customdata=[[row.exchange, row.worst_day.isoformat()] for row in own],
                hovertext=[_cell_text(row, grade, look) for row in own],
            )
        )
    names = [exchange_name(exchange, look.language) for exchange in exchanges]
    y = name_axis(names, lanes=True)
    return figure_in_house_style(look, 110 + 46 * len(exchanges), traces, day_axis(look, starts), y)


def _squares(grade: Grade, x: list[Any], y: list[Any], size: int, look: Look, **trace: Any) -> dict[str, Any]:
    """The marks of one grade; without any it stays in the legend."""
    return scatter(
        x=x or [None],
        y=y or [None],
        mode="markers+text",
        textfont={"size": max(9, min(11, size // 2)), "color": sign_colour(grade, look)},
        marker={
            "symbol": "square" if size >= _SIGNED_FROM else grade.symbol,
            "size": size,
            "color": grade.colour(look) if size >= _SIGNED_FROM or grade not in HOLLOW else look.quiet,
            "line": {"color": look.quiet, "width": 1 if grade in HOLLOW else 0},
        },
        hovertemplate="%{hovertext}<extra></extra>",
        **trace,
    )


def _inside(grade: Grade, missing: int, size: int, look: Look) -> str:
    if size < _SIGNED_FROM:
        return ""
    if size < _COUNTED_FROM or not missing:
        return grade.sign
    return f"{grade.sign}<br>{_short_count(missing, look)}"


def _short_count(count: int, look: Look) -> str:
    """A count in few signs, cut and never rounded up; the hover text has every digit."""
    unit, word = (10_000, look.say("calendar.ten_thousand")) if look.language == "ko" else (1_000, "k")
    if count < unit:
        return str(count)
    whole, tenth = count // unit, count * 10 // unit % 10
    return f"{whole}.{tenth}{word}" if whole < 10 else f"{whole}{word}"


def _cell_text(row: CalendarCell, grade: Grade, look: Look) -> str:
    days = str(row.first_day) if row.first_day == row.last_day else f"{row.first_day} ~ {row.last_day}"
    lines = [f"<b>{exchange_name(row.exchange, look.language)}</b> {days}", look.say(f"grade.{grade.name}")]
    if row.first_day != row.last_day:
        lines[1] += f" ({row.worst_day})"
    if row.expected_slot_count and row.coverage is not None:
        lines.append(
            f"{look.say('column.coverage')} {percent_down(row.coverage)} "
            f"({row.covered_slot_count:,} / {row.expected_slot_count:,})"
        )
        lines.append(f"{look.say('column.missing_slot_count')} {row.missing_slot_count:,}")
    if row.unfiled_day_count:
        lines.append(f"{look.say('column.unfiled_day_count')} {row.unfiled_day_count}")
    return "<br>".join([*lines, *_worst_text(row.worst_krw, row.worst_ratio, look)])


def _worst_text(worst_krw: Decimal | None, worst_ratio: Decimal | None, look: Look) -> list[str]:
    """The largest shortfall in won and in basis points; nothing where there was none."""
    if worst_krw is None or worst_ratio is None:
        return []
    return [
        f"{look.say('column.shortfall_krw')} {krw(worst_krw, look.language)}",
        f"{look.say('column.shortfall_ratio')} {worst_ratio * 10_000:,.2f} bp",
    ]


def day_strip(slots: Sequence[DaySlot], look: Look) -> go.Figure:
    """The 288 slots of one exchange's day over all its assets: hours across, minutes down.

    A mark carries the slot and its worst asset.
    """
    rows = {row.slot: row for row in slots}
    grades = {slot: slot_grade(row) for slot, row in rows.items()}
    words = {COVERED: "slot.all", GAPS: "slot.some", SHORTFALL: "slot.short", GRAVE: "slot.grave", ABSENT: "slot.none"}

    def text(slot: int) -> str:
        row = rows[slot]
        counted = look.say("slot.checked", checked=f"{row.checked_asset_count:,}", count=f"{row.asset_count:,}")
        lines = [f"<b>{clock_of(slot)}</b> {look.say(words[grades[slot]])}", counted]
        if row.short_asset_count:
            lines.append(look.say("slot.short_assets", count=row.short_asset_count, worst=row.worst_asset))
        return "<br>".join([*lines, *_worst_text(row.worst_krw, row.worst_ratio, look)])

    return _strip(grades, words, text, lambda slot: [slot, rows[slot].worst_asset or ""], look)


def slot_grade(row: DaySlot) -> Grade:
    """How one slot of a day went over all assets."""
    if row.short_asset_count:
        return GRAVE if row.is_unhalted else SHORTFALL
    if not row.checked_asset_count:
        return ABSENT
    return GAPS if row.missing_asset_count else COVERED


def slot_strip(checks: Sequence[AssetCheck], look: Look) -> go.Figure:
    """The 288 slots of one asset's day: hours across, minutes down. A mark carries the slot."""
    by_slot: dict[int, list[AssetCheck]] = {}
    for check in checks:
        by_slot.setdefault(check.slot, []).append(check)
    grades = {slot: _check_grade(by_slot.get(slot, ())) for slot in range(SLOTS_PER_DAY)}
    words = {COVERED: "slot.match", SHORTFALL: "slot.short", GRAVE: "slot.grave", ABSENT: "slot.missing"}

    def text(slot: int) -> str:
        lines = [
            f"{kst_text(check.checked_at)}<br>{exact(check.ledger_quantity)} / {exact(check.wallet_quantity)}"
            for check in by_slot.get(slot, ())[:3]
        ]
        return "<br>".join([f"<b>{clock_of(slot)}</b> {look.say(words[grades[slot]])}", *lines])

    return _strip(grades, words, text, lambda slot: [slot], look)


def _check_grade(checks: Sequence[AssetCheck]) -> Grade:
    """How one slot of one asset went, by its checks."""
    if not checks:
        return ABSENT
    if any(check.is_unhalted for check in checks):
        return GRAVE
    return SHORTFALL if any(check.result == "mismatch" for check in checks) else COVERED


def _strip(
    grades: Mapping[int, Grade],
    words: Mapping[Grade, str],
    text: Callable[[int], str],
    mark: Callable[[int], list[Any]],
    look: Look,
) -> go.Figure:
    """Slots as squares, hours across and minutes down."""
    traces = []
    for grade, word in words.items():
        slots = [slot for slot, own in grades.items() if own is grade]
        traces.append(
            _squares(
                grade,
                [slot // 12 for slot in slots],
                [slot % 12 * 5 for slot in slots],
                17,
                look,
                name=f"{grade.sign} {look.say(word)}".strip(),
                text=[grade.sign for _ in slots],
                customdata=[mark(slot) for slot in slots],
                hovertext=[text(slot) for slot in slots],
            )
        )
    x = {"title": look.say("axis.hour"), "dtick": 1, "range": [-0.7, 23.7], "showgrid": False}
    y = {"title": look.say("axis.minute"), "dtick": 10, "range": [59, -4], "showgrid": False}
    return figure_in_house_style(look, 340, traces, x, y)


def clock_of(slot: int) -> str:
    """The time of day in KST at which a slot begins."""
    return f"{slot // 12:02d}:{slot % 12 * 5:02d}"

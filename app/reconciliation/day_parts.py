"""One exchange's day of reconciliation on the screen: its slots, its assets, and one asset down to the filed rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from app.charts.grades import grade_mark
from app.columns import Text, columns_of
from app.moments import KST
from app.reconciliation.day_calendar import grade_of
from app.reconciliation.day_charts import clock_of, day_strip, slot_strip
from app.reconciliation.days import SLOTS_PER_DAY, AssetCheck, ReconciledAsset, asset_checks, reconciled_assets
from app.reconciliation.ledger_charts import ledger_and_wallet, price_line
from app.reconciliation.price_parts import price_levels
from app.reconciliation.slots import DaySlot, day_slots
from app.widgets.address import pick, picked
from app.widgets.audit_events import rows_seen
from app.widgets.drawings import chart
from app.widgets.header import columns, empty, note, section
from app.widgets.parts import part
from app.widgets.rows import rows_behind
from app.widgets.tables import table
from app.widgets.view import View, ask


@dataclass(frozen=True, slots=True)
class SlotLine(DaySlot):
    """A slot with the time at which it begins."""

    slot_time: Text


@dataclass(frozen=True, slots=True)
class AssetLine(ReconciledAsset):
    """An asset's day with sign and word of how it went."""

    grade: Text


_SLOTS = columns_of(
    SlotLine,
    "slot_time",
    "checked_asset_count",
    "missing_asset_count",
    "short_asset_count",
    "worst_asset",
    "worst_krw",
    "worst_ratio",
)
_ASSETS = columns_of(
    AssetLine,
    "grade",
    "asset",
    "missing_slot_count",
    "worst_ratio",
    "worst_krw",
    "worst_multiple",
    "mismatch_count",
    "coverage",
    "last_checked_at",
    "last_ledger_quantity",
    "last_wallet_quantity",
    "difference",
)
_CHECKS = columns_of(
    AssetCheck,
    "checked_at",
    "result",
    "ledger_quantity",
    "wallet_quantity",
    "difference",
    "price_krw",
    "source_row",
)
_HALF_WINDOW = timedelta(minutes=15)
"""Rows shown to each side of a slot that was picked."""


@part
def reconciled_day(view: View, exchange: str, day: date, moment: datetime) -> None:
    """The slots over all assets beside the assets themselves; either leads to one asset."""
    view = view.of_days(day, day)
    section(view, "reconciliation.day", exchange=view.exchange(exchange), day=day)
    assets = ask(reconciled_assets, exchange, day, moment)
    if not assets:
        empty(view, "day", exchange=view.exchange(exchange), day=day)
        return
    left, right = columns(2)
    with left:
        _day_strip(view, exchange, day)
    with right:
        table(
            view,
            lambda: [_asset_line(view, row) for row in assets],
            _ASSETS,
            key=f"assets.{exchange}.{day}",
            alt=view.say("reconciliation.assets", count=len(assets)),
            on_pick=lambda row: pick(asset=row.asset, slot="", row=""),
            most_rows=9,
        )
        note(view.say("reconciliation.day_how"))
    _asset_day(view, exchange, day, picked("asset") or assets[0].asset)


def _asset_line(view: View, row: ReconciledAsset) -> AssetLine:
    own = {one.name: getattr(row, one.name) for one in fields(ReconciledAsset)}
    return AssetLine(**own, grade=grade_mark(grade_of(row), view.look))


@part
def _day_strip(view: View, exchange: str, day: date) -> None:
    """The slots of the day over all assets; a mark leads to its worst asset."""
    slots = ask(day_slots, exchange, day)
    if not slots:
        empty(view, "day", exchange=view.exchange(exchange), day=day)
        return
    chart(
        view,
        lambda: day_strip(slots, view.look),
        key="day_strip",
        title=view.say("reconciliation.day_strip", count=f"{slots[0].asset_count:,}"),
        alt=view.say("reconciliation.day_strip_alt", exchange=view.exchange(exchange), day=day),
        frame=lambda: [_slot_line(row) for row in slots],
        columns=_SLOTS,
        on_pick=lambda mark: pick(slot=str(mark[0]), row="", **({"asset": mark[1]} if mark[1] else {})),
    )


def _slot_line(row: DaySlot) -> SlotLine:
    return SlotLine(**{one.name: getattr(row, one.name) for one in fields(DaySlot)}, slot_time=clock_of(row.slot))


@part
def _asset_day(view: View, exchange: str, day: date, asset: str) -> None:
    """One asset's checks of one day, and the rows behind a slot of it."""
    checks = ask(asset_checks, exchange, day, asset)
    if not checks:
        empty(view, "checks", asset=asset)
        return
    rows_seen(view, "reconciliation", exchange, day=str(day), asset=asset)
    section(view, "reconciliation.asset", exchange=view.exchange(exchange), asset=asset, day=day)
    left, right = columns(2)
    with left:
        _asset_lines(view, asset, checks)
    with right:
        chart(
            view,
            lambda: slot_strip(checks, view.look),
            key="slot_strip",
            title=view.say("reconciliation.slots"),
            alt=view.say("reconciliation.slots"),
            frame=lambda: checks,
            columns=_CHECKS,
            on_pick=lambda mark: pick(slot=str(mark[0]), row=""),
        )
        note(view.say("reconciliation.surplus"))
        note(view.say("reconciliation.slot_how"))
    _rows(view, exchange, day, asset, any(check.result == "mismatch" for check in checks))
    price_levels(view, day, asset)


def _asset_lines(view: View, asset: str, checks: Sequence[AssetCheck]) -> None:
    """What is owed and held, and the price, over the day; a mark leads to its row."""
    chart(
        view,
        lambda: ledger_and_wallet(checks, view.look),
        key="ledger_and_wallet",
        title=view.say("reconciliation.lines"),
        alt=view.say("reconciliation.lines_alt", asset=asset),
        frame=lambda: checks,
        columns=_CHECKS,
        on_pick=lambda mark: pick(row=str(mark[0]), slot=""),
    )
    chart(
        view,
        lambda: price_line(checks, view.look),
        key="price_line",
        title=view.say("reconciliation.price"),
        alt=view.say("reconciliation.price"),
        frame=lambda: checks,
        columns=_CHECKS,
        on_pick=lambda mark: pick(row=str(mark[0]), slot=""),
    )


def _rows(view: View, exchange: str, day: date, asset: str, has_mismatch: bool) -> None:
    """The rows of the picked check, around the picked slot, of the day's mismatches, or of the asset's whole day."""
    condition, title = "asset = ?", f"{view.exchange(exchange)} · {asset} · {day}"
    parameters: list[Any] = [asset]
    slot, row = picked("slot"), picked("row")
    if slot.isdecimal() and int(slot) < SLOTS_PER_DAY:
        start = datetime.combine(day, datetime.min.time(), KST) + timedelta(minutes=5 * int(slot))
        condition += " AND checked_at BETWEEN ? AND ?"
        parameters += [start - _HALF_WINDOW, start + timedelta(minutes=5) + _HALF_WINDOW]
        title += f" · {start:%H:%M}"
    elif row.isdecimal() and len(row) < 10:
        condition += " AND source_row = ?"
        parameters += [int(row)]
    elif has_mismatch:
        condition += " AND result = 'mismatch'"
        title += f" · {view.code('mismatch')}"
    rows_behind(view, "reconciliation", exchange, day, day, condition=condition, parameters=parameters, title=title)

"""One exchange's day of reconciliation on the screen: its slots, its assets, and one asset down to the filed rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from app.charts.grades import grade_mark
from app.columns import Shown
from app.frames import records_of, with_columns
from app.moments import KST
from app.reconciliation.day_charts import day_strip, slot_strip
from app.reconciliation.days import asset_checks, reconciled_assets
from app.reconciliation.ledger_charts import ledger_and_wallet, price_line
from app.reconciliation.slots import day_slots
from app.widgets.address import pick, picked
from app.widgets.audit_events import rows_seen
from app.widgets.drawings import chart
from app.widgets.header import columns, empty, note, section
from app.widgets.parts import part
from app.widgets.rows import rows_behind
from app.widgets.tables import table
from app.widgets.view import View, ask

_SLOTS = {
    "slot_time": Shown.TEXT,
    "checked_asset_count": Shown.COUNT,
    "missing_asset_count": Shown.COUNT,
    "short_asset_count": Shown.COUNT,
    "worst_asset": Shown.TEXT,
    "worst_krw": Shown.WON,
    "worst_ratio": Shown.BASIS_POINTS,
}
_ASSETS = {
    "grade": Shown.TEXT,
    "asset": Shown.TEXT,
    "missing_slot_count": Shown.COUNT,
    "worst_ratio": Shown.BASIS_POINTS,
    "worst_krw": Shown.WON,
    "worst_multiple": Shown.MULTIPLE,
    "mismatch_count": Shown.COUNT,
    "coverage": Shown.PERCENT,
    "last_checked_at": Shown.INSTANT,
    "last_ledger_quantity": Shown.AMOUNT,
    "last_wallet_quantity": Shown.AMOUNT,
    "difference": Shown.AMOUNT,
}
_CHECKS = {
    "checked_at": Shown.INSTANT,
    "result": Shown.CODE,
    "ledger_quantity": Shown.AMOUNT,
    "wallet_quantity": Shown.AMOUNT,
    "difference": Shown.AMOUNT,
    "price_krw": Shown.AMOUNT,
    "source_row": Shown.COUNT,
}
_HALF_WINDOW = timedelta(minutes=15)
"""Rows shown to each side of a slot that was picked."""


@part
def reconciled_day(view: View, exchange: str, day: date, moment: datetime) -> None:
    """The slots over all assets beside the assets themselves; either leads to one asset."""
    section(view, "reconciliation.day", exchange=view.exchange(exchange), day=day)
    assets = ask(reconciled_assets, exchange, day, moment)
    if assets.empty:
        empty(view, "day", exchange=view.exchange(exchange), day=day)
        return
    left, right = columns(2)
    with left:
        _day_strip(view, exchange, day)
    with right:
        table(
            view,
            lambda: assets.assign(grade=[grade_mark(grade_of(row), view.look) for row in records_of(assets)]),
            _ASSETS,
            key=f"assets.{exchange}.{day}",
            alt=view.say("reconciliation.assets", count=len(assets)),
            on_pick=lambda row: pick(asset=row["asset"], slot="", row=""),
            most_rows=9,
        )
        note(view.say("reconciliation.day_how"))
    _asset_day(view, exchange, day, picked("asset") or assets.iloc[0]["asset"])


def grade_of(row: Any) -> str:
    """The name of the grade of one asset's day."""
    if row["worst_krw"] is not None:
        return "grave" if row["is_grave"] else "shortfall"
    return "gaps" if row["missing_slot_count"] else "complete"


@part
def _day_strip(view: View, exchange: str, day: date) -> None:
    slots = ask(day_slots, exchange, day)
    if slots.empty:
        empty(view, "day", exchange=view.exchange(exchange), day=day)
        return
    chart(
        view,
        lambda: day_strip(slots, view.look),
        key="day_strip",
        title=view.say("reconciliation.day_strip", count=f"{slots.iloc[0]['asset_count']:,}"),
        alt=view.say("reconciliation.day_strip_alt", exchange=view.exchange(exchange), day=day),
        frame=lambda: with_columns(slots, slot_time=_times(slots)),
        columns=_SLOTS,
        on_pick=lambda mark: pick(slot=str(mark[0]), row="", **({"asset": mark[1]} if mark[1] else {})),
    )


def _times(slots: pd.DataFrame) -> list[str]:
    """When each slot begins."""
    return [f"{slot // 12:02d}:{slot % 12 * 5:02d}" for slot in slots["slot"]]


@part
def _asset_day(view: View, exchange: str, day: date, asset: str) -> None:
    """One asset's checks of one day, and the rows behind a slot of it."""
    checks = ask(asset_checks, exchange, day, asset)
    if checks.empty:
        empty(view, "checks", asset=asset)
        return
    rows_seen(view, "reconciliation", exchange, day=str(day), asset=asset)
    section(view, "reconciliation.asset", exchange=view.exchange(exchange), asset=asset, day=day)
    left, right = columns(2)
    with left:
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
    _rows(view, exchange, day, asset, bool((checks["result"] == "mismatch").any()))


def _rows(view: View, exchange: str, day: date, asset: str, has_mismatch: bool) -> None:
    """The rows of the picked check, around the picked slot, of the day's mismatches, or of the asset's whole day."""
    condition, title = "asset = ?", f"{view.exchange(exchange)} · {asset} · {day}"
    parameters: list[Any] = [asset]
    slot, row = picked("slot"), picked("row")
    if slot.isdecimal() and int(slot) < 288:
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

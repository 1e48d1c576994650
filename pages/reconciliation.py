"""Reconciliation: coverage by day, shortfall episodes, and one asset's ledger and wallets on one day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from app import charts, queries, widgets
from app.amounts import krw, percent_down, ratio
from app.moments import KST, kst_day
from app.widgets import Shown, View

# The columns of the tables, and how each is written.
DAYS = {
    "day": Shown.DAY,
    "exchange": Shown.EXCHANGE,
    "asset_count": Shown.COUNT,
    "covered_slot_count": Shown.COUNT,
    "expected_slot_count": Shown.COUNT,
    "coverage": Shown.PERCENT,
    "mismatch_count": Shown.COUNT,
    "worst_krw": Shown.WON,
    "worst_ratio": Shown.BASIS_POINTS,
}
EPISODES = {
    "state": Shown.STATE,
    "exchange": Shown.EXCHANGE,
    "asset": Shown.TEXT,
    "started_at": Shown.INSTANT,
    "duration": Shown.DURATION,
    "shortfall_krw": Shown.WON,
    "shortfall_ratio": Shown.BASIS_POINTS,
    "holdings_multiple": Shown.TIMES,
    "shortfall_quantity": Shown.AMOUNT,
    "check_count": Shown.COUNT,
    "ended_at": Shown.INSTANT,
}
ASSETS = {
    "asset": Shown.TEXT,
    "mismatch_count": Shown.COUNT,
    "coverage": Shown.PERCENT,
    "covered_slot_count": Shown.COUNT,
    "expected_slot_count": Shown.COUNT,
    "last_checked_at": Shown.INSTANT,
    "last_ledger_quantity": Shown.AMOUNT,
    "last_wallet_quantity": Shown.AMOUNT,
    "difference": Shown.AMOUNT,
}
CHECKS = {
    "checked_at": Shown.INSTANT,
    "ledger_quantity": Shown.AMOUNT,
    "wallet_quantity": Shown.AMOUNT,
    "price_krw": Shown.AMOUNT,
    "result": Shown.CODE,
    "source_row": Shown.COUNT,
}


def shown_episodes(frame: pd.DataFrame) -> pd.DataFrame:
    """Episodes with their state in a word; multiples of what was held only where they exceed it."""
    frame = frame.copy()
    frame["state"] = ["open" if pd.isna(end) else "ended" for end in frame["ended_at"]]
    frame["holdings_multiple"] = [
        value if value is not None and value > 1 else None for value in frame["holdings_multiple"]
    ]
    return frame


def pick_episode(row: Mapping[str, Any]) -> None:
    """Go to the day on which the episode was worst."""
    day = kst_day(row["largest_at"]).isoformat()
    widgets.pick(at=row["exchange"], day=day, asset=row["asset"], slot="")


def asset_day(view: View, exchange: str, day: date, asset: str) -> None:
    """One asset's checks of one day, and the rows behind a slot of it."""
    checks = widgets.ask(queries.asset_checks, exchange, day, asset)
    if checks.empty:
        widgets.empty(view, "checks", asset=asset)
        return
    widgets.section(view, "reconciliation.asset", exchange=view.exchange(exchange), asset=asset, day=day)
    left, right = widgets.columns(2)
    with left:
        widgets.chart(
            view,
            charts.ledger_and_wallet(checks, view.look),
            key="ledger_and_wallet",
            title=view.say("reconciliation.lines"),
            alt=view.say("reconciliation.lines"),
            frame=checks,
            columns=CHECKS,
            on_pick=lambda mark: widgets.pick(row=str(mark[0]), slot=""),
        )
    with right:
        widgets.chart(
            view,
            charts.slot_strip(checks, day, view.look),
            key="slot_strip",
            title=view.say("reconciliation.slots"),
            alt=view.say("reconciliation.slots"),
            frame=checks,
            columns=CHECKS,
            on_pick=lambda mark: widgets.pick(slot=str(mark[0]), row=""),
        )
    rows_of_checks(view, exchange, day, asset, bool((checks["result"] == "mismatch").any()))


def rows_of_checks(view: View, exchange: str, day: date, asset: str, has_mismatch: bool) -> None:
    """The rows of the picked check, around the picked slot, of the day's mismatches, or of the asset's whole day."""
    condition, title = "asset = ?", f"{view.exchange(exchange)} · {asset} · {day}"
    parameters: list[Any] = [asset]
    if (slot := widgets.picked("slot")).isdigit():
        start = datetime.combine(day, datetime.min.time(), KST) + timedelta(minutes=5 * int(slot))
        condition += " AND checked_at BETWEEN ? AND ?"
        parameters += [start - timedelta(minutes=15), start + timedelta(minutes=20)]
        title += f" · {start:%H:%M}"
    elif (row := widgets.picked("row")).isdigit():
        condition += " AND source_row = ?"
        parameters += [int(row)]
    elif has_mismatch:
        condition += " AND result = 'mismatch'"
        title += f" · {view.code('mismatch')}"
    widgets.rows_behind(
        view, "reconciliation", exchange, day, day, condition=condition, parameters=parameters, title=title
    )


view = widgets.current_view()
widgets.header(view, "reconciliation")
widgets.note(view.say("reconciliation.definition"))
moment = view.now.replace(minute=0, second=0, microsecond=0)
frame = widgets.ask(queries.reconciled_days, view.choice, moment)
if frame.empty:
    widgets.empty(view, "reconciliation")
    widgets.report_findings(view, "reconciliation")
    widgets.stop()
episodes = shown_episodes(widgets.ask(queries.mismatch_episodes, view.choice))
covered, expected = (int(frame[name].sum()) for name in ("covered_slot_count", "expected_slot_count"))
widgets.sentence(
    view.say(
        "reconciliation.summary",
        coverage=percent_down(ratio(covered, expected) or Decimal()),
        missing=f"{expected - covered:,}",
        episodes=len(episodes),
        open=int((episodes["state"] == "open").sum()),
        worst=krw(max(episodes["shortfall_krw"], default=None), view.language),
    )
)
widgets.chart(
    view,
    charts.reconciliation_calendar(frame, view.exchanges, view.choice.days, view.look),
    key="calendar",
    title=view.say("reconciliation.calendar"),
    alt=view.say("reconciliation.calendar_alt"),
    frame=frame,
    columns=DAYS,
    on_pick=lambda mark: widgets.pick(at=mark[0], day=mark[1], asset="", slot="", row=""),
)
at, day, asset = widgets.picked("at"), widgets.picked_day("day"), widgets.picked("asset")
if at in view.exchanges and day:
    widgets.section(view, "reconciliation.day", exchange=view.exchange(at), day=day)
    assets = widgets.ask(queries.reconciled_assets, at, day, moment)
    if assets.empty:
        widgets.empty(view, "day", exchange=view.exchange(at), day=day)
    else:
        widgets.note(view.say("reconciliation.day_how"))
        widgets.table(
            view,
            assets,
            ASSETS,
            key=f"assets.{at}.{day}",
            alt=view.say("reconciliation.day", exchange=view.exchange(at), day=day),
            on_pick=lambda row: widgets.pick(asset=row["asset"], slot="", row=""),
            most_rows=6,
        )
        asset_day(view, at, day, asset or assets.iloc[0]["asset"])
else:
    widgets.note(view.say("reconciliation.calendar_how"))

widgets.section(view, "reconciliation.episodes", count=len(episodes))
if episodes.empty:
    widgets.empty(view, "episodes")
else:
    widgets.note(view.say("reconciliation.episodes_how"))
    widgets.table(
        view,
        episodes,
        EPISODES,
        key="episodes",
        alt=view.say("reconciliation.episodes", count=len(episodes)),
        on_pick=pick_episode,
    )
    widgets.chart(
        view,
        charts.episode_sizes(episodes, view.look),
        key="episode_sizes",
        title=view.say("reconciliation.sizes"),
        alt=view.say("reconciliation.sizes"),
        frame=episodes,
        columns=EPISODES,
    )
widgets.report_findings(view, "reconciliation")

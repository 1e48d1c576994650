"""Shortfall episodes on the screen: how large, how long, what was done about each; and figures in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from app.columns import Shown
from app.frames import with_columns
from app.moments import kst_day
from app.reconciliation.episode_charts import closing_times, episode_sizes
from app.reconciliation.responses import ANSWERED_EPISODES
from app.rules.finding_parts import FindingRow, finding_rows, page_of
from app.rules.findings import OPEN_PAGE, About, finding_counts, open_findings
from app.widgets.address import pick
from app.widgets.drawings import chart
from app.widgets.header import columns, empty, note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View, ask, cached

EPISODES = {
    "state": Shown.STATE,
    "exchange": Shown.EXCHANGE,
    "asset": Shown.TEXT,
    "started_at": Shown.INSTANT,
    "duration": Shown.DURATION,
    "shortfall_krw": Shown.WON,
    "shortfall_ratio": Shown.BASIS_POINTS,
    "holdings_multiple": Shown.MULTIPLE,
    "reached_at": Shown.INSTANT,
    "halt_response": Shown.CODE,
    "halt_id": Shown.TEXT,
    "detection_lag": Shown.DURATION,
    "halted_at": Shown.INSTANT,
    "halt_lag": Shown.DURATION,
    "ended_at": Shown.INSTANT,
    "check_count": Shown.COUNT,
    "shortfall_quantity": Shown.AMOUNT,
}
CROSSINGS = {
    "exchange": Shown.EXCHANGE,
    "asset": Shown.TEXT,
    "reached_at": Shown.INSTANT,
    "reached_krw": Shown.WON,
    "reached_ratio": Shown.BASIS_POINTS,
    "due_at": Shown.INSTANT,
    "halt_response": Shown.CODE,
    "halted_at": Shown.INSTANT,
    "duration": Shown.DURATION,
    "shortfall_krw": Shown.WON,
    "shortfall_ratio": Shown.BASIS_POINTS,
}
_DOUBTS = {
    "rule": Shown.TEXT,
    "exchange": Shown.EXCHANGE,
    "subject": Shown.TEXT,
    "interval": Shown.TEXT,
    "found": Shown.TEXT,
    "expected": Shown.TEXT,
    "sentence": Shown.LONG_TEXT,
}
_LISTED = 500
"""Episodes in the table, the largest in won first."""
_DOUBTFUL = {"REC-005": "prices", "REC-006": "stale"}
"""The rules about figures that may be wrong, and the page of the address that each list is on."""


def with_state(frame: pd.DataFrame) -> pd.DataFrame:
    """Episodes with their state in a word."""
    states = ["open" if pd.isna(end) else "ended" for end in frame["ended_at"]]
    return with_columns(frame, state=states)


@part
def shortfall_episodes(view: View, found: pd.DataFrame) -> None:
    """`queries.episode_responses` as two charts and a table; each mark and row leads to the asset's worst day."""
    episodes = cached(view, "episodes", lambda: with_state(found))
    section(view, "reconciliation.episodes", count=f"{len(episodes):,}")
    if episodes.empty:
        empty(view, "episodes")
        return
    left, right = columns(2)
    with left:
        limits = {
            name: view.thresholds.value(f"halt_shortfall_{name}", view.choice.last_day) for name in ("ratio", "krw")
        }
        chart(
            view,
            lambda: episode_sizes(episodes, limits, view.look),
            key="episode_sizes",
            title=view.say("reconciliation.sizes"),
            alt=view.say("reconciliation.sizes_alt"),
            frame=lambda: episodes,
            columns=EPISODES,
            on_pick=lambda mark: pick_worst_day({"exchange": mark[0], "asset": mark[1], "largest_at": mark[2]}),
        )
        note(view.say("reconciliation.sizes_how"))
    with right:
        chart(
            view,
            lambda: closing_times(episodes, view.look),
            key="closing_times",
            title=view.say("reconciliation.closing"),
            alt=view.say("reconciliation.closing"),
            frame=lambda: episodes,
            columns=EPISODES,
        )
        note(view.say("reconciliation.closing_how"))
    if len(episodes) > _LISTED:
        note(view.say("reconciliation.cut", count=_LISTED, total=f"{len(episodes):,}", answered=ANSWERED_EPISODES))
    table(
        view,
        lambda: episodes.head(_LISTED),
        EPISODES,
        key="episodes",
        alt=view.say("reconciliation.episodes", count=len(episodes)),
        on_pick=pick_worst_day,
    )
    note(view.say("reconciliation.episodes_how"))


def pick_worst_day(row: Mapping[Any, Any]) -> None:
    """Go to the day on which an episode was worst."""
    moment = pd.Timestamp(row["largest_at"]).to_pydatetime()
    pick(at=row["exchange"], day=kst_day(moment).isoformat(), asset=row["asset"], slot="", row="")


@part
def doubtful_figures(view: View) -> None:
    """The open findings of REC-005 (prices far from those of others) and REC-006 (quantities that stand still)."""
    counts = ask(finding_counts, view.choice, About(reports=("reconciliation",)))
    open_counts = {rule: sum(one.open_finding_count for one in counts if one.rule == rule) for rule in _DOUBTFUL}
    section(view, "reconciliation.doubts", count=f"{sum(open_counts.values()):,}")
    if not any(open_counts.values()):
        empty(view, "doubts")
        return
    for rule, total in open_counts.items():
        if not total:
            continue
        number = page_of(view, total, OPEN_PAGE, _DOUBTFUL[rule])
        found = ask(open_findings, view.choice, About(rule=rule), view.language, number)
        table(
            view,
            partial(finding_rows, view, found),
            _DOUBTS,
            key=f"doubts.{rule}.{number}",
            alt=view.say("reconciliation.doubts", count=total),
            on_pick=_pick_doubt,
            most_rows=6,
        )
    note(view.say("reconciliation.doubts_how"))


def _pick_doubt(row: FindingRow) -> None:
    day = row.period[:10] if row.start is None else kst_day(row.start).isoformat()
    pick(at=row.exchange, day=day, asset=row.subject or "", slot="", row="")

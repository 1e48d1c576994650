"""Shortfall episodes on the screen: how large, how long, what was done about each; and figures in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial

from app.columns import columns_of
from app.moments import kst_day
from app.reconciliation.episode_charts import closing_times, episode_sizes
from app.reconciliation.responses import EpisodeResponse
from app.rules.finding_parts import FindingRow, finding_rows, page_of
from app.rules.findings import OPEN_PAGE, About, finding_counts, open_findings
from app.widgets.address import pick
from app.widgets.drawings import chart
from app.widgets.header import columns, empty, note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View, ask
from expectations.thresholds import Thresholds

EPISODE_COLUMNS = (
    "state",
    "exchange",
    "asset",
    "started_at",
    "duration",
    "shortfall_krw",
    "shortfall_ratio",
    "holdings_multiple",
    "reached_at",
    "halt_response",
    "halt_id",
    "detection_lag",
    "halted_at",
    "halt_lag",
    "ended_at",
    "check_count",
    "shortfall_quantity",
)
"""The columns of an `EpisodeResponse` as a table, in order."""
_DOUBTS = columns_of(FindingRow, "rule", "exchange", "subject", "interval", "found", "expected", "sentence")
_LISTED = 500
"""Episodes in the table, the largest in won first."""
_DOUBTFUL = {"REC-005": "prices", "REC-006": "stale"}
"""The rules about figures that may be wrong, and the page of the address that each list is on."""


@part
def shortfall_episodes(view: View, episodes: Sequence[EpisodeResponse]) -> None:
    """Episodes, largest in won first, as two charts and a table; each mark and row leads to the asset's worst day."""
    section(view, "reconciliation.episodes", count=f"{len(episodes):,}")
    if not episodes:
        empty(view, "episodes")
        return
    shown = columns_of(EpisodeResponse, *EPISODE_COLUMNS)
    left, right = columns(2)
    with left:
        limits = halt_limits(view.thresholds, view.choice.last_day)
        chart(
            view,
            lambda: episode_sizes(episodes, limits, view.look),
            key="episode_sizes",
            title=view.say("reconciliation.sizes"),
            alt=view.say("reconciliation.sizes_alt"),
            frame=lambda: episodes,
            columns=shown,
            on_pick=lambda mark: _pick_day(mark[0], mark[1], datetime.fromisoformat(mark[2])),
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
            columns=shown,
        )
        note(view.say("reconciliation.closing_how"))
    if len(episodes) > _LISTED:
        note(view.say("reconciliation.cut", count=_LISTED, total=f"{len(episodes):,}"))
    table(
        view,
        lambda: episodes[:_LISTED],
        shown,
        key="episodes",
        alt=view.say("reconciliation.episodes", count=len(episodes)),
        on_pick=lambda row: _pick_day(row.exchange, row.asset, row.largest_at),
    )
    note(view.say("reconciliation.episodes_how"))


def halt_limits(thresholds: Thresholds, day: date) -> dict[str, Decimal]:
    """The sizes from which a halt is due by REC-004 on a day, `ratio` of the ledger and `krw`, to be drawn as lines.

    Where only single exchanges have a value there is none.
    """
    found = {name: thresholds.value(f"halt_shortfall_{name}", day) for name in ("ratio", "krw")}
    return {name: Decimal(value) for name, value in found.items() if value is not None}


def _pick_day(exchange: str, asset: str, moment: datetime) -> None:
    """Go to the day on which an episode was worst."""
    pick(at=exchange, day=kst_day(moment).isoformat(), asset=asset, slot="", row="")


@part
def doubtful_figures(view: View) -> None:
    """Prices far from the others' and quantities that do not move: the open findings of REC-005 and REC-006."""
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

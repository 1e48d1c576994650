"""Shortfall episodes: runs of mismatches, put together across files and days (specification, 2.4).

A run that its file does not end continues in the exchange's next file that holds the asset, where that file begins with
a mismatch of it; otherwise it ended at that file's first check of the asset. With no later file it is open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from app.amounts import ratio
from app.identity import Scope
from app.queries.choice import Choice, frame_of, in_force
from etl.records.engine import reading
from etl.records.tables import mismatch_runs, reconciliation_assets, submissions
from etl.store import Store
from expectations.vocabulary import Period, State

_Run = Mapping[str, Any]
EPISODE_COLUMNS = (
    "exchange",
    "asset",
    "started_at",
    "ended_at",
    "last_mismatch_at",
    "duration",
    "check_count",
    "shortfall_quantity",
    "shortfall_krw",
    "shortfall_ratio",
    "holdings_multiple",
    "ledger_quantity",
    "wallet_quantity",
    "price_krw",
    "largest_at",
    "submission",
    "source_row",
)


def mismatch_episodes(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """Episodes that touch the chosen days, the largest in won first; `ended_at` is none while one is open.

    `shortfall_ratio` is of the ledger, `holdings_multiple` of what was held; `duration` of an open one reaches to its
    last mismatch.
    """
    with reading(store.engine) as connection:
        runs = _runs(connection, scope, choice)
        following = _Following(connection, scope, choice)
        episodes = [episode for group in _grouped(runs) for episode in _stitched(group, following)]
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    rows = [
        episode.row()
        for episode in episodes
        if episode.started_at < end and (episode.ended_at is None or episode.ended_at > start)
    ]
    return frame_of(sorted(rows, key=lambda row: -row["shortfall_krw"]), EPISODE_COLUMNS)


def _runs(connection: Connection, scope: Scope, choice: Choice) -> list[_Run]:
    statement = in_force(mismatch_runs, scope, choice.exchanges)
    return [dict(row) for row in connection.execute(statement).mappings()]


def _grouped(runs: Sequence[_Run]) -> list[list[_Run]]:
    groups: dict[tuple[str, str], list[_Run]] = defaultdict(list)
    for run in sorted(runs, key=lambda run: run["started_at"]):
        groups[run["exchange"], run["asset"]].append(run)
    return list(groups.values())


class _Following:
    """Finds the exchange's next accepted file that holds an asset, and its first check of it."""

    def __init__(self, connection: Connection, scope: Scope, choice: Choice) -> None:
        self._connection = connection
        table = submissions.c
        statement = (
            select(table.exchange, table.id)
            .where(
                table.state == State.ACCEPTED,
                table.report == "reconciliation",
                table.exchange.in_(scope.visible(choice.exchanges)),
            )
            .order_by(table.exchange, table.period_start)
        )
        self._files: dict[str, list[str]] = defaultdict(list)
        self._place: dict[str, int] = {}
        for exchange, submission in connection.execute(statement):
            self._place[submission] = len(self._files[exchange])
            self._files[exchange].append(submission)

    def file_with(self, asset: str, after: _Run) -> tuple[str, datetime] | None:
        """The next file after the run's own that holds the asset, and when it first checked it."""
        files = self._files[after["exchange"]]
        table = reconciliation_assets.c
        for submission in files[self._place[after["submission"]] + 1 :]:
            statement = select(table.first_checked_at).where(table.submission == submission, table.asset == asset)
            first = self._connection.execute(statement).scalar_one_or_none()
            if first is not None:
                return submission, first
        return None


@dataclass(slots=True)
class _Episode:
    runs: list[_Run] = field(default_factory=list)
    ended_at: datetime | None = None

    @property
    def started_at(self) -> datetime:
        started: datetime = self.runs[0]["started_at"]
        return started

    def row(self) -> dict[str, Any]:
        worst = max(self.runs, key=lambda run: run["largest_shortfall_krw"])
        last: datetime = self.runs[-1]["last_mismatch_at"]
        gap: Decimal = worst["ledger_quantity"] - worst["wallet_quantity"]
        duration: timedelta = (self.ended_at or last) - self.started_at
        return {
            "exchange": worst["exchange"],
            "asset": worst["asset"],
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "last_mismatch_at": last,
            "duration": duration,
            "check_count": sum(run["check_count"] for run in self.runs),
            "shortfall_quantity": max(run["largest_shortfall_quantity"] for run in self.runs),
            "shortfall_krw": worst["largest_shortfall_krw"],
            "shortfall_ratio": max(
                ratio(run["ledger_quantity"] - run["wallet_quantity"], run["ledger_quantity"]) or Decimal()
                for run in self.runs
            ),
            "holdings_multiple": ratio(gap, worst["wallet_quantity"]),
            **{name: worst[name] for name in ("ledger_quantity", "wallet_quantity", "price_krw")},
            **{name: worst[name] for name in ("largest_at", "submission", "source_row")},
        }


def _stitched(runs: Sequence[_Run], following: _Following) -> list[_Episode]:
    """The episodes of one exchange's asset, from its runs in time order."""
    episodes: list[_Episode] = []
    continued_in: str | None = None
    for run in runs:
        if episodes and continued_in == run["submission"] and run["begins_file"]:
            episode = episodes[-1]
        else:
            if episodes:
                _close(episodes[-1], following)
            episode = _Episode()
            episodes.append(episode)
        episode.runs.append(run)
        episode.ended_at = run["ended_at"]
        found = None if run["ended_at"] else following.file_with(run["asset"], run)
        continued_in = found[0] if found else None
    if episodes:
        _close(episodes[-1], following)
    return episodes


def _close(episode: _Episode, following: _Following) -> None:
    """End an episode whose last file does not, where a later file shows that it ended."""
    last = episode.runs[-1]
    if episode.ended_at is None and (found := following.file_with(last["asset"], last)):
        episode.ended_at = found[1]

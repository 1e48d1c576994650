"""Shortfall episodes: runs of mismatching checks of one asset, put together across files and days (specification, 2.4).

Within a file a run is a figure (`mismatch_runs`). One that its file does not end continues in the exchange's next
accepted file that holds the asset, where that file begins with a mismatch of it; otherwise it ended at that file's
first check of the asset. With no later file it is open.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from etl.records.tables import mismatch_runs, reconciliation_assets, submissions
from expectations.vocabulary import State


@dataclass(frozen=True, slots=True)
class Episode:
    """One shortfall of one asset at one exchange: its runs in time order, and its end (None while open).

    `runs` are rows of `mismatch_runs`; the episode belongs to the submission of the first.
    """

    exchange: str
    asset: str
    runs: tuple[Mapping[str, Any], ...]
    ended_at: datetime | None

    @property
    def submission(self) -> str:
        """The submission that holds the first check."""
        return str(self.runs[0]["submission"])

    @property
    def started_at(self) -> datetime:
        """The first check."""
        started: datetime = self.runs[0]["started_at"]
        return started


def episodes_touching(connection: Connection, exchange: str, first: datetime, last: datetime) -> list[Episode]:
    """The episodes of an exchange with a mismatch in a file of [first, last], or in the one before, whole, by start.

    Reads no more files than those and the ones an episode reaches into.
    """
    files = _files(connection, exchange)
    low = max(0, bisect_right([file.start for file in files], first) - 2)
    high = bisect_right([file.start for file in files], last)
    chain = _Chain(connection, files, low, high)
    chain.extend_to_whole_episodes()
    touched = {file.id for file in files[low:high]}
    return [e for e in chain.episodes(exchange) if any(run["submission"] in touched for run in e.runs)]


@dataclass(frozen=True, slots=True)
class _File:
    id: str
    start: datetime


def _files(connection: Connection, exchange: str) -> list[_File]:
    c = submissions.c
    query = (
        select(c.id, c.period_start)
        .where(c.exchange == exchange, c.report == "reconciliation", c.state == State.ACCEPTED.value)
        .order_by(c.period_start)
    )
    return [_File(row.id, row.period_start) for row in connection.execute(query)]


class _Chain:
    """Consecutive accepted files of one exchange, with their runs and each asset's first check."""

    def __init__(self, connection: Connection, files: Sequence[_File], low: int, high: int) -> None:
        self._connection, self._files = connection, files
        self._low, self._high = low, high
        self._runs: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        self._first_checks: dict[tuple[str, str], datetime] = {}
        self._assets: dict[str, set[str]] = {}
        self._load(low, high)

    def _load(self, low: int, high: int) -> None:
        ids = [file.id for file in self._files[low:high]]
        runs = select(mismatch_runs).where(mismatch_runs.c.submission.in_(ids)).order_by(mismatch_runs.c.started_at)
        for run in self._connection.execute(runs).mappings():
            self._runs.setdefault((run["submission"], run["asset"]), []).append(dict(run))
        assets = reconciliation_assets.c
        checks = select(assets.submission, assets.asset, assets.first_checked_at).where(assets.submission.in_(ids))
        for row in self._connection.execute(checks):
            self._first_checks[row.submission, row.asset] = row.first_checked_at
            self._assets.setdefault(row.submission, set()).add(row.asset)

    def extend_to_whole_episodes(self) -> None:
        """Take in earlier files while a run may come from them, and later ones while a run goes on into them."""
        while self._low > 0 and self._arriving():
            self._low -= 1
            self._load(self._low, self._low + 1)
        while self._high < len(self._files) and self._leaving():
            self._high += 1
            self._load(self._high - 1, self._high)

    def _arriving(self) -> set[str]:
        """Assets whose earliest run in the chain begins its file, with no earlier check of them in the chain."""
        arriving: set[str] = set()
        settled: set[str] = set()
        for file in self._files[self._low : self._high]:
            for asset in self._assets.get(file.id, set()) - settled:
                settled.add(asset)
                runs = self._runs.get((file.id, asset), [])
                if runs and runs[0]["begins_file"]:
                    arriving.add(asset)
        return arriving

    def _leaving(self) -> set[str]:
        """Assets whose last run in the chain has no end yet."""
        leaving: set[str] = set()
        settled: set[str] = set()
        for file in reversed(self._files[self._low : self._high]):
            for asset in self._assets.get(file.id, set()) - settled:
                settled.add(asset)
                runs = self._runs.get((file.id, asset), [])
                if runs and runs[-1]["ended_at"] is None:
                    leaving.add(asset)
        return leaving

    def episodes(self, exchange: str) -> list[Episode]:
        """All episodes of the chain, by start."""
        found: list[Episode] = []
        for asset in sorted({asset for _, asset in self._runs}):
            found += self._of_asset(exchange, asset)
        return sorted(found, key=lambda episode: (episode.started_at, episode.asset))

    def _of_asset(self, exchange: str, asset: str) -> list[Episode]:
        found: list[Episode] = []
        open_runs: list[Mapping[str, Any]] = []
        for file in self._files[self._low : self._high]:
            first_check = self._first_checks.get((file.id, asset))
            if first_check is None:
                continue
            runs = self._runs.get((file.id, asset), [])
            if open_runs and not (runs and runs[0]["begins_file"]):
                found.append(Episode(exchange, asset, tuple(open_runs), first_check))
                open_runs = []
            for run in runs:
                open_runs.append(run)
                if run["ended_at"] is not None:
                    found.append(Episode(exchange, asset, tuple(open_runs), run["ended_at"]))
                    open_runs = []
        if open_runs:
            found.append(Episode(exchange, asset, tuple(open_runs), None))
        return found

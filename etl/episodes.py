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
    """Consecutive accepted files of one exchange, with their runs; each asset's first checks are read where they count.

    Only assets of which a run begins or leaves a file can have an episode of several files: no more are asked for.
    """

    def __init__(self, connection: Connection, files: Sequence[_File], low: int, high: int) -> None:
        self._connection, self._files = connection, files
        self._low, self._high = low, high
        self._places = {file.id: place for place, file in enumerate(files)}
        self._runs: dict[str, dict[int, list[Mapping[str, Any]]]] = {}
        self._crossing: set[str] = set()
        self._first_checks: dict[int, dict[str, datetime]] = {}
        self._load(low, high)

    def _load(self, low: int, high: int) -> None:
        ids = [file.id for file in self._files[low:high]]
        query = select(mismatch_runs).where(mismatch_runs.c.submission.in_(ids)).order_by(mismatch_runs.c.started_at)
        crossing = set(self._crossing)
        for run in self._connection.execute(query).mappings():
            place = self._places[run["submission"]]
            self._runs.setdefault(run["asset"], {}).setdefault(place, []).append(dict(run))
            if run["begins_file"] or run["ended_at"] is None:
                crossing.add(run["asset"])
        if crossing != self._crossing:
            self._crossing = crossing
            self._first_checks.clear()

    def _first_check(self, place: int, asset: str) -> datetime | None:
        """When a file checks an asset first; None where it holds none of it."""
        if place not in self._first_checks:
            c = reconciliation_assets.c
            query = select(c.asset, c.first_checked_at).where(
                c.submission == self._files[place].id, c.asset.in_(sorted(self._crossing))
            )
            self._first_checks[place] = {row.asset: row.first_checked_at for row in self._connection.execute(query)}
        return self._first_checks[place].get(asset)

    def extend_to_whole_episodes(self) -> None:
        """Take in earlier files while a run may come from them, and later ones while a run goes on into them."""
        while self._low > 0 and self._has_arriving():
            self._low -= 1
            self._load(self._low, self._low + 1)
        while self._high < len(self._files) and self._has_leaving():
            self._high += 1
            self._load(self._high - 1, self._high)

    def _has_arriving(self) -> bool:
        """True where an asset's earliest run in the chain begins its file, with no earlier check of it in the chain."""
        for asset, runs in self._runs.items():
            place = min(runs)
            earlier = range(place - 1, self._low - 1, -1)
            if runs[place][0]["begins_file"] and not any(self._first_check(other, asset) for other in earlier):
                return True
        return False

    def _has_leaving(self) -> bool:
        """True where an asset's last run in the chain has no end, with no later check of it in the chain."""
        for asset, runs in self._runs.items():
            place = max(runs)
            later = range(place + 1, self._high)
            if runs[place][-1]["ended_at"] is None and not any(self._first_check(other, asset) for other in later):
                return True
        return False

    def episodes(self, exchange: str) -> list[Episode]:
        """All episodes of the chain, by start."""
        found = [episode for asset in sorted(self._runs) for episode in self._of_asset(exchange, asset)]
        return sorted(found, key=lambda episode: (episode.started_at, episode.asset))

    def _of_asset(self, exchange: str, asset: str) -> list[Episode]:
        found: list[Episode] = []
        open_runs: list[Mapping[str, Any]] = []
        for place, runs in sorted(self._runs[asset].items()):
            if open_runs and (ended_at := self._end_before(asset, open_runs, place, runs)):
                found.append(Episode(exchange, asset, tuple(open_runs), ended_at))
                open_runs = []
            for run in runs:
                open_runs.append(run)
                if run["ended_at"] is not None:
                    found.append(Episode(exchange, asset, tuple(open_runs), run["ended_at"]))
                    open_runs = []
        if open_runs:
            ended_at = self._end_before(asset, open_runs, self._high, [])
            found.append(Episode(exchange, asset, tuple(open_runs), ended_at))
        return found

    def _end_before(
        self, asset: str, open_runs: Sequence[Mapping[str, Any]], place: int, runs: Sequence[Mapping[str, Any]]
    ) -> datetime | None:
        """Where runs that their file left open ended: the asset's next check, unless it begins the runs of `place`."""
        last = self._places[open_runs[-1]["submission"]]
        for other in range(last + 1, place):
            if first_check := self._first_check(other, asset):
                return first_check
        return self._first_check(place, asset) if runs and not runs[0]["begins_file"] else None

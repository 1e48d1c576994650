"""Shortfall episodes: runs of mismatching checks of one asset, put together across files and days (specification, 2.4).

Within a file a run is a figure (`mismatch_runs`). One that its file does not end continues in the exchange's next
accepted file that holds the asset, where that file begins with a mismatch of it; otherwise it ended at that file's
first check of the asset. With no later file it is open. Files that do not hold the asset say nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, func, or_, select

from etl.records.tables import mismatch_runs, reconciliation_assets, submissions
from etl.records.types import in_parts
from expectations.vocabulary import KST, State

BEGINNING, FOREVER = datetime(1, 1, 2, tzinfo=UTC), datetime(2998, 1, 1, tzinfo=UTC)
"""Before and after every moment that a report can be about."""

_DAY = timedelta(days=1)


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

    def meets(self, low: datetime, high: datetime) -> bool:
        """True where it begins no later than `high` and ends no earlier than `low`."""
        return self.started_at <= high and (self.ended_at is None or self.ended_at >= low)


@dataclass(frozen=True, slots=True)
class Extent:
    """Of which time the files that hold an asset decide about its episodes: a file outside it changes none of them."""

    asset: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Episodes:
    """Whole episodes by start and asset, and the extent of each asset that was asked about."""

    found: tuple[Episode, ...]
    extents: tuple[Extent, ...]


def beginning_in(connection: Connection, exchange: str, submission: str, start: datetime) -> Episodes:
    """The episodes whose first check an accepted file holds; `start` is the start of its period.

    An extent is there for each asset that the file begins or ends with short; nothing but the file decides of others.
    """
    c = mismatch_runs.c
    runs = connection.execute(select(c.asset, c.begins_file, c.ended_at).where(c.submission == submission)).all()
    if not runs:
        return Episodes((), ())
    crossing = {run.asset for run in runs if run.begins_file or run.ended_at is None}
    timeline = _Timeline(connection, exchange, start, start)

    def own(asset: str, held: Sequence[_Held]) -> _Answer | None:
        place = next(place for place, one in enumerate(held) if one.submission == submission)
        begins_short = held[place].runs[0]["begins_file"]
        if begins_short and not place and not timeline.has_all_before:
            return None
        found = [one for one in _assembled(exchange, asset, held) if one.episode.submission == submission]
        if found and found[-1].end is None and not timeline.has_all_after:
            return None
        since = _start_before(held, place) if begins_short else held[place].start
        until = max([held[place].end, *(_end(held, one) for one in found)])
        return _Answer(found, Extent(asset, since, until))

    read = _answered(timeline, {run.asset for run in runs}, own)
    return Episodes(read.found, tuple(extent for extent in read.extents if extent.asset in crossing))


def meeting(
    connection: Connection, exchange: str, low: datetime, high: datetime, assets: Collection[str] | None = None
) -> Episodes:
    """The episodes that begin no later than `high` and end no earlier than `low`, of some assets or of all.

    An extent is there for each of `assets`; where all are asked for, for each that was short before `high`.
    """
    c, s = mismatch_runs.c, submissions.c
    query = (
        select(c.asset)
        .distinct()
        .join(submissions, s.id == c.submission)
        .where(
            s.state == State.ACCEPTED.value,
            c.exchange == exchange,
            c.started_at <= high,
            or_(c.ended_at.is_(None), c.ended_at >= low),
        )
    )
    asked = set(connection.execute(query).scalars()) if assets is None else set(assets)
    timeline = _Timeline(connection, exchange, low, high)

    def met(asset: str, held: Sequence[_Held]) -> _Answer | None:
        before = [place for place, one in enumerate(held) if one.first_checked_at <= low]
        if not before and not timeline.has_all_before:
            return None
        found = [one for one in _assembled(exchange, asset, held) if one.episode.meets(low, high)]
        begins_short = bool(found) and found[0].episode.runs[0]["begins_file"]
        if begins_short and not found[0].first and not timeline.has_all_before:
            return None
        if found and found[-1].end is None and not timeline.has_all_after:
            return None
        since = held[before[-1]].start if before else BEGINNING
        if found:
            since = min(since, _start_before(held, found[0].first) if begins_short else held[found[0].first].start)
        until = max([high, *(_end(held, one) for one in found)])
        return _Answer(found, Extent(asset, since, until))

    return _answered(timeline, asked, met)


# -------------------------------------------------------------------------------------------- the files


@dataclass(frozen=True, slots=True)
class _Held:
    """An accepted file that holds an asset: its period, its first check of it, and the asset's runs in it."""

    submission: str
    start: datetime
    end: datetime
    first_checked_at: datetime
    runs: list[Mapping[str, Any]] = field(default_factory=list)


class _Timeline:
    """The accepted files of an exchange about some moments; more days are taken in until the answer is known."""

    def __init__(self, connection: Connection, exchange: str, low: datetime, high: datetime) -> None:
        self._connection, self._exchange = connection, exchange
        s = submissions.c
        query = select(func.min(s.period_start), func.max(s.period_start)).where(
            s.exchange == exchange, s.report == "reconciliation", s.state == State.ACCEPTED.value
        )
        first, last = connection.execute(query).one()
        self._first, self._last = _day(first or low), _day(last or low)
        self._low = max(_day(max(low, BEGINNING)), self._first)
        self._high = min(_day(min(high, FOREVER)), self._last)
        self._more_days = 1

    @property
    def has_all_before(self) -> bool:
        """True where no earlier file is left to be read."""
        return self._low <= self._first

    @property
    def has_all_after(self) -> bool:
        """True where no later file is left to be read."""
        return self._high >= self._last

    def take_in_more(self) -> None:
        """Take in more days on both sides, twice as many each time."""
        self._low = max(self._first, self._low - self._more_days * _DAY)
        self._high = min(self._last, self._high + self._more_days * _DAY)
        self._more_days *= 2

    def held(self, assets: Sequence[str]) -> dict[str, list[_Held]]:
        """The files of the days taken in that hold each asset, in time order."""
        found: dict[str, dict[str, _Held]] = {asset: {} for asset in assets}
        for row in self._rows(reconciliation_assets, "first_checked_at", assets):
            one = _Held(row["submission"], row["period_start"], row["period_end"], row["first_checked_at"])
            found[row["asset"]][one.submission] = one
        for row in self._rows(mismatch_runs, "started_at", assets):
            found[row["asset"]][row["submission"]].runs.append(row)
        return {asset: list(files.values()) for asset, files in found.items()}

    def _rows(self, table: Table, moment: str, assets: Sequence[str]) -> list[Mapping[str, Any]]:
        """Rows of a table of figures in time order, with the period of their file."""
        s = submissions.c
        rows: list[Mapping[str, Any]] = []
        for some in in_parts(assets):
            query = (
                select(table, s.period_start, s.period_end)
                .join(submissions, s.id == table.c.submission)
                .where(
                    s.state == State.ACCEPTED.value,
                    table.c.exchange == self._exchange,
                    table.c.asset.in_(some),
                    table.c.day.between(self._low, self._high),
                )
                .order_by(s.period_start, table.c[moment])
            )
            rows += [dict(row) for row in self._connection.execute(query).mappings()]
        return rows


def _day(moment: datetime) -> date:
    return moment.astimezone(KST).date()


# --------------------------------------------------------------------------------------------- assembly


@dataclass(frozen=True, slots=True)
class _Placed:
    """An episode, and the places of the files that hold its first check and the check that ended it."""

    episode: Episode
    first: int
    end: int | None


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was asked of one asset, as far as the files read tell it for good."""

    found: Sequence[_Placed]
    extent: Extent


def _answered(
    timeline: _Timeline, assets: Collection[str], answer: Callable[[str, Sequence[_Held]], _Answer | None]
) -> Episodes:
    """Ask about each asset, taking in more days while an answer is None."""
    found: list[Episode] = []
    extents: list[Extent] = []
    pending = sorted(assets)
    while pending:
        held = timeline.held(pending)
        answers = {asset: answer(asset, held[asset]) for asset in pending}
        for one in answers.values():
            if one is not None:
                found += [placed.episode for placed in one.found]
                extents.append(one.extent)
        pending = [asset for asset, one in answers.items() if one is None]
        timeline.take_in_more()
    found.sort(key=lambda episode: (episode.started_at, episode.asset))
    return Episodes(tuple(found), tuple(extents))


def _assembled(exchange: str, asset: str, held: Sequence[_Held]) -> list[_Placed]:
    """The episodes of an asset in files that follow one another."""
    found: list[_Placed] = []
    runs: list[Mapping[str, Any]] = []
    first = 0

    def end(moment: datetime | None, place: int | None) -> None:
        if runs:
            found.append(_Placed(Episode(exchange, asset, tuple(runs), moment), first, place))
            runs.clear()

    for place, file in enumerate(held):
        if not (file.runs and file.runs[0]["begins_file"]):
            end(file.first_checked_at, place)
        for run in file.runs:
            if not runs:
                first = place
            runs.append(run)
            if run["ended_at"] is not None:
                end(run["ended_at"], place)
    end(None, None)
    return found


def _start_before(held: Sequence[_Held], place: int) -> datetime:
    """The start of the file before a place: from there on files decide where a run at that place began."""
    return held[place - 1].start if place else BEGINNING


def _end(held: Sequence[_Held], one: _Placed) -> datetime:
    """The end of the file that ended an episode: up to there files decide when it did."""
    return FOREVER if one.end is None else held[one.end].end

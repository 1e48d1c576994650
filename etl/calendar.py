"""The calendar of filing: what each exchange was to file, when it was due, and by which file it was met (2.8).

Obligations are derived, never stored: one for each exchange, report and day (month for audits) since they began, whose
due time a given moment has reached or that has been met before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, select

from etl.exchanges import all_exchanges
from etl.records import tables as t
from expectations.catalogue import all_reports
from expectations.vocabulary import KST, Cadence, Period, Report, State

OBLIGATIONS_BEGIN = date(2026, 6, 1)
"""The month after the standard (2.8, MODEL)."""

MET_BY = (State.ACCEPTED.value, State.SUPERSEDED.value, State.WITHDRAWN.value)
"""What counts is the receipt of the first file that was accepted, whatever became of it later."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """One report of one exchange for one period: when it is due, and when and by what it was met (None: not yet)."""

    exchange: str
    report: str
    period: Period
    due_at: datetime
    met_at: datetime | None
    submission: str | None

    @property
    def id(self) -> str:
        """Name of the obligation: exchange, report and period."""
        return f"{self.exchange}/{self.report}/{self.period.text}"


@dataclass(frozen=True, slots=True)
class _Filed:
    submission: str
    period: Period
    received_at: datetime


def obligations(
    connection: Connection, now: datetime, *, first_day: date | None = None, last_day: date | None = None
) -> list[Obligation]:
    """Every obligation that is due by `now` or met, for periods that begin from `first_day` to `last_day`."""
    first = max(first_day or OBLIGATIONS_BEGIN, OBLIGATIONS_BEGIN)
    last = min(last_day or date.max, now.astimezone(KST).date())
    filed = _filed(connection, first)
    found = []
    for id_ in all_exchanges():
        for report in all_reports().values():
            for period in _periods(report, first, last):
                met = _meeting(filed.get((id_, report.name, period.first_day), ()), period)
                due_at = report.due_at(period)
                if met is not None or due_at <= now:
                    met_at, submission = (met.received_at, met.submission) if met else (None, None)
                    found.append(Obligation(id_, report.name, period, due_at, met_at, submission))
    return found


def _periods(report: Report, first: date, last: date) -> Iterator[Period]:
    """Periods that begin from `first` to `last`, oldest first; the month of `first` counts whole."""
    if report.cadence is Cadence.MONTH:
        month = first.replace(day=1)
        while month <= last:
            yield Period.parse(f"{month:%Y-%m}")
            month = (month + timedelta(days=32)).replace(day=1)
    else:
        for number in range((last - first).days + 1):
            yield Period.of_day(first + timedelta(days=number))


def _filed(connection: Connection, first: date) -> Mapping[tuple[str, str, date], Sequence[_Filed]]:
    """What was ever accepted, by exchange, report and the day on which its period begins, in order of receipt."""
    c = t.submissions.c
    start = Period.of_day(first.replace(day=1)).start
    query = (
        select(c.id, c.exchange, c.report, c.period, c.period_start, c.period_end, c.received_at)
        .where(c.state.in_(MET_BY), c.period_end > start)
        .order_by(c.received_at, c.recorded_at, c.id)
    )
    filed: dict[tuple[str, str, date], list[_Filed]] = {}
    for row in connection.execute(query):
        period = Period(row.period_start, row.period_end, row.period)
        key = (row.exchange, row.report, period.first_day)
        filed.setdefault(key, []).append(_Filed(row.id, period, row.received_at))
    return filed


def _meeting(filed: Sequence[_Filed], period: Period) -> _Filed | None:
    """The file with which accepted files first covered the period: a whole one, or the last slice that was wanting."""
    covered: list[Period] = []
    for file in filed:
        covered.append(file.period)
        if covers(covered, period):
            return file
    return None


def covers(pieces: Sequence[Period], whole: Period) -> bool:
    """True where the pieces leave no moment of the whole out."""
    reached = whole.start
    for piece in sorted(pieces):
        if piece.start > reached:
            return False
        reached = max(reached, piece.end)
    return reached >= whole.end

"""Six lanes of every exchange by month, before any word.

The figures are those of each subject's page over the days of a month (`lane_figures`, `app.quality.scorecard`). What
was not filed is a gap; a month that is not over is provisional, and one of which days are missing partial.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from app.keys.case_totals import WHOLE
from app.overview.lane_figures import LANE_REPORTS, Lane, LaneFigures
from app.quality.measures import Rating
from app.quality.scorecard import Scored
from app.queries.months import LEAST_MONTHS, month_of
from app.volume.ranking import is_comparable
from expectations.catalogue import all_reports
from expectations.vocabulary import Cadence, Period

RATES = (Lane.SUBMISSION, Lane.API_SHARE)
"""Lanes whose figure is a part of a whole."""
FLOWS = (Lane.RECONCILIATION, Lane.HALTS)
"""Lanes whose figure adds up over the month: of a month that is not over it says nothing against a whole one."""
_PLACES = {Rating.GOOD: Decimal(2), Rating.WATCH: Decimal(1), Rating.POOR: Decimal(0)}
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TrendMonth:
    """One month of a lane: its figure (None: nothing was filed), and of how many days it is.

    `value` is a share, a count, whole minutes or, for data quality, the place of `rating`. Of `whole_count` days (or
    obligations of days, where the lane is about all reports) `expected_count` have been due and `filed_count` counted.
    """

    month: str
    value: Decimal | None
    filed_count: int
    expected_count: int
    whole_count: int
    is_open: bool
    rating: Rating | None = None

    @property
    def is_partial(self) -> bool:
        """True where the month is not over, or some of it was not filed."""
        return self.is_open or self.filed_count < self.expected_count


@dataclass(frozen=True, slots=True)
class Trend:
    """One lane of one exchange, or of all together (`WHOLE`): its months, the chosen one last."""

    exchange: str
    lane: Lane
    months: tuple[TrendMonth, ...]

    @property
    def now(self) -> TrendMonth:
        """The chosen month."""
        return self.months[-1]

    @property
    def before(self) -> TrendMonth:
        """The month before it."""
        return self.months[-2]

    @property
    def change(self) -> Decimal | None:
        """The chosen month against the one before; none where they cannot be compared."""
        now, before = self.now, self.before
        if now.value is None or before.value is None or (now.is_open and self.lane in FLOWS):
            return None
        comparable = all(is_comparable(one.filed_count, one.whole_count) for one in (now, before))
        return now.value - before.value if comparable else None


def _days(period: Period) -> int:
    return (period.last_day - period.first_day).days + 1


def trend_months(month: str) -> tuple[str, ...]:
    """The six months that end with `month`, oldest first."""
    months = [month]
    while len(months) < LEAST_MONTHS:
        months.append(month_of(Period.parse(months[-1]).first_day - timedelta(days=1)))
    return tuple(reversed(months))


def is_open(month: str, moment: datetime) -> bool:
    """True while a report of one of its days is not due yet: its figures are provisional."""
    last = Period.of_day(Period.parse(month).last_day)
    return moment < max(report.due_at(last) for report in all_reports().values() if report.cadence is not Cadence.MONTH)


def due_days(month: str, moment: datetime) -> int:
    """The days of a month whose reports have been due."""
    period = Period.parse(month)
    days = [Period.of_day(period.first_day + timedelta(n)) for n in range(_days(period))]
    daily = [report for report in all_reports().values() if report.cadence is not Cadence.MONTH]
    return sum(all(report.due_at(day) <= moment for report in daily) for day in days)


def lane_trends(
    figures: Mapping[str, Sequence[LaneFigures]], scored: Sequence[Scored], months: Sequence[str], moment: datetime
) -> tuple[Trend, ...]:
    """Every lane of every exchange, and of all together where that makes sense, over these months.

    `figures`: what `exchange_figures` answers of each month; `scored`: the grades of the months.
    """
    ratings = {(one.exchange, one.month): one.grade.rating for one in scored}
    by_month = {month: {one.exchange: one for one in figures[month]} for month in months}
    due = {month: due_days(month, moment) for month in months}
    found = []
    for exchange in by_month[months[-1]]:
        for lane in Lane:
            if exchange == WHOLE and lane is Lane.QUALITY:
                continue  # grades add up to nothing
            rows = tuple(
                _month(by_month[month][exchange], lane, month, ratings.get((exchange, month)), due[month], moment)
                for month in months
            )
            found.append(Trend(exchange, lane, rows))
    return tuple(found)


_DAILY = sum(report.cadence is not Cadence.MONTH for report in all_reports().values())
"""Obligations of a day."""


def _month(
    figures: LaneFigures, lane: Lane, month: str, rating: Rating | None, due: int, moment: datetime
) -> TrendMonth:
    days = _days(Period.parse(month))
    weight = figures.day_count // days  # one, or the number of exchanges where it is of all together
    filed, unfiled = figures.due_count, 0
    if lane in LANE_REPORTS:
        report = LANE_REPORTS[lane][0]
        filed, unfiled = figures.filed_days[report], figures.unfiled_days[report]
    else:
        weight *= _DAILY
    # Some of what is not due yet has come already; what was due before there were records never comes.
    counts = (filed, max(due * weight, filed + unfiled), days * weight)
    if lane is Lane.QUALITY:
        place = _PLACES.get(rating) if rating is not None else None
        return TrendMonth(month, place, *counts, is_open(month, moment), rating or Rating.UNJUDGED)
    value = value_of(figures, lane) if figures.is_filed(lane) else None
    return TrendMonth(month, value, *counts, is_open(month, moment))


def value_of(figures: LaneFigures, lane: Lane) -> Decimal | None:
    """The figure by which a lane is followed."""
    if lane is Lane.SUBMISSION:
        return figures.on_time_share
    if lane is Lane.API_SHARE:
        return figures.share
    if lane is Lane.KEYS:
        return Decimal(figures.open_case_count)
    if lane is Lane.RECONCILIATION:
        return Decimal(figures.episode_count)
    return Decimal(figures.halted // _MINUTE)

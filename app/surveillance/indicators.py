"""Indicators of abnormal trading, to be reviewed: each exchange and pattern against its own past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from app.amounts import ratio
from app.columns import Amount, Count, Day, Times, Trend, row_of
from app.queries.choice import Choice
from app.scope import Scope
from app.surveillance.history import PAST_DAYS, AlertHistory, alert_histories, median, past_before
from app.surveillance.sums import PATTERNS, PatternSum, pattern_sums
from etl.store import Store
from expectations.thresholds import Thresholds

RECENT_DAYS = 30
"""The days among which those with a finding are counted."""
PERSISTENT_DAYS = 3
"""So many of the recent days make it persistent (in the spirit of SEBI's three days of thirty)."""
LEAST_ALERTS = 30
"""Fewest alerts of the past for a ratio: the median of fewer says more about chance than about trading."""
WEEKS = 26
"""The course beside each indicator: six months."""
_DAY = timedelta(days=1)


class Review(StrEnum):
    """What the open findings of the recent days come to."""

    PERSISTENT = "persistent"
    """Days with a finding: PERSISTENT_DAYS or more."""
    SINGLE = "single"
    """Days with a finding: fewer."""
    NOTHING = "nothing"
    """No finding."""
    TOO_FEW = "too_few"
    """No finding, and no recent day with enough filed days before it for a median."""


@dataclass(frozen=True, slots=True)
class Indicator(PatternSum):
    """One pattern of one exchange in the chosen days, against its own past.

    `past_median` is of the filed days among the ninety before the period, `past_ratio` the median day of the period
    over it, `rank` its place among all exchanges that one may see and that have a ratio. `finding_day_count` of the
    last thirty days have an open finding of SUR-005, `compared_day_count` of them enough filed days before them.
    `trend`: alerts per filed day, week by week.
    """

    review: Review
    day_count: Count
    day_median: Amount | None
    past_median: Amount | None
    past_day_count: Count
    past_ratio: Times | None
    finding_day_count: Count
    compared_day_count: Count
    peak_count: Count | None
    peak_day: Day | None
    trend: Trend
    rank_count: int = 0
    rank: int | None = None


def pattern_indicators(store: Store, scope: Scope, choice: Choice, thresholds: Thresholds) -> tuple[Indicator, ...]:
    """Every pattern of every chosen exchange that filed any of the chosen days, by pattern and exchange."""
    everybody = scope.visible(())
    first = min(choice.first_day, choice.last_day - (7 * WEEKS - 1) * _DAY) - PAST_DAYS * _DAY
    histories = alert_histories(store, scope, Choice((), first, choice.last_day), thresholds)
    sums = pattern_sums(store, scope, Choice((), choice.first_day, choice.last_day))
    found = [_indicator(sums[key], history, choice, thresholds) for key, history in histories.items()]
    ranked = [_ranked(one, found) for one in found]
    chosen = scope.visible(choice.exchanges)
    shown = [one for one in ranked if one.exchange in chosen and one.day_count]
    return tuple(sorted(shown, key=lambda one: (PATTERNS.index(one.pattern), everybody.index(one.exchange))))


def _ranked(indicator: Indicator, among: list[Indicator]) -> Indicator:
    """The same with its place among the exchanges that have a ratio for the pattern."""
    rivals = [one.past_ratio for one in among if one.pattern == indicator.pattern and one.past_ratio is not None]
    own = indicator.past_ratio
    rank = None if own is None else 1 + sum(rival > own for rival in rivals)
    return replace(indicator, rank=rank, rank_count=len(rivals))


def _indicator(sums: PatternSum, history: AlertHistory, choice: Choice, thresholds: Thresholds) -> Indicator:
    filed = [day for day in choice.days if day in history.alerts]
    past = past_before(history.alerts, choice.first_day, thresholds)
    own_median = median(sorted(history.alerts[day] for day in filed))
    recent = [choice.last_day - number * _DAY for number in range(RECENT_DAYS)]
    finding_day_count, compared_day_count = len(history.with_finding(recent)), len(history.compared(recent))
    peak = max(filed, key=lambda day: history.alerts[day], default=None)
    has_ratio = own_median and past.median and past.alerts >= LEAST_ALERTS
    return row_of(
        Indicator,
        sums,
        review=_review(finding_day_count, compared_day_count),
        day_count=len(filed),
        day_median=own_median,
        past_median=past.median,
        past_day_count=past.day_count,
        past_ratio=ratio(own_median or Decimal(), past.median or Decimal()) if has_ratio else None,
        finding_day_count=finding_day_count,
        compared_day_count=compared_day_count,
        peak_count=history.alerts[peak] if peak else None,
        peak_day=peak,
        trend=_weekly(history.alerts, choice.last_day),
        rank_count=0,
        rank=None,
    )


def _review(finding_day_count: int, compared_day_count: int) -> Review:
    if finding_day_count >= PERSISTENT_DAYS:
        return Review.PERSISTENT
    if finding_day_count:
        return Review.SINGLE
    return Review.NOTHING if compared_day_count else Review.TOO_FEW


def _weekly(alerts: Mapping[date, int], last_day: date) -> tuple[float | None, ...]:
    """Alerts per filed day of each of the last weeks, the oldest first; nothing before the first week that was filed.

    A week without a filing is a gap.
    """
    weeks: list[float | None] = []
    for week in range(WEEKS, 0, -1):
        days = [last_day - (7 * week - 1 - number) * _DAY for number in range(7)]
        found = [alerts[day] for day in days if day in alerts]
        weeks.append(sum(found) / len(found) if found else None)
    first = next((place for place, value in enumerate(weeks) if value is not None), WEEKS)
    return tuple(weeks[first:])

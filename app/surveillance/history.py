"""Alerts by day of each exchange and pattern, each day beside its own past and with what was found about it.

A day that was filed without a pattern counts as a day with no alert of it; a day that was not filed counts as none.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from app.queries.choice import Choice, chosen_figures, rows_of
from app.queries.open_findings import findings_by_subject
from app.scope import Scope
from app.surveillance.sums import PATTERNS, filed_days
from etl.records.tables import surveillance_days
from etl.store import Store
from expectations.thresholds import Thresholds

PAST_DAYS = 90
"""How far back a day is compared with its own past; as many of these days as were filed."""
FAR_ABOVE = "SUR-005"
"""The rule that finds days whose alerts far exceed their own median; its window is shorter than PAST_DAYS."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Past:
    """What a day is compared with: the median of the filed days before it, how many these are and their alerts.

    The median is None where fewer days were filed than one may be taken of (`history_minimum_days`).
    """

    median: Decimal | None
    day_count: int
    alerts: int


@dataclass(frozen=True, slots=True)
class AlertHistory:
    """One exchange and pattern: alerts by filed day, the past of each, and the days with an open finding (SUR-005)."""

    alerts: Mapping[date, int]
    past: Mapping[date, Past]
    finding_days: frozenset[date]

    def compared(self, days: Iterable[date]) -> list[date]:
        """Of these days those that were filed and have a past to compare with."""
        return [day for day in days if day in self.past and self.past[day].median is not None]

    def with_finding(self, days: Iterable[date]) -> list[date]:
        """Of these days those with an open finding."""
        return [day for day in days if day in self.finding_days]


def alert_histories(
    store: Store, scope: Scope, choice: Choice, thresholds: Thresholds, patterns: Sequence[str] = PATTERNS
) -> dict[tuple[str, str], AlertHistory]:
    """The history of every chosen exchange and pattern in the chosen days; the past of the first ones is cut off."""
    table = surveillance_days.c
    statement = chosen_figures(
        surveillance_days, scope, choice, table.exchange, table.pattern, table.day, table.alert_count
    )
    counted: dict[tuple[str, str], dict[date, int]] = defaultdict(dict)
    for row in rows_of(store, statement.where(table.pattern.in_(patterns))):
        counted[row["exchange"], row["pattern"]][row["day"]] = int(row["alert_count"])
    found: dict[tuple[str, str], set[date]] = defaultdict(set)
    for one in findings_by_subject(store, scope, choice, (FAR_ABOVE,)):
        found[one.exchange, str(one.subject)].add(one.day)
    filed = filed_days(store, scope, choice)
    histories = {}
    for exchange in scope.visible(choice.exchanges):
        for pattern in patterns:
            own = counted[exchange, pattern]
            alerts = {day: own.get(day, 0) for day in filed[exchange]}
            past = pasts(alerts, thresholds)
            histories[exchange, pattern] = AlertHistory(alerts, past, frozenset(found[exchange, pattern]))
    return histories


def pasts(alerts: Mapping[date, int], thresholds: Thresholds) -> dict[date, Past]:
    """The past of each day: the filed days among the ninety before it; `alerts` is in order of days."""
    window: deque[tuple[date, int]] = deque()
    ordered: list[int] = []
    found = {}
    for day, count in alerts.items():
        while window and window[0][0] < day - PAST_DAYS * _DAY:
            ordered.pop(bisect_left(ordered, window.popleft()[1]))
        found[day] = _past_of(ordered, day, thresholds)
        window.append((day, count))
        insort(ordered, count)
    return found


def past_before(alerts: Mapping[date, int], day: date, thresholds: Thresholds) -> Past:
    """The past of a day, whether it was filed or not."""
    before = sorted(count for one, count in alerts.items() if day - PAST_DAYS * _DAY <= one < day)
    return _past_of(before, day, thresholds)


def _past_of(ordered: Sequence[int], day: date, thresholds: Thresholds) -> Past:
    enough = len(ordered) >= thresholds.value("history_minimum_days", day)
    return Past(median(ordered) if enough else None, len(ordered), sum(ordered))


def median(ordered: Sequence[int]) -> Decimal | None:
    """The middle of numbers in order, or half of the two middle ones; None of none."""
    if not ordered:
        return None
    middle = len(ordered) // 2
    return Decimal(ordered[middle]) if len(ordered) % 2 else Decimal(ordered[middle - 1] + ordered[middle]) / 2

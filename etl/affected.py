"""Which accepted submissions must be judged again when what is accepted changes, and only those.

A change is a submission that came into force or left it. Whom it touches follows from what the rules declare to read
(`etl/context.py`): of figures of days, those whose days look on its own; of whole entities, those that share a case or
a halt with it, and those for which a stretch was read that it lies in (`etl/regions.py`). A submission that is not
touched has read nothing that changed, so the same would be found of it again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import BigInteger, Connection, select, type_coerce

from etl import regions
from etl.context import RELATIONS
from etl.entities import sharing_cases, sharing_halts
from etl.exchanges import all_exchanges
from etl.records import tables as t
from etl.records.submissions import Submission
from etl.records.types import kst_day_number
from expectations.catalogue import all_reports, published_rules
from expectations.judge import Whose
from expectations.vocabulary import KST, Rule, State

_FARTHEST = timedelta(days=64)
"""Farther than any rule reads by days: two months."""

_EPOCH = date(1970, 1, 1).toordinal()

_Sharing = Callable[[Connection, str, Sequence[str]], set[str]]
_SHARING: Mapping[tuple[str, str], _Sharing] = {
    ("actions", "key_actions"): sharing_cases,
    ("current_halts", "halts"): sharing_halts,
}
"""What holds a part of the same entities as changed submissions of the report that the entities are filed in."""


Affected = dict[str, dict[str, set[str]]]
"""Numbers of submissions, by report and rule."""


@dataclass(frozen=True, slots=True)
class StoreChange:
    """A submission that came into force or left it."""

    exchange: str
    report: str
    submission: str
    start: datetime
    end: datetime

    @classmethod
    def of(cls, submission: Submission) -> StoreChange:
        """The change that a submission made, whatever its state is now."""
        period = submission.period
        return cls(submission.exchange, submission.report, submission.id, period.start, period.end)

    @property
    def first_day(self) -> date:
        """The first KST day that it touches."""
        return self.start.astimezone(KST).date()

    @property
    def last_day(self) -> date:
        """The last KST day that it touches."""
        return (self.end - timedelta(microseconds=1)).astimezone(KST).date()


def affected_submissions(connection: Connection, changes: Sequence[StoreChange]) -> Affected:
    """Numbers of the accepted submissions to judge again, by report and rule."""
    if not changes:
        return {}
    known = _Known(connection, changes)
    found: dict[str, dict[str, set[str]]] = {}
    for report in all_reports():
        for rule in published_rules(report):
            if ids := known.touched(rule, report):
                found.setdefault(report, {})[rule.id] = ids
    return found


class _Known:
    """What is accepted about the changes, asked once, and what each relation touches, worked out once."""

    def __init__(self, connection: Connection, changes: Sequence[StoreChange]) -> None:
        self._connection = connection
        self._changed: dict[tuple[str, str], list[StoreChange]] = defaultdict(list)
        for change in changes:
            self._changed[change.report, change.exchange].append(change)
        self._read = regions.touched(connection, [change.submission for change in changes])
        self._shared: dict[_Sharing, set[str]] = {}
        self._accepted: dict[tuple[str, str, int], list[str]] = defaultdict(list)
        c = t.submissions.c
        start, end = (type_coerce(column, BigInteger) for column in (c.period_start, c.period_end))
        query = select(c.id, c.report, c.exchange, start, end).where(
            c.state == State.ACCEPTED.value,
            c.period_start < max(change.end for change in changes) + _FARTHEST,
            c.period_start > min(change.start for change in changes) - _FARTHEST,
        )
        self._in_force: set[str] = set()
        for id_, report, exchange, start_at, end_at in connection.execute(query):
            self._in_force.add(id_)
            for day in range(kst_day_number(start_at), kst_day_number(end_at - 1) + 1):
                self._accepted[report, exchange, day].append(id_)

    def touched(self, rule: Rule, report: str) -> set[str]:
        """The accepted submissions of a report that a rule finds otherwise of, or may."""
        ids = {
            change.submission
            for (changed_report, _), changes in self._changed.items()
            if changed_report == report
            for change in changes
            if change.submission in self._in_force
        }
        for name, (first, last) in rule.reads.items():
            relation = RELATIONS[name]
            if relation.is_of_entities:
                ids |= self._read.get((name, report), set())
                ids |= self._sharing(name, report)
                continue
            for source in relation.reports or (report, *rule.needs):
                ids |= self._on_days_about(report, source, relation.whose, first, last)
        return ids

    def _on_days_about(self, report: str, source: str, whose: Whose, first: int, last: int) -> set[str]:
        """Submissions whose days, from `first` to `last` about them, hold a change of the report `source`."""
        ids: set[str] = set()
        for (changed_report, exchange), changes in self._changed.items():
            if changed_report != source:
                continue
            for change in changes:
                low, high = change.first_day - timedelta(days=last), change.last_day - timedelta(days=first)
                for one in tuple(all_exchanges()) if whose is Whose.EVERY else (exchange,):
                    ids |= self._on_days(report, one, low, high)
        return ids

    def _on_days(self, report: str, exchange: str, low: date, high: date) -> set[str]:
        """Accepted submissions of a report that touch a day from `low` to `high`."""
        days = range(low.toordinal() - _EPOCH, high.toordinal() - _EPOCH + 1)
        return {id_ for day in days for id_ in self._accepted.get((report, exchange, day), ())}

    def _sharing(self, relation: str, report: str) -> set[str]:
        """What holds a part of the same entities as the changes, asked only once for all rules."""
        sharing = _SHARING.get((relation, report))
        if sharing is None:
            return set()
        if sharing not in self._shared:
            self._shared[sharing] = {
                id_
                for (changed_report, exchange), changes in self._changed.items()
                if changed_report == report
                for id_ in sharing(self._connection, exchange, [change.submission for change in changes])
            }
        return self._shared[sharing]

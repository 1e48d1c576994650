"""Which accepted submissions must be judged again when what is accepted changes, and only those.

A change is a submission that came into force or left it. What a rule reads is declared in its record; from that follows
whom a change can reach: its own day, days that look back on it, its exchange's other reports of the day, the case, the
shortfall episode or the halt that it holds a part of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, Connection, Table, or_, select, type_coerce

from etl.context import NEAREST_CHECK, SOURCES, current_halts
from etl.episodes import episodes_touching
from etl.exchanges import all_exchanges
from etl.records import submissions as life
from etl.records import tables as t
from etl.records.submissions import Submission
from etl.records.types import kst_day_number
from expectations.catalogue import all_reports, published_rules
from expectations.vocabulary import KST, Rule, State

PEERS = "peers"
"""What a rule declares to read that compares exchanges: the same report and day of all of them."""

_DAY = timedelta(days=1)
_LONGEST_TERM = timedelta(days=4)
"""No term that a rule counts from an event is longer (72 hours); what ends earlier was settled before."""

_FARTHEST = timedelta(days=64)
"""Farther than any rule reads by days: two months."""

_MISMATCH = "reconciliation_mismatch"
_EPOCH = date(1970, 1, 1).toordinal()


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
            ids = set().union(*(_reached(known, rule, report, change) for change in changes))
            if ids:
                found.setdefault(report, {})[rule.id] = ids
    return found


def _reached(known: _Known, rule: Rule, report: str, change: StoreChange) -> set[str]:
    ids: set[str] = set()
    if change.report == report or change.report in rule.needs:
        exchange = None if PEERS in rule.reads else change.exchange
        ids |= known.on_days(report, exchange, change.first_day, change.last_day)
    for name, (first, last) in rule.reads.items():
        if SOURCES.get(name) == change.report:
            low, high = change.first_day - last * _DAY, change.last_day - first * _DAY
            ids |= known.on_days(report, change.exchange, low, high)
        elif (reach := _ENTITIES.get((name, change.report, report))) is not None:
            ids |= known.once(reach, change)
    return ids


# ------------------------------------------------------------------------------------------------- days


class _Known:
    """What is accepted about the changed days, asked once, and what each change reaches, worked out once."""

    def __init__(self, connection: Connection, changes: Sequence[StoreChange]) -> None:
        self.connection = connection
        self.changed = {change.submission for change in changes}
        self._reached: dict[tuple[Callable[[_Known, StoreChange], set[str]], StoreChange], set[str]] = {}
        self._accepted: dict[tuple[str, str, int], list[str]] = defaultdict(list)
        c = t.submissions.c
        start, end = (type_coerce(column, BigInteger) for column in (c.period_start, c.period_end))
        query = select(c.id, c.report, c.exchange, start, end).where(
            c.state == State.ACCEPTED.value,
            c.period_start < max(change.end for change in changes) + _FARTHEST,
            c.period_start > min(change.start for change in changes) - _FARTHEST,
        )
        for id_, report, exchange, start_at, end_at in connection.execute(query):
            for day in range(kst_day_number(start_at), kst_day_number(end_at - 1) + 1):
                self._accepted[report, exchange, day].append(id_)

    def on_days(self, report: str, exchange: str | None, low: date, high: date) -> set[str]:
        """Accepted submissions of a report that touch a day from `low` to `high`; of all exchanges for None."""
        days = range(low.toordinal() - _EPOCH, high.toordinal() - _EPOCH + 1)
        whose = tuple(all_exchanges()) if exchange is None else (exchange,)
        return {id_ for one in whose for day in days for id_ in self._accepted.get((report, one, day), ())}

    def once(self, reach: Callable[[_Known, StoreChange], set[str]], change: StoreChange) -> set[str]:
        """What a change reaches through entities, asked only once for all rules."""
        if (reach, change) not in self._reached:
            self._reached[reach, change] = reach(self, change)
        return self._reached[reach, change]


def _since_reach(known: _Known, change: StoreChange) -> set[str]:
    """Submissions whose terms the change may have let run out, or reopened, by moving how far its report reaches."""
    c = t.submissions.c
    mine = (c.report == change.report, c.exchange == change.exchange, c.state == State.ACCEPTED.value)
    others = select(c.id, c.period_end).where(*mine).order_by(c.period_end.desc())
    before = next((end for id_, end in known.connection.execute(others) if id_ not in known.changed), change.start)
    low = min(change.start, before) - _LONGEST_TERM
    query = select(c.id).where(*mine, c.period_end > low, c.period_start < change.end)
    return set(known.connection.execute(query).scalars())


# --------------------------------------------------------------------------------------------- entities


def _accepted_with(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> set[str]:
    """Accepted submissions of which a row of the table meets the conditions."""
    query = (
        select(table.c.submission)
        .distinct()
        .join(t.submissions, t.submissions.c.id == table.c.submission)
        .where(*conditions, t.submissions.c.state == State.ACCEPTED.value)
    )
    return set(connection.execute(query).scalars())


def _sharing_cases(known: _Known, change: StoreChange) -> set[str]:
    """Submissions that hold an action of a case that the change holds one of."""
    c = t.key_actions.c
    cases = select(c.case_id).where(c.submission == change.submission)
    sharing = _accepted_with(known.connection, t.key_actions, c.exchange == change.exchange, c.case_id.in_(cases))
    return sharing | _since_reach(known, change)


def _sharing_halts(known: _Known, change: StoreChange) -> set[str]:
    """Submissions that hold a halt of the change, or one that overlaps such a halt."""
    c = t.halts.c
    mine = list(known.connection.execute(select(t.halts).where(c.submission == change.submission)).mappings())
    ids = _holding(known.connection, change.exchange, {halt["halt_id"] for halt in mine})
    for halt in mine:
        high = halt["resumed_at"] or datetime.max.replace(tzinfo=KST) - 2 * _DAY
        high = min(high, change.end + 400 * _DAY)
        met = current_halts(known.connection, [change.exchange], halt["halted_at"], high)
        ids |= {other["submission"] for other in met}
    return ids | _since_reach(known, change)


def _holding(connection: Connection, exchange: str, halt_ids: Iterable[str]) -> set[str]:
    c = t.halts.c
    return _accepted_with(connection, t.halts, c.exchange == exchange, c.halt_id.in_(sorted(halt_ids)))


def _beginning_episodes(known: _Known, change: StoreChange) -> set[str]:
    """Submissions in which an episode begins that the change is a part of, was a part of, or lies beside."""
    episodes = episodes_touching(known.connection, change.exchange, change.start, change.end)
    return {e.submission for e in episodes} | _with_standing_episodes(known, change)


def _with_standing_episodes(known: _Known, change: StoreChange) -> set[str]:
    """Submissions of which a finding stands about an episode that meets the change."""
    c = t.findings.c
    return _accepted_with(
        known.connection,
        t.findings,
        c.exchange == change.exchange,
        c.report == "reconciliation",
        c.start.is_not(None),
        c.lifted_at.is_(None),
        c.start <= change.end,
        or_(c.end.is_(None), c.end >= change.start),
    )


def _episodes_under_halts(known: _Known, change: StoreChange) -> set[str]:
    """Submissions in which an episode begins that a mismatch halt of the change may answer."""
    c = t.halts.c
    query = select(t.halts).where(c.submission == change.submission, c.trigger == _MISMATCH)
    ids: set[str] = set()
    for halt in known.connection.execute(query).mappings():
        checks = t.short_checks.c
        short = (
            select(checks.checked_at)
            .join(t.submissions, t.submissions.c.id == checks.submission)
            .where(
                checks.exchange == change.exchange,
                checks.day >= (halt["halted_at"] - _DAY).astimezone(KST).date(),
                checks.checked_at >= halt["halted_at"] - timedelta(hours=1),
                t.submissions.c.state == State.ACCEPTED.value,
            )
        )
        if halt["resumed_at"] is not None:
            short = short.where(checks.checked_at <= halt["resumed_at"])
        moments = list(known.connection.execute(short).scalars())
        if moments:
            episodes = episodes_touching(known.connection, change.exchange, min(moments), max(moments))
            ids |= {episode.submission for episode in episodes}
    return ids


def _halts_about_episodes(known: _Known, change: StoreChange) -> set[str]:
    """Submissions with a mismatch halt that begins or ends near the change."""
    c = t.halts.c
    low, high = change.start - _DAY, change.end + _DAY
    return _accepted_with(
        known.connection,
        t.halts,
        c.exchange == change.exchange,
        c.trigger == _MISMATCH,
        or_(c.halted_at.between(low, high), c.resumed_at.between(low, high)),
    )


def _audits_beside(known: _Known, change: StoreChange) -> set[str]:
    """Audits whose moment lies in the change, or so near to it that a check of it may be the nearest."""
    c = t.audits.c
    near = c.as_of.between(change.start - NEAREST_CHECK, change.end + NEAREST_CHECK)
    return _accepted_with(known.connection, t.audits, c.exchange == change.exchange, near)


_ENTITIES: Mapping[tuple[str, str, str], Callable[[_Known, StoreChange], set[str]]] = {
    ("actions", "key_actions", "key_actions"): _sharing_cases,
    ("current_halts", "halts", "halts"): _sharing_halts,
    ("current_halts", "halts", "reconciliation"): _episodes_under_halts,
    ("shortfalls", "reconciliation", "reconciliation"): _beginning_episodes,
    ("shortfalls", "reconciliation", "halts"): _halts_about_episodes,
    ("audit_differences", "reconciliation", "audits"): _audits_beside,
}
"""Relations that hold whole entities: whom a change of one report reaches among the submissions of another."""


def accepted_submissions(connection: Connection, ids: Iterable[str]) -> list[Submission]:
    """The submissions with these numbers, by period and exchange."""
    found = [life.by_id(connection, number) for number in sorted(ids)]
    return sorted((s for s in found if s is not None), key=lambda s: (s.period, s.exchange, s.id))

"""What changed between two moments, by the clock of the records: refusals, corrections, breaches, shortfalls, halts.

A change happens when a file is decided: what an exchange reports of yesterday changes the screens today.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, exists, func, or_, select

from app.moments import kst_day
from app.overview.changed_figures import changed_halts, changed_shortfalls
from app.overview.changes import Change, ChangeKind
from app.rules.findings import is_open
from app.scope import Scope
from etl.records.engine import reading
from etl.records.tables import findings, states, submissions
from etl.store import Store
from expectations.vocabulary import Kind, Period, State

ON_ITS_WAY = timedelta(minutes=1)
"""How long a file that was received may take until it is in the records."""


def changes_between(store: Store, scope: Scope, since: datetime, until: datetime) -> tuple[Change, ...]:
    """What changed after `since` and until `until`, the gravest kind first, of a kind the newest first."""
    with reading(store.engine) as connection:
        found = [
            *_of_states(connection, scope, since, until),
            *_breaches(connection, scope, since, until),
            *changed_shortfalls(connection, scope, since, until),
            *changed_halts(connection, scope, since, until),
        ]
    order = list(ChangeKind)
    found.sort(key=lambda one: (one.exchange, one.subject))
    found.sort(key=lambda one: (one.at, one.last_day), reverse=True)
    found.sort(key=lambda one: order.index(one.kind))
    return tuple(found)


def decided_until(store: Store, _scope: Scope, now: datetime) -> datetime:
    """Up to which moment everything is decided and judged: what changes later has not been seen at `now`."""
    c = submissions.c
    undecided = select(func.min(c.received_at)).where(c.state == State.RECEIVED)
    moved = c.state.in_((State.ACCEPTED, State.SUPERSEDED, State.WITHDRAWN))
    unjudged = (
        select(func.min(states.c.at))
        .join(submissions, c.id == states.c.submission)
        .where(moved, states.c.state == c.state, or_(c.reviewed_state.is_(None), c.reviewed_state != c.state))
    )
    with reading(store.engine) as connection:
        open_since: list[datetime | None] = [
            connection.execute(statement).scalar_one() for statement in (undecided, unjudged)
        ]
    moments = [moment - timedelta(milliseconds=1) for moment in open_since if moment is not None]
    return min([now - ON_ITS_WAY, *moments])


def _of_states(connection: Connection, scope: Scope, since: datetime, until: datetime) -> Iterator[Change]:
    """What the states of submissions alone say: refusals, corrections, withdrawals."""
    c, later = submissions.c, submissions.alias("later").c
    filed_since = exists().where(
        *(later[name] == c[name] for name in ("exchange", "report", "period_start", "period_end")),
        later.sequence > c.sequence,
    )
    ending = (State.REJECTED, State.SUPERSEDED, State.WITHDRAWN)
    statement = (
        select(
            states.c.state,
            states.c.at,
            *(c[name] for name in ("id", "exchange", "report", "period", "period_start", "period_end")),
            c.superseded_by,
            filed_since.label("is_replaced"),
        )
        .join(submissions, c.id == states.c.submission)
        .where(states.c.state.in_(ending), states.c.at > since, states.c.at <= until, c.exchange.in_(scope.exchanges))
    )
    for row in connection.execute(statement):
        kind = _kind_of_state(row.state, is_replaced=row.is_replaced)
        period = Period(row.period_start, row.period_end, row.period)
        yield Change(
            kind=kind,
            at=row.at,
            exchange=row.exchange,
            report=row.report,
            first_day=period.first_day,
            last_day=period.last_day,
            submission=row.superseded_by if kind is ChangeKind.RESTATED else row.id,
        )


def _kind_of_state(state: str, *, is_replaced: bool) -> ChangeKind:
    if state == State.REJECTED:
        return ChangeKind.REPLACED if is_replaced else ChangeKind.REFUSED
    return ChangeKind.RESTATED if state == State.SUPERSEDED else ChangeKind.WITHDRAWN


def _breaches(connection: Connection, scope: Scope, since: datetime, until: datetime) -> Iterator[Change]:
    """Findings of kind compliance that were made in that time and are open, one change a rule, exchange and report."""
    c = findings.c
    statement = (
        select(
            c.rule,
            c.exchange,
            c.report,
            func.count().label("finding_count"),
            func.max(c.found_at).label("at"),
            func.min(submissions.c.period_start).label("start"),
            func.max(submissions.c.period_end).label("end"),
            func.max(c.submission).label("submission"),
        )
        .join(submissions, submissions.c.id == c.submission)
        .where(
            c.kind == Kind.COMPLIANCE,
            c.found_at > since,
            c.found_at <= until,
            c.exchange.in_(scope.exchanges),
            is_open(),
        )
        .group_by(c.rule, c.exchange, c.report)
    )
    for row in connection.execute(statement):
        yield Change(
            kind=ChangeKind.BREACH,
            at=row.at,
            exchange=row.exchange,
            report=row.report,
            first_day=kst_day(row.start),
            last_day=kst_day(row.end - timedelta(milliseconds=1)),
            subject=row.rule,
            count=row.finding_count,
            submission=row.submission if row.finding_count == 1 else None,
        )

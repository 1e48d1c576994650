"""What falls due soon, and what of it has arrived already."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.columns import ExchangeId, Instant, ReportId, StateCode, Text
from app.moments import kst_day
from app.obligations.outcomes import filed_for
from app.queries.choice import Choice
from app.scope import Scope
from etl.calendar import Obligation, ObligationState, obligations_from
from etl.store import Store

_LONGEST_PERIOD = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class DueSoon:
    """An obligation that falls due soon; `received_at` is of what met it, or of what was filed last.

    `state`: current where it is met, else partial, rejected or received (not judged yet), or not due: waited for.
    """

    exchange: ExchangeId
    report: ReportId
    period: Text
    due_at: Instant
    state: StateCode
    received_at: Instant | None


def due_soon(
    store: Store, scope: Scope, exchanges: tuple[str, ...], moment: datetime, until: datetime
) -> tuple[DueSoon, ...]:
    """The obligations whose due time has not passed and comes by `until`, by due time, exchange and report."""
    visible = scope.visible(exchanges)
    days = Choice(exchanges, kst_day(moment) - _LONGEST_PERIOD, kst_day(until))
    filed = filed_for(store, scope, Choice(exchanges, days.first_day.replace(day=1), days.last_day))
    every = obligations_from(filed, moment, days.first_day, days.last_day, visible)
    rows = [_due_soon(one) for one in every if moment <= one.outcome.due_at <= until]
    return tuple(sorted(rows, key=lambda row: row.due_at))


def _due_soon(one: Obligation) -> DueSoon:
    filed = one.outcome.filed
    state = ObligationState.NOT_DUE if filed is ObligationState.MISSING else filed
    return DueSoon(one.exchange, one.report, one.period.text, one.outcome.due_at, str(state), one.outcome.received_at)

"""The calendar of one exchange: each obligation of the last days and months, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.moments import kst_day
from app.obligations.drafted import drafted
from app.obligations.outcomes import Obliged, filed_for, obligations_of, records_begin
from app.obligations.status import Stand
from app.queries.choice import Choice
from app.scope import Scope
from etl.store import Store
from expectations.catalogue import all_reports
from expectations.vocabulary import Cadence, Period

SHOWN_DAYS = 14
_SHOWN_MONTHS = timedelta(days=100)


@dataclass(frozen=True, slots=True)
class Duty:
    """One obligation: `state` is its standing in the words of the screens; `draft` while it is only a draft."""

    report: str
    period: str
    first_day: date
    state: str
    due_at: datetime
    received_at: datetime | None
    submission: str | None

    @property
    def late_by(self) -> timedelta | None:
        """How late it was met."""
        return self.received_at - self.due_at if self.state == Stand.LATE and self.received_at else None


def duties(store: Store, scope: Scope, exchange: str, moment: datetime) -> tuple[Duty, ...]:
    """The obligations of the last fourteen days up to today, and of the last months; none before there are records."""
    begin = records_begin(store)
    exchanges = scope.visible((exchange,))
    if begin is None or exchange not in exchanges:
        return ()
    today = kst_day(moment)
    drafts = drafted(store, scope, moment)
    found = []
    for report in all_reports().values():
        back = _SHOWN_MONTHS if report.cadence is Cadence.MONTH else timedelta(days=SHOWN_DAYS - 1)
        choice = Choice((exchange,), today - back, today)
        filed = filed_for(store, scope, choice, report.name)
        for one in obligations_of(filed, (exchange,), choice, begin, moment, report.name):
            is_open = one.stand in (Stand.MISSING, Stand.NOT_DUE)
            is_draft = is_open and drafts.is_drafted(exchange, report.name, one.period)
            found.append(_duty(one, is_draft))
    return tuple(found)


def _duty(one: Obliged, is_draft: bool) -> Duty:
    state = Stand.DRAFT if is_draft else Stand.NIL if one.is_nil and one.stand is Stand.CURRENT else one.stand
    period: Period = one.period
    return Duty(one.report, period.text, period.first_day, str(state), one.due_at, one.received_at, one.submission)

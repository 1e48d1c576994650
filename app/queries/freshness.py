"""How new the records are: what caches are keyed by, and the day that was filed last."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import func, select

from app.moments import kst_day
from app.scope import Scope
from etl.records.answer_tables import breach_states, decisions, explanations
from etl.records.draft_tables import drafts
from etl.records.engine import reading
from etl.records.submissions import unreviewed_counted
from etl.records.tables import findings, states, submissions
from etl.records.thresholds import approvals_counted
from etl.store import Store
from expectations.catalogue import all_reports
from expectations.vocabulary import Cadence, Period, State


def records_stamp(store: Store) -> str:
    """A text that changes whenever a submission is recorded, decided, changed or judged again, and with every draft.

    So it does whenever a finding is explained, decided of, remedied or closed, and when another threshold was approved:
    from its day on, screens measure by it. The end of a review counts also where it found nothing, for until then
    screens say that what it is about is not evaluated. Whatever becomes of a submission adds one to its states. It is
    one statement because every run of every page asks it.
    """
    parts = (
        select(func.count()).select_from(states),
        select(func.max(states.c.recorded_at)),
        select(func.max(findings.c.id)),
        select(func.count(findings.c.lifted_at)),
        unreviewed_counted(),
        select(func.count()).select_from(drafts),
        select(func.max(drafts.c.checked_at)),
        *(select(func.max(table.c.number)) for table in (explanations, decisions, breach_states)),
        approvals_counted(),
    )
    with reading(store.engine) as connection:
        found = connection.execute(select(*(part.scalar_subquery() for part in parts))).one()
    return "|".join(map(str, found))


def newest_filed_day(store: Store, scope: Scope, today: date) -> date | None:
    """The last KST day, today at most, that an accepted report of a day reaches; none where nothing was accepted.

    A file for a day that has not come counts for nothing, as before SUB-010 some were accepted.
    """
    daily = [report.name for report in all_reports().values() if report.cadence is not Cadence.MONTH]
    statement = select(func.max(submissions.c.period_end)).where(
        submissions.c.state == State.ACCEPTED,
        submissions.c.report.in_(daily),
        submissions.c.exchange.in_(scope.exchanges),
        submissions.c.period_start < Period.of_day(today).end,
    )
    with reading(store.engine) as connection:
        end = connection.execute(statement).scalar_one()
    return None if end is None else min(today, kst_day(end - timedelta(milliseconds=1)))

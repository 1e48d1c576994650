"""How new the records are: what caches are keyed by, and the day that periods end on."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import func, select

from app.identity import Scope
from app.moments import kst_day
from etl.records.answer_tables import breach_states, decisions, explanations
from etl.records.draft_tables import drafts
from etl.records.engine import reading
from etl.records.tables import findings, states, submissions
from etl.records.thresholds import approval_count
from etl.store import Store
from expectations.catalogue import all_reports
from expectations.vocabulary import Cadence, State


def records_stamp(store: Store) -> str:
    """A text that changes whenever a submission is recorded, decided, changed or judged again, and with every draft.

    So it does whenever a finding is explained, decided of, remedied or closed, and when another threshold was approved:
    from its day on, screens measure by it.
    """
    with reading(store.engine) as connection:
        filed = connection.execute(
            select(func.count(), func.max(submissions.c.recorded_at), func.max(submissions.c.decided_at)).select_from(
                submissions
            )
        ).one()
        changed = connection.execute(select(func.count(), func.max(states.c.recorded_at))).one()
        drafted = connection.execute(select(func.count(), func.max(drafts.c.checked_at))).one()
        judged = connection.execute(select(func.max(findings.c.id), func.count(findings.c.lifted_at))).one()
        answered = [
            connection.execute(select(func.max(table.c.number))).scalar_one()
            for table in (explanations, decisions, breach_states)
        ]
        approved = approval_count(connection)
    return "|".join(str(part) for part in (*filed, *changed, *judged, *drafted, *answered, approved))


def latest_day(store: Store, scope: Scope) -> date | None:
    """The last KST day that an accepted report of a day reaches; none where nothing was accepted."""
    daily = [report.name for report in all_reports().values() if report.cadence is not Cadence.MONTH]
    statement = select(func.max(submissions.c.period_end)).where(
        submissions.c.state == State.ACCEPTED,
        submissions.c.report.in_(daily),
        submissions.c.exchange.in_(scope.exchanges),
    )
    with reading(store.engine) as connection:
        end = connection.execute(statement).scalar_one()
    return None if end is None else kst_day(end - timedelta(milliseconds=1))

"""Which months are audited in a run, and which of them an event of the story means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from app.testbed.simulator.story import Event, Run
from expectations.catalogue import report
from expectations.vocabulary import KST, Period

AUDIT_DAYS = (6, 9)
"""First and last day on which an audit arrives, in days after the end of its month."""


def audited_months(run: Run) -> Iterator[Period]:
    """The months that end in the run, and those whose audit is due in it."""
    month = Period.parse(f"{run.first_day - timedelta(days=40):%Y-%m}")
    while month.first_day <= run.last_day:
        after = month.end.astimezone(KST).date()
        ends = run.first_day <= after - timedelta(days=1) <= run.last_day
        if ends or run.first_day <= after + timedelta(days=AUDIT_DAYS[1]) <= run.last_day:
            yield month
        month = Period.parse(f"{after:%Y-%m}")


def month_of(run: Run, event: Event) -> Period | None:
    """The month that an event of the audits concerns, counted back from the last one that is due by the last day.

    One that waits for a day and finds no month due since then concerns the first month that begins since then.
    """
    audits = report(event.report)
    months = [month for month in audited_months(run) if event.since is None or month.first_day >= event.since]
    due = [month for month in months if audits.due_at(month).astimezone(KST).date() <= run.last_day]
    if event.since is not None and not due:
        return next(iter(months), None)
    return due[-1 - event.days_before] if event.days_before < len(due) else None

"""What was filed for which period: the files of an exchange and report with their states, and when each left force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select

from etl.records import tables as t
from expectations.vocabulary import Period, State

EVER_ACCEPTED = (State.ACCEPTED, State.SUPERSEDED, State.WITHDRAWN)
"""The states of files that were accepted, whatever became of them later."""
_ENDED = (State.SUPERSEDED.value, State.WITHDRAWN.value)


@dataclass(frozen=True, slots=True)
class FiledFile:
    """One file as it was filed: for what, when received, and its state; `left_at`: when it left force, if it did."""

    id: str
    exchange: str
    report: str
    period: Period
    received_at: datetime
    state: State
    row_count: int | None = None
    left_at: datetime | None = None

    @property
    def was_accepted(self) -> bool:
        """True where it was in force, whatever became of it later; one that we failed on never was, also withdrawn."""
        return self.state in EVER_ACCEPTED and not (self.state is State.WITHDRAWN and self.row_count is None)


FiledFiles = Mapping[tuple[str, str, date], Sequence[FiledFile]]
"""Files in order of filing, by exchange, report and the KST day on which their period begins."""


def files_filed_for(
    connection: Connection,
    first_day: date,
    last_day: date,
    exchanges: Sequence[str],
    reports: Sequence[str] | None = None,
) -> FiledFiles:
    """Every file, in whatever state, whose period begins from `first_day` to `last_day`, by one statement."""
    c = t.submissions.c
    conditions = [
        c.exchange.in_(exchanges),
        c.period_start >= Period.of_day(first_day).start,
        c.period_start < Period.of_day(last_day).end,
    ]
    if reports is not None:
        conditions.append(c.report.in_(reports))
    return files_where(connection, *conditions)


def files_where(connection: Connection, *conditions: ColumnElement[bool]) -> FiledFiles:
    """The files whose row of the table `submissions` meets the conditions, with when they left force."""
    c, s = t.submissions.c, t.states.c
    left = and_(s.submission == c.id, s.state == c.state, c.state.in_(_ENDED))
    query = (
        select(
            *(c.id, c.exchange, c.report, c.period, c.period_start, c.period_end, c.received_at, c.state, c.row_count),
            s.at,
        )
        .select_from(t.submissions.outerjoin(t.states, left))
        .where(*conditions)
        .order_by(c.sequence)
    )
    periods: dict[str, tuple[Period, date]] = {}
    filed: dict[tuple[str, str, date], list[FiledFile]] = {}
    for row in connection.execute(query):
        period, day = periods.get(row.period) or periods.setdefault(row.period, _with_day(row))
        file = FiledFile(
            row.id, row.exchange, row.report, period, row.received_at, State(row.state), row.row_count, row.at
        )
        filed.setdefault((row.exchange, row.report, day), []).append(file)
    return filed


def _with_day(row: Any) -> tuple[Period, date]:
    period = Period(row.period_start, row.period_end, row.period)
    return period, period.first_day

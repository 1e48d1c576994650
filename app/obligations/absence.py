"""Why there is nothing to show of a report: what was due for the chosen days, and what became of it, by exchange.

Seven things look alike on an empty screen and are not: not due yet, due and not received, checked and not submitted,
received and not decided, rejected, a nil return, and rows that the filters leave out. An exchange that never filed the
report is an eighth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.columns import Count, ExchangeId, Instant, StateCode, Text
from app.obligations.drafted import KnownDrafts, known_drafts
from app.obligations.outcomes import filed_for, obligations_of, records_begin
from app.queries.choice import Choice, rows_of
from app.scope import Scope
from etl.calendar import Obligation, ObligationState
from etl.records.tables import submissions
from etl.store import Store

NOT_REPORTED = "not_reported"
ABSENT: tuple[str, ...] = (
    NOT_REPORTED,
    ObligationState.MISSING,
    ObligationState.DRAFT,
    ObligationState.REJECTED,
    ObligationState.PARTIAL,
    ObligationState.FAILED,
    ObligationState.RECEIVED,
    ObligationState.NOT_DUE,
    ObligationState.NIL,
)
"""The reasons in the order in which they weigh."""


@dataclass(frozen=True, slots=True)
class Absence:
    """One reason for which one exchange's rows are wanting: for how many periods, which, and when first due."""

    state: StateCode
    exchange: ExchangeId
    period_count: Count
    first_period: Text
    last_period: Text
    due_at: Instant


def absences(store: Store, scope: Scope, choice: Choice, report: str, moment: datetime) -> tuple[Absence, ...]:
    """The reasons for which rows of a report are wanting in the chosen days, the gravest first, then by exchange.

    None where everything due was accepted with rows, or nothing was due in the chosen days.
    """
    begin = records_begin(store)
    if begin is None:
        return ()
    exchanges = scope.visible(choice.exchanges)
    ever_filed = select(submissions.c.exchange).where(submissions.c.report == report).distinct()
    ever = {row["exchange"] for row in rows_of(store, ever_filed)}
    drafts = known_drafts(store, scope, moment)
    found: dict[tuple[str, str], list[Obligation]] = defaultdict(list)
    for one in obligations_of(filed_for(store, scope, choice, report), exchanges, choice, begin, moment, report):
        reason = _reason(one, drafts, has_filed=one.exchange in ever)
        if reason in ABSENT:
            found[reason, one.exchange].append(one)
    rows = [_absence(reason, exchange, ones) for (reason, exchange), ones in found.items()]
    return tuple(sorted(rows, key=lambda row: (ABSENT.index(row.state), exchanges.index(row.exchange))))


def _reason(one: Obligation, drafts: KnownDrafts, *, has_filed: bool) -> str:
    """The reason for which there are no rows of a period, or the state of one that has rows."""
    state = ObligationState.NIL if one.outcome.is_nil else one.outcome.state
    if state not in (ObligationState.MISSING, ObligationState.NOT_DUE):
        return state
    if drafts.includes(one.exchange, one.report, one.period):
        return ObligationState.DRAFT
    return NOT_REPORTED if state is ObligationState.MISSING and not has_filed else state


def _absence(reason: str, exchange: str, ones: Sequence[Obligation]) -> Absence:
    """Obligations in order of their periods."""
    due_at = min(one.outcome.due_at for one in ones)
    return Absence(str(reason), exchange, len(ones), ones[0].period.text, ones[-1].period.text, due_at)

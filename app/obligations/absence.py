"""Why there is nothing to show of a report: what was due for the chosen days, and what became of it, by exchange.

Seven things look alike on an empty screen and are not: not due yet, due and not received, checked and not submitted,
received and not decided, refused, a nil return, and rows that the filters leave out. An exchange that never filed the
report is an eighth.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import pandas as pd
from sqlalchemy import select

from app.frames import frame_of
from app.obligations.drafted import drafted
from app.obligations.outcomes import Obliged, filed_for, obligations_of, records_begin
from app.obligations.status import Stand
from app.queries.choice import Choice, rows_of
from app.scope import Scope
from etl.records.tables import submissions
from etl.store import Store

NOT_REPORTED = "not_reported"
ABSENT = (
    NOT_REPORTED,
    Stand.MISSING,
    Stand.DRAFT,
    Stand.REJECTED,
    Stand.PARTIAL,
    Stand.RECEIVED,
    Stand.NOT_DUE,
    Stand.NIL,
)
"""The reasons in the order in which they weigh."""
COLUMNS = ("state", "exchange", "period_count", "first_period", "last_period", "due_at")


def absences(store: Store, scope: Scope, choice: Choice, report: str, moment: datetime) -> pd.DataFrame:
    """Each reason for which rows of a report are wanting: by exchange how many periods, which, and when first due.

    Gravest first; no row where everything due was accepted with rows, or nothing was due in the chosen days.
    """
    begin = records_begin(store)
    if begin is None:
        return frame_of((), COLUMNS)
    exchanges = scope.visible(choice.exchanges)
    ever_filed = select(submissions.c.exchange).where(submissions.c.report == report).distinct()
    ever = {row["exchange"] for row in rows_of(store, ever_filed)}
    found: dict[tuple[str, str], list[Obliged]] = defaultdict(list)
    filed = filed_for(store, scope, choice, report)
    drafts = drafted(store, scope, moment)
    for one in obligations_of(filed, exchanges, choice, begin, moment, report):
        state = Stand.NIL if one.is_nil else one.stand
        if state in (Stand.MISSING, Stand.NOT_DUE) and drafts.is_drafted(one.exchange, report, one.period):
            found[Stand.DRAFT, one.exchange].append(one)
        elif state is Stand.MISSING and one.exchange not in ever:
            found[NOT_REPORTED, one.exchange].append(one)
        elif state in ABSENT:
            found[state, one.exchange].append(one)
    rows = [
        {
            "state": str(state),
            "exchange": exchange,
            "period_count": len(ones),
            "first_period": ones[0].period.text,
            "last_period": ones[-1].period.text,
            "due_at": min(one.due_at for one in ones),
        }
        for (state, exchange), ones in found.items()
    ]
    order = {name: place for place, name in enumerate(ABSENT)}
    return frame_of(sorted(rows, key=lambda row: (order[row["state"]], exchanges.index(row["exchange"]))), COLUMNS)

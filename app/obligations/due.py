"""What falls due soon, and what of it has arrived already."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from app.frames import frame_of
from app.moments import kst_day
from app.obligations.outcomes import filed_for
from app.obligations.status import Stand
from app.queries.choice import Choice
from app.scope import Scope
from etl.calendar import obligations
from etl.records.engine import reading
from etl.store import Store
from expectations.vocabulary import State

DUE_COLUMNS = ("exchange", "report", "period", "due_at", "stand", "received_at")
_LONGEST_PERIOD = timedelta(days=31)


def due_soon(store: Store, scope: Scope, exchanges: tuple[str, ...], moment: datetime, until: datetime) -> pd.DataFrame:
    """The obligations that fall due after `moment` and until `until`, by due time, report and exchange.

    `stand`: current where it is met, else partial, rejected, received (not judged yet), or not due: still waited for.
    `received_at` is of what met it, or of what was filed last.
    """
    first = kst_day(moment) - _LONGEST_PERIOD
    visible = scope.visible(exchanges)
    with reading(store.engine) as connection:
        every = obligations(connection, until, first_day=first)
    due = [one for one in every if one.due_at > moment and one.exchange in visible]
    if not due:
        return frame_of((), DUE_COLUMNS)
    days = [one.period.first_day for one in due]
    filed = filed_for(store, scope, Choice(exchanges, min(days), max(days)))
    rows = []
    for one in due:
        files = filed.get((one.exchange, one.report, one.period.first_day), ())
        in_force = [row for row in files if row["state"] == State.ACCEPTED]
        stand, last = Stand.NOT_DUE, files[-1] if files else None
        if one.met_at is not None:
            stand = Stand.CURRENT
        elif in_force:
            stand = Stand.PARTIAL
        elif last is not None and last["state"] in (State.REJECTED, State.RECEIVED):
            stand = Stand(last["state"])
        rows.append(
            {
                "exchange": one.exchange,
                "report": one.report,
                "period": one.period.text,
                "due_at": one.due_at,
                "stand": stand,
                "received_at": one.met_at or (last["received_at"] if last else None),
            }
        )
    return frame_of(sorted(rows, key=lambda row: row["due_at"]), DUE_COLUMNS)

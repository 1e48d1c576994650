"""How many obligations of the chosen days were met late, or not at all (specification, 2.8)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from app.obligations.outcomes import filed_for, obligations_of, records_begin
from app.queries.choice import Choice
from app.scope import Scope
from etl.store import Store
from expectations.catalogue import all_reports


@dataclass(frozen=True, slots=True)
class Punctuality:
    """How many of one exchange's periods of one report were met late, and how many are due and not met whole."""

    late: int
    missing: int


def late_and_missing(
    store: Store, scope: Scope, choice: Choice, moment: datetime
) -> dict[tuple[str, str], Punctuality]:
    """The counts of the chosen days by exchange and report, for every chosen exchange and every report.

    What was due before there were records is neither late nor missing.
    """
    begin, exchanges = records_begin(store), scope.visible(choice.exchanges)
    late, missing = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    if begin is not None:
        for one in obligations_of(filed_for(store, scope, choice), exchanges, choice, begin, moment):
            late[one.exchange, one.report] += one.outcome.is_late
            missing[one.exchange, one.report] += one.outcome.is_missing
    pairs = [(exchange, report) for report in all_reports() for exchange in exchanges]
    return {pair: Punctuality(late[pair], missing[pair]) for pair in pairs}

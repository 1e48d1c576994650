"""The counts of data quality, by exchange and month of the period: what was due, filed, refused, corrected, found.

Only counts: `app.quality.measures` makes measures and grades of them. An obligation is of the month of its period.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import func

from app.frames import frame_of
from app.obligations.outcomes import Filed, Obliged, filed_for, obligations_of, records_begin
from app.obligations.status import Stand
from app.queries.choice import Choice, chosen_figures, rows_of
from app.queries.months import months_as_days, shown_months, year_and_month
from app.rules.findings import About, finding_counts
from app.scope import Scope
from etl.calendar import MET_BY
from etl.records.tables import reconciliation_days, volume_days
from etl.store import Store
from expectations.catalogue import all_reports
from expectations.vocabulary import Kind, State

HOURS_PER_DAY = 24
_OBLIGED = (
    *("due_count", "met_count", "on_time_count", "late_count", "missing_count", "refused_count"),
    *("partial_count", "received_count", "nil_count", "not_due_count"),
)
_FILED = (
    *("attempted_count", "first_time_count", "rejected_count", "superseded_count", "refiled_count"),
    *("accepted_count", "in_force_count", "received_row_count", "correction_count"),
)
_FIGURES = ("covered_slot_count", "slot_count", "volume_hour_count", "expected_hour_count")
_FOUND = ("refusal_count", "consistency_count", "plausibility_count")
QUALITY_COLUMNS = ("exchange", "month", *_OBLIGED, *_FILED, *_FIGURES, *_FOUND)
REPORT_COLUMNS = ("report", *_OBLIGED)
FILE_COLUMNS = ("state", "exchange", "report", "period", "received_at", "row_count", "submission")
_COUNTED_AS = {
    Stand.MISSING: "missing_count",
    Stand.REJECTED: "refused_count",
    Stand.PARTIAL: "partial_count",
    Stand.RECEIVED: "received_count",
    Stand.NOT_DUE: "not_due_count",
    Stand.LATE: "late_count",
    Stand.CURRENT: "on_time_count",
}

Key = tuple[str, str]
Counts = dict[Key, dict[str, int]]


def quality_months(store: Store, scope: Scope, choice: Choice, moment: datetime) -> pd.DataFrame:
    """The counts of every chosen exchange and shown month.

    `due_count` obligations had fallen due or were met before; of these `met_count` are met by files in force,
    `on_time_count` in time. `attempted_count` periods were filed and decided, `first_time_count` of them accepted at
    once. `correction_count`: files that replaced an accepted one, and periods that were accepted after a refusal.
    """
    months = shown_months(choice)
    days = months_as_days(choice.exchanges, months)
    exchanges = scope.visible(choice.exchanges)
    counts: Counts = {(e, m): dict.fromkeys(QUALITY_COLUMNS[2:], 0) for e in exchanges for m in months}
    filed = filed_for(store, scope, days)
    begin = records_begin(store)
    if begin is not None:
        for one in obligations_of(filed, exchanges, days, begin, moment):
            _count_obligation(counts[one.exchange, one.month], one)
    _count_files(counts, filed)
    _count_figures(store, scope, days, counts)
    _count_findings(store, scope, days, counts)
    return frame_of(({"exchange": e, "month": m, **own} for (e, m), own in counts.items()), QUALITY_COLUMNS)


def _count_obligation(own: dict[str, int], one: Obliged) -> None:
    own[_COUNTED_AS[one.stand]] += 1
    own["nil_count"] += one.is_nil
    own["due_count"] += one.stand is not Stand.NOT_DUE
    own["met_count"] += one.stand in (Stand.CURRENT, Stand.LATE)


def _count_files(counts: Counts, filed: Filed) -> None:
    for own, files in _by_period(counts, filed):
        decided = [row["state"] for row in files if row["state"] != State.RECEIVED]
        accepted = [state for state in decided if state in MET_BY]
        own["rejected_count"] += len(decided) - len(accepted)
        own["accepted_count"] += len(accepted)
        own["in_force_count"] += decided.count(State.ACCEPTED)
        own["superseded_count"] += decided.count(State.SUPERSEDED)
        own["attempted_count"] += bool(decided)
        own["first_time_count"] += bool(decided) and decided[0] in MET_BY
        own["refiled_count"] += bool(accepted) and decided[0] not in MET_BY
        own["received_row_count"] += sum(row["row_count"] or 0 for row in files)
    for own in counts.values():
        own["correction_count"] = own["superseded_count"] + own["refiled_count"]


def _by_period(counts: Counts, filed: Filed) -> Iterable[tuple[dict[str, int], list[dict[str, Any]]]]:
    """The files of each period, slices apart, as received, with the counts of its exchange and month."""
    periods: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for files in filed.values():
        for row in files:
            periods[row["exchange"], row["report"], row["period"]].append(row)
    for (exchange, _, period), files in periods.items():
        yield counts[exchange, period[:7]], files


def _count_figures(store: Store, scope: Scope, days: Choice, counts: Counts) -> None:
    """Slots and hours, added up by the database."""
    table = reconciliation_days.c
    for key, row in _sums(store, scope, days, reconciliation_days, table.covered_slot_count, table.slot_count).items():
        counts[key] |= row
    table = volume_days.c
    for key, row in _sums(store, scope, days, volume_days, table.row_count, table.market_count).items():
        counts[key]["volume_hour_count"] = row["row_count"]
        counts[key]["expected_hour_count"] = HOURS_PER_DAY * row["market_count"]


def _sums(store: Store, scope: Scope, days: Choice, table: Any, *columns: Any) -> dict[Key, dict[str, int]]:
    by = (table.c.exchange, *year_and_month(table.c.day))
    labelled = [by[0], by[1].label("year"), by[2].label("month")]
    sums = [func.sum(column).label(column.name) for column in columns]
    rows = rows_of(store, chosen_figures(table, scope, days, *labelled, *sums).group_by(*by))
    return {
        (row["exchange"], f"{int(row['year']):04}-{int(row['month']):02}"): {
            column.name: int(row[column.name]) for column in columns
        }
        for row in rows
    }


def _count_findings(store: Store, scope: Scope, days: Choice, counts: Counts) -> None:
    for row in finding_counts(store, scope, days, About()):
        own = counts.get((row.exchange, row.month))
        if own is None:
            continue
        if Kind(row.kind).rejects:
            own["refusal_count"] += row.found_count
        elif row.kind in (Kind.CONSISTENCY, Kind.PLAUSIBILITY):
            own[f"{row.kind}_count"] += row.open_finding_count


# ------------------------------------------------------------------------------------- one exchange's month


def month_by_report(store: Store, scope: Scope, exchange: str, month: str, moment: datetime) -> pd.DataFrame:
    """What became of one exchange's obligations of a month, report by report."""
    begin = records_begin(store)
    days = months_as_days((exchange,), (month,))
    exchanges = scope.visible((exchange,))
    counts: Mapping[str, dict[str, int]] = {name: dict.fromkeys(_OBLIGED, 0) for name in all_reports()}
    if begin is not None:
        for one in obligations_of(filed_for(store, scope, days), exchanges, days, begin, moment):
            _count_obligation(counts[one.report], one)
    return frame_of(({"report": name, **own} for name, own in counts.items() if exchanges), REPORT_COLUMNS)


def corrected_files(store: Store, scope: Scope, exchange: str, month: str) -> pd.DataFrame:
    """The files of one exchange and month that were refused, replaced or withdrawn, and those that came after them."""
    filed = filed_for(store, scope, months_as_days((exchange,), (month,)))
    periods: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for files in filed.values():
        for row in files:
            periods[row["report"], row["period"]].append({**row, "submission": row["id"]})
    rows = [row for files in periods.values() if _is_corrected(files) for row in files]
    return frame_of(sorted(rows, key=lambda row: (row["period"], row["report"], row["received_at"])), FILE_COLUMNS)


def _is_corrected(files: Sequence[Mapping[str, Any]]) -> bool:
    return len(files) > 1 or files[0]["state"] in (State.REJECTED, State.SUPERSEDED, State.WITHDRAWN)

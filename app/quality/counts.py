"""The counts of data quality, by exchange and month of the period: what was due, filed, refused, corrected, found.

Only counts: `app.quality.measures` makes values and ratings of them. An obligation is of the month of its period.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func

from app.columns import Count, ExchangeId, Text
from app.obligations.outcomes import filed_for, obligations_of, records_begin
from app.queries.choice import Choice, chosen_figures, rows_of
from app.queries.months import months_as_days, shown_months, year_and_month
from app.reconciliation.days import reconciled_days
from app.rules.findings import About, finding_counts
from app.scope import Scope
from etl.calendar import Obligation, ObligationState
from etl.records.filed_files import EVER_ACCEPTED, FiledFile, FiledFiles
from etl.records.tables import volume_days
from etl.store import Store
from expectations.vocabulary import Kind, State

HOURS_PER_DAY = 24
_COUNTED_AS = {
    ObligationState.MISSING: "missing_count",
    ObligationState.REJECTED: "refused_count",
    ObligationState.PARTIAL: "partial_count",
    ObligationState.FAILED: "received_count",
    ObligationState.RECEIVED: "received_count",
    ObligationState.NOT_DUE: "not_due_count",
    ObligationState.LATE: "late_count",
    ObligationState.CURRENT: "on_time_count",
}
"""The count that an obligation adds to, by what came of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObligationCounts:
    """How many obligations there were, and what came of them.

    `due_count` had fallen due or were met before; of these `met_count` are met by files in force, `on_time_count` in
    time and `late_count` late. `nil_count` of the met ones had nothing to report.
    """

    due_count: Count = 0
    met_count: Count = 0
    on_time_count: Count = 0
    late_count: Count = 0
    missing_count: Count = 0
    partial_count: Count = 0
    refused_count: Count = 0
    received_count: Count = 0
    nil_count: Count = 0
    not_due_count: Count = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityMonth(ObligationCounts):
    """All counts of one exchange's month.

    `attempted_count` periods were filed and decided, `first_time_count` of them accepted at once. `correction_count`:
    files that replaced an accepted one, and periods that were accepted after a refusal.
    """

    exchange: ExchangeId
    month: Text
    attempted_count: Count = 0
    first_time_count: Count = 0
    rejected_count: Count = 0
    superseded_count: Count = 0
    refiled_count: Count = 0
    accepted_count: Count = 0
    in_force_count: Count = 0
    received_row_count: Count = 0
    correction_count: Count = 0
    covered_slot_count: Count = 0
    slot_count: Count = 0
    volume_hour_count: Count = 0
    expected_hour_count: Count = 0
    refusal_count: Count = 0
    consistency_count: Count = 0
    plausibility_count: Count = 0

    def count(self, name: str) -> int:
        """The count that a measure or a cap names; AttributeError where there is none."""
        value: int = getattr(self, name)
        return value


_Counts = Mapping[tuple[str, str], Counter[str]]
"""Counts by name, by exchange and month."""


def quality_months(store: Store, scope: Scope, choice: Choice, moment: datetime) -> tuple[QualityMonth, ...]:
    """The counts of every chosen exchange and shown month, by exchange, the oldest month first."""
    months = shown_months(choice)
    days = months_as_days(choice.exchanges, months)
    exchanges = scope.visible(choice.exchanges)
    counts: _Counts = {(exchange, month): Counter() for exchange in exchanges for month in months}
    filed = filed_for(store, scope, days)
    begin = records_begin(store)
    if begin is not None:
        for one in obligations_of(filed, exchanges, days, begin, moment):
            count_obligation(counts[one.exchange, one.month], one)
    _count_files(counts, filed)
    _count_figures(store, scope, days, counts, moment)
    _count_findings(store, scope, days, counts)
    return tuple(QualityMonth(exchange=exchange, month=month, **own) for (exchange, month), own in counts.items())


def count_obligation(own: Counter[str], one: Obligation) -> None:
    """Add an obligation to the counts of `ObligationCounts`."""
    own[_COUNTED_AS[one.outcome.state]] += 1
    own["nil_count"] += one.outcome.is_nil
    own["due_count"] += one.outcome.is_due
    own["met_count"] += one.outcome.is_met


def _count_files(counts: _Counts, filed: FiledFiles) -> None:
    for own, files in _by_period(counts, filed):
        decided = [file.state for file in files if file.was_accepted or file.state is State.REJECTED]
        accepted = [state for state in decided if state in EVER_ACCEPTED]
        own["rejected_count"] += len(decided) - len(accepted)
        own["accepted_count"] += len(accepted)
        own["in_force_count"] += decided.count(State.ACCEPTED)
        own["superseded_count"] += decided.count(State.SUPERSEDED)
        own["attempted_count"] += bool(decided)
        own["first_time_count"] += bool(decided) and decided[0] in EVER_ACCEPTED
        own["refiled_count"] += bool(accepted) and decided[0] not in EVER_ACCEPTED
        own["received_row_count"] += sum(file.row_count or 0 for file in files)
    for own in counts.values():
        own["correction_count"] = own["superseded_count"] + own["refiled_count"]


def _by_period(counts: _Counts, filed: FiledFiles) -> Iterable[tuple[Counter[str], list[FiledFile]]]:
    """The files of each period, slices apart, as received, with the counts of its exchange and month."""
    periods: dict[tuple[str, str, str], list[FiledFile]] = defaultdict(list)
    for files in filed.values():
        for file in files:
            periods[file.exchange, file.report, file.period.text].append(file)
    for (exchange, _, period), files in periods.items():
        yield counts[exchange, period[:7]], files


def _count_figures(store: Store, scope: Scope, days: Choice, counts: _Counts, moment: datetime) -> None:
    """Slots as the reconciliation page counts them, and hours, added up by the database."""
    for day in reconciled_days(store, scope, days, moment):
        own = counts[day.exchange, f"{day.day:%Y-%m}"]
        own["covered_slot_count"] += day.covered_slot_count
        own["slot_count"] += day.expected_slot_count
    table = volume_days.c
    for key, row in _sums(store, scope, days, volume_days, table.row_count, table.market_count).items():
        counts[key]["volume_hour_count"] = row["row_count"]
        counts[key]["expected_hour_count"] = HOURS_PER_DAY * row["market_count"]


def _sums(store: Store, scope: Scope, days: Choice, table: Any, *columns: Any) -> dict[tuple[str, str], dict[str, int]]:
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


def _count_findings(store: Store, scope: Scope, days: Choice, counts: _Counts) -> None:
    """Refusing findings ever made; findings of disagreement and of the unusual that are open."""
    for one in finding_counts(store, scope, days, About()):
        own = counts.get((one.exchange, one.month))
        if own is None:
            continue
        if Kind(one.kind).rejects:
            own["refusal_count"] += one.found_count
        elif one.kind in (Kind.CONSISTENCY, Kind.PLAUSIBILITY):
            own[f"{one.kind}_count"] += one.open_finding_count

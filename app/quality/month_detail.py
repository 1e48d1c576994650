"""One exchange's month in detail: its obligations report by report, and the files that were refused or corrected."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.columns import Count, ExchangeId, Instant, ReportId, StateCode, Text
from app.obligations.outcomes import filed_for, obligations_of, records_begin
from app.quality.counts import ObligationCounts, count_obligation
from app.queries.months import months_as_days
from app.scope import Scope
from etl.records.filed_files import FiledFile
from etl.store import Store
from expectations.catalogue import all_reports
from expectations.vocabulary import State


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMonth(ObligationCounts):
    """What became of the obligations of one report in one exchange's month."""

    report: ReportId


@dataclass(frozen=True, slots=True)
class CorrectedFile:
    """A file of a period of which one was refused, replaced or withdrawn; `row_count` is None until it is read."""

    state: StateCode
    exchange: ExchangeId
    report: ReportId
    period: Text
    received_at: Instant
    row_count: Count | None
    submission: Text


def month_by_report(store: Store, scope: Scope, exchange: str, month: str, moment: datetime) -> tuple[ReportMonth, ...]:
    """What became of one exchange's obligations of a month, report by report in the order of the catalogue."""
    exchanges = scope.visible((exchange,))
    if not exchanges:
        return ()
    begin = records_begin(store)
    days = months_as_days((exchange,), (month,))
    counts: dict[str, Counter[str]] = {name: Counter() for name in all_reports()}
    if begin is not None:
        for one in obligations_of(filed_for(store, scope, days), exchanges, days, begin, moment):
            count_obligation(counts[one.report], one)
    return tuple(ReportMonth(report=name, **own) for name, own in counts.items())


def corrected_files(store: Store, scope: Scope, exchange: str, month: str) -> tuple[CorrectedFile, ...]:
    """The files of one exchange and month that were refused, replaced or withdrawn, and those that came after them.

    By period, then report, then as received.
    """
    filed = filed_for(store, scope, months_as_days((exchange,), (month,)))
    periods: dict[tuple[str, str], list[FiledFile]] = defaultdict(list)
    for files in filed.values():
        for file in files:
            periods[file.report, file.period.text].append(file)
    found = [_corrected_file(file) for files in periods.values() if _is_corrected(files) for file in files]
    return tuple(sorted(found, key=lambda one: (one.period, one.report, one.received_at)))


def _corrected_file(file: FiledFile) -> CorrectedFile:
    return CorrectedFile(
        state=file.state,
        exchange=file.exchange,
        report=file.report,
        period=file.period.text,
        received_at=file.received_at,
        row_count=file.row_count,
        submission=file.id,
    )


def _is_corrected(files: Sequence[FiledFile]) -> bool:
    return len(files) > 1 or files[0].state in (State.REJECTED, State.SUPERSEDED, State.WITHDRAWN)

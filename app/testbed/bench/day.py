"""A day of all exchanges as the judge meets it: filed rows, thresholds in force, and what is accepted beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from app.testbed.simulator import simulate
from etl.context import ROWS_OF_DAYS, relations
from etl.exchanges import all_exchanges
from etl.intake import Candidate, Declared
from etl.judged import Judged
from etl.normalise import arrow_schema
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.submissions import Submission
from etl.store import Store, open_store
from expectations.catalogue import all_reports, parameter, published_rules
from expectations.vocabulary import Cadence, Report, ValueType

if TYPE_CHECKING:
    from expectations.judge import ContextTable, FiledRows

DAY = date(2027, 5, 31)
"""The last day of a month, so that audits are among the reports of the day; every rule is in force on it."""

_HISTORY = timedelta(days=16)
_LOOKED_BACK_ON = ("api_volume", "api_keys", "key_actions", "halts", "surveillance")
_SEED = 1


@dataclass(frozen=True, slots=True)
class FiledReport:
    """One report of the day as all exchanges filed it, with the accepted figures that its rules read."""

    report: Report
    files: Sequence[FiledRows]
    context: Mapping[str, ContextTable]


def fill_day(home: Path, assets: int | None) -> Store:
    """A store with the day, all of it, after sixteen days of what rules look back on, by the real jobs."""
    from etl import jobs

    sizes = None if assets is None else dict.fromkeys(all_exchanges(), assets)
    store = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    rest = [name for name in all_reports() if name not in _LOOKED_BACK_ON]
    for first, reports in ((DAY - _HISTORY, _LOOKED_BACK_ON), (DAY, rest)):
        for file in simulate(home / "inbox", first, DAY, seed=_SEED, assets=sizes, story=False, reports=reports):
            declared = Declared(file.exchange, file.report, file.period)
            jobs.receive(store, Candidate(file.path, declared), received_at=file.received_at)
            file.path.unlink()
    jobs.process(store)
    return store


def reports_of_the_day(store: Store) -> list[FiledReport]:
    """Every report of the day; an audit belongs to the month that ends with it."""
    with reading(store.engine) as connection:
        found = []
        for report in all_reports().values():
            accepted = life.in_force(connection, report.name)
            filed = [one for one in accepted if one.period.last_day == DAY and _is_due(one, report)]
            rules = published_rules(report.name)
            read = relations(Judged(connection, store.facts, filed), rules).tables
            context = {name: replace(given, table=_in_order(name, given.table)) for name, given in read.items()}
            thresholds = sorted({name for rule in rules for name in rule.parameters})
            files = [_filed_rows(store, one, report, thresholds) for one in filed]
            found.append(FiledReport(report, files, context))
    return found


def _in_order(name: str, table: pa.Table) -> pa.Table:
    """In an order that is the same in every store: by everything but the numbers that submissions happen to have.

    Rows of days stand as their files do.
    """
    if name in ROWS_OF_DAYS:
        return table
    names = [column for column in table.column_names if column not in ("submission", "judged")]
    return table.sort_by([(column, "ascending") for column in names])


def _is_due(submission: Submission, report: Report) -> bool:
    return (report.cadence is Cadence.MONTH) == (submission.period.cadence is Cadence.MONTH)


def _filed_rows(store: Store, submission: Submission, report: Report, thresholds: Sequence[str]) -> FiledRows:
    from expectations.judge import FiledRows

    table = store.facts.rows_of(life.fact_files([submission])[0])
    day = submission.period.first_day
    return FiledRows(
        submission=submission.id,
        exchange=submission.exchange,
        period=submission.period,
        table=table,
        totals=_totals(report.on(day), table),
        parameters={name: parameter(name, day, submission.exchange) for name in thresholds},
    )


def _totals(report: Report, table: pa.Table) -> dict[str, str | None]:
    """What a file that states its totals would state."""
    names = [field.name for field in report.fields if field.type in (ValueType.KRW, ValueType.COUNT)]
    sums = {name: pc.sum(table[name]).as_py() for name in names} if table.num_rows else {}
    return {name: f"{Decimal(total):,f}" for name, total in sums.items()}


def without_rows(filed: FiledReport) -> list[FiledRows]:
    """The files as rules meet them that read no row."""
    empty = arrow_schema(filed.report).empty_table()
    return [replace(one, table=empty) for one in filed.files]

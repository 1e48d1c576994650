"""The unmutated ground: quiet days of all exchanges with two assets each, as canonical tables and native bytes.

Every report is there from `FIRST_DAY` to `LAST_DAY`; before it a week of the two reports that rules look back on; and
the audit of the month that ends with `FIRST_DAY`, whose last and next day are reconciled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import MappingProxyType

import pyarrow as pa

from app.testbed.simulator.filing import planned, table_of
from app.testbed.simulator.story import Run
from etl.exchanges import all_exchanges, exchange
from etl.writing.native import write_native
from expectations.catalogue import all_reports, report
from expectations.vocabulary import Cadence, Period

FIRST_DAY, LAST_DAY = date(2026, 10, 31), date(2026, 11, 5)
DAY = "2026-11-02"
"""The day on which mutations are made, with a week of history behind it and more than 72 hours before the end."""
AFTER = "2026-11-03"
MONTH = "2026-10"
NOW = datetime(2026, 11, 11, tzinfo=UTC)
"""When everything on the ground, the audit included, is due."""

BEGINNING = (date(2026, 10, 31), date(2026, 11, 1))
"""The days of the ground on which what is filed late, or not at all, is proven."""
BEGINNING_NOW = datetime(2026, 11, 2, 3, tzinfo=UTC)
"""When the beginning is due, the audit not yet."""

_SEED = 7
_ASSETS = 2
_HISTORY_DAYS = 7
_LOOKED_BACK_ON = ("api_volume", "surveillance")


@dataclass(frozen=True, slots=True)
class Filing:
    """One file of the ground: whose, what for, when it is received (UTC), and its canonical rows."""

    exchange: str
    report: str
    period: Period
    received_at: datetime
    table: pa.Table

    @property
    def name(self) -> str:
        """The file's name as the specification asks for it (3.6)."""
        ending = exchange(self.exchange).layouts[self.report].container.value
        return f"{self.exchange}_{self.report}_{self.period.text}.{ending}"

    @property
    def data(self) -> bytes:
        """The file as the exchange writes it."""
        return write_native(self.table, exchange(self.exchange), report(self.report), self.period)


@cache
def filings() -> Mapping[tuple[str, str, str], Filing]:
    """Every file of the ground by exchange, report and period."""
    return MappingProxyType({(f.exchange, f.report, f.period.text): f for f in _filings()})


def beginning() -> list[Filing]:
    """The files of the first two days, audits apart."""
    first, last = BEGINNING
    return [
        f
        for f in filings().values()
        if first <= f.period.first_day <= last and report(f.report).cadence is not Cadence.MONTH
    ]


def _filings() -> Iterator[Filing]:
    sizes = tuple((name, _ASSETS) for name in all_exchanges())
    history = Run(_SEED, FIRST_DAY - timedelta(days=_HISTORY_DAYS), FIRST_DAY - timedelta(days=1), sizes)
    quiet = Run(_SEED, FIRST_DAY, LAST_DAY, sizes)
    for run, reports in ((history, _LOOKED_BACK_ON), (quiet, tuple(all_reports()))):
        for plan in planned(run, reports):
            table = table_of(run, plan.exchange, report(plan.report), plan.period)
            yield Filing(plan.exchange, plan.report, plan.period, plan.received_at, table)

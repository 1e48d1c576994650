"""The unmutated ground: quiet days of all exchanges with two assets each, as canonical tables and native bytes.

Every report is there from `FIRST_DAY` to `LAST_DAY`; before it twelve days of the reports that rules look back on; and
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

FIRST_DAY, LAST_DAY = date(2026, 12, 31), date(2027, 1, 5)
DAY = "2027-01-02"
"""The day on which mutations are made, with weeks of history behind it and more than 72 hours before the end.

Every rule is in force on it, and in the month that is audited."""
BEFORE, AFTER = "2027-01-01", "2027-01-03"
MONTH = "2026-12"
NOW = datetime(2027, 1, 11, tzinfo=UTC)
"""When everything on the ground, the audit included, is due."""

BEGINNING = (date(2026, 12, 31), date(2027, 1, 1))
"""The days of the ground on which what is filed late, or not at all, is proven."""
BEGINNING_NOW = datetime(2027, 1, 2, 3, tzinfo=UTC)
"""When the beginning is due, the audit not yet."""

WEEKS_BEFORE, WEEK_BEFORE = "2026-12-19", "2026-12-26"
"""Days of the history two weeks and one week before the day of mutations."""

_SEED = 4
_ASSETS = 2
_HISTORY_DAYS = 12
_LOOKED_BACK_ON = ("api_volume", "api_keys", "key_actions", "surveillance")


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
    """The files of the first two days, audits apart, and the steps taken before on cases that go on."""
    first, last = BEGINNING
    return [
        f
        for f in filings().values()
        if f.period.first_day <= last
        and (first <= f.period.first_day or f.report == "key_actions")
        and report(f.report).cadence is not Cadence.MONTH
    ]


def _filings() -> Iterator[Filing]:
    sizes = tuple((name, _ASSETS) for name in all_exchanges())
    run = Run(_SEED, FIRST_DAY - timedelta(days=_HISTORY_DAYS), LAST_DAY, sizes)
    for plan in planned(run, tuple(all_reports())):
        if plan.report in _LOOKED_BACK_ON or plan.period.last_day >= FIRST_DAY:
            table = table_of(run, plan.exchange, report(plan.report), plan.period)
            yield Filing(plan.exchange, plan.report, plan.period, plan.received_at, table)

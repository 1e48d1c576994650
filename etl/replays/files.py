"""An incident's files: what the exchanges would have filed, in their own formats.

Each series gives a check on the dot of every slot of every day; an exchange with halts files them for all days, a day
without any as a nil return. Files of a day are received at nine on the next morning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from etl.exchanges import exchange as member_exchange
from etl.intake import Candidate, Declared
from etl.normalise import SOURCE_ROW, arrow_schema
from etl.replays.facts import Replay, Series
from etl.writing.native import write_native
from expectations.catalogue import report as report_of
from expectations.vocabulary import Period, Report

SLOT = timedelta(minutes=5)
"""How often is reconciled (specification, 2.4)."""
_SENT_AFTER = timedelta(hours=9)


@dataclass(frozen=True, slots=True)
class ReplayFile:
    """A written file and when it is received."""

    candidate: Candidate
    received_at: datetime


def write_files(replay: Replay, folder: Path) -> Iterator[ReplayFile]:
    """Write the files of an incident below `folder`, in order of receipt."""
    folder.mkdir(parents=True, exist_ok=True)
    for period in _days(replay):
        for exchange in dict.fromkeys(series.exchange for series in replay.series):
            own = [row for series in replay.series if series.exchange == exchange for row in _checks(series, period)]
            own.sort(key=lambda row: row["checked_at"])
            yield _written(folder, Declared(exchange, "reconciliation", period), own)
        for exchange in dict.fromkeys(halt["exchange"] for halt in replay.halts):
            yield _written(folder, Declared(exchange, "halts", period), _halts(replay, exchange, period))


def _days(replay: Replay) -> list[Period]:
    count = (replay.last_day - replay.first_day).days + 1
    return [Period.of_day(replay.first_day + timedelta(days=number)) for number in range(count)]


def _checks(series: Series, period: Period) -> Iterator[dict[str, Any]]:
    """A check on the dot of every slot of a day, as the last step before it says."""
    for number in range((period.end - period.start) // SLOT):
        moment = period.start + number * SLOT
        step = next(one for one in reversed(series.steps) if one.from_check <= moment)
        yield {
            "checked_at": moment,
            "asset": series.asset,
            "ledger_quantity": step.ledger,
            "wallet_quantity": step.wallet,
            "price_krw": step.price_krw,
            "result": "mismatch" if step.wallet < step.ledger else "match",
        }


def _halts(replay: Replay, exchange: str, period: Period) -> list[Mapping[str, Any]]:
    """The halts of an exchange that began on a day."""
    return [h for h in replay.halts if h["exchange"] == exchange and period.start <= h["halted_at"] < period.end]


def _written(folder: Path, declared: Declared, rows: Sequence[Mapping[str, Any]]) -> ReplayFile:
    report, exchange = report_of(declared.report), member_exchange(declared.exchange)
    container = exchange.layouts[report.name].container
    path = folder / f"{exchange.id}_{report.name}_{declared.period.text}.{container.value}"
    table = _table(report.on(declared.period.first_day), rows)
    path.write_bytes(write_native(table, exchange, report, declared.period))
    return ReplayFile(Candidate(path, declared), declared.period.end + _SENT_AFTER)


def _table(report: Report, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Canonical rows as the writer takes them; what a row does not say is absent."""
    schema = arrow_schema(report)
    schema = schema.remove(schema.get_field_index(SOURCE_ROW))
    columns = [pa.array([row.get(name) for row in rows], schema.field(name).type) for name in report.field_names]
    return pa.Table.from_arrays(columns, schema=schema)

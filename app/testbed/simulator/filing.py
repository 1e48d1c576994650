"""What is filed when: the plan of a run, in order of receipt, and the bytes of each file on it.

An ordinary file of a day arrives between 00:20 and 09:30 KST of the next, an audit between the 7th and the 10th; the
story makes files late, leaves them out, spoils them and has them corrected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

from app.testbed.simulator.balances import audits, reconciliation
from app.testbed.simulator.draws import generator
from app.testbed.simulator.keys import api_keys, key_actions
from app.testbed.simulator.months import AUDIT_DAYS, audited_months, month_of
from app.testbed.simulator.story import Event, Happening, Run
from app.testbed.simulator.suspensions import halts
from app.testbed.simulator.volumes import api_volume, surveillance
from etl.exchanges import exchange as member_exchange
from etl.layout import Layout
from etl.normalise import SOURCE_ROW, arrow_schema
from etl.writing.native import write_native
from expectations.catalogue import report as report_of
from expectations.vocabulary import KST, Cadence, Period, Report

GENERATORS: Mapping[str, Callable[[Run, str, Period], dict[str, pa.Array]]] = {
    "api_volume": api_volume,
    "api_keys": api_keys,
    "key_actions": key_actions,
    "reconciliation": reconciliation,
    "halts": halts,
    "audits": audits,
    "surveillance": surveillance,
}
"""Who draws each report; a report not listed here is not simulated."""

_EARLIEST, _LATEST = time(0, 20), time(9, 30)
_AUDIT_HOURS = (9, 17)
_SLICES = 4
_LATE_SLICE = 2


class Version(StrEnum):
    """Which version of a report a file holds."""

    WHOLE = "whole"
    WRONG_TOTAL = "wrong_total"
    BAD_CELLS = "bad_cells"
    LACKING = "lacking"
    """Without its last row, which is found later."""
    CUT_OFF = "cut_off"
    """Without the last part of its lines."""
    UNENDED = "unended"
    """Without its last line end."""
    NIL = "nil"
    """A nil return."""
    EARLY = "early"
    """With what was counted by the time at which it was sent."""
    RETOUCHED = "retouched"
    """Without the shortfall that the first file showed."""


_VERSIONS = {
    Happening.WRONG_TOTAL: (Version.WRONG_TOTAL, Version.WHOLE),
    Happening.BAD_CELLS: (Version.BAD_CELLS, Version.WHOLE),
    Happening.CORRECTED: (Version.LACKING, Version.WHOLE),
    Happening.CUT_OFF: (Version.CUT_OFF, Version.WHOLE),
    Happening.NIL_FIRST: (Version.NIL, Version.WHOLE),
    Happening.RETOUCHED: (Version.WHOLE, Version.RETOUCHED),
}
"""What is filed twice: the version that comes first, and the one that replaces it."""
_WITH_HASH = (Happening.CUT_OFF,)
_LEFT_OF_A_CUT = 0.7
_STILL_COUNTED, _COUNTED_EARLY = "blocked_call_count", 0.94
"""What of the inventory of keys grows until midnight, and how much of it an early file has."""


@dataclass(frozen=True, slots=True)
class Filing:
    """One file that an exchange sends: what it holds and when it is received (UTC).

    `has_hash`: the exchange sends the SHA-256 of the whole file with it (3.12).
    """

    exchange: str
    report: str
    period: Period
    received_at: datetime
    version: Version = Version.WHOLE
    is_correction: bool = False
    has_hash: bool = False

    @property
    def place(self) -> str:
        """Folder of the KST day of receipt, corrections apart, and the name that 3.6 asks for."""
        received_on = self.received_at.astimezone(KST).date().isoformat()
        folder = f"{received_on}_corrections" if self.is_correction else received_on
        container = member_exchange(self.exchange).layouts[self.report].container
        return f"{folder}/{self.exchange}_{self.report}_{self.period.text}.{container.value}"


# ----------------------------------------------------------------------------------------------- the plan


def planned(run: Run, reports: tuple[str, ...]) -> tuple[Filing, ...]:
    """Every file of the run in order of receipt."""
    filings = [
        filing
        for exchange, _ in run.assets
        for name in reports
        for period in _periods(run, exchange, report_of(name))
        for filing in _filings(run, exchange, report_of(name), period)
    ]
    return tuple(sorted(filings, key=lambda filing: (filing.received_at, filing.exchange, filing.report)))


def _periods(run: Run, exchange: str, report: Report) -> Iterator[Period]:
    if report.cadence is Cadence.MONTH:
        yield from (month for month in audited_months(run) if not _is_missed(run, exchange, report, month))
        return
    for number in range((run.last_day - run.first_day).days + 1):
        yield Period.of_day(run.first_day + timedelta(days=number))


def _is_missed(run: Run, exchange: str, report: Report, month: Period) -> bool:
    """True where the story leaves out this month's audit."""
    return any(
        month_of(run, event) == month
        for event in run.events
        if event.kind is Happening.MISSING and event.exchange == exchange and event.report == report.name
    )


def _filings(run: Run, exchange: str, report: Report, period: Period) -> Iterator[Filing]:
    """The file of a period, or what the story makes of it."""

    def told(kind: Happening) -> Event | None:
        return next(run.happening(kind, exchange, period.first_day, report.name), None)

    received_at = _received_at(run.seed, exchange, report, period)
    if report.cadence is Cadence.MONTH:
        yield Filing(exchange, report.name, period, received_at)
    elif told(Happening.MISSING):
        return
    elif event := told(Happening.SLICED):
        yield from _slices(exchange, report, period, timedelta(minutes=event.minutes))
    elif event := told(Happening.LATE):
        late_at = report.due_at(period) + timedelta(minutes=event.minutes)
        yield Filing(exchange, report.name, period, late_at)
    elif event := told(Happening.EARLY):
        early_at = period.end - timedelta(minutes=event.minutes)
        yield Filing(exchange, report.name, period, early_at, Version.EARLY)
        yield Filing(exchange, report.name, period, received_at, is_correction=True)
    elif told(Happening.UNENDED):
        yield Filing(exchange, report.name, period, received_at, Version.UNENDED)
    elif event := next((found for kind in _VERSIONS if (found := told(kind))), None):
        first, second = _VERSIONS[event.kind]
        has_hash = event.kind in _WITH_HASH
        yield Filing(exchange, report.name, period, received_at, first, has_hash=has_hash)
        corrected_at = received_at + timedelta(minutes=event.minutes_later or event.minutes)
        yield Filing(exchange, report.name, period, corrected_at, second, is_correction=True, has_hash=has_hash)
    else:
        yield Filing(exchange, report.name, period, received_at)


def _slices(exchange: str, report: Report, period: Period, late: timedelta) -> Iterator[Filing]:
    """Quarters of a day, each sent twenty minutes after it ends but for one that is late."""
    hours = 24 // _SLICES
    for number in range(_SLICES):
        part = Period.parse(f"{period.text}T{number * hours:02d}-{(number + 1) * hours:02d}")
        sent_at = part.end + timedelta(minutes=20)
        yield Filing(exchange, report.name, part, report.due_at(period) + late if number == _LATE_SLICE else sent_at)


def _received_at(seed: int, exchange: str, report: Report, period: Period) -> datetime:
    random = generator(seed, "receipt", exchange, report.name, period.text)
    after = period.end.astimezone(KST)
    if report.cadence is Cadence.MONTH:
        after += timedelta(days=int(random.integers(AUDIT_DAYS[0], AUDIT_DAYS[1] + 1)))
        earliest, latest = (hour * 3600 for hour in _AUDIT_HOURS)
    else:
        earliest, latest = (at.hour * 3600 + at.minute * 60 for at in (_EARLIEST, _LATEST))
    return (after + timedelta(seconds=int(random.integers(earliest, latest)))).astimezone(UTC)


# ---------------------------------------------------------------------------------------------- the files


def table_of(run: Run, exchange: str, report: Report, period: Period) -> pa.Table:
    """The canonical rows of a period with the columns of its day, without `source_row`."""
    columns = GENERATORS[report.name](run, exchange, period)
    schema = arrow_schema(report.on(period.first_day))
    schema = schema.remove(schema.get_field_index(SOURCE_ROW))
    lacking = [name for name in schema.names if name not in columns]
    if lacking:
        raise KeyError(f"{report.name}: the simulator makes no {', '.join(lacking)}; add it in app/testbed/simulator")
    return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)


def whole_contents(run: Run, filing: Filing) -> bytes:
    """The bytes of the file as the exchange made it, whatever became of it on the way."""
    is_cut = filing.version is Version.CUT_OFF
    return contents(run, replace(filing, version=Version.WHOLE) if is_cut else filing)


def contents(run: Run, filing: Filing) -> bytes:
    """The bytes that come."""
    report, exchange = report_of(filing.report), member_exchange(filing.exchange)
    if filing.version is Version.RETOUCHED:
        run = replace(run, events=tuple(event for event in run.events if event.kind is not Happening.RETOUCHED))
    table = table_of(run, filing.exchange, report, filing.period)
    match filing.version:
        case Version.WRONG_TOTAL:
            return write_native(table, exchange, report, filing.period, totals_of=table.slice(1))
        case Version.LACKING:
            table = table.slice(0, table.num_rows - 1)
        case Version.NIL:
            table = table.slice(0, 0)
        case Version.EARLY:
            place = table.schema.get_field_index(_STILL_COUNTED)
            by_then = pc.multiply(table[_STILL_COUNTED], _COUNTED_EARLY).combine_chunks()
            table = table.set_column(place, table.schema.field(place), pc.floor(by_then).cast(pa.int64()))
        case _:
            pass
    data = write_native(table, exchange, report, filing.period)
    match filing.version:
        case Version.BAD_CELLS:
            return _with_bad_cells(data, exchange.layouts[report.name].on(filing.period.first_day))
        case Version.CUT_OFF:
            lines = data.splitlines(keepends=True)
            return b"".join(lines[: int(len(lines) * _LEFT_OF_A_CUT)])
        case Version.UNENDED:
            return data.rstrip(b"\r\n")
        case _:
            return data


def _with_bad_cells(data: bytes, layout: Layout) -> bytes:
    """Three cells of a JSON reconciliation that cannot be read: a separator, a lost offset and an unknown word."""
    lines = data.split(b"\n")
    third = max(1, len(lines) // 4)
    for number, (name, pattern, put) in enumerate(
        (
            ("ledger_quantity", rb'"(\d+)(\.?\d*)"', rb'"1,\1\2"'),
            ("checked_at", rb'"([^"]+)\+09:00"', rb'"\1"'),
            ("result", rb'"[A-Z]+"', b'"OK"'),
        )
    ):
        place = min(number * third, len(lines) - 1)
        key = f'"{layout.columns[name].name}":'.encode()
        lines[place] = re.sub(key + pattern, key + put, lines[place])
    return b"\n".join(lines)

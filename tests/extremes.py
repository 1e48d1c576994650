"""Files in which every number of every report is as large, or as small, as the specification allows (section 1).

Made from the shapes of the reports: a count is 2^63−1, an amount has every digit that its type has. What the rules of
integrity ask is kept, so that the files are accepted. Each exchange files in its own format.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from etl import jobs
from etl.exchanges import all_exchanges, exchange
from etl.intake import Candidate, Declared
from etl.normalise import arrow_schema
from etl.store import Store
from etl.writing.native import write_native
from expectations.catalogue import all_reports
from expectations.catalogue import report as report_of
from expectations.vocabulary import COUNT_MAXIMUM, KRW_DIGITS, KST, QUANTITY_DIGITS, Cadence, Period, ValueType

FIRST_DAY, LAST_DAY = date(2026, 11, 1), date(2026, 11, 9)
"""Nine days: the last ones have a past that is long enough to be compared with."""
NOW = datetime(2026, 11, 10, 12, 0, tzinfo=KST)
MONTH = "2026-10"

LARGEST: Mapping[ValueType, Any] = {
    ValueType.COUNT: COUNT_MAXIMUM,
    ValueType.KRW: Decimal(10) ** KRW_DIGITS[0] - Decimal(1).scaleb(-KRW_DIGITS[1]),
    ValueType.QUANTITY: Decimal(f"{'9' * QUANTITY_DIGITS[0]}.{'9' * QUANTITY_DIGITS[1]}"),
}
"""The largest value of each type of number."""
SMALLEST: Mapping[ValueType, Any] = {
    ValueType.COUNT: 1,
    ValueType.KRW: Decimal(1).scaleb(-KRW_DIGITS[1]),
    ValueType.QUANTITY: Decimal(1).scaleb(-QUANTITY_DIGITS[1]),
}
"""The smallest value above nothing."""

MOST_COUNT, MOST_KRW, MOST_QUANTITY = (LARGEST[one] for one in (ValueType.COUNT, ValueType.KRW, ValueType.QUANTITY))
LEAST_KRW, LEAST_QUANTITY = SMALLEST[ValueType.KRW], SMALLEST[ValueType.QUANTITY]
MARKETS = ("BTC/KRW", "ETH/KRW")
ASSETS = ("BTC", "ETH", "XRP", "SOL")
_SLOT = timedelta(minutes=5)
_HASH = "a" * 64
_CHECKS = 24
_CHEAP = ("coinone", "gopax")
"""Those whose prices are the smallest there are; the others' are the largest."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Extreme:
    """A file: whose it is, of what, and its canonical rows."""

    exchange: str
    report: str
    period: Period
    rows: Sequence[Row]

    @property
    def declared(self) -> Declared:
        """What it is declared to be."""
        return Declared(self.exchange, self.report, self.period)

    @property
    def table(self) -> pa.Table:
        """Its rows as the table that a native file is written from."""
        schema = arrow_schema(report_of(self.report).on(self.period.first_day))
        rows = [{**row, "source_row": place} for place, row in enumerate(self.rows, 1)]
        return pa.Table.from_pylist(rows, schema=schema)


def largest(report: str, **own: Any) -> Row:
    """A row of which every number is the largest of its type; `own` are its other columns, and numbers instead."""
    numbers = {field.name: LARGEST[field.type] for field in report_of(report).every_field if field.type in LARGEST}
    return {**numbers, **own}


def midnight(day: date) -> datetime:
    """When a KST day begins."""
    return Period.of_day(day).start


# ---------------------------------------------------------------------------------------------- the reports


def _volume(_exchange: str, day: date) -> Iterator[Row]:
    hours = [midnight(day) + timedelta(hours=hour) for hour in range(24)]
    for market in MARKETS:
        for start in hours:
            yield largest("api_volume", hour_start=start, market=market)
    for start in hours:  # the API's part is the least there is
        small = {"api_trade_value_krw": LEAST_KRW, "api_trade_count": 1, "api_small_order_count": 0}
        yield largest("api_volume", hour_start=start, market="XRP/KRW", **small)


def _keys(_exchange: str, day: date) -> Iterator[Row]:
    for scope, ended in (("read", "expired_keys"), ("trade", "deleted_keys"), ("withdraw", "forced_expired_keys")):
        others = dict.fromkeys({"expired_keys", "deleted_keys", "forced_expired_keys"} - {ended}, 0)
        yield largest("api_keys", snapshot_date=day, scope=scope, **others)


def _actions(exchange_id: str, day: date) -> Iterator[Row]:
    at = midnight(day) + timedelta(hours=9)
    yield {
        **{"action_id": f"A-{exchange_id}-{day}", "case_id": f"C-{exchange_id}-{day}"},
        **{"key_ref": _HASH, "account_ref": _HASH, "suspicion": "lending", "risk_level": "high"},
        **{"stage": "forced_expiry", "detected_at": at, "acted_at": at, "outcome": "applied", "note": None},
    }


def _checks(exchange_id: str, day: date) -> Iterator[Row]:
    price = LEAST_KRW if exchange_id in _CHEAP else MOST_KRW
    quantities = {
        "BTC": (MOST_QUANTITY, Decimal(0)),
        "ETH": (MOST_QUANTITY, LEAST_QUANTITY),
        "XRP": (LEAST_QUANTITY, MOST_QUANTITY),
        "SOL": (LEAST_QUANTITY, Decimal(0)),
    }
    for number in range(_CHECKS):
        for asset, (ledger, wallet) in quantities.items():
            if number == 0:  # what the audit at midnight is compared with is next to nothing
                ledger = wallet = LEAST_QUANTITY
            elif number > _CHECKS // 2:
                wallet = ledger
            yield {
                **{"checked_at": midnight(day) + number * _SLOT, "asset": asset, "price_krw": price},
                **{"ledger_quantity": ledger, "wallet_quantity": wallet},
                "result": "mismatch" if wallet < ledger else "match",
            }


def _halts(exchange_id: str, day: date) -> Iterator[Row]:
    at = midnight(day) + 2 * _SLOT
    yield largest(
        "halts",
        **{"halt_id": f"H-{exchange_id}-{day}", "scope": "asset", "target": "BTC", "functions": "all"},
        **{"trigger": "reconciliation_mismatch", "mode": "automatic", "detected_at": at, "halted_at": at},
        **{"resumed_at": at + _SLOT, "notice_at": None},
    )


def _audits(_exchange: str, day: date) -> Iterator[Row]:
    as_of = midnight(date(2026, 11, 1))
    about = {"audit_month": MONTH, "as_of": as_of, "auditor": "한빛회계법인", "signed_on": date(2026, 11, 5)}
    for asset in ASSETS[:3]:
        yield largest("audits", asset=asset, opinion="unqualified", **about)
    small = dict.fromkeys(("ledger_quantity", "hot_wallet_quantity", "cold_wallet_quantity"), LEAST_QUANTITY)
    yield largest("audits", asset="SOL", opinion="qualified", **about, **small)


def _alerts(_exchange: str, day: date) -> Iterator[Row]:
    for market in MARKETS:
        for pattern in report_of("surveillance").field("pattern").codes:
            count = 1 if pattern == "spoofing" and day < LAST_DAY else MOST_COUNT
            stages = {"alert_count": count, "case_count": count, "notified_count": count}
            yield largest("surveillance", day=day, market=market, pattern=pattern, **stages)


ROWS = {
    "api_volume": _volume,
    "api_keys": _keys,
    "key_actions": _actions,
    "reconciliation": _checks,
    "halts": _halts,
    "audits": _audits,
    "surveillance": _alerts,
}


def extremes() -> list[Extreme]:
    """Every report of every exchange on the last day; those that are compared with earlier days on these too."""
    found = []
    for member in all_exchanges():
        for report in all_reports().values():
            for day in _days(report.name, member, monthly=report.cadence is Cadence.MONTH):
                period = Period.parse(MONTH) if report.cadence is Cadence.MONTH else Period.of_day(day)
                found.append(Extreme(member, report.name, period, list(ROWS[report.name](member, day))))
    return sorted(found, key=lambda one: (one.period, one.exchange, one.report))


def _days(report: str, member: str, *, monthly: bool) -> list[date]:
    if monthly:
        return [FIRST_DAY]
    if member == "upbit" and report in ("api_volume", "surveillance"):
        return [FIRST_DAY + timedelta(days=number) for number in range((LAST_DAY - FIRST_DAY).days + 1)]
    earlier = {"reconciliation": [FIRST_DAY], "api_keys": [LAST_DAY - timedelta(days=1)]}
    return [*earlier.get(report, []), LAST_DAY]


def written(one: Extreme, folder: Path) -> Candidate:
    """The file as its exchange writes it."""
    member = exchange(one.exchange)
    shape = report_of(one.report).on(one.period.first_day)
    ending = member.layouts[one.report].on(one.period.first_day).container.value
    path = folder / f"{one.exchange}_{one.report}_{one.period.text}.{ending}"
    path.write_bytes(write_native(one.table, member, shape, one.period))
    return Candidate(path, one.declared)


def file_extremes(store: Store, folder: Path) -> list[jobs.Outcome]:
    """File all of them, each an hour after its period, and take them the whole way."""
    folder.mkdir(exist_ok=True)
    receipts = [
        jobs.receive(store, written(one, folder), received_at=one.period.end + timedelta(hours=1)) for one in extremes()
    ]
    jobs.process(store)
    return jobs.outcomes(store, receipts)

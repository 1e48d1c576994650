"""The daily figures that screens read, derived from the canonical rows when a submission is accepted.

One record a figure: its table, the report it comes from, and the DuckDB query that derives it. Queries see `rows` (the
canonical columns of all days, `submission`, `exchange`, `source_row`, instants as TIMESTAMP in UTC) and `submissions`
(`submission`, `slot_count` = five-minute slots of the period), and return the table's columns. Amounts stay decimals:
sums are exact, and products that would overflow are made in Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Context, Decimal
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import BigInteger, Connection, Table, insert

from etl.normalise import with_every_column
from etl.records import tables as t
from etl.records.types import ExactDecimal, WholeNumber
from expectations.catalogue import report as report_of
from expectations.vocabulary import Period, ValueType

SLOT = timedelta(minutes=5)
"""A slot begins at a KST minute divisible by five (specification 2.4)."""

_EXACT = Context(prec=80)
_GIVEN = ("exchange", "day")
"""Columns of every table that come from the submission."""

_VOLUME_SUMS = """sum(trade_value_krw) AS trade_value_krw, sum(api_trade_value_krw) AS api_trade_value_krw,
    sum(trade_count) AS trade_count, sum(api_trade_count) AS api_trade_count, sum(api_order_count) AS api_order_count,
    sum(api_cancel_count) AS api_cancel_count, sum(api_small_order_count) AS api_small_order_count"""
_MOST_ACCOUNTS = "max(api_account_count) AS largest_api_account_count"
_FIRST_OF_MOST = "ORDER BY api_account_count DESC, hour_start, market"
_KST_HOUR = "hour(hour_start + INTERVAL 9 HOUR)"
_SLOTS = "count(DISTINCT time_bucket(INTERVAL 5 MINUTE, checked_at))"


@dataclass(frozen=True, slots=True)
class DailyFigure:
    """A table of figures, the report whose rows it is derived from, and how."""

    table: Table
    report: str
    query: str


def _as_filed(table: Table) -> str:
    """The query of a figure whose columns are filed ones; a filed column that the table lacks is no figure."""
    names = (column.name for column in table.c if column.name not in _GIVEN)
    return f"SELECT {', '.join(names)} FROM rows"


FIGURES = (
    DailyFigure(
        t.volume_days,
        "api_volume",
        f"""SELECT submission, {_VOLUME_SUMS}, {_MOST_ACCOUNTS},
                first(hour_start {_FIRST_OF_MOST}) AS largest_account_hour,
                first(market {_FIRST_OF_MOST}) AS largest_account_market,
                count(DISTINCT market) AS market_count, count(*) AS row_count
            FROM rows GROUP BY submission""",
    ),
    DailyFigure(
        t.volume_hours,
        "api_volume",
        f"SELECT submission, {_KST_HOUR} AS hour, {_VOLUME_SUMS} FROM rows GROUP BY ALL",
    ),
    DailyFigure(
        t.volume_markets,
        "api_volume",
        f"""SELECT submission, market, {_VOLUME_SUMS}, {_MOST_ACCOUNTS}, count(DISTINCT hour_start) AS hour_count,
                bit_or(CASE WHEN trade_count > 0 THEN 1::BIGINT << {_KST_HOUR} ELSE 0 END) AS traded_hours
            FROM rows GROUP BY submission, market""",
    ),
    DailyFigure(t.key_days, "api_keys", _as_filed(t.key_days)),
    DailyFigure(t.key_actions, "key_actions", _as_filed(t.key_actions)),
    DailyFigure(
        t.reconciliation_days,
        "reconciliation",
        f"""WITH assets AS (
                SELECT submission, asset, count(*) AS checks, {_SLOTS} AS slots, count_if(result = 'mismatch') AS bad
                FROM rows GROUP BY ALL)
            SELECT submission, count(*) AS asset_count, sum(checks) AS check_count, sum(slots) AS covered_slot_count,
                count(*) * any_value(s.slot_count) AS slot_count, sum(bad) AS mismatch_count,
                count_if(bad > 0) AS mismatched_asset_count
            FROM assets JOIN submissions s USING (submission) GROUP BY submission""",
    ),
    DailyFigure(
        t.reconciliation_assets,
        "reconciliation",
        f"""SELECT submission, asset, count(*) AS check_count, any_value(s.slot_count) AS slot_count,
                {_SLOTS} AS covered_slot_count, count_if(result = 'mismatch') AS mismatch_count,
                min(checked_at) AS first_checked_at, max(checked_at) AS last_checked_at,
                arg_max(ledger_quantity, checked_at) AS last_ledger_quantity,
                arg_max(wallet_quantity, checked_at) AS last_wallet_quantity,
                arg_max(price_krw, checked_at) AS last_price_krw
            FROM rows JOIN submissions s USING (submission) GROUP BY submission, asset""",
    ),
    DailyFigure(
        t.short_checks,
        "reconciliation",
        """SELECT submission, asset, checked_at, ledger_quantity, wallet_quantity, price_krw, source_row
            FROM rows WHERE wallet_quantity < ledger_quantity""",
    ),
    DailyFigure(t.halts, "halts", _as_filed(t.halts)),
    DailyFigure(t.audits, "audits", _as_filed(t.audits)),
    DailyFigure(
        t.surveillance_days,
        "surveillance",
        """SELECT submission, pattern, count(DISTINCT market) AS market_count, sum(alert_count) AS alert_count,
                sum(case_count) AS case_count, sum(account_count) AS account_count, sum(key_count) AS key_count,
                sum(notified_count) AS notified_count, sum(trade_value_krw) AS trade_value_krw,
                sum(api_trade_value_krw) AS api_trade_value_krw
            FROM rows GROUP BY submission, pattern""",
    ),
)

_MISMATCHES = """WITH checks AS (
        SELECT submission, asset, checked_at, ledger_quantity, wallet_quantity, price_krw, source_row,
            wallet_quantity < ledger_quantity AS short
        FROM rows SEMI JOIN (SELECT DISTINCT submission, asset FROM rows WHERE wallet_quantity < ledger_quantity)
            USING (submission, asset)
    ), numbered AS (
        SELECT *, row_number() OVER w AS number, lead(checked_at) OVER w AS next_checked_at,
            sum(CASE WHEN short THEN 0 ELSE 1 END) OVER w AS run
        FROM checks WINDOW w AS (PARTITION BY submission, asset ORDER BY checked_at, source_row)
    )
    SELECT submission, asset, run, number, checked_at, next_checked_at, ledger_quantity, wallet_quantity, price_krw,
        source_row
    FROM numbered WHERE short ORDER BY submission, asset, number"""
"""Every check that is short, numbered among its asset's, with the run it belongs to: matches seen before it."""


@dataclass(frozen=True, slots=True)
class AcceptedRows:
    """The rows of one accepted submission, with the columns of its day or of all days."""

    submission: str
    exchange: str
    period: Period
    table: pa.Table


def derive(report: str, files: Sequence[AcceptedRows]) -> dict[str, list[tuple[Table, list[dict[str, Any]]]]]:
    """The figure rows of each submission by its number, ready to be written."""
    derived: dict[str, list[tuple[Table, list[dict[str, Any]]]]] = {file.submission: [] for file in files}
    filed = [file for file in files if file.table.num_rows]
    if not filed:
        return derived
    with duckdb.connect() as connection:
        _set_the_table(connection, report, filed)
        for figure in FIGURES:
            if figure.report == report:
                records = connection.sql(figure.query).to_arrow_table()
                _share_out(derived, figure.table, _python_rows(records), filed)
        if report == "reconciliation":
            short = connection.sql(_MISMATCHES).to_arrow_table()
            _share_out(derived, t.mismatch_runs, list(_runs(_python_rows(short))), filed)
    return derived


def write(connection: Connection, rows: Sequence[tuple[Table, list[dict[str, Any]]]]) -> None:
    """Put a submission's figures into the records, in the caller's transaction."""
    for table, records in rows:
        if records:
            connection.execute(insert(table), records)


def _set_the_table(connection: duckdb.DuckDBPyConnection, report: str, files: Sequence[AcceptedRows]) -> None:
    connection.execute("SET TimeZone = 'UTC'")
    shape = report_of(report)
    instants = [f.name for f in shape.every_field if f.type is ValueType.INSTANT]
    replaced = ", ".join(f"{name}::TIMESTAMP AS {name}" for name in instants)
    joined = pa.concat_tables(
        with_every_column(file.table, shape)
        .append_column("submission", pa.array([file.submission] * file.table.num_rows))
        .append_column("exchange", pa.array([file.exchange] * file.table.num_rows))
        for file in files
    )
    connection.register("filed_rows", joined)
    connection.register(
        "submissions",
        pa.table(
            {
                "submission": [file.submission for file in files],
                "slot_count": [(file.period.end - file.period.start) // SLOT for file in files],
            }
        ),
    )
    star = f"* REPLACE ({replaced})" if replaced else "*"
    connection.execute(f"CREATE VIEW rows AS SELECT {star} FROM filed_rows")


def _python_rows(records: pa.Table) -> list[dict[str, Any]]:
    """Rows as Python values, instants with their zone (UTC)."""
    for place, column in enumerate(records.schema):
        if pa.types.is_timestamp(column.type) and column.type.tz is None:
            values = records.column(place).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
            records = records.set_column(place, column.name, values)
    rows: list[dict[str, Any]] = records.to_pylist()
    return rows


def _share_out(
    derived: Mapping[str, list[tuple[Table, list[dict[str, Any]]]]],
    table: Table,
    records: Sequence[dict[str, Any]],
    files: Sequence[AcceptedRows],
) -> None:
    """Complete each record with exchange and day, amounts as decimals, and give it to its submission.

    A figure of a column that the submission's day did not have stays null.
    """
    by_submission: dict[str, list[dict[str, Any]]] = {file.submission: [] for file in files}
    known = {file.submission: (file.exchange, file.period.first_day) for file in files}
    amounts = [column.name for column in table.c if isinstance(column.type, ExactDecimal)]
    counts = [column.name for column in table.c if isinstance(column.type, (BigInteger, WholeNumber))]
    for record in records:
        exchange, day = known[record["submission"]]
        exact = {name: Decimal(record[name]) for name in amounts if record.get(name) is not None}
        whole = {name: int(record[name]) for name in counts if record.get(name) is not None}
        by_submission[record["submission"]].append({**record, **exact, **whole, "exchange": exchange, "day": day})
    for submission, rows in by_submission.items():
        derived[submission].append((table, rows))


def _runs(checks: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Runs of short checks, each with its largest shortfalls."""
    group: list[Mapping[str, Any]] = []
    for check in checks:
        if group and not _same_run(group[-1], check):
            yield _run(group)
            group = []
        group.append(check)
    if group:
        yield _run(group)


def _same_run(before: Mapping[str, Any], check: Mapping[str, Any]) -> bool:
    return all(before[name] == check[name] for name in ("submission", "asset", "run"))


def _run(checks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first, last = checks[0], checks[-1]
    largest = max(checks, key=lambda check: (_shortfall_krw(check), _shortfall(check)))
    widest = min(checks, key=lambda check: _EXACT.divide(check["wallet_quantity"], check["ledger_quantity"]))
    return {
        "submission": first["submission"],
        "asset": first["asset"],
        "started_at": first["checked_at"],
        "last_mismatch_at": last["checked_at"],
        "ended_at": last["next_checked_at"],
        "begins_file": first["number"] == 1,
        "check_count": len(checks),
        "largest_shortfall_quantity": max(_shortfall(check) for check in checks),
        "largest_shortfall_krw": _shortfall_krw(largest),
        "ledger_quantity": largest["ledger_quantity"],
        "wallet_quantity": largest["wallet_quantity"],
        "price_krw": largest["price_krw"],
        "largest_at": largest["checked_at"],
        "highest_ratio_ledger_quantity": widest["ledger_quantity"],
        "highest_ratio_wallet_quantity": widest["wallet_quantity"],
        "highest_ratio_at": widest["checked_at"],
        "source_row": largest["source_row"],
    }


def _shortfall(check: Mapping[str, Any]) -> Decimal:
    return _EXACT.subtract(check["ledger_quantity"], check["wallet_quantity"])


def _shortfall_krw(check: Mapping[str, Any]) -> Decimal:
    return _EXACT.multiply(_shortfall(check), check["price_krw"])

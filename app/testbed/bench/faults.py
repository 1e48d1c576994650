"""Seeded faults of every kind in a day's rows and in what is accepted beside them, so that every rule has work.

A fault is a cell that takes the value of another row or of its list of codes, becomes negative, nought or larger, or a
moment that moves; a row that stands there twice or is gone; quantities that stand still; shortfalls. Values stay of
their type, as the readers leave them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.testbed.bench.day import FiledReport
from etl.context import ROWS_OF_DAYS
from etl.judged import krw_text
from expectations.catalogue import all_reports

if TYPE_CHECKING:
    from expectations.judge import FiledRows

_AT_MOST = 40
"""Cells of a column, and rows, that are spoilt in a file."""
_AT_LEAST = 30
"""Rows that a file has to hold for that; a shorter one is repeated."""

_MOVES_MINUTES = (-6000, -300, -45, -4, 4, 45, 300, 6000)
_EXACT = Context(prec=60)
_HALF = 0.5

_SPOILT_RELATIONS: Mapping[str, tuple[str, ...]] = {
    "volume_days": ("api_share", "largest_api_account_count"),
    "volume_markets": ("trade_value_krw", "api_trade_value_krw"),
    "key_days": ("opening_keys", "active_keys"),
    "key_action_days": ("key_count",),
    "surveillance_days": ("alert_count",),
    "actions": ("case_id", "whole_case", "risk_level", "stage", "outcome", "detected_at", "acted_at"),
    "current_halts": (
        *("scope", "target", "functions", "trigger", "mode"),
        *("detected_at", "halted_at", "resumed_at", "notice_at"),
    ),
    "reach": ("until",),
    "audit_shares": ("cold_share",),
    "alert_days": (),
    "audit_differences": ("ledger_ratio", "wallet_ratio"),
    "reconciliation_assets": ("covered_slot_count", "last_ledger_quantity"),
    "reconciled_assets": (),
}
"""Columns of the accepted figures in which faults are put; their keys stay what they are."""

_IDS = {"actions": "action_id", "current_halts": "halt_id"}
"""Relations of single things, that are repeated under other names."""

_CODES = {field.name: field.codes for report in all_reports().values() for field in report.every_field if field.codes}


def with_faults(reports: Sequence[FiledReport], seed: int) -> list[FiledReport]:
    """The reports with faults in every file and in the figures beside it; the same seed, the same faults."""
    random = np.random.default_rng(seed)
    checks = next(filed for filed in reports if filed.report.name == "reconciliation")
    shortfalls = _shortfalls(checks, random)
    return [_spoilt(filed, shortfalls, random) for filed in reports]


def _spoilt(filed: FiledReport, shortfalls: pa.Table, random: np.random.Generator) -> FiledReport:
    files = [_spoilt_file(one, filed, random) for one in filed.files]
    context = {}
    for name, given in filed.context.items():
        if name in ROWS_OF_DAYS:
            table = _rows_of(files, given.table.schema)
        elif name == "shortfalls":
            table = shortfalls
        elif name in _MADE:
            table = _MADE[name](files, given.table.schema)
        else:
            table = _spoilt_relation(name, given.table, filed, random)
        context[name] = replace(given, table=_for_the_judged(table, filed))
    return replace(filed, files=files, context=context)


def _rows_of(files: Sequence[FiledRows], schema: pa.Schema) -> pa.Table:
    """The rows of the files as a relation of rows of days."""
    parts = []
    for one in files:
        origin = {"submission": one.submission, "exchange": one.exchange, "day": one.period.first_day}
        columns = [
            pa.array([origin[name]] * one.table.num_rows, schema.field(name).type)
            if name in origin
            else one.table.column(name)
            for name in schema.names
        ]
        parts.append(pa.table(columns, schema=schema))
    return pa.concat_tables([schema.empty_table(), *parts]).unify_dictionaries()


def _for_the_judged(table: pa.Table, filed: FiledReport) -> pa.Table:
    """Rows of entities are for the file of their exchange."""
    if not {"judged", "exchange"} <= set(table.column_names):
        return table
    whose = {one.exchange: one.submission for one in filed.files}
    judged = pa.array([whose.get(exchange) for exchange in table["exchange"].to_pylist()], pa.string())
    return table.set_column(table.schema.get_field_index("judged"), "judged", judged)


def _few(count: int, random: np.random.Generator) -> int:
    return int(random.integers(1, min(_AT_MOST, 1 + count // 2) + 1))


# ------------------------------------------------------------------------------------------------- files


def _spoilt_file(one: FiledRows, filed: FiledReport, random: np.random.Generator) -> FiledRows:
    if not one.table.num_rows:
        return one
    table = _repeated(one.table)
    for field in filed.report.every_field:
        table = _with_faults(table, field.name, random)
    for chosen, change in _ALL_DAY.get(filed.report.name, ()):
        table = _all_day(table, filed.report.subject_field, chosen, change)
    table = _without_one(table, filed.report.subject_field, random)
    kept = np.sort(random.permutation(table.num_rows)[_few(table.num_rows, random) :])
    again = random.integers(0, table.num_rows, _few(table.num_rows, random))
    table = table.take(pa.array(np.concatenate([kept, again])))
    numbers = pa.array(np.arange(1, table.num_rows + 1))
    table = table.set_column(table.schema.get_field_index("source_row"), "source_row", numbers)
    totals = {name: text if random.random() < 0.7 else _other_total(random) for name, text in one.totals.items()}
    known = table["halt_id"].to_pylist()[:2] if "halt_id" in table.column_names else []
    return replace(one, table=table, totals=totals, already_filed=frozenset(known))


def _repeated(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table] * -(-_AT_LEAST // table.num_rows))


def _without_one(table: pa.Table, subject: str, random: np.random.Generator) -> pa.Table:
    """In every second file one asset, market or scope is not there at all."""
    left_out = table[subject][int(random.integers(0, table.num_rows))]
    others = table.filter(pc.not_equal(table[subject], left_out))
    return others if others.num_rows and random.random() < _HALF else table


def _all_day(
    table: pa.Table,
    subject: str,
    choose: Callable[[pa.ChunkedArray], pa.Scalar],
    change: Callable[[pa.Table], Mapping[str, pa.Array]],
) -> pa.Table:
    """Something that has to hold of one asset or market in every row of it."""
    chosen = pc.equal(table[subject], choose(table[subject]))
    for name, values in change(table.filter(chosen)).items():
        place = table.schema.get_field_index(name)
        column = pc.replace_with_mask(table[name].combine_chunks(), chosen.combine_chunks(), values)
        table = table.set_column(place, table.schema.field(place), column)
    return table


def _standing_still(rows: pa.Table) -> dict[str, pa.Array]:
    names = ("ledger_quantity", "wallet_quantity")
    return {name: pa.array([rows[name][0].as_py()] * rows.num_rows, rows[name].type) for name in names}


def _only_small_orders(rows: pa.Table) -> dict[str, pa.Array]:
    return {name: pa.array([50_000] * rows.num_rows) for name in ("api_order_count", "api_small_order_count")}


def _not_converted(rows: pa.Table) -> dict[str, pa.Array]:
    """Amounts of the quote currency, trade by trade."""
    markets = [market.partition("/")[0] + "/USDT" for market in rows["market"].to_pylist()]
    values = [Decimal(3 * count) for count in rows["trade_count"].to_pylist()]
    return {"market": pa.array(markets), "trade_value_krw": pa.array(values, rows["trade_value_krw"].type)}


def _following(rows: pa.Table) -> dict[str, pa.Array]:
    """A ledger that goes round through three values, and wallets with the same surplus each time."""
    ledgers = [Decimal(1000 + number % 3) for number in range(rows.num_rows)]
    names = {"ledger_quantity": ledgers, "wallet_quantity": [ledger + 1 for ledger in ledgers]}
    return {name: pa.array(values, rows[name].type) for name, values in names.items()}


_ALL_DAY = {
    "reconciliation": ((pc.max, _standing_still), (pc.min, _following)),
    "api_volume": ((pc.max, _only_small_orders), (pc.min, _not_converted)),
}


def _other_total(random: np.random.Generator) -> str | None:
    return [None, "n/a", "-1", "1,234.5"][int(random.integers(0, 4))]


# ---------------------------------------------------------------------------------------------- relations


def _spoilt_relation(name: str, table: pa.Table, filed: FiledReport, random: np.random.Generator) -> pa.Table:
    if name not in _SPOILT_RELATIONS or not table.num_rows:
        return table
    if name in _IDS:
        table = _many_things(_repeated(table), _IDS[name], filed)
    if name == "reconciliation_assets":
        table = pa.concat_tables([_moved_back(table, 1), table])
    if name == "reach" and filed.report.name == "halts":
        table = _with_reconciliation(table)
    if name == "reach" and filed.report.name == "key_actions":
        table = _moved(table, "until", "until", timedelta(days=20))
    if name == "actions":
        table = _moved(table, "acted_at", "cleared_before", timedelta(days=-3))
    if name == "alert_days":
        table = _silent(table)
    for column in _SPOILT_RELATIONS[name]:
        table = _with_faults(table, column, random)
    if name == "reach":  # terms that began before the one day that is stored are judged too
        place = table.schema.get_field_index("since")
        earlier = pc.subtract(table["since"], pa.scalar(timedelta(days=30), pa.duration("ms")))
        table = table.set_column(place, table.schema.field(place), earlier)
    return table.slice(0, table.num_rows - _few(table.num_rows, random))


def _moved_back(table: pa.Table, days: int) -> pa.Table:
    """The same figures as those of an earlier day."""
    place = table.schema.get_field_index("day")
    numbers = pc.subtract(table["day"].cast(pa.int32()), pa.scalar(days, pa.int32()))
    moved = table.set_column(place, table.schema.field(place), numbers.cast(pa.date32()))
    place = moved.schema.get_field_index("submission")
    return moved.set_column(place, moved.schema.field(place), pa.array(["before"] * moved.num_rows))


def _with_reconciliation(table: pa.Table) -> pa.Table:
    """As far as halts reach the reconciliation does too, which is read where a halt is for a mismatch."""
    place = table.schema.get_field_index("report")
    other = pa.array(["reconciliation"] * table.num_rows, table.schema.field(place).type)
    return pa.concat_tables([table, table.set_column(place, table.schema.field(place), other)])


def _moved(table: pa.Table, name: str, target: str, by: timedelta) -> pa.Table:
    """Moments of a column moved, as those of another or of the same."""
    place = table.schema.get_field_index(target)
    moments = pc.add(table[name], pa.scalar(by, pa.duration("ms")))
    return table.set_column(place, table.schema.field(place), moments)


def _halted_trades(files: Sequence[FiledRows], schema: pa.Schema) -> pa.Table:
    """Trades in two hours of a halt of each exchange."""
    rows = [
        {
            "judged": one.submission,
            "submission": one.submission,
            "exchange": one.exchange,
            "halt_id": f"{one.exchange}-halted",
            "market": "BTC/KRW",
            "hour_start": one.period.start + timedelta(hours=hour),
            "source_row": 1,
        }
        for one in files
        for hour in (9, 10)
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def _slot_shortfalls(files: Sequence[FiledRows], schema: pa.Schema) -> pa.Table:
    """A shortfall of all assets that reaches the limit in two slots and again in one."""
    rows = [
        {
            "judged": one.submission,
            "submission": one.submission,
            "exchange": one.exchange,
            "slot": one.period.start + timedelta(minutes=minutes),
            "lacking_at": one.period.start + timedelta(minutes=minutes + 1),
            "asset_count": 2,
            "shortfall_krw": Decimal(worth),
            "shortfall_krw_text": f"{worth}.00000000",
        }
        for one in files
        for minutes, worth in ((60, 1_000_000_000), (65, 2_000_000_000), (70, 999_999_999), (75, 5_000_000_000))
    ]
    return pa.Table.from_pylist(rows, schema=schema)


_MADE = {"halted_trades": _halted_trades, "slot_shortfalls": _slot_shortfalls}
"""Relations that a day without faults leaves empty."""


def _silent(table: pa.Table) -> pa.Table:
    """The first exchange without an alert for the last fourteen days."""
    last = pc.subtract(pc.max(table["day"]).cast(pa.int32()), pa.scalar(14, pa.int32()))
    chosen = pc.and_(
        pc.equal(table["exchange"], pc.min(table["exchange"])), pc.greater(table["day"].cast(pa.int32()), last)
    )
    place = table.schema.get_field_index("alert_count")
    none = pa.scalar(0, table.schema.field(place).type)
    return table.set_column(place, table.schema.field(place), pc.if_else(chosen, none, table["alert_count"]))


def _many_things(table: pa.Table, id_column: str, filed: FiledReport) -> pa.Table:
    """Each thing under an id of its own, and all of them in the files under judgement."""
    whose = {one.exchange: one.submission for one in filed.files}
    numbers = pa.array([str(number) for number in range(table.num_rows)])
    columns = {
        id_column: pc.binary_join_element_wise(table[id_column].combine_chunks(), numbers, "-"),
        "submission": pa.array([whose[exchange] for exchange in table["exchange"].to_pylist()]),
    }
    for name, column in columns.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(place), column)
    return table


def _shortfalls(checks: FiledReport, random: np.random.Generator) -> pa.Table:
    """A few episodes of three checks each, of sizes below and above every limit, some without an end."""
    rows: list[dict[str, Any]] = []
    for one in checks.files:
        for place in random.integers(0, one.table.num_rows, 6):
            rows += _episode(one, one.table.slice(int(place), 1).to_pylist()[0], random)
    return pa.Table.from_pylist(rows, schema=checks.context["shortfalls"].table.schema)


def _episode(one: FiledRows, check: dict[str, Any], random: np.random.Generator) -> list[dict[str, Any]]:
    ratio = Decimal(str(random.choice(["0.0001", "0.01", "0.2"])))
    missing = _EXACT.multiply(check["ledger_quantity"], ratio).quantize(Decimal("1E-18"), context=_EXACT)
    start = check["checked_at"]
    worth = _EXACT.multiply(missing, check["price_krw"])
    episode = {
        **check,
        "submission": one.submission,
        "exchange": one.exchange,
        "episode_start": start,
        "episode_end": start + timedelta(minutes=15) if random.random() < 0.7 else None,
        "wallet_quantity": _EXACT.subtract(check["ledger_quantity"], missing),
        "shortfall_quantity": missing,
        "shortfall_krw": worth.quantize(Decimal("1E-8"), context=_EXACT),
        "shortfall_krw_text": krw_text(worth),
        "shortfall_ratio": ratio,
    }
    return [{**episode, "checked_at": start + timedelta(minutes=5 * number)} for number in range(3)]


# ------------------------------------------------------------------------------------------------- cells


def _with_faults(table: pa.Table, name: str, random: np.random.Generator) -> pa.Table:
    place = table.schema.get_field_index(name)
    column = table.column(place).combine_chunks()
    others = np.arange(len(column))
    others[_some(len(column), random)] = random.integers(0, len(column))
    column = column.take(pa.array(others))
    for fault in _faults(column, name, random):
        chosen = np.zeros(len(column), dtype=bool)
        chosen[_some(len(column), random)] = True
        column = pc.if_else(pa.array(chosen), fault.cast(column.type, safe=False), column)
    return table.set_column(place, table.schema.field(place), column)


def _some(count: int, random: np.random.Generator) -> np.ndarray:
    return random.integers(0, count, _few(count, random))


def _faults(column: pa.Array, name: str, random: np.random.Generator) -> list[pa.Array]:
    """What each cell of the column might be instead, one array a kind of fault."""
    count = len(column)
    if name in _CODES:
        return [pa.array(random.choice(_CODES[name], count))]
    if pa.types.is_timestamp(column.type):
        moves = pa.array(random.choice(_MOVES_MINUTES, count) * 60_000, pa.duration("ms"))
        return [pc.add(column, moves), pa.nulls(count, column.type)] if column.null_count else [pc.add(column, moves)]
    if pa.types.is_decimal(column.type):
        wide = column.cast(pa.decimal256(60, column.type.scale))
        more = [pc.add(wide, pa.scalar(Decimal(number), pa.decimal256(3, 2))) for number in ("0.01", "0.50")]
        return [pc.negate(column), *more]
    if pa.types.is_integer(column.type):
        return [pc.negate(column), pc.add(column, pa.array(random.integers(0, 200, count)))]
    return []

"""What rules read beside a submission's own rows: every relation of the accepted data, and whom a change of it touches.

A rule declares the relations that it reads (`reads`) and sees no more of them than that: figures of some days about
its own, of its exchange or of every one, whose rows carry `exchange` and `day`; or whole entities (`etl/entities.py`),
whose rows carry `judged`, the submission that they were read for. Relations are Arrow tables under the names that the
rules' queries use. What a change touches follows from the same declarations (`etl/affected.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import BigInteger, RowMapping, Table, select, type_coerce

from etl import entities
from etl.exchanges import all_exchanges
from etl.judged import INSTANT, JUDGED, KRW, ORIGIN, QUANTITY, SHARE, WHOLE, Judged, Read, arrow_table, in_force, share
from etl.normalise import arrow_schema
from etl.records import submissions as life
from etl.records import tables as t
from etl.records.submissions import Submission
from etl.records.types import kst_day_number
from etl.regions import Stretch
from expectations.catalogue import report
from expectations.judge import ContextTable, FiledRows, Whose
from expectations.vocabulary import KST, READERS_VERB, Rule, State

_DAY = timedelta(days=1)
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation that a rule may declare: what makes it, and whose reports its rows come from.

    `reports` are those that a change must be of to touch who reads it; empty, those of the rule itself and those that
    it needs. `is_of_entities`: what is read stretches as far as cases, episodes or halts do, not over declared days.
    """

    make: Callable[[Judged, int, int], Read]
    reports: tuple[str, ...]
    whose: Whose = Whose.OWN
    is_of_entities: bool = False
    by_rules: tuple[str, ...] = ()
    """Rules by which the book decides what the relation holds, for whatever rule reads it."""


@dataclass(frozen=True, slots=True)
class Readings:
    """Every relation that rules read of the accepted data, by its name, and the stretches read for each submission."""

    tables: Mapping[str, ContextTable]
    stretches: Mapping[str, Sequence[Stretch]]


def relations(judged: Judged, rules: Sequence[Rule]) -> Readings:
    """Every relation that the rules read, by its name."""
    windows: dict[str, tuple[int, int]] = {}
    for rule in rules:
        for name, (first, last) in rule.reads.items():
            low, high = windows.get(name, (first, last))
            windows[name] = (min(low, first), max(high, last))
    tables: dict[str, ContextTable] = {}
    stretches: dict[str, list[Stretch]] = defaultdict(list)
    for name, window in windows.items():
        read = RELATIONS[name].make(judged, *window)
        tables[name] = ContextTable(read.table, RELATIONS[name].whose)
        for submission, some in read.stretches.items():
            stretches[submission] += some
    return Readings(tables, stretches)


def is_about_rows(rule: Rule) -> bool:
    """True where a rule speaks of nothing but the file's own rows, and of the entities that they are a part of."""
    return rule.type != READERS_VERB and all(RELATIONS[name].is_of_entities for name in rule.reads)


def read_counts(
    tables: Mapping[str, ContextTable], rules: Sequence[Rule], files: Sequence[FiledRows]
) -> dict[tuple[str, str], int]:
    """How many rows of what is accepted each rule sees for each file, by rule and submission; nothing is read for it.

    A rule sees of a relation what `judge_files` shows it: the same days, exchanges and reports.
    """
    counted = {name: _counted(tables[name].table) for rule in rules for name in rule.reads}
    return {
        (rule.id, file.submission): sum(
            sum(counted[name].get(key, 0) for key in _seen_keys(rule, file, tables[name], *window))
            for name, window in rule.reads.items()
        )
        for rule in rules
        for file in files
    }


_ORIGIN_NAMES = ("exchange", "day", "report")


def _counted(table: pa.Table) -> dict[tuple[Any, ...], int]:
    """Numbers of rows, by the submission that they are for, or by exchange and day, and report where there is one."""
    names = table.column_names
    keys = [JUDGED[0]] if JUDGED[0] in names else [name for name in _ORIGIN_NAMES if name in names]
    counts = table.group_by(keys).aggregate([([], "count_all")])
    columns = [counts.column(name).to_pylist() for name in (*keys, "count_all")]
    return {tuple(key): count for *key, count in zip(*columns, strict=True)}


def _seen_keys(rule: Rule, file: FiledRows, given: ContextTable, first: int, last: int) -> Iterator[tuple[Any, ...]]:
    """What a rule sees of a relation for a file, as keys of `_counted`."""
    names = given.table.column_names
    if JUDGED[0] in names:
        yield (file.submission,)
        return
    reports = [(name,) for name in (str(rule.report), *rule.needs)] if "report" in names else [()]
    begin, end = file.period.first_day + first * _DAY, file.period.last_day + last * _DAY
    days = [begin + number * _DAY for number in range((end - begin).days + 1)]
    exchanges = tuple(all_exchanges()) if given.whose is Whose.EVERY else (file.exchange,)
    yield from ((exchange, day, *report) for exchange in exchanges for day in days for report in reports)


# ---------------------------------------------------------------------------------------- daily figures


def _figures(judged: Judged, table: Table, first: int, last: int) -> list[RowMapping]:
    low, high = judged.window(first, last)
    query = in_force(table).where(table.c.exchange.in_(judged.exchanges), table.c.day.between(low, high))
    return list(judged.connection.execute(query).mappings())


def _volume_days(judged: Judged, first: int, last: int) -> Read:
    rows = _figures(judged, t.volume_days, first, last)
    shared = [{**row, "api_share": share(row["api_trade_value_krw"], row["trade_value_krw"])} for row in rows]
    values = [("trade_value_krw", KRW), ("api_trade_value_krw", KRW), ("api_share", SHARE)]
    most = [("largest_account_hour", INSTANT), ("largest_account_market", pa.string())]
    return Read(arrow_table(shared, [*ORIGIN, *values, ("largest_api_account_count", pa.int64()), *most]))


def _volume_markets(judged: Judged, first: int, last: int) -> Read:
    columns = [*ORIGIN, ("market", pa.string()), ("trade_value_krw", KRW), ("api_trade_value_krw", KRW)]
    return Read(arrow_table(_figures(judged, t.volume_markets, first, last), columns))


def _key_days(judged: Judged, first: int, last: int) -> Read:
    counts = [(c.name, pa.int64()) for c in t.key_days.c if c.name not in ("submission", "exchange", "day", "scope")]
    return Read(arrow_table(_figures(judged, t.key_days, first, last), [*ORIGIN, ("scope", pa.string()), *counts]))


def _key_action_days(judged: Judged, first: int, last: int) -> Read:
    keys: dict[tuple[str, str, date, str], set[str]] = {}
    for row in _figures(judged, t.key_actions, first, last):
        keys.setdefault((row["submission"], row["exchange"], row["day"], row["stage"]), set()).add(row["key_ref"])
    names = ("submission", "exchange", "day", "stage")
    rows = [{**dict(zip(names, key, strict=True)), "key_count": len(refs)} for key, refs in keys.items()]
    return Read(arrow_table(rows, [*ORIGIN, ("stage", pa.string()), ("key_count", pa.int64())]))


def _reconciliation_assets(judged: Judged, first: int, last: int) -> Read:
    counts = [(name, pa.int64()) for name in ("check_count", "covered_slot_count")]
    latest = [("last_checked_at", INSTANT), ("last_ledger_quantity", QUANTITY)]
    columns = [*ORIGIN, ("asset", pa.string()), *counts, *latest]
    return Read(arrow_table(_figures(judged, t.reconciliation_assets, first, last), columns))


def _surveillance_days(judged: Judged, first: int, last: int) -> Read:
    columns = [*ORIGIN, ("pattern", pa.string()), ("alert_count", WHOLE)]
    return Read(arrow_table(_figures(judged, t.surveillance_days, first, last), columns))


def _alert_days(judged: Judged, first: int, last: int) -> Read:
    """Every day for which surveillance was filed, with its alerts over all patterns: 0 where it was filed as nil."""
    low, high = judged.window(first, last)
    c = t.submissions.c
    query = select(c.id, c.exchange, type_coerce(c.period_start, BigInteger)).where(
        c.state == State.ACCEPTED.value,
        c.report == "surveillance",
        c.exchange.in_(judged.exchanges),
        c.period_start >= datetime.combine(low, datetime.min.time(), KST),
        c.period_start < datetime.combine(high + _DAY, datetime.min.time(), KST),
    )
    alerts: dict[str, int] = {}
    for row in _figures(judged, t.surveillance_days, first, last):
        alerts[row["submission"]] = alerts.get(row["submission"], 0) + row["alert_count"]
    rows = [
        {
            "submission": number,
            "exchange": exchange,
            "day": _EPOCH + kst_day_number(start) * _DAY,
            "alert_count": Decimal(alerts.get(number, 0)),
        }
        for number, exchange, start in judged.connection.execute(query)
    ]
    return Read(arrow_table(rows, [*ORIGIN, ("alert_count", WHOLE)]))


# --------------------------------------------------------------------------------------- what is accepted


def _accepted(judged: Judged, first: int, last: int) -> Read:
    low, high = judged.window(first, last)
    c = t.submissions.c
    columns = (
        c.id,
        c.exchange,
        c.report,
        c.period,
        *(type_coerce(at, BigInteger) for at in (c.period_start, c.period_end)),
    )
    query = select(*columns).where(
        c.state == State.ACCEPTED.value,
        c.exchange.in_(judged.exchanges),
        c.period_start >= datetime.combine(low, datetime.min.time(), KST),
        c.period_start < datetime.combine(high + _DAY, datetime.min.time(), KST),
    )
    found = judged.connection.execute(query).all()
    ids, exchanges, reports, periods, starts, ends = zip(*found, strict=True) if found else ((),) * 6
    days = [kst_day_number(start) for start in starts]
    table = pa.table(
        {
            "submission": pa.array(ids, pa.string()),
            "exchange": pa.array(exchanges, pa.string()),
            "day": pa.array(days, pa.int32()).cast(pa.date32()),
            "report": pa.array(reports, pa.string()),
            "period": pa.array(periods, pa.string()),
            "period_start": pa.array(starts, pa.int64()).cast(INSTANT),
            "period_end": pa.array(ends, pa.int64()).cast(INSTANT),
        }
    )
    return Read(table)


_CHECK_COLUMNS = ("asset", "checked_at", "ledger_quantity", "wallet_quantity", "price_krw")


def _checks(judged: Judged, exchanges: Sequence[str], first: int, last: int) -> Read:
    """The accepted reconciliation checks of some exchanges in the days about the judged ones, as they were filed."""
    low, high = judged.window(first, last)
    c = t.submissions.c
    query = (
        select(c.id)
        .where(
            c.state == State.ACCEPTED.value,
            c.report == "reconciliation",
            c.exchange.in_(exchanges),
            c.period_start < datetime.combine(high + _DAY, datetime.min.time(), KST),
            c.period_end > datetime.combine(low, datetime.min.time(), KST),
        )
        .order_by(c.exchange, c.period_start)
    )
    found = [life.by_id(judged.connection, id_) for id_ in judged.connection.execute(query).scalars()]
    parts = [_checks_of(judged, one) for one in found if one is not None]
    schema = pa.schema(
        [
            ("submission", pa.dictionary(pa.int32(), pa.string())),
            ("exchange", pa.dictionary(pa.int32(), pa.string())),
            ("day", pa.date32()),
            *(arrow_schema(report("reconciliation")).field(name) for name in _CHECK_COLUMNS),
        ]
    )
    return Read(pa.concat_tables([schema.empty_table(), *parts]).unify_dictionaries())


def _checks_of(judged: Judged, submission: Submission) -> pa.Table:
    """The checks of one file, from the rows that are read already where it is judged itself."""
    table = judged.rows.get(submission.id)
    if table is None:
        table = judged.facts.rows_of(life.fact_files([submission])[0], [*_CHECK_COLUMNS])
    count = table.num_rows
    return pa.table(
        {
            "submission": _repeated(submission.id, count),
            "exchange": _repeated(submission.exchange, count),
            "day": pa.repeat(pa.scalar(submission.period.first_day, pa.date32()), count),
            **{name: table.column(name) for name in _CHECK_COLUMNS},
        }
    )


def _repeated(value: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), count), [value])


def _day_checks(judged: Judged, first: int, last: int) -> Read:
    return _checks(judged, judged.exchanges, first, last)


def _peer_checks(judged: Judged, first: int, last: int) -> Read:
    return _checks(judged, tuple(all_exchanges()), first, last)


def _reconciled_assets(judged: Judged, first: int, last: int) -> Read:
    """The assets that were reconciled in each judged month."""
    rows = []
    table = t.reconciliation_assets
    for submission in judged.submissions:
        query = (
            select(table.c.asset)
            .distinct()
            .join(t.submissions, t.submissions.c.id == table.c.submission)
            .where(
                t.submissions.c.state == State.ACCEPTED.value,
                table.c.exchange == submission.exchange,
                table.c.day.between(
                    submission.period.first_day + first * _DAY, submission.period.last_day + last * _DAY
                ),
            )
        )
        for asset in judged.connection.execute(query).scalars():
            rows.append({"judged": submission.id, "asset": asset})
    return Read(arrow_table(rows, [JUDGED, ("asset", pa.string())]))


RELATIONS: Mapping[str, Relation] = {
    "accepted": Relation(_accepted, ()),
    "volume_days": Relation(_volume_days, ("api_volume",)),
    "volume_markets": Relation(_volume_markets, ("api_volume",)),
    "key_days": Relation(_key_days, ("api_keys",)),
    "key_action_days": Relation(_key_action_days, ("key_actions",)),
    "reconciliation_assets": Relation(_reconciliation_assets, ("reconciliation",)),
    "reconciled_assets": Relation(_reconciled_assets, ("reconciliation",)),
    "day_checks": Relation(_day_checks, ("reconciliation",)),
    "peer_checks": Relation(_peer_checks, ("reconciliation",), Whose.EVERY),
    "surveillance_days": Relation(_surveillance_days, ("surveillance",)),
    "alert_days": Relation(_alert_days, ("surveillance",)),
    "audit_shares": Relation(entities.audit_shares, ("audits",)),
    "actions": Relation(entities.actions, ("key_actions",), is_of_entities=True, by_rules=(entities.SAME_CASE,)),
    "reach": Relation(entities.reach, (), is_of_entities=True),
    "shortfalls": Relation(entities.shortfalls, ("reconciliation",), is_of_entities=True),
    "current_halts": Relation(entities.current_halts_read, ("halts",), is_of_entities=True),
    "slot_shortfalls": Relation(entities.slot_shortfalls, ("reconciliation",), is_of_entities=True),
    "halted_trades": Relation(entities.halted_trades, ("api_volume",), is_of_entities=True),
    "audit_differences": Relation(entities.audit_differences, ("reconciliation",), is_of_entities=True),
}
"""Every relation that a rule may declare in `reads`."""

ROWS_OF_DAYS = frozenset({"day_checks", "peer_checks"})
"""The relations that are read from the rows themselves, not from figures of them."""

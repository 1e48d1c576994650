"""One question: these rows under these rules → findings.

Many files of one report are judged in one batch. The conditions of the rules may name two relations: `rows`, the
canonical columns of all days plus `submission`, `source_row`, `exchange`, `at` (the period field as an instant),
`period_start`, `period_end`, `day` and `already_filed`; and `submissions`, one record a file, with or without rows;
both also hold the thresholds in force, by name; `rule_dates` has the first day on which each `rule` holds (`since`).
Instants are TIMESTAMP in UTC. A finding of a day before its rule holds is none, unless the query says that it
lasts into its time (`lasts_until`, a day; 2.8). What the query says `awaits_data` of (true) is no finding yet: the data
that is accepted does not reach its deadline. A rule that crashes is our error, never a finding (great_expectations
reports it as a failure without result). A rule that names a column which its report does not have on the day of a file
finds nothing of that file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import duckdb
import pyarrow as pa
from great_expectations import ExpectationSuite
from great_expectations.core import ExpectationValidationResult
from great_expectations.core.batch import Batch
from great_expectations.validator.validator import Validator

from expectations.engine import DuckDBBatchData, DuckDBExecutionEngine
from expectations.verbs import CELLS_VERB, READERS_VERB, row_predicates, unique_key_query
from expectations.vocabulary import Finding, Period, Report, Rule, ValueType

_AT_KST_MIDNIGHT = {
    ValueType.INSTANT: "{column}",
    ValueType.DATE: "{column}::TIMESTAMP - INTERVAL 9 HOUR",
    ValueType.MONTH: "({column} || '-01')::DATE::TIMESTAMP - INTERVAL 9 HOUR",
}


_NO_TOTALS = pa.table(
    {
        **{name: pa.array([], pa.string()) for name in ("submission", "column", "reported_text")},
        **{name: pa.array([], pa.decimal128(38, 8)) for name in ("reported", "total")},
    }
)


class Whose(StrEnum):
    """Whose rows of days a rule sees of a relation."""

    OWN = "own"
    """Those of the exchange whose submission is judged; each row carries that submission as `judged`."""
    EVERY = "every"
    """Those of every exchange on the days judged."""
    GIVEN = "given"
    """All that is given."""


@dataclass(frozen=True, slots=True)
class ContextTable:
    """A relation that rules read beside the rows under judgement.

    Rows carry `exchange` and `day`, or `judged`, the submission that they are for; of `GIVEN` ones nothing is asked.
    """

    table: pa.Table
    whose: Whose = Whose.OWN


class RuleCrashedError(RuntimeError):
    """A rule could not be evaluated: our error. `rules` are their ids, `detail` what the engine said."""

    def __init__(self, rules: Sequence[str], detail: str) -> None:
        """Name the rules first."""
        super().__init__(f"{', '.join(rules)} could not be evaluated: {detail}")
        self.rules, self.detail = tuple(rules), detail


@dataclass(frozen=True, slots=True)
class FiledRows:
    """The canonical rows of one submission with what rules need to know of it.

    `table` has the columns of all days, null where the submission's day did not have them.
    `totals` are its reported totals by canonical column; `already_filed` the halt ids that earlier accepted files
    hold (specification 2.5); `parameters` the thresholds in force on its day, each a column of `submissions` and of
    `rows`.
    """

    submission: str
    exchange: str
    period: Period
    table: pa.Table
    totals: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    already_filed: frozenset[str] = frozenset()
    parameters: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


class _QuietValidator(Validator):
    """Great Expectations' validator without its progress bars."""

    def _determine_progress_bars(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Answers:
    """What rules say of submissions.

    `found` are the findings of each submission by its id, columns in canonical names. `awaiting` are the rules, each
    with a submission, that have something to judge of it for which accepted data does not reach far enough yet.
    """

    found: dict[str, list[Finding]]
    awaiting: set[tuple[str, str]] = field(default_factory=set)


def judge_files(
    report: Report,
    files: Sequence[FiledRows],
    rules: Sequence[Rule],
    *,
    context: Mapping[str, ContextTable] = MappingProxyType({}),
    as_if_in_force: bool = False,
) -> dict[str, list[Finding]]:
    """What `ask_rules` finds."""
    return ask_rules(report, files, rules, context=context, as_if_in_force=as_if_in_force).found


def ask_rules(
    report: Report,
    files: Sequence[FiledRows],
    rules: Sequence[Rule],
    *,
    context: Mapping[str, ContextTable] = MappingProxyType({}),
    as_if_in_force: bool = False,
) -> Answers:
    """What rules say of each submission.

    `context` are further relations, of which each rule sees what it declares to read (`reads`). `rules` that the reader
    judges are passed over; findings of a rule on a day before it was in force are none, unless `as_if_in_force`;
    findings of other submissions are left out.
    Raises RuleCrashedError where a rule cannot be evaluated.
    """
    judged = [rule for rule in rules if rule.type != READERS_VERB]
    answers = Answers({file.submission: [] for file in files})
    days = {file.submission: file.period.first_day for file in files}
    dated_names = report.dated_names
    if not files or not judged:
        return answers
    with _database(os.getpid()).cursor() as connection:
        _set_the_table(connection, report, files)
        connection.register("rule_dates", _rule_dates(judged, as_if_in_force=as_if_in_force))
        for name, given in context.items():
            connection.register(_GIVEN + name, _without_zones(given.table))
        for rule, result in zip(judged, _validate(connection, report, judged, context), strict=True):
            dated = _named(rule, dated_names)
            for record in result:
                submission = record["submission"]
                if submission not in answers.found:
                    continue
                if not rule.is_in_force(record.get("lasts_until") or days[submission], as_if_in_force=as_if_in_force):
                    continue
                if dated and not _are_there(rule, dated, record.get("column"), report.on(days[submission])):
                    continue
                if record.get("awaits_data"):
                    answers.awaiting.add((rule.id, submission))
                else:
                    answers.found[submission].append(_finding(rule, record))
    return answers


def without_columns(rules: Sequence[Rule], report: Report, day: date) -> frozenset[str]:
    """The rules that find nothing of a file of that day, because the report did not have their columns then."""
    names = report.dated_names
    if not names:
        return frozenset()
    shape = report.on(day)
    asked = [(rule, _named(rule, names)) for rule in rules if rule.type != CELLS_VERB]
    return frozenset(rule.id for rule, dated in asked if dated and not _are_there(rule, dated, None, shape))


def _rule_dates(rules: Sequence[Rule], *, as_if_in_force: bool) -> pa.Table:
    """The first day on which each rule holds: the first of all days where it always does."""
    always = [rule.is_in_force(date.min, as_if_in_force=as_if_in_force) for rule in rules]
    since = [date.min if holds else rule.effective_from for rule, holds in zip(rules, always, strict=True)]
    return pa.table({"rule": [rule.id for rule in rules], "since": pa.array(since, pa.date32())})


def _named(rule: Rule, names: frozenset[str]) -> frozenset[str]:
    """The columns among `names` that a rule names."""
    return frozenset(name for name in names if re.search(rf"\b{name}\b", str(rule.kwargs)))


def _are_there(rule: Rule, dated: frozenset[str], column: str | None, shape: Report) -> bool:
    """True where a day has every column that the rule names; a rule about cells asks that of each `column` alone."""
    asked = dated & {column} if rule.type == CELLS_VERB else dated
    return asked <= frozenset(shape.field_names)


@cache
def _database(_process: int) -> duckdb.DuckDBPyConnection:
    """An empty database of this process: opening one takes longer than judging a small report.

    Each judgement has a connection of its own, and all that it sets up is temporary there. A rule's query sees the
    relations that it is given and nothing else: no file, no network, no variable of this program.
    """
    closed = {"enable_external_access": False, "python_enable_replacements": False}
    return duckdb.connect(config={"threads": os.cpu_count() or 1, **closed})


_GIVEN = "given_"
"""What a relation of the context is registered under: a rule's query sees only what stands before it."""


def _restricted(rule: Rule, context: Mapping[str, ContextTable]) -> str:
    """The rule's query behind the relations that it declares, each cut to what it declares to read of it."""
    seen = [
        f"{name} AS ({_seen(name, context[name], first, last, (str(rule.report), *rule.needs))})"
        for name, (first, last) in rule.reads.items()
        if name in context
    ]
    query: str = rule.kwargs["query"]
    return f"WITH {', '.join(seen)}\n{_RULE_QUERY.format(query)}" if seen else query


_RULE_QUERY = "SELECT * FROM (\n{}\n)"


def _seen(name: str, given: ContextTable, first: int, last: int, reports: Sequence[str]) -> str:
    """SQL for what a rule sees of a relation; of what is accepted, its own report and those that it needs."""
    if given.whose is Whose.GIVEN or "judged" in given.table.column_names:
        return f"FROM {_GIVEN}{name}"
    near = f"g.day BETWEEN s.day + ({first}) AND s.last_day + ({last})"
    if given.whose is Whose.EVERY:
        return f"SELECT g.* FROM {_GIVEN}{name} AS g WHERE EXISTS (FROM submissions AS s WHERE {near})"
    named = ", ".join(f"'{report}'" for report in reports)
    of_reports = f" AND g.report IN ({named})" if "report" in given.table.column_names else ""
    return f"""SELECT s.submission AS judged, g.* FROM {_GIVEN}{name} AS g
        JOIN submissions AS s ON g.exchange = s.exchange AND {near}{of_reports}"""


def expectation(
    rule: Rule, report: Report, context: Mapping[str, ContextTable] = MappingProxyType({})
) -> dict[str, Any]:
    """The rule's record as Great Expectations takes it, completed with what the report knows and what it may read."""
    kwargs = dict(rule.kwargs)
    if rule.reads and "query" in kwargs:
        kwargs["query"] = _restricted(rule, context)
    if rule.type == "expect_key_to_be_unique":
        instants = [f.name for f in report.every_field if f.type is ValueType.INSTANT]
        kwargs["query"] = unique_key_query(kwargs["key"], kwargs["subject"], instants)
    return {"type": rule.type, "kwargs": kwargs, "severity": rule.severity.value, "meta": {"id": rule.id}}


def _validate(
    connection: duckdb.DuckDBPyConnection,
    report: Report,
    rules: Sequence[Rule],
    context: Mapping[str, ContextTable],
) -> list[list[dict[str, Any]]]:
    predicates = list(dict.fromkeys(p for rule in rules for p in row_predicates(rule.type, rule.kwargs)))
    suite = ExpectationSuite(name=report.name, expectations=[expectation(rule, report, context) for rule in rules])
    engine = DuckDBExecutionEngine()
    data: Any = DuckDBBatchData(engine, connection, predicates)
    batch = Batch(data=data)
    validator = _QuietValidator(execution_engine=engine, batches=[batch])
    results = validator.graph_validate(
        configurations=suite.expectation_configurations,
        runtime_configuration={"result_format": {"result_format": "COMPLETE"}, "catch_exceptions": True},
    )
    by_id = {_rule_id(result): result for result in results}
    crashed = {id_: r.exception_info for id_, r in by_id.items() if "findings" not in (r.result or {})}
    if crashed:
        raise RuleCrashedError(tuple(crashed), str(next(iter(crashed.values())))[:2000])
    return [by_id[rule.id].result["findings"] for rule in rules]


def _rule_id(result: ExpectationValidationResult) -> str:
    if result.expectation_config is None:
        raise RuleCrashedError(("?",), "a result came back without its rule")
    return str((result.expectation_config.meta or {})["id"])


def _finding(rule: Rule, record: Mapping[str, Any]) -> Finding:
    return Finding(
        rule.id,
        row=record.get("source_row"),
        column=record.get("column"),
        subject=record.get("subject"),
        start=_instant(record.get("start")),
        end=_instant(record.get("end")),
        found=record.get("found"),
        expected=record.get("expected"),
        reason=record.get("reason"),
    )


def _instant(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def _set_the_table(connection: duckdb.DuckDBPyConnection, report: Report, files: Sequence[FiledRows]) -> None:
    """Put the relations in place that the rules may name."""
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("filed_rows", _joined(files))
    connection.register("filed_submissions", _submissions(report, files))
    connection.register("known_halts", _known_halts(files))
    connection.execute("CREATE TEMP VIEW submissions AS SELECT * FROM filed_submissions")
    at = _AT_KST_MIDNIGHT[report.field(report.period_field).type].format(column=f"r.{report.period_field}")
    already = "EXISTS (FROM known_halts k WHERE k.submission = r.submission AND k.halt_id = r.halt_id)"
    connection.execute(
        f"""CREATE TEMP VIEW rows AS SELECT r.*, s.* EXCLUDE (submission, report, last_day), {at} AS "at",
            {already if report.name == "halts" else "false"} AS already_filed
            FROM filed_rows r JOIN filed_submissions s USING (submission)"""
    )
    _set_totals(connection, report, files)


def _joined(files: Sequence[FiledRows]) -> pa.Table:
    """All rows with the id of their submission, instants as UTC without zone."""
    tables = []
    for file in files:
        ids = pa.DictionaryArray.from_arrays(
            pa.array([0], pa.int32()).take(pa.array([0] * file.table.num_rows, pa.int32())), [file.submission]
        )
        tables.append(file.table.append_column("submission", ids))
    return _without_zones(pa.concat_tables(tables).unify_dictionaries())


def _without_zones(table: pa.Table) -> pa.Table:
    """Instants as UTC without zone, in microseconds."""
    for place, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            values = table.column(place).cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
            table = table.set_column(place, column.name, values)
    return table


def _submissions(report: Report, files: Sequence[FiledRows]) -> pa.Table:
    return pa.table(
        {
            "submission": [file.submission for file in files],
            "exchange": [file.exchange for file in files],
            "report": [report.name for _ in files],
            "period": [file.period.text for file in files],
            "period_start": _utc([file.period.start for file in files]),
            "period_end": _utc([file.period.end for file in files]),
            "day": pa.array([file.period.first_day for file in files], pa.date32()),
            "last_day": pa.array([file.period.last_day for file in files], pa.date32()),
            **{name: _threshold([file.parameters.get(name) for file in files]) for name in _thresholds(files)},
        }
    )


def _thresholds(files: Sequence[FiledRows]) -> list[str]:
    return list(dict.fromkeys(name for file in files for name in file.parameters))


def _threshold(values: Sequence[Any]) -> pa.Array:
    return pa.array([None if value is None else Decimal(value) for value in values], pa.decimal128(18, 8))


def _utc(instants: Sequence[Any]) -> pa.Array:
    return pa.array(instants, pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))


def _known_halts(files: Sequence[FiledRows]) -> pa.Table:
    pairs = [(file.submission, halt) for file in files for halt in sorted(file.already_filed)]
    return pa.table(
        {
            "submission": pa.array([pair[0] for pair in pairs], pa.string()),
            "halt_id": pa.array([pair[1] for pair in pairs], pa.string()),
        }
    )


def _set_totals(connection: duckdb.DuckDBPyConnection, report: Report, files: Sequence[FiledRows]) -> None:
    """`column_totals`: what the file reports of its own sums beside what its rows sum to (SUB-009)."""
    reported = [(file.submission, name, text) for file in files for name, text in file.totals.items()]
    summed = [f.name for f in report.every_field if f.type in (ValueType.KRW, ValueType.COUNT)]
    if not reported or not summed:
        connection.register("column_totals", _NO_TOTALS)
        return
    names = ("submission", "column", "reported_text")
    columns = (pa.array([record[place] for record in reported], pa.string()) for place in range(len(names)))
    connection.register("reported_totals", pa.table(dict(zip(names, columns, strict=True))))
    sums = ", ".join(f"sum({name}::DECIMAL(38,8)) AS {name}" for name in summed)
    connection.execute(
        f"""CREATE TEMP VIEW column_totals AS SELECT t.submission, t."column", t.reported_text,
            CASE WHEN regexp_full_match(t.reported_text, '-?([0-9]{{1,3}}(,[0-9]{{3}})+|[0-9]+)([.][0-9]{{1,8}}0*)?')
                THEN try_cast(replace(t.reported_text, ',', '') AS DECIMAL(38,8)) END AS reported, s.total
            FROM reported_totals t JOIN (
                UNPIVOT (SELECT submission, {sums} FROM filed_rows GROUP BY submission)
                ON {", ".join(summed)} INTO NAME "column" VALUE total
            ) s USING (submission, "column")"""
    )

"""The verbs of the rule book: the few Great Expectations classes that all rules are written with.

`expect_no_row_where` and `expect_no_cell_where` share one pass over the batch: every predicate of a suite becomes one
bit of a mask, and only rows with a bit set leave DuckDB. `expect_key_to_be_unique` and `expect_no_findings_from` run a
query of their own. Every result carries its findings, each with submission, subject, row, column, found and
expected; see `expectations.judge` for the relations that conditions may name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pyarrow as pa
from great_expectations.core.metric_function_types import MetricFunctionTypes
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from expectations.engine import DuckDBExecutionEngine

FINDING_COLUMNS = ("submission", "subject", "source_row", "column", "start", "end", "found", "expected")
_OFFENDING = "offending"


class OffendingRows(TableMetricProvider):
    """Rows that break at least one of `predicates`, with a bit mask of which: one pass over the batch."""

    metric_name = "daxa.offending_rows"
    value_keys = ("predicates",)

    @metric_value(engine=DuckDBExecutionEngine, metric_fn_type=MetricFunctionTypes.VALUE)
    def _duckdb(
        cls,  # noqa: N805 — Great Expectations calls it as a class method
        execution_engine: DuckDBExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> pa.Table:
        """Arrow table of `rows` with `mask` (int64), where it is not 0."""
        bits = " | ".join(
            f"(coalesce(({predicate}), false)::BIGINT << {place})"
            for place, predicate in enumerate(metric_value_kwargs["predicates"])
        )
        query = f"SELECT * FROM (SELECT *, {bits} AS mask FROM rows) WHERE mask <> 0"
        return execution_engine.connection.sql(query).to_arrow_table()


class QueriedFindings(TableMetricProvider):
    """What a rule's own query returns."""

    metric_name = "daxa.queried_findings"
    value_keys = ("query",)

    @metric_value(engine=DuckDBExecutionEngine, metric_fn_type=MetricFunctionTypes.VALUE)
    def _duckdb(
        cls,  # noqa: N805 — Great Expectations calls it as a class method
        execution_engine: DuckDBExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> list[dict[str, Any]]:
        """One record a finding."""
        return _records(execution_engine.connection.sql(metric_value_kwargs["query"]).to_arrow_table())


def _records(table: pa.Table) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = table.to_pylist()
    return records


def _outcome(findings: list[dict[str, Any]]) -> dict[str, Any]:
    return {"success": not findings, "result": {"unexpected_count": len(findings), "findings": findings}}


def _ours(engine: ExecutionEngine[Any] | None) -> DuckDBExecutionEngine:
    if not isinstance(engine, DuckDBExecutionEngine):
        raise TypeError(f"the verbs are judged by DuckDB, not by {type(engine).__name__}")
    return engine


class _RowPredicate(BatchExpectation):
    """Base of the verbs that share the one pass; `predicates` is filled in by the judge for the whole suite."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("daxa.offending_rows",)
    success_keys: ClassVar[tuple[str, ...]] = ("predicates",)
    predicates: Sequence[str] = ()
    subject: str

    def _slice(
        self,
        execution_engine: DuckDBExecutionEngine,
        offending: pa.Table,
        predicate: str,
        *,
        column: str | None,
        found: str,
        expected: str,
    ) -> list[dict[str, Any]]:
        """Findings of one predicate out of the rows that offend against any."""
        if not offending.num_rows:
            return []
        bit = 1 << self.predicates.index(predicate)
        connection = execution_engine.connection
        connection.register(_OFFENDING, offending)
        query = f"""SELECT submission, ({self.subject})::VARCHAR AS subject, source_row, ?::VARCHAR AS "column",
            ({found})::VARCHAR AS found, ({expected})::VARCHAR AS expected
            FROM {_OFFENDING} WHERE mask & {bit} <> 0 ORDER BY submission, source_row"""
        try:
            return _records(connection.sql(query, params=[column]).to_arrow_table())
        finally:
            connection.unregister(_OFFENDING)


class ExpectNoRowWhere(_RowPredicate):
    """No row satisfies `violation`; one finding a row."""

    violation: str
    found: str
    expected: str

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine[Any] | None = None,
    ) -> dict[str, Any]:
        return _outcome(
            self._slice(
                _ours(execution_engine),
                metrics["daxa.offending_rows"],
                self.violation,
                column=None,
                found=self.found,
                expected=self.expected,
            )
        )


class ExpectNoCellWhere(_RowPredicate):
    """No cell satisfies its column's predicate, in which `{cell}` stands for it; one finding a cell."""

    cells: dict[str, str]
    expected: dict[str, str]

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine[Any] | None = None,
    ) -> dict[str, Any]:
        engine = _ours(execution_engine)
        findings: list[dict[str, Any]] = []
        for column, predicate in cell_predicates(self.cells).items():
            findings += self._slice(
                engine,
                metrics["daxa.offending_rows"],
                predicate,
                column=column,
                found=column,
                expected=f"'{self.expected[column]}'",
            )
        return _outcome(findings)


class ExpectKeyToBeUnique(BatchExpectation):
    """No two rows of a submission share `key`; one finding a repeated row after the first."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("daxa.queried_findings",)
    success_keys: ClassVar[tuple[str, ...]] = ("query",)
    key: list[str]
    subject: str
    query: str = ""

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine[Any] | None = None,
    ) -> dict[str, Any]:
        return _outcome(metrics["daxa.queried_findings"])


class ExpectNoFindingsFrom(BatchExpectation):
    """`query` returns no record; each record is one finding."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("daxa.queried_findings",)
    success_keys: ClassVar[tuple[str, ...]] = ("query",)
    query: str

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine[Any] | None = None,
    ) -> dict[str, Any]:
        return _outcome(metrics["daxa.queried_findings"])


class ExpectFileToBeReadable(BatchExpectation):
    """The file opens and reads as its report: judged by the reader before there are values, so never by a batch."""

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine[Any] | None = None,
    ) -> dict[str, Any]:
        raise TypeError("a reader's rule was given to a batch; the reader judges it before there are values")


READERS_VERB = "expect_file_to_be_readable"


def cell_predicates(cells: Mapping[str, str]) -> dict[str, str]:
    """Each column's predicate with the column put in the place of `{cell}`."""
    return {column: predicate.replace("{cell}", column) for column, predicate in cells.items()}


def row_predicates(type_: str, kwargs: Mapping[str, Any]) -> list[str]:
    """The predicates that a rule adds to the shared pass; none for a rule with a query of its own."""
    if type_ == "expect_no_row_where":
        return [kwargs["violation"]]
    if type_ == "expect_no_cell_where":
        return list(cell_predicates(kwargs["cells"]).values())
    return []


def unique_key_query(key: Sequence[str], subject: str, instants: Sequence[str] = ()) -> str:
    """SQL that returns every repeated row after the first: a hash count, and a window over the repeated only.

    Columns among `instants` are shown in KST.
    """
    columns = ", ".join(key)
    shown = " || ', ' || ".join(
        f"strftime({column} + INTERVAL 9 HOUR, '%Y-%m-%dT%H:%M:%S.%g+09:00')"
        if column in instants
        else f"{column}::VARCHAR"
        for column in key
    )
    return f"""WITH repeated AS (
            SELECT submission, {columns} FROM rows GROUP BY ALL HAVING count(*) > 1
        ), numbered AS (
            SELECT rows.*, row_number() OVER (PARTITION BY submission, {columns} ORDER BY source_row) AS occurrence
            FROM rows SEMI JOIN repeated USING (submission, {columns})
        )
        SELECT submission, {subject}::VARCHAR AS subject, source_row, NULL AS "column",
            {shown} || ' × ' || occurrence AS found, '1' AS expected
        FROM numbered WHERE occurrence > 1 ORDER BY submission, source_row"""

"""The verbs of the rule book: the few Great Expectations classes that all rules are written with.

`expect_no_row_where` and `expect_no_cell_where` share one pass over the batch: every predicate of a suite becomes one
bit of a mask, and only rows with a bit set leave DuckDB. `expect_key_to_be_unique` and `expect_no_findings_from` run a
query of their own. Every result carries its findings, each with submission, subject, row, column, found and
expected; see `expectations.judge` for the relations that conditions may name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import duckdb
from great_expectations.compatibility.pydantic import PrivateAttr
from great_expectations.core.metric_function_types import MetricFunctionTypes
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from expectations.engine import DuckDBExecutionEngine, Predicate
from expectations.vocabulary import READERS_VERB as READERS_VERB

_OFFENDING = "offending"


class OffendingRows(TableMetricProvider):
    """What breaks the batch's predicates, by predicate: one pass over the batch, and one over the rows that offend."""

    metric_name = "daxa.offending_rows"

    @metric_value(engine=DuckDBExecutionEngine, metric_fn_type=MetricFunctionTypes.VALUE)
    def _duckdb(
        cls,  # noqa: N805 — Great Expectations calls it as a class method
        execution_engine: DuckDBExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> dict[Predicate, list[dict[str, Any]]]:
        """One record a finding, by the predicate that finds it; a predicate that finds nothing is not there."""
        predicates = execution_engine.batch.predicates
        bits = " | ".join(
            f"(coalesce(({predicate.violation}), false)::BIGINT << {place})"
            for place, predicate in enumerate(predicates)
        )
        connection = execution_engine.batch.connection
        connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE {_OFFENDING} AS
                SELECT * FROM (SELECT *, {bits} AS mask FROM rows) WHERE mask <> 0"""
        )
        masks = [mask for (mask,) in connection.execute(f"SELECT DISTINCT mask FROM {_OFFENDING}").fetchall()]
        broken = [place for place in range(len(predicates)) if any(mask >> place & 1 for mask in masks)]
        if not broken:
            return {}
        query = " UNION ALL ".join(_shown(place, predicates[place]) for place in broken)
        records = _records(connection, f"{query} ORDER BY place, submission, source_row")
        found: dict[Predicate, list[dict[str, Any]]] = {}
        for record in records:
            found.setdefault(predicates[record.pop("place")], []).append(record)
        return found


def _shown(place: int, predicate: Predicate) -> str:
    """Findings of one predicate out of the rows that offend against any."""
    column = "NULL" if predicate.column is None else f"'{predicate.column}'"
    return f"""SELECT {place} AS place, submission, ({predicate.subject})::VARCHAR AS subject, source_row,
        {column}::VARCHAR AS "column", ({predicate.found})::VARCHAR AS found,
        ({predicate.expected})::VARCHAR AS expected
        FROM {_OFFENDING} WHERE mask & {1 << place} <> 0"""


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
        return _records(execution_engine.batch.connection, metric_value_kwargs["query"])


def _records(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    answer = connection.execute(query)
    names = [name for name, *_ in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def _outcome(findings: list[dict[str, Any]]) -> dict[str, Any]:
    return {"success": not findings, "result": {"unexpected_count": len(findings), "findings": findings}}


class _Verb(BatchExpectation):
    """Base of all verbs: an expectation that writes itself out once.

    Great Expectations asks for it some twenty times in a run, which would cost more than judging a small file.
    """

    _written_out: ExpectationConfiguration | None = PrivateAttr(None)

    @property
    def configuration(self) -> ExpectationConfiguration:
        """The expectation as a record; a verb does not change after it is made."""
        if self._written_out is None:
            self._written_out = super().configuration
        return self._written_out


class _RowPredicate(_Verb):
    """Base of the verbs that share the one pass; the batch holds the predicates of the whole suite."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("daxa.offending_rows",)
    subject: str

    def _own(self) -> Sequence[Predicate]:
        """The predicates of this rule."""
        raise NotImplementedError

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine[Any] | None = None,
    ) -> dict[str, Any]:
        found = metrics["daxa.offending_rows"]
        return _outcome([record for predicate in self._own() for record in found.get(predicate, ())])


class ExpectNoRowWhere(_RowPredicate):
    """No row satisfies `violation`; one finding a row."""

    violation: str
    found: str
    expected: str

    def _own(self) -> Sequence[Predicate]:
        return [Predicate(self.violation, self.subject, self.found, self.expected)]


class ExpectNoCellWhere(_RowPredicate):
    """No cell satisfies its column's predicate, in which `{cell}` stands for it; one finding a cell."""

    cells: dict[str, str]
    expected: dict[str, str]

    def _own(self) -> Sequence[Predicate]:
        return _of_cells(self.cells, self.subject, self.expected)


class ExpectKeyToBeUnique(_Verb):
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


class ExpectNoFindingsFrom(_Verb):
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


class ExpectFileToBeReadable(_Verb):
    """The file opens and reads as its report: judged by the reader before there are values, so never by a batch."""

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: ExecutionEngine[Any] | None = None,
    ) -> dict[str, Any]:
        raise TypeError("a reader's rule was given to a batch; the reader judges it before there are values")


CELLS_VERB = "expect_no_cell_where"


def row_predicates(type_: str, kwargs: Mapping[str, Any]) -> list[Predicate]:
    """The predicates that a rule adds to the shared pass; none for a rule with a query of its own."""
    if type_ == "expect_no_row_where":
        return [Predicate(kwargs["violation"], kwargs["subject"], kwargs["found"], kwargs["expected"])]
    if type_ == CELLS_VERB:
        return _of_cells(kwargs["cells"], kwargs["subject"], kwargs["expected"])
    return []


def _of_cells(cells: Mapping[str, str], subject: str, expected: Mapping[str, str]) -> list[Predicate]:
    """Each column's predicate with the column put in the place of `{cell}`."""
    return [
        Predicate(predicate.replace("{cell}", column), subject, column, f"'{expected[column]}'", column)
        for column, predicate in cells.items()
    ]


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

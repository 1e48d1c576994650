"""Great Expectations' view of one batch in DuckDB: an execution engine over a connection of ours.

Great Expectations has no DuckDB dialect, and its SQL engines give no key of a repeated row; an execution engine of its
own, the extension point it offers, needs neither dialect nor reflection. The batch's data is an open DuckDB connection
in which the relations `rows` and `submissions` stand; metrics of `expectations.verbs` run over it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import duckdb
from great_expectations.core.batch import BatchData, BatchMarkers
from great_expectations.execution_engine.execution_engine import ExecutionEngine


class Predicate(NamedTuple):
    """A condition that no row may satisfy, and SQL for what is said of a row that does."""

    violation: str
    subject: str
    found: str
    expected: str
    column: str | None = None


class DuckDBBatchData(BatchData):
    """The open connection whose relations are judged, and every predicate that the suite has for its rows.

    The predicates stand here and not in the expectations, because all of them share one metric, and Great Expectations
    writes out the whole of an expectation some twenty times in a run.
    """

    def __init__(
        self,
        execution_engine: ExecutionEngine[Any],
        connection: duckdb.DuckDBPyConnection,
        predicates: Sequence[Predicate] = (),
    ) -> None:
        """Hold `connection` and `predicates` for the metrics."""
        super().__init__(execution_engine)
        self.connection = connection
        self.predicates = tuple(predicates)


class DuckDBExecutionEngine(ExecutionEngine[Any]):
    """Runs the verbs' metrics on the connection of the active batch; row conditions are not offered."""

    @property
    def batch(self) -> DuckDBBatchData:
        """The batch under judgement."""
        data = self.batch_manager.active_batch_data
        if not isinstance(data, DuckDBBatchData):
            raise TypeError(f"this engine judges DuckDB batches, not {type(data).__name__}")
        return data

    def get_batch_data_and_markers(self, batch_spec: Any) -> tuple[BatchData, BatchMarkers]:
        """Never asked: batches are made by the judge, with their data."""
        raise self._not_offered("batch specification")

    def _comparison_condition_to_filter_clause(self, condition: Any) -> NoReturn:
        raise self._not_offered("row condition")

    def _nullity_condition_to_filter_clause(self, condition: Any) -> NoReturn:
        raise self._not_offered("row condition")

    def _and_condition_to_filter_clause(self, condition: Any) -> NoReturn:
        raise self._not_offered("row condition")

    def _or_condition_to_filter_clause(self, condition: Any) -> NoReturn:
        raise self._not_offered("row condition")

    @staticmethod
    def _not_offered(what: str) -> TypeError:
        return TypeError(f"a {what} is not offered by the DuckDB engine; write it into the rule's own condition")

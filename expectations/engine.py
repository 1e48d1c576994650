"""Great Expectations' view of one batch in DuckDB: an execution engine over a connection of ours.

Great Expectations has no DuckDB dialect, and its SQL engines give no key of a repeated row; an execution engine of its
own, the extension point it offers, needs neither dialect nor reflection. The batch's data is an open DuckDB connection
in which the relations `rows` and `submissions` stand; metrics of `expectations.verbs` run over it.
"""

from __future__ import annotations

from typing import Any, NoReturn

import duckdb
from great_expectations.core.batch import BatchData, BatchMarkers
from great_expectations.execution_engine.execution_engine import ExecutionEngine


class DuckDBBatchData(BatchData):
    """The open connection whose relations are judged."""

    def __init__(self, execution_engine: ExecutionEngine[Any], connection: duckdb.DuckDBPyConnection) -> None:
        """Hold `connection` for the metrics."""
        super().__init__(execution_engine)
        self.connection = connection


class DuckDBExecutionEngine(ExecutionEngine[Any]):
    """Runs the verbs' metrics on the connection of the active batch; row conditions are not offered."""

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection of the batch under judgement."""
        data = self.batch_manager.active_batch_data
        if not isinstance(data, DuckDBBatchData):
            raise TypeError(f"this engine judges DuckDB batches, not {type(data).__name__}")
        return data.connection

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

"""Canonical rows: one immutable Parquet file per accepted submission, and reading them back.

Every read holds a file's bytes against their recorded hash first.

`facts/<report>/<exchange>/<period>/<submission>.parquet`, zstd, sorted by the report's subject and then its key, with
decimals as decimal128. A file is in force when a record says so; nothing here knows which are.
A file has the columns that its report had on its day; what is read back has those of all days, null where the day of
the file did not have them, so that old and new rows are read together.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from etl.evidence import digest_of_file, sync_folder
from etl.modes import make_folder, new_file
from etl.normalise import SOURCE_ROW, arrow_schema
from etl.plain_files import is_plain
from expectations.catalogue import report as report_of

_COMPRESSION_LEVEL = 3


@dataclass(frozen=True, slots=True)
class FactFile:
    """Whose rows a file holds: report, exchange, period and submission; and the hash of its bytes, where recorded."""

    report: str
    exchange: str
    period: str
    submission: str
    sha256: str | None = field(default=None, compare=False)


class DamagedRowsError(RuntimeError):
    """Published rows that are missing, or are not the bytes that were published: our trouble, never the sender's."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The canonical rows under `folder`."""

    folder: Path

    def path(self, file: FactFile) -> Path:
        """Where a submission's rows lie."""
        return self.folder / file.report / file.exchange / file.period / f"{file.submission}.parquet"

    def verified(self, file: FactFile) -> Path:
        """Where a submission's rows lie, after their bytes were held against their recorded hash.

        Raises DamagedRowsError where they are missing or differ.
        """
        path = self.path(file)
        if not is_plain(path):
            raise DamagedRowsError(f"the published rows of submission {file.submission} are missing; run 'daxa heal'")
        if file.sha256 is not None and digest_of_file(path) != file.sha256:
            raise DamagedRowsError(f"the published rows of submission {file.submission} are damaged; run 'daxa heal'")
        return path

    def write(self, file: FactFile, table: pa.Table) -> Path:
        """Write a submission's canonical rows durably; writing them again replaces them by the same."""
        shape = report_of(file.report)
        order = [shape.subject_field, *(name for name in shape.key if name != shape.subject_field)]
        table = table.sort_by([(name, "ascending") for name in order])
        path = self.path(file)
        make_folder(path.parent)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(new_file(temporary), "wb") as stream:
            pq.write_table(table, stream, compression="zstd", compression_level=_COMPRESSION_LEVEL)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
        return path

    def rows_of(self, file: FactFile, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of one submission: the canonical columns of all days and `source_row`, or only those named."""
        names = None if columns is None else list(columns)
        return pq.read_table(self.verified(file), schema=arrow_schema(report_of(file.report)), columns=names)

    def read(
        self,
        files: Sequence[FactFile],
        *,
        condition: str = "true",
        parameters: Sequence[Any] = (),
        limit: int | None = None,
    ) -> pa.Table:
        """Rows of several submissions of one report, in order of period, exchange and the sender's row.

        Columns: the canonical ones of all days, then `exchange`, `submission`, `source_row`. `condition` is DuckDB SQL
        over the canonical columns with `?` for each of `parameters`; instants are TIMESTAMP WITH TIME ZONE.
        """
        if not files:
            raise ValueError("rows are read of at least one submission")
        schema = fact_schema(files[0].report)
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            sources = " UNION ALL BY NAME ".join(
                ["FROM every_column"]
                + [
                    f"SELECT *, {place} AS place FROM read_parquet('{self._quoted(file)}')"
                    for place, file in enumerate(files)
                ]
            )
            connection.register("every_column", arrow_schema(report_of(files[0].report)).empty_table())
            names = ", ".join(f'"{name}"' for name in schema.names[:-3])
            query = f"""SELECT {names}, f.exchange, f.submission, source_row
                FROM ({sources}) JOIN files f USING (place) WHERE ({condition})
                ORDER BY f.period, f.exchange, f.submission, source_row
                {"" if limit is None else f"LIMIT {int(limit)}"}"""
            connection.register("files", _files(files))
            return connection.sql(query, params=list(parameters)).to_arrow_table().cast(schema)

    def _quoted(self, file: FactFile) -> str:
        return str(self.verified(file)).replace("'", "''")


def fact_schema(report: str) -> pa.Schema:
    """Arrow schema of what `Facts.read` returns: the canonical columns of all days, and where each row comes from."""
    canonical = [column for column in arrow_schema(report_of(report)) if column.name != SOURCE_ROW]
    origin = [("exchange", pa.string()), ("submission", pa.string()), (SOURCE_ROW, pa.int64())]
    return pa.schema([*canonical, *origin])


def _files(files: Sequence[FactFile]) -> pa.Table:
    return pa.table(
        {
            "place": pa.array(range(len(files)), pa.int32()),
            "exchange": [file.exchange for file in files],
            "period": [file.period for file in files],
            "submission": [file.submission for file in files],
        }
    )

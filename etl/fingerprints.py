"""What makes two findings of different versions of a file the same one: the fingerprint.

A row moves when a line is put in above it, so a finding of a row is known by the key of its record, as it stands in
the file; one of an interval by where that begins, for a shortfall that became shorter is still the same one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pyarrow as pa

from etl.canonical import canonical_json
from etl.formats import TextTable
from etl.layout import Layout
from expectations.vocabulary import KST, Finding, Report

RecordKeys = Mapping[int, str]
"""The key of each record that is asked for, by the sender's row number."""


def fingerprint(finding: Finding, keys: RecordKeys) -> str:
    """SHA-256 over the rule, the native column, and the record's key, or else the subject and the beginning."""
    key = None if finding.row is None else keys.get(finding.row, str(finding.row))
    content = {
        "rule": finding.rule,
        "column": finding.column,
        "key": key,
        "subject": None if key is not None else finding.subject,
        "from": None if key is not None or finding.start is None else finding.start.astimezone(KST).isoformat(),
    }
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def record_keys(table: TextTable, layout: Layout, shape: Report, rows: frozenset[int]) -> RecordKeys:
    """The keys of the records in these rows, in the words of the file; the row itself where key columns are lacking.

    Rows that were refused as no records have none.
    """
    names = [name for field in shape.key for name in layout.columns[field].names if name in table.columns]
    places = pa.array([place for place, row in enumerate(table.source_rows.to_pylist()) if row in rows], pa.int64())
    numbers = table.source_rows.take(places).to_pylist()
    texts = [table.columns[name].texts.take(places).to_pylist() for name in names]
    return {
        row: canonical_json(list(parts)) if names else str(row) for row, *parts in zip(numbers, *texts, strict=True)
    }

"""What somebody decides on: the finding as it was recorded, its file, and which rows of that file it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import PurePath
from typing import Any

from sqlalchemy import ColumnElement, select

from app.moments import kst_day
from app.scope import Scope
from etl.answers import fingerprint
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.tables import findings, submissions
from etl.store import Store
from expectations.catalogue import report as report_of
from expectations.vocabulary import Finding, ValueType

AROUND = timedelta(minutes=10)
"""How much before and after an interval rows are shown: the checks beside a gap, two of them on each side."""
_NAMING = frozenset({ValueType.ASSET, ValueType.MARKET, ValueType.CODE, ValueType.HASH, ValueType.TEXT})
"""Types of the columns that a finding's subject may stand in: it is the asset, market, case, key, halt or code."""


@dataclass(frozen=True, slots=True)
class DecidedFinding:
    """A finding with the file that it was found in; `first_day` and `last_day` are the KST days of its period."""

    finding: Finding
    exchange: str
    report: str
    period: str
    first_day: date
    last_day: date
    submission: str
    file: str
    state: str


@dataclass(frozen=True, slots=True)
class RowsAbout:
    """Which rows of a file a finding is about: a condition of DuckDB over its columns, and the values in it."""

    condition: str
    values: tuple[Any, ...]


def decided_finding(store: Store, scope: Scope, number: int) -> DecidedFinding | None:
    """The finding with this number, lifted or not; None where there is none, or none that may be seen."""
    found = _found(store, scope, findings.c.id == number)
    return found[0] if found else None


def explained_finding(store: Store, scope: Scope, submission: str, mark: str) -> DecidedFinding | None:
    """The finding of a submission whose fingerprint is `mark`, the newest of several; None as `decided_finding`."""
    same = [
        one
        for one in _found(store, scope, findings.c.submission == submission)
        if fingerprint(one.exchange, one.report, one.finding) == mark
    ]
    return same[-1] if same else None


def _found(store: Store, scope: Scope, condition: ColumnElement[bool]) -> list[DecidedFinding]:
    one = submissions.c
    of_file = (one.file, one.state, one.period_start, one.period_end)
    query = (
        select(findings, *of_file)
        .join(submissions, one.id == findings.c.submission)
        .where(condition, findings.c.exchange.in_(scope.visible_rows()))
        .order_by(findings.c.id)
    )
    with reading(store.engine) as connection:
        return [
            DecidedFinding(
                finding=life.finding_from(row),
                exchange=row["exchange"],
                report=row["report"],
                period=row["period"],
                first_day=kst_day(row["period_start"]),
                last_day=kst_day(row["period_end"] - timedelta(milliseconds=1)),
                submission=row["submission"],
                file=PurePath(row["file"]).name,
                state=row["state"],
            )
            for row in connection.execute(query).mappings()
        ]


def rows_about(report: str, finding: Finding) -> RowsAbout | None:
    """The rows that a finding is about: its own, or those of its subject in its time; None where it is of the file."""
    if finding.row is not None:
        return RowsAbout("source_row = ?", (finding.row,))
    shape, conditions, values = report_of(report), list[str](), list[Any]()
    if finding.subject is not None:
        names = dict.fromkeys(field.name for field in shape.every_field if field.type in _NAMING)
        conditions.append(_any_of([f'CAST("{name}" AS VARCHAR) = ?' for name in names]))
        values += [finding.subject] * len(names)
    at = shape.period_field
    if finding.start is not None and at in shape.key and shape.field(at).type is ValueType.INSTANT:
        conditions.append(f'"{at}" >= ?')
        values.append(finding.start - AROUND)
        if finding.end is not None:
            conditions.append(f'"{at}" < ?')
            values.append(finding.end + AROUND)
    return RowsAbout(" AND ".join(conditions), tuple(values)) if conditions else None


def _any_of(conditions: Sequence[str]) -> str:
    return f"({' OR '.join(conditions)})"

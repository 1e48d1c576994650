"""Canonical Arrow table → the bytes of a file: an exchange's own format, or the canonical template.

The inverse of `etl.formats` and `etl.normalise`, driven by the same layouts, so that what is written here and read
there is the same table to the last digit. The same table gives the same bytes at any time. Workbooks are in
`etl.writing.sheets`. Source: specification, sections 3.7 and 4.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.formats.workbook import PERIOD_LABEL, TOTAL_MARK
from etl.layout import Container, Exchange, Layout, canonical_layout
from etl.writing.sheets import Cells, write_workbook
from etl.writing.spelling import Spelled, spell, spelled
from expectations.vocabulary import KRW_DIGITS, Period, Report, ValueType

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NEEDS_QUOTES = '[",\r\n]'
_NEEDS_ESCAPE = re.compile(r'["\\\x00-\x1f]')


def write_native(
    table: pa.Table,
    exchange: Exchange,
    report: Report,
    period: Period,
    *,
    totals_of: pa.Table | None = None,
    layout: Layout | None = None,
) -> bytes:
    """`table` as `exchange` files it in that period; without rows, its nil return. `source_row` is not needed.

    `table` has the columns of the period's first day at least; those of other days are left out.
    `totals_of` gives a row of totals that belongs to other rows than those of the file, `layout` another way of
    writing than the exchange's own.
    """
    layout = layout or exchange.layouts[report.name].on(period.first_day)
    if layout.container is Container.XLSX:
        name = exchange.name_on(period.first_day).ko
        title = f"{name} {layout.sheet} 보고"
        return _native_workbook(table, layout, report, period, title, table if totals_of is None else totals_of)
    columns = spelled(table, layout, report)
    if layout.container is Container.JSON:
        return _json(columns, layout, period)
    return _csv(columns, layout)


def write_canonical(table: pa.Table, report: Report, container: Container) -> bytes:
    """`table` as the canonical template of the shape `report`; without rows, the blank one, also the nil return."""
    if container is Container.PARQUET:
        return _parquet(table, report)
    layout = canonical_layout(report, container)
    columns = spelled(table, layout, report)
    if container is Container.XLSX:
        return write_workbook(report.name, [_header(columns)], columns, [])
    return _lines(_csv_rows(columns, ""), "\n").encode("utf-8")


# ------------------------------------------------------------------------------------------------- JSON


def _json(columns: Sequence[Spelled], layout: Layout, period: Period) -> bytes:
    """One record a line; a bare array writes null where there is nothing, an envelope the empty string."""
    absent = '""' if layout.envelope else "null"
    parts: list[Any] = []
    for place, column in enumerate(columns):
        parts.append(f"{',' if place else '{'}{json.dumps(column.name, ensure_ascii=False)}:")
        parts.append(_json_literals(column, absent))
    records = pc.binary_join_element_wise(*parts, "}", "").to_pylist() if len(columns[0].texts) else []
    array = f"[{_joined(records, ',')}]"
    if not layout.envelope:
        return array.encode("utf-8")
    moment = int(period.end.timestamp() * 1000)
    head = f'{{"result":"success","error_code":"0","server_time":{moment},"data":'
    return f"{head}{array}}}".encode()


def _joined(records: Sequence[str], comma: str) -> str:
    return f"{comma}\n".join(records)


def _json_literals(column: Spelled, absent: str) -> pa.Array:
    texts = column.texts
    if not column.is_bare:
        if pc.any(pc.match_substring_regex(texts, _NEEDS_ESCAPE.pattern)).as_py():
            escaped = [None if text is None else json.dumps(text, ensure_ascii=False) for text in texts.to_pylist()]
            texts = pa.array(escaped, pa.string())
        else:
            texts = pc.binary_join_element_wise('"', texts, '"', "")
    return pc.fill_null(texts, absent)


# -------------------------------------------------------------------------------------------------- CSV


def _csv(columns: Sequence[Spelled], layout: Layout) -> bytes:
    """UTF-8 goes with a byte-order mark and CRLF, as spreadsheets of Windows save it; any other encoding with LF."""
    rows = _csv_rows(columns, layout.absent)
    if len(rows) == 1 and layout.nil_mark:
        rows = [*rows, layout.nil_mark]
    if layout.encoding == "utf-8":
        return _BYTE_ORDER_MARK + _lines(rows, "\r\n").encode("utf-8")
    return _lines(rows, "\n").encode(layout.encoding)


def _lines(rows: Sequence[str], end: str) -> str:
    return end.join([*rows, ""])


def _csv_rows(columns: Sequence[Spelled], absent: str) -> list[str]:
    """Header and records, a field in quotes only where it has to be."""
    header = ",".join(column.name for column in columns)
    if not len(columns[0].texts):
        return [header]
    fields = [pc.fill_null(_quoted(column.texts), absent) for column in columns]
    return [header, *pc.binary_join_element_wise(*fields, ",").to_pylist()]


def _quoted(texts: pa.Array) -> pa.Array:
    special = pc.match_substring_regex(texts, _NEEDS_QUOTES)
    if not pc.any(special).as_py():
        return texts
    doubled = pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")
    return pc.if_else(special, doubled, texts)


# ------------------------------------------------------------------------------------------------- XLSX


def _native_workbook(
    table: pa.Table, layout: Layout, report: Report, period: Period, title: str, totals_of: pa.Table
) -> bytes:
    """Title, period, headers, data and, where the layout has one, the row of totals."""
    columns = spelled(table, layout, report)
    above: list[Cells] = [[title], [PERIOD_LABEL, period.text], _header(columns)]
    if table.num_rows == 0:
        below: list[Cells] = [[layout.nil_mark]]
    else:
        below = [_totals(totals_of, layout, report)] if layout.total_row else []
    return write_workbook(layout.sheet or report.name, above, columns, below)


def _header(columns: Sequence[Spelled]) -> list[str]:
    return [column.name for column in columns]


def _totals(table: pa.Table, layout: Layout, report: Report) -> Cells:
    """합계 in the first column, the sums of the won and count columns in theirs."""
    cells: list[str | int | None] = [TOTAL_MARK]
    for name in list(layout.columns)[1:]:
        kind = report.field(name).type
        if kind is ValueType.COUNT:
            cells.append(int(_sum(table, name)))
        elif kind is ValueType.KRW:
            total = pa.array([_sum(table, name)], pa.decimal128(38, KRW_DIGITS[1]))
            cells.append(spell(total, layout.columns[name].notation)[0].as_py())
        else:
            cells.append(None)
    return cells


def _sum(table: pa.Table, name: str) -> Decimal:
    """The exact sum of a column: Arrow's own sum of 64-bit integers begins again at the other end."""
    column = table.column(name)
    wide = pa.decimal128(38, column.type.scale if pa.types.is_decimal(column.type) else 0)
    total: Decimal | None = pc.sum(column.cast(wide)).as_py()
    return Decimal(0) if total is None else total


# ---------------------------------------------------------------------------------------------- Parquet


def _parquet(table: pa.Table, report: Report) -> bytes:
    """Decimals and timestamps as such, exactly the canonical columns."""
    target = io.BytesIO()
    pq.write_table(table.select(list(report.field_names)), target, compression="zstd")
    return target.getvalue()

"""Which reader opens a file, and whether it is the exchange's own format or the canonical template."""

from __future__ import annotations

from pathlib import PurePath

from etl.formats import csv_lines, workbook
from etl.formats.content import must_be
from etl.formats.json_records import read_json
from etl.formats.parquet_columns import read_parquet
from etl.formats.table import TextTable, UnreadableError, must_be_short, plain_name
from etl.layout import Container, Layout, canonical_layout
from expectations.catalogue import parameter
from expectations.vocabulary import Report

_READERS = {
    Container.JSON: read_json,
    Container.CSV: csv_lines.read_csv,
    Container.PARQUET: read_parquet,
}
_CANONICAL_CONTAINERS = (Container.CSV, Container.XLSX, Container.PARQUET)


def read(data: bytes, name: str, native: Layout, report: Report) -> tuple[TextTable, Layout]:
    """The file's cells and the layout they are in; `native` and `report` are those of the day that the file is of.

    Raises UnreadableError (SUB-001, SUB-008), the sender's trouble, where the file does not open as that layout.
    """
    limit = int(parameter("maximum_file_bytes"))
    if len(data) > limit:
        raise UnreadableError("too_large", f"{len(data)}", f"≤ {limit}", rule="SUB-008")
    if not data:
        raise UnreadableError("empty_file", "0", "> 0")
    container = _container(name, native)
    must_be(data, container)
    if container is Container.XLSX:
        sheet = workbook.open_workbook(data)
        layout = _layout(sheet.header_names, container, native, report)
        table = workbook.read_sheet(sheet, layout)
    else:
        names = csv_lines.header_names(data) if container is Container.CSV else ()
        layout = _layout(names, container, native, report)
        table = _READERS[container](data, layout)
    most = int(parameter("maximum_rows"))
    if table.row_count > most:
        raise UnreadableError("too_many_rows", f"{table.row_count}", f"≤ {most}", rule="SUB-008")
    must_be_short(table.columns, table.source_rows)
    return table, layout


def _container(name: str, native: Layout) -> Container:
    ending = PurePath(name).suffix.lower().lstrip(".")
    allowed = tuple(dict.fromkeys((native.container, *_CANONICAL_CONTAINERS)))
    if ending not in allowed:
        raise UnreadableError("wrong_container", ending or "∅", " | ".join(allowed))
    return Container(ending)


def _layout(names: tuple[str, ...], container: Container, native: Layout, report: Report) -> Layout:
    """The exchange's own layout or the canonical one, whichever the file's headers are nearer to."""
    if container is not native.container:
        return canonical_layout(report, container)
    seen = {plain_name(name) for name in names}
    canonical = len(seen & set(report.field_names))
    own = len(seen & {plain_name(name) for name in native.native_names})
    return canonical_layout(report, container) if canonical > own else native

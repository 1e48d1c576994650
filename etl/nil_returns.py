"""Nil returns: the file in which an exchange says, in its own format, that there was nothing to report of a period."""

from __future__ import annotations

from pathlib import PurePath

from etl.exchanges import exchange
from etl.formats.workbook import open_workbook
from etl.intake import Declared
from etl.layout import Container
from etl.normalise import arrow_schema
from etl.writing.native import write_native
from expectations.catalogue import report


def nil_return(declared: Declared) -> tuple[str, bytes]:
    """The name and the bytes of the exchange's own file without rows, as it would send it."""
    shape = report(declared.report).on(declared.period.first_day)
    own = exchange(declared.exchange)
    data = write_native(arrow_schema(shape).empty_table(), own, shape, declared.period)
    ending = own.layouts[declared.report].container
    return f"{declared.exchange}_{declared.report}_{declared.period.text}.{ending}", data


def written_out(declared: Declared, file: str, data: bytes) -> str:
    """Return the content of a nil return as text, for a person to read before filing; a workbook as its rows."""
    layout = exchange(declared.exchange).layouts[declared.report].on(declared.period.first_day)
    if PurePath(file).suffix.lower() == f".{Container.XLSX}":
        sheet = open_workbook(data)
        rows = (" | ".join(str(cell) for cell in row.values() if cell is not None) for row in sheet.cells.rows.values())
        return "\n".join([f"[{sheet.name}]", *rows])
    return data.decode(layout.encoding, "replace").removeprefix("\ufeff")

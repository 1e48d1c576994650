"""Where a finding stands in the file that was sent, as the program that opens the file calls the place.

A workbook's cell is `잔고대사!C17`; a CSV's line and the record of JSON or Parquet come with their column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from etl.exchanges import exchange
from etl.formats.sheet_xml import column_letters
from etl.intake import Declared
from etl.layout import CANONICAL, Container, Layout, canonical_layout
from expectations.catalogue import report

_JOINED = " + "
"""Between the names of a value that stands in two columns (`Native.name`)."""


def layout_of(declared: Declared, file: str, format_: str | None) -> Layout:
    """The layout that a file was read by, that of its day; the exchange's own where it was not opened."""
    day = declared.period.first_day
    own = exchange(declared.exchange).layouts[declared.report].on(day)
    ending = file.rpartition(".")[2].lower()
    container = Container(ending) if ending in set(Container) else own.container
    if format_ == CANONICAL or container is not own.container:
        return canonical_layout(report(declared.report).on(day), container)
    return own


def coordinates_in(layout: Layout, names: Sequence[str] = ()) -> Callable[[int | None, str | None], str]:
    """Writes the place of a row and native column of a file in that layout; empty for the file as a whole.

    `names` are the columns in the order of the file, where that is known; else they are in the layout's.
    """
    letters = {name: column_letters(place) for place, name in enumerate(names or layout.native_names)}
    sheet = layout.sheet or "1"

    def place(row: int | None, column: str | None) -> str:
        if row is None:
            return column or ""
        if layout.container is Container.XLSX:
            first = (column or "").split(_JOINED)[0]
            return f"{sheet}!{letters.get(first, 'A')}{row}"
        return f"{row}, {column}" if column else f"{row}"

    return place

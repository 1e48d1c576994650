"""Tables: each column says how its values are written, aligned and sorted.

Every column sorts by value. Whole numbers that a browser keeps exactly are numbers and sort as such, and so do lengths
of time, in the words of the browser; all other exact amounts are text, digit for digit, behind spaces that put them in
the order of their values.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st

from app.amounts import LARGEST_EXACT_FLOAT, exact
from app.cache import size_of
from app.columns import Shown, frame_of
from app.moments import as_told
from app.widgets.downloads import download_buttons
from app.widgets.natures import is_missing, written
from app.widgets.parts import part
from app.widgets.view import View, cached
from app.words import column_title

Rows = pd.DataFrame | Sequence[Any]
"""Records, or mappings, or a frame."""
ROW_PIXELS = 35
MEASURED_ROWS = 10
"""So many rows the browser looks at before it says how wide a column is; a longer value further down would be cut."""
FEWEST_AVERAGED = 6
"""Of so many rows or more the browser leaves out those that are twice as wide as all are on average, and cuts them."""
_NEARLY_TWICE = 1.7
"""From here on a cell counts as left out: how wide the browser writes it is only about known."""
_WIDEST = 460
"""Pixels: what is longer than that is read by opening its cell."""
MOST_ON_PAPER = 200
"""Rows of one table that are printed; the downloads have all."""
_TREND_PIXELS = 120
_RIGHT = {Shown.AMOUNT, Shown.WON, Shown.COUNT}


@part
def table(
    view: View,
    frame: Rows | Callable[[], Rows],
    columns: Mapping[str, Shown],
    *,
    alt: str,
    key: str | None = None,
    labels: Mapping[str, str] | None = None,
    on_pick: Callable[[Any], None] | None = None,
    most_rows: int | None = 11,
    only_filled: bool = False,
    beside: Hashable = None,
) -> None:
    """A table of rows, with its downloads; `only_filled` leaves out columns that are empty in every row.

    `frame` is the rows (records, or a frame), or a function that makes them from answers alone: then the table is
    cached (`view.cached`) under its `key`, or its `alt`, and `beside`. `on_pick` is called with the selected row. A
    column's title is that of its field, or what `labels` says. More than `most_rows` scroll; None shows all of them.
    """
    lay = partial(_laid, view, columns=columns, labels=labels, only_filled=only_filled)
    laid = lay(frame) if not callable(frame) else cached(view, f"table.{key or alt}", lambda: lay(frame()), beside)
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        download_buttons(view, laid.frame, laid.natures, laid.titles, alt)
    _draw(laid, alt=alt, key=key, on_pick=on_pick, most_rows=most_rows)


def titles_of(view: View, columns: Mapping[str, Shown], labels: Mapping[str, str] | None = None) -> dict[str, str]:
    """The title of each column: what `labels` says, or the title of its field."""
    return {
        name: (labels or {}).get(name) or column_title(name, shown, view.language) for name, shown in columns.items()
    }


def grid(view: View, frame: Rows, columns: Mapping[str, Shown], *, alt: str) -> None:
    """Draw the table without downloads."""
    _draw(_laid(view, frame, columns), alt=alt)


@dataclass(frozen=True, slots=True)
class _Laid:
    """Rows as a table shows them: which columns, how each is written, and the cells as they are sent."""

    rows: Rows
    frame: pd.DataFrame
    natures: Mapping[str, Shown]
    titles: Mapping[str, str]
    cells: pa.Table
    settings: Mapping[str, Any]
    on_paper: str
    """The same as HTML, which is seen where the page is printed: the browser's grid holds only what it shows."""

    @property
    def size_bytes(self) -> int:
        """The size that the cache counts."""
        return int(self.cells.nbytes) + size_of(self.frame) + len(self.on_paper)


def _laid(
    view: View,
    rows: Rows,
    columns: Mapping[str, Shown],
    labels: Mapping[str, str] | None = None,
    *,
    only_filled: bool = False,
) -> _Laid:
    frame = rows if isinstance(rows, pd.DataFrame) else frame_of(rows, columns)
    shown = {name: nature for name, nature in columns.items() if not only_filled or frame[name].notna().any()}
    titles = titles_of(view, shown, labels)
    values = {name: _values(view, frame[name].tolist(), nature) for name, nature in shown.items()}
    settings = {name: _column(titles[name], values[name], nature) for name, nature in shown.items()}
    cells = pa.Table.from_pandas(pd.DataFrame(values), preserve_index=False)
    return _Laid(rows, frame, shown, titles, cells, settings, _on_paper(view, frame, shown, titles))


def _on_paper(view: View, frame: pd.DataFrame, shown: Mapping[str, Shown], titles: Mapping[str, str]) -> str:
    """The first rows as an HTML table, every cell in words; small drawings are left out."""
    natures = {name: nature for name, nature in shown.items() if nature is not Shown.TREND}
    columns = [
        [_in_words(view, value, nature) for value in frame[name].tolist()[:MOST_ON_PAPER]]
        for name, nature in natures.items()
    ]
    sides = [' class="number"' if nature in _RIGHT or nature in _FORMATS else "" for nature in natures.values()]
    head = "".join(f"<th{side}>{escape(titles[name])}</th>" for name, side in zip(natures, sides, strict=True))
    rows = "".join(
        "<tr>" + "".join(f"<td{side}>{escape(text)}</td>" for text, side in zip(row, sides, strict=True)) + "</tr>"
        for row in zip(*columns, strict=True)
    )
    count = f"{len(frame):,}"
    cut = view.say("list.on_paper", count=count, shown=MOST_ON_PAPER) if len(frame) > MOST_ON_PAPER else ""
    more = f"<p>{escape(cut)}</p>" if cut else ""
    return f'<div class="on-paper"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}</div>'


def _in_words(view: View, value: Any, nature: Shown) -> str:
    """A value as the table writes it, digit for digit."""
    if is_missing(value):
        return "–"
    if nature in (Shown.AMOUNT, Shown.COUNT):
        return exact(value)
    if nature is Shown.WON:
        return exact(int(value))
    said = written(view, value, nature)
    return _FORMATS[nature] % said if nature in _FORMATS else str(said)


def _draw(
    laid: _Laid,
    *,
    alt: str,
    key: str | None = None,
    on_pick: Callable[[Any], None] | None = None,
    most_rows: int | None = 11,
) -> None:
    frame = laid.frame
    row_count = len(frame) if most_rows is None else min(most_rows, len(frame))
    draw = partial(
        st.dataframe,
        laid.cells,
        hide_index=True,
        column_config=laid.settings,
        alt=alt,
        height=(row_count + 1) * ROW_PIXELS + 3,
        placeholder="–",
    )
    if on_pick is None or key is None:
        draw()
        st.html(laid.on_paper)
        return

    def selected() -> None:
        rows = st.session_state[key].selection.rows
        if rows and rows[0] < len(frame):
            on_pick(frame.iloc[rows[0]].to_dict() if isinstance(laid.rows, pd.DataFrame) else laid.rows[rows[0]])

    draw(key=key, on_select=selected, selection_mode="single-row")
    st.html(laid.on_paper)


def _values(view: View, values: Sequence[Any], nature: Shown) -> list[Any]:
    """Values as the table holds them."""
    if nature in (Shown.AMOUNT, Shown.COUNT):
        return _numbers(values)
    if nature is Shown.DURATION:
        return [None if is_missing(value) else as_told(value) for value in values]
    if nature is Shown.WON:
        return _numbers([None if is_missing(value) else int(value) for value in values])
    return [None if is_missing(value) else written(view, value, nature) for value in values]


def _numbers(values: Sequence[Any]) -> list[Any]:
    """Whole numbers where a browser keeps all of them exactly, else text."""
    known = [value for value in values if not is_missing(value)]
    if all(value == int(value) and abs(value) < LARGEST_EXACT_FLOAT for value in known):
        return [None if is_missing(value) else int(value) for value in values]
    return _in_order(values)


def _in_order(values: Sequence[Any]) -> list[str | None]:
    """Exact amounts as texts that sort like their values: the browser sorts texts, and a space comes before all else.

    What is not negative is filled up to one length before the point; of what is negative the least has most spaces.
    """
    known = {value: exact(value) for value in values if not is_missing(value)}
    length = max((_whole(text) for value, text in known.items() if value >= 0), default=0)
    negative = sorted((value for value in known if value < 0), reverse=True)
    spaces = {value: length + place for place, value in enumerate(negative, 1)}
    texts = {value: " " * spaces.get(value, length - _whole(text)) + text for value, text in known.items()}
    return [None if is_missing(value) else texts[value] for value in values]


def _whole(text: str) -> int:
    """How many characters stand before the point."""
    return len(text.partition(".")[0])


_FORMATS = {
    Shown.PERCENT: "%.2f %%",
    Shown.POINTS: "%+.2f",
    Shown.BASIS_POINTS: "%.2f",
    Shown.TIMES: "%.2f ×",
    Shown.MULTIPLE: "%.4g ×",
}


def _column(title: str, values: Sequence[Any], nature: Shown) -> Any:
    config = st.column_config
    if nature is Shown.TREND:
        return config.LineChartColumn(title, width=_TREND_PIXELS)
    if nature in _FORMATS:
        written_as = _FORMATS[nature]
        texts = [None if is_missing(value) else written_as % value for value in values]
        return config.NumberColumn(title, format=written_as, alignment="right", width=width_of(title, texts))
    if nature in (Shown.AMOUNT, Shown.WON, Shown.COUNT) and not any(isinstance(value, str) for value in values):
        texts = [None if is_missing(value) else f"{value:,}" for value in values]
        return config.NumberColumn(title, format="localized", alignment="right", width=width_of(title, texts))
    if nature is Shown.DURATION:
        return config.NumberColumn(title, format="localized", alignment="right")
    return config.TextColumn(
        title,
        alignment="right" if nature in _RIGHT else "left",
        width="large" if nature is Shown.LONG_TEXT else width_of(title, values),
    )


def width_of(title: str, texts: Sequence[Any]) -> int | None:
    """Return the width in pixels that a column of texts needs where the browser would make it too narrow, else None."""
    pixels = [_pixels("–" if is_missing(text) else str(text)) for text in texts]
    seen = pixels[:MEASURED_ROWS]
    if len(seen) >= FEWEST_AVERAGED:
        most = _NEARLY_TWICE * sum(seen) / len(seen)
        seen = [width for width in seen if width < most]
    longest = max(pixels, default=0)
    return min(longest, _WIDEST) if longest > max([_pixels(title), *seen]) else None


def _pixels(text: str) -> int:
    """About how wide a cell of this text is: Korean letters are twice as wide as digits."""
    if text.isascii():
        return 20 + round(6.4 * len(text))
    return 20 + round(sum(13 if ord(letter) > 0x1100 else 6.4 for letter in text))

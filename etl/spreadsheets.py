"""Text in CSV files that people open: no spreadsheet takes it for a formula, in whatever language it runs.

A formula begins with `=`, `+`, `-` or `@`, also in full width and other forms that programs take for these, also behind
blanks, controls and marks that nobody sees; and a cell ends for some programs at `;`, a tab, `|` or a line end. Such a
text gets an apostrophe in front, which spreadsheets read as "this is text". Files that are filed again, or that
machines read, hold their values as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_MARK = "'"
_STARTS = frozenset("=+-@")
_OTHER_FORMS = "".join(
    form for form in map(chr, range(0x80, 0x10000)) if unicodedata.normalize("NFKC", form)[:1] in _STARTS
)
FORMULA_STARTS = "=+-@\N{MINUS SIGN}" + _OTHER_FORMS
"""Characters that begin a formula, with every form of them that normalisation makes one of them."""
_ENDS = ";\t|\r\n"
"""Where a cell ends for programs of other settings; inside quotes too, where they do not take ours for quotes."""
_WITHIN = re.compile(f'(?<=[{_ENDS}])([\\s"]*)(?=[{re.escape(FORMULA_STARTS)}])')
_IN_A_LINE = re.compile(f'(?<=[,{_ENDS}])([\\s"]*)(?=[{re.escape(FORMULA_STARTS)}])')


def harmless(text: str) -> str:
    """A text as a cell that no spreadsheet runs; most texts as they are."""
    marked = _WITHIN.sub(rf"\1{_MARK}", text)
    return f"{_MARK}{marked}" if would_run(text) else marked


def harmless_line(text: str) -> str:
    """A line that is no row of cells, such as one of a cover, though a program may cut it at commas."""
    return harmless(_IN_A_LINE.sub(rf"\1{_MARK}", text))


def would_run(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula."""
    seen = text.lstrip()
    while seen and unicodedata.category(seen[0])[0] in "CZ":
        seen = seen[1:].lstrip()
    return text.startswith(("\t", "\r", "\n")) or seen.startswith(tuple(FORMULA_STARTS))


def harmless_row(cells: Iterable[str]) -> list[str]:
    """The cells of a row, each harmless."""
    return [harmless(cell) for cell in cells]

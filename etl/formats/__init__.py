"""Bytes to a table of text with the sender's own row numbers: one module a container.

`read` opens a file as one layout says and gives a `TextTable`, or raises `UnreadableError`, which is the sender's
trouble and becomes the finding SUB-001 or SUB-008. Nothing is interpreted here: numbers stay the text that stands
in the file.
"""

from etl.formats.reading import read
from etl.formats.table import Column, TextTable, UnreadableError

__all__ = ["Column", "TextTable", "UnreadableError", "read"]

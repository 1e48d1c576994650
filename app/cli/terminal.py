"""What the command writes to a terminal: nothing that came from outside makes the terminal do something.

A file's name, a value, a reason may hold escape sequences, which move the cursor, hide a line, change the title or
answer in the user's name, and marks that turn the direction of writing. Every control and every such mark is written as
JSON escapes it, in the streams of the process themselves, so that no command can forget it.
"""

from __future__ import annotations

import io
import re
import sys
import unicodedata
from collections.abc import Iterable
from typing import IO, Any, TextIO

_OBEYED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, marks without width (direction of writing), halves of characters, ends of lines and paragraphs."""
_MAYBE = re.compile(r"[^\n\x20-\x7e\uac00-\ud7a3]")
"""Everything but what most texts consist of, which needs no look-up."""


def obeyed_by_none(text: str) -> str:
    """A text in which a terminal finds nothing to obey but line feeds; the rest stands as JSON escapes it."""
    return _MAYBE.sub(_seen, text)


def _seen(match: re.Match[str]) -> str:
    character = match[0]
    if unicodedata.category(character) not in _OBEYED:
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


class SafeStream(io.TextIOBase):
    """A stream to people, over the real one (`styled`), which only our own tables and bars write to as it is."""

    def __init__(self, stream: TextIO) -> None:
        """Write through `stream`."""
        self.styled = stream

    @property
    def buffer(self) -> Any:
        """The bytes beneath, for text that was made safe."""
        return self.styled.buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """As that of the real stream."""
        return self.styled.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """As those of the real stream."""
        return self.styled.errors

    def writable(self) -> bool:
        """It is there to be written to."""
        return True

    def fileno(self) -> int:
        """As that of the real stream."""
        return self.styled.fileno()

    def isatty(self) -> bool:
        """Never: whoever asks would write colours, which are escapes."""
        return False

    def flush(self) -> None:
        """Pass on what was written."""
        self.styled.flush()

    def write(self, text: str) -> int:
        """Write a text without anything that a terminal obeys."""
        self.styled.write(obeyed_by_none(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]
        """Write texts, one after the other."""
        for line in lines:
            self.write(line)


def make_streams_safe() -> None:
    """Have everything that this process writes to people go through a SafeStream."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what the terminal cannot write is escaped
            setattr(sys, name, SafeStream(stream))


def styled(stream: IO[str]) -> IO[str]:
    """The real stream, for tables and bars of ours whose texts were made safe."""
    return stream.styled if isinstance(stream, SafeStream) else stream

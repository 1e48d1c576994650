"""The oldest Python and native libraries that the dashboard is served on, and faults known in older ones.

A fault is looked for by what the library does, not by its number: distributions mend old versions under their numbers.
Uses the standard library alone, so that the set-up can ask a Python before anything is installed:
`python app/floor.py` has status 0 where there is nothing to say.
"""

from __future__ import annotations

import http.cookies
import platform
import sqlite3
import ssl
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.parsers import expat

TESTED_PYTHON = (3, 11, 7)
"""The oldest Python that the tests run on; 3.11 has fixes of security until October 2027."""
TESTED_SQLITE = (3, 40, 1)
"""The oldest SQLite that the tests run on."""
OLDEST_OPENSSL = (3, 0, 0)
"""Versions before have had no fixes since September 2023."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A known fault of the interpreter or of a library in it, and what of ours keeps it out of reach."""

    name: str
    where: str
    what: str
    mended: str
    kept_out: str | None
    is_here: Callable[[], bool]


def _expat_parses_tokens_again() -> bool:
    """Whether a token that is not whole is parsed again with each piece: expat 2.6.0 waits until twice as much came."""
    told: list[str] = []
    parser = expat.ParserCreate()
    parser.CommentHandler = told.append
    for piece in (b"<a>", b"<!--" + b"x" * 4_000, b"x", b"-->"):
        parser.Parse(piece, False)
    return bool(told)


def _tarfile_goes_backwards() -> bool:
    """Whether an archive may name a member of negative size, on which reading never ends."""
    try:
        tarfile.TarInfo()._block(-1)  # type: ignore[attr-defined]
    except tarfile.TarError:
        return False
    return True


FAULTS = (
    Fault(
        "CVE-2024-7592",
        "http.cookies",
        "the time for a quoted cookie grows with the square of its length",
        "Python 3.11.10",
        "cookies with a backslash are dropped before anything reads them, and all cookies of a request are bounded",
        lambda: not hasattr(http.cookies, "_unquote_replace"),
    ),
    Fault(
        "CVE-2023-52425",
        "expat",
        "the time for a large token of XML grows with the square of its length",
        "expat 2.6.0, in Python 3.11.9",
        "a workbook in which a tag or section is longer than 1 MiB is refused (SUB-008) before it is parsed",
        _expat_parses_tokens_again,
    ),
    Fault(
        "CVE-2024-0450",
        "zipfile",
        "parts of an archive that overlap unpack to far more than was sent",
        "Python 3.11.8",
        "what an archive unpacks to is counted while it is read, and bounded by the size of the file (SUB-008)",
        lambda: "_end_offset" not in zipfile.ZipInfo.__slots__,
    ),
    Fault(
        "CVE-2025-8194",
        "tarfile",
        "reading an archive with a negative size never ends",
        "Python 3.11.14",
        "archives are read by `daxa restore` alone, on the operator's command",
        _tarfile_goes_backwards,
    ),
)


def known_faults() -> tuple[Fault, ...]:
    """The faults that this interpreter has."""
    return tuple(fault for fault in FAULTS if fault.is_here())


def versions() -> dict[str, str]:
    """The versions of the interpreter and of the native libraries in it."""
    return {
        "Python": platform.python_version(),
        "expat": expat.EXPAT_VERSION.removeprefix("expat_"),
        "OpenSSL": ssl.OPENSSL_VERSION.split()[1],
        "SQLite": sqlite3.sqlite_version,
    }


def too_old() -> Iterator[str]:
    """A sentence for each that is older than its floor."""
    for name, present, oldest in (
        ("Python", sys.version_info[:3], TESTED_PYTHON),
        ("OpenSSL", ssl.OPENSSL_VERSION_INFO[:3], OLDEST_OPENSSL),
        ("SQLite", sqlite3.sqlite_version_info, TESTED_SQLITE),
    ):
        if present < oldest:
            yield f"{name} {versions()[name]} is older than {'.'.join(map(str, oldest))}, the oldest that is supported"


def told(fault: Fault) -> str:
    """One sentence about a fault: what it is, what mends it, and whether it can be reached here."""
    kept = f"kept out here: {fault.kept_out}" if fault.kept_out else "not kept out here"
    return f"{fault.name} ({fault.where}): {fault.what}; mended in {fault.mended}; {kept}"


def unsafe() -> list[str]:
    """A sentence for each that is too old, and for each known fault that is not kept out."""
    return [*too_old(), *(told(fault) for fault in known_faults() if not fault.kept_out)]


def everything_wrong() -> list[str]:
    """A sentence for each that is too old and for each known fault."""
    return [*too_old(), *map(told, known_faults())]


if __name__ == "__main__":
    sys.exit(1 if everything_wrong() else 0)

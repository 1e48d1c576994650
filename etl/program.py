"""The version of the program that reads and judges: what we failed on is tried again where another version stands."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import expectations

_LIBRARIES = ("duckdb", "great_expectations", "pyarrow")
"""What a file is read and judged with."""
_ENDINGS = frozenset({".json", ".py", ".toml"})


@cache
def program_version() -> str:
    """A digest of the source that reads and judges, and of the versions of the libraries that it does so with."""
    digest = hashlib.sha256()
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    for folder in (Path(__file__).parent, Path(expectations.__file__).parent):
        for file in sorted(folder.rglob("*")):
            if file.suffix in _ENDINGS:
                digest.update(file.relative_to(folder.parent).as_posix().encode() + b"\n" + file.read_bytes())
    return digest.hexdigest()[:16]

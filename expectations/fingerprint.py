"""The digest of the rule book, by which a verdict says what it was judged by."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

_QUOTED_OR_SPACE = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")|\s*([^\w\s'"])\s*|\s+""")


def digest_of_book(suites: Mapping[str, Sequence[Mapping[str, Any]]], files: Iterable[Path]) -> bytes:
    """SHA-256 of the records of every suite by its name and of the bytes of `files`, in the order given.

    Of a record what judges and what is said counts: not its interpretation, and not the layout of its SQL.
    """
    digest = hashlib.sha256()
    for name, records in suites.items():
        digest.update(json.dumps([name, [_judging(record) for record in records]], sort_keys=True).encode())
    for path in files:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.digest()


def _judging(record: Mapping[str, Any]) -> dict[str, Any]:
    kwargs = {name: without_layout(text) if isinstance(text, str) else text for name, text in record["kwargs"].items()}
    meta = {name: value for name, value in record["meta"].items() if name != "interpretation"}
    return {**record, "kwargs": kwargs, "meta": meta}


def without_layout(sql: str) -> str:
    """`sql` without the line breaks and spaces that mean nothing; what stands in quotes stays as it is."""
    return _QUOTED_OR_SPACE.sub(lambda found: found[1] or found[2] or " ", sql.strip())

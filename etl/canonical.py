"""Canonical JSON: one text for one value, so that its digest and its signature mean the value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def canonical_json(value: Any) -> str:
    """Sorted keys, no blanks, Korean as it is written; TypeError for what has several spellings, such as a float.

    >>> canonical_json({"rows": 2, "a": ["가", None, True]})
    '{"a":["가",null,true],"rows":2}'
    """
    _refuse_ambiguous(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _refuse_ambiguous(value: Any) -> None:
    match value:
        case None | bool() | int() | str():
            return
        case Mapping():
            for key, inner in value.items():
                if not isinstance(key, str):
                    raise TypeError(f"a canonical key is text, not {type(key).__name__}")
                _refuse_ambiguous(inner)
        case Sequence() if not isinstance(value, (bytes, bytearray)):
            for inner in value:
                _refuse_ambiguous(inner)
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form; hand it in as text or whole number")

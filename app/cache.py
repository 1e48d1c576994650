"""What was worked out once is kept for whoever asks the same; it is shared by all sessions, so nobody may change it."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Hashable
from threading import Condition
from typing import Any, TypeVar

from cachetools import Cache, TTLCache, cached

Value = TypeVar("Value")
MEBIBYTE = 2**20


class ValueCache:
    """Values by what they are of; each is worked out once, also where many ask for it at the same moment.

    At most `most_bytes` are kept, of what was asked for last, and nothing longer than `seconds`; without these, all for
    good. The size of a value is what it says as `size_bytes`, or else its length when pickled.
    """

    def __init__(self, most_bytes: int | None = None, seconds: float = float("inf")) -> None:
        values: Cache[Hashable, Any] | dict[Hashable, Any] = (
            {} if most_bytes is None else TTLCache(most_bytes, seconds, getsizeof=size_of)
        )

        @cached(values, key=lambda key, make: key, condition=Condition())
        def value_of(key: Hashable, make: Callable[[], Any]) -> Any:
            return make()

        self._value_of = value_of
        _shelves.append(self)

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """What is kept under `key`; where nothing is, what `make` gives now, which is kept."""
        value: Value = self._value_of(key, make)
        return value

    def clear(self) -> None:
        """Keep nothing any more."""
        self._value_of.cache_clear()


_shelves: list[ValueCache] = []


def size_of(value: Any) -> int:
    """About how many bytes a value takes."""
    said = getattr(value, "size_bytes", None)
    return said if isinstance(said, int) else len(pickle.dumps(value))


def clear_all() -> None:
    """Keep nothing any more, as a process that has just begun."""
    for shelf in _shelves:
        shelf.clear()

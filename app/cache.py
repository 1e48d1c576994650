"""A cache in memory that all sessions share: cached values are never changed."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Hashable
from threading import Condition
from typing import Any, TypeVar

from cachetools import Cache, TTLCache, cached

Value = TypeVar("Value")
MEBIBYTE = 2**20


class ValueCache:
    """Values by key; each is computed once, also when several threads ask for it at the same moment.

    At most `most_bytes` stay, the least recently used go first, and none stays longer than `seconds`; without these,
    all stay. The size of a value is its `size_bytes`, or else the length of its pickle.
    """

    def __init__(self, most_bytes: int | None = None, seconds: float = float("inf")) -> None:
        values: Cache[Hashable, Any] | dict[Hashable, Any] = (
            {} if most_bytes is None else TTLCache(most_bytes, seconds, getsizeof=size_of)
        )

        @cached(values, key=lambda key, make: key, condition=Condition())
        def value_of(key: Hashable, make: Callable[[], Any]) -> Any:
            return make()

        self._value_of = value_of
        _caches.append(self)

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value under `key`; where there is none, compute it with `make` and cache it."""
        value: Value = self._value_of(key, make)
        return value

    def clear(self) -> None:
        """Drop all values."""
        self._value_of.cache_clear()


_caches: list[ValueCache] = []


def size_of(value: Any) -> int:
    """Return about how many bytes a value takes."""
    said = getattr(value, "size_bytes", None)
    return said if isinstance(said, int) else len(pickle.dumps(value))


def clear_all() -> None:
    """Drop the values of every cache in the process, as after a restart."""
    for cache in _caches:
        cache.clear()

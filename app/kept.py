"""What was worked out once is kept for whoever asks the same; it is shared by all sessions, so nobody may change it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Condition
from typing import Any, TypeVar

from cachetools import Cache, LRUCache, TTLCache, cached

Value = TypeVar("Value")
_MOST = 1_000_000
"""Of what is never many."""


class Shelf:
    """Values by what they are of; each is worked out once, also where many ask for it at the same moment.

    `most` values are kept, those that were asked for last; none longer than `seconds`, where that is said.
    """

    def __init__(self, most: int = _MOST, seconds: float | None = None) -> None:
        values: Cache[Hashable, Any] = LRUCache(most) if seconds is None else TTLCache(most, seconds)

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


_shelves: list[Shelf] = []


def clear_all() -> None:
    """Keep nothing any more, as a process that has just begun."""
    for shelf in _shelves:
        shelf.clear()

"""The thresholds that reports are judged by: the book's own, and those set in their place, each from its day on.

A value, handed to whoever judges or shows: two stores in one process may be judged by different ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from operator import attrgetter
from typing import Any

from expectations.vocabulary import Parameter


@dataclass(frozen=True)
class Thresholds:
    """Every value of every threshold; of two for the same day the later entry holds."""

    entries: tuple[Parameter, ...]

    def __reduce__(self) -> tuple[type[Thresholds], tuple[tuple[Parameter, ...]]]:
        """Only the entries go to another process: what was looked up here is not a part of the value."""
        return Thresholds, (self.entries,)

    def changed_by(self, set_instead: Sequence[Parameter]) -> Thresholds:
        """The same with what was set in place of the book's, in the order in which it was decided."""
        return Thresholds((*self.entries, *set_instead))

    @property
    def changed(self) -> tuple[Parameter, ...]:
        """What was set in place of the book's, in the order in which it was decided."""
        return tuple(entry for entry in self.entries if entry.proposal is not None)

    @cached_property
    def _by_name(self) -> dict[str, list[Parameter]]:
        found: dict[str, list[Parameter]] = {}
        for entry in sorted(self.entries, key=attrgetter("effective_from")):
            found.setdefault(entry.name, []).append(entry)
        return found

    def named(self, name: str) -> Sequence[Parameter]:
        """Every value of a threshold, the oldest first; KeyError in one sentence where there is no such threshold."""
        if name not in self._by_name:
            raise KeyError(f"there is no parameter '{name}' in the rule book")
        return self._by_name[name]

    def in_force(self, name: str, day: date | None = None, exchange: str | None = None) -> Parameter | None:
        """The value in force on `day`, or the newest; before the first date the book's first value holds.

        An exchange's own value wins over the common one from its date on; None where there are only other exchanges'.
        """
        key = (name, day, exchange)
        if key not in self._found:
            self._found[key] = self._in_force(name, day, exchange)
        return self._found[key]

    @cached_property
    def _found(self) -> dict[tuple[str, date | None, str | None], Parameter | None]:
        """What was asked for before: a year of cases asks for few thresholds on few days many thousand times."""
        return {}

    def _in_force(self, name: str, day: date | None, exchange: str | None) -> Parameter | None:
        entries = self.named(name)
        own = [entry for entry in entries if entry.exchange is not None and entry.exchange == exchange]
        common = [entry for entry in entries if entry.exchange is None]
        for values in (own, common):
            begun = [entry for entry in values if day is None or entry.effective_from <= day]
            if begun:
                return begun[-1]
        of_the_book = [entry for entry in (*own, *common) if entry.proposal is None]
        return min(of_the_book, key=attrgetter("effective_from"), default=None)

    def are_set(self, names: Sequence[str], day: date | None, exchange: str) -> bool:
        """False where one of the thresholds is other exchanges' only, or this one's from a later day on."""
        return all(self.value(name, day, exchange) is not None for name in names)

    def value(self, name: str, day: date | None = None, exchange: str | None = None) -> Any:
        """The number itself of `in_force`; None where there is none."""
        found = self.in_force(name, day, exchange)
        return None if found is None else found.value

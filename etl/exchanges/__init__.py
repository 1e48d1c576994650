"""The five members of DAXA, one module each, found by walking this package; each says it all in `EXCHANGE`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from etl.layout import Exchange

DISPLAY_ORDER = ("upbit", "bithumb", "coinone", "korbit", "gopax")
"""By turnover, largest first; an exchange not named here comes after them."""


@cache
def all_exchanges() -> Mapping[str, Exchange]:
    """Every exchange by its id, in the order screens show them."""
    found = {
        module.name: importlib.import_module(f"{__name__}.{module.name}").EXCHANGE
        for module in pkgutil.iter_modules(__path__)
    }
    rank = {name: place for place, name in enumerate(DISPLAY_ORDER)}
    return MappingProxyType(dict(sorted(found.items(), key=lambda item: (rank.get(item[0], 99), item[0]))))


def exchange(name: str) -> Exchange:
    """The exchange called `name`; KeyError in one sentence naming those there are."""
    try:
        return all_exchanges()[name]
    except KeyError:
        known = ", ".join(all_exchanges())
        raise KeyError(f"there is no exchange '{name}'; the members are {known}") from None

"""One mutation a rule, a module a suite: found by walking, as rules and exchanges are."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from app.testbed.proof.files import Mutation


@cache
def all_mutations() -> Mapping[str, Mutation]:
    """The mutation that proves each rule, by the rule's id; ValueError where a rule has two."""
    found: dict[str, Mutation] = {}
    for module in pkgutil.iter_modules(__path__):
        for record in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(record, Mutation):
                if record.rule in found:
                    raise ValueError(f"rule {record.rule} has two mutations, the second in {module.name}.py")
                found[record.rule] = record
    return MappingProxyType(found)

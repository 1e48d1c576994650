"""Incidents that can be replayed: one file of facts each, found by walking this package.

`write_files` turns the facts into the files that the exchanges would have filed had the standard been in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from etl.replays.facts import (
    Basis,
    Claim,
    Confidence,
    Event,
    Holdings,
    Loss,
    Notice,
    Precision,
    QuotedFigure,
    Replay,
    read_replay,
)

__all__ = [
    "ALL",
    "Basis",
    "Claim",
    "Confidence",
    "Event",
    "Holdings",
    "Loss",
    "Notice",
    "Precision",
    "QuotedFigure",
    "Replay",
    "all_replays",
    "replay",
    "replays_called",
]

ALL = "all"
"""The name under which every incident is asked for."""


@cache
def all_replays() -> Mapping[str, Replay]:
    """Every replay by its name, the oldest incident first."""
    found = sorted(map(read_replay, Path(__file__).parent.glob("*.toml")), key=lambda one: one.first_day)
    return MappingProxyType({one.name: one for one in found})


def replay(name: str) -> Replay:
    """The replay called `name`; KeyError in one sentence naming those there are."""
    try:
        return all_replays()[name]
    except KeyError:
        raise KeyError(f"there is no replay '{name}'; those there are: {', '.join(all_replays())}") from None


def replays_called(name: str) -> tuple[Replay, ...]:
    """The replay called `name`, or every one, the oldest first, for `ALL`; KeyError as `replay` raises it."""
    return tuple(all_replays().values()) if name == ALL else (replay(name),)

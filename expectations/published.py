"""Levels that were published and that no rule judges: screens draw them as reference lines, and they give no findings.

They stand in published.toml, each with who published it, when, and where that was read.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from expectations.vocabulary import Decider, Source, Wording


@dataclass(frozen=True, slots=True)
class PublishedLevel:
    """A level of a measure, its grade, and where it comes from; `confidence` is H or M as published.toml says."""

    measure: str
    grade: str
    value: Decimal
    by: Decider
    mark: Source
    published_on: date
    confidence: str
    source: Wording


def published_levels(measure: str) -> tuple[PublishedLevel, ...]:
    """Return the levels of a measure in the order of their file; KeyError in one sentence where there are none."""
    found = tuple(level for level in _all_levels() if level.measure == measure)
    if not found:
        raise KeyError(f"no level of '{measure}' was published")
    return found


@cache
def _all_levels() -> tuple[PublishedLevel, ...]:
    content = Path(__file__).with_name("published.toml").read_text("utf-8")
    return tuple(
        PublishedLevel(
            measure=one["measure"],
            grade=one["grade"],
            value=Decimal(one["value"]),
            by=Decider(one["by"]),
            mark=Source(one["mark"]),
            published_on=one["published_on"],
            confidence=one["confidence"],
            source=Wording(**one["source"]),
        )
        for one in tomllib.loads(content)["level"]
    )

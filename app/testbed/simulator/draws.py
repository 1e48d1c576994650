"""Chance that can be repeated: one generator for each thing that is drawn, named by what it is for.

A day's figures come from a generator of their own, so they are the same whichever other days are simulated. What rolls
on from day to day is a walk from one fixed day.
"""

from __future__ import annotations

import hashlib
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FIRST_DAY = date(2026, 1, 1)
"""Where every walk begins; nothing is simulated before it (obligations begin on 2026-06-01)."""


def generator(seed: int, *what: object) -> np.random.Generator:
    """The generator for one thing: the same seed and words give the same numbers."""
    words = "|".join(str(word) for word in (seed, *what))
    digest = hashlib.blake2b(words.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def reference(seed: int, *what: object) -> str:
    """A keyed hash of 64 hexadecimal digits, as an exchange makes of a key or an account."""
    words = "|".join(str(word) for word in what)
    return hashlib.blake2b(words.encode(), digest_size=32, key=str(seed).encode()).hexdigest()


def day_number(day: date) -> int:
    """Days since the first; ValueError before it."""
    number = (day - FIRST_DAY).days
    if number < 0:
        raise ValueError(f"{day} lies before {FIRST_DAY}, the first day that can be simulated")
    return number


@lru_cache(maxsize=32)
def _walk(seed: int, what: str, width: int, years: int, reversion: float) -> Floats:
    """Rows are days, columns things: each walks from nought with steps of one, drawn back towards nought."""
    steps = generator(seed, "walk", what).standard_normal((366 * years, width))
    levels = np.empty_like(steps)
    level = np.zeros(width)
    for row, step in enumerate(steps):
        level = level * (1 - reversion) + step
        levels[row] = level
    return levels


def walk_on(seed: int, what: str, width: int, day: date, reversion: float = 0.01) -> Floats:
    """Where `width` walkers stand at the beginning of `day`; the first columns do not depend on the width of others."""
    number = day_number(day)
    row: Floats = _walk(seed, what, width, number // 366 + 1, reversion)[number]
    return row

"""Exact amounts as pairs of integers: units before the point, and the digits behind it.

A float may say how large an amount is; every digit that is written is an integer's, so that 18 places behind the
point are really used and sums are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from app.testbed.simulator.draws import Floats, Integers
from etl.notation import ARROW_TYPES
from expectations.vocabulary import ValueType

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Amounts:
    """Amounts of one type, none negative: `units` and, below 10^places, `fraction`."""

    units: Integers
    fraction: Integers
    places: int

    @classmethod
    def near(cls, magnitudes: Floats, type_: ValueType, random: np.random.Generator) -> Amounts:
        """Amounts about as large as `magnitudes`, which decide half of the places; the others are drawn."""
        places: int = ARROW_TYPES[type_].scale
        known = places // 2
        units = np.floor(magnitudes).astype(np.int64)
        leading = np.floor((magnitudes - units) * 10**known).astype(np.int64).clip(0, 10**known - 1)
        drawn = random.integers(0, 10 ** (places - known), size=units.shape)
        return cls(units, leading * 10 ** (places - known) + drawn, places)

    @classmethod
    def rounded(cls, magnitudes: Floats, decimals: Integers, type_: ValueType) -> Amounts:
        """`magnitudes` (below 9 × 10^9 by 10^-9) to that many decimals each."""
        places: int = ARROW_TYPES[type_].scale
        units = np.floor(magnitudes).astype(np.int64)
        scaled = np.rint((magnitudes - units) * 10.0**decimals).astype(np.int64)
        fraction = scaled * 10 ** (places - decimals)
        carried, fraction = np.divmod(fraction, 10**places)
        return cls(units + carried, fraction, places)

    def __add__(self, other: Amounts) -> Amounts:
        """Exact sum."""
        carry, fraction = np.divmod(self.fraction + other.fraction, 10**self.places)
        return Amounts(self.units + other.units + carry, fraction, self.places)

    def __sub__(self, other: Amounts) -> Amounts:
        """Exact difference, which must not be negative."""
        borrow, fraction = np.divmod(self.fraction - other.fraction, 10**self.places)
        return Amounts(self.units - other.units + borrow, fraction, self.places)

    def __getitem__(self, place: Any) -> Amounts:
        """The amounts at `place`, as numpy understands it."""
        return Amounts(self.units[place], self.fraction[place], self.places)

    def where(self, condition: Any, other: Amounts) -> Amounts:
        """These where `condition` holds, those of `other` elsewhere."""
        units = np.where(condition, self.units, other.units)
        return Amounts(units, np.where(condition, self.fraction, other.fraction), self.places)

    def magnitudes(self) -> Floats:
        """About how large they are."""
        return self.units + self.fraction / 10.0**self.places

    def to_arrow(self, type_: ValueType) -> pa.Array:
        """The same amounts as an Arrow decimal, flattened."""
        units, fraction = self.units.ravel(), self.fraction.ravel()
        words = np.empty((len(units), 2), np.uint64)
        words[:, 0], words[:, 1] = _wide(units.astype(np.uint64), fraction.astype(np.uint64), 10**self.places)
        return pa.Array.from_buffers(ARROW_TYPES[type_], len(units), [None, pa.py_buffer(words.tobytes())])


def _wide(units: Any, fraction: Any, scale: int) -> tuple[Any, Any]:
    """Units × scale + fraction in 128 bits, as a low and a high word; schoolbook multiplication by halves."""
    high, low = np.uint64(scale >> 32), np.uint64(scale & 0xFFFFFFFF)
    upper, lower = units >> _HALF, units & _LOW
    right, left = lower * high, upper * low
    bottom = lower * low
    middle = (bottom >> _HALF) + (right & _LOW) + (left & _LOW)
    low_word = (bottom & _LOW) | (middle << _HALF)
    high_word = upper * high + (right >> _HALF) + (left >> _HALF) + (middle >> _HALF)
    total = low_word + fraction
    return total, high_word + (total < low_word).astype(np.uint64)

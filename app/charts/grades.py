"""Scales that are told by colour, sign and word together: how a day of reconciliation went."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.charts.style import Look


@dataclass(frozen=True, slots=True)
class Grade:
    """One step of a scale that is told by colour, sign and word together."""

    name: str
    sign: str
    light: str
    dark: str

    def colour(self, look: Look) -> str:
        """Its colour on the ground of `look`."""
        return self.dark if look.dark else self.light


COVERED = Grade("complete", "", "#c9d3dd", "#3a4856")
GAPS = Grade("gaps", "△", "#7fb2d9", "#2f6f9f")
SHORTFALL = Grade("shortfall", "■", "#e3a53a", "#b87a00")
GRAVE = Grade("grave", "✕", "#b3261e", "#e0574d")
ABSENT = Grade("absent", "–", "#ffffff", "#12181f")
DAY_GRADES = (COVERED, GAPS, SHORTFALL, GRAVE, ABSENT)
GRAVE_RATIO = Decimal("0.01")
GRAVE_KRW = Decimal(1_000_000_000)
"""From here a shortfall calls for a halt (specification, REC-004; our assumption)."""


def day_grade(row: Any) -> Grade:
    """How one exchange's day of reconciliation went; none means that it was not filed."""
    if row is None:
        return ABSENT
    if row["worst_krw"] is not None:
        is_grave = row["worst_krw"] >= GRAVE_KRW or row["worst_ratio"] >= GRAVE_RATIO
        return GRAVE if is_grave else SHORTFALL
    return COVERED if row["coverage"] == 1 else GAPS


def sign_colour(grade: Grade, look: Look) -> str:
    """The colour of a sign on a square of that grade."""
    if grade is ABSENT:
        return look.ink
    return "#ffffff" if look.dark or grade is GRAVE else "#0d141b"

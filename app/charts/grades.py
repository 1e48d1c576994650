"""Grades of a day or slot of reconciliation, shown by colour, sign, shape and word together."""

from __future__ import annotations

from dataclasses import dataclass

from app.charts.style import Look


@dataclass(frozen=True, slots=True)
class Grade:
    """One grade of a scale; `symbol` is its marker where it is drawn small."""

    name: str
    sign: str
    light: str
    dark: str
    symbol: str = "square"

    def colour(self, look: Look) -> str:
        """Its colour on the ground of `look`."""
        return self.dark if look.dark else self.light


COVERED = Grade("complete", "", "#c9d3dd", "#3a4856")
GAPS = Grade("gaps", "△", "#7fb2d9", "#2f6f9f", "triangle-up")
SHORTFALL = Grade("shortfall", "■", "#e3a53a", "#b87a00", "diamond")
GRAVE = Grade("grave", "✕", "#b3261e", "#e0574d", "x")
ABSENT = Grade("absent", "–", "#ffffff", "#12181f", "square-open")
REFUSED = Grade("refused", "⊘", "#ffffff", "#12181f", "circle-x-open")
NIL = Grade("nil", "○", "#ffffff", "#12181f", "circle-open")
WAITING = Grade("waiting", "·", "#ffffff", "#12181f", "circle-open-dot")
DAY_GRADES = (COVERED, GAPS, SHORTFALL, GRAVE, ABSENT, REFUSED, NIL, WAITING)
"""As `app.reconciliation.day_calendar` grades days, in the order of the legend."""
ALWAYS = (COVERED, GAPS, SHORTFALL, GRAVE, ABSENT)
"""What the legend explains whether or not it happened."""
HOLLOW = (ABSENT, REFUSED, NIL, WAITING)
"""Grades of what is not there: drawn as an outline."""
_BY_NAME = {grade.name: grade for grade in DAY_GRADES}


def grade_called(name: str) -> Grade:
    """Return the grade of that name."""
    return _BY_NAME[name]


def grade_mark(name: str, look: Look) -> str:
    """Return sign and word of the grade of that name."""
    return f"{grade_called(name).sign} {look.say(f'grade.{name}')}".strip()


def sign_colour(grade: Grade, look: Look) -> str:
    """Return the colour of a sign on a square of that grade."""
    if grade in HOLLOW:
        return look.ink
    return "#ffffff" if look.dark or grade is GRAVE else "#0d141b"

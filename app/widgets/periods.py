"""Days as moments: when chosen days begin and end."""

from __future__ import annotations

from datetime import datetime

from app.queries.choice import Choice
from expectations.vocabulary import Period


def start_of(choice: Choice) -> datetime:
    """Return the first moment of the chosen days."""
    return Period.of_day(choice.first_day).start


def end_of(choice: Choice) -> datetime:
    """Return the moment after the chosen days."""
    return Period.of_day(choice.last_day).end

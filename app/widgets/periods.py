"""Days as moments: when chosen days begin and end."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd

from app.moments import kst_day
from app.queries.choice import Choice
from expectations.vocabulary import Period


def start_of(choice: Choice) -> datetime:
    """Return the first moment of the chosen days."""
    return Period.of_day(choice.first_day).start


def end_of(choice: Choice) -> datetime:
    """Return the moment after the chosen days."""
    return Period.of_day(choice.last_day).end


def days_of(submission: pd.Series) -> tuple[date, date]:
    """Return the first and the last KST day of a submission's period."""
    return kst_day(submission["period_start"]), kst_day(submission["period_end"] - timedelta(milliseconds=1))

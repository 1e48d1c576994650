"""The words for how a finding or breach is answered that the records do not hold, because they follow from them."""

from __future__ import annotations

from etl.answers import BreachState, BreachStep
from etl.records.breaches import Breach

FOUND = "found"
"""The first event of every breach."""
SHOWN_BY_DATA = "shown_by_data"
"""The data shows that a breach is over, and nobody has said how it was remedied."""
NOT_REMEDIED = "not_remedied"
"""A breach is open: nobody has said what was done about it."""
REOPENED = "reopened"
"""A supervisor opened a breach again."""


def breach_answer(breach: Breach) -> str:
    """How a breach is answered: its recorded state, but NOT_REMEDIED where it is open, and SHOWN_BY_DATA."""
    if breach.state is BreachState.OPEN:
        return NOT_REMEDIED
    return SHOWN_BY_DATA if breach.is_over_by_itself else breach.state.value


def step_answer(step: BreachStep) -> str:
    """What a step did to a breach: the state it brought it to, but REOPENED where that is open."""
    return REOPENED if step.state is BreachState.OPEN else step.state.value

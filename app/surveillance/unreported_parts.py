"""Indicators that no report carries, on the screen: each with the data that it would need; none is estimated."""

from __future__ import annotations

from dataclasses import dataclass

from app.columns import LongText, Text, columns_of
from app.widgets.header import note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View

NOT_AVAILABLE = (
    "order_to_trade",
    "one_sided_cancels",
    "repetition",
    "self_matching",
    "concentration",
    "co_movement",
    "shared_addresses",
    "size_distribution",
    "market_makers",
)
"""Indicators of the authorities and of the literature for which the reports hold nothing."""


@dataclass(frozen=True, slots=True)
class _UnreportedRow:
    """An indicator that cannot be had, and what it would need."""

    indicator: Text
    availability: Text
    would_need: LongText


@part
def unreported(view: View) -> None:
    """A table of the indicators that are not available, and what each would need."""
    section(view, "surveillance.unreported")
    note(view.say("surveillance.unreported_how"))
    rows = [
        _UnreportedRow(
            view.say(f"unreported.{name}"), view.say("unreported.state"), view.say(f"unreported.{name}_lacks")
        )
        for name in NOT_AVAILABLE
    ]
    table(view, rows, columns_of(_UnreportedRow), alt=view.say("surveillance.unreported"))

"""Indicators that no report carries: named with what they would need, and never estimated."""

from __future__ import annotations

from app.columns import Shown
from app.frames import frame_of
from app.widgets.header import note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View

UNREPORTED = {"indicator": Shown.TEXT, "availability": Shown.TEXT, "would_need": Shown.LONG_TEXT}
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


@part
def unreported(view: View) -> None:
    """What cannot be seen because no report carries it: said, and never estimated."""
    section(view, "surveillance.unreported")
    note(view.say("surveillance.unreported_how"))
    rows = [
        {
            "indicator": view.say(f"unreported.{name}"),
            "availability": view.say("unreported.state"),
            "would_need": view.say(f"unreported.{name}_lacks"),
        }
        for name in NOT_AVAILABLE
    ]
    frame = frame_of(rows, UNREPORTED)
    table(view, frame, UNREPORTED, alt=view.say("surveillance.unreported"))

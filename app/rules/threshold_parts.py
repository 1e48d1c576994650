"""Thresholds in words: the value in its unit, and why it is so, with who set it where two administrators did."""

from __future__ import annotations

from decimal import Decimal

from app.amounts import exact, krw
from app.queries.thresholds import threshold_makers
from app.widgets.view import View, ask
from expectations.vocabulary import Parameter

_IN_WORDS = 10**8
"""Won that words write without cutting anything off: whole hundred millions."""


def value_text(view: View, name: str, value: int | Decimal) -> str:
    """Return a value of a threshold with its unit and every digit; a share in per cent, round sums of won in words."""
    unit = view.unit(name)
    if unit == view.say("unit.share"):
        return f"{exact(Decimal(value) * 100)}%"
    if unit == view.say("unit.krw") and value % _IN_WORDS == 0:
        return krw(value, view.language)
    return f"{exact(value)} {unit}"


def bounds_text(view: View, threshold: Parameter) -> str:
    """Return the least and the greatest value that a threshold may have; a unit behind the digits of both once."""
    least, most = (value_text(view, threshold.name, value) for value in (threshold.minimum, threshold.maximum))
    unit = f" {view.unit(threshold.name)}"
    is_digits = most == f"{exact(threshold.maximum)}{unit}"
    return f"{least.removesuffix(unit) if is_digits else least} ~ {most}"


def reason_text(view: View, threshold: Parameter) -> str:
    """Return why a threshold has its value; of one that was changed also who proposed and who approved it."""
    reason = threshold.reason.in_language(view.language)
    if threshold.proposal is None:
        return reason
    makers = ask(threshold_makers).get(threshold.proposal)
    if makers is None or not makers.approved_by:
        return view.say("threshold.set_by_two", reason=reason)
    return view.say("threshold.set_by", reason=reason, proposer=makers.proposed_by, approver=makers.approved_by)

"""What an incident teaches beside its course: what was lost by units and by won, and who was told how late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from app.amounts import ratio
from app.columns import Amount, Instant, Percent, Text, Won
from app.moments import duration
from etl.replays import Replay


@dataclass(frozen=True, slots=True)
class LossLine:
    """What was lost of an asset, its shares of all that was lost, and who stands behind either number."""

    what: Text
    lost_quantity: Amount
    quantity_basis: Text
    quantity_share: Percent
    lost_krw: Won
    krw_basis: Text
    krw_share: Percent


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """Who was told when, and how long after it began and after the company noticed."""

    recipient: Text
    told_at: Instant
    lag: timedelta
    after_began: Text
    after_noticed: Text
    basis: Text


def losses(incident: Replay, language: str) -> list[LossLine]:
    """Return what was lost with its shares by units and by won, in the order of the record."""
    quantity = sum((one.quantity for one in incident.losses), Decimal())
    won = sum((one.krw for one in incident.losses), Decimal())
    return [
        LossLine(
            what=one.what.in_language(language),
            lost_quantity=one.quantity,
            quantity_basis=one.quantity_basis.value,
            quantity_share=ratio(one.quantity, quantity) or Decimal(),
            lost_krw=one.krw,
            krw_basis=one.krw_basis.value,
            krw_share=ratio(one.krw, won) or Decimal(),
        )
        for one in incident.losses
    ]


def largest_by_units(lines: Sequence[LossLine]) -> LossLine:
    """Return the asset of which most units were lost."""
    return max(lines, key=lambda line: line.lost_quantity)


def notices(incident: Replay, language: str) -> list[NoticeLine]:
    """Return who was told when, the first first."""
    began, noticed = incident.milestones.began.at, incident.milestones.noticed.at
    told = sorted(incident.notices, key=lambda one: one.event.at)
    return [
        NoticeLine(
            recipient=one.who.in_language(language),
            told_at=one.event.at,
            lag=one.event.at - began,
            after_began=duration(one.event.at - began, language, 3),
            after_noticed=duration(one.event.at - noticed, language, 3),
            basis=one.event.basis.value,
        )
        for one in told
    ]

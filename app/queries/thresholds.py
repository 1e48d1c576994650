"""What the reports of a store are judged by, and who set what stands there in place of the book's."""

from __future__ import annotations

from dataclasses import dataclass

from app.scope import Role, Scope
from etl.records import people
from etl.records.engine import reading
from etl.records.log import COMMAND
from etl.records.thresholds import Decision, listed, thresholds_in_force
from etl.store import Store
from expectations.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Makers:
    """Who proposed a value and who approved it, by name; empty for those who are not told."""

    proposed_by: str
    approved_by: str


def thresholds_held(store: Store, scope: Scope) -> Thresholds:
    """The book's thresholds with those that were approved.

    What was set for one exchange, and why, is told to that exchange and to those who supervise all; what the book says
    of an exchange is published.
    """
    with reading(store.engine) as connection:
        held = thresholds_in_force(connection)
    return Thresholds(tuple(one for one in held.entries if one.proposal is None or _is_told(scope, one.exchange)))


def threshold_makers(store: Store, scope: Scope) -> dict[str, Makers]:
    """By the number of each approved proposal that is told; exchanges learn no names of the authority's people."""
    with reading(store.engine) as connection:
        names = {COMMAND: COMMAND} | {person.id: person.name for person in people.listed(connection)}
        approved = [
            one for one in listed(connection) if one.decision is Decision.APPROVED and _is_told(scope, one.exchange)
        ]
    if scope.role is Role.EXCHANGE:
        return {one.id: Makers("", "") for one in approved}
    return {one.id: Makers(names.get(one.proposed_by, ""), names.get(one.decided_by or "", "")) for one in approved}


def _is_told(scope: Scope, exchange: str | None) -> bool:
    """Whether a threshold that was set for an exchange, or for all (None), is told to somebody."""
    return exchange is None or exchange in scope.exchanges

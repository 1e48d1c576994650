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
    """The book's thresholds with those that were approved: the same for everybody, since they judge everybody."""
    with reading(store.engine) as connection:
        return thresholds_in_force(connection)


def threshold_makers(store: Store, scope: Scope) -> dict[str, Makers]:
    """By the number of each approved proposal; exchanges are not told the names of the authority's people."""
    with reading(store.engine) as connection:
        names = {COMMAND: COMMAND} | {person.id: person.name for person in people.listed(connection)}
        approved = [one for one in listed(connection) if one.decision is Decision.APPROVED]
    if scope.role is Role.EXCHANGE:
        return {one.id: Makers("", "") for one in approved}
    return {one.id: Makers(names.get(one.proposed_by, ""), names.get(one.decided_by or "", "")) for one in approved}

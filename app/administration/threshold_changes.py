"""Thresholds that administrators may change: the values on a day, and every proposal with its decision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from app.administration.actors import actor_names, for_administrators
from app.scope import Scope
from etl.exchanges import all_exchanges
from etl.records.thresholds import Proposal, listed, thresholds_in_force
from etl.store import Store
from expectations.vocabulary import Parameter


@dataclass(frozen=True, slots=True)
class ThresholdValue:
    """A threshold of all exchanges, or of one: its value on a day, and the value that follows; one of both is there."""

    name: str
    exchange: str | None
    present: Parameter | None
    next: Parameter | None


@dataclass(frozen=True, slots=True)
class ProposalRecord:
    """A proposal with the names of who made it and who decided on it, none while nobody has."""

    proposal: Proposal
    proposer: str
    decider: str | None


def threshold_list(store: Store, scope: Scope, day: date) -> tuple[ThresholdValue, ...]:
    """Every threshold that may be changed, in the order of the book: that of all exchanges, then each one's own."""

    def read(connection: Connection) -> Iterator[ThresholdValue]:
        known = thresholds_in_force(connection)
        for name in dict.fromkeys(entry.name for entry in known.entries if entry.minimum is not None):
            for exchange in (None, *all_exchanges()):
                own = [entry for entry in known.named(name) if entry.exchange == exchange]
                present = known.in_force(name, day, exchange) if own else None
                later = next((one for one in own if one.effective_from > day and one is not present), None)
                if present is not None or later is not None:
                    yield ThresholdValue(name, exchange, present, later)

    return for_administrators(scope, store, read)


def proposal_list(store: Store, scope: Scope) -> tuple[ProposalRecord, ...]:
    """Every proposal, the newest first."""

    def read(connection: Connection) -> Iterator[ProposalRecord]:
        names = actor_names(connection)
        for one in listed(connection):
            decider = None if one.decided_by is None else names.get(one.decided_by, one.decided_by)
            yield ProposalRecord(one, names.get(one.proposed_by, one.proposed_by), decider)

    return for_administrators(scope, store, read)

"""What an administrator does at the screen: each act one transaction, refused by the records where it may not be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.scope import Identity
from etl.records import administrators, thresholds
from etl.records.administrators import RefusedError as RefusedError
from etl.records.engine import writing
from etl.records.passwords import random_password
from etl.records.people import Person, Role
from etl.records.thresholds import Decision as Decision
from etl.records.thresholds import Proposal as Proposal
from etl.records.thresholds import ThresholdChange as ThresholdChange
from etl.records.thresholds import number_of as number_of
from etl.records.tokens import NewToken, Token
from etl.records.tokens import TokenScope as TokenScope
from etl.store import Store


@dataclass(frozen=True, slots=True)
class Acts:
    """Acts of one person on one store."""

    store: Store
    identity: Identity

    def propose(self, change: ThresholdChange, reason: str, what_if: Mapping[str, Any]) -> Proposal:
        """Put another threshold before the other administrators."""
        with writing(self.store.engine) as connection:
            return thresholds.propose(connection, change, reason=reason, what_if=what_if, **self._mark())

    def decide(self, proposal: str, decision: Decision, reason: str) -> Proposal:
        """Approve, refuse or withdraw what was proposed."""
        with writing(self.store.engine) as connection:
            return thresholds.decide(connection, proposal, decision, reason=reason, **self._mark())

    def add_person(self, name: str, role: Role, exchange: str | None) -> tuple[Person, str]:
        """Let somebody sign in, with a random password that is told this once."""
        password = random_password()
        with writing(self.store.engine) as connection:
            added = administrators.add_person(connection, name, role, exchange, password, **self._mark())
        return added, password

    def set_password(self, name: str) -> tuple[Person, str]:
        """Give somebody a new random password, told this once; where they are signed in, that ends."""
        password = random_password()
        with writing(self.store.engine) as connection:
            person = administrators.set_password(connection, name, password, **self._mark())
        return person, password

    def disable_person(self, name: str) -> Person:
        """Let somebody in no more."""
        with writing(self.store.engine) as connection:
            return administrators.disable_person(connection, name, **self._mark())

    def enable_person(self, name: str) -> Person:
        """Let somebody in again."""
        with writing(self.store.engine) as connection:
            return administrators.enable_person(connection, name, **self._mark())

    def create_token(self, exchange: str, name: str, scopes: Iterable[TokenScope], days: int) -> NewToken:
        """Make a machine token, whose text is told this once."""
        with writing(self.store.engine) as connection:
            return administrators.create_token(connection, exchange, name, scopes, timedelta(days=days), **self._mark())

    def revoke_token(self, token: str) -> Token:
        """End a token at once."""
        with writing(self.store.engine) as connection:
            return administrators.revoke_token(connection, token, **self._mark())

    def _mark(self) -> dict[str, Any]:
        """Who acts, and when by the clock."""
        return {"actor": self.identity.person, "at": datetime.now(UTC)}

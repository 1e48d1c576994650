"""What an administrator does at the screen: each action one transaction, refused by the records where it may not be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.scope import Identity
from etl.failures import NotRetryableError, retry
from etl.receiving import NotWithdrawableError, take_out
from etl.records import administrators, thresholds
from etl.records.engine import writing
from etl.records.passwords import random_password
from etl.records.people import Person, Role
from etl.records.submissions import Submission
from etl.records.thresholds import Decision, Proposal, ThresholdChange
from etl.records.tokens import NewToken, Token, TokenScope
from etl.store import Store
from expectations.vocabulary import State


@dataclass(frozen=True, slots=True)
class AdministratorActions:
    """The actions of one person on one store.

    Each raises RefusedError (etl.records.administrators) where the records refuse it, MovedOnError where it is about
    something that has changed since the state that was `seen`, and writes its audit event.
    """

    store: Store
    identity: Identity
    seen: str | None = None

    def propose(self, change: ThresholdChange, reason: str, what_if: Mapping[str, Any]) -> Proposal:
        """Propose another value of a threshold to the other administrators."""
        with writing(self.store.engine) as connection:
            return thresholds.propose(connection, change, reason=reason, what_if=what_if, **self._seen_by_whom())

    def decide(self, proposal: str, decision: Decision, reason: str) -> Proposal:
        """Approve, refuse or withdraw a proposal."""
        with writing(self.store.engine) as connection:
            return thresholds.decide(connection, proposal, decision, reason=reason, **self._who_and_when())

    def add_person(self, name: str, role: Role, exchange: str | None) -> tuple[Person, str]:
        """Add somebody who can sign in; the person and a random password, which is stored as a hash only."""
        password = random_password()
        with writing(self.store.engine) as connection:
            added = administrators.add_person(connection, name, role, exchange, password, **self._seen_by_whom())
        return added, password

    def set_password(self, name: str) -> tuple[Person, str]:
        """Give somebody a new random password, which is returned this once, and end their sessions."""
        password = random_password()
        with writing(self.store.engine) as connection:
            person = administrators.set_password(connection, name, password, **self._seen_by_whom())
        return person, password

    def disable_person(self, name: str) -> Person:
        """Keep somebody from signing in."""
        with writing(self.store.engine) as connection:
            return administrators.disable_person(connection, name, **self._seen_by_whom())

    def enable_person(self, name: str) -> Person:
        """Let somebody who was disabled sign in again."""
        with writing(self.store.engine) as connection:
            return administrators.enable_person(connection, name, **self._seen_by_whom())

    def create_token(self, exchange: str, name: str, scopes: Iterable[TokenScope], days: int) -> NewToken:
        """Create a machine token, whose text is returned this once."""
        life = timedelta(days=days)
        with writing(self.store.engine) as connection:
            return administrators.create_token(connection, exchange, name, scopes, life, **self._seen_by_whom())

    def revoke_token(self, token: str) -> Token:
        """Revoke a token with immediate effect."""
        with writing(self.store.engine) as connection:
            return administrators.revoke_token(connection, token, **self._seen_by_whom())

    def _seen_by_whom(self) -> dict[str, Any]:
        return {"seen": self.seen, **self._who_and_when()}

    def retry(self, submission: str) -> Submission:
        """Have a submission tried again that we failed on."""
        with writing(self.store.engine) as connection:
            administrators.require_administrator(connection, self.identity.person)
        try:
            return retry(self.store.engine, submission, actor=self.identity.person)
        except NotRetryableError as error:
            raise administrators.RefusedError("not_retryable", number=submission) from error

    def withdraw_failed(self, submission: str, reason: str) -> Submission:
        """Take back a submission that we failed on, and no other: what is accepted is its exchange's to withdraw."""
        with writing(self.store.engine) as connection:
            administrators.require_administrator(connection, self.identity.person)
        if not reason.strip():
            raise administrators.RefusedError("no_reason")
        try:
            return take_out(
                self.store, submission, reason=reason.strip(), actor=self.identity.person, only=State.FAILED
            )
        except NotWithdrawableError as error:
            raise administrators.RefusedError("not_withdrawable", number=submission) from error

    def _who_and_when(self) -> dict[str, Any]:
        return {"actor": self.identity.person, "at": datetime.now(UTC)}

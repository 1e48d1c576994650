"""The drafts that whoever asks may know of: what was checked and not submitted, so that it meets no obligation.

Only the exchange itself knows of its drafts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.scope import Role, Scope
from etl.drafts import Draft, drafts_of
from etl.store import Store
from expectations.vocabulary import Period


@dataclass(frozen=True, slots=True)
class KnownDrafts:
    """The drafts that whoever asks may know of."""

    drafts: tuple[Draft, ...]

    def includes(self, exchange: str, report: str, period: Period) -> bool:
        """True where something for this period, or a part of it, was checked and not submitted."""
        return any(
            (draft.exchange, draft.report) == (exchange, report) and period.contains(draft.period)
            for draft in self.drafts
        )


def known_drafts(store: Store, scope: Scope, moment: datetime) -> KnownDrafts:
    """The drafts at a moment, where an exchange asks for its own; nobody else knows of any."""
    if scope.role is not Role.EXCHANGE:
        return KnownDrafts(())
    return KnownDrafts(tuple(drafts_of(store, scope.exchanges, moment)))

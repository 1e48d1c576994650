"""What is only a draft: checked and not submitted, so it meets no obligation. Told to the exchange itself alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.scope import Role, Scope
from etl.drafts import Draft, drafts_of
from etl.store import Store
from expectations.vocabulary import Period


@dataclass(frozen=True, slots=True)
class Drafted:
    """The drafts that whoever asks may know of."""

    drafts: tuple[Draft, ...]

    def is_drafted(self, exchange: str, report: str, period: Period) -> bool:
        """True where something for this period, or a part of it, was checked and not submitted."""
        return any(
            (draft.exchange, draft.report) == (exchange, report) and period.contains(draft.period)
            for draft in self.drafts
        )


def drafted(store: Store, scope: Scope, moment: datetime) -> Drafted:
    """The drafts at a moment: those of the exchange that asks, and of nobody else."""
    if scope.role is not Role.EXCHANGE:
        return Drafted(())
    return Drafted(tuple(drafts_of(store, scope.exchanges, moment)))

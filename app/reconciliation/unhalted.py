"""Shortfalls that reached the limit for a halt and had none in time, as the findings of REC-004 record them.

When an episode reached the limit, how large it was then and until when a halt was due is what the finding says; no
screen works it out again. An episode that reached the limit and was halted in time has no finding.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import Connection

from app.columns import BasisPoints, ExchangeId, Instant, Text, Won
from app.queries.choice import Choice
from app.queries.recorded import RecordedFinding, current_findings
from app.scope import Scope
from etl.records.engine import reading
from etl.store import Store
from expectations.vocabulary import Period

UNHALTED = "REC-004"
"""The rule that finds an episode that reached the limit without a halt in time."""
_FOUND = re.compile(r"(?P<at>\S+): (?P<percent>[\d.]+) %, (?P<krw>[\d.]+) KRW")
"""What the rule writes of the check that reached the limit."""
_EXPECTED = re.compile(r"≤ (?P<due>\S+)")


@dataclass(frozen=True, slots=True)
class UnhaltedShortfall:
    """An episode that REC-004 names: its start and end, the check that reached the limit, and when a halt was due.

    What the finding's text does not say in the rule's own form is None, and the limit then counts as reached at the
    first check.
    """

    exchange: ExchangeId
    asset: Text
    started_at: Instant
    ended_at: Instant | None
    reached_at: Instant
    reached_krw: Won | None
    reached_ratio: BasisPoints | None
    due_at: Instant | None
    submission: str

    @property
    def place(self) -> tuple[str, str, datetime]:
        """What tells its episode from others."""
        return self.exchange, self.asset, self.started_at

    def holds_at(self, moment: datetime) -> bool:
        """True from the check that reached the limit until the episode ended."""
        return self.reached_at <= moment and (self.ended_at is None or moment < self.ended_at)

    def holds_in(self, start: datetime, end: datetime) -> bool:
        """True where some of [start, end) lies between the check that reached the limit and the episode's end."""
        return self.reached_at < end and (self.ended_at is None or self.ended_at > start)


def unhalted_shortfalls(store: Store, scope: Scope, choice: Choice) -> tuple[UnhaltedShortfall, ...]:
    """The current findings of REC-004 whose episodes touch the chosen days, the latest first check first."""
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    with reading(store.engine) as connection:
        return unhalted_between(connection, scope.visible(choice.exchanges), start, end)


def unhalted_between(
    connection: Connection, exchanges: Sequence[str], start: datetime, end: datetime
) -> tuple[UnhaltedShortfall, ...]:
    """The current findings of REC-004 whose episodes meet [start, end), the latest first check first."""
    found = current_findings(connection, (UNHALTED,), exchanges, start, end)
    return tuple(unhalted_of(one, one.start) for one in found if one.start is not None)


def unhalted_of(finding: RecordedFinding, started_at: datetime) -> UnhaltedShortfall:
    """A finding of REC-004 as the shortfall that it names."""
    found = _FOUND.fullmatch(finding.found or "")
    expected = _EXPECTED.search(finding.expected or "")
    return UnhaltedShortfall(
        exchange=finding.exchange,
        asset=finding.subject or "",
        started_at=started_at,
        ended_at=finding.end,
        reached_at=_instant(found["at"]) if found else started_at,
        reached_krw=Decimal(found["krw"]) if found else None,
        reached_ratio=Decimal(found["percent"]).scaleb(-2) if found else None,
        due_at=_instant(expected["due"]) if expected else None,
        submission=finding.submission,
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)

"""Which shortfalls a halt for a mismatch goes back to; whether it has any is what HLT-005 recorded.

A halt with a finding of HLT-005 has no cause. Any other goes back to the episodes that were short between the moment
at which the exchange says that it detected the mismatch and the halt. Where none was and HLT-005 has been evaluated, it
goes back to what ended last before the halt, for the rule found a shortfall near enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, RowMapping, select

from app.queries.recorded import Judgement, current_findings, evaluations_of
from etl.entities import current_halts, halted_asset
from etl.records.tables import submissions
from etl.store import Store
from expectations.vocabulary import State

NO_CAUSE = "HLT-005"
"""The rule that finds a halt for a mismatch without a shortfall just before it."""
_TRIGGER = "reconciliation_mismatch"
_REPORTS = ("halts", "reconciliation")


class Short(Protocol):
    """What is asked of an episode."""

    @property
    def exchange(self) -> str:
        """The exchange."""

    @property
    def asset(self) -> str:
        """The asset that is short."""

    @property
    def started_at(self) -> datetime:
        """The first check that was short."""

    @property
    def ended_at(self) -> datetime | None:
        """The first check that matched again."""


Episodes = TypeVar("Episodes", bound=Short)


@dataclass(frozen=True, slots=True)
class MismatchHalt:
    """A halt for a mismatch as filed last; `no_cause` is what the records say of HLT-005 about it."""

    exchange: str
    halt_id: str
    scope: str
    target: str
    detected_at: datetime
    halted_at: datetime
    resumed_at: datetime | None
    no_cause: Judgement

    def covers(self, episode: Short) -> bool:
        """True where its target covers the asset: the asset, a market with it as base, the exchange or accounts."""
        if episode.exchange != self.exchange:
            return False
        if self.scope in ("exchange", "account"):
            return True
        return episode.asset == halted_asset(self.scope, self.target)

    def is_in_force_at(self, moment: datetime) -> bool:
        """True between the halt and its end."""
        return self.halted_at < moment and (self.resumed_at is None or self.resumed_at > moment)

    def causes(self, episodes: Sequence[Episodes]) -> list[Episodes]:
        """The episodes that it goes back to, in the order given."""
        begun = [one for one in episodes if self.covers(one) and one.started_at <= self.halted_at]
        if self.no_cause is Judgement.FOUND or not begun:
            return []
        lasting = [one for one in begun if one.ended_at is None or one.ended_at > self.detected_at]
        if lasting or self.no_cause is not Judgement.NOT_FOUND:
            return lasting
        last = max(one.ended_at for one in begun if one.ended_at is not None)
        return [one for one in begun if one.ended_at == last]


def mismatch_halts(
    store: Store, connection: Connection, exchanges: Sequence[str], first: datetime, last: datetime
) -> list[MismatchHalt]:
    """The halts for a mismatch that meet [first, last], the earliest first."""
    rows = [row for row in current_halts(connection, exchanges, first, last) if row["trigger"] == _TRIGGER]
    found = {(one.exchange, one.subject) for one in current_findings(connection, (NO_CAUSE,), exchanges)}
    evaluations = evaluations_of(store, connection)
    reconciled = _reconciled(connection, rows)

    def judgement(row: RowMapping) -> Judgement:
        is_found = (row["exchange"], row["halt_id"]) in found
        if not is_found and not _is_within(row["halted_at"], reconciled.get(row["exchange"], ())):
            return Judgement.NOT_EVALUATED
        return evaluations.judgement(NO_CAUSE, row["exchange"], row["day"], _REPORTS, is_found=is_found)

    names = ("exchange", "halt_id", "scope", "target", "detected_at", "halted_at", "resumed_at")
    halts = [MismatchHalt(**{name: row[name] for name in names}, no_cause=judgement(row)) for row in rows]
    return sorted(halts, key=lambda halt: halt.halted_at)


def _is_within(moment: datetime, periods: Sequence[tuple[datetime, datetime]]) -> bool:
    return any(start <= moment < end for start, end in periods)


def _reconciled(connection: Connection, halts: Sequence[RowMapping]) -> dict[str, list[tuple[datetime, datetime]]]:
    """The periods of accepted reconciliation about these halts, by exchange: without one HLT-005 is not evaluated."""
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    if not halts:
        return found
    c = submissions.c
    moments = [halt["halted_at"] for halt in halts]
    statement = select(c.exchange, c.period_start, c.period_end).where(
        c.report == "reconciliation",
        c.state == State.ACCEPTED,
        c.exchange.in_({halt["exchange"] for halt in halts}),
        c.period_start <= max(moments),
        c.period_end > min(moments),
    )
    rows: Any = connection.execute(statement)
    for exchange, start, end in rows:
        found.setdefault(exchange, []).append((start, end))
    return found

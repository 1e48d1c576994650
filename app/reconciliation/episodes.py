"""Shortfall episodes as the screens show them; `etl.episodes` puts their runs together (specification, 2.4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from app.amounts import ratio
from app.columns import Amount, BasisPoints, Count, ExchangeId, Instant, Length, Multiple, StateCode, Won
from app.queries.choice import Choice
from app.queries.exactly import less
from app.reconciliation.unhalted import unhalted_between
from app.scope import Scope
from etl.episodes import Episode, meeting
from etl.records.engine import reading
from etl.store import Store
from expectations.vocabulary import Period

Place = tuple[str, str, datetime]
"""What tells an episode from others: exchange, asset and first check."""


@dataclass(frozen=True, slots=True)
class ShortfallEpisode:
    """One episode (specification, 2.4): when it was, and how large at its largest (REC-003).

    `state` is open or ended; `ended_at` is None while it is open, and `duration` then reaches to its last mismatch.
    `shortfall_ratio` is of the ledger, `holdings_multiple` of what was held, None where nothing was. `is_unhalted`: a
    finding of REC-004 names it. Quantities, price, `submission` and `source_row` are of the check with the largest in
    won, at `largest_at`.
    """

    exchange: ExchangeId
    asset: str
    state: StateCode
    started_at: Instant
    ended_at: Instant | None
    last_mismatch_at: Instant
    duration: Length
    check_count: Count
    shortfall_quantity: Amount
    shortfall_krw: Won
    shortfall_ratio: BasisPoints
    holdings_multiple: Multiple | None
    is_unhalted: bool
    ledger_quantity: Amount
    wallet_quantity: Amount
    price_krw: Amount
    largest_at: Instant
    submission: str
    source_row: Count

    @property
    def is_open(self) -> bool:
        """True while no check has matched again."""
        return self.ended_at is None

    @property
    def place(self) -> Place:
        """What tells it from others."""
        return self.exchange, self.asset, self.started_at


def mismatch_episodes(store: Store, scope: Scope, choice: Choice) -> tuple[ShortfallEpisode, ...]:
    """The episodes that touch the chosen days, the largest in won first."""
    exchanges = scope.visible(choice.exchanges)
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    with reading(store.engine) as connection:
        unhalted = {one.place for one in unhalted_between(connection, exchanges, start, end)}
        found = episodes_of_days(connection, exchanges, choice)
    return tuple(shortfall_episode(one, unhalted) for one in found)


def episodes_of_days(connection: Connection, exchanges: Sequence[str], choice: Choice) -> list[Episode]:
    """The episodes of these exchanges that touch the chosen days, the largest in won first."""
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    episodes = [
        episode
        for exchange in exchanges
        for episode in meeting(connection, exchange, start, end).found
        if episode.started_at < end and (episode.ended_at is None or episode.ended_at > start)
    ]
    return sorted(episodes, key=lambda one: -_largest(one)["largest_shortfall_krw"])


def shortfall_episode(episode: Episode, unhalted: Collection[Place]) -> ShortfallEpisode:
    """An episode as the screens show it; `unhalted` are the places of those that REC-004 names."""
    largest = _largest(episode)
    last: datetime = episode.runs[-1]["last_mismatch_at"]
    share, multiple = worst_of(episode.runs)
    return ShortfallEpisode(
        exchange=episode.exchange,
        asset=episode.asset,
        state="open" if episode.ended_at is None else "ended",
        started_at=episode.started_at,
        ended_at=episode.ended_at,
        last_mismatch_at=last,
        duration=(episode.ended_at or last) - episode.started_at,
        check_count=sum(run["check_count"] for run in episode.runs),
        shortfall_quantity=max(run["largest_shortfall_quantity"] for run in episode.runs),
        shortfall_krw=largest["largest_shortfall_krw"],
        shortfall_ratio=share,
        holdings_multiple=multiple,
        is_unhalted=(episode.exchange, episode.asset, episode.started_at) in unhalted,
        **{name: largest[name] for name in _OF_THE_LARGEST},
    )


_OF_THE_LARGEST = ("ledger_quantity", "wallet_quantity", "price_krw", "largest_at", "submission", "source_row")


def _largest(episode: Episode) -> Mapping[str, Any]:
    """The run with the largest shortfall in won."""
    return max(episode.runs, key=lambda run: run["largest_shortfall_krw"])


def worst_of(runs: Sequence[Mapping[str, Any]]) -> tuple[Decimal, Decimal | None]:
    """The largest shortfall of runs as a part of the ledger, and as a multiple of what was held at that check."""
    checks = [(run["highest_ratio_ledger_quantity"], run["highest_ratio_wallet_quantity"]) for run in runs]
    shares = [(ratio(less(ledger, wallet), ledger) or Decimal(), ledger, wallet) for ledger, wallet in checks]
    share, ledger, wallet = max(shares)
    return share, ratio(less(ledger, wallet), wallet)

"""Shortfall episodes as the screens show them; `etl.episodes` puts their runs together (specification, 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import Connection, exists, func, select

from app.amounts import ratio
from app.frames import frame_of
from app.queries.choice import Choice
from app.reconciliation.halt_limit import HaltLimit, halt_limit
from app.scope import Scope
from etl.episodes import Episode, episodes_touching
from etl.records.engine import reading
from etl.records.tables import mismatch_runs, reconciliation_assets, submissions
from etl.store import Store
from expectations.vocabulary import Period, State

EPISODE_COLUMNS = (
    "exchange",
    "asset",
    "started_at",
    "ended_at",
    "last_mismatch_at",
    "duration",
    "check_count",
    "shortfall_quantity",
    "shortfall_krw",
    "shortfall_ratio",
    "holdings_multiple",
    "is_grave",
    "ledger_quantity",
    "wallet_quantity",
    "price_krw",
    "largest_at",
    "submission",
    "source_row",
)


@dataclass(frozen=True, slots=True)
class GradedEpisode:
    """An episode with the limit of the day on which it began, and its first run that reaches this limit, if any."""

    episode: Episode
    limit: HaltLimit
    reaching: Mapping[Any, Any] | None


def mismatch_episodes(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """Episodes that touch the chosen days, the largest in won first; `ended_at` is none while one is open.

    Each shortfall is the largest of the episode (REC-003): `shortfall_ratio` of the ledger, `holdings_multiple` of
    what was held, none where nothing was. `is_grave`: it reached the limit from which a halt is due (REC-004).
    `duration` of an open one reaches to its last mismatch; `submission` and `source_row` are of the largest in won.
    """
    with reading(store.engine) as connection:
        found = graded_episodes(connection, scope.visible(choice.exchanges), choice)
    return frame_of((episode_row(one) for one in found), EPISODE_COLUMNS)


def graded_episodes(connection: Connection, exchanges: tuple[str, ...], choice: Choice) -> list[GradedEpisode]:
    """The episodes of these exchanges that touch the chosen days, graded, the largest in won first."""
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    episodes = [
        episode
        for exchange in exchanges
        for episode in episodes_touching(connection, exchange, _open_since(connection, exchange, start), end)
        if episode.started_at < end and (episode.ended_at is None or episode.ended_at > start)
    ]
    return sorted(map(_graded, episodes), key=lambda one: -_largest_krw(one.episode))


def _graded(episode: Episode) -> GradedEpisode:
    limit = halt_limit(episode.runs[0]["day"], episode.exchange)
    reaching = next((run for run in episode.runs if reaches(run, limit)), None)
    return GradedEpisode(episode, limit, reaching)


def reaches(run: Mapping[Any, Any], limit: HaltLimit) -> bool:
    """True where one check of a run of `mismatch_runs` reaches the limit."""
    ledger, wallet = run["highest_ratio_ledger_quantity"], run["highest_ratio_wallet_quantity"]
    return limit.is_reached(ledger, wallet, run["largest_shortfall_krw"])


def _largest_krw(episode: Episode) -> Decimal:
    largest: Decimal = max(run["largest_shortfall_krw"] for run in episode.runs)
    return largest


def _open_since(connection: Connection, exchange: str, moment: datetime) -> datetime:
    """The first run that no accepted file has ended before `moment`: its asset may be in no file since."""
    run, own = mismatch_runs.c, submissions.alias("own").c
    check, later = reconciliation_assets.c, submissions.alias("later").c
    checked_since = exists().where(
        check.submission == later.id,
        check.asset == run.asset,
        later.exchange == exchange,
        later.report == "reconciliation",
        later.state == State.ACCEPTED,
        later.period_start > own.period_start,
        later.period_start < moment,
    )
    statement = select(func.min(run.started_at)).where(
        own.id == run.submission,
        own.state == State.ACCEPTED,
        run.exchange == exchange,
        run.started_at < moment,
        run.ended_at.is_(None),
        ~checked_since,
    )
    since: datetime | None = connection.execute(statement).scalar_one()
    return since or moment


def episode_row(graded: GradedEpisode) -> dict[str, Any]:
    """One episode with the columns of EPISODE_COLUMNS."""
    episode = graded.episode
    largest = max(episode.runs, key=lambda run: run["largest_shortfall_krw"])
    last: datetime = episode.runs[-1]["last_mismatch_at"]
    duration: timedelta = (episode.ended_at or last) - episode.started_at
    share, multiple = worst_of(episode.runs)
    return {
        "exchange": episode.exchange,
        "asset": episode.asset,
        "started_at": episode.started_at,
        "ended_at": episode.ended_at,
        "last_mismatch_at": last,
        "duration": duration,
        "check_count": sum(run["check_count"] for run in episode.runs),
        "shortfall_quantity": max(run["largest_shortfall_quantity"] for run in episode.runs),
        "shortfall_krw": largest["largest_shortfall_krw"],
        "shortfall_ratio": share,
        "holdings_multiple": multiple,
        "is_grave": graded.reaching is not None,
        **{name: largest[name] for name in ("ledger_quantity", "wallet_quantity", "price_krw")},
        **{name: largest[name] for name in ("largest_at", "submission", "source_row")},
    }


def worst_of(runs: tuple[Mapping[Any, Any], ...]) -> tuple[Decimal, Decimal | None]:
    """The largest shortfall of runs as a part of the ledger, and as a multiple of what was held at that check."""
    ledgers_and_wallets = [(run["highest_ratio_ledger_quantity"], run["highest_ratio_wallet_quantity"]) for run in runs]
    shares = [(ratio(ledger - wallet, ledger) or Decimal(), ledger, wallet) for ledger, wallet in ledgers_and_wallets]
    share, ledger, wallet = max(shares)
    return share, ratio(ledger - wallet, wallet)

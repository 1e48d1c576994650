"""Shortfall episodes as the screens show them; `etl.episodes` puts their runs together (specification, 2.4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import Connection, exists, func, select

from app.amounts import ratio
from app.identity import Scope
from app.queries.choice import Choice, frame_of
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
    "ledger_quantity",
    "wallet_quantity",
    "price_krw",
    "largest_at",
    "submission",
    "source_row",
)


def mismatch_episodes(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """Episodes that touch the chosen days, the largest in won first; `ended_at` is none while one is open.

    `shortfall_ratio` is of the ledger, `holdings_multiple` of what was held; `duration` of an open one reaches to its
    last mismatch.
    """
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    with reading(store.engine) as connection:
        episodes = [
            episode
            for exchange in scope.visible(choice.exchanges)
            for episode in episodes_touching(connection, exchange, _open_since(connection, exchange, start), end)
        ]
    rows = [
        _row(episode)
        for episode in episodes
        if episode.started_at < end and (episode.ended_at is None or episode.ended_at > start)
    ]
    return frame_of(sorted(rows, key=lambda row: -row["shortfall_krw"]), EPISODE_COLUMNS)


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


def _row(episode: Episode) -> dict[str, Any]:
    worst = max(episode.runs, key=lambda run: run["largest_shortfall_krw"])
    last: datetime = episode.runs[-1]["last_mismatch_at"]
    gap: Decimal = worst["ledger_quantity"] - worst["wallet_quantity"]
    duration: timedelta = (episode.ended_at or last) - episode.started_at
    return {
        "exchange": episode.exchange,
        "asset": episode.asset,
        "started_at": episode.started_at,
        "ended_at": episode.ended_at,
        "last_mismatch_at": last,
        "duration": duration,
        "check_count": sum(run["check_count"] for run in episode.runs),
        "shortfall_quantity": max(run["largest_shortfall_quantity"] for run in episode.runs),
        "shortfall_krw": worst["largest_shortfall_krw"],
        "shortfall_ratio": max(
            ratio(run["ledger_quantity"] - run["wallet_quantity"], run["ledger_quantity"]) or Decimal()
            for run in episode.runs
        ),
        "holdings_multiple": ratio(gap, worst["wallet_quantity"]),
        **{name: worst[name] for name in ("ledger_quantity", "wallet_quantity", "price_krw")},
        **{name: worst[name] for name in ("largest_at", "submission", "source_row")},
    }

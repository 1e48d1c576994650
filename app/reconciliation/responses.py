"""What an exchange did about each shortfall: when the limit was reached, the halt for it, and how long both took.

The halt for an episode is the first one for a mismatch that covers the asset and that HLT-005 would trace to it: the
episode overlaps the minutes before the halt. One in force since before the episode began is no answer to it, but
covers it. The first check that was short to the exchange's own `detected_at` is the detection lag.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import pandas as pd
from sqlalchemy import Connection, or_, select

from app.amounts import ratio
from app.frames import frame_of, records_of
from app.queries.choice import Choice, rows_of
from app.reconciliation.episodes import EPISODE_COLUMNS, GradedEpisode, episode_row, graded_episodes
from app.reconciliation.halt_limit import shortfall_krw
from app.rules.book import parameter
from app.scope import Scope
from etl.context import current_halts
from etl.records.engine import reading
from etl.records.tables import findings, short_checks, submissions
from etl.store import Store
from expectations.vocabulary import Period, State

ANSWERED_EPISODES = 500
"""Of so many, the largest in won, the check that reached the limit is looked up; a bound on what one screen reads."""
UNHALTED = "REC-004"
"""The rule that finds an episode that reached the limit without a halt in time."""
RESPONSE_COLUMNS = (
    "reached_at",
    "reached_krw",
    "reached_ratio",
    "due_at",
    "halt_response",
    "halt_id",
    "detected_at",
    "halted_at",
    "detection_lag",
    "halt_lag",
)
_CAUSE = "reconciliation_mismatch"


class Response(StrEnum):
    """Whether an episode met a halt."""

    HALTED = "halted"
    ALREADY_HALTED = "already_halted"
    NOT_HALTED = "not_halted"
    BELOW_LIMIT = "below_limit"


def episode_responses(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """Every episode of `mismatch_episodes` with what was done about it.

    `reached_at`: the first check that reached the limit of REC-004, with its size, none below it; `due_at`: until when
    a halt was due then; `detection_lag`: first short check to detection; `halt_lag`: limit to halt.
    """
    exchanges = scope.visible(choice.exchanges)
    end = Period.of_day(choice.last_day).end
    with reading(store.engine) as connection:
        episodes = graded_episodes(connection, exchanges, choice)
        first = min((one.episode.started_at for one in episodes), default=end)
        halts = mismatch_halts(map(dict, current_halts(connection, list(exchanges), first, _after(episodes, end))))
        reached = _reached(connection, episodes)
    rows = [
        episode_row(one) | reached.get(number, _NOT_REACHED) | _answer(one, reached.get(number, _NOT_REACHED), halts)
        for number, one in enumerate(episodes)
    ]
    return frame_of(rows, (*EPISODE_COLUMNS, *RESPONSE_COLUMNS))


def _after(episodes: Sequence[GradedEpisode], end: datetime) -> datetime:
    """Until when a halt may answer one of the episodes."""
    ends = [one.episode.ended_at or end for one in episodes]
    return max([end, *ends]) + timedelta(hours=1)


_NOT_REACHED: dict[str, Any] = dict.fromkeys(("reached_at", "reached_krw", "reached_ratio", "due_at"))


def _reached(connection: Connection, episodes: Sequence[GradedEpisode]) -> dict[int, dict[str, Any]]:
    """The first check of each episode that reached its limit, by the episode's number."""
    asked = [(number, one) for number, one in enumerate(episodes) if one.reaching is not None][:ANSWERED_EPISODES]
    checks = _checks_of([one.reaching for _, one in asked if one.reaching is not None], connection)
    return {number: reached for number, one in asked if (reached := _first_to_reach(one, checks))}


def _checks_of(
    runs: Iterable[Mapping[Any, Any]], connection: Connection
) -> dict[tuple[str, str], list[Mapping[Any, Any]]]:
    """The short checks of these runs' assets and files in time order, by submission and asset."""
    assets: dict[str, set[str]] = {}
    for run in runs:
        assets.setdefault(run["submission"], set()).add(run["asset"])
    found: dict[tuple[str, str], list[Mapping[Any, Any]]] = {}
    c = short_checks.c
    columns = (c.submission, c.asset, c.checked_at, c.ledger_quantity, c.wallet_quantity, c.price_krw)
    pairs = sorted(assets.items())
    for begin in range(0, len(pairs), _AT_ONCE):
        wanted = [
            (c.submission == submission) & c.asset.in_(own) for submission, own in pairs[begin : begin + _AT_ONCE]
        ]
        for check in connection.execute(select(*columns).where(or_(*wanted)).order_by(c.checked_at)).mappings():
            found.setdefault((check["submission"], check["asset"]), []).append(dict(check))
    return found


_AT_ONCE = 100
"""Files that are asked about in one statement."""


def _first_to_reach(
    one: GradedEpisode, checks: Mapping[tuple[str, str], Sequence[Mapping[Any, Any]]]
) -> dict[str, Any] | None:
    run = one.reaching
    if run is None:
        return None
    for check in checks.get((run["submission"], run["asset"]), ()):
        if not run["started_at"] <= check["checked_at"] <= run["last_mismatch_at"]:
            continue
        ledger, wallet = check["ledger_quantity"], check["wallet_quantity"]
        missing_krw = shortfall_krw(ledger, wallet, check["price_krw"])
        if one.limit.is_reached(ledger, wallet, missing_krw):
            return {
                "reached_at": check["checked_at"],
                "reached_krw": missing_krw,
                "reached_ratio": ratio(ledger - wallet, ledger),
                "due_at": check["checked_at"] + one.limit.delay,
            }
    return None


def mismatch_halts(halts: Iterable[Mapping[Any, Any]]) -> list[Mapping[Any, Any]]:
    """Of halts those for a mismatch, the earliest first."""
    return sorted((halt for halt in halts if halt["trigger"] == _CAUSE), key=lambda halt: halt["halted_at"])


def is_covered(asset: str, halt: Mapping[Any, Any]) -> bool:
    """True where a halt's target covers the asset: the asset, a market with it as base, the exchange or accounts."""
    if halt["scope"] in ("exchange", "account"):
        return True
    target = str(halt["target"])
    return asset == (target.partition("/")[0] if halt["scope"] == "market" else target)


def is_cause(started_at: datetime, ended_at: datetime | None, halt: Mapping[Any, Any]) -> bool:
    """True where an episode overlaps the minutes before a halt in which its cause is looked for (HLT-005)."""
    minutes = parameter("halt_lookback_minutes", halt["day"], halt["exchange"])
    looked_back_to = halt["halted_at"] - timedelta(minutes=minutes)
    return bool(started_at <= halt["halted_at"] and (_is_open(ended_at) or ended_at > looked_back_to))


def _is_open(ended_at: datetime | None) -> bool:
    return ended_at is None or pd.isna(ended_at)


def _answer(one: GradedEpisode, reached: Mapping[Any, Any], halts: Sequence[Mapping[Any, Any]]) -> dict[str, Any]:
    episode = one.episode
    own = [h for h in halts if h["exchange"] == episode.exchange and is_covered(episode.asset, h)]
    start = episode.started_at
    halt = next((h for h in own if is_cause(start, episode.ended_at, h)), None)
    if halt is not None:
        reached_at = reached["reached_at"]
        return {
            "halt_response": Response.HALTED,
            **{name: halt[name] for name in ("halt_id", "detected_at", "halted_at")},
            "detection_lag": halt["detected_at"] - start,
            "halt_lag": None if reached_at is None else halt["halted_at"] - reached_at,
        }
    none = dict.fromkeys(("detected_at", "halted_at", "detection_lag", "halt_lag"))
    before = next(
        (h for h in own if h["halted_at"] < start and (_is_open(h["resumed_at"]) or h["resumed_at"] > start)), None
    )
    if before is not None:
        return {"halt_response": Response.ALREADY_HALTED, "halt_id": before["halt_id"], **none}
    response = Response.BELOW_LIMIT if one.reaching is None else Response.NOT_HALTED
    return {"halt_response": response, "halt_id": None, **none}


def unhalted_crossings(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """What REC-004 found and stands: crossings of the limit without a halt in time that touch the chosen days."""
    c = findings.c
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    statement = (
        select(c.exchange, c.subject.label("asset"), c.start.label("started_at"), c.end.label("ended_at"), c.submission)
        .join(submissions, submissions.c.id == c.submission)
        .where(
            c.rule == UNHALTED,
            c.lifted_at.is_(None),
            submissions.c.state == State.ACCEPTED,
            c.exchange.in_(scope.visible(choice.exchanges)),
            c.start < end,
            or_(c.end.is_(None), c.end > start),
        )
        .order_by(c.start.desc(), c.id)
    )
    return frame_of(rows_of(store, statement), ("exchange", "asset", "started_at", "ended_at", "submission"))


def beside_episodes(crossings: pd.DataFrame, responses: pd.DataFrame) -> pd.DataFrame:
    """Crossings with the figures of their episodes: `episode_responses` by exchange, asset and first check."""
    place = ("exchange", "asset", "started_at")
    episodes = {tuple(row[name] for name in place): row for row in records_of(responses)}
    more = [name for name in responses.columns if name not in crossings.columns]
    rows = [
        row | {name: episodes.get(tuple(row[key] for key in place), {}).get(name) for name in more}
        for row in records_of(crossings)
    ]
    return frame_of(rows, (*crossings.columns, *more))

"""Markets by how much of their trading came through the API.

A year of all exchanges is half a million figures, which SQLite stores as text because it has no exact numbers. The
database adds them up as floating-point numbers, which is enough to choose candidates with a margin; the figures of the
candidates are then added up exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Float, Select, cast, func, tuple_

from app.amounts import exact_sum
from app.columns import Count, ExchangeId, Points
from app.queries.choice import Choice, chosen_figures, rows_of
from app.scope import Scope
from app.volume.ranking import is_comparable
from app.volume.shares import SUMS, Measure, Trading, Volume, share_of, total_of, volume_of
from etl.records.engine import reading
from etl.records.tables import submissions, volume_days, volume_markets
from etl.store import Store
from expectations.vocabulary import Period

SMALLEST_PART = Decimal("0.001")
"""Of its exchange's trading in the period: a market below it is not ranked by share, where tiny ones would lead."""
_MARGIN = 1e-9
"""Far above the error of adding up a year in floating point, about 1e-13; far below any difference that is seen."""

_Market = tuple[str, str]


@dataclass(frozen=True, slots=True)
class MarketVolume(Volume):
    """One market of one exchange over a period.

    `preceding_change` is the share's difference from the preceding period of equal length, None where either has too
    few days filed.
    """

    exchange: ExchangeId
    market: str
    preceding_change: Points | None
    filed_day_count: Count


class Order(StrEnum):
    """What markets are ranked by."""

    AMOUNT = "amount"
    """How much came through the API."""
    SHARE = "share"
    """Its share of the market's trading; only markets with `SMALLEST_PART` of their exchange's."""


def market_volumes(
    store: Store,
    scope: Scope,
    choice: Choice,
    measure: Measure = Measure.VALUE,
    order: Order = Order.AMOUNT,
    limit: int = 15,
) -> tuple[MarketVolume, ...]:
    """The first `limit` markets, one record per exchange and market, with exact sums."""
    wholes = _wholes(store, scope, choice, measure)
    candidates = _candidates(store, scope, choice, measure, order, limit, wholes)
    length = timedelta(days=len(choice.days))
    before = Choice(choice.exchanges, choice.first_day - length, choice.first_day - timedelta(1))
    earlier = _exact(store, scope, before, candidates)
    rows: list[MarketVolume] = []
    for (exchange, market), filed in _exact(store, scope, choice, candidates).items():
        total = total_of(filed)
        if order is Order.SHARE and getattr(total, measure.whole) < SMALLEST_PART * wholes[exchange]:
            continue
        change = _change(filed, earlier.get((exchange, market), []), len(choice.days), measure)
        about = {"exchange": exchange, "market": market, "filed_day_count": len(filed), "preceding_change": change}
        rows.append(volume_of(MarketVolume, total, measure, **about))
    ranked_by = measure.part if order is Order.AMOUNT else "share"
    rows.sort(key=lambda row: (-(getattr(row, ranked_by) or 0), -getattr(row, measure.whole), row.market, row.exchange))
    return tuple(rows[:limit])


def _candidates(
    store: Store,
    scope: Scope,
    choice: Choice,
    measure: Measure,
    order: Order,
    limit: int,
    wholes: Mapping[str, Decimal],
) -> list[_Market]:
    """The markets that can be among the first, judged by approximate sums with a margin."""
    table = volume_markets.c
    sums = (func.sum(cast(table[name], Float)).label(name) for name in (measure.part, measure.whole))
    statement = _figures(scope, choice, table.exchange, table.market, *sums)
    scores: dict[_Market, float] = {}
    for row in rows_of(store, statement.group_by(table.exchange, table.market)):
        part, whole = row[measure.part], row[measure.whole]
        if order is Order.AMOUNT:
            scores[row["exchange"], row["market"]] = part
        elif whole and whole >= float(SMALLEST_PART * wholes[row["exchange"]]) * (1 - _MARGIN):
            scores[row["exchange"], row["market"]] = part / whole
    best = sorted(scores.values(), reverse=True)[:limit]
    least = best[-1] * (1 - 2 * _MARGIN) if best else 0
    return [market for market, score in scores.items() if score >= least and score > 0]


def _wholes(store: Store, scope: Scope, choice: Choice, measure: Measure) -> Mapping[str, Decimal]:
    """All trading of each exchange in the period."""
    table = volume_days.c
    amounts: dict[str, list[Decimal]] = defaultdict(list)
    for row in rows_of(store, chosen_figures(volume_days, scope, choice, table.exchange, table[measure.whole])):
        amounts[row["exchange"]].append(Decimal(row[measure.whole]))
    return {exchange: exact_sum(found) for exchange, found in amounts.items()}


def _exact(store: Store, scope: Scope, choice: Choice, markets: Sequence[_Market]) -> dict[_Market, list[Trading]]:
    """The trading of these markets, one entry a day that was filed."""
    table = volume_markets.c
    statement = _figures(scope, choice, table.exchange, table.market, *(table[name] for name in SUMS))
    statement = statement.where(tuple_(table.exchange, table.market).in_(markets))
    found: dict[_Market, list[Trading]] = defaultdict(list)
    with reading(store.engine) as connection:
        for exchange, market, *amounts in connection.execute(statement):
            found[exchange, market].append(Trading(*amounts))
    return found


def _figures(scope: Scope, choice: Choice, *columns: Any) -> Select[Any]:
    """The figures of markets in the period, found by way of its submissions: without that, SQLite reads all days."""
    return chosen_figures(volume_markets, scope, choice, *columns).where(
        submissions.c.report == "api_volume",
        submissions.c.period_start >= Period.of_day(choice.first_day).start,
        submissions.c.period_start < Period.of_day(choice.last_day).end,
    )


def _change(filed: Sequence[Trading], earlier: Sequence[Trading], day_count: int, measure: Measure) -> Decimal | None:
    """The share's difference from the preceding period's."""
    if not (is_comparable(len(filed), day_count) and is_comparable(len(earlier), day_count)):
        return None
    share, before = (share_of(total_of(rows), measure) for rows in (filed, earlier))
    return None if share is None or before is None else share - before

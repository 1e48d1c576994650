"""What was reported of abnormal trading: sums by pattern, how much reached each stage, and the markets concerned.

The same account or key may be concerned on several days, and a market in several patterns: sums say how often, not how
many different ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from app.amounts import exact_sum, ratio
from app.columns import Amount, Count, ExchangeId, Percent
from app.moments import kst_day
from app.queries.choice import Choice, chosen_figures, rows_of
from app.queries.origin import accepted_files
from app.scope import Scope
from etl.records.tables import submissions, surveillance_days, volume_days, volume_markets
from etl.store import Store
from expectations.catalogue import report as report_of
from expectations.vocabulary import Period, State

PATTERNS = report_of("surveillance").field("pattern").codes
"""The four that the FSS named on 2026-04-13."""
VALUES = ("trade_value_krw", "api_trade_value_krw")
_COUNTS = {
    "alert_count": "alert_count",
    "case_count": "case_count",
    "notified_count": "notified_count",
    "account_day_count": "account_count",
    "key_day_count": "key_count",
}
"""The counts of a day that are added up, by the name of their sum: accounts and keys are counted day by day."""


@dataclass(frozen=True, slots=True)
class PatternSum:
    """What an exchange reported of one pattern in some days; `market_day_count` counts markets day by day."""

    exchange: ExchangeId
    pattern: str
    market_day_count: Count
    alert_count: int
    case_count: int
    notified_count: int
    account_day_count: Count
    key_day_count: Count
    trade_value_krw: Decimal
    api_trade_value_krw: Decimal


@dataclass(frozen=True, slots=True)
class ExchangeStages:
    """From markets to notified cases: how much of one exchange's trading reached each stage, in `day_count` filed days.

    `market_day_count`: markets traded, day by day, on the days for which both reports are accepted;
    `pattern_market_day_count`: of these how often one was reported for a pattern, four at most a market and day.
    """

    exchange: ExchangeId
    day_count: Count
    market_day_count: Count
    pattern_market_day_count: Count
    flagged_share: Percent | None
    alert_count: int
    case_count: int
    case_share: Percent | None
    notified_count: int
    notified_share: Percent | None
    account_day_count: Count
    key_day_count: Count
    trade_value_krw: Decimal
    api_trade_value_krw: Decimal


@dataclass(frozen=True, slots=True)
class MarketAlerts:
    """What was reported of one market for one pattern.

    `share` is the API's part of the value concerned. `market_value_krw` is all trading of the market on the days on
    which it was reported, None unless its API volume is accepted for all of them; `market_share` the part concerned.
    """

    market: str
    alert_count: int
    case_count: int
    notified_count: int
    account_day_count: Count
    key_day_count: Count
    trade_value_krw: Decimal
    api_trade_value_krw: Decimal
    share: Percent | None
    market_value_krw: Amount | None
    market_share: Percent | None
    source_row: int


def filed_days(store: Store, scope: Scope, choice: Choice) -> Mapping[str, list[date]]:
    """The days for which each exchange's surveillance is accepted, in order."""
    table = submissions.c
    statement = select(table.exchange, table.period_start).where(
        table.exchange.in_(scope.visible(choice.exchanges)),
        table.report == "surveillance",
        table.state == State.ACCEPTED,
        table.period_start >= Period.of_day(choice.first_day).start,
        table.period_start < Period.of_day(choice.last_day).end,
    )
    days: dict[str, list[date]] = defaultdict(list)
    for row in rows_of(store, statement.order_by(table.period_start)):
        days[row["exchange"]].append(kst_day(row["period_start"]))
    return days


def pattern_sums(store: Store, scope: Scope, choice: Choice) -> Mapping[tuple[str, str], PatternSum]:
    """What was reported in the chosen days, by exchange and pattern, zeros where nothing was; values are exact."""
    table = surveillance_days.c
    names = ("market_count", *_COUNTS.values())
    statement = chosen_figures(
        surveillance_days, scope, choice, table.exchange, table.pattern, *(table[name] for name in (*names, *VALUES))
    )
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(store, statement):
        groups[row["exchange"], row["pattern"]].append(row)
    return {
        (exchange, pattern): PatternSum(
            exchange,
            pattern,
            market_day_count=sum(row["market_count"] for row in groups[exchange, pattern]),
            **_added_up(groups[exchange, pattern]),
        )
        for exchange in scope.visible(choice.exchanges)
        for pattern in PATTERNS
    }


def _added_up(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The sums of the counts and values of filed rows, by the names of records."""
    rows = list(rows)
    counts = {name: sum(row[filed] for row in rows) for name, filed in _COUNTS.items()}
    return counts | {name: exact_sum(row[name] for row in rows) for name in VALUES}


def surveillance_stages(store: Store, scope: Scope, choice: Choice) -> tuple[ExchangeStages, ...]:
    """One record per chosen exchange that filed any of the chosen days."""
    sums = pattern_sums(store, scope, choice)
    filed = filed_days(store, scope, choice)
    markets = _market_days(store, scope, choice)
    return tuple(
        _stages(exchange, len(filed[exchange]), [sums[exchange, pattern] for pattern in PATTERNS], *markets[exchange])
        for exchange in scope.visible(choice.exchanges)
        if filed[exchange]
    )


def _stages(
    exchange: str, day_count: int, sums: list[PatternSum], market_day_count: int, flagged_count: int
) -> ExchangeStages:
    alerts, cases, notified = (
        sum(getattr(one, name) for one in sums) for name in ("alert_count", "case_count", "notified_count")
    )
    return ExchangeStages(
        exchange=exchange,
        day_count=day_count,
        market_day_count=market_day_count,
        pattern_market_day_count=flagged_count,
        flagged_share=ratio(flagged_count, len(PATTERNS) * market_day_count),
        alert_count=alerts,
        case_count=cases,
        case_share=ratio(cases, alerts),
        notified_count=notified,
        notified_share=ratio(notified, cases),
        account_day_count=sum(one.account_day_count for one in sums),
        key_day_count=sum(one.key_day_count for one in sums),
        trade_value_krw=exact_sum(one.trade_value_krw for one in sums),
        api_trade_value_krw=exact_sum(one.api_trade_value_krw for one in sums),
    )


def _market_days(store: Store, scope: Scope, choice: Choice) -> Mapping[str, list[int]]:
    """Market-days traded and market-days reported for a pattern, where both reports are accepted, by exchange."""
    table, flagged = volume_days.c, surveillance_days.c
    traded = {
        (row["exchange"], row["day"]): row["market_count"]
        for row in rows_of(
            store, chosen_figures(volume_days, scope, choice, table.exchange, table.day, table.market_count)
        )
    }
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for exchange, days in filed_days(store, scope, choice).items():
        found[exchange][0] = sum(traded.get((exchange, day), 0) for day in days)
    by = (flagged.exchange, flagged.day)
    counted = chosen_figures(surveillance_days, scope, choice, *by, func.sum(flagged.market_count).label("count"))
    for row in rows_of(store, counted.group_by(*by)):
        if (row["exchange"], row["day"]) in traded:
            found[row["exchange"]][1] += int(row["count"])
    return found


def pattern_markets(
    store: Store, scope: Scope, exchange: str, first_day: date, last_day: date, pattern: str
) -> tuple[MarketAlerts, ...]:
    """The markets that an exchange reported for a pattern on these days, those with the most alerts first.

    From the published rows.
    """
    files = accepted_files(store, scope, "surveillance", exchange, first_day, last_day)
    if not files:
        return ()
    table = store.facts.read([file.facts for file in files], condition="pattern = ?", parameters=[pattern])
    traded = _traded(store, scope, exchange, first_day, last_day)
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in table.to_pylist():
        groups[row["market"]].append(row)
    found = [
        _market(market, rows, [traded.get((row["day"], market)) for row in rows]) for market, rows in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.alert_count, one.market)))


def _market(market: str, rows: list[dict[str, Any]], traded: list[Decimal | None]) -> MarketAlerts:
    """One market's rows added up; `traded`: all of its trading on each of their days."""
    sums = _added_up(rows)
    known = [value for value in traded if value is not None]
    whole = exact_sum(known) if known and len(known) == len(traded) else None
    return MarketAlerts(
        market=market,
        **sums,
        share=ratio(sums["api_trade_value_krw"], sums["trade_value_krw"]),
        market_value_krw=whole,
        market_share=ratio(sums["trade_value_krw"], whole or 0),
        source_row=rows[0]["source_row"],
    )


def _traded(
    store: Store, scope: Scope, exchange: str, first_day: date, last_day: date
) -> dict[tuple[date, str], Decimal]:
    table = volume_markets.c
    statement = chosen_figures(
        volume_markets, scope, Choice((exchange,), first_day, last_day), table.day, table.market, table.trade_value_krw
    )
    return {(row["day"], row["market"]): row["trade_value_krw"] for row in rows_of(store, statement)}

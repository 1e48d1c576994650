"""What was reported of abnormal trading: sums by pattern, how much reached each stage, and the markets concerned.

The same account or key may be concerned on several days, and a market in several patterns: sums say how often, not how
many different ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import func, select

from app.amounts import exact_sum, ratio
from app.frames import frame_of
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
_COUNTS = ("alert_count", "case_count", "notified_count", "account_count", "key_count")
STAGE_COLUMNS = (
    *("exchange", "day_count", "market_day_count", "pattern_market_day_count", "flagged_share", *_COUNTS),
    *("case_share", "notified_share", *VALUES),
)
MARKET_COLUMNS = ("market", *_COUNTS, *VALUES, "share", "market_value_krw", "market_share", "source_row")


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


def pattern_sums(store: Store, scope: Scope, choice: Choice) -> Mapping[tuple[str, str], dict[str, Any]]:
    """What was reported in the chosen days, by exchange and pattern; counts by the database, values exactly."""
    table = surveillance_days.c
    by = (table.exchange, table.pattern)
    counts = [func.sum(table[name]).label(name) for name in ("market_count", *_COUNTS)]
    zero = {**dict.fromkeys(("market_day_count", *_COUNTS), 0), **dict.fromkeys(VALUES, Decimal())}
    found: dict[tuple[str, str], dict[str, Any]] = defaultdict(lambda: dict(zero))
    for row in rows_of(store, chosen_figures(surveillance_days, scope, choice, *by, *counts).group_by(*by)):
        own = found[row["exchange"], row["pattern"]]
        own |= {name: int(row[name]) for name in _COUNTS} | {"market_day_count": int(row["market_count"])}
    values = chosen_figures(surveillance_days, scope, choice, *by, *(table[name] for name in VALUES))
    for row in rows_of(store, values):
        own = found[row["exchange"], row["pattern"]]
        for name in VALUES:
            own[name] = exact_sum((own[name], row[name]))
    return found


def surveillance_stages(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """From markets to notified cases, one row per exchange that filed: how many reached each stage.

    `market_day_count`: markets traded, day by day, on the days for which both reports are accepted;
    `pattern_market_day_count`: of these how often one was reported for a pattern, four at most a market and day.
    """
    sums = pattern_sums(store, scope, choice)
    filed = filed_days(store, scope, choice)
    markets = _market_days(store, scope, choice)
    rows = []
    for exchange in scope.visible(choice.exchanges):
        if not filed[exchange]:
            continue
        own = [sums[exchange, pattern] for pattern in PATTERNS]
        row: dict[str, Any] = {"exchange": exchange, "day_count": len(filed[exchange])}
        row |= {name: sum(one[name] for one in own) for name in _COUNTS}
        row |= {name: exact_sum(one[name] for one in own) for name in VALUES}
        row["market_day_count"], row["pattern_market_day_count"] = markets[exchange]
        row["flagged_share"] = ratio(row["pattern_market_day_count"], len(PATTERNS) * row["market_day_count"])
        row["case_share"] = ratio(row["case_count"], row["alert_count"])
        row["notified_share"] = ratio(row["notified_count"], row["case_count"])
        rows.append(row)
    return frame_of(rows, STAGE_COLUMNS)


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
) -> pd.DataFrame:
    """The markets that an exchange reported for a pattern on these days, those with the most alerts first.

    From the published rows. `market_value_krw`: all trading of the market on the days on which it was reported, where
    its API volume is accepted; `market_share` the part of it that is concerned.
    """
    files = accepted_files(store, scope, "surveillance", exchange, first_day, last_day)
    if not files:
        return frame_of([], MARKET_COLUMNS)
    table = store.facts.read([file.facts for file in files], condition="pattern = ?", parameters=[pattern])
    found = _by_market(table.to_pylist())
    traded = _traded(store, scope, exchange, first_day, last_day)
    for row in found:
        days = [traded.get((day, row["market"])) for day in row.pop("days")]
        known = [value for value in days if value is not None]
        row["market_value_krw"] = exact_sum(known) if known and len(known) == len(days) else None
        row["market_share"] = ratio(row["trade_value_krw"], row["market_value_krw"] or 0)
        row["share"] = ratio(row["api_trade_value_krw"], row["trade_value_krw"])
    return frame_of(sorted(found, key=lambda row: (-row["alert_count"], row["market"])), MARKET_COLUMNS)


def _by_market(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    markets: dict[str, dict[str, Any]] = {}
    for row in rows:
        own = markets.setdefault(
            row["market"],
            {"market": row["market"], "days": [], "source_row": row["source_row"]}
            | dict.fromkeys(_COUNTS, 0)
            | dict.fromkeys(VALUES, Decimal()),
        )
        own["days"].append(row["day"])
        own |= {name: own[name] + row[name] for name in _COUNTS}
        own |= {name: exact_sum((own[name], row[name])) for name in VALUES}
    return list(markets.values())


def _traded(
    store: Store, scope: Scope, exchange: str, first_day: date, last_day: date
) -> dict[tuple[date, str], Decimal]:
    table = volume_markets.c
    statement = chosen_figures(
        volume_markets, scope, Choice((exchange,), first_day, last_day), table.day, table.market, table.trade_value_krw
    )
    return {(row["day"], row["market"]): row["trade_value_krw"] for row in rows_of(store, statement)}

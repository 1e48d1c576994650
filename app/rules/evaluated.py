"""On how many accepted days the rules that need other reports could not be evaluated."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date

from app.columns import Count, ExchangeId, Text
from app.queries.choice import Choice
from app.scope import Scope
from etl.records.engine import reading
from etl.store import Store
from etl.unevaluated import evaluations


@dataclass(frozen=True, slots=True)
class UnevaluatedRule:
    """A rule that was not evaluated on some accepted days of an exchange, and these days in order."""

    rule: Text
    exchange: ExchangeId
    accepted_day_count: Count
    unevaluated_day_count: Count
    days: tuple[date, ...]


def unevaluated_days(store: Store, scope: Scope, choice: Choice) -> tuple[UnevaluatedRule, ...]:
    """Return the rules with chosen days on which they were not evaluated, one record per rule and exchange."""
    accepted: Counter[tuple[str, str]] = Counter()
    missing: dict[tuple[str, str], list[date]] = defaultdict(list)
    with reading(store.engine) as connection:
        for one in evaluations(
            connection,
            scope.visible(choice.exchanges),
            choice.first_day,
            choice.last_day,
            as_if_in_force=bool(store.replays),
        ):
            key = (one.rule.id, one.exchange)
            accepted[key] += 1
            if one.lacking:
                missing[key].append(one.day)
    return tuple(UnevaluatedRule(*key, accepted[key], len(days), tuple(days)) for key, days in missing.items())

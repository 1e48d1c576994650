"""Allow lists: which keys have a registered address, how many addresses one key has, and what the rules recorded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select

from app.amounts import ratio
from app.columns import Code, Count, Day, ExchangeId, Percent, Text
from app.queries.choice import Choice, chosen_figures, in_force, rows_of
from app.scope import Scope
from etl.records.engine import reading
from etl.records.tables import findings, key_days
from etl.store import Store
from expectations.thresholds import Thresholds

COVERAGE_RULE = "KEY-005"
"""Every active key has a registered address (specification)."""
ADDRESSES_RULE = "KEY-007"
"""No key has more addresses than the exchange's own published limit (specification)."""
_STATE = (
    "exchange",
    "scope",
    "day",
    "active_keys",
    "allowlisted_keys",
    "max_ips_per_key",
    "blocked_call_count",
    "unlisted_call_count",
)


@dataclass(frozen=True, slots=True)
class AllowList:
    """The keys of one exchange and scope of keys on its last filed day of the period, at 24:00.

    `coverage` is None where no key is active, `limit` where the exchange published none. `rules` names those that have
    an open finding about this row, COVERAGE_RULE and ADDRESSES_RULE alone; None for none.
    """

    exchange: ExchangeId
    scope: Code
    day: Day
    active_keys: Count
    allowlisted_keys: Count
    coverage: Percent | None
    max_ips_per_key: Count
    limit: Count | None
    blocked_call_count: Count
    unlisted_call_count: Count
    rules: Text | None

    @property
    def is_coverage_found(self) -> bool:
        """True where a rule recorded that keys are without a registered address."""
        return COVERAGE_RULE in (self.rules or "")

    @property
    def is_limit_found(self) -> bool:
        """True where a rule recorded that a key has more addresses than the exchange's limit."""
        return ADDRESSES_RULE in (self.rules or "")


def allow_list_state(store: Store, scope: Scope, choice: Choice, thresholds: Thresholds) -> tuple[AllowList, ...]:
    """Return keys, calls and addresses by exchange and scope of keys, in the order of the files."""
    table = key_days.c
    last = (
        chosen_figures(key_days, scope, choice, table.exchange, func.max(table.day).label("day"))
        .group_by(table.exchange)
        .subquery()
    )
    statement = (
        in_force(key_days, scope, choice.exchanges, table.submission, *(table[name] for name in _STATE))
        .join(last, (last.c.exchange == table.exchange) & (last.c.day == table.day))
        .order_by(table.exchange, table.source_row)
    )
    rows = rows_of(store, statement)
    recorded = _recorded(store, {row["submission"] for row in rows})
    found = []
    for row in rows:
        rules = recorded.get((row.pop("submission"), row["scope"]), ())
        covered = ratio(row["allowlisted_keys"], row["active_keys"])
        limit = thresholds.value("maximum_ips_per_key", row["day"], row["exchange"])
        found.append(AllowList(**row, coverage=covered, limit=limit, rules=", ".join(rules) or None))
    return tuple(found)


def _recorded(store: Store, submissions: Iterable[str]) -> dict[tuple[str, str], list[str]]:
    """The rules with an open finding, by submission and scope of keys."""
    c = findings.c
    statement = (
        select(c.submission, c.subject, c.rule)
        .where(
            c.submission.in_(sorted(submissions)),
            c.rule.in_((COVERAGE_RULE, ADDRESSES_RULE)),
            c.lifted_at.is_(None),
        )
        .order_by(c.rule)
    )
    by: dict[tuple[str, str], list[str]] = defaultdict(list)
    with reading(store.engine) as connection:
        for submission, subject, rule in connection.execute(statement):
            by[submission, subject].append(rule)
    return by

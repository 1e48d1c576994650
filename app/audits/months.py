"""Monthly audits: what came of each month's audit, and what it says of the whole exchange."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.amounts import exact_add, exact_sum, ratio
from app.columns import Count, ExchangeId, Instant, Percent, Text, Won
from app.obligations.outcomes import filed_for, obligations_of, records_begin
from app.queries.choice import Choice, chosen_figures, records_of_rows, rows_of
from app.queries.exactly import times
from app.queries.months import month_of, month_start, months_as_days, shown_months
from app.queries.open_findings import findings_by_subject
from app.rules.book import known_rule
from app.rules.findings import About, finding_counts
from app.scope import Scope
from etl.calendar import OBLIGATIONS_BEGIN, Obligation, ObligationState
from etl.records.tables import audits
from etl.store import Store
from expectations.catalogue import report as report_of
from expectations.thresholds import Thresholds
from expectations.vocabulary import Period

OPINIONS = report_of("audits").field("opinion").codes
"""What auditors conclude, the gravest last."""
UNRECORDED = "unrecorded"
"""The stand of a month that was due before there were records."""
UNOBLIGED = "unobliged"
"""The stand of a month for which there was no obligation yet, whether an audit came or not."""
QUALIFIED = "qualified"
"""The stand of an audit that came, and in which an opinion is not unqualified."""
NOTHING_DUE = (UNRECORDED, UNOBLIGED)
RECEIVED = (ObligationState.CURRENT, ObligationState.LATE, ObligationState.NIL, QUALIFIED)
_SHORT = "AUD-001"
"""The rule that compares what is held of an asset with what is owed."""


@dataclass(frozen=True, slots=True)
class AuditMonth:
    """What came of one exchange's audit of a month, what it says, and how many findings it has.

    `stand` is that of its obligation, QUALIFIED, UNRECORDED or UNOBLIGED; `timeliness` of an audit that came is
    `on_time` or `late`. The fields from `auditor` to `cold_share` are None where no audit is accepted: the gravest of
    its opinions, its first moment and last signature; `doubted_count` assets have another opinion than unqualified,
    `short_count` a finding that less is held than owed (None where that rule was not in force), `value_krw` is what is
    held at the audit's prices, and `cold_share` the part of it in cold wallets.
    """

    exchange: ExchangeId
    month: Text
    stand: str
    timeliness: str | None
    due_at: Instant
    received_at: Instant | None
    auditor: str | None
    as_of: datetime | None
    opinion: str | None
    signed_on: date | None
    asset_count: Count | None
    doubted_count: Count | None
    short_count: Count | None
    value_krw: Won | None
    cold_share: Percent | None
    finding_count: Count
    submission: str | None

    @property
    def is_received(self) -> bool:
        """True where an audit is accepted, or that there is none to make."""
        return self.stand in RECEIVED

    @property
    def is_known(self) -> bool:
        """True where there is something to show: it was due since there are records, or came all the same."""
        return self.stand not in NOTHING_DUE or self.asset_count is not None


@dataclass(frozen=True, slots=True)
class _AuditRow:
    """One asset of an accepted audit."""

    exchange: str
    audit_month: str
    ledger_quantity: Decimal
    hot_wallet_quantity: Decimal
    cold_wallet_quantity: Decimal
    price_krw: Decimal
    auditor: str
    as_of: datetime
    opinion: str
    signed_on: date

    @property
    def held_quantity(self) -> Decimal:
        """Hot and cold wallets together."""
        return exact_add(self.hot_wallet_quantity, self.cold_wallet_quantity)


_ROW_NAMES = tuple(_AuditRow.__dataclass_fields__)
_NO_CONTENT: Mapping[str, Any] = dict.fromkeys(
    ("auditor", "as_of", "opinion", "signed_on", "asset_count", "doubted_count", "value_krw", "cold_share")
)


def audit_months(store: Store, scope: Scope, choice: Choice, moment: datetime) -> tuple[AuditMonth, ...]:
    """Every chosen exchange and shown month, as of a moment, by exchange and month."""
    months = shown_months(choice)
    days = months_as_days(choice.exchanges, months)
    exchanges = scope.visible(choice.exchanges)
    begin = records_begin(store)
    filed = filed_for(store, scope, days, "audits")
    obliged = [] if begin is None else obligations_of(filed, exchanges, days, begin, moment, "audits")
    due = {(each.exchange, each.month): each for each in obliged}
    contents = _contents(store, scope, days)
    counts = finding_counts(store, scope, days, About(reports=("audits",)))
    open_counts: Counter[tuple[str, str]] = Counter()
    for one in counts:
        open_counts[one.exchange, one.month] += one.open_finding_count
    short = Counter((one.exchange, month_of(one.day)) for one in findings_by_subject(store, scope, days, (_SHORT,)))
    return tuple(
        AuditMonth(
            exchange=exchange,
            month=month,
            due_at=report_of("audits").due_at(Period.parse(month)),
            **_outcome(due.get((exchange, month)), month, contents.get((exchange, month), _NO_CONTENT)),
            **contents.get((exchange, month), _NO_CONTENT),
            short_count=short[exchange, month] if (exchange, month) in contents and is_judged(_SHORT, month) else None,
            finding_count=open_counts[exchange, month],
        )
        for exchange in exchanges
        for month in months
    )


def is_judged(rule: str, month: str) -> bool:
    """True where a rule was in force for the audits of a month."""
    begin = known_rule(rule).effective_from
    return begin is None or begin <= month_start(month)


def _outcome(due: Obligation | None, month: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """What came of the obligation: `stand`, `timeliness`, `received_at` and `submission`."""
    if due is None:
        stand = UNRECORDED if month >= month_of(OBLIGATIONS_BEGIN) else UNOBLIGED
        return {"stand": stand, "timeliness": None, "received_at": None, "submission": None}
    outcome = due.outcome
    is_doubted = outcome.is_met and bool(content["doubted_count"])
    return {
        "stand": QUALIFIED if is_doubted else str(ObligationState.NIL if outcome.is_nil else outcome.state),
        "timeliness": ("late" if outcome.is_late else "on_time") if outcome.is_met else None,
        "received_at": outcome.received_at,
        "submission": outcome.shown_submission,
    }


def _contents(store: Store, scope: Scope, days: Choice) -> dict[tuple[str, str], dict[str, Any]]:
    """What the accepted audits say, their assets added up, by exchange and month."""
    statement = chosen_figures(audits, scope, days, *(audits.c[name] for name in _ROW_NAMES))
    groups: dict[tuple[str, str], list[_AuditRow]] = defaultdict(list)
    for row in records_of_rows(store, statement.order_by(audits.c.source_row), _AuditRow):
        groups[row.exchange, row.audit_month].append(row)
    return {key: _added_up(rows) for key, rows in groups.items()}


def _added_up(rows: Sequence[_AuditRow]) -> dict[str, Any]:
    cold = exact_sum(times(row.cold_wallet_quantity, row.price_krw) for row in rows)
    value = exact_sum(times(row.held_quantity, row.price_krw) for row in rows)
    return {
        "auditor": " · ".join(dict.fromkeys(row.auditor for row in rows)),
        "as_of": min(row.as_of for row in rows),
        "opinion": max((row.opinion for row in rows), key=OPINIONS.index),
        "signed_on": max(row.signed_on for row in rows),
        "asset_count": len(rows),
        "doubted_count": sum(row.opinion != OPINIONS[0] for row in rows),
        "value_krw": value,
        "cold_share": ratio(cold, value),
    }


def doubted_audits(store: Store, scope: Scope, exchanges: tuple[str, ...], month: str) -> frozenset[str]:
    """The exchanges whose accepted audit of a month holds another opinion than unqualified of any asset."""
    days = months_as_days(exchanges, (month,))
    statement = chosen_figures(audits, scope, days, audits.c.exchange).where(audits.c.opinion != OPINIONS[0])
    return frozenset(row["exchange"] for row in rows_of(store, statement.distinct()))


def cold_share_by_law(thresholds: Thresholds, month: str) -> Decimal:
    """The share of the value held that the law wants in cold wallets, as in force in a month (AUD-002)."""
    share: Decimal = thresholds.value("cold_wallet_share", month_start(month))
    return share

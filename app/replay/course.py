"""The course of a replayed incident: when the checks see it, when a halt was due and came, and how the shortfall ends.

That the limit for a halt was reached, and until when a halt was due, is what the rule REC-004 recorded of the replay's
files. What no rule recorded is not judged here: quantities stand beside the quantities of the limits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select

from app.replay.checks import ReplayedCheck, ReplayedHalt, replayed_checks, replayed_halts
from app.scope import Scope
from etl.records.engine import reading
from etl.records.tables import findings, submissions
from etl.store import Store
from expectations.thresholds import Thresholds
from expectations.vocabulary import Period, State

HALT_RULE = "REC-004"
"""A shortfall that reaches its limit has a halt in time (specification)."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+09:00")


@dataclass(frozen=True, slots=True)
class HaltFinding:
    """What REC-004 recorded of a shortfall: the check that reached the limit first, and until when a halt was due."""

    reached_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Tail:
    """The last stretch of a shortfall, in which it no longer changed, beside the limits of its last check."""

    since: datetime
    until: datetime | None
    """The first check that matches again; None while it is open."""
    check_count: int
    quantity: Decimal
    krw: Decimal
    share_of_ledger: Decimal
    share_of_holdings: Decimal
    ratio_limit_quantity: Decimal
    krw_limit_quantity: Decimal


@dataclass(frozen=True, slots=True)
class Course:
    """An incident as its checks, its halts and the findings about them show it; what never came is None.

    `limit_reached_at` and `halt_due_at` are as REC-004 recorded them, `halted_at` is when the first halt began.
    """

    detected_at: datetime | None
    limit_reached_at: datetime | None
    halt_due_at: datetime | None
    halted_at: datetime | None
    equal_at: datetime | None
    tail: Tail | None


def course_of(
    store: Store, scope: Scope, exchange: str, asset: str, first_day: date, last_day: date, thresholds: Thresholds
) -> Course:
    """Return when checks saw the mismatch, when a halt was due and came, and when the books were equal again."""
    checks = replayed_checks(store, scope, exchange, asset, first_day, last_day, thresholds)
    halts = replayed_halts(store, scope, exchange, asset, first_day, last_day)
    recorded = halt_finding(store, scope, exchange, asset, first_day, last_day)
    return _course(checks, halts, recorded)


def halt_finding(
    store: Store, scope: Scope, exchange: str, asset: str, first_day: date, last_day: date
) -> HaltFinding | None:
    """Return what REC-004 recorded first about a shortfall of the asset in these days; None where it found nothing.

    The rule writes the check that reached the limit into `found`, and the last moment for a halt into `expected`.
    Raises ValueError where a finding names no such moment.
    """
    c = findings.c
    statement = (
        select(c.found, c.expected)
        .join(submissions, submissions.c.id == c.submission)
        .where(
            submissions.c.state == State.ACCEPTED,
            c.lifted_at.is_(None),
            c.rule == HALT_RULE,
            c.subject == asset,
            c.exchange.in_(scope.visible_rows((exchange,))),
            submissions.c.period_start < Period.of_day(last_day).end,
            submissions.c.period_end > Period.of_day(first_day).start,
        )
        .order_by(c.start, c.id)
    )
    with reading(store.engine) as connection:
        first = connection.execute(statement).first()
    return None if first is None else HaltFinding(_instant_in(first.found), _instant_in(first.expected))


def _instant_in(text: str) -> datetime:
    """The moment that a rule wrote."""
    found = _INSTANT.search(text)
    if found is None:
        raise ValueError(f"a finding of {HALT_RULE} names no moment where one was expected: '{text}'")
    return datetime.fromisoformat(found[0])


def _course(checks: Sequence[ReplayedCheck], halts: Sequence[ReplayedHalt], recorded: HaltFinding | None) -> Course:
    short = [place for place, check in enumerate(checks) if check.is_short]
    if not short:
        return Course(None, None, None, None, None, None)
    equal = checks[short[-1] + 1].checked_at if short[-1] + 1 < len(checks) else None
    return Course(
        detected_at=checks[short[0]].checked_at,
        limit_reached_at=recorded.reached_at if recorded else None,
        halt_due_at=recorded.due_at if recorded else None,
        halted_at=min((halt.halted_at for halt in halts), default=None),
        equal_at=equal,
        tail=_tail(checks[: short[-1] + 1], equal),
    )


def _tail(checks: Sequence[ReplayedCheck], until: datetime | None) -> Tail:
    """The last checks of a shortfall whose quantity is the same as at its end."""
    last = checks[-1]
    count = 1
    while count < len(checks) and checks[-1 - count].shortfall_quantity == last.shortfall_quantity:
        count += 1
    return Tail(
        since=checks[-count].checked_at,
        until=until,
        check_count=count,
        quantity=last.shortfall_quantity,
        krw=last.shortfall_krw,
        share_of_ledger=last.shortfall_ratio or Decimal(),
        share_of_holdings=last.holdings_multiple or Decimal(),
        ratio_limit_quantity=last.ratio_limit_quantity,
        krw_limit_quantity=last.krw_limit_quantity,
    )

"""What rules found and is open, by what it is about: screens say that a limit was exceeded only from these."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from app.columns import Day, ExchangeId
from app.moments import kst_day
from app.queries.choice import Choice, rows_of
from app.scope import Scope
from etl.records.tables import findings, submissions
from etl.store import Store
from expectations.vocabulary import Period, State


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """One finding that holds, about a submission that is accepted.

    `day` is the first KST day of the submission's period, `subject` what of it the rule names: an asset, a market, a
    pattern; None where it is about the whole.
    """

    rule: str
    exchange: ExchangeId
    day: Day
    subject: str | None
    submission: str


def findings_by_subject(store: Store, scope: Scope, choice: Choice, rules: tuple[str, ...]) -> tuple[OpenFinding, ...]:
    """The open findings of these rules whose period begins in the chosen days, in the order in which they were found.

    A finding that was withdrawn is left out, and so is one of a submission that is not accepted any more.
    """
    found, filed = findings.c, submissions.c
    statement = (
        select(found.rule, found.exchange, filed.period_start, found.subject, found.submission)
        .join(submissions, filed.id == found.submission)
        .where(
            found.rule.in_(rules),
            found.lifted_at.is_(None),
            filed.state == State.ACCEPTED,
            found.exchange.in_(scope.visible(choice.exchanges)),
            filed.period_start >= Period.of_day(choice.first_day).start,
            filed.period_start < Period.of_day(choice.last_day).end,
        )
        .order_by(found.id)
    )
    return tuple(
        OpenFinding(row["rule"], row["exchange"], kst_day(row["period_start"]), row["subject"], row["submission"])
        for row in rows_of(store, statement)
    )

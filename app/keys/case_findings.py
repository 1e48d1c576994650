"""What the rules recorded about cases against suspect keys: limits of time that were exceeded, moves not allowed.

The screens of cases say "exceeded" and "not allowed" only where one of these findings is open; they judge nothing
themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from app.queries.choice import records_of_rows
from app.scope import Scope
from etl.records.tables import findings, submissions
from etl.store import Store
from expectations.vocabulary import State

MOVE_RULES = ("ACT-003", "ACT-004")
"""About a step: a step back or after the end, and a direct expiry without high risk (specification)."""
LIMIT_RULES = ("ACT-005", "ACT-006", "ACT-007")
"""About a case: the first step, the measure at high risk, the expiry after a failed re-verification (specification)."""


@dataclass(frozen=True, slots=True)
class CaseFinding:
    """An open finding: the rule, the case or step that it is about, and what the rule wrote of it."""

    exchange: str
    rule: str
    subject: str
    found: str


@dataclass(frozen=True, slots=True)
class CaseFindings:
    """The open findings about cases and steps, by exchange and subject."""

    by_subject: Mapping[tuple[str, str], tuple[CaseFinding, ...]]

    def about(self, exchange: str, subject: str, *rules: str) -> tuple[CaseFinding, ...]:
        """The findings of these rules about a case or a step."""
        return tuple(one for one in self.by_subject.get((exchange, subject), ()) if one.rule in rules)

    def is_not_allowed(self, exchange: str, action_id: str) -> bool:
        """True where a rule recorded that a step does not follow the one before it as it may."""
        return bool(self.about(exchange, action_id, *MOVE_RULES))


def recorded_case_findings(store: Store, scope: Scope, exchanges: tuple[str, ...]) -> CaseFindings:
    """Return the open findings of the rules on cases about accepted reports of these exchanges (none means all)."""
    c = findings.c
    statement = (
        select(c.exchange, c.rule, c.subject, c.found)
        .join(submissions, submissions.c.id == c.submission)
        .where(
            submissions.c.state == State.ACCEPTED,
            c.lifted_at.is_(None),
            c.rule.in_((*MOVE_RULES, *LIMIT_RULES)),
            c.exchange.in_(scope.visible(exchanges)),
        )
        .order_by(c.rule, c.id)
    )
    by_subject: dict[tuple[str, str], list[CaseFinding]] = defaultdict(list)
    for one in records_of_rows(store, statement, CaseFinding):
        by_subject[one.exchange, one.subject].append(one)
    return CaseFindings({subject: tuple(own) for subject, own in by_subject.items()})

"""What came of asking one rule about one submission: clean, found so many, not applicable (why), or failed.

Decided once, where the rule is judged, by how it is judged then: its date, the thresholds of that day, the file's rows.
What depends on other reports is not decided here (`etl/unevaluated.py`), and how all of it is read together stands in
`etl/ledger.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from expectations.vocabulary import Rule


class RuleOutcome(StrEnum):
    """What became of a rule of a submission."""

    CLEAN = "clean"
    FOUND = "found"
    NOT_APPLICABLE = "not_applicable"
    NOT_EVALUATED = "not_evaluated"
    FAILED = "failed"
    """We failed on it; there is an incident."""
    NOT_RECORDED = "not_recorded"
    """It was judged before outcomes were recorded."""


class Why(StrEnum):
    """Why a rule is not applicable, or was not evaluated."""

    BEFORE_ITS_DATE = "before_its_date"
    NO_LIMIT = "no_limit"
    """A threshold of the rule has no value for the exchange."""
    NIL_RETURN = "nil_return"
    """The rule is about rows that the file holds, and it holds none."""
    NO_COLUMN = "no_column"
    """The report did not have the rule's column on the day."""
    NOT_OF_FORMAT = "not_of_format"
    """What the rule is about is no part of the file's format: totals, lines."""
    NOT_GIVEN = "not_given"
    """The sender said nothing of the content beside the file (3.12)."""
    AWAITS_DATA = "awaits_data"
    """What the rule would judge has a deadline that accepted data does not reach yet."""
    LACKING = "lacking"
    """A report that the rule needs is not accepted."""
    REJECTED = "rejected"
    """The file was rejected before the rule's turn came (section 5)."""
    PENDING = "pending"
    """It is still to be judged."""
    OUT_OF_FORCE = "out_of_force"
    """The file was replaced or withdrawn before the rule's turn came."""
    NOT_FILED = "not_filed"
    """Nothing in force was filed for the period."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of one rule, and what was looked at: so many rows of the file, so many of what else is accepted."""

    rule: str
    outcome: RuleOutcome
    why: Why | None
    finding_count: int
    row_count: int
    read_count: int = 0


def judgement(
    rule: Rule,
    finding_count: int,
    hindrances: Mapping[Why, bool],
    row_count: int,
    read_count: int = 0,
    *,
    awaits_data: bool = False,
) -> Judgement:
    """The judgement of a rule that was asked; of what hinders it, the first that holds is why it is not applicable."""
    why = next((why for why, holds in hindrances.items() if holds), None)
    if finding_count:
        return Judgement(rule.id, RuleOutcome.FOUND, None, finding_count, row_count, read_count)
    if why is not None:
        return Judgement(rule.id, RuleOutcome.NOT_APPLICABLE, why, 0, row_count, read_count)
    if awaits_data:
        return Judgement(rule.id, RuleOutcome.NOT_EVALUATED, Why.AWAITS_DATA, 0, row_count, read_count)
    return Judgement(rule.id, RuleOutcome.CLEAN, None, 0, row_count, read_count)

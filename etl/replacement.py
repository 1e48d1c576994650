"""What a file would replace: accepted rows that go, and findings of others that come or go (specification, 3.9).

A correction is welcome; one that leaves nothing, or less than half, may be a mistake. It is shown before it is filed,
with the numbers, and filed with a reason, which the log and the receipt keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from etl.records.submissions import Submission
from expectations.vocabulary import Finding


@dataclass(frozen=True, slots=True)
class FindingElsewhere:
    """A finding of another accepted submission that would come, or go where `comes` is False."""

    exchange: str
    report: str
    period: str
    submission: str
    finding: Finding
    comes: bool


@dataclass(frozen=True, slots=True)
class Replacement:
    """Accepted submissions that a file would take the place of, with their rows and its own."""

    submissions: tuple[str, ...]
    rows_before: int
    rows_after: int
    elsewhere: tuple[FindingElsewhere, ...] = ()

    @property
    def needs_reason(self) -> bool:
        """True where rows are replaced by none, or by less than half of them (3.9)."""
        return loses_most_rows(self.rows_before, self.rows_after)

    def as_record(self) -> dict[str, Any]:
        """As machines get it and drafts keep it."""
        return {
            "submissions": list(self.submissions),
            "rows_before": self.rows_before,
            "rows_after": self.rows_after,
            "needs_reason": self.needs_reason,
            "findings_elsewhere": [
                {
                    "exchange": one.exchange,
                    "report": one.report,
                    "period": one.period,
                    "submission": one.submission,
                    "rule": one.finding.rule,
                    "subject": one.finding.subject,
                    "change": "new" if one.comes else "fixed",
                }
                for one in self.elsewhere
            ],
        }


def loses_most_rows(before: int, after: int) -> bool:
    """True where `after` rows are none, or less than half, of the rows `before` (3.9)."""
    return after * 2 < before


def replacement_of(replaced: Sequence[Submission], row_count: int) -> Replacement | None:
    """Return what a file with so many rows replaces; None where nothing accepted is replaced."""
    if not replaced:
        return None
    return Replacement(tuple(one.id for one in replaced), sum(one.row_count or 0 for one in replaced), row_count)


def changed_elsewhere(
    submission: Submission, before: Iterable[Finding], after: Iterable[Finding]
) -> tuple[FindingElsewhere, ...]:
    """Return the findings of another submission that come and go, in the order in which they were found."""
    old, new = list(before), list(after)
    about = (submission.exchange, submission.report, submission.period.text, submission.id)
    return (
        *(FindingElsewhere(*about, one, comes=True) for one in new if one not in old),
        *(FindingElsewhere(*about, one, comes=False) for one in old if one not in new),
    )

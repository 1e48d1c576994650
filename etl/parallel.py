"""What a parallel run tells: differences between today and tomorrow, what could not be compared, and their counts.

`parallel_rules` tries another rule book, `parallel_layouts` other layouts; both take the files of some days, ask twice
and compare. Nothing here judges or reads a file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any

from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.submissions import Submission
from etl.store import Store
from expectations.vocabulary import Finding, Period, Rule, State

EXAMPLES = 3
"""Differences that are kept of each rule, exchange and way of differing; all of them are told to the listener."""


class How(StrEnum):
    """How a finding stands in the two books."""

    SAME = "same"
    ONLY_TODAY = "only_today"
    ONLY_TOMORROW = "only_tomorrow"
    CHANGED = "changed"
    """The same place, but another value, another expectation or another reason."""


class Hindrance(StrEnum):
    """Why something could not be compared."""

    PENDING = "pending"
    """It is still to be judged."""
    FAILED = "failed"
    """We failed on it when it was judged."""
    RULE_FAILED = "rule_failed"
    """A rule could not be evaluated."""
    FILE_FAILED = "file_failed"
    """Its rows or its bytes could not be read."""
    OTHER_VERDICT = "other_verdict"
    """Judged once more by today's rules it has another verdict than the recorded one."""
    LACKING = "lacking"
    """Not evaluated: a report that the rule needs is not accepted."""
    AWAITS_DATA = "awaits_data"
    """Not evaluated: what the rule would judge has a deadline that accepted data does not reach yet."""
    NO_BYTES = "no_bytes"
    """Its bytes are not kept, since they held secrets."""
    NO_COLUMN = "no_column"
    """The report had not the rule's column on the day."""


NOT_EVALUATED = frozenset({Hindrance.LACKING, Hindrance.AWAITS_DATA})
"""What no judging could compare: it waits for what exchanges file, today as tomorrow."""


class ChangeOfBook(StrEnum):
    """How a rule differs between the books."""

    ADDED = "added"
    DROPPED = "dropped"
    BEGINS = "begins"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule that the two books judge differently by."""

    rule: str
    what: ChangeOfBook
    since: date | None


@dataclass(frozen=True, slots=True)
class ThresholdChange:
    """A threshold that has another value in the other book."""

    name: str
    exchange: str | None
    today: Any
    tomorrow: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """A finding of one book that the other has not, or has otherwise; `submission` is None where nothing is filed."""

    rule: Rule
    exchange: str
    report: str
    period: Period
    submission: str | None
    filed: Submission | None
    how: How
    today: Finding | None
    tomorrow: Finding | None


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A file that would be refused, or accepted, and what of it refuses it: tomorrow, or today."""

    submission: Submission
    today: State
    tomorrow: State
    findings: tuple[tuple[Finding, Rule], ...]


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A file, or a rule of a file, that could not be compared, and why; a rule that is about no file has None."""

    submission: Submission | None
    rule: str | None
    why: Hindrance
    detail: str = ""


Told = Difference | VerdictChange | NotCompared
Listener = Callable[[Told], None]
Progress = Callable[[int, int, str], None]


class NothingToCompareError(ValueError):
    """No file of the days asked for, with a sentence that says which there are."""


@dataclass(slots=True)
class RulesCompared:
    """What came of it: counts by rule and exchange, of files by exchange, and the first examples."""

    rules: tuple[RuleChange, ...]
    thresholds: tuple[ThresholdChange, ...]
    files: Counter[str] = field(default_factory=Counter)
    findings: Counter[tuple[str, str, How]] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, State, State]] = field(default_factory=Counter)
    not_compared: Counter[tuple[str, str | None, Hindrance]] = field(default_factory=Counter)
    examples: dict[tuple[str, str, str], list[Told]] = field(default_factory=dict)

    @property
    def breaks(self) -> bool:
        """True where an exchange would have a new finding, or a file of it would be refused."""
        return any(how is How.ONLY_TOMORROW for _, _, how in self.findings) or any(
            tomorrow is State.REJECTED and today is State.ACCEPTED for _, today, tomorrow in self.verdicts
        )

    @property
    def is_whole(self) -> bool:
        """True where nothing is left that could not be compared; what waits for other reports is counted by itself."""
        return all(why in NOT_EVALUATED for _, _, why in self.not_compared)

    def findings_of(self, exchange: str, how: How) -> int:
        """How many findings of an exchange stand so."""
        return sum(count for (_, whose, one), count in self.findings.items() if (whose, one) == (exchange, how))

    def verdicts_of(self, exchange: str, today: State, tomorrow: State) -> int:
        """How many files of an exchange have these verdicts."""
        return self.verdicts[exchange, today, tomorrow]

    def not_compared_of(self, exchange: str, *, not_evaluated: bool = False) -> int:
        """How much of an exchange could not be compared; or how much was not evaluated for want of reports."""
        return sum(
            count
            for (whose, _, why), count in self.not_compared.items()
            if whose == exchange and (why in NOT_EVALUATED) is not_evaluated
        )


@dataclass(frozen=True, slots=True)
class ValuesDiffer:
    """A column of a file that two layouts read differently, in so many rows; the first of them with both values.

    `within` are those that differ by no more than the tolerance. A column that one layout has not has no values there,
    and stands as a whole (`how`).
    """

    submission: Submission
    column: str
    how: How
    count: int
    within: int
    largest: Decimal | None
    examples: tuple[tuple[int, Any, Any], ...]


@dataclass(frozen=True, slots=True)
class RowsDiffer:
    """Rows of a file that one of two layouts reads as data and the other does not, by their place in the file."""

    submission: Submission
    how: How
    count: int
    examples: tuple[int, ...]


ToldOfLayouts = VerdictChange | ValuesDiffer | RowsDiffer | NotCompared


@dataclass(slots=True)
class LayoutsCompared:
    """What came of trying other layouts: counts by exchange, and the first of each kind of difference."""

    files: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    """Files whose layout and shape are the same, which are not read again."""
    read_alike: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, State, State]] = field(default_factory=Counter)
    rows: Counter[tuple[str, How]] = field(default_factory=Counter)
    values: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Values beyond the tolerance, by exchange, report and canonical column."""
    within: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    columns: Counter[tuple[str, str, str, How]] = field(default_factory=Counter)
    """Columns that only one of the two has, by exchange, report and canonical name: so many files."""
    not_compared: Counter[tuple[str, Hindrance]] = field(default_factory=Counter)
    untried: tuple[tuple[str, str], ...] = ()
    """Exchange and report of what a folder changes, where no file of these days is of it."""
    examples: dict[tuple[str, ...], list[ToldOfLayouts]] = field(default_factory=dict)

    @property
    def breaks(self) -> bool:
        """True where a file would be refused, or would be read with other rows or values."""
        refused = any(old is State.ACCEPTED and new is State.REJECTED for _, old, new in self.verdicts)
        return refused or bool(self.rows or self.values or self.columns)

    @property
    def is_whole(self) -> bool:
        """True where nothing is left that could not be compared."""
        return not self.not_compared and not self.untried


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much two numbers may differ and count as the same: an amount, or a part of today's value; exact decimals."""

    amount: Decimal = Decimal(0)
    ratio: Decimal = Decimal(0)

    @classmethod
    def parse(cls, text: str) -> Tolerance:
        """Read `0.01` (an amount) or `0.5%` (of today's value); ValueError in one sentence where it is neither."""
        number, percent = text.removesuffix("%"), text.endswith("%")
        if not _NUMBER.fullmatch(number):
            raise ValueError(f"'{text}' is no tolerance; write an amount such as 0.01, or a part such as 0.5%")
        value = Decimal(number)
        return cls(ratio=_EXACT.divide(value, Decimal(100))) if percent else cls(amount=value)

    def covers(self, today: Decimal, tomorrow: Decimal) -> bool:
        """True where the two differ by no more than that, the boundary included."""
        difference = distance(today, tomorrow)
        return difference <= self.amount or difference <= _EXACT.multiply(self.ratio, today.copy_abs())


def distance(today: Decimal, tomorrow: Decimal) -> Decimal:
    """How far two numbers lie apart, to the last digit."""
    return _EXACT.subtract(tomorrow, today).copy_abs()


_NUMBER = re.compile(r"[0-9]{1,30}(?:\.[0-9]{1,30})?", re.ASCII)
_EXACT = Context(prec=160)


def files_of(store: Store, first: Period | None, last: Period | None, exchange: str | None) -> list[Submission]:
    """What is filed for these days and stands, accepted or refused, and what is still to be judged; oldest day first.

    Raises NothingToCompareError where there is nothing.
    """
    with reading(store.engine) as connection:
        found = life.current_submissions(
            connection, exchange=exchange, first=first, last=last, others=(State.RECEIVED, State.FAILED)
        )
        if not found:
            every = life.current_submissions(connection, exchange=exchange)
            raise NothingToCompareError(_nothing(every, first, last, exchange))
    return sorted(found, key=lambda one: (one.period, one.exchange, one.report))


def _nothing(every: Sequence[Submission], first: Period | None, last: Period | None, exchange: str | None) -> str:
    whose = f" of {exchange}" if exchange else ""
    if not every:
        return (
            f"there is nothing to compare: no file{whose} is accepted or refused yet; file reports with 'daxa ingest'"
        )
    asked = " to ".join(one.text for one in (first, last) if one is not None)
    days = min(one.period.first_day for one in every), max(one.period.last_day for one in every)
    return (
        f"there is nothing to compare: no file{whose} for {asked}; "
        f"what is filed is for {days[0]} to {days[1]}: give --from and --to within that"
    )


def beside(
    today: Sequence[Finding], tomorrow: Sequence[Finding]
) -> Iterator[tuple[How, Finding | None, Finding | None]]:
    """Findings of one rule and file side by side: what is the same, then what has the same place, then the others."""
    old, new = Counter(today), Counter(tomorrow)
    same = old & new
    yield from ((How.SAME, one, one) for one in same.elements())
    gone, come = list((old - same).elements()), list((new - same).elements())
    by_place: dict[tuple[object, ...], list[Finding]] = {}
    for one in gone:
        by_place.setdefault(_place(one), []).append(one)
    for one in come:
        before = by_place.get(_place(one))
        if before:
            yield How.CHANGED, before.pop(0), one
        else:
            yield How.ONLY_TOMORROW, None, one
    yield from ((How.ONLY_TODAY, one, None) for rest in by_place.values() for one in rest)


def _place(finding: Finding) -> tuple[object, ...]:
    return finding.subject, finding.row, finding.column, finding.start, finding.end

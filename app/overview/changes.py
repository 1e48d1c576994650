"""What can change between two moments, and changes put together in few lines."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.columns import Count, Day, ExchangeId, Instant, ReportId, Text, Won


class ChangeKind(StrEnum):
    """What can change, the gravest first."""

    SHORTFALL = "shortfall"
    """A shortfall began and is open."""
    HALT = "halt"
    """A halt began and is in force."""
    REFUSED = "refused"
    """A file was refused, and nothing was filed for its period since."""
    BREACH = "breach"
    """Findings of a rule of kind compliance, which are still open."""
    SHORTFALL_PASSED = "shortfall_passed"
    """A shortfall is known of for the first time that has ended already."""
    HALT_PASSED = "halt_passed"
    """A halt is known of for the first time that was resumed already."""
    SHORTFALL_ENDED = "shortfall_ended"
    """A shortfall that was known of has ended."""
    HALT_RESUMED = "halt_resumed"
    """A halt that was known of was resumed."""
    REPLACED = "replaced"
    """A file was refused, and another one filed for its period since."""
    RESTATED = "restated"
    """Figures that were published are replaced by a correction."""
    WITHDRAWN = "withdrawn"
    """A file was withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change, or the findings that one rule made of one report, with how many they are.

    `at`: when the file was decided that brought it. `subject`: the rule, the asset or the halt. `started_at`: when a
    shortfall or halt began. `submission`: the file that brought it; the new one where figures are restated; None for
    several findings.
    """

    kind: ChangeKind
    at: Instant
    exchange: ExchangeId
    report: ReportId
    first_day: Day
    last_day: Day
    subject: Text = ""
    started_at: Instant | None = None
    shortfall_krw: Won | None = None
    count: Count = 1
    submission: Text | None = None


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """Changes that are alike, the newest first: said in one line."""

    changes: tuple[Change, ...]

    @property
    def newest(self) -> Change:
        """The change that came last."""
        return self.changes[0]

    @property
    def kind(self) -> ChangeKind:
        """The kind of all of them."""
        return self.newest.kind

    @property
    def exchanges(self) -> tuple[str, ...]:
        """The exchanges that they are of."""
        return tuple(dict.fromkeys(one.exchange for one in self.changes))

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day that they are about."""
        return min(one.first_day for one in self.changes), max(one.last_day for one in self.changes)

    @property
    def count(self) -> int:
        """How many they are."""
        return sum(one.count for one in self.changes)

    @property
    def largest_shortfall_krw(self) -> Won | None:
        """The largest shortfall of them in won; None where they are of something else."""
        return max((one.shortfall_krw for one in self.changes if one.shortfall_krw is not None), default=None)

    @property
    def submission(self) -> str | None:
        """The file that brought the only change; None where there are several."""
        return self.newest.submission if len(self.changes) == 1 else None


def grouped(changes: Sequence[Change], most: int) -> tuple[list[ChangeGroup], int]:
    """The changes in at most `most` groups, the gravest first, and how many groups there would be in all.

    Findings of one rule are a group, whatever the exchanges; shortfalls and halts that are open are a group each; all
    else of one kind, exchange and report is one. Every kind has a group before any has its second.
    """
    found: dict[Hashable, list[Change]] = defaultdict(list)
    for one in changes:
        found[_alike(one)].append(one)
    groups = [ChangeGroup(tuple(own)) for own in found.values()]
    kinds: Counter[ChangeKind] = Counter()
    places = []
    for place, group in enumerate(groups):
        places.append((kinds[group.kind] > 0, place))
        kinds[group.kind] += 1
    shown = sorted(place for _, place in sorted(places)[:most])
    return [groups[place] for place in shown], len(groups)


def _alike(one: Change) -> Hashable:
    """What two changes have in common that are said in one line."""
    if one.kind is ChangeKind.BREACH:
        return one.kind, one.subject
    if one.kind in (ChangeKind.SHORTFALL, ChangeKind.HALT):
        return one.kind, one.exchange, one.subject, one.started_at
    return one.kind, one.exchange, one.report

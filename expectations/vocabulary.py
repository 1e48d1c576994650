"""The words of the standard, frozen: values, fields, reports, periods, rules, findings.

Source of every word: the reporting specification, sections 1 (values), 2 (reports), 3 (submissions)
and 5 (rules). Nothing here knows a library, a file format or an exchange.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Any

KST = timezone(timedelta(hours=9), "KST")
"""Korean time: UTC+9, no daylight saving (specification, section 1)."""

QUANTITY_DIGITS = (20, 18)
KRW_DIGITS = (20, 8)
"""Largest number of digits before and after the point (specification, section 1)."""

COUNT_MAXIMUM = 2**63 - 1
ASSET_PATTERN = r"[A-Z0-9]{1,20}"
HASH_PATTERN = r"[0-9a-f]{64}"
TEXT_MAXIMUM = 500


class ValueType(StrEnum):
    """What a value is (specification, section 1)."""

    QUANTITY = "quantity"
    KRW = "krw"
    COUNT = "count"
    INSTANT = "instant"
    DATE = "date"
    MONTH = "month"
    MARKET = "market"
    ASSET = "asset"
    HASH = "hash"
    CODE = "code"
    TEXT = "text"
    TARGET = "target"
    """What a halt stops: a market, an asset, ALL or ACCOUNTS, according to the row's `scope` (2.5)."""


class Cadence(StrEnum):
    """How long the period of a report is."""

    DAY = "day"
    SLICED_DAY = "sliced_day"
    """A day, or a slice of one day on whole hours (2.4)."""
    MONTH = "month"


class Kind(StrEnum):
    """What a rule is about, and so what its failure does (specification, section 5)."""

    STRUCTURE = "structure"
    INTEGRITY = "integrity"
    CONSISTENCY = "consistency"
    COMPLIANCE = "compliance"
    PLAUSIBILITY = "plausibility"

    @property
    def rejects(self) -> bool:
        """True where a finding of this kind refuses the whole file."""
        return self in (Kind.STRUCTURE, Kind.INTEGRITY)


class Severity(StrEnum):
    """Great Expectations' own scale; derived from the kind (design, section 3)."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


SEVERITY_OF_KIND = {
    Kind.STRUCTURE: Severity.CRITICAL,
    Kind.INTEGRITY: Severity.CRITICAL,
    Kind.CONSISTENCY: Severity.WARNING,
    Kind.COMPLIANCE: Severity.WARNING,
    Kind.PLAUSIBILITY: Severity.INFO,
}


class Source(StrEnum):
    """Where a rule or a number comes from: published, law, or our assumption."""

    DAXA = "DAXA"
    LAW = "LAW"
    MODEL = "MODEL"


class Decider(StrEnum):
    """Who decided what a rule asks: those who publish, the exchanges for themselves, or the team of this project."""

    LAW = "law"
    FSC = "FSC"
    FSS = "FSS"
    DAXA = "DAXA"
    EXCHANGES = "exchanges"
    TEAM = "team"


class State(StrEnum):
    """Where a submission stands (specification, 3.2)."""

    RECEIVED = "received"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    """We failed on it (3.10): it has no verdict and counts as nothing, until it is tried again or withdrawn."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One text in both languages of the screens."""

    ko: str
    en: str

    def __post_init__(self) -> None:
        """Refuse a text that is missing in one language."""
        if not self.ko or not self.en:
            raise ValueError(f"wording needs Korean and English: {self!r}")

    def in_language(self, language: str) -> str:
        """The text in `language`, `ko` or `en`."""
        return self.ko if language == "ko" else self.en


@dataclass(frozen=True, slots=True)
class Field:
    """One canonical column of a report.

    `unit` is a word such as `KRW` or `keys`, empty where a value has none; `codes` is the closed list of a
    `code`; `maximum_length` holds for texts. The column is part of the report from the KST day `since` on, and up to
    the day before `until`; None is no bound. Where its definition changes (a code more, an optional column that
    becomes required), it stands twice in its report: one `until` the date, the next `since` it.
    """

    name: str
    type: ValueType
    label: Wording
    meaning: Wording
    unit: str = ""
    required: bool = True
    codes: tuple[str, ...] = ()
    maximum_length: int = TEXT_MAXIMUM
    since: date | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        """A code has its list, and nothing else has one; the last day does not come before the first."""
        if (self.type is ValueType.CODE) != bool(self.codes):
            raise ValueError(f"field {self.name}: codes go with type code, and with no other")
        if self.first_day >= self.end_day:
            raise ValueError(f"field {self.name}: since {self.since} is not before until {self.until}")

    @property
    def first_day(self) -> date:
        """The first day on which it is part of its report."""
        return self.since or date.min

    @property
    def end_day(self) -> date:
        """The day from which it is not part of its report any more."""
        return self.until or date.max

    def is_part_between(self, first_day: date, last_day: date) -> bool:
        """True where it is part of its report on one of these days at least, both included."""
        return self.first_day <= last_day and first_day < self.end_day


@dataclass(frozen=True, slots=True)
class Report:
    """The shape of one report: its columns in order, its key, its period and when it is due.

    `fields` are the columns of every day, each with the days on which it is part of the report; `on` gives the shape
    of one day. What reads, checks or shows one file goes by the shape of its day; what reads files of many days
    together goes by `every_field`, and a column that a file's day did not have is absent there (null).

    `period_field` is the column that must lie in the declared period (SUB-003); `subject_field` the column a
    finding of this report is about. It is due at `due_time` KST on the day after the period or, where
    `due_day_of_next_month` is given, on that day of the month after it (2.8).
    """

    name: str
    prefix: str
    label: Wording
    cadence: Cadence
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    period_field: str
    subject_field: str
    due_day_of_next_month: int | None
    due_time: time
    other_fields: tuple[Field, ...] = ()
    """In the shape of a day: the definitions that hold on other days only."""

    def __post_init__(self) -> None:
        """Refuse a key, a period field or a subject that is no column on every day, and definitions that overlap."""
        for name in self.field_names:
            _refuse_conflicts(self.name, [f for f in self.fields if f.name == name])
        for name in (*self.key, self.period_field, self.subject_field):
            if name not in self.field_names:
                raise ValueError(f"report {self.name}: {name} is no field of it")
            if not self.other_fields and name in self.dated_names:
                raise ValueError(f"report {self.name}: {name} is needed on every day, so it has no first and no last")

    @property
    def field_names(self) -> tuple[str, ...]:
        """Names of the columns in order, each once."""
        return tuple(dict.fromkeys(f.name for f in self.fields))

    @property
    def every_field(self) -> tuple[Field, ...]:
        """Each column once, as it is defined last, with every code it ever had: what data of all days hold."""
        return tuple(self.field(name) for name in self.field_names)

    def field(self, name: str) -> Field:
        """The column called `name`, as in `every_field`; KeyError naming the report where there is none."""
        found = sorted((f for f in self.fields if f.name == name), key=lambda f: f.first_day)
        if not found:
            raise KeyError(f"report {self.name} has no field {name}")
        if len(found) == 1:
            return found[0]
        return replace(found[-1], codes=tuple(dict.fromkeys(code for f in found for code in f.codes)))

    def on(self, day: date) -> Report:
        """The shape that a file of `day` has; of a period of many days (a month), the shape of its first day."""
        return self.between(day, day)

    def between(self, first_day: date, last_day: date) -> Report:
        """The shape with the columns that are part of the report on one of these days at least, both included."""
        here = tuple(f for f in self.fields if f.is_part_between(first_day, last_day))
        if len(here) == len(self.fields):
            return self
        return replace(self, fields=here, other_fields=tuple(f for f in self.fields if f not in here))

    @property
    def dated_names(self) -> frozenset[str]:
        """The columns that are not part of the report on every day."""
        return frozenset(
            name for name in self.field_names if not _covers_every_day([f for f in self.fields if f.name == name])
        )

    def due_at(self, period: Period) -> datetime:
        """The moment (UTC) by which `period` is to be filed (2.8)."""
        if self.due_day_of_next_month is None:
            day = period.first_day + timedelta(days=1)
        else:
            day = period.end.astimezone(KST).date().replace(day=self.due_day_of_next_month)
        return datetime.combine(day, self.due_time, KST).astimezone(UTC)


def _refuse_conflicts(report: str, definitions: Sequence[Field]) -> None:
    """Definitions of one column follow one another, and mean values of one type and unit."""
    ordered = sorted(definitions, key=lambda f: f.first_day)
    for before, after in pairwise(ordered):
        if before.end_day > after.first_day:
            raise ValueError(f"report {report}: {after.name} is defined twice on {after.first_day}")
        if (before.type, before.unit) != (after.type, after.unit):
            raise ValueError(f"report {report}: {after.name} changes its type or unit; give it another name")


def _covers_every_day(definitions: Sequence[Field]) -> bool:
    ordered = sorted(definitions, key=lambda f: f.first_day)
    joined = all(before.end_day == after.first_day for before, after in pairwise(ordered))
    return joined and ordered[0].since is None and ordered[-1].until is None


_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_SLICE = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


LONGEST_PERIOD = timedelta(days=31)
"""No period is longer than a month."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A KST day (`2026-11-02`), whole hours of one (`2026-11-02T09-12`) or a month (`2026-10`).

    `start` and `end` are instants in UTC, the end exclusive.
    """

    start: datetime
    end: datetime
    text: str = field(compare=False)

    @classmethod
    def parse(cls, text: str, cadence: Cadence | None = None) -> Period:
        """Read `text`; ValueError in one sentence where it is no period, or none of that cadence."""
        try:
            period = cls._of_text(text)
        except OverflowError as error:  # the first day of year 1 begins before the calendar in UTC
            raise ValueError(f"'{text}' is no period; its year is out of range") from error
        if cadence is not None and period.cadence not in _MEETS[cadence]:
            raise ValueError(f"'{text}' is a {period.cadence.value} where a {cadence.value} is due")
        return period

    @classmethod
    def _of_text(cls, text: str) -> Period:
        if match := _SLICE.fullmatch(text):
            return cls._slice(text, *match.groups())
        if match := _DAY.fullmatch(text):
            return cls.of_day(date.fromisoformat(text))
        if match := _MONTH.fullmatch(text):
            return cls._of_month(int(match[1]), int(match[2]))
        raise ValueError(f"'{text}' is no period; write 2026-11-02, 2026-11-02T09-12 or 2026-10")

    @classmethod
    @lru_cache(maxsize=4096)
    def of_day(cls, day: date) -> Period:
        """The whole KST day."""
        start = datetime.combine(day, time(), KST).astimezone(UTC)
        return cls(start, start + timedelta(days=1), day.isoformat())

    @classmethod
    def _of_month(cls, year: int, month: int) -> Period:
        first = date(year, month, 1)
        following = date(year + month // 12, month % 12 + 1, 1)
        start, end = (datetime.combine(d, time(), KST).astimezone(UTC) for d in (first, following))
        return cls(start, end, f"{year:04d}-{month:02d}")

    @classmethod
    def _slice(cls, text: str, day: str, first: str, last: str) -> Period:
        begin, end = int(first), int(last)
        if not 0 <= begin < end <= 24:
            raise ValueError(f"'{text}' is no slice of a day; hours run from 00 to 24, the first before the last")
        whole = cls.of_day(date.fromisoformat(day))
        if (begin, end) == (0, 24):
            return whole
        return cls(whole.start + timedelta(hours=begin), whole.start + timedelta(hours=end), text)

    @property
    def cadence(self) -> Cadence:
        """Day, slice of a day or month, as the text says."""
        if "T" in self.text:
            return Cadence.SLICED_DAY
        return Cadence.DAY if len(self.text) == 10 else Cadence.MONTH

    @property
    def first_day(self) -> date:
        """The KST day on which it begins."""
        return self.start.astimezone(KST).date()

    @property
    def last_day(self) -> date:
        """The last KST day that it touches."""
        return (self.end - timedelta(microseconds=1)).astimezone(KST).date()

    def contains(self, other: Period) -> bool:
        """True where `other` lies wholly inside, or is the same."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Period) -> bool:
        """True where the two share a moment."""
        return self.start < other.end and other.start < self.end


def must_be_in_order(first: Period | None, last: Period | None) -> None:
    """ValueError in one sentence where a range of periods ends before it begins; None is open at that end."""
    if first is not None and last is not None and last.last_day < first.first_day:
        raise ValueError(f"the range ends before it begins: {last.text} lies before {first.text}; exchange the two")


_MEETS = {
    Cadence.DAY: (Cadence.DAY,),
    Cadence.SLICED_DAY: (Cadence.DAY, Cadence.SLICED_DAY),
    Cadence.MONTH: (Cadence.MONTH,),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value of a threshold, in force since a date, with where it comes from and why.

    `exchange` is set where the value is one exchange's own; a number with a fraction is a Decimal. `minimum` and
    `maximum` bound what may be set in its place, None for what changes with the program only; `proposal` is the number
    of the proposal by which two administrators set it, None for what the book says.
    """

    name: str
    value: Any
    effective_from: date
    source: Source
    reason: Wording
    exchange: str | None = None
    minimum: Any = None
    maximum: Any = None
    proposal: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decided, and on which day: of a law the day since which it is in force, of a paper the day of its date."""

    by: Decider
    on: date


@dataclass(frozen=True, slots=True)
class Interpretation:
    """How a rule was read out of what it rests on.

    `clause` names the passage, `reading` says what it was taken to mean and `rationale` why; `decided` has what is
    published first and our own reading last; `expected_to_change` says what would change it, None where nothing is
    expected to.
    """

    clause: Wording
    reading: Wording
    rationale: Wording
    decided: tuple[Decision, ...]
    expected_to_change: Wording | None


STANDARD_BEGINS = date(2026, 6, 1)
"""Since when reports are owed and judged (specification 2.8, MODEL: the month after the standard)."""

READERS_VERB = "expect_file_to_be_readable"
"""The verb of the rules that the reader judges, before there are values."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the book, as its record in a suite says it.

    `type` and `kwargs` are Great Expectations' own; the rest is the record's `meta`. `report` is None where
    the rule holds for every report. `reasons` are the sentences of a rule that can fail in several ways. `reads` names
    the accepted figures that a rule reads beside its own file, each with the first and the last day it reads, counted
    from the judged day; `needs` are the reports of the same exchange and day without which it cannot be evaluated.
    """

    id: str
    kind: Kind
    report: str | None
    statement: Wording
    remedy: Wording
    source: Source
    reference: str
    effective_from: date | None
    parameters: tuple[str, ...]
    type: str
    kwargs: dict[str, Any]
    example: dict[str, Any]
    reasons: dict[str, Wording]
    reads: dict[str, tuple[int, int]]
    needs: tuple[str, ...]
    interpretation: Interpretation

    @property
    def severity(self) -> Severity:
        """How grave a failure is, on Great Expectations' scale."""
        return SEVERITY_OF_KIND[self.kind]

    def is_in_force(self, day: date, *, as_if_in_force: bool = False) -> bool:
        """True where the rule holds on a day; `as_if_in_force`, also before the standard began.

        A rule that came later keeps its date even then: what it asks for was asked of nobody before.
        """
        since = self.effective_from
        return since is None or day >= since or (as_if_in_force and since <= STANDARD_BEGINS)

    @property
    def is_met_once(self) -> bool:
        """True where a file meets it when it is filed, and what is accepted is never judged by it again."""
        return self.kind.rejects or self.type == READERS_VERB


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule: what it is about, where it is, what was found and what was expected.

    `row` and `column` are the sender's own (native) coordinates; `start`/`end` an interval in UTC, its end
    exclusive and None while open; `reason` names the sentence where the rule has several. `found` and
    `expected` are values or patterns that read the same in every language.
    """

    rule: str
    row: int | None = None
    column: str | None = None
    subject: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    found: str | None = None
    expected: str | None = None
    reason: str | None = None

    def in_column(self, native: str | None) -> Finding:
        """The same finding with its column named as the sender names it."""
        return replace(self, column=native)

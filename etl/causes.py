"""Likely causes of many findings: one unknown word, one notation, one shifted clock, one wrong unit, one subject.

A file with ten thousand findings has rarely more than a few mistakes. Findings of one rule and column that can be
explained alike are put together, so that the sender reads what to mend first and how many findings would go with it. A
cause is a likelihood and named as one: the findings stand as they are until a corrected file is judged.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from expectations.vocabulary import Finding

LEAST_FINDINGS = 3
"""Fewer findings than this are read one by one."""
_DIGITS = re.compile(r"\d+")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+09:00")
_NUMBER = re.compile(r"[−-]?\d+(?:\.\d+)?")
_DAY = timedelta(days=1)
_KST_OFFSET = timedelta(hours=9)
_SHIFTS = (_KST_OFFSET, -_KST_OFFSET, _DAY, -_DAY, 7 * _DAY, -7 * _DAY, 365 * _DAY, -365 * _DAY)
"""What clocks and calendars are wrong by: UTC taken for KST or the other way round, a day, a week, a year."""
_FACTORS = tuple(Decimal(10) ** power for power in (-8, -6, -4, -3, -2, 2, 3, 4, 6, 8))
"""What units are wrong by: percent, thousands, 만, millions, 억 and the smallest units of an asset."""


class CauseKind(StrEnum):
    """How findings are explained alike."""

    WORD = "word"
    """The same word or value stands in one column where it may not."""
    NOTATION = "notation"
    """The values of one column are written alike, and not as the format asks."""
    SHIFT = "shift"
    """All instants are off by the same length of time."""
    FACTOR = "factor"
    """All values are off by the same factor: a wrong unit."""
    SUBJECT = "subject"
    """All concern one asset, market, case or key."""
    COLUMN = "column"
    """All stand in one column."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One likely mistake: the rule, the native column, how it is explained, by what, and how many findings go with it.

    `detail` is the word, the notation (digits as 9), the subject or the factor; `shift` the length of time.
    """

    kind: CauseKind
    rule: str
    column: str | None
    detail: str
    shift: timedelta | None
    expected: str | None
    first_row: int | None
    finding_count: int


def likely_causes(findings: Iterable[Finding]) -> list[Cause]:
    """The causes that explain at least three findings each, the one that explains most first; no finding counts twice.

    Findings are grouped by rule and column; within a group the narrowest explanation that holds is taken.
    """
    groups: dict[tuple[str, str | None], list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.rule, finding.column].append(finding)
    causes = [cause for group in groups.values() if len(group) >= LEAST_FINDINGS for cause in _causes_of(group)]
    return sorted(causes, key=lambda cause: (-cause.finding_count, cause.rule, cause.column or ""))


def _causes_of(group: Sequence[Finding]) -> list[Cause]:
    """The explanations of the findings of one rule and column."""
    if (shift := _common_shift(group)) is not None:
        return [_cause(CauseKind.SHIFT, group, shift=shift)]
    if (factor := _common_factor(group)) is not None:
        return [_cause(CauseKind.FACTOR, group, f"{factor.normalize():f}")]
    causes, rest = _repeated(CauseKind.WORD, group, lambda found: found)
    more, rest = _repeated(CauseKind.NOTATION, rest, lambda found: _DIGITS.sub("9", found))
    causes += more
    if len(rest) >= LEAST_FINDINGS:
        subjects = {finding.subject for finding in rest}
        if len(subjects) == 1 and None not in subjects:
            causes.append(_cause(CauseKind.SUBJECT, rest, str(rest[0].subject)))
        elif rest[0].column is not None:
            causes.append(_cause(CauseKind.COLUMN, rest, rest[0].column))
    return causes


def _repeated(
    kind: CauseKind, group: Sequence[Finding], alike: Callable[[str], str]
) -> tuple[list[Cause], list[Finding]]:
    """Findings of cells whose values are alike, and those that are left; only cells that could not be read."""
    readable = [finding for finding in group if finding.column is None or finding.found is None]
    quoted = [finding for finding in group if finding.column is not None and finding.found is not None]
    counts = Counter(alike(str(finding.found)) for finding in quoted)
    causes = []
    for detail, count in counts.items():
        if count >= LEAST_FINDINGS:
            causes.append(_cause(kind, [one for one in quoted if alike(str(one.found)) == detail], detail))
    rest = [one for one in quoted if counts[alike(str(one.found))] < LEAST_FINDINGS]
    return causes, readable + rest


def _cause(kind: CauseKind, group: Sequence[Finding], detail: str = "", shift: timedelta | None = None) -> Cause:
    first = group[0]
    rows = [finding.row for finding in group if finding.row is not None]
    return Cause(kind, first.rule, first.column, detail, shift, first.expected, min(rows, default=None), len(group))


def _common_shift(group: Sequence[Finding]) -> timedelta | None:
    """The length of time by which all instants miss the stretch that was expected; none where they have none."""
    spans = set()
    moments = []
    for finding in group:
        found, bounds = _instants(finding.found), _instants(finding.expected)
        if len(found) != 1 or len(bounds) != 2:
            return None
        moments.append(found[0])
        spans.add((bounds[0], bounds[1]))
    if len(spans) != 1:
        return None
    (start, end) = spans.pop()
    return next((shift for shift in _SHIFTS if all(start <= moment + shift < end for moment in moments)), None)


def _instants(text: str | None) -> list[datetime]:
    return [datetime.fromisoformat(found) for found in _INSTANT.findall(text or "")]


def _common_factor(group: Sequence[Finding]) -> Decimal | None:
    """The power of ten by which all found values exceed the expected ones."""
    factors = set()
    for finding in group:
        found, expected = _number(finding.found), _number(finding.expected)
        if not found or not expected:
            return None
        factors.add(found / expected)
    return next((factor for factor in _FACTORS if factors == {factor}), None)


def _number(text: str | None) -> Decimal | None:
    """The one number that a text is, commas apart."""
    plain = (text or "").replace(",", "")
    if not _NUMBER.fullmatch(plain):
        return None
    try:
        return Decimal(plain.replace("−", "-"))
    except InvalidOperation:
        return None

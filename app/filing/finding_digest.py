"""The findings of one file as its sender reads them: by rule with their likely causes, or all of them as a file.

Ten thousand findings of a rule are a few sentences and its first cells, each named as the sender's program names it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.exports import Cells, Column, Extract
from app.words import code_word, exchange_name, report_name, say
from etl.causes import Cause, likely_causes
from etl.coordinates import coordinates_in, in_native_names, native_columns
from etl.intake import Declared
from etl.layout import Layout
from expectations.catalogue import all_rules
from expectations.messages import message
from expectations.vocabulary import Finding, Kind

FIRST_CELLS = 5
"""Cells of a rule, or of each of its reasons, that are shown at once."""
_GRAVITY = {kind: place for place, kind in enumerate((Kind.STRUCTURE, Kind.INTEGRITY, Kind.COMPLIANCE))}

Found = Sequence[tuple[Kind, Finding]]


@dataclass(frozen=True, slots=True)
class SenderFile:
    """How a sender's file calls its places and columns.

    `place` returns where a row and column are in it, as its program writes it; `columns` are its names of the canonical
    columns that rules name.
    """

    place: Callable[[int | None, str | None], str]
    columns: Mapping[str, str]

    @classmethod
    def of(cls, layout: Layout, names: Sequence[str] = ()) -> SenderFile:
        """A file in this layout, whose columns are `names` in their order, where that is known."""
        return cls(coordinates_in(layout, names), native_columns(layout))


@dataclass(frozen=True, slots=True)
class Cell:
    """A place in a file with what was found and expected there; `about` is the subject of a finding without a place."""

    place: str
    about: str
    found: str
    expected: str
    is_quoted: bool
    """True where the sender's cell is quoted; else the rule has written what was found and expected."""


@dataclass(frozen=True, slots=True)
class ReasonGroup:
    """The findings of one rule that fail it alike: the code of the reason, how many, and the first cells.

    `reason` is None where the rule has no reasons, or none was kept.
    """

    reason: str | None
    count: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """The findings of one rule: how many, what explains them, and the cells by reason, the most frequent first."""

    rule: str
    kind: Kind
    count: int
    causes: tuple[Cause, ...]
    reasons: tuple[ReasonGroup, ...]


def grouped(found: Found, sent: SenderFile) -> list[RuleGroup]:
    """The findings by rule: those that reject the file first, then by number."""
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    kinds: dict[str, Kind] = {}
    for kind, finding in found:
        by_rule[finding.rule].append(finding)
        kinds[finding.rule] = kind
    groups = [
        RuleGroup(
            rule,
            kinds[rule],
            len(findings),
            tuple(likely_causes(findings)),
            tuple(_by_reason(findings, sent)),
        )
        for rule, findings in by_rule.items()
    ]
    return sorted(groups, key=lambda group: (_GRAVITY.get(group.kind, 9), -group.count, group.rule))


def _by_reason(findings: Sequence[Finding], sent: SenderFile) -> list[ReasonGroup]:
    """The findings of a rule by the reason that its words know, the most frequent first, then as they were found."""
    by_reason: dict[str | None, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_reason[finding.reason if finding.reason in all_rules()[finding.rule].reasons else None].append(finding)
    groups = [
        ReasonGroup(reason, len(alike), tuple(_cell(finding, sent) for finding in alike[:FIRST_CELLS]))
        for reason, alike in by_reason.items()
    ]
    return sorted(groups, key=lambda group: -group.count)


def _cell(finding: Finding, sent: SenderFile) -> Cell:
    return Cell(
        sent.place(finding.row, finding.column),
        finding.subject or "",
        finding.found or "",
        finding.expected or "",
        bool(finding.column),
    )


def findings_of(records: Sequence[dict[str, Any]]) -> list[tuple[Kind, Finding]]:
    """The findings of a submission object (specification, section 6)."""
    return [
        (
            Kind(record["kind"]),
            Finding(
                rule=record["rule"],
                row=record["row"],
                column=record["column"],
                subject=record["subject"],
                start=_instant(record["from"]),
                end=_instant(record["to"]),
                found=record["found"],
                expected=record["expected"],
                reason=record.get("reason"),  # drafts of before the reasons were kept have none
            ),
        )
        for record in records
    ]


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def every_finding(found: Found, sent: SenderFile, declared: Declared, title: str, language: str) -> Extract:
    """All findings, whatever their number, as a file for the sender's own spreadsheet."""
    findings = [in_native_names(finding, sent.columns) for _, finding in found]
    columns: tuple[tuple[str, Cells, list[Any]], ...] = (
        ("cell", Cells.TEXT, [sent.place(one.row, one.column) for one in findings]),
        ("rule", Cells.TEXT, [one.rule for one in findings]),
        ("kind", Cells.TEXT, [code_word(kind.value, language) for kind, _ in found]),
        ("row", Cells.NUMBER, [one.row for one in findings]),
        ("column", Cells.TEXT, [one.column for one in findings]),
        ("subject", Cells.TEXT, [one.subject for one in findings]),
        ("start", Cells.INSTANT, [one.start for one in findings]),
        ("end", Cells.INSTANT, [one.end for one in findings]),
        ("found", Cells.TEXT, [one.found for one in findings]),
        ("expected", Cells.TEXT, [one.expected for one in findings]),
        ("sentence", Cells.TEXT, _sentences_of(findings, language)),
    )
    return Extract(
        title,
        {
            say("column.exchange", language): exchange_name(declared.exchange, language),
            say("column.report", language): report_name(declared.report, language),
            say("column.period", language): declared.period.text,
            say("export.row_count", language): f"{len(findings):,}",
        },
        [Column(say(f"column.{name}", language), cells, values) for name, cells, values in columns],
        say("export.cover", language),
        say("export.rows", language),
    )


def _sentences_of(findings: Sequence[Finding], language: str) -> list[str]:
    """The whole sentence of each finding."""
    rules = all_rules()
    return [message(finding, rules[finding.rule], language) for finding in findings]

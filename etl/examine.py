"""From bytes to a verdict: read, normalise, judge. Pure: it writes nothing and asks the records nothing.

`check` and `ingest` both come here, so a file checked beforehand meets the same findings as when it is filed (3.8).
What a verdict needs to know of the accepted past is handed in as `Past`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pyarrow as pa

from etl.context import is_about_rows
from etl.evidence import digest_of
from etl.exchanges import exchange
from etl.formats import UnreadableError, read
from etl.formats.csv_lines import last_line_end
from etl.intake import NOTHING_GIVEN, Declared, Given
from etl.judgements import Judgement, Why, judgement
from etl.layout import Container, Layout
from etl.normalise import normalise_table, with_every_column
from etl.personal_data import masking
from etl.raw_search import secrets_in_bytes
from etl.replacement import Replacement
from etl.steps import FilingStep, StepCallback, ignore_step
from expectations.book import Book, the_book
from expectations.catalogue import parameter, report
from expectations.judge import FiledRows, judge_files, without_columns
from expectations.vocabulary import KST, Cadence, Finding, Kind, Period, Report, Rule, State

_WITHOUT_ROWS = ("SUB-005", "SUB-007", "SUB-010", "SUB-011")
"""Rules about a file's period, bytes and hash, which are asked also where it cannot be opened."""


@dataclass(frozen=True, slots=True)
class Past:
    """What the accepted past says to one file: the periods it would meet, and earlier halts (2.5, 3.5)."""

    accepted_periods: tuple[Period, ...] = ()
    earlier_halts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Incoming:
    """One file under examination: its number in this run, its bytes, its name and what its sender says of it.

    `received_at` is when it is filed; None where a file that was judged before is read again (SUB-010 is not asked).
    """

    id: str
    data: bytes
    name: str
    declared: Declared
    past: Past
    received_at: datetime | None = None
    given: Given = NOTHING_GIVEN


@dataclass(frozen=True, slots=True)
class Reading:
    """A file after reading: its canonical rows where it could be read, and what was found so far.

    `table` has the columns of the file's day, `judgeable` those of all days. `unnamed` is how many faults
    more there are than the findings name.
    """

    incoming: Incoming
    layout: Layout | None
    table: pa.Table | None
    row_count: int
    findings: tuple[Finding, ...]
    judgeable: FiledRows | None
    unread_fields: frozenset[str] = frozenset()
    unnamed: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a file: accepted with its rows, or rejected with every fault named."""

    id: str
    state: State
    row_count: int
    format: str | None
    table: pa.Table | None
    findings: tuple[tuple[Finding, Kind], ...]
    incident: str | None = None
    """Under which number we failed on it, where it is failed: it has no verdict."""
    replaces: Replacement | None = None
    """What it would take the place of, where it was only checked."""
    judgements: tuple[Judgement, ...] = ()
    """What came of each rule that was asked of the file itself; those of later turns are missing."""

    @property
    def holds_secrets(self) -> bool:
        """True where the bytes must not be stored (SUB-007)."""
        return any(finding.rule == "SUB-007" for finding, _ in self.findings)


@dataclass(frozen=True, slots=True)
class Form:
    """What a file is read by: the shape of its report and the exchange's own layout, both of one day."""

    shape: Report
    native: Layout


def form_on(declared: Declared, day: date) -> Form:
    """The form that the declared report has on a day; a file is read by that of its own first day."""
    return Form(report(declared.report).on(day), exchange(declared.exchange).layouts[declared.report].on(day))


def read_one(
    incoming: Incoming, on_step: StepCallback = ignore_step, *, form: Form | None = None, book: Book | None = None
) -> Reading:
    """Open and read one file; every fault is a finding, none an exception. `on_step` is called after both steps.

    `form` and `book` are others than those of the file's day and of the program, to see what they would do.
    """
    declared = incoming.declared
    form, rules = form or form_on(declared, declared.period.first_day), (book or the_book()).rules
    shape, native = form.shape, form.native
    of_period = (*_overlap(incoming), *_not_ended(incoming), *_other_bytes(incoming))
    try:
        table, layout = read(incoming.data, incoming.name, native, shape)
    except UnreadableError as error:
        finding = Finding(error.rule, found=error.found, expected=error.expected, reason=error.reason)
        return refused(incoming, (finding, *of_period, *_raw_secrets(incoming, ())))
    on_step(FilingStep.OPENED)
    normalised = normalise_table(table, layout, shape, exchange=declared.exchange, period=declared.period)
    on_step(FilingStep.READ)
    if not table.problems and not table.refused:  # what is no record is in nobody's count
        of_period = (*of_period, *_other_rows(incoming, normalised.row_count))
    findings = (*normalised.findings, *of_period, *_cut_off(incoming, layout, rules["SUB-012"]))
    if table.problems or layout.container is Container.XLSX or normalised.table is None:
        findings = (*findings, *_raw_secrets(incoming, findings))
    findings = _masking(findings)
    if normalised.table is None or of_period:
        structural = tuple(f for f in findings if rules[f.rule].kind is Kind.STRUCTURE)
        unnamed = normalised.unnamed if normalised.table is None else 0
        return Reading(incoming, layout, None, normalised.row_count, structural, None, unnamed=unnamed)
    rows = FiledRows(
        submission=incoming.id,
        exchange=declared.exchange,
        period=declared.period,
        table=with_every_column(normalised.table, report(declared.report)),
        totals=normalised.totals,
        already_filed=incoming.past.earlier_halts,
    )
    return Reading(
        incoming,
        layout,
        normalised.table,
        normalised.row_count,
        findings,
        rows,
        normalised.unread_fields,
        normalised.unnamed,
    )


def refused(incoming: Incoming, findings: tuple[Finding, ...]) -> Reading:
    """A file that is not read, for what was found of it."""
    return Reading(incoming, None, None, 0, _masking(findings), None)


def refused_unread(incoming: Incoming, finding: Finding) -> Reading:
    """A file that is not read, for one thing that was found of it, and for what its period, hash and bytes say."""
    of_period = (*_overlap(incoming), *_not_ended(incoming), *_other_bytes(incoming))
    return refused(incoming, (finding, *of_period, *_raw_secrets(incoming, ())))


def _raw_secrets(incoming: Incoming, known: Sequence[Finding]) -> tuple[Finding, ...]:
    """SUB-007 in the file's bytes, whatever reading says: what is not among the findings of its cells."""
    if len(incoming.data) > int(parameter("maximum_file_bytes")):
        return ()
    seen = {(finding.reason, (finding.found or "").rpartition(": ")[2]) for finding in known}
    found: dict[tuple[str, str], str] = {}
    for place, secret in secrets_in_bytes(incoming.data, int(parameter("maximum_unpacked_bytes"))):
        if (secret.reason, secret.masked) not in seen:
            found.setdefault((secret.reason, secret.masked), place)
    return tuple(
        Finding("SUB-007", found=f"{place}: {masked}", expected="∅", reason=reason)
        for (reason, masked), place in found.items()
    )


def _masking(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings with every secret masked in what the others say was found, where the file holds any."""
    if not any(finding.rule == "SUB-007" for finding in findings):
        return findings
    return tuple(
        replace(
            finding,
            column=finding.column and masking(finding.column),
            found=finding.found if finding.rule == "SUB-007" else masking(finding.found or ""),
        )
        for finding in findings
    )


def _overlap(incoming: Incoming) -> tuple[Finding, ...]:
    """SUB-005: an accepted period that this one meets without containing it."""
    period = incoming.declared.period
    met = [p for p in incoming.past.accepted_periods if p.overlaps(period) and not period.contains(p)]
    if not met:
        return ()
    found = ", ".join(sorted(p.text for p in met))
    return (Finding("SUB-005", found=found, expected=f"⊇ {found}", reason="partial_overlap"),)


def _not_ended(incoming: Incoming) -> tuple[Finding, ...]:
    """SUB-010: a period that has not ended when the file is received, but for a small difference of clocks."""
    period, at = incoming.declared.period, incoming.received_at
    allowed = timedelta(minutes=int(parameter("clock_difference_minutes")))
    if at is None or period.end <= at + allowed:
        return ()
    has_slices = report(incoming.declared.report).cadence is Cadence.SLICED_DAY
    runs = period.start <= at and has_slices
    expected = f"≥ {period.end.astimezone(KST):%Y-%m-%d %H:%M} KST"
    return (Finding("SUB-010", found=period.text, expected=expected, reason="day_runs" if runs else "not_ended"),)


def _other_bytes(incoming: Incoming) -> tuple[Finding, ...]:
    """SUB-011: the hash that the sender gave is not that of what came, or is none."""
    given = incoming.given
    if given.sha256 is None:
        return ()
    if not given.is_hash:
        return (Finding("SUB-011", found=given.sha256, expected="64 × [0-9a-f]", reason="no_hash"),)
    sha256 = digest_of(incoming.data)
    if given.sha256.lower() == sha256:
        return ()
    return (Finding("SUB-011", found=sha256, expected=given.sha256.lower(), reason="other_hash"),)


def _other_rows(incoming: Incoming, row_count: int) -> tuple[Finding, ...]:
    """SUB-011: the number of rows that the sender gave is not that of what came, or is none."""
    given = incoming.given
    if given.rows is None or given.row_count == row_count:
        return ()
    if given.row_count is None:
        return (Finding("SUB-011", found=given.rows, expected="0, 1, 2, …", reason="no_row_count"),)
    return (Finding("SUB-011", found=f"{row_count}", expected=f"{given.row_count}", reason="other_row_count"),)


def _cut_off(incoming: Incoming, layout: Layout, rule: Rule) -> tuple[Finding, ...]:
    """SUB-012: the last line of a CSV has not the end that others have; no finding where its rows were counted."""
    is_asked = layout.container is Container.CSV and incoming.given.rows is None
    if not is_asked or not rule.is_in_force(incoming.declared.period.first_day):
        return ()
    ends = last_line_end(incoming.data)
    if ends is None:
        return ()
    line, found, expected = ends
    return (Finding("SUB-012", found=f"line {line}: {found}", expected=expected, reason="last_line_not_ended"),)


def decide(readings: Sequence[Reading], *, book: Book | None = None) -> dict[str, Verdict]:
    """Judge what was read, all files of a report in one batch, and give each file its verdict; by `book` where given.

    Raises RuleCrashedError where a rule cannot be evaluated: our error, never a finding.
    """
    book = book or the_book()
    found: dict[str, list[Finding]] = {}
    for name in dict.fromkeys(reading.incoming.declared.report for reading in readings):
        filed = [
            reading.judgeable
            for reading in readings
            if reading.judgeable is not None and reading.incoming.declared.report == name
        ]
        found.update(judge_files(report(name), filed, book.rejecting_rules(name)))
    return {reading.incoming.id: _verdict(reading, found.get(reading.incoming.id, []), book) for reading in readings}


def _verdict(reading: Reading, judged: Sequence[Finding], book: Book) -> Verdict:
    layout = reading.layout
    named = [f.in_column(layout.native_name(f.column)) for f in _applicable(reading, judged)] if layout else []
    rules = book.rules
    findings = tuple((_storable(finding), rules[finding.rule].kind) for finding in (*reading.findings, *named))
    rejected = any(kind.rejects for _, kind in findings)
    if rejected:  # of a rejected file is said why, and nothing that would be said of accepted rows
        findings = tuple((finding, kind) for finding, kind in findings if kind.rejects)
        findings = _within_bound(findings, reading.unnamed, rules["SUB-008"].kind)
    return Verdict(
        id=reading.incoming.id,
        state=State.REJECTED if rejected else State.ACCEPTED,
        row_count=reading.row_count,
        format=layout.format if layout else None,
        table=None if rejected else reading.table,
        findings=findings,
        judgements=tuple(
            _judgements(reading, Counter(finding.rule for finding, _ in findings), book, rejected=rejected)
        ),
    )


def _within_bound(
    findings: tuple[tuple[Finding, Kind], ...], unnamed: int, kind_of_bound: Kind
) -> tuple[tuple[Finding, Kind], ...]:
    """The findings of a refused file, as many as are kept of one: the first of each kind, and SUB-008 with the number.

    A kind is a rule's reason in one column. Of the rare kinds all are kept, of the others as many of each.
    """
    most, total = int(parameter("maximum_findings")), len(findings) + unnamed
    if total <= most:
        return findings
    kinds = [(finding.rule, finding.reason, finding.column) for finding, _ in findings]
    left = most
    kept: dict[tuple[str, str | None, str | None], int] = {}
    counted = sorted(Counter(kinds).items(), key=lambda one: one[1])
    for place, (kind, times) in enumerate(counted):
        kept[kind] = min(times, max(1, left // (len(counted) - place)))
        left = max(0, left - kept[kind])
    first = []
    for kind, finding in zip(kinds, findings, strict=True):
        if kept[kind]:
            kept[kind] -= 1
            first.append(finding)
    told = Finding("SUB-008", found=f"{total}", expected=f"≤ {most}", reason="too_many_findings")
    return (*first[:most], (told, kind_of_bound))


def _judgements(reading: Reading, found: Mapping[str, int], book: Book, *, rejected: bool) -> Iterator[Judgement]:
    """What came of the rules whose turn came, in the book's order."""
    declared, given = reading.incoming.declared, reading.incoming.given
    day, rules = declared.period.first_day, book.rules_for(declared.report)
    absent = without_columns(rules, report(declared.report), day)
    layout, judgeable = reading.layout, reading.judgeable
    is_csv = layout is not None and layout.container is Container.CSV
    for rule in rules:
        if not found.get(rule.id) and not _is_asked(reading, rule, rejected=rejected):
            continue
        hindrances = {
            Why.BEFORE_ITS_DATE: not rule.is_in_force(day),
            Why.NO_COLUMN: rule.id in absent,
            Why.NOT_GIVEN: rule.id == "SUB-011" and given == NOTHING_GIVEN,
            Why.NOT_OF_FORMAT: (rule.id == "SUB-009" and judgeable is not None and not judgeable.totals)
            or (rule.id == "SUB-012" and not is_csv),
            Why.NIL_RETURN: is_about_rows(rule) and not reading.row_count,
        }
        yield judgement(rule, found.get(rule.id, 0), hindrances, reading.row_count)


def _is_asked(reading: Reading, rule: Rule, *, rejected: bool) -> bool:
    """Whether a rule's turn comes before the file's verdict (section 5); what is judged of accepted data comes later.

    Of a file that cannot be opened only what does not take its rows was asked; of one that cannot be read, the other
    rules of its structure; where cells cannot be read, those of all reports.
    """
    if not rule.is_met_once or (rejected and not rule.kind.rejects):
        return False
    if reading.layout is None:
        return rule.id in _WITHOUT_ROWS
    if reading.judgeable is None:
        return rule.kind is Kind.STRUCTURE
    return not reading.unread_fields or rule.report is None


def _storable(finding: Finding) -> Finding:
    """The finding without null characters and half surrogate pairs, which a file may hold and no database keeps."""

    def storable(text: str | None) -> str | None:
        return text and text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "␀")

    return replace(
        finding,
        column=storable(finding.column),
        subject=storable(finding.subject),
        found=storable(finding.found),
        expected=storable(finding.expected),
    )


def _applicable(reading: Reading, judged: Sequence[Finding]) -> list[Finding]:
    """After a cell that does not parse only the other SUB rules speak, and not of the columns it stands in."""
    if not reading.unread_fields:
        return list(judged)
    return [
        finding for finding in judged if finding.rule.startswith("SUB-") and finding.column not in reading.unread_fields
    ]

"""What the command prints: JSON objects in the specification's form for machines, tables for people."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from etl.evidence import digest_of
from expectations.catalogue import all_rules
from expectations.messages import message
from expectations.vocabulary import KST, Finding, Kind, Rule, State

if TYPE_CHECKING:
    from etl.examine import Verdict
    from etl.intake import Candidate
    from etl.overdue import CalendarFinding
    from etl.records.submissions import StoredFinding, Submission
    from etl.unevaluated import Evaluation
    from etl.verify import Fault
    from etl.what_if import Comparison

Found = Sequence[tuple[Kind, Finding]]
_MARKS = {State.ACCEPTED: "[green]✓[/]", State.REJECTED: "[red]✗[/]"}


def emit(record: dict[str, Any]) -> None:
    """One JSON object on one line of standard output."""
    sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")


@contextmanager
def show_progress(title: str, total: int | None) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on standard error when a terminal looks on, and nothing otherwise."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, of, name: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[name]}", style="dim"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(title, total=total, name="")

        def advance(done: int, of: int, name: str) -> None:
            progress.update(task, completed=done, total=of or total, name=name[-60:])

        yield advance


# ------------------------------------------------------------------------------------------ records


def instant_text(instant: datetime | None) -> str | None:
    """ISO 8601 in KST with its offset."""
    return None if instant is None else instant.astimezone(KST).isoformat()


def _finding_fields(kind: Kind, finding: Finding) -> dict[str, Any]:
    rule = all_rules()[finding.rule]
    return {
        "rule": finding.rule,
        "kind": kind.value,
        "row": finding.row,
        "column": finding.column,
        "subject": finding.subject,
        "from": instant_text(finding.start),
        "to": instant_text(finding.end),
        "found": finding.found,
        "expected": finding.expected,
        "message_ko": message(finding, rule, "ko"),
        "message_en": message(finding, rule, "en"),
    }


def submission_record(submission: Submission, *, file: str, duplicate: bool, findings: Found | None) -> dict[str, Any]:
    """The submission object of section 6; without `findings` for lists of submissions."""
    record: dict[str, Any] = {
        "file": file,
        "submission": submission.id,
        "exchange": submission.exchange,
        "report": submission.report,
        "period": submission.period.text,
        "state": submission.state.value,
        "duplicate": duplicate,
        "sha256": submission.sha256,
        "rows": submission.row_count,
        "received_at": instant_text(submission.received_at),
        "rule_set_version": submission.rule_set_version,
    }
    if findings is not None:
        record["findings"] = [_finding_fields(kind, finding) for kind, finding in findings]
    return record


def checked_record(candidate: Candidate, verdict: Verdict) -> dict[str, Any]:
    """The submission object of a file that was checked and not filed."""
    declared = candidate.declared
    return {
        "file": str(candidate.path),
        "submission": None,
        "exchange": declared.exchange,
        "report": declared.report,
        "period": declared.period.text,
        "state": verdict.state.value,
        "duplicate": False,
        "sha256": digest_of(candidate.path.read_bytes()),
        "rows": verdict.row_count,
        "findings": [_finding_fields(kind, finding) for finding, kind in verdict.findings],
    }


def finding_record(stored: StoredFinding) -> dict[str, Any]:
    """A finding with the submission that it concerns."""
    submission = stored.submission
    return {
        "exchange": submission.exchange,
        "report": submission.report,
        "period": submission.period.text,
        "submission": submission.id,
        "file": submission.file,
        "state": submission.state.value,
        **_finding_fields(stored.kind, stored.finding),
    }


def missing_record(missing: CalendarFinding) -> dict[str, Any]:
    """A finding about an obligation that nothing was filed for."""
    obligation = missing.obligation
    return {
        "exchange": obligation.exchange,
        "report": obligation.report,
        "period": obligation.period.text,
        "submission": None,
        "file": None,
        "state": None,
        **_finding_fields(missing.kind, missing.finding),
    }


def unevaluated_record(one: Evaluation) -> dict[str, Any]:
    """A day that a rule was not evaluated on, and why; its place among the findings is without a submission."""
    lacking = ", ".join(one.lacking)
    return {
        "exchange": one.exchange,
        "report": one.rule.report,
        "period": one.day.isoformat(),
        "submission": None,
        "file": None,
        "state": "not_evaluated",
        "rule": one.rule.id,
        "kind": one.rule.kind.value,
        **dict.fromkeys(("row", "column", "subject", "from", "to")),
        "found": f"not accepted: {lacking}",
        "expected": f"accepted: {lacking}",
        "message_ko": one.reason("ko"),
        "message_en": one.reason("en"),
    }


def rule_record(rule: Rule) -> dict[str, Any]:
    """A rule as its record says it."""
    return {
        "id": rule.id,
        "kind": rule.kind.value,
        "report": rule.report,
        "severity": rule.severity.value,
        "statement_ko": rule.statement.ko,
        "statement_en": rule.statement.en,
        "remedy_ko": rule.remedy.ko,
        "remedy_en": rule.remedy.en,
        "source": rule.source.value,
        "reference": rule.reference,
        "effective_from": rule.effective_from and rule.effective_from.isoformat(),
        "parameters": list(rule.parameters),
    }


# ------------------------------------------------------------------------------------------- tables


_PIPED_WIDTH = 400
"""Columns for a table that no terminal looks at: a line a row, for grep and less."""


def _print(table: Table) -> None:
    console = Console()
    (console if console.is_terminal else Console(width=_PIPED_WIDTH)).print(table)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def summary_table(rows: Sequence[tuple[str, State, Found]]) -> None:
    """A line a file that was rejected or has findings, then the sum of all."""
    table = _table("", "file", "findings")
    for file, state, found in rows:
        if found or state is State.REJECTED:
            counts = Counter(finding.rule for _, finding in found)
            words = ", ".join(f"{rule} × {count}" for rule, count in counts.most_common(6))
            table.add_row(_MARKS.get(state, "·"), file, words)
    if table.row_count:
        _print(table)
    counts = Counter(state.value for _, state, _ in rows)
    print(", ".join(f"{count} {state}" for state, count in sorted(counts.items())))


def findings_table(
    found: Sequence[StoredFinding], missing: Sequence[CalendarFinding], unevaluated: Sequence[Evaluation]
) -> None:
    """A line a finding, the English sentence last."""
    table = _table("rule", "exchange", "report", "period", "row", "column", "what is wrong")
    for stored in found:
        submission, finding = stored.submission, stored.finding
        table.add_row(
            finding.rule,
            submission.exchange,
            submission.report,
            submission.period.text,
            "" if finding.row is None else str(finding.row),
            finding.column or "",
            message(finding, all_rules()[finding.rule], "en"),
        )
    for lacking in missing:
        obligation, rule = lacking.obligation, all_rules()[lacking.finding.rule]
        sentence = message(lacking.finding, rule, "en")
        table.add_row(rule.id, obligation.exchange, obligation.report, obligation.period.text, "", "", sentence)
    for one in unevaluated:
        table.add_row(one.rule.id, one.exchange, str(one.rule.report), str(one.day), "", "", one.reason("en"))
    _print(table)
    print(f"{len(found) + len(missing)} findings, {len(unevaluated)} days not evaluated")


def submissions_table(found: Sequence[Submission]) -> None:
    """A line a submission."""
    table = _table("submission", "exchange", "report", "period", "state", "rows", "received (KST)", "file")
    for s in found:
        received = f"{s.received_at.astimezone(KST):%Y-%m-%d %H:%M:%S}"
        rows = "" if s.row_count is None else f"{s.row_count:,}"
        table.add_row(s.id, s.exchange, s.report, s.period.text, s.state.value, rows, received, s.file)
    _print(table)


def rules_table(rules: Sequence[Rule]) -> None:
    """A line a rule."""
    table = _table("rule", "kind", "source", "statement")
    for rule in rules:
        table.add_row(rule.id, rule.kind.value, f"{rule.source.value}", rule.statement.en)
    _print(table)


def what_if_table(comparison: Comparison) -> None:
    """What would appear and what would go, by exchange."""
    table = _table("exchange", "now", "then", "new", "gone")
    for exchange, counts in comparison.by_exchange.items():
        table.add_row(exchange, *(str(count) for count in counts.as_tuple()))
    _print(table)
    record = comparison.as_record()
    print(
        f"{comparison.rule}: {record['findings_now']} findings now, {record['findings_then']} then; "
        f"{record['files_changed']} files and {record['exchanges_changed']} exchanges would change "
        f"(of {comparison.submissions} files judged)"
    )


def verification_table(faults: Sequence[Fault], checked: int) -> None:
    """What does not agree, or that all does."""
    for fault in faults:
        print(f"{fault.submission}: {fault.what}")
    print(f"{checked} submissions checked, {len(faults)} faults")

"""What the command prints: JSON objects for machines (specification, section 6), tables for people."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from app.cli.terminal import obeyed_by_none, styled
from app.objects import Found
from expectations.catalogue import all_rules
from expectations.messages import message
from expectations.vocabulary import KST, Finding, Rule, State

if TYPE_CHECKING:
    from etl.ledger import Entry
    from etl.overdue import CalendarFinding
    from etl.records.submissions import StoredFinding, Submission
    from etl.unevaluated import Evaluation
    from etl.verify import Verification
    from etl.what_if import Comparison

_MARKS = {State.ACCEPTED: "[green]✓[/]", State.REJECTED: "[red]✗[/]", State.FAILED: "[yellow]![/]"}


def emit(record: dict[str, Any]) -> None:
    """Print one JSON object as one line on standard output, at once."""
    emit_text(json.dumps(record, ensure_ascii=False) + "\n")


def emit_text(text: str) -> None:
    """Print text for machines, at once: in UTF-8, whatever the terminal or the locale says, and nothing it would obey.

    What is escaped is escaped as JSON does it, so that JSON says the same.
    """
    sys.stdout.flush()
    sys.stdout.buffer.write(obeyed_by_none(text).encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()


@contextmanager
def show_progress(title: str, total: int | None) -> Iterator[Callable[[int, int, str], None]]:
    """Show a progress bar on standard error if it is a terminal, else nothing."""
    console = Console(file=styled(sys.stderr))
    if not console.is_terminal:
        yield lambda done, of, name: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[name]}", style="dim", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(title, total=total, name="")

        def advance(done: int, of: int, name: str) -> None:
            progress.update(task, completed=done, total=of or total, name=obeyed_by_none(name)[-60:])

        yield advance


# ------------------------------------------------------------------------------------------- tables


_FIRST_OF_RULE = 3
"""Findings of one rule and file that are told one by one to a person."""
_PIPED_WIDTH = 400
"""Columns for a table that no terminal looks at: a line a row, for grep and less."""


def _print(table: Table) -> None:
    out = styled(sys.stdout)
    console = Console(file=out)
    (console if console.is_terminal else Console(file=out, width=_PIPED_WIDTH)).print(table)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _plain(text: str) -> Text:
    """A text as a cell: as it stands, without marks of ours or what a terminal obeys."""
    return Text(obeyed_by_none(text).replace("\n", " "))


def rules_of(found: Found) -> Counter[str]:
    """Return how many findings there are of each rule."""
    return Counter(finding.rule for _, finding in found)


def summary_table(rows: Sequence[tuple[str, State, Counter[str]]]) -> None:
    """A line for each file that was rejected or has findings, then a line of totals."""
    table = _table("", "file", "findings")
    for file, state, found in rows:
        if found or state is State.REJECTED:
            words = ", ".join(f"{rule} × {count}" for rule, count in found.most_common(6))
            table.add_row(_MARKS.get(state, "·"), _plain(file), words)
    if table.row_count:
        _print(table)
    counts = Counter(state.value for _, state, _ in rows)
    print(", ".join(f"{count} {state}" for state, count in sorted(counts.items())))


def summary_line(file: str, state: State, found: Counter[str]) -> None:
    """One line for a file as soon as it is done."""
    words = ", ".join(f"{rule} × {count}" for rule, count in found.most_common(6))
    mark = {State.ACCEPTED: "✓", State.REJECTED: "✗"}.get(state, "·")
    emit_text(f"{mark} {file}: {state.value}{f' ({words})' if words else ''}\n")


def first_findings(file: str, found: Sequence[tuple[Finding, str | None]]) -> None:
    """The first findings of each rule in a file, a line each, with their paths in JSON, and how many more there are."""
    by_rule: dict[str, list[tuple[Finding, str | None]]] = {}
    for finding, path in found:
        by_rule.setdefault(finding.rule, []).append((finding, path))
    for rule, of_rule in by_rule.items():
        for finding, path in of_rule[:_FIRST_OF_RULE]:
            place = f" {path}" if path else ""
            emit_text(f"{file}:{place} [{rule}] {message(finding, all_rules()[rule], 'en')}\n")
        if (more := len(of_rule) - _FIRST_OF_RULE) > 0:
            emit_text(f"{file}: [{rule}] and {more} more; --json tells every one\n")


def findings_table(
    found: Sequence[StoredFinding], missing: Sequence[CalendarFinding], unevaluated: Sequence[Evaluation]
) -> None:
    """A line for each finding, the English message last."""
    table = _table("rule", "exchange", "report", "period", "row", "column", "what is wrong")
    for stored in found:
        submission, finding = stored.submission, stored.finding
        table.add_row(
            finding.rule,
            submission.exchange,
            submission.report,
            submission.period.text,
            "" if finding.row is None else str(finding.row),
            _plain(finding.column or ""),
            _plain(message(finding, all_rules()[finding.rule], "en")),
        )
    for lacking in missing:
        obligation, rule = lacking.obligation, all_rules()[lacking.finding.rule]
        sentence = message(lacking.finding, rule, "en")
        missing_of = (rule.id, obligation.exchange, obligation.report, obligation.period.text)
        table.add_row(*missing_of, "", "", _plain(sentence))
    for one in unevaluated:
        table.add_row(one.rule.id, one.exchange, str(one.rule.report), str(one.day), "", "", _plain(one.reason("en")))
    _print(table)
    count = len(found) + len(missing)
    rules = ", ".join(dict.fromkeys(one.rule.id for one in unevaluated))
    open_days = f"; {len(unevaluated)} days not evaluated ({rules})" if unevaluated else ""
    print(f"{f'{count} findings' if count else 'no findings'}{open_days}")


def coverage_table(entries: Sequence[Entry]) -> None:
    """A line for each rule, exchange and month, then each reason for which a rule was not evaluated, then the sum."""
    from app.ledger import coverage_record, overall_text, why_text
    from etl.judgements import RuleOutcome
    from etl.ledger import coverage, tally

    months = [coverage_record(one) for one in coverage(entries)]
    if months:
        table_of(tuple(months[0]), [tuple(str(value) for value in one.values()) for one in months])
    why: dict[tuple[str, str, str, str], list[str]] = {}
    for one in entries:
        if one.outcome in (RuleOutcome.NOT_EVALUATED, RuleOutcome.FAILED, RuleOutcome.NOT_RECORDED):
            why.setdefault((one.exchange, one.report, one.period.text, why_text(one, "en")), []).append(one.rule.id)
    for (exchange, report, period, reason), rules in why.items():
        emit_text(f"{exchange} {report} {period}: {reason} ({', '.join(rules)})\n")
    emit_text(overall_text(tally(entries), "en") + "\n")


def ledger_table(entries: Sequence[Entry]) -> None:
    """A line for each rule of a submission, then what all of them come to."""
    from app.ledger import outcome_text, overall_text, why_text
    from etl.ledger import tally

    rows = [
        (
            one.rule.id,
            outcome_text(one, "en"),
            str(one.row_count),
            str(one.read_count),
            why_text(one, "en"),
            one.rule_set_version or "",
            f"{one.at.astimezone(KST):%Y-%m-%d %H:%M:%S}" if one.at else "",
        )
        for one in entries
    ]
    table_of(("rule", "outcome", "rows", "rows read", "why", "rule set", "judged (KST)"), rows)
    emit_text(overall_text(tally(entries), "en") + "\n")


def submissions_table(found: Sequence[Submission]) -> None:
    """A line for each submission."""
    table = _table("submission", "exchange", "report", "period", "state", "rows", "received (KST)", "file")
    for s in found:
        received = f"{s.received_at.astimezone(KST):%Y-%m-%d %H:%M:%S}"
        rows = "" if s.row_count is None else f"{s.row_count:,}"
        table.add_row(s.id, s.exchange, s.report, s.period.text, s.state.value, rows, received, _plain(s.file))
    _print(table)


def rules_table(rules: Sequence[Rule]) -> None:
    """A line for each rule."""
    table = _table("rule", "kind", "source", "statement")
    for rule in rules:
        table.add_row(rule.id, rule.kind.value, rule.source.value, _plain(rule.statement.en))
    _print(table)


def what_if_table(comparison: Comparison) -> None:
    """Findings that would appear and that would go, by exchange."""
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
    if comparison.failed:
        print(f"not counted, since we failed on them (see the incidents): {', '.join(comparison.failed)}")


def verification_table(found: Verification) -> None:
    """What does not agree, or that everything does."""
    for fault in found.faults:
        print(f"{fault.subject}: {fault.what}")
    print(
        f"{found.submissions} submissions checked, {found.read_again} of them read again from their bytes, "
        f"{found.judged_again} judged again"
    )
    signed = f"signed to {found.signed_to}" if found.signed_to else "no day signed"
    print(f"{found.entries} log entries checked, {signed}")
    if found.not_vouched:
        print(f"{found.not_vouched} older records that the audit log does not vouch for; 'daxa migrate' has it do so")
    print(f"{len(found.faults)} faults")


def table_of(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A plain table of texts, printed as they are."""
    table = _table(*headings)
    for row in rows:
        table.add_row(*map(_plain, row))
    _print(table)

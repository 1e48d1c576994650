"""The objects that machines get, on the command line and over HTTP alike (specification, section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from etl.coordinates import json_path_in
from etl.evidence import digest_of
from etl.intake import Declared
from expectations.catalogue import all_rules
from expectations.messages import message
from expectations.vocabulary import KST, Finding, Interpretation, Kind, Rule

if TYPE_CHECKING:
    from etl.examine import Verdict
    from etl.intake import Candidate
    from etl.overdue import CalendarFinding
    from etl.records.submissions import StoredFinding, Submission
    from etl.unevaluated import Evaluation

Found = Sequence[tuple[Kind, Finding]]
"""Findings, each with the kind of its rule."""


def instant_text(instant: datetime | None) -> str | None:
    """ISO 8601 in KST with its offset."""
    return None if instant is None else instant.astimezone(KST).isoformat()


def _finding_fields(kind: Kind, finding: Finding, path: str | None, rule: Rule | None = None) -> dict[str, Any]:
    """The fields of a finding; `path` is where it is in a JSON file, `rule` its rule where that is not the book's."""
    rule = rule or all_rules()[finding.rule]
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
        "reason": finding.reason,
        "path": path,
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
        "incident": submission.incident,
        "superseded_by": submission.superseded_by,
        "as_if_in_force": submission.as_if_in_force,
    }
    if findings is not None:
        record["findings"] = [
            _finding_fields(kind, finding, _path_in(submission, finding)) for kind, finding in findings
        ]
    return record


def _path_in(submission: Submission, finding: Finding) -> str | None:
    declared = Declared(submission.exchange, submission.report, submission.period)
    return json_path_in(declared, submission.file, submission.format, finding)


def checked_record(candidate: Candidate, verdict: Verdict) -> dict[str, Any]:
    """The submission object of a file that was checked and not filed."""
    declared = candidate.declared
    return {
        "file": candidate.shown_path,
        "submission": None,
        "exchange": declared.exchange,
        "report": declared.report,
        "period": declared.period.text,
        "state": verdict.state.value,
        "duplicate": False,
        "sha256": digest_of(candidate.read()),
        "rows": verdict.row_count,
        "incident": verdict.incident,
        "replaces": verdict.replaces and verdict.replaces.as_record(),
        "findings": [
            _finding_fields(kind, finding, json_path_in(declared, candidate.name, verdict.format, finding))
            for finding, kind in verdict.findings
        ],
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
        **_finding_fields(stored.kind, stored.finding, _path_in(submission, stored.finding)),
    }


def finding_of_rule_record(rule: Rule, finding: Finding, filed: Submission | None) -> dict[str, Any]:
    """The fields of a finding of a rule that need not be in the book."""
    return _finding_fields(rule.kind, finding, None if filed is None else _path_in(filed, finding), rule)


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
        **_finding_fields(missing.kind, missing.finding, None),
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
        "reason": None,
        "path": None,
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
        "interpretation": _interpretation_fields(rule.interpretation),
    }


def _interpretation_fields(read: Interpretation) -> dict[str, Any]:
    change = read.expected_to_change
    return {
        "clause_ko": read.clause.ko,
        "clause_en": read.clause.en,
        "reading_ko": read.reading.ko,
        "reading_en": read.reading.en,
        "rationale_ko": read.rationale.ko,
        "rationale_en": read.rationale.en,
        "decided": [{"by": one.by.value, "on": one.on.isoformat()} for one in read.decided],
        "expected_to_change_ko": change.ko if change else None,
        "expected_to_change_en": change.en if change else None,
    }

"""The ledger of submissions in words and as objects: what became of each rule, why, and what all of it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from app.objects import instant_text
from app.words import report_name, say
from etl.judgements import RuleOutcome, Why

if TYPE_CHECKING:
    from etl.ledger import Entry, MonthCoverage, Tally

_MOST_NAMED = 8
"""Rules, or days, that are named one by one."""


def ledger_record(entry: Entry) -> dict[str, Any]:
    """An entry as machines get it: on the command line and over HTTP alike."""
    return {
        "exchange": entry.exchange,
        "report": entry.report,
        "period": entry.period.text,
        "submission": entry.submission,
        "state": entry.state and entry.state.value,
        "rule": entry.rule.id,
        "kind": entry.rule.kind.value,
        "outcome": entry.outcome.value,
        "why": entry.why and entry.why.value,
        "findings": entry.finding_count,
        "rows": entry.row_count,
        "rows_read": entry.read_count,
        "reads": list(entry.rule.reads),
        "lacking": list(entry.lacking),
        "days": [day.isoformat() for day in entry.days],
        "rule_set_version": entry.rule_set_version,
        "judged_at": instant_text(entry.at),
        "incident": entry.incident,
        "message_ko": entry_text(entry, "ko"),
        "message_en": entry_text(entry, "en"),
    }


def coverage_record(one: MonthCoverage) -> dict[str, Any]:
    """A month of a rule and exchange as machines get it."""
    return {
        "rule": one.rule,
        "exchange": one.exchange,
        "month": one.month,
        "periods": one.period_count,
        "evaluated": one.evaluated_count,
        "not_applicable": one.not_applicable_count,
        "not_evaluated": one.not_evaluated_count,
        "failed": one.failed_count,
        "not_recorded": one.not_recorded_count,
        "findings": one.finding_count,
        "rows": one.row_count,
        "rows_read": one.read_count,
    }


def outcome_text(entry: Entry, language: str) -> str:
    """Return what became of a rule, without why."""
    return say(f"rule_outcome.{entry.outcome}", language, count=f"{entry.finding_count:,}")


def why_text(entry: Entry, language: str) -> str:
    """Return why a rule was not evaluated, is not applicable or failed; empty where it was evaluated."""
    if entry.outcome is RuleOutcome.FAILED:
        return say("why.failed", language, incident=entry.incident)
    if entry.outcome is RuleOutcome.NOT_RECORDED:
        return say("why.not_recorded", language)
    if entry.why is None:
        return ""
    parts: dict[str, Any] = {}
    if entry.why is Why.LACKING:
        parts["reports"] = ", ".join(report_name(name, language) for name in entry.lacking)
        parts["days"] = days_text(entry.days, language)
    if entry.why is Why.BEFORE_ITS_DATE:
        parts["day"] = entry.rule.effective_from
    return say(f"why.{entry.why}", language, **parts)


def entry_text(entry: Entry, language: str) -> str:
    """Return what became of a rule, and why."""
    return ": ".join(text for text in (outcome_text(entry, language), why_text(entry, language)) if text)


def days_text(days: Sequence[date], language: str) -> str:
    """Return the first of some days one by one, and how many there are more."""
    named = ", ".join(map(str, days[:_MOST_NAMED]))
    return (
        named if len(days) <= _MOST_NAMED else say("ledger.more", language, named=named, count=len(days) - _MOST_NAMED)
    )


def overall_text(counted: Tally, language: str) -> str:
    """Return the overall verdict: how many findings, and which rules nothing is known of, never one without the other.

    "No findings" alone stands only where every applicable rule was evaluated.
    """
    found = "ledger.findings" if counted.finding_count else "ledger.no_findings"
    parts = [say(found, language, count=f"{counted.finding_count:,}")]
    for name, rules in (
        ("not_evaluated", counted.not_evaluated),
        ("failed", counted.failed),
        ("not_recorded", counted.not_recorded),
    ):
        if rules:
            named = ", ".join(rules[:_MOST_NAMED])
            if len(rules) > _MOST_NAMED:
                named = say("ledger.more", language, named=named, count=len(rules) - _MOST_NAMED)
            parts.append(say(f"ledger.{name}", language, count=len(rules), rules=named))
    return "; ".join(parts)

"""Parallel runs as objects and in words: what another rule book or another layout would change, line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.objects import finding_of_rule_record, instant_text
from app.words import LANGUAGES, field_label, say
from etl.parallel import (
    Difference,
    How,
    LayoutsCompared,
    NotCompared,
    RowsDiffer,
    RulesCompared,
    Told,
    ToldOfLayouts,
    ValuesDiffer,
    VerdictChange,
)
from expectations.messages import message
from expectations.vocabulary import State

if TYPE_CHECKING:
    from etl.records.submissions import Submission


def told_record(told: Told | ToldOfLayouts) -> dict[str, Any]:
    """A difference, a changed verdict or what could not be compared, as machines get it."""
    match told:
        case ValuesDiffer():
            return _values_record(told)
        case RowsDiffer():
            return {
                "what": "rows",
                "how": told.how.value,
                **_filed(told.submission),
                "rows": told.count,
                "examples": list(told.examples),
            }
        case Difference():
            return _difference_record(told)
        case VerdictChange():
            return _verdict_record(told)
        case NotCompared():
            return not_compared_record(told.submission, told.why.value, told.rule, told.detail)


def _difference_record(told: Difference) -> dict[str, Any]:
    finding = told.tomorrow or told.today
    fields = {} if finding is None else finding_of_rule_record(told.rule, finding, told.filed)
    before = told.today if told.how is How.CHANGED else None
    return {
        "what": "finding",
        "how": told.how.value,
        "exchange": told.exchange,
        "report": told.report,
        "period": told.period.text,
        "submission": told.submission,
        "file": told.filed and told.filed.file,
        **fields,
        "today": before and {"found": before.found, "expected": before.expected, "reason": before.reason},
    }


def _values_record(told: ValuesDiffer) -> dict[str, Any]:
    examples = [{"row": row, "today": _text(old), "tomorrow": _text(new)} for row, old, new in told.examples]
    return {
        "what": "values",
        "how": told.how.value,
        **_filed(told.submission),
        "column": told.column,
        "differing": told.count,
        "within_tolerance": told.within,
        "largest_difference": _text(told.largest),
        "examples": examples,
    }


def _text(value: Any) -> str | None:
    """A canonical value as it reads everywhere: decimals without an exponent, instants in KST."""
    match value:
        case None:
            return None
        case Decimal():
            whole = f"{value:f}"
            return whole.rstrip("0").rstrip(".") if "." in whole else whole
        case datetime():
            return instant_text(value)
        case _:
            return f"{value}"


def _verdict_record(told: VerdictChange) -> dict[str, Any]:
    return {
        "what": "verdict",
        **_filed(told.submission),
        "today": told.today.value,
        "tomorrow": told.tomorrow.value,
        "findings": [finding_of_rule_record(rule, finding, told.submission) for finding, rule in told.findings],
    }


def not_compared_record(filed: Submission | None, why: str, rule: str | None, detail: str) -> dict[str, Any]:
    """What could not be compared, with the reason in both languages."""
    words = {f"message_{language}": _why(why, language, rule, detail) for language in LANGUAGES}
    place = dict.fromkeys(_PLACE) if filed is None else _filed(filed)
    return {"what": "not_compared", **place, "rule": rule, "why": why, "detail": detail or None, **words}


def _why(why: str, language: str, rule: str | None, detail: str) -> str:
    return say(f"parallel.why.{why}", language, rule=rule, detail=detail)


_PLACE = ("exchange", "report", "period", "submission", "file")


def _filed(one: Submission) -> dict[str, Any]:
    return {
        "exchange": one.exchange,
        "report": one.report,
        "period": one.period.text,
        "submission": one.id,
        "file": one.file,
    }


def told_text(told: Told | ToldOfLayouts, language: str) -> str:
    """One line for a person."""
    match told:
        case ValuesDiffer():
            return f"{told.submission.file} ({told.submission.id}): {_values_text(told, language)}"
        case RowsDiffer():
            said = say(f"parallel.rows.{told.how}", language, count=f"{told.count:,}", rows=_rows(told.examples))
            return f"{told.submission.file} ({told.submission.id}): {said}"
        case Difference():
            finding = told.tomorrow or told.today
            said = "" if finding is None else message(finding, told.rule, language)
            file = told.filed.file if told.filed else f"{told.exchange} {told.report} {told.period.text}"
            number = f" ({told.submission})" if told.submission else ""
            return f"{file}{number}: {say(f'parallel.how.{told.how}', language)} [{told.rule.id}] {said}"
        case VerdictChange():
            one = told.submission
            rules = ", ".join(dict.fromkeys(rule.id for _, rule in told.findings))
            first = message(*told.findings[0], language) if told.findings else ""
            return f"{one.file} ({one.id}): {told.today.value} → {told.tomorrow.value} [{rules}] {first}"
        case NotCompared():
            said, filed = _why(told.why.value, language, told.rule, told.detail), told.submission
            return said if filed is None else f"{filed.file} ({filed.id}): {said}"


def _rows(places: Sequence[int]) -> str:
    return ", ".join(map(str, places))


def _values_text(told: ValuesDiffer, language: str) -> str:
    column = field_label(told.submission.report, told.column, language)
    if not told.examples:
        is_within = told.how is How.SAME
        key = "parallel.within" if is_within else f"parallel.column.{told.how}"
        return say(key, language, column=f"{column} ({told.column})", count=f"{told.within:,}")
    row, old, new = told.examples[0]
    return say(
        "parallel.values",
        language,
        column=f"{column} ({told.column})",
        count=f"{told.count:,}",
        within=f"{told.within:,}",
        row=row,
        today=_text(old) or "∅",
        tomorrow=_text(new) or "∅",
    )


def layout_exchange_record(compared: LayoutsCompared, exchange: str) -> dict[str, Any]:
    """What the other layouts would change for one exchange."""
    columns: dict[str, dict[str, dict[str, int]]] = {}
    for name, counts in (("differing", compared.values), ("within_tolerance", compared.within)):
        for (whose, report, column), count in sorted(counts.items()):
            if whose == exchange:
                columns.setdefault(report, {}).setdefault(column, {})[name] = count
    for (whose, report, column, how), count in sorted(compared.columns.items()):
        if whose == exchange:
            columns.setdefault(report, {}).setdefault(column, {})[f"{how}_files"] = count
    return {
        "what": "exchange",
        "exchange": exchange,
        "files": compared.files[exchange],
        "same_layout": compared.unchanged[exchange],
        "read_alike": compared.read_alike[exchange],
        "would_be_rejected": compared.verdicts[exchange, State.ACCEPTED, State.REJECTED],
        "would_be_accepted": compared.verdicts[exchange, State.REJECTED, State.ACCEPTED],
        "rows_only_today": compared.rows[exchange, How.ONLY_TODAY],
        "rows_only_tomorrow": compared.rows[exchange, How.ONLY_TOMORROW],
        "values_differing": _sum_of(compared.values, exchange),
        "values_within_tolerance": _sum_of(compared.within, exchange),
        "not_compared": sum(count for (whose, _), count in compared.not_compared.items() if whose == exchange),
        "columns": columns,
    }


def _sum_of(counts: Mapping[tuple[str, str, str], int], exchange: str) -> int:
    return sum(count for (whose, _, _), count in counts.items() if whose == exchange)


def exchange_record(compared: RulesCompared, exchange: str) -> dict[str, Any]:
    """What the other book would change for one exchange."""
    rules: dict[str, dict[str, int]] = {}
    for (rule, whose, how), count in sorted(compared.findings.items()):
        if whose == exchange:
            rules.setdefault(rule, dict.fromkeys(map(str, How), 0))[how.value] = count
    return {
        "what": "exchange",
        "exchange": exchange,
        "files": compared.files[exchange],
        **{how.value: compared.findings_of(exchange, how) for how in How},
        "would_be_rejected": compared.verdicts_of(exchange, State.ACCEPTED, State.REJECTED),
        "would_be_accepted": compared.verdicts_of(exchange, State.REJECTED, State.ACCEPTED),
        "not_compared": compared.not_compared_of(exchange),
        "not_evaluated": compared.not_compared_of(exchange, not_evaluated=True),
        "rules": rules,
    }


def summary_record(compared: RulesCompared) -> dict[str, Any]:
    """How the books differ, and what all of it comes to."""
    return {
        "what": "summary",
        "rules": [
            {"rule": one.rule, "change": one.what.value, "effective_from": one.since and one.since.isoformat()}
            for one in compared.rules
        ],
        "thresholds": [
            {"name": one.name, "exchange": one.exchange, "today": _number(one.today), "tomorrow": _number(one.tomorrow)}
            for one in compared.thresholds
        ],
        "files": compared.files.total(),
        "breaks": compared.breaks,
        "whole": compared.is_whole,
    }


def _number(value: Any) -> str | None:
    return None if value is None else f"{value}"

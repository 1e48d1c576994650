"""What a finding says to a person: what is wrong, where, what was found, what is expected, and how to mend it.

Sentences live in the suites; the finding carries codes and values, and is put into words last, in either language.
"""

from __future__ import annotations

from expectations.vocabulary import KST, Finding, Rule

_WORDS = {
    "ko": {
        "row": "{row}행",
        "column": "'{column}' 열",
        "interval": "{start} ~ {end}",
        "open": "진행 중",
        "subject": "대상: {subject}",
        "where": "위치: {where}.",
        "found": "제출된 값: {found}.",
        "expected": "기대한 값: {expected}.",
    },
    "en": {
        "row": "row {row}",
        "column": "column '{column}'",
        "interval": "{start} to {end}",
        "open": "still open",
        "subject": "subject {subject}",
        "where": "Where: {where}.",
        "found": "Found: {found}.",
        "expected": "Expected: {expected}.",
    },
}


def message(finding: Finding, rule: Rule, language: str) -> str:
    """The whole sentence of a finding in `ko` or `en`."""
    words = _WORDS[language]
    said = rule.reasons.get(finding.reason or "", rule.statement).in_language(language)
    parts = [said]
    if where := _where(finding, words):
        parts.append(words["where"].format(where=where))
    if finding.found is not None:
        parts.append(words["found"].format(found=finding.found))
    if finding.expected is not None:
        parts.append(words["expected"].format(expected=finding.expected))
    if finding.reason not in rule.reasons:
        parts.append(rule.remedy.in_language(language))
    return " ".join(parts)


def _where(finding: Finding, words: dict[str, str]) -> str:
    places = []
    if finding.row is not None:
        places.append(words["row"].format(row=finding.row))
    if finding.column is not None:
        places.append(words["column"].format(column=finding.column))
    if finding.subject is not None:
        places.append(words["subject"].format(subject=finding.subject))
    if finding.start is not None:
        start = f"{finding.start.astimezone(KST):%Y-%m-%d %H:%M:%S} KST"
        end = f"{finding.end.astimezone(KST):%Y-%m-%d %H:%M:%S} KST" if finding.end else words["open"]
        places.append(words["interval"].format(start=start, end=end))
    return ", ".join(places)

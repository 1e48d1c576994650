"""How a finding is answered, in sign and words, and what a rule says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.answers.submission_answers import FindingAnswer, finding_answers
from app.rules.book import rule_called
from app.widgets.address import go
from app.widgets.view import View, ask
from app.words import in_words
from etl.answers import Answered
from expectations.vocabulary import Finding

_GLYPHS: Mapping[str, str] = {
    "open": "▶",
    "explained": "◔",
    "accepted": "●",
    "refused": "✕",
    "referred": "↗",
    "remedied": "◑",
    "closed": "■",
    "reopened": "↻",
    "shown_by_data": "◑",
    "found": "▲",
    "not_remedied": "▶",
}
"""A sign beside the word for an answer, so that colour never stands alone."""


@dataclass(frozen=True, slots=True)
class FindingWords:
    """What a rule says, and what it found and expected, in a language; what a sender wrote stays as it was written."""

    statement: str
    found: str | None
    expected: str | None


def answer_mark(view: View, state: str | None, until: date | None = None) -> str | None:
    """Sign and word of an answer, with the day until which an explanation is accepted; none for no state."""
    if state is None:
        return None
    word = view.say("answer.accepted_until", until=until) if until else view.say(f"answer.{state}")
    return f"{_GLYPHS[state]} {word}"


def finding_words(view: View, finding: Finding) -> FindingWords:
    """A finding in words: quoted cells (those with a column) are left as they are."""
    rule = rule_called(finding.rule)
    found, expected = finding.found, finding.expected
    if finding.column is None:
        found, expected = in_words(found, view.language), in_words(expected, view.language)
    return FindingWords(rule.statement.in_language(view.language) if rule else "", found, expected)


def answers_to(view: View, submission: str, numbers: tuple[int, ...]) -> Mapping[int, FindingAnswer]:
    """The answers to these findings of a submission by their numbers."""
    return {one.id: one for one in ask(finding_answers, submission, numbers)}


def answer_text(view: View, answer: FindingAnswer) -> str | None:
    """Who said what, and who decided, in one line; none where nobody said anything."""
    if answer.text is None:
        return None
    parts = [view.say("answers.who_said", person=answer.person, text=answer.text)]
    if answer.decided_by is not None:
        parts.append(view.say("answers.who_decided", person=answer.decided_by, reason=answer.reason))
    return " · ".join(parts)


def go_to_answer(answer: FindingAnswer) -> None:
    """Go to where a finding is answered; what refuses a file is answered by a correction and leads nowhere."""
    if answer.occurrence is not None:
        go("answers", breach=answer.occurrence, state="all")
    elif answer.state in (Answered.OPEN, Answered.REFUSED):
        go("answers", finding=str(answer.id))
    elif answer.explanation is not None:
        go("answers", explanation=answer.explanation)

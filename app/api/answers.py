"""How an exchange's machine reads the explanations of its findings and gives one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from app.answers.submission_answers import finding_answers
from app.api.problems import ProblemError
from app.api.versions import refused_when_passed
from app.scope import Role, Scope
from etl.answers import EXPLAINED_KINDS
from etl.records import submissions as life
from etl.records.answers import Actor, AnswerError, explain, filed_finding
from etl.records.engine import reading, writing
from etl.records.submissions import Submission
from etl.records.tokens import Token
from etl.store import Store

MOST_FINDING = 2**63 - 1
"""The largest number that a finding can have."""
_STATUS = {"no_finding": 404, "no_text": 400, "too_long": 400, "personal_data": 400}
"""The status of what cannot be explained; of all else that it is not possible now."""


def asked(body: bytes) -> tuple[int, str]:
    """Return the finding's number and the text of a small JSON body; ProblemError where either is missing."""
    try:
        content = orjson.loads(body)
        finding, text = content["finding"], content["text"]
    except (ValueError, TypeError, KeyError) as error:
        raise ProblemError(400, 'Send a JSON object such as {"finding": 12, "text": "why it is right"}.') from error
    is_number = isinstance(finding, int) and not isinstance(finding, bool) and 1 <= finding <= MOST_FINDING
    if not is_number or not isinstance(text, str):
        raise ProblemError(400, "The finding is its number as the list tells it, the text is a text.")
    return finding, text


def told(store: Store, submission: Submission) -> list[dict[str, Any]]:
    """Return the findings of a submission that its exchange explains, by number, with the explanations so far."""
    with reading(store.engine) as connection:
        numbers = life.finding_numbers(connection, submission.id, EXPLAINED_KINDS)
        reader = Actor("", Role.EXCHANGE, (submission.exchange,))
        found = {number: filed_finding(connection, number, reader).finding for number in numbers}
    scope = Scope(Role.EXCHANGE, (submission.exchange,))
    answers = {one.id: one for one in finding_answers(store, scope, submission.id, tuple(numbers))}
    return [
        {
            "finding": number,
            "rule": found[number].rule,
            "subject": found[number].subject,
            "found": found[number].found,
            "state": answer.state,
            "explanation": answer.explanation,
            "text": answer.text,
            "reason": answer.reason,
            "until": answer.until.isoformat() if answer.until else None,
            "version": answer.version,
        }
        for number, answer in ((number, answers[number]) for number in numbers)
    ]


def explained(
    store: Store, caller: Token, submission: Submission, finding: int, text: str, *, seen: str | None = None
) -> dict[str, Any]:
    """Record an explanation and return the finding's new state; ProblemError where it cannot be explained."""
    actor = Actor(caller.id, Role.EXCHANGE, (caller.exchange,))
    try:
        with refused_when_passed(), writing(store.engine, lock="answers") as connection:
            if filed_finding(connection, finding, actor).submission != submission.id:
                raise AnswerError("no_finding", f"there is no finding {finding} of this submission")
            explain(connection, actor, finding, text, seen=seen, at=datetime.now(UTC))
    except AnswerError as error:
        said = str(error)
        raise ProblemError(_STATUS.get(error.code, 409), f"{said[0].upper()}{said[1:]}.") from error
    return next(one for one in told(store, submission) if one["finding"] == finding)

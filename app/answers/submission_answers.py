"""How each finding of a submission is answered: what was said of it, who decided, until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from app.answers.people import names_of
from app.answers.states import breach_answer
from app.moments import kst_day
from app.scope import Scope
from etl.answers import EXPLAINED_KINDS, Answered, Explanation, answer_for, fingerprint, occurrence
from etl.records import submissions as life
from etl.records.answers import explanations_of
from etl.records.breaches import Breach, recorded_breaches
from etl.records.engine import reading
from etl.records.moved_on import NOTHING
from etl.records.tables import findings, submissions
from etl.store import Store
from expectations.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class FindingAnswer:
    """How the finding with the number `id` is answered.

    `state` is one of `Answered` or of `app.answers.states`; none for what refuses a file, which is corrected instead.
    `explanation` is the number of the explanation that speaks for it, `occurrence` which breach it tells of.
    """

    id: int
    state: str | None = None
    until: date | None = None
    explanation: str | None = None
    text: str | None = None
    person: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    occurrence: str | None = None
    version: str = NOTHING
    """The answer that stands, as `version_of_answer` writes it."""


def finding_answers(store: Store, scope: Scope, submission: str, numbers: tuple[int, ...]) -> tuple[FindingAnswer, ...]:
    """The answers to these findings of a submission, in any order; none of a submission of another exchange."""
    query = (
        select(findings, submissions.c.period_start, submissions.c.period_end)
        .join(submissions, submissions.c.id == findings.c.submission)
        .where(
            findings.c.submission == submission,
            findings.c.id.in_(numbers),
            findings.c.exchange.in_(scope.exchanges),
        )
    )
    with reading(store.engine) as connection:
        rows = connection.execute(query).mappings().all()
        if not rows:
            return ()
        one = rows[0]
        firm = (one["exchange"],)
        explained = explanations_of(connection, firm)
        known = recorded_breaches(connection, firm, one["period_start"], one["period_end"], report=one["report"])
        names = names_of(connection)
    by_occurrence = {breach.occurrence: breach for breach in known}
    answers = []
    for row in rows:
        finding, where = life.finding_from(row), (row["exchange"], row["report"])
        if row["kind"] in EXPLAINED_KINDS:
            same = explained.get(fingerprint(*where, finding), ())
            answers.append(_of_explanation(row["id"], answer_for(same, kst_day(row["period_start"])), names))
        elif row["kind"] == Kind.COMPLIANCE:
            breach = by_occurrence.get(occurrence(*where, row["period_start"], finding))
            answers.append(_of_breach(row["id"], breach, names))
        else:
            answers.append(FindingAnswer(row["id"]))
    return tuple(answers)


def _of_explanation(number: int, one: Explanation | None, names: Mapping[str, str]) -> FindingAnswer:
    if one is None:
        return FindingAnswer(number, Answered.OPEN.value)
    made = one.decision
    return FindingAnswer(
        number,
        state=one.answered.value,
        until=made.until if made else None,
        explanation=one.id,
        text=one.text,
        person=names.get(one.person, one.person),
        decided_by=names.get(made.person, made.person) if made else None,
        decided_at=made.at if made else None,
        reason=made.reason if made else None,
        version=one.version,
    )


def _of_breach(number: int, breach: Breach | None, names: Mapping[str, str]) -> FindingAnswer:
    if breach is None:
        return FindingAnswer(number)
    last = breach.steps[-1] if breach.steps else None
    return FindingAnswer(
        number,
        state=breach_answer(breach),
        text=last.text if last else None,
        person=names.get(last.person, last.person) if last else None,
        decided_at=last.at if last else None,
        occurrence=breach.occurrence,
    )

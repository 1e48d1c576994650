"""Answers to findings: what exchanges explain, what supervisors decide of it, and who has read a verdict.

Who may do what is checked here, from role and exchanges of whoever acts; what belongs to another exchange is answered
like what is not there. Every act is a new row and an entry of the audit log in one transaction.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from unicodedata import category

from sqlalchemy import Connection, RowMapping, insert, select

from etl.answers import (
    EXPLAINED_KINDS,
    LONGEST_ACCEPTANCE_DAYS,
    Answered,
    Decision,
    Explanation,
    Outcome,
    answer_for,
    fingerprint,
)
from etl.normalise import personal_data_in
from etl.records import submissions as life
from etl.records.answer_tables import decisions, explanations, verdict_reads
from etl.records.engine import hold
from etl.records.log import AuditEvent, EventKind, append
from etl.records.moved_on import NOTHING, MovedOnError
from etl.records.people import Role
from etl.records.submissions import OF_THE_WITHDRAWN
from etl.records.tables import findings, submissions
from etl.records.vouched import Record
from expectations.vocabulary import KST, Finding, Kind, State

LONGEST_TEXT = 2_000
"""Characters of an explanation or a reason."""


class AnswerError(ValueError):
    """An explanation or decision that is refused: `code` is the reason, the text a sentence for the user."""

    def __init__(self, code: str, sentence: str) -> None:
        """Say why."""
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts: the id in the audit log, the role, and the exchanges that are theirs to answer for or to see."""

    id: str
    role: Role
    exchanges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FiledFinding:
    """A recorded finding with its number, its kind, and the submission that it is of."""

    number: int
    exchange: str
    report: str
    kind: Kind
    submission: str
    period: str
    period_start: datetime
    stands: bool
    found_at: datetime
    finding: Finding

    @property
    def first_day(self) -> date:
        """The KST day on which its period begins."""
        return self.period_start.astimezone(KST).date()


def filed_finding(connection: Connection, number: int, actor: Actor) -> FiledFinding:
    """The finding with that number; AnswerError where there is none that the actor may see."""
    query = (
        select(findings, submissions.c.period_start, submissions.c.state)
        .join(submissions, submissions.c.id == findings.c.submission)
        .where(findings.c.id == number, findings.c.exchange.in_(actor.exchanges))
    )
    row = connection.execute(query).mappings().first()
    if row is None:
        raise AnswerError("no_finding", f"there is no finding {number} of yours")
    return FiledFinding(
        row["id"],
        row["exchange"],
        row["report"],
        Kind(row["kind"]),
        row["submission"],
        row["period"],
        row["period_start"],
        row["lifted_at"] is None
        and (row["state"] == State.ACCEPTED or (row["state"] == State.WITHDRAWN and row["rule"] in OF_THE_WITHDRAWN)),
        row["found_at"],
        life.finding_from(row),
    )


def must_be(actor: Actor, role: Role) -> None:
    """AnswerError where it is not for the actor's role to do."""
    if actor.role is not role:
        raise AnswerError("not_yours", f"only somebody with the role '{role}' may do this")


def said(text: str) -> str:
    """Return a text as it is stored, without control characters."""
    kept = "".join(sign for sign in text if category(sign) != "Cc" or sign in "\n\t").strip()
    if not kept:
        raise AnswerError("no_text", "say it in words: a text is needed")
    if len(kept) > LONGEST_TEXT:
        raise AnswerError("too_long", f"a text has at most {LONGEST_TEXT:,} characters, this one {len(kept):,}")
    if personal_data_in(kept):
        raise AnswerError("personal_data", "leave out registration numbers, telephone numbers and e-mail addresses")
    return kept


# ------------------------------------------------------------------------------------- explanations


def explain(
    connection: Connection, actor: Actor, number: int, text: str, *, seen: str | None = None, at: datetime
) -> Explanation:
    """Explain a plausibility or consistency finding; it speaks for the same finding from its day on.

    AnswerError where it is not the actor's own, is of another kind, no longer stands, or is answered already;
    MovedOnError where another answer stands than the one that was `seen` (`version_of_answer`).
    """
    must_be(actor, Role.EXCHANGE)
    kept, filed = said(text), filed_finding(connection, number, actor)
    if filed.kind not in EXPLAINED_KINDS:
        raise AnswerError("not_explained", f"a {filed.kind} finding is not explained, but corrected or remedied")
    if not filed.stands:
        raise AnswerError("not_standing", f"finding {number} no longer stands and needs no explanation")
    mark = fingerprint(filed.exchange, filed.report, filed.finding)
    known = explanations_of(connection, (filed.exchange,), mark=mark).get(mark, ())
    standing = answer_for(known, filed.first_day)
    if seen not in (None, version_of_answer(standing)) and standing is not None:
        raise _moved_on(standing)
    if standing is not None and standing.answered is not Answered.REFUSED:
        raise AnswerError("answered", f"finding {number} is answered already: {standing.id} is {standing.answered}")
    made = Explanation(
        id=f"E-{secrets.token_hex(5)}",
        fingerprint=mark,
        exchange=filed.exchange,
        report=filed.report,
        rule=filed.finding.rule,
        subject=filed.finding.subject,
        submission=filed.submission,
        first_day=filed.first_day,
        text=kept,
        person=actor.id,
        at=at,
    )
    names = [name for name in Explanation.__slots__ if name != "decision"]
    values = {name: getattr(made, name) for name in names}
    connection.execute(insert(explanations).values(values))
    details = {name: values[name] for name in ("exchange", "report", "rule", "subject", "submission", "fingerprint")}
    rows = (Record("explanations", made.id),)
    append(connection, [AuditEvent(actor.id, EventKind.EXPLANATION, made.id, {**details, "text": kept}, rows)], at=at)
    return made


def version_of_answer(standing: Explanation | None) -> str:
    """The state of a matter by the explanation that stands for it, as a short text."""
    return NOTHING if standing is None else standing.version


def _moved_on(explanation: Explanation) -> MovedOnError:
    """That an explanation was given, or decided on, since."""
    if explanation.decision is None:
        return MovedOnError("explained", explanation.person, explanation.at)
    return MovedOnError(explanation.decision.outcome, explanation.decision.person, explanation.decision.at)


def decide(
    connection: Connection,
    actor: Actor,
    explanation: str,
    outcome: Outcome,
    reason: str,
    *,
    until: date | None = None,
    seen: str | None = None,
    at: datetime,
) -> Explanation:
    """Accept an explanation until a KST day, refuse it or refer it, with a reason; the newest decision counts.

    AnswerError where the actor is no supervisor, the explanation is not there, or the day makes no sense;
    MovedOnError where it was decided on since the version that was `seen`.
    """
    must_be(actor, Role.SUPERVISOR)
    kept = said(reason)
    found = explanations_of(connection, actor.exchanges, explanation=explanation)
    decided = next((one for several in found.values() for one in several), None)
    if decided is None:
        raise AnswerError("no_explanation", f"there is no explanation {explanation}")
    if seen not in (None, decided.version):
        raise _moved_on(decided)
    if (outcome is Outcome.ACCEPTED) is (until is None):
        raise AnswerError("no_day", "an explanation is accepted until a day; a refusal or referral has none")
    today = at.astimezone(KST).date()
    if until is not None and not today <= until <= today + timedelta(days=LONGEST_ACCEPTANCE_DAYS):
        raise AnswerError("wrong_day", f"accept until a day from today to {LONGEST_ACCEPTANCE_DAYS} days ahead")
    made = Decision(outcome, until, kept, actor.id, at)
    values = {"outcome": outcome.value, "until": until, "reason": kept, "person": actor.id, "at": at}
    connection.execute(insert(decisions).values(explanation=decided.id, **values))
    details = {
        "exchange": decided.exchange,
        "rule": decided.rule,
        "outcome": outcome.value,
        "until": None if until is None else until.isoformat(),
        "reason": kept,
    }
    rows = (Record("decisions", decided.id),)
    append(connection, [AuditEvent(actor.id, EventKind.DECISION, decided.id, details, rows)], at=at)
    return replace(decided, decision=made)


def explanations_of(
    connection: Connection,
    exchanges: Sequence[str],
    *,
    mark: str | None = None,
    explanation: str | None = None,
) -> Mapping[str, Sequence[Explanation]]:
    """Explanations of these exchanges by fingerprint, oldest first, each with the newest decision about it.

    With `mark` those of one fingerprint, with `explanation` the one with that id.
    """
    query = select(explanations).where(explanations.c.exchange.in_(exchanges)).order_by(explanations.c.number)
    decided = (
        select(decisions)
        .join(explanations, explanations.c.id == decisions.c.explanation)
        .where(explanations.c.exchange.in_(exchanges))
        .order_by(decisions.c.number)
    )
    for column, wanted in ((explanations.c.fingerprint, mark), (explanations.c.id, explanation)):
        if wanted is not None:
            query, decided = query.where(column == wanted), decided.where(column == wanted)
    newest = {row["explanation"]: _decision(row) for row in connection.execute(decided).mappings()}
    found: dict[str, list[Explanation]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        values = {name: value for name, value in row.items() if name != "number"}
        found[row["fingerprint"]].append(Explanation(**values, decision=newest.get(row["id"])))
    return found


def decisions_of(connection: Connection, exchanges: Sequence[str]) -> Mapping[str, Sequence[Decision]]:
    """Every decision about explanations of these exchanges by the explanation's id, oldest first."""
    query = (
        select(decisions)
        .join(explanations, explanations.c.id == decisions.c.explanation)
        .where(explanations.c.exchange.in_(exchanges))
        .order_by(decisions.c.number)
    )
    found: dict[str, list[Decision]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        found[row["explanation"]].append(_decision(row))
    return found


def _decision(row: RowMapping) -> Decision:
    return Decision(Outcome(row["outcome"]), row["until"], row["reason"], row["person"], row["at"])


# ------------------------------------------------------------------------------------ verdicts read


def read_verdict(connection: Connection, actor: Actor, submission: str, *, at: datetime) -> bool:
    """Record that a person of the exchange has opened a verdict; False where that is known, or none of theirs."""
    if actor.role is not Role.EXCHANGE:
        return False
    hold(connection, "answers")  # two windows of one person may open it at once
    if has_read(connection, actor, submission):
        return False
    filed = life.by_id(connection, submission)
    if filed is None or filed.exchange not in actor.exchanges or not filed.is_decided:
        return False
    values = {"submission": submission, "person": actor.id, "exchange": filed.exchange, "at": at}
    connection.execute(insert(verdict_reads).values(values))
    details = {"exchange": filed.exchange, "state": filed.state.value}
    rows = (Record("verdict_reads", submission),)
    append(connection, [AuditEvent(actor.id, EventKind.VERDICT_READ, submission, details, rows)], at=at)
    return True


def has_read(connection: Connection, actor: Actor, submission: str) -> bool:
    """Whether this person has opened the verdict before."""
    query = select(verdict_reads.c.at).where(
        verdict_reads.c.submission == submission, verdict_reads.c.person == actor.id
    )
    return connection.execute(query).first() is not None

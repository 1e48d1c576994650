"""Answers beside findings: what waits for an explanation or a decision, what was said, how much was explained away."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from app.frames import frame_of
from app.moments import kst_day
from app.queries.choice import Choice
from app.rules.findings import is_open
from app.scope import Scope
from etl.answers import EXPLAINED_KINDS, Answered, BreachState, Explanation, answer_for, fingerprint, occurrence
from etl.records import submissions as life
from etl.records.access_tables import people
from etl.records.answer_tables import breach_states
from etl.records.answers import decisions_of, explanations_of
from etl.records.breaches import Breach, breaches
from etl.records.engine import reading
from etl.records.tables import findings, submissions
from etl.store import Store
from expectations.vocabulary import Finding, Kind, Period

ANSWER_COLUMNS = (
    *("id", "state", "until", "explanation", "text", "person", "decided_by", "decided_at", "reason", "occurrence"),
)
WAITING_COLUMNS = (
    *("state", "exchange", "report", "rule", "kind", "subject", "column", "count", "first_day", "last_day"),
    *("found", "expected", "finding", "findings", "submission", "found_at"),
)
EXPLANATION_COLUMNS = (
    *("id", "state", "exchange", "report", "rule", "subject", "first_day", "standing_count", "said", "person", "at"),
    *("until", "reason", "decided_by", "decided_at", "submission"),
)
AWAY_COLUMNS = ("rule", "exchange", "found_count", "accepted_count")
SHOWN_BY_DATA = "shown_by_data"
"""What is no step of anybody: the data shows that a breach is over."""
NOT_REMEDIED = "not_remedied"
"""A breach that is open: nobody has said what was done about it."""
REOPENED = "reopened"
"""The act by which a supervisor opens a breach again."""
SAID_COLUMNS = ("at", "act", "exchange", "report", "rule", "subject", "period", "said", "person")


@dataclass(frozen=True, slots=True)
class _Told:
    """A finding that is to be explained, with what makes it the same as another."""

    number: int
    exchange: str
    report: str
    kind: str
    submission: str
    period_start: datetime
    finding: Finding
    stands: bool
    found_at: datetime
    fingerprint: str

    @property
    def day(self) -> date:
        """The KST day on which its period begins."""
        return kst_day(self.period_start)


def names_of(connection: Connection) -> Mapping[str, str]:
    """Everybody's name by their id."""
    return {row.id: row.name for row in connection.execute(select(people.c.id, people.c.name))}


def _told(connection: Connection, scope: Scope, choice: Choice) -> Iterator[_Told]:
    """Every finding ever made that an exchange explains, of the chosen exchanges and days, the newest day last."""
    c = findings.c
    query = (
        select(findings, submissions.c.period_start, is_open().label("stands"))
        .join(submissions, submissions.c.id == c.submission)
        .where(
            c.kind.in_(EXPLAINED_KINDS),
            c.exchange.in_(scope.visible(choice.exchanges)),
            submissions.c.period_start < Period.of_day(choice.last_day).end,
            submissions.c.period_end > Period.of_day(choice.first_day).start,
        )
        .order_by(submissions.c.period_start, c.id)
    )
    for row in connection.execute(query).mappings():
        finding, where = life.finding_from(row), (row["exchange"], row["report"])
        yield _Told(
            row["id"],
            *where,
            row["kind"],
            row["submission"],
            row["period_start"],
            finding,
            bool(row["stands"]),
            row["found_at"],
            fingerprint(*where, finding),
        )


def finding_answers(store: Store, scope: Scope, submission: str, numbers: tuple[int, ...]) -> pd.DataFrame:
    """How these findings of a submission stand: what was said of each, who decided, until when.

    `state` is none for what refuses a file: that is corrected.
    """
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
            return frame_of((), ANSWER_COLUMNS)
        one = rows[0]
        firm = (one["exchange"],)
        explained = explanations_of(connection, firm)
        known = breaches(connection, firm, one["period_start"], one["period_end"], report=one["report"])
        names = names_of(connection)
    by_occurrence = {breach.occurrence: breach for breach in known}
    told = []
    for row in rows:
        finding, where = life.finding_from(row), (row["exchange"], row["report"])
        if row["kind"] in EXPLAINED_KINDS:
            same = explained.get(fingerprint(*where, finding), ())
            told.append(_of_explanation(row["id"], answer_for(same, kst_day(row["period_start"])), names))
        elif row["kind"] == Kind.COMPLIANCE:
            breach = by_occurrence.get(occurrence(*where, row["period_start"], finding))
            told.append(_of_breach(row["id"], breach, names))
        else:
            told.append(dict.fromkeys(ANSWER_COLUMNS) | {"id": row["id"]})
    return frame_of(told, ANSWER_COLUMNS)


def _of_explanation(number: int, one: Explanation | None, names: Mapping[str, str]) -> dict[str, Any]:
    nothing: dict[str, Any] = dict.fromkeys(ANSWER_COLUMNS)
    if one is None:
        return {**nothing, "id": number, "state": Answered.OPEN.value}
    said = {"id": number, "state": one.answered.value, "explanation": one.id, "text": one.text}
    return {**nothing, **said, "person": names.get(one.person, one.person), **_decided(one, names)}


def _decided(one: Explanation, names: Mapping[str, str]) -> dict[str, Any]:
    made = one.decision
    return {
        "until": made.until if made else None,
        "reason": made.reason if made else None,
        "decided_by": names.get(made.person, made.person) if made else None,
        "decided_at": made.at if made else None,
    }


def _of_breach(number: int, breach: Breach | None, names: Mapping[str, str]) -> dict[str, Any]:
    nothing: dict[str, Any] = {**dict.fromkeys(ANSWER_COLUMNS), "id": number}
    if breach is None:
        return nothing
    last = breach.steps[-1] if breach.steps else None
    said = {"text": last.text, "person": names.get(last.person, last.person), "decided_at": last.at} if last else {}
    state = SHOWN_BY_DATA if breach.is_over_by_itself else breach.state.value
    state = NOT_REMEDIED if breach.state is BreachState.OPEN else state
    return {**nothing, **said, "state": state, "occurrence": breach.occurrence}


def awaiting_explanation(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """What stands and no explanation speaks for, or a refused one: one row per matter, the longest standing first.

    The same finding of several days is one matter: `finding` is the oldest of them, which an explanation is to be of,
    `count` how many there are, `findings` the numbers of all.
    """
    with reading(store.engine) as connection:
        told = [one for one in _told(connection, scope, choice) if one.stands]
        explained = explanations_of(connection, scope.visible(choice.exchanges))
    matters: dict[tuple[str, str], list[_Told]] = defaultdict(list)
    for one in told:
        answer = answer_for(explained.get(one.fingerprint, ()), one.day)
        state = answer.answered if answer else Answered.OPEN
        if state in (Answered.OPEN, Answered.REFUSED):
            matters[one.fingerprint, state].append(one)
    rows = [
        {
            "state": state,
            "exchange": several[0].exchange,
            "report": several[0].report,
            "rule": several[0].finding.rule,
            "kind": several[0].kind,
            "subject": several[0].finding.subject,
            "column": several[0].finding.column,
            "count": len(several),
            "first_day": several[0].day,
            "last_day": several[-1].day,
            "found": several[-1].finding.found,
            "expected": several[-1].finding.expected,
            "finding": several[0].number,
            "findings": tuple(one.number for one in several),
            "submission": several[-1].submission,
            "found_at": several[0].found_at,
        }
        for (_, state), several in matters.items()
    ]
    rows.sort(key=lambda row: (row["first_day"], row["rule"], row["exchange"]))
    return frame_of(rows, WAITING_COLUMNS)


def explanations_given(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """Every explanation of the chosen exchanges, newest first, with its newest decision.

    `standing_count`: how many findings of the chosen days stand that it speaks for.
    """
    with reading(store.engine) as connection:
        explained = explanations_of(connection, scope.visible(choice.exchanges))
        names = names_of(connection)
        counts: Counter[str] = Counter()
        for one in _told(connection, scope, choice):
            answer = answer_for(explained.get(one.fingerprint, ()), one.day) if one.stands else None
            if answer:
                counts[answer.id] += 1
    every = sorted((one for same in explained.values() for one in same), key=lambda one: one.at, reverse=True)
    rows = [
        {
            **{name: getattr(one, name) for name in ("id", "exchange", "report", "rule", "subject", "first_day")},
            "state": one.answered.value,
            "standing_count": counts[one.id],
            "said": one.text,
            "person": names.get(one.person, one.person),
            "at": one.at,
            "submission": one.submission,
            **_decided(one, names),
        }
        for one in every
    ]
    return frame_of(rows, EXPLANATION_COLUMNS)


def explained_away(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """How many findings of each rule and exchange there were, and how many an accepted explanation speaks for.

    A finding that several versions of a file tell of is one; one that a correction took away counts as well, because
    the rule was right about it.
    """
    with reading(store.engine) as connection:
        explained = explanations_of(connection, scope.visible(choice.exchanges))
        told = {
            occurrence(one.exchange, one.report, one.period_start, one.finding): one
            for one in _told(connection, scope, choice)
        }
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for one in told.values():
        answer = answer_for(explained.get(one.fingerprint, ()), one.day)
        own = counts[one.finding.rule, one.exchange]
        own[0] += 1
        own[1] += answer is not None and answer.answered is Answered.ACCEPTED
    rows = [
        {"rule": rule, "exchange": exchange, "found_count": own[0], "accepted_count": own[1]}
        for (rule, exchange), own in sorted(counts.items())
    ]
    return frame_of(rows, AWAY_COLUMNS)


def all_said(store: Store, scope: Scope, choice: Choice) -> pd.DataFrame:
    """Everything that was said about findings of the chosen exchanges, the newest first, whatever the chosen days."""
    exchanges = scope.visible(choice.exchanges)
    with reading(store.engine) as connection:
        explained = [one for same in explanations_of(connection, exchanges).values() for one in same]
        decided = decisions_of(connection, exchanges)
        steps = select(breach_states).where(breach_states.c.exchange.in_(exchanges))
        done = [dict(row) for row in connection.execute(steps).mappings()]
        names = names_of(connection)
    rows: list[dict[str, Any]] = []
    for one in explained:
        place = {name: getattr(one, name) for name in ("exchange", "report", "rule", "subject")}
        place["period"] = str(one.first_day)
        rows.append({**place, "at": one.at, "act": Answered.EXPLAINED.value, "said": one.text, "person": one.person})
        for made in decided.get(one.id, ()):
            rows.append({**place, "at": made.at, "act": made.outcome.value, "said": made.reason, "person": made.person})
    for step in done:
        act = REOPENED if step["state"] == BreachState.OPEN else step["state"]
        rows.append({**{name: step[name] for name in SAID_COLUMNS if name in step}, "act": act, "said": step["text"]})
    rows = [{**row, "person": names.get(row["person"], row["person"])} for row in rows]
    return frame_of(sorted(rows, key=lambda row: row["at"], reverse=True), SAID_COLUMNS)

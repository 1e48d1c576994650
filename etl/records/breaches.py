"""Breaches of the standard, each of its own day, with all that was done about it.

A breach is told of by the compliance findings with one occurrence (`etl.answers`), in whichever version of a file. What
was done about it are rows that are only added; how it stands is derived from them and from what the data shows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from etl.answers import OVER_WITH_THE_DATA, BreachState, BreachStep, breach_state, occurrence
from etl.records import submissions as life
from etl.records.answer_tables import breach_states
from etl.records.answers import Actor, AnswerError, filed_finding, must_be, said
from etl.records.log import SYSTEM, AuditEvent, EventKind, append
from etl.records.moved_on import MovedOnError
from etl.records.people import Role
from etl.records.tables import findings, submissions
from etl.records.vouched import Record
from expectations.vocabulary import Finding, Kind, State

_A_MOMENT = timedelta(milliseconds=1)
_TOLD_BY = (State.ACCEPTED, State.SUPERSEDED, State.WITHDRAWN)
_MOVES: Mapping[BreachState, tuple[Role, tuple[BreachState, ...]]] = {
    BreachState.REMEDIED: (Role.EXCHANGE, (BreachState.OPEN,)),
    BreachState.CLOSED: (Role.SUPERVISOR, (BreachState.REMEDIED,)),
    BreachState.OPEN: (Role.SUPERVISOR, (BreachState.REMEDIED, BreachState.CLOSED)),
}
"""Who may bring a breach to a state, and from which."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One breach as the newest finding tells it; `over_at`: since when the data shows that it is over."""

    occurrence: str
    exchange: str
    report: str
    period: str
    finding_number: int
    submission: str
    finding: Finding
    found_at: datetime
    over_at: datetime | None
    steps: tuple[BreachStep, ...]

    @property
    def state(self) -> BreachState:
        """How it stands now."""
        return breach_state(self.steps, self.over_at)

    @property
    def version(self) -> str:
        """Its state as a short text: another after every step, and once the data shows the remedy."""
        return f"{self.state}.{len(self.steps)}"

    @property
    def since(self) -> datetime:
        """Since when it stands so: the last step, what the data showed, or when it was found."""
        last = self.steps[-1].at if self.steps else None
        if self.is_over_by_itself and self.over_at is not None:
            return self.over_at
        return last or self.found_at

    @property
    def is_over_by_itself(self) -> bool:
        """True where the data shows the remedy and nobody has said one."""
        return self.state is BreachState.REMEDIED and (not self.steps or self.steps[-1].state is BreachState.OPEN)


def recorded_breaches(
    connection: Connection,
    exchanges: Sequence[str],
    start: datetime,
    end: datetime,
    *,
    report: str | None = None,
) -> list[Breach]:
    """The breaches that were ever found in periods that share a moment with `start` to `end`, newest period first."""
    later = submissions.alias("later")
    query = (
        select(findings, submissions.c.period_start, submissions.c.state, later.c.decided_at.label("replaced_at"))
        .join(submissions, submissions.c.id == findings.c.submission)
        .outerjoin(later, later.c.id == submissions.c.superseded_by)
        .where(
            findings.c.kind == Kind.COMPLIANCE,
            findings.c.exchange.in_(exchanges),
            submissions.c.state.in_(_TOLD_BY),
            submissions.c.period_start < end,
            submissions.c.period_end > start,
        )
        .order_by(submissions.c.period_start.desc(), findings.c.id)
    )
    if report is not None:
        query = query.where(findings.c.report == report)
    told: dict[str, list[RowMapping]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        finding = life.finding_from(row)
        told[occurrence(row["exchange"], row["report"], row["period_start"], finding)].append(row)
    steps = _steps(connection, exchanges)
    return [_breach(mark, rows, steps.get(mark, ())) for mark, rows in told.items()]


def _breach(mark: str, rows: Sequence[RowMapping], steps: Sequence[BreachStep]) -> Breach:
    standing = [row for row in rows if row["lifted_at"] is None and row["state"] == State.ACCEPTED]
    over = [_over_at(row) for row in standing or rows]
    moments = [moment for moment in over if moment is not None]
    newest = rows[-1]
    return Breach(
        mark,
        newest["exchange"],
        newest["report"],
        newest["period"],
        newest["id"],
        newest["submission"],
        life.finding_from(newest),
        min(row["found_at"] for row in rows),
        max(moments) if len(moments) == len(over) else None,
        tuple(steps),
    )


def _over_at(row: RowMapping) -> datetime | None:
    """Since when a finding is no longer so; a file that is withdrawn takes its breaches away with nothing mended."""
    moment: datetime | None = row["lifted_at"]
    if moment is None and row["state"] == State.SUPERSEDED:
        moment = row["replaced_at"]
    if moment is None and row["state"] == State.ACCEPTED and row["rule"] in OVER_WITH_THE_DATA:
        moment = row["found_at"] if row["start"] is None else row["end"]
    return moment


def _steps(connection: Connection, exchanges: Sequence[str]) -> Mapping[str, Sequence[BreachStep]]:
    query = select(breach_states).where(breach_states.c.exchange.in_(exchanges)).order_by(breach_states.c.number)
    found: dict[str, list[BreachStep]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        step = BreachStep(BreachState(row["state"]), row["text"], row["person"], row["at"])
        found[row["occurrence"]].append(step)
    return found


def bring_to(
    connection: Connection,
    actor: Actor,
    number: int,
    state: BreachState,
    text: str,
    *,
    seen: str | None = None,
    at: datetime,
) -> Breach:
    """Say that a breach is remedied (its exchange), close it, or open it again (a supervisor), with a reason.

    `number` is that of one of the findings that tell of it. AnswerError where it is not the actor's to do, or the
    breach does not stand so that it can be done; MovedOnError where it stands otherwise than as it was `seen`.
    """
    role, before = _MOVES[state]
    must_be(actor, role)
    kept, filed = said(text), filed_finding(connection, number, actor)
    if filed.kind is not Kind.COMPLIANCE:
        raise AnswerError("no_breach", f"finding {number} is no breach")
    mark = occurrence(filed.exchange, filed.report, filed.period_start, filed.finding)
    begin = filed.period_start
    known = recorded_breaches(connection, (filed.exchange,), begin, begin + _A_MOMENT, report=filed.report)
    breach = next((one for one in known if one.occurrence == mark), None)
    if breach is not None and seen not in (None, breach.version):
        last = breach.steps[-1] if breach.steps and not breach.is_over_by_itself else None
        raise MovedOnError(breach.state, last.person if last else SYSTEM, breach.since)
    if breach is None or breach.state not in before:
        now = "not accepted" if breach is None else str(breach.state)
        raise AnswerError("wrong_state", f"the breach is {now}; it cannot be made {state}")
    values: dict[str, Any] = {
        "occurrence": mark,
        "exchange": breach.exchange,
        "report": breach.report,
        "rule": breach.finding.rule,
        "subject": breach.finding.subject,
        "period": breach.period,
        "state": state.value,
        "text": kept,
    }
    connection.execute(insert(breach_states).values(**values, person=actor.id, at=at))
    made = (Record("breach_states", mark),)
    append(connection, [AuditEvent(actor.id, EventKind.BREACH, breach.submission, values, made)], at=at)
    step = BreachStep(state, kept, actor.id, at)
    return replace(breach, steps=(*breach.steps, step))

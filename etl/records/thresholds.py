"""Four eyes: a threshold changes by one administrator's proposal and another one's approval, from a date on.

A past day is judged by what was in force on it, so nothing can be set for a day that has begun, neither when it is
proposed nor when it is approved. Who proposed cannot approve, nor can an account that the proposer may be behind.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, insert, select, update

from etl.canonical import canonical_json
from etl.exchanges import all_exchanges
from etl.records.administrators import RefusedError, administrator, reason_of, require_administrator
from etl.records.log import AuditEvent, EventKind, append
from etl.records.moved_on import MovedOnError, must_not_have_changed
from etl.records.pairs import are_two
from etl.records.tables import submissions
from etl.records.threshold_tables import threshold_decisions, threshold_proposals
from etl.records.vouched import Record, about
from expectations.catalogue import all_reports, published_rules, thresholds_of_the_book
from expectations.thresholds import Thresholds
from expectations.vocabulary import KST, Parameter, Period, Source, State, Wording

_DIGITS_AFTER_THE_POINT = 8
"""So many digits of a threshold do the rules compare."""

_NUMBER = re.compile(r"\d{1,12}(\.\d{1,12})?", re.ASCII)


class Decision(StrEnum):
    """What became of a proposal."""

    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class ThresholdChange:
    """What somebody wants a threshold to be: which one, for which exchange (None: all), the number, from which day."""

    name: str
    exchange: str | None
    value: str
    effective_from: date


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that was proposed, with what the proposer was shown of it; and what was decided, where it was."""

    id: str
    name: str
    exchange: str | None
    value: int | Decimal
    effective_from: date
    reason: str
    what_if: Mapping[str, Any]
    proposed_by: str
    proposed_at: datetime
    decision: Decision | None
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None

    @property
    def parameter(self) -> Parameter:
        """The threshold as the proposal has it: our assumption, whatever stood there before."""
        return Parameter(
            self.name,
            self.value,
            self.effective_from,
            Source.MODEL,
            Wording(self.reason, self.reason),
            exchange=self.exchange,
            proposal=self.id,
        )


# -------------------------------------------------------------------------------------------- what is in force


def thresholds_in_force(connection: Connection) -> Thresholds:
    """The book's thresholds with those that were approved in these records."""
    query = _proposals().where(threshold_decisions.c.decision == Decision.APPROVED)
    query = query.order_by(None).order_by(threshold_decisions.c.decided_at, threshold_proposals.c.id)
    approved = [_proposal(row).parameter for row in connection.execute(query).mappings()]
    book = thresholds_of_the_book()
    return book.changed_by(approved) if approved else book


def approvals_counted() -> Select[int]:
    """How many changes were approved: it grows whenever what is in force may be another."""
    return select(func.count()).where(threshold_decisions.c.decision == Decision.APPROVED)


# -------------------------------------------------------------------------------------------------- proposing


def number_of(change: ThresholdChange) -> int | Decimal:
    """The exact number that a change wants, a whole one where the book's is; RefusedError in a sentence."""
    bounds = _bounds(change)
    text = change.value.strip().replace(",", "")
    if not _NUMBER.fullmatch(text):
        raise RefusedError("no_number", value=change.value)
    number = Decimal(text).normalize()
    if isinstance(bounds.value, int) and number != int(number):
        raise RefusedError("not_whole", value=change.value)
    if -int(number.as_tuple().exponent) > _DIGITS_AFTER_THE_POINT:
        raise RefusedError("too_fine", digits=_DIGITS_AFTER_THE_POINT)
    if not bounds.minimum <= number <= bounds.maximum:
        raise RefusedError("out_of_bounds", minimum=bounds.minimum, maximum=bounds.maximum)
    return int(number) if isinstance(bounds.value, int) else Decimal(f"{number:f}")


def _bounds(change: ThresholdChange) -> Parameter:
    """The book's entry that bounds a change."""
    known = [entry for entry in thresholds_of_the_book().entries if entry.name == change.name]
    if not known:
        raise RefusedError("no_threshold", name=change.name)
    if known[-1].minimum is None:
        raise RefusedError("of_the_machine", name=change.name)
    if change.exchange is not None and change.exchange not in all_exchanges():
        raise RefusedError("no_exchange", exchange=change.exchange)
    return known[-1]


def propose(
    connection: Connection,
    change: ThresholdChange,
    *,
    reason: str,
    what_if: Mapping[str, Any],
    seen: str | None = None,
    actor: str,
    at: datetime,
) -> Proposal:
    """Put a change before the other administrators; `what_if` is what the proposer was shown of this very change.

    RefusedError where it cannot be; MovedOnError where somebody has proposed or decided one of the same threshold since
    the state that was `seen` (`etl.records.moved_on.state_in_log`). Nothing is in force by it.
    """
    require_administrator(connection, actor)
    value = number_of(change)
    _later_than(change.effective_from, at)
    why = reason_of(reason)
    same = (one for one in listed(connection) if (one.name, one.exchange) == (change.name, change.exchange))
    if (newest := next(same, None)) is not None:
        must_not_have_changed(connection, EventKind.THRESHOLD_CHANGE, newest.id, seen)
    shown = (what_if.get("name"), what_if.get("exchange"), what_if.get("value"))
    if shown != (change.name, change.exchange, f"{value}"):
        raise RefusedError("no_what_if")
    if thresholds_in_force(connection).value(change.name, change.effective_from, change.exchange) == value:
        raise RefusedError("no_change")
    if any((one.name, one.exchange) == (change.name, change.exchange) for one in open_proposals(connection)):
        raise RefusedError("already_proposed")
    id_ = f"H-{secrets.token_hex(5)}"
    connection.execute(
        insert(threshold_proposals).values(
            id=id_,
            name=change.name,
            exchange=change.exchange,
            value=f"{value}",
            effective_from=change.effective_from,
            reason=why,
            what_if=canonical_json(what_if),
            proposed_by=actor,
            proposed_at=at,
        )
    )
    details = {
        "change": "proposed",
        "name": change.name,
        "exchange": change.exchange,
        "value": f"{value}",
        "effective_from": change.effective_from.isoformat(),
        "reason": why,
    }
    made = (Record("threshold_proposals", id_),)
    append(connection, [AuditEvent(actor, EventKind.THRESHOLD_CHANGE, id_, details, made)], at=at)
    return _known(connection, id_)


def _later_than(day: date, at: datetime) -> None:
    """RefusedError for a day that has begun in Korea: what was in force on it stays."""
    today = at.astimezone(KST).date()
    if day <= today:
        raise RefusedError("day_has_begun", day=day, today=today)


# --------------------------------------------------------------------------------------------------- deciding


def decide(connection: Connection, id_: str, decision: Decision, *, reason: str, actor: str, at: datetime) -> Proposal:
    """Approve, refuse or withdraw an open proposal; RefusedError where this person cannot.

    MovedOnError where it is decided already, whichever state was seen: a proposal is decided once.
    Approving and refusing are for another administrator than the proposer, withdrawing for the proposer. What is
    accepted already of days from the change's date on is left to be judged again.
    """
    person = administrator(connection, actor)
    proposal = _known(connection, id_)
    if proposal.decision is not None:
        raise MovedOnError(proposal.decision, proposal.decided_by or "", proposal.decided_at or at)
    if (decision is Decision.WITHDRAWN) != (actor == proposal.proposed_by):
        raise RefusedError("not_the_proposer" if decision is Decision.WITHDRAWN else "own_proposal")
    if decision is Decision.APPROVED:
        if not are_two(connection, person.id, proposal.proposed_by):
            raise RefusedError("not_two_people")
        _later_than(proposal.effective_from, at)
    why = reason_of(reason, is_due=decision is not Decision.APPROVED)
    connection.execute(
        insert(threshold_decisions).values(
            proposal=id_, decision=decision.value, decided_by=actor, decided_at=at, reason=why
        )
    )
    changed = [Record("threshold_decisions", id_)]
    if decision is Decision.APPROVED:
        changed += about(_judge_again(connection, proposal), "submissions")
    details = {
        "change": decision.value,
        "name": proposal.name,
        "exchange": proposal.exchange,
        "value": f"{proposal.value}",
        "effective_from": proposal.effective_from.isoformat(),
        "reason": why,
    }
    append(connection, [AuditEvent(actor, EventKind.THRESHOLD_CHANGE, id_, details, tuple(changed))], at=at)
    return _known(connection, id_)


def _judge_again(connection: Connection, proposal: Proposal) -> list[str]:
    """Have the accepted files of days from a change's date on judged again: those that a rule with it judges."""
    reports = [
        report for report in all_reports() if any(proposal.name in rule.parameters for rule in published_rules(report))
    ]
    c = submissions.c
    begun = (c.state == State.ACCEPTED.value, c.report.in_(reports))
    since = Period.of_day(proposal.effective_from).start
    again = update(submissions).where(*begun, c.period_start >= since).values(reviewed_state=None).returning(c.id)
    return list(connection.execute(again).scalars())


# ---------------------------------------------------------------------------------------------------- reading


def listed(connection: Connection) -> list[Proposal]:
    """Every proposal, newest first."""
    return [_proposal(row) for row in connection.execute(_proposals()).mappings()]


def open_proposals(connection: Connection) -> Sequence[Proposal]:
    """The proposals that nothing was decided on."""
    query = _proposals().where(threshold_decisions.c.proposal.is_(None))
    return [_proposal(row) for row in connection.execute(query).mappings()]


def _known(connection: Connection, id_: str) -> Proposal:
    row = connection.execute(_proposals().where(threshold_proposals.c.id == id_)).mappings().first()
    if row is None:
        raise RefusedError("no_proposal", proposal=id_)
    return _proposal(row)


def _proposals() -> Select[Any]:
    decided = threshold_decisions.c
    columns = (decided.decision, decided.decided_by, decided.decided_at, decided.reason.label("decision_reason"))
    return (
        select(threshold_proposals, *columns)
        .join_from(threshold_proposals, threshold_decisions, isouter=True)
        .order_by(threshold_proposals.c.proposed_at.desc(), threshold_proposals.c.id)
    )


def _proposal(row: RowMapping) -> Proposal:
    value = Decimal(row["value"])
    is_whole = any(
        entry.name == row["name"] and isinstance(entry.value, int) for entry in thresholds_of_the_book().entries
    )
    return Proposal(
        **{
            **row,
            "value": int(value) if is_whole else value,
            "what_if": json.loads(row["what_if"]),
            "decision": None if row["decision"] is None else Decision(row["decision"]),
        }
    )

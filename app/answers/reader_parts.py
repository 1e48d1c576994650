"""Verdicts that people of an exchange open: the record that they did, who did, and the verdicts nobody opened."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from app.answers.unread import UnreadVerdict, unread_verdicts, verdict_read_count, verdict_readers
from app.columns import Count, ExchangeId, Instant, Length, ReportId, StateCode, Text, columns_of
from app.moments import kst_minute
from app.scope import Identity, Role
from app.widgets.address import go
from app.widgets.header import empty, note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View, ask_anew, ask_while, store
from etl.records.answers import Actor, has_read, read_verdict
from etl.records.engine import RecordsUnavailableError, reading, writing_soon

LONGEST_LIST = 8
"""Rows that a list of the page shows at once; more scroll."""
_PATIENCE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class _UnreadRow:
    """An unread verdict as the table shows it: with how long ago it was given."""

    age: Length
    exchange: ExchangeId
    report: ReportId
    period: Text
    state: StateCode
    finding_count: Count
    decided_at: Instant
    id: Text


def actor_of(identity: Identity) -> Actor:
    """Whoever is at the screen, as the records know who acts."""
    return Actor(identity.person, identity.scope.role, identity.scope.exchanges)


def record_reading(view: View, submission: str) -> None:
    """Record that a person of the exchange has opened the verdict on this submission, once.

    Where the records cannot be written just now, the next run of the page does it.
    """
    if view.scope.role is not Role.EXCHANGE:
        return
    actor, engine = actor_of(view.identity), store().engine
    with reading(engine) as connection:
        is_known = has_read(connection, actor, submission)
    if not is_known:
        with suppress(RecordsUnavailableError), writing_soon(engine, patience=_PATIENCE) as connection:
            read_verdict(connection, actor, submission, at=view.now)


def show_readers(view: View, submission: str) -> None:
    """Who of the exchange has opened the verdict, and when first."""
    readers = verdict_readers(store(), view.scope, submission)
    if not readers:
        note(view.say("answers.nobody_read"))
        return
    names = " · ".join(f"{one.person} {kst_minute(one.at)}" for one in readers)
    note(view.say("answers.read_by", names=names))


def own_unread(view: View) -> tuple[UnreadVerdict, ...]:
    """The verdicts that the person of an exchange has not opened; for others those that nobody of it has."""
    person = view.identity.person if view.scope.role is Role.EXCHANGE else ""
    # A verdict is opened without anything else in the records changing.
    opened = ask_anew(verdict_read_count)
    return ask_while(opened, unread_verdicts, view.choice, person)


@part
def unread_list(view: View, unread: Sequence[UnreadVerdict]) -> None:
    """Verdicts that were not opened, the oldest first; a row leads to its submission."""
    section(view, "answers.unread", count=f"{len(unread):,}")
    if not unread:
        empty(view, "unread")
        return
    table(
        view,
        lambda: [_row(view, one) for one in unread],
        columns_of(_UnreadRow),
        alt=view.say("answers.unread", count=len(unread)),
        key="answers.unread",
        on_pick=lambda row: go("submissions", submission=row.id),
        most_rows=LONGEST_LIST,
        beside=tuple(one.id for one in unread),
    )
    note(view.say("answers.unread_mine" if view.scope.role is Role.EXCHANGE else "answers.unread_nobody"))
    note(view.say("answers.unread_how"))


def _row(view: View, one: UnreadVerdict) -> _UnreadRow:
    return _UnreadRow(
        age=view.moment - one.decided_at,
        exchange=one.exchange,
        report=one.report,
        period=one.period,
        state=one.state,
        finding_count=one.finding_count,
        decided_at=one.decided_at,
        id=one.id,
    )

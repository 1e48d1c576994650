"""Halts: each event as it was filed last, every version of one, and the days for which anything was filed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import PurePath
from typing import Any

from sqlalchemy import select

from app.columns import Count, ExchangeId, Instant, Moment, StateCode, Text
from app.moments import kst_day
from app.queries.choice import Choice, in_force, rows_of
from app.queries.recorded import Judgement, current_findings, evaluations_of
from app.scope import Scope
from etl.records.engine import reading
from etl.records.tables import halts, submissions
from etl.store import Store
from expectations.vocabulary import Period, State

STEP_RULES = ("HLT-004", "HLT-006", "HLT-009")
"""The rules that set a step of a halt a limit: its start, its notice, its length."""
_FILED = (
    "exchange",
    "halt_id",
    "scope",
    "target",
    "functions",
    "trigger",
    "mode",
    "detected_at",
    "halted_at",
    "notice_at",
    "resumed_at",
    "affected_account_count",
    "day",
    "submission",
    "source_row",
)


@dataclass(frozen=True, slots=True)
class HaltEvent:
    """A halt as the file of the latest period says it.

    `state` is open or resumed. `version_count` files hold it; `earlier` are the submissions of the earlier ones,
    oldest first. `judgements` is what the records say of each of `STEP_RULES` about it.
    """

    exchange: ExchangeId
    halt_id: str
    scope: str
    target: str
    functions: str
    trigger: str
    mode: str
    detected_at: Instant
    halted_at: Instant
    notice_at: Instant | None
    resumed_at: Instant | None
    affected_account_count: Count
    day: date
    submission: str
    source_row: Count
    state: StateCode
    version_count: Count
    earlier: tuple[str, ...]
    judgements: Mapping[str, Judgement]


@dataclass(frozen=True, slots=True)
class HaltsWanted:
    """Which halts are asked for; what is empty means all. `state`: open or resumed."""

    trigger: str = ""
    scope: str = ""
    mode: str = ""
    state: str = ""

    def matches(self, event: HaltEvent) -> bool:
        """True where a halt is one of these."""
        return all(getattr(self, name) in ("", getattr(event, name)) for name in ("trigger", "scope", "mode", "state"))


def halt_events(store: Store, scope: Scope, choice: Choice, wanted: HaltsWanted | None = None) -> tuple[HaltEvent, ...]:
    """Halts that touch the chosen days, newest first, each as the file of the latest period says it."""
    columns = [halts.c[name] for name in _FILED]
    statement = in_force(halts, scope, choice.exchanges, *columns)
    versions: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(store, statement.order_by(submissions.c.period_start, halts.c.source_row)):
        versions[row["exchange"], row["halt_id"]].append(row)
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    touching = {
        place: found
        for place, found in versions.items()
        if found[-1]["halted_at"] < end and (found[-1]["resumed_at"] is None or found[-1]["resumed_at"] > start)
    }
    with reading(store.engine) as connection:
        evaluations = evaluations_of(store, connection)
        exchanges = scope.visible(choice.exchanges)
        named = {(one.rule, one.exchange, one.subject) for one in current_findings(connection, STEP_RULES, exchanges)}
    events = []
    for (exchange, halt_id), found in touching.items():
        last = found[-1]
        judgements = {
            rule: evaluations.judgement(
                rule, exchange, last["day"], ("halts",), is_found=(rule, exchange, halt_id) in named
            )
            for rule in STEP_RULES
        }
        event = HaltEvent(
            **last,
            state="open" if last["resumed_at"] is None else "resumed",
            version_count=len(found),
            earlier=tuple(row["submission"] for row in found[:-1]),
            judgements=judgements,
        )
        if wanted is None or wanted.matches(event):
            events.append(event)
    return tuple(sorted(events, key=lambda event: event.halted_at, reverse=True))


@dataclass(frozen=True, slots=True)
class HaltVersion:
    """One accepted filing of a halt, with the file that it came in; `day` is the file's."""

    period: Text
    received_at: Instant
    file: Text
    detected_at: Moment
    halted_at: Moment
    notice_at: Moment | None
    resumed_at: Moment | None
    affected_account_count: Count
    day: date
    submission: str


def halt_versions(store: Store, scope: Scope, exchange: str, halt_id: str) -> tuple[HaltVersion, ...]:
    """Every accepted filing of one halt, oldest period first."""
    names = ("period", "received_at", "file")
    columns = ("detected_at", "halted_at", "notice_at", "resumed_at", "affected_account_count", "day", "submission")
    statement = in_force(
        halts, scope, (exchange,), *(submissions.c[name] for name in names), *(halts.c[name] for name in columns)
    )
    statement = statement.where(halts.c.exchange.in_(scope.visible_rows()), halts.c.halt_id == halt_id).order_by(
        submissions.c.period_start, halts.c.source_row
    )
    return tuple(HaltVersion(**{**row, "file": PurePath(row["file"]).name}) for row in rows_of(store, statement))


def halt_filing_days(store: Store, scope: Scope, choice: Choice) -> dict[str, frozenset[date]]:
    """The chosen days for which each exchange has an accepted halts report, a nil return too."""
    c = submissions.c
    statement = select(c.exchange, c.period_start, c.period_end).where(
        c.report == "halts",
        c.state == State.ACCEPTED,
        c.exchange.in_(scope.visible(choice.exchanges)),
        c.period_start < Period.of_day(choice.last_day).end,
        c.period_end > Period.of_day(choice.first_day).start,
    )
    days: dict[str, set[date]] = {exchange: set() for exchange in scope.visible(choice.exchanges)}
    for row in rows_of(store, statement):
        first, last = kst_day(row["period_start"]), kst_day(row["period_end"] - timedelta(milliseconds=1))
        days[row["exchange"]] |= {first + timedelta(n) for n in range((last - first).days + 1)}
    return {exchange: frozenset(own) for exchange, own in days.items()}

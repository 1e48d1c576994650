"""What changed between two moments: refusals, breaches, shortfalls, halts, corrections (by the clock of the records).

A change happens when a file is decided: what an exchange reports of yesterday changes the screens today.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pandas as pd
from sqlalchemy import Connection, and_, exists, func, or_, select

from app.frames import frame_of, records_of
from app.moments import kst_day
from app.queries.choice import Choice
from app.reconciliation.episodes import GradedEpisode, graded_episodes
from app.rules.findings import is_open
from app.scope import Scope
from etl.records.engine import reading
from etl.records.tables import findings, halts, mismatch_runs, states, submissions
from etl.store import Store
from expectations.vocabulary import Kind, Period, State

ON_ITS_WAY = timedelta(minutes=1)
"""How long a file that was received may take until the records know of it."""


class NewsKind(StrEnum):
    """What can change, the gravest first."""

    SHORTFALL = "shortfall"
    """A shortfall began and is open."""
    HALT = "halt"
    """A halt began and is in force."""
    REFUSED = "refused"
    """A file was refused, and nothing was filed for its period since."""
    BREACH = "breach"
    """Findings of a rule of kind compliance, which still stand."""
    SHORTFALL_PASSED = "shortfall_passed"
    """A shortfall is known of for the first time that has ended already."""
    HALT_PASSED = "halt_passed"
    SHORTFALL_ENDED = "shortfall_ended"
    """A shortfall that was known of has ended."""
    HALT_LIFTED = "halt_lifted"
    REPLACED = "replaced"
    """A file was refused, and another one filed for its period since."""
    RESTATED = "restated"
    """Figures that were published are replaced by a correction."""
    WITHDRAWN = "withdrawn"


CHANGE_COLUMNS = (
    *("change", "at", "exchange", "report", "first_day", "last_day", "subject"),
    *("started_at", "shortfall_krw", "count", "submission"),
)
"""`subject`: the rule, the asset or the halt. `started_at`: when a shortfall or halt began. `submission`: by which one
knows of it; the new one where figures are restated. `count` findings of a rule are one change."""


@dataclass(frozen=True, slots=True)
class _Decided:
    """A file that came into force in the time asked about."""

    id: str
    exchange: str
    report: str
    start: datetime
    end: datetime
    at: datetime


def changes(store: Store, scope: Scope, since: datetime, until: datetime) -> pd.DataFrame:
    """What changed after `since` and until `until`, the gravest first, of a kind the newest."""
    with reading(store.engine) as connection:
        decided = _decided(connection, scope, since, until)
        rows = [
            *_of_states(connection, scope, since, until),
            *_breaches(connection, scope, since, until),
            *_shortfalls(connection, decided),
            *_halts(connection, decided),
        ]
    order = list(NewsKind)
    rows.sort(key=lambda row: (row["exchange"], row["subject"]))
    rows.sort(key=lambda row: (row["at"], row["last_day"]), reverse=True)
    rows.sort(key=lambda row: order.index(row["change"]))
    return frame_of(rows, CHANGE_COLUMNS)


def decided_until(store: Store, _scope: Scope, now: datetime) -> datetime:
    """Up to which moment everything is decided and judged: what changes later has not been seen at `now`."""
    c = submissions.c
    undecided = select(func.min(c.received_at)).where(c.state == State.RECEIVED)
    moved = c.state.in_((State.ACCEPTED, State.SUPERSEDED, State.WITHDRAWN))
    unjudged = (
        select(func.min(states.c.at))
        .join(submissions, c.id == states.c.submission)
        .where(moved, states.c.state == c.state, or_(c.reviewed_state.is_(None), c.reviewed_state != c.state))
    )
    with reading(store.engine) as connection:
        open_since: list[datetime | None] = [
            connection.execute(statement).scalar_one() for statement in (undecided, unjudged)
        ]
    moments = [moment - timedelta(milliseconds=1) for moment in open_since if moment is not None]
    return min([now - ON_ITS_WAY, *moments])


_LINES_BY: Mapping[NewsKind, tuple[str, ...]] = MappingProxyType(
    {
        NewsKind.BREACH: ("subject",),
        NewsKind.SHORTFALL: ("exchange", "subject", "started_at"),
        NewsKind.HALT: ("exchange", "subject", "started_at"),
    }
)


def lines_of(found: pd.DataFrame, most: int) -> tuple[list[dict[str, Any]], int]:
    """The changes in at most so many lines, the gravest first, and how many lines there would be in all.

    Findings of one rule are a line, whatever the `exchanges`; shortfalls and halts that are open are a line each; all
    else of one exchange and report is one. Every kind of change has a line before any has its second.
    """
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in records_of(found):
        by = _LINES_BY.get(row["change"], ("exchange", "report"))
        groups[row["change"], *(row[name] for name in by)].append(row)
    lines = [_line(rows) for rows in groups.values()]
    kinds: Counter[NewsKind] = Counter()
    places = []
    for place, line in enumerate(lines):
        places.append((kinds[line["change"]] > 0, place))
        kinds[line["change"]] += 1
    shown = sorted(place for _, place in sorted(places)[:most])
    return [lines[place] for place in shown], len(lines)


def _line(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        **rows[0],
        "exchanges": tuple(dict.fromkeys(row["exchange"] for row in rows)),
        "count": sum(row["count"] for row in rows),
        "shortfall_krw": max((row["shortfall_krw"] for row in rows if row["shortfall_krw"] is not None), default=None),
        "submission": rows[0]["submission"] if len(rows) == 1 else None,
        "first_day": min(row["first_day"] for row in rows),
        "last_day": max(row["last_day"] for row in rows),
    }


def _decided(connection: Connection, scope: Scope, since: datetime, until: datetime) -> list[_Decided]:
    c = submissions.c
    statement = (
        select(c.id, c.exchange, c.report, c.period_start, c.period_end, states.c.at)
        .join(states, states.c.submission == c.id)
        .where(
            states.c.state == State.ACCEPTED,
            states.c.at > since,
            states.c.at <= until,
            c.state == State.ACCEPTED,
            c.exchange.in_(scope.exchanges),
            c.report.in_(("reconciliation", "halts")),
        )
        .order_by(c.period_start, c.id)
    )
    return [_Decided(*row) for row in connection.execute(statement)]


def _of_states(connection: Connection, scope: Scope, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    """What is to be seen from the states alone: refusals, corrections, withdrawals."""
    c, later = submissions.c, submissions.alias("later").c
    filed_since = exists().where(
        *(later[name] == c[name] for name in ("exchange", "report", "period_start", "period_end")),
        later.received_at > c.received_at,
    )
    told = (State.REJECTED, State.SUPERSEDED, State.WITHDRAWN)
    statement = (
        select(states.c.state, states.c.at, submissions, filed_since.label("is_replaced"))
        .join(submissions, c.id == states.c.submission)
        .where(states.c.state.in_(told), states.c.at > since, states.c.at <= until, c.exchange.in_(scope.exchanges))
    )
    for row in connection.execute(statement).mappings():
        if row[states.c.state] == State.REJECTED:
            change = NewsKind.REPLACED if row["is_replaced"] else NewsKind.REFUSED
        else:
            change = NewsKind.RESTATED if row[states.c.state] == State.SUPERSEDED else NewsKind.WITHDRAWN
        period = Period(row["period_start"], row["period_end"], row["period"])
        yield _change(
            change,
            row["at"],
            (row["exchange"], row["report"]),
            (period.first_day, period.last_day),
            submission=row["superseded_by"] if change is NewsKind.RESTATED else row["id"],
        )


def _change(
    change: NewsKind, at: datetime, about: tuple[str, str], days: tuple[Any, Any], **more: Any
) -> dict[str, Any]:
    named = {"exchange": about[0], "report": about[1], "first_day": days[0], "last_day": days[1]}
    empty = {"subject": "", "started_at": None, "shortfall_krw": None, "count": 1}
    return {"change": change, "at": at, **named, **empty, **more}


def _breaches(connection: Connection, scope: Scope, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    c = findings.c
    statement = (
        select(
            c.rule,
            c.exchange,
            c.report,
            func.count().label("count"),
            func.max(c.found_at).label("at"),
            func.min(submissions.c.period_start).label("start"),
            func.max(submissions.c.period_end).label("end"),
            func.max(c.submission).label("submission"),
        )
        .join(submissions, submissions.c.id == c.submission)
        .where(
            c.kind == Kind.COMPLIANCE,
            c.found_at > since,
            c.found_at <= until,
            c.exchange.in_(scope.exchanges),
            is_open(),
        )
        .group_by(c.rule, c.exchange, c.report)
    )
    for row in connection.execute(statement).mappings():
        days = kst_day(row["start"]), kst_day(row["end"] - timedelta(milliseconds=1))
        about = (row["exchange"], row["report"])
        yield _change(
            NewsKind.BREACH,
            row["at"],
            about,
            days,
            subject=row["rule"],
            count=row["count"],
            submission=row["submission"] if row["count"] == 1 else None,
        )


def _shortfalls(connection: Connection, decided: Sequence[_Decided]) -> Iterator[dict[str, Any]]:
    by_exchange = defaultdict(list)
    for file in decided:
        if file.report == "reconciliation":
            by_exchange[file.exchange].append(file)
    for exchange, files in by_exchange.items():
        days = Choice((), kst_day(files[0].start), kst_day(max(file.end for file in files) - timedelta(milliseconds=1)))
        replaced = _replaced(connection, files)
        known = _runs_of(connection, list(replaced))
        for one in graded_episodes(connection, (exchange,), days):
            if found := _shortfall(one, files, known, set(replaced.values())):
                yield found


def _replaced(connection: Connection, files: Sequence[_Decided]) -> dict[str, str]:
    """The files that one of these corrected, each with the one that did."""
    c = submissions.c
    statement = select(c.id, c.superseded_by).where(c.superseded_by.in_([file.id for file in files]))
    return {row.id: row.superseded_by for row in connection.execute(statement)}


def _runs_of(connection: Connection, files: Sequence[str]) -> set[tuple[str, datetime]]:
    """Where the runs of these files began, by asset."""
    run = mismatch_runs.c
    statement = select(run.asset, run.started_at).where(run.submission.in_(files))
    return {(row.asset, row.started_at) for row in connection.execute(statement)}


def _shortfall(
    one: GradedEpisode, files: Sequence[_Decided], known: set[tuple[str, datetime]], corrections: set[str]
) -> dict[str, Any] | None:
    """The change that these files make to an episode, if any; what a correction ends was known to have ended."""
    episode = one.episode
    by_id = {file.id: file for file in files}
    first, end = by_id.get(episode.submission), episode.ended_at
    ending = next((file for file in files if end is not None and file.start <= end < file.end), None)
    was_known = first is None or (episode.asset, episode.started_at) in known
    if not was_known and first is not None:
        change, file = (NewsKind.SHORTFALL if end is None else NewsKind.SHORTFALL_PASSED), first
    elif first is None and ending is not None and ending.id not in corrections:
        change, file = NewsKind.SHORTFALL_ENDED, ending
    else:
        return None
    last = end or episode.runs[-1]["last_mismatch_at"]
    return _change(
        change,
        file.at,
        (episode.exchange, "reconciliation"),
        (kst_day(episode.started_at), kst_day(last)),
        subject=episode.asset,
        started_at=episode.started_at,
        shortfall_krw=max(run["largest_shortfall_krw"] for run in episode.runs),
        submission=file.id,
    )


def _halts(connection: Connection, decided: Sequence[_Decided]) -> Iterator[dict[str, Any]]:
    files = {file.id: file for file in decided if file.report == "halts"}
    told: dict[tuple[str, str], list[Any]] = defaultdict(list)
    mentioned = and_(halts.c.submission.in_(files))
    again = select(halts.c.exchange, halts.c.halt_id).where(mentioned).distinct().subquery()
    statement = (
        select(halts, submissions.c.period_start, submissions.c.state)
        .join(submissions, submissions.c.id == halts.c.submission)
        .join(again, and_(again.c.exchange == halts.c.exchange, again.c.halt_id == halts.c.halt_id))
        .where(submissions.c.state.in_((State.ACCEPTED, State.SUPERSEDED)))
        .order_by(submissions.c.period_start, submissions.c.received_at)
    )
    for row in connection.execute(statement).mappings() if files else ():
        told[row["exchange"], row["halt_id"]].append(row)
    for (exchange, halt_id), rows in told.items():
        now = [row for row in rows if row["state"] == State.ACCEPTED][-1]
        before = [row for row in rows if row["submission"] not in files]
        file = files.get(now["submission"])
        if file is None:
            continue
        if not before:
            change = NewsKind.HALT if now["resumed_at"] is None else NewsKind.HALT_PASSED
        elif before[-1]["resumed_at"] is None and now["resumed_at"] is not None:
            change = NewsKind.HALT_LIFTED
        else:
            continue
        yield _change(
            change,
            file.at,
            (exchange, "halts"),
            (kst_day(now["halted_at"]), kst_day(now["resumed_at"] or file.end - timedelta(milliseconds=1))),
            subject=halt_id,
            started_at=now["halted_at"],
            submission=file.id,
        )

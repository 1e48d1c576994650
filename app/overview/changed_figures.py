"""What accepted files changed of shortfalls and halts: began, ended, or known of for the first time after its end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, select

from app.moments import kst_day
from app.overview.changes import Change, ChangeKind
from app.queries.choice import Choice
from app.reconciliation.episodes import episodes_of_days
from app.scope import Scope
from etl.episodes import Episode
from etl.records.tables import halts, mismatch_runs, states, submissions
from expectations.vocabulary import State

_INSTANT = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class _AcceptedFile:
    """A file that came into force in the time asked about, and is in force."""

    id: str
    exchange: str
    start: datetime
    end: datetime
    at: datetime


def _accepted_files(
    connection: Connection, scope: Scope, report: str, since: datetime, until: datetime
) -> list[_AcceptedFile]:
    """The files of a report by the start of their period."""
    c = submissions.c
    statement = (
        select(c.id, c.exchange, c.period_start, c.period_end, states.c.at)
        .join(states, states.c.submission == c.id)
        .where(
            states.c.state == State.ACCEPTED,
            states.c.at > since,
            states.c.at <= until,
            c.state == State.ACCEPTED,
            c.exchange.in_(scope.exchanges),
            c.report == report,
        )
        .order_by(c.period_start, c.id)
    )
    return [_AcceptedFile(*row) for row in connection.execute(statement)]


# ---------------------------------------------------------------------------------------------- shortfalls


def changed_shortfalls(connection: Connection, scope: Scope, since: datetime, until: datetime) -> Iterator[Change]:
    """The shortfalls that files accepted after `since` and until `until` began or ended."""
    by_exchange = defaultdict(list)
    for file in _accepted_files(connection, scope, "reconciliation", since, until):
        by_exchange[file.exchange].append(file)
    for exchange, files in by_exchange.items():
        days = Choice((), kst_day(files[0].start), kst_day(max(file.end for file in files) - _INSTANT))
        corrected_by = _corrected_by(connection, files)
        known = _known_runs(connection, list(corrected_by))
        for one in episodes_of_days(connection, (exchange,), days):
            if found := _changed_shortfall(one, files, known, set(corrected_by.values())):
                yield found


def _corrected_by(connection: Connection, files: Sequence[_AcceptedFile]) -> dict[str, str]:
    """The file that each of the files corrected, with the one that corrected it."""
    c = submissions.c
    statement = select(c.id, c.superseded_by).where(c.superseded_by.in_([file.id for file in files]))
    return {row.id: row.superseded_by for row in connection.execute(statement)}


def _known_runs(connection: Connection, files: Sequence[str]) -> set[tuple[str, datetime]]:
    """Where the runs of mismatches of these files began, by asset."""
    run = mismatch_runs.c
    statement = select(run.asset, run.started_at).where(run.submission.in_(files))
    return {(row.asset, row.started_at) for row in connection.execute(statement)}


def _changed_shortfall(
    episode: Episode,
    files: Sequence[_AcceptedFile],
    known: Collection[tuple[str, datetime]],
    corrections: Collection[str],
) -> Change | None:
    """The change that these files make to an episode, if any; what a correction ends was known to have ended."""
    by_id = {file.id: file for file in files}
    first, end = by_id.get(episode.submission), episode.ended_at
    ending = next((file for file in files if end is not None and file.start <= end < file.end), None)
    if first is not None and (episode.asset, episode.started_at) not in known:
        kind, file = (ChangeKind.SHORTFALL if end is None else ChangeKind.SHORTFALL_PASSED), first
    elif first is None and ending is not None and ending.id not in corrections:
        kind, file = ChangeKind.SHORTFALL_ENDED, ending
    else:
        return None
    return Change(
        kind=kind,
        at=file.at,
        exchange=episode.exchange,
        report="reconciliation",
        first_day=kst_day(episode.started_at),
        last_day=kst_day(end or episode.runs[-1]["last_mismatch_at"]),
        subject=episode.asset,
        started_at=episode.started_at,
        shortfall_krw=max(run["largest_shortfall_krw"] for run in episode.runs),
        submission=file.id,
    )


# --------------------------------------------------------------------------------------------------- halts


@dataclass(frozen=True, slots=True)
class _FiledHalt:
    """One halt as one file says it."""

    exchange: str
    halt_id: str
    halted_at: datetime
    resumed_at: datetime | None
    submission: str
    state: str


def changed_halts(connection: Connection, scope: Scope, since: datetime, until: datetime) -> Iterator[Change]:
    """The halts that files accepted after `since` and until `until` began or resumed."""
    files = {file.id: file for file in _accepted_files(connection, scope, "halts", since, until)}
    for versions in _filed_halts(connection, list(files)):
        if found := _changed_halt(versions, files):
            yield found


def _filed_halts(connection: Connection, files: Sequence[str]) -> list[list[_FiledHalt]]:
    """Every halt that one of these files tells of: all that was ever accepted of it, oldest period first."""
    if not files:
        return []
    c = halts.c
    mentioned = select(c.exchange, c.halt_id).where(c.submission.in_(files)).distinct().subquery()
    statement = (
        select(c.exchange, c.halt_id, c.halted_at, c.resumed_at, c.submission, submissions.c.state)
        .join(submissions, submissions.c.id == c.submission)
        .join(mentioned, and_(mentioned.c.exchange == c.exchange, mentioned.c.halt_id == c.halt_id))
        .where(submissions.c.state.in_((State.ACCEPTED, State.SUPERSEDED)))
        .order_by(submissions.c.period_start, submissions.c.sequence)
    )
    versions: dict[tuple[str, str], list[_FiledHalt]] = defaultdict(list)
    for row in connection.execute(statement):
        one = _FiledHalt(*row)
        versions[one.exchange, one.halt_id].append(one)
    return list(versions.values())


def _changed_halt(versions: Sequence[_FiledHalt], files: Mapping[str, _AcceptedFile]) -> Change | None:
    """The change that these files make to a halt, if any."""
    now = [one for one in versions if one.state == State.ACCEPTED][-1]
    before = [one for one in versions if one.submission not in files]
    file = files.get(now.submission)
    if file is None:
        return None
    if not before:
        kind = ChangeKind.HALT if now.resumed_at is None else ChangeKind.HALT_PASSED
    elif before[-1].resumed_at is None and now.resumed_at is not None:
        kind = ChangeKind.HALT_RESUMED
    else:
        return None
    return Change(
        kind=kind,
        at=file.at,
        exchange=now.exchange,
        report="halts",
        first_day=kst_day(now.halted_at),
        last_day=kst_day(now.resumed_at or file.end - _INSTANT),
        subject=now.halt_id,
        started_at=now.halted_at,
        submission=file.id,
    )

"""The regions of the accepted data that judgements read, kept so that a change finds whom it touches.

A rule declares what it reads (`reads`): relations of figures of some days, or of whole entities. How far an entity
stretches is known once it is read: a shortfall episode ends in some later file, or in none yet. The relation that reads
it says so as stretches, and they are recorded with the findings. What was read decides alone what was found, so a
submission is judged again exactly where a change lies in a stretch that was read for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, delete, func, insert, literal, or_, select

from etl.episodes import FOREVER
from etl.records.tables import halts, reconciliation_assets, regions, submissions
from etl.records.types import Instant, in_parts
from expectations.vocabulary import State

HALTS_BY_TIME = "current_halts"
"""The relation whose stretches are about when halts were in force, not about the periods of the files that hold them:
a halt is filed again in later periods (2.5)."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was read of one report of an exchange from `start` to `end`, both included; of one entity alone, or of all.

    An entity is an asset of a reconciliation, or what a halt stops (`halted_entity`).
    """

    relation: str
    exchange: str
    report: str
    start: datetime
    end: datetime
    entity: str | None = None


def halted_entity(scope: str, target: str) -> str:
    """What a halt stops, as an entity."""
    return f"{scope} {target}"


def record(
    connection: Connection,
    read: Mapping[str, Sequence[Stretch]],
    submissions_read: Sequence[str],
    names: Collection[str],
) -> None:
    """Record what was read of the relations `names` for these submissions, in the place of what was read before."""
    c = regions.c
    for ids in in_parts(submissions_read):
        connection.execute(delete(regions).where(c.submission.in_(ids), c.relation.in_(sorted(names))))
    rows = [
        {
            "submission": submission,
            "relation": one.relation,
            "exchange": one.exchange,
            "report": one.report,
            "entity": one.entity,
            "start_at": one.start,
            "end_at": one.end,
        }
        for submission in submissions_read
        for one in dict.fromkeys(read.get(submission, ()))
    ]
    if rows:
        connection.execute(insert(regions), rows)


def touched(connection: Connection, changed: Sequence[str]) -> dict[tuple[str, str], set[str]]:
    """The accepted submissions for which something was read that the changed ones hold, by relation and own report."""
    found: dict[tuple[str, str], set[str]] = {}
    for ids in in_parts(changed):
        for query in (_by_period(ids), _by_halt(ids)):
            for relation, report, submission in connection.execute(query):
                found.setdefault((relation, report), set()).add(submission)
    return found


def _by_period(ids: Sequence[str]) -> Select[Any]:
    """Stretches that meet the period of a changed file and, where they are of one asset, an asset of it."""
    changed, read, assets = submissions.alias("changed"), regions.c, reconciliation_assets.c
    holds = select(assets.asset).where(assets.submission == changed.c.id, assets.asset == read.entity).exists()
    meets = and_(
        read.exchange == changed.c.exchange,
        read.report == changed.c.report,
        read.relation != HALTS_BY_TIME,
        read.start_at <= changed.c.period_end,
        read.end_at >= changed.c.period_start,
    )
    return _read_of_accepted(changed, meets).where(changed.c.id.in_(ids), or_(read.entity.is_(None), holds))


def _by_halt(ids: Sequence[str]) -> Select[Any]:
    """Stretches in which a halt of a changed file was in force, by any of its versions."""
    version, read = halts.alias("version"), regions.c
    held = select(halts.c.exchange, halts.c.halt_id).where(halts.c.submission.in_(ids)).distinct().subquery()
    same = and_(held.c.exchange == version.c.exchange, held.c.halt_id == version.c.halt_id)
    halt = (version.c.exchange, version.c.halt_id)
    first, last = (
        func.min(version.c.halted_at),
        func.max(func.coalesce(version.c.resumed_at, literal(FOREVER, Instant))),
    )
    spans = (
        select(*halt, first.label("first"), last.label("last"))
        .join_from(held, version, same)
        .group_by(*halt)
        .subquery()
    )
    meets = and_(
        read.exchange == spans.c.exchange,
        read.report == "halts",
        read.relation == HALTS_BY_TIME,
        read.start_at <= spans.c.last,
        read.end_at >= spans.c.first,
    )
    stopped = halts.alias("stopped")
    stops = select(stopped.c.halt_id).where(
        stopped.c.exchange == spans.c.exchange,
        stopped.c.halt_id == spans.c.halt_id,
        stopped.c.scope + " " + stopped.c.target == read.entity,
    )
    return _read_of_accepted(spans, meets).where(or_(read.entity.is_(None), stops.exists()))


def _read_of_accepted(changed: FromClause, meets: ColumnElement[bool]) -> Select[Any]:
    """Relation, report and number of what is accepted and for which a stretch was read that meets what changed."""
    return (
        select(regions.c.relation, submissions.c.report, regions.c.submission)
        .distinct()
        .select_from(changed)
        .join(regions, meets)
        .join(submissions, submissions.c.id == regions.c.submission)
        .where(submissions.c.state == State.ACCEPTED.value)
    )

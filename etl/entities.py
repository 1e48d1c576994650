"""Whole entities that rules read: every action of a case, every check of an episode, the latest version of a halt.

Each relation has a row for every submission that it was read for (`judged`), and says how far it was read: the
stretches of other reports that decide about it (`etl/regions.py`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from itertools import islice
from operator import itemgetter
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, RowMapping, Select, or_, select

from etl.episodes import BEGINNING, FOREVER, Episode, beginning_in, meeting
from etl.exchanges import all_exchanges
from etl.figures import SLOT
from etl.judged import (
    EXACT,
    INSTANT,
    JUDGED,
    KRW,
    MOST_KRW,
    MOST_RATIO,
    ORIGIN,
    QUANTITY,
    RATIO,
    Judged,
    Read,
    arrow_table,
    in_force,
    krw_text,
    percent_text,
    ratio,
)
from etl.records import submissions as life
from etl.records import tables as t
from etl.records.submissions import Submission
from etl.records.types import in_parts
from etl.regions import HALTS_BY_TIME, Stretch, halted_entity
from expectations.book import Book
from expectations.vocabulary import KST, Period, State

NEAREST_CHECK = timedelta(minutes=5)
"""How far from an audit's moment a reconciliation check may be (AUD-005)."""

MISMATCH = "reconciliation_mismatch"
"""The trigger of a halt for a shortfall."""

_DAY, _HOUR, _MILLISECOND = timedelta(days=1), timedelta(hours=1), timedelta(milliseconds=1)
_LOOKED_BACK = timedelta(hours=1)
"""The longest that a rule may look back from a halt (`halt_lookback_minutes`)."""
_ANSWERED = timedelta(days=1)
"""The longest that a rule may wait for a halt after an episode began, or for its notice (`halt_notice_minutes`)."""

# ------------------------------------------------------------------------------------------------ cases


SAME_CASE = "ACT-008"
"""The rule whose date and days decide which cases are judged as one."""
_ACTION_COLUMNS = [
    JUDGED,
    *ORIGIN,
    *((name, pa.string()) for name in ("action_id", "case_id", "whole_case", "key_ref", "account_ref", "suspicion")),
    *((name, pa.string()) for name in ("risk_level", "stage", "outcome")),
    ("detected_at", INSTANT),
    ("acted_at", INSTANT),
    ("cleared_before", INSTANT),
    ("source_row", pa.int64()),
]


def actions(judged: Judged, first: int, last: int) -> Read:
    """Every action of every case that has one in a judged submission, and of other cases of the same keys.

    `cleared_before`: when the last of the key's earlier cases was cleared; `whole_case`: the case that ACT-003 to
    ACT-007 judge it with, which is itself unless it began too soon after that (ACT-008).
    What shares a case or a key with a changed file is found by `sharing_cases`, so no stretch is recorded.
    """
    rows: list[dict[str, Any]] = []
    for exchange in judged.exchanges:
        own = {one.id for one in judged.submissions if one.exchange == exchange}
        for linked in _together(_linked(judged.connection, exchange, own)):
            cases = _cases(linked, judged.book)
            rows += [
                {**row, **cases[row["case_id"]], "judged": submission}
                for submission in sorted(own & {row["submission"] for row in linked})
                for row in linked
            ]
    return Read(arrow_table(rows, _ACTION_COLUMNS))


def _cases(linked: Sequence[RowMapping], book: Book) -> dict[str, dict[str, Any]]:
    """Of each case, the case that it is judged with, and when the last one of its key was cleared before it began."""
    by_case: dict[str, list[RowMapping]] = {}
    for action in sorted(linked, key=lambda one: (one["acted_at"], one["action_id"])):
        by_case.setdefault(action["case_id"], []).append(action)
    events = [(those[0]["acted_at"], 1, case) for case, those in by_case.items()]
    events += [(action["acted_at"], 0, action["case_id"]) for action in linked if action["stage"] == "cleared"]
    cleared: dict[str, tuple[datetime, str]] = {}
    found: dict[str, dict[str, Any]] = {}
    for at, begins, case in sorted(events):
        key = by_case[case][0]["key_ref"]
        if not begins:
            cleared[key] = (at, case)
            continue
        before, earlier = cleared.get(key, (None, case))
        is_other = before is not None and earlier in found
        whole = found[earlier]["whole_case"] if before and is_other and _is_too_soon(before, at, book) else case
        found[case] = {"whole_case": whole, "cleared_before": before if is_other else None}
    return found


def _is_too_soon(cleared_at: datetime, begun_at: datetime, book: Book) -> bool:
    day, rule = begun_at.astimezone(KST).date(), book.rules.get(SAME_CASE)
    if rule is None or not rule.is_in_force(day):
        return False
    days = book.thresholds.value("new_case_days", book.thresholds_on or day)
    return begun_at < cleared_at + timedelta(days=int(days))


def sharing_cases(connection: Connection, exchange: str, changed: Collection[str]) -> set[str]:
    """Accepted submissions of an exchange that hold an action of a case or a key that the changed ones hold."""
    rows = _linked(connection, exchange, changed, also=changed)
    found = {row["submission"] for row in rows}
    accepted = select(t.submissions.c.id).where(t.submissions.c.state == State.ACCEPTED.value)
    return {
        id_
        for some in in_parts(sorted(found))
        for id_ in connection.execute(accepted.where(t.submissions.c.id.in_(some))).scalars()
    }


def _linked(
    connection: Connection, exchange: str, seeds: Collection[str], also: Collection[str] = ()
) -> list[RowMapping]:
    """Accepted actions linked to those of `seeds` by case or key, however far; with what `also` holds as accepted."""
    table, c = t.key_actions, t.key_actions.c
    found: dict[tuple[str, int], RowMapping] = {}
    known: dict[str, set[str]] = {"submission": set(), "case_id": set(), "key_ref": set()}
    asked: dict[str, set[str]] = {"submission": set(seeds), "case_id": set(), "key_ref": set()}
    while any(asked.values()):
        for name, values in asked.items():
            for some in in_parts(sorted(values)):
                query = select(table).join(t.submissions, t.submissions.c.id == c.submission)
                in_force = t.submissions.c.state == State.ACCEPTED.value
                is_read = or_(in_force, c.submission.in_(sorted(also))) if also else in_force
                query = query.where(is_read, c.exchange == exchange, table.c[name].in_(some))
                for row in connection.execute(query).mappings():
                    found[row["submission"], row["source_row"]] = row
            known[name] |= values
        asked = {
            name: set() if name == "submission" else {row[name] for row in found.values()} - known[name]
            for name in asked
        }
    return list(found.values())


def _together(rows: Sequence[RowMapping]) -> Iterator[list[RowMapping]]:
    """Actions that are linked by case or key, together."""
    parents: dict[tuple[str, str], tuple[str, str]] = {}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        while parents.setdefault(node, node) != node:
            parents[node] = parents[parents[node]]
            node = parents[node]
        return node

    for row in rows:
        parents[root(("case", row["case_id"]))] = root(("key", row["key_ref"]))
    groups: dict[tuple[str, str], list[RowMapping]] = defaultdict(list)
    for row in rows:
        groups[root(("case", row["case_id"]))].append(row)
    yield from groups.values()


# -------------------------------------------------------------------------------------------- shortfalls


_SHORTFALL_COLUMNS = [
    JUDGED,
    ("submission", pa.string()),
    ("exchange", pa.string()),
    ("asset", pa.string()),
    ("episode_start", INSTANT),
    ("episode_end", INSTANT),
    ("checked_at", INSTANT),
    ("ledger_quantity", QUANTITY),
    ("wallet_quantity", QUANTITY),
    ("shortfall_quantity", QUANTITY),
    ("shortfall_krw", KRW),
    ("shortfall_krw_text", pa.string()),
    ("shortfall_ratio", RATIO),
    ("price_krw", KRW),
    ("source_row", pa.int64()),
]


def shortfalls(judged: Judged, first: int, last: int) -> Read:
    """Every check of every episode that begins in a judged reconciliation, or meets a judged halt.

    For a halt that is an episode of what it stops that meets the time from an hour before it; one for another trigger
    than a mismatch, until it is lifted.
    """
    rows: list[dict[str, Any]] = []
    stretches: dict[str, list[Stretch]] = {}
    checks: dict[tuple[str, str, datetime], list[dict[str, Any]]] = {}
    for submission in judged.submissions:
        read = _own_episodes(judged, submission) if submission.report == "reconciliation" else _met(judged, submission)
        stretches[submission.id] = read.stretches
        for episode in read.episodes:
            place = (episode.exchange, episode.asset, episode.started_at)
            if place not in checks:
                checks[place] = _checks_of(judged.connection, episode)
            rows += [{**row, "judged": submission.id} for row in checks[place]]
    return Read(arrow_table(rows, _SHORTFALL_COLUMNS), stretches)


@dataclass(frozen=True, slots=True)
class _Episodes:
    episodes: Sequence[Episode]
    stretches: list[Stretch]


def _own_episodes(judged: Judged, submission: Submission) -> _Episodes:
    read = beginning_in(judged.connection, submission.exchange, submission.id, submission.period.start)
    return _Episodes(read.found, [_checked(submission, e.since, e.until, e.asset) for e in read.extents])


def _met(judged: Judged, submission: Submission) -> _Episodes:
    """The episodes that meet a halt of the submission."""
    found: dict[tuple[str, datetime], Episode] = {}
    stretches: list[Stretch] = []
    for halt in _halts_of(judged.connection, submission):
        asset = halted_asset(halt["scope"], halt["target"])
        low = halt["halted_at"] - _LOOKED_BACK
        high = halt["halted_at"] if halt["trigger"] == MISMATCH else halt["resumed_at"] or FOREVER
        assets = None if asset is None else [asset]
        read = meeting(judged.connection, submission.exchange, low, max(low, high), assets)
        found |= {(episode.asset, episode.started_at): episode for episode in read.found}
        until = max([high, *(extent.until for extent in read.extents)])
        # Of all assets: one may be short since a file that was long ago the last to hold it.
        since = BEGINNING if asset is None else min(extent.since for extent in read.extents)
        stretches.append(_checked(submission, since, until, asset))
    return _Episodes(list(found.values()), stretches)


def _checked(submission: Submission, since: datetime, until: datetime, asset: str | None) -> Stretch:
    return Stretch("shortfalls", submission.exchange, "reconciliation", since, until, asset)


def halted_asset(scope: str, target: str) -> str | None:
    """The asset that a halt stops, of a market its base; None where it stops more than one."""
    if scope == "asset":
        return target
    return target.partition("/")[0] if scope == "market" else None


def _checks_of(connection: Connection, episode: Episode) -> list[dict[str, Any]]:
    c = t.short_checks.c
    stretches = [
        (c.submission == run["submission"]) & c.checked_at.between(run["started_at"], run["last_mismatch_at"])
        for run in episode.runs
    ]
    query = select(t.short_checks).where(c.asset == episode.asset, or_(*stretches)).order_by(c.checked_at)
    return [_shortfall(episode, row) for row in connection.execute(query).mappings()]


def _shortfall(episode: Episode, check: RowMapping) -> dict[str, Any]:
    missing = EXACT.subtract(check["ledger_quantity"], check["wallet_quantity"])
    worth = EXACT.multiply(missing, check["price_krw"])
    return {
        **check,
        "submission": episode.submission,
        "episode_start": episode.started_at,
        "episode_end": episode.ended_at,
        "shortfall_quantity": missing,
        "shortfall_krw": min(worth, MOST_KRW),
        "shortfall_krw_text": krw_text(worth),
        "shortfall_ratio": ratio(missing, check["ledger_quantity"]),
    }


# ------------------------------------------------------------------------------------------------- halts


_HALT_COLUMNS = [
    JUDGED,
    *ORIGIN,
    *((name, pa.string()) for name in ("halt_id", "scope", "target", "functions", "trigger", "mode")),
    *((name, INSTANT) for name in ("detected_at", "halted_at", "resumed_at", "notice_at")),
    ("affected_account_count", pa.int64()),
    ("source_row", pa.int64()),
]


def current_halts_read(judged: Judged, first: int, last: int) -> Read:
    """The latest versions of the halts of a judged report and of those that they may overlap, or about an episode."""
    rows: list[dict[str, Any]] = []
    stretches: dict[str, list[Stretch]] = {}
    for submission in judged.submissions:
        of_halts = submission.report == "halts"
        found = _beside(judged, submission) if of_halts else _under_episodes(judged, submission)
        stretches[submission.id] = found.stretches
        rows += [{**row, "judged": submission.id} for row in found.halts]
    return Read(arrow_table(rows, _HALT_COLUMNS), stretches)


@dataclass(frozen=True, slots=True)
class _Halts:
    halts: Sequence[RowMapping]
    stretches: list[Stretch]


def _beside(judged: Judged, submission: Submission) -> _Halts:
    """The halts of a report, and what stops the same at the same time; every version of one is found by its id."""
    mine = _halts_of(judged.connection, submission)
    if not mine:
        return _Halts([], [])
    low = min(halt["halted_at"] for halt in mine)
    high = max(halt["resumed_at"] or FOREVER for halt in mine)
    ids = select(t.halts.c.halt_id).where(t.halts.c.submission == submission.id)
    latest = current_halts(judged.connection, [submission.exchange], low, max(low, high), also=ids)
    own = {halt["halt_id"] for halt in mine}
    spans = [(halted_entity(h["scope"], h["target"]), h["halted_at"], h["resumed_at"] or FOREVER) for h in mine]
    met = [
        halt
        for halt in latest
        if halt["halt_id"] in own
        or any(
            halted_entity(halt["scope"], halt["target"]) == entity
            and halt["halted_at"] <= until
            and (halt["resumed_at"] or FOREVER) >= since
            for entity, since, until in spans
        )
    ]
    return _Halts(met, [_halted(submission, since, until, entity) for entity, since, until in spans])


def _under_episodes(judged: Judged, submission: Submission) -> _Halts:
    """The halts in force from when an episode of the file begins until it ended, or while the file holds a mismatch."""
    c = t.mismatch_runs.c
    query = select(c.started_at).where(c.submission == submission.id).limit(1)
    if judged.connection.execute(query).first() is None:
        return _Halts([], [])
    read = beginning_in(judged.connection, submission.exchange, submission.id, submission.period.start)
    since = min([submission.period.start, *(episode.started_at for episode in read.found)])
    ends = [submission.period.end, *(episode.ended_at or FOREVER for episode in read.found)]
    until = min(max(ends), FOREVER - _ANSWERED) + _ANSWERED
    found = current_halts(judged.connection, [submission.exchange], since, until)
    return _Halts(found, [_halted(submission, since, until, None)])


def _halted(submission: Submission, since: datetime, until: datetime, entity: str | None) -> Stretch:
    return Stretch(HALTS_BY_TIME, submission.exchange, "halts", since, until, entity)


_HALTED_TRADES = [
    JUDGED,
    *((name, pa.string()) for name in ("submission", "exchange", "halt_id", "market")),
    ("hour_start", INSTANT),
    ("source_row", pa.int64()),
]


def halted_trades(judged: Judged, first: int, last: int) -> Read:
    """Hours with trades that lie wholly inside a judged halt of trading, in the markets that it covers."""
    rows: list[dict[str, Any]] = []
    stretches: dict[str, list[Stretch]] = defaultdict(list)
    for submission in judged.submissions:
        if not _halts_of(judged.connection, submission):
            continue
        own = select(t.halts.c.halt_id).where(t.halts.c.submission == submission.id)
        for halt in current_halts(judged.connection, [submission.exchange], FOREVER, FOREVER, also=own):
            stops = halt["functions"] in ("trading", "all") and halt["scope"] != "account"
            if halt["submission"] == submission.id and stops:
                begin, end = halt["halted_at"], max(halt["halted_at"], halt["resumed_at"] or FOREVER)
                stretches[submission.id].append(Stretch("halted_trades", submission.exchange, "api_volume", begin, end))
                rows += ({**row, "judged": submission.id} for row in _trades_under(judged.connection, halt, begin, end))
    return Read(arrow_table(rows, _HALTED_TRADES), stretches)


def _trades_under(connection: Connection, halt: RowMapping, begin: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    c = t.volume_markets.c
    covered = {
        "exchange": c.market.is_not(None),
        "market": c.market == halt["target"],
        "asset": c.market.startswith(f"{halt['target']}/", autoescape=True),
    }[halt["scope"]]
    days = c.day.between(begin.astimezone(KST).date(), end.astimezone(KST).date())
    query = in_force(t.volume_markets).where(c.exchange == halt["exchange"], days, covered, c.traded_hours > 0)
    names = ("submission", "exchange", "halt_id", "source_row")
    for row in connection.execute(query).mappings():
        midnight = Period.of_day(row["day"]).start
        for number in range(24):
            at = midnight + number * _HOUR
            if row["traded_hours"] >> number & 1 and begin <= at and at + _HOUR <= end:
                yield {**{name: halt[name] for name in names}, "market": row["market"], "hour_start": at}


def _halts_of(connection: Connection, submission: Submission) -> list[RowMapping]:
    return list(connection.execute(select(t.halts).where(t.halts.c.submission == submission.id)).mappings())


def sharing_halts(connection: Connection, exchange: str, changed: Collection[str]) -> set[str]:
    """Accepted submissions of an exchange that hold a version of a halt that the changed ones hold a version of."""
    c = t.halts.c
    found: set[str] = set()
    for some in in_parts(sorted(changed)):
        ids = select(c.halt_id).where(c.submission.in_(some))
        query = (
            select(c.submission)
            .distinct()
            .join(t.submissions, t.submissions.c.id == c.submission)
            .where(t.submissions.c.state == State.ACCEPTED.value, c.exchange == exchange, c.halt_id.in_(ids))
        )
        found |= set(connection.execute(query).scalars())
    return found


def current_halts(
    connection: Connection,
    exchanges: Sequence[str],
    low: datetime,
    high: datetime,
    *,
    also: Select[Any] | None = None,
) -> list[RowMapping]:
    """Latest accepted versions of the halts of which a version meets [low, high], or whose id is among `also` (2.5)."""
    c = t.halts.c
    met = (c.halted_at <= high) & (or_(c.resumed_at.is_(None), c.resumed_at >= low))
    ids = select(c.halt_id).where(c.exchange.in_(exchanges), met if also is None else or_(met, c.halt_id.in_(also)))
    query = (
        in_force(t.halts)
        .where(c.exchange.in_(exchanges), c.halt_id.in_(ids))
        .order_by(t.submissions.c.period_start, t.submissions.c.sequence)
    )
    latest = {(row["exchange"], row["halt_id"]): row for row in connection.execute(query).mappings()}
    return list(latest.values())


# ------------------------------------------------------------------------------------------------- reach


_REACH_COLUMNS = [
    JUDGED,
    ("exchange", pa.string()),
    ("report", pa.string()),
    ("since", INSTANT),
    ("until", INSTANT),
]


def reach(judged: Judged, first: int, last: int) -> Read:
    """How far accepted reports reach, as unbroken runs of days, about the moments from which terms are counted.

    Terms are judged once they have passed "in the accepted data": in the run in which they began (specification 5).
    Terms of cases are counted from the judged days, no further than `last` days; those of halts from the halt until
    its notice is due or it is lifted.
    """
    rows: list[dict[str, Any]] = []
    stretches: dict[str, list[Stretch]] = defaultdict(list)
    for submission in judged.submissions:
        stretches[submission.id] += [
            Stretch("reach", submission.exchange, report, low, high)
            for report, low, high in _terms(judged, submission, last)
        ]
    periods = _accepted_periods(judged.connection, [one for some in stretches.values() for one in some])
    for submission in judged.submissions:
        for one in stretches[submission.id]:
            for since, until in _unbroken(periods[one.exchange, one.report], one.start, one.end):
                rows.append(
                    {
                        "judged": submission.id,
                        "exchange": one.exchange,
                        "report": one.report,
                        "since": since,
                        "until": min(until, one.end),
                    }
                )
    return Read(arrow_table(rows, _REACH_COLUMNS), stretches)


def _terms(judged: Judged, submission: Submission, last: int) -> list[tuple[str, datetime, datetime]]:
    """Of which report the reach counts, from when to when at most."""
    if submission.report != "halts":
        return [(submission.report, submission.period.start, submission.period.end + last * _DAY)]
    found: list[tuple[str, datetime, datetime]] = []
    mine = _halts_of(judged.connection, submission)
    if mine:
        ends = [halt["halted_at"] + 2 * _ANSWERED if halt["resumed_at"] else FOREVER for halt in mine]
        found.append(("halts", min(halt["halted_at"] for halt in mine), max(ends)))
    of_mismatch = [halt for halt in mine if halt["trigger"] == MISMATCH]
    if of_mismatch:
        low = min(halt["halted_at"] for halt in of_mismatch) - _LOOKED_BACK
        ends = [max(halt["halted_at"], halt["resumed_at"] or halt["halted_at"]) for halt in of_mismatch]
        found.append(("reconciliation", low, max(ends) + _DAY))
    return found


Span = tuple[datetime, datetime]
"""From a moment to another one."""


def _accepted_periods(connection: Connection, asked: Sequence[Stretch]) -> dict[tuple[str, str], list[Span]]:
    """The accepted periods about the stretches asked for, in time order, by exchange and report."""
    widest: dict[tuple[str, str], Span] = {}
    for one in asked:
        low, high = widest.get((one.exchange, one.report), (one.start, one.end))
        widest[one.exchange, one.report] = min(low, one.start), max(high, one.end)
    c = t.submissions.c
    found: dict[tuple[str, str], list[Span]] = {}
    for (exchange, report), (low, high) in widest.items():
        query = (
            select(c.period_start, c.period_end)
            .where(
                c.state == State.ACCEPTED.value,
                c.exchange == exchange,
                c.report == report,
                c.period_start < c.received_at,  # of days that had not come nothing is known (SUB-010)
                c.period_start > life.earliest_start(low - _MILLISECOND),
                c.period_start <= high,
                c.period_end >= low,
            )
            .order_by(c.period_start)
        )
        found[exchange, report] = [(row.period_start, row.period_end) for row in connection.execute(query)]
    return found


def _unbroken(periods: Sequence[Span], low: datetime, high: datetime) -> list[Span]:
    """The unbroken runs of those periods, in time order, that meet [low, high]."""
    runs: list[Span] = []
    first = bisect_right(periods, life.earliest_start(low - _MILLISECOND), key=itemgetter(0))
    for start, end in islice(periods, first, None):
        if start > high:
            break
        if end < low:
            continue
        if runs and start <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(runs[-1][1], end))
        else:
            runs.append((start, end))
    return runs


# ----------------------------------------------------------------------------------- shortfalls of all assets


PRICES_OF_OTHERS = 3
"""Fewest other exchanges whose prices outweigh an exchange's own (REC-008)."""
_MIDNIGHT = datetime(1970, 1, 1, tzinfo=UTC)

_SLOT_SHORTFALLS = [
    JUDGED,
    *((name, pa.string()) for name in ("submission", "exchange")),
    *((name, INSTANT) for name in ("slot", "lacking_at")),
    ("asset_count", pa.int64()),
    ("shortfall_krw", KRW),
    ("shortfall_krw_text", pa.string()),
]


def slot_shortfalls(judged: Judged, first: int, last: int) -> Read:
    """What all assets of an exchange lacked together in each slot of a judged file, and as far as that runs on.

    In a slot each asset counts with its largest shortfall, at the larger of its own price and the median of the others'
    (REC-008). Read from the slot before the file to the first slot after it in which nothing lacks.
    """
    rows: list[dict[str, Any]] = []
    stretches: dict[str, list[Stretch]] = defaultdict(list)
    for submission in judged.submissions:
        exchange, start, end = submission.exchange, submission.period.start, submission.period.end
        found = _lacking_together(judged, exchange, start, end)
        if not found:
            continue
        found = [*_lacking_together(judged, exchange, start - SLOT, start), *found]
        until = end
        while found[-1]["slot"] >= until - SLOT:
            found += _lacking_together(judged, exchange, until, until + _DAY)
            until += _DAY
        rows += ({**row, "judged": submission.id} for row in found)
        stretches[submission.id] = [
            Stretch("slot_shortfalls", name, "reconciliation", start - SLOT, until) for name in all_exchanges()
        ]
    return Read(arrow_table(rows, _SLOT_SHORTFALLS), stretches)


def _slot_of(moment: datetime) -> datetime:
    return moment - (moment - _MIDNIGHT) % SLOT


def _lacking_together(judged: Judged, exchange: str, low: datetime, high: datetime) -> list[dict[str, Any]]:
    """The slots of [low, high) in which something lacks, each with its sum."""
    table = t.short_checks
    query = (
        in_force(table)
        .where(table.c.exchange == exchange, table.c.checked_at >= low, table.c.checked_at < high)
        .order_by(table.c.checked_at)
    )
    checks = list(judged.connection.execute(query).mappings())
    if not checks:
        return []
    others = _others_prices(judged, exchange, {check["asset"] for check in checks}, low, high)
    by_slot: dict[datetime, dict[str, tuple[Decimal, datetime, str]]] = {}
    for check in checks:
        slot, asset = _slot_of(check["checked_at"]), check["asset"]
        price = max(check["price_krw"], others.get((asset, slot), Decimal(0)))
        worth = EXACT.multiply(EXACT.subtract(check["ledger_quantity"], check["wallet_quantity"]), price)
        known = by_slot.setdefault(slot, {}).get(asset)
        if known is None or worth > known[0]:
            by_slot[slot][asset] = (worth, check["checked_at"], check["submission"])
    return [_summed(exchange, slot, list(assets.values())) for slot, assets in sorted(by_slot.items())]


def _summed(exchange: str, slot: datetime, lacking: Sequence[tuple[Decimal, datetime, str]]) -> dict[str, Any]:
    worth = Decimal(0)
    for one, _, _ in lacking:
        worth = EXACT.add(worth, one)
    return {
        "submission": lacking[0][2],
        "exchange": exchange,
        "slot": slot,
        "lacking_at": max(at for _, at, _ in lacking),
        "asset_count": len(lacking),
        "shortfall_krw": min(worth, MOST_KRW),
        "shortfall_krw_text": krw_text(worth),
    }


def _others_prices(
    judged: Judged, exchange: str, assets: set[str], low: datetime, high: datetime
) -> dict[tuple[str, datetime], Decimal]:
    """The median of the other exchanges' prices by asset and slot, where three or more checked the asset in it."""
    c = t.submissions.c
    query = select(c.id).where(
        c.exchange != exchange,
        c.report == "reconciliation",
        c.state == State.ACCEPTED.value,
        c.period_start < high,
        c.period_end > low,
    )
    found = (life.by_id(judged.connection, number) for number in judged.connection.execute(query).scalars())
    files = life.fact_files([submission for submission in found if submission is not None])
    if not files:
        return {}
    marks = ", ".join("?" for _ in assets)
    condition = f"checked_at >= ? AND checked_at < ? AND asset IN ({marks})"
    table = judged.facts.read(files, condition=condition, parameters=[low, high, *sorted(assets)])
    latest: dict[tuple[str, datetime], dict[str, tuple[datetime, Decimal]]] = {}
    for row in table.select(["exchange", "asset", "checked_at", "price_krw"]).to_pylist():
        prices = latest.setdefault((row["asset"], _slot_of(row["checked_at"])), {})
        if row["exchange"] not in prices or prices[row["exchange"]][0] <= row["checked_at"]:
            prices[row["exchange"]] = (row["checked_at"], row["price_krw"])
    return {
        key: _median([price for _, price in prices.values()])
        for key, prices in latest.items()
        if len(prices) >= PRICES_OF_OTHERS
    }


def _median(values: Sequence[Decimal]) -> Decimal:
    ordered = sorted(values)
    middle = EXACT.add(ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2])
    return EXACT.multiply(middle, Decimal("0.5"))


# ------------------------------------------------------------------------------------------------ audits


def _audits(judged: Judged) -> list[RowMapping]:
    query = select(t.audits).where(t.audits.c.submission.in_([s.id for s in judged.submissions]))
    return list(judged.connection.execute(query).mappings())


def audit_shares(judged: Judged, first: int, last: int) -> Read:
    """The part of its value that each judged audit holds in cold wallets; nothing else decides about it."""
    cold: dict[tuple[str, str], Decimal] = {}
    held: dict[tuple[str, str], Decimal] = {}
    for row in _audits(judged):
        key = (row["submission"], row["exchange"])
        value = EXACT.multiply(row["cold_wallet_quantity"], row["price_krw"])
        hot = EXACT.multiply(row["hot_wallet_quantity"], row["price_krw"])
        cold[key] = EXACT.add(cold.get(key, Decimal(0)), value)
        held[key] = EXACT.add(held.get(key, Decimal(0)), EXACT.add(value, hot))
    rows = [{"judged": k[0], "exchange": k[1], "cold_share": ratio(cold[k], held[k])} for k in cold]
    return Read(arrow_table(rows, [JUDGED, ("exchange", pa.string()), ("cold_share", RATIO)]))


def audit_differences(judged: Judged, first: int, last: int) -> Read:
    """Each audited asset beside the check nearest to its moment, where there is one near enough."""
    rows = []
    stretches: dict[str, list[Stretch]] = defaultdict(list)
    checks: dict[tuple[str, datetime], dict[str, dict[str, Any]]] = {}
    for audit in _audits(judged):
        moment = (audit["exchange"], audit["as_of"])
        if moment not in checks:
            checks[moment] = _nearest_checks(judged, *moment)
        near = (audit["as_of"] - NEAREST_CHECK, audit["as_of"] + NEAREST_CHECK)
        stretches[audit["submission"]].append(
            Stretch("audit_differences", audit["exchange"], "reconciliation", *near, audit["asset"])
        )
        check = checks[moment].get(audit["asset"])
        if check is not None:
            wallet = EXACT.add(audit["hot_wallet_quantity"], audit["cold_wallet_quantity"])
            rows.append(
                {
                    **{name: audit[name] for name in ("exchange", "asset")},
                    "judged": audit["submission"],
                    "checked_at": check["checked_at"],
                    **_ratio_columns("ledger", _difference(audit["ledger_quantity"], check["ledger_quantity"])),
                    **_ratio_columns("wallet", _difference(wallet, check["wallet_quantity"])),
                }
            )
    names = [JUDGED, *((name, pa.string()) for name in ("exchange", "asset"))]
    ratios = [("ledger_ratio", RATIO), ("wallet_ratio", RATIO)]
    texts = [(f"{side}_percent_text", pa.string()) for side in ("ledger", "wallet")]
    return Read(arrow_table(rows, [*names, ("checked_at", INSTANT), *ratios, *texts]), stretches)


def _ratio_columns(side: str, share: Decimal) -> dict[str, Any]:
    return {f"{side}_ratio": min(share, MOST_RATIO), f"{side}_percent_text": percent_text(share)}


def _difference(audited: Decimal, checked: Decimal) -> Decimal:
    """How far the audit is from the check, as a ratio of the check, rounded up; all of it where nothing was there."""
    apart = EXACT.subtract(audited, checked).copy_abs()
    share = ratio(apart, checked.copy_abs(), ROUND_CEILING)
    return share if share is not None else Decimal(bool(apart))


def _nearest_checks(judged: Judged, exchange: str, moment: datetime) -> dict[str, dict[str, Any]]:
    """The check of each asset nearest to `moment` within five minutes."""
    c = t.submissions.c
    query = select(t.submissions).where(
        c.exchange == exchange,
        c.report == "reconciliation",
        c.state == State.ACCEPTED.value,
        c.period_start <= moment + NEAREST_CHECK,
        c.period_end >= moment - NEAREST_CHECK,
    )
    near = [row["id"] for row in judged.connection.execute(query).mappings()]
    found = (life.by_id(judged.connection, number) for number in near)
    files = life.fact_files([submission for submission in found if submission is not None])
    if not files:
        return {}
    condition = "checked_at BETWEEN ? AND ?"
    table = judged.facts.read(files, condition=condition, parameters=[moment - NEAREST_CHECK, moment + NEAREST_CHECK])
    return nearest_by_asset(table, moment)


def nearest_by_asset(checks: pa.Table, moment: datetime) -> dict[str, dict[str, Any]]:
    """Of each asset the check that is nearest to a moment, the first of two as near."""
    nearest: dict[str, dict[str, Any]] = {}
    for row in checks.to_pylist():
        known = nearest.get(row["asset"])
        if known is None or abs(row["checked_at"] - moment) < abs(known["checked_at"] - moment):
            nearest[row["asset"]] = row
    return nearest

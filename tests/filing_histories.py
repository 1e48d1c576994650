"""Histories of what an exchange filed for one day: in time or late, rejected, corrected, in slices, withdrawn.

A history is a list of steps in the order in which they are judged, which need not be that of their moments: a replay
says of each file when it was received. `replayed` follows it in memory, `record` writes it into a store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import strategies as st

from etl.affected import StoreChange
from etl.overdue import review_calendar
from etl.records import submissions as life
from etl.records.engine import writing
from etl.records.filed_files import FiledFile
from etl.records.submissions import Submission
from etl.store import Store
from expectations.vocabulary import KST, Period, State

DAY = "2026-11-02"
DUE_AT = datetime(2026, 11, 3, 10, tzinfo=KST)
BEGIN = DUE_AT - timedelta(hours=14)
"""The first moment of a history: so many hours before the due time of the day."""
HOURS = 40
END = BEGIN + timedelta(hours=HOURS)
_PIECES = ("", "", "T00-12", "T12-24", "T00-08", "T08-24", "T08-16")


@dataclass(frozen=True)
class Filed:
    """A file: received `hour` hours after the beginning; `row_count` 0 is a nil return."""

    hour: int
    period: str
    verdict: State
    row_count: int


@dataclass(frozen=True)
class Withdrawn:
    """The withdrawal of the file of the step at `place` (of those before), where that is in force."""

    hour: int
    place: int


History = Sequence[Filed | Withdrawn]


@st.composite
def histories(draw: st.DrawFn, slices: bool = True, most: int = 7) -> History:
    """Steps at moments that are all different."""
    count = draw(st.integers(0, most))
    hours = draw(st.lists(st.integers(0, HOURS - 1), min_size=count, max_size=count, unique=True))
    if draw(st.booleans()):
        hours.sort()
    steps: list[Filed | Withdrawn] = []
    for place, hour in enumerate(hours):
        if place and draw(st.integers(0, 3)) == 0:
            steps.append(Withdrawn(hour, draw(st.integers(0, place - 1))))
            continue
        verdict = draw(st.sampled_from([State.ACCEPTED] * 4 + [State.REJECTED, State.RECEIVED]))
        piece = draw(st.sampled_from(_PIECES)) if slices else ""
        steps.append(Filed(hour, DAY + piece, verdict, draw(st.sampled_from((0, 5)))))
    return steps


def at(hour: int) -> datetime:
    """The moment of an hour of a history."""
    return BEGIN + timedelta(hours=hour)


def replayed(history: History, exchange: str = "korbit", report: str = "reconciliation") -> list[FiledFile]:
    """What the history comes to, in order of filing, by the rules of section 3 of the specification."""
    files: dict[int, FiledFile] = {}
    for place, step in enumerate(history):
        if isinstance(step, Withdrawn):
            one = files.get(step.place)
            if one is not None and one.state is State.ACCEPTED:
                moment = max(at(step.hour), one.received_at)
                files[step.place] = replace(one, state=State.WITHDRAWN, left_at=moment)
            continue
        period, state = Period.parse(step.period), step.verdict
        overlapping = [k for k, f in files.items() if f.state is State.ACCEPTED and f.period.overlaps(period)]
        if state is State.ACCEPTED and not all(period.contains(files[k].period) for k in overlapping):
            state = State.REJECTED  # SUB-005
        if state is State.ACCEPTED:
            for k in overlapping:
                files[k] = replace(files[k], state=State.SUPERSEDED, left_at=at(step.hour))
        rows = step.row_count if state is State.ACCEPTED else None
        files[place] = FiledFile(_number(exchange, report, place), exchange, report, period, at(step.hour), state, rows)
    return list(files.values())


def record(store: Store, history: History, exchange: str, report: str) -> None:
    """Write a history into a store, step by step as a run does, and judge the calendar after each."""
    for place, step in enumerate(history):
        if isinstance(step, Withdrawn):
            _withdraw(store, _number(exchange, report, step.place), at(step.hour))
        else:
            _file(store, _submission(step, exchange, report, place), step)


def _withdraw(store: Store, number: str, moment: datetime) -> None:
    with writing(store.engine) as connection:
        one = life.by_id(connection, number)
        if one is None or one.state is not State.ACCEPTED:
            return
        moment = max(moment, one.received_at)
        life.change_state(connection, number, State.WITHDRAWN, moment, cause="a reason")
    review_calendar(store, [StoreChange.of(one)], moment)


def _file(store: Store, one: Submission, step: Filed) -> None:
    with writing(store.engine) as connection:
        life.insert_received(connection, one)
        if step.verdict is State.RECEIVED:
            return
        earlier = life.accepted_overlapping(connection, one.exchange, one.report, one.period)
        state = step.verdict
        if state is State.ACCEPTED and not all(one.period.contains(other.period) for other in earlier):
            state = State.REJECTED
        rows = step.row_count if state is State.ACCEPTED else None
        if state is State.ACCEPTED:
            for other in earlier:
                life.change_state(connection, other.id, State.SUPERSEDED, one.received_at, superseded_by=one.id)
        life.change_state(connection, one.id, state, one.received_at, row_count=rows, decided_at=one.received_at)
    if state is State.ACCEPTED:
        review_calendar(store, [StoreChange.of(one), *map(StoreChange.of, earlier)], one.received_at)


def _number(exchange: str, report: str, place: int) -> str:
    return f"{exchange}-{report}-{place}"


def _submission(step: Filed, exchange: str, report: str, place: int) -> Submission:
    received = at(step.hour)
    return Submission(
        id=_number(exchange, report, place),
        exchange=exchange,
        report=report,
        period=Period.parse(step.period),
        sender=None,
        file=f"{exchange}_{report}_{step.period}.csv",
        format="csv",
        sha256="0" * 64,
        size_bytes=1,
        evidence_kept=True,
        received_at=received,
        recorded_at=received,
        state=State.RECEIVED,
        row_count=None,
        rule_set_version=None,
        decided_at=None,
        superseded_by=None,
    )

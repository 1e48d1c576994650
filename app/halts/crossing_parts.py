"""Shortfalls that reached the limit without a halt in time, as the findings of REC-004 name them, on the screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from app.columns import BasisPoints, Code, Instant, Length, Won, columns_of
from app.moments import kst_day
from app.reconciliation.responses import EpisodeResponse
from app.reconciliation.unhalted import UnhaltedShortfall
from app.widgets.address import go
from app.widgets.header import empty, note, section
from app.widgets.parts import part
from app.widgets.tables import table
from app.widgets.view import View


@dataclass(frozen=True, slots=True)
class CrossingLine(UnhaltedShortfall):
    """A finding of REC-004 with the largest size of its episode and the halt that came later, where there is one."""

    halt_response: Code | None
    halted_at: Instant | None
    duration: Length | None
    shortfall_krw: Won | None
    shortfall_ratio: BasisPoints | None


_CROSSINGS = columns_of(
    CrossingLine,
    "exchange",
    "asset",
    "reached_at",
    "reached_krw",
    "reached_ratio",
    "due_at",
    "halt_response",
    "halted_at",
    "duration",
    "shortfall_krw",
    "shortfall_ratio",
)
_OF_EPISODE = ("halt_response", "halted_at", "duration", "shortfall_krw", "shortfall_ratio")


def crossing_lines(
    unhalted: Iterable[UnhaltedShortfall], episodes: Iterable[EpisodeResponse]
) -> tuple[CrossingLine, ...]:
    """Each finding beside its episode, in the order of the findings."""
    by_place = {one.place: one for one in episodes}
    return tuple(_line(one, by_place.get(one.place)) for one in unhalted)


def _line(one: UnhaltedShortfall, episode: EpisodeResponse | None) -> CrossingLine:
    own: dict[str, Any] = {field.name: getattr(one, field.name) for field in fields(UnhaltedShortfall)}
    beside: dict[str, Any] = {name: getattr(episode, name, None) for name in _OF_EPISODE}
    return CrossingLine(**own, **beside)


@part
def crossing_table(view: View, unhalted: Sequence[UnhaltedShortfall], episodes: Sequence[EpisodeResponse]) -> None:
    """The findings of REC-004; a row leads to that asset's day of reconciliation."""
    section(view, "halts.unhalted", count=f"{len(unhalted):,}")
    if not unhalted:
        empty(view, "unhalted")
        return
    table(
        view,
        lambda: crossing_lines(unhalted, episodes),
        _CROSSINGS,
        key="unhalted",
        alt=view.say("halts.unhalted", count=len(unhalted)),
        on_pick=lambda row: to_reconciliation(row.exchange, row.asset, row.reached_at),
        most_rows=6,
    )
    note(view.say("halts.unhalted_how"))


def to_reconciliation(exchange: str, asset: str, moment: datetime) -> None:
    """Go to an asset's day of reconciliation."""
    go("reconciliation", at=exchange, day=kst_day(moment).isoformat(), asset=asset)

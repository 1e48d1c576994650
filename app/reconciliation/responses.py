"""What an exchange did about each shortfall: the halt for it, how long it took, and whether one was found wanting.

That a shortfall reached the limit without a halt in time is what REC-004 recorded (`unhalted`); which halt answers
which shortfall is said in `causes`. A halt in force since before the episode began is no answer to it, but covers it.
The first check that was short to the exchange's own `detected_at` is the detection lag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.columns import BasisPoints, Code, Instant, Length, Won
from app.moments import kst_day
from app.queries.choice import Choice
from app.queries.recorded import Evaluations, Judgement, evaluations_of
from app.reconciliation.causes import MismatchHalt, mismatch_halts
from app.reconciliation.episodes import ShortfallEpisode, episodes_of_days, shortfall_episode
from app.reconciliation.unhalted import UNHALTED, UnhaltedShortfall, unhalted_between
from app.scope import Scope
from etl.records.engine import reading
from etl.store import Store
from expectations.vocabulary import Period

_REPORTS = ("reconciliation", "halts")
_AROUND = timedelta(days=2)
"""How far about a halt its causes are looked for; an episode that reaches into these days is read whole."""


class Response(StrEnum):
    """Whether an episode met a halt."""

    HALTED = "halted"
    ALREADY_HALTED = "already_halted"
    NOT_HALTED = "not_halted"
    """No halt, and REC-004 found that one was due."""
    NO_FINDING = "no_finding"
    """No halt, and REC-004 has been evaluated and found nothing."""
    NOT_EVALUATED = "not_evaluated"
    """No halt, and REC-004 has not been evaluated."""


@dataclass(frozen=True, slots=True)
class EpisodeResponse(ShortfallEpisode):
    """An episode with what was done about it.

    `reached_at`, its size then and `due_at` are what REC-004 says where it found no halt in time, else None. The halt
    is the first that answers the episode: `detection_lag` is first short check to detection, `halt_lag` limit to halt.
    """

    reached_at: Instant | None
    reached_krw: Won | None
    reached_ratio: BasisPoints | None
    due_at: Instant | None
    halt_response: Code
    halt_id: str | None
    detected_at: Instant | None
    halted_at: Instant | None
    detection_lag: Length | None
    halt_lag: Length | None


def episode_responses(store: Store, scope: Scope, choice: Choice) -> tuple[EpisodeResponse, ...]:
    """Every episode that touches the chosen days with what was done about it, the largest in won first."""
    exchanges = scope.visible(choice.exchanges)
    start, end = Period.of_day(choice.first_day).start, Period.of_day(choice.last_day).end
    with reading(store.engine) as connection:
        unhalted = {one.place: one for one in unhalted_between(connection, exchanges, start, end)}
        about = Choice(choice.exchanges, choice.first_day, choice.last_day + timedelta(days=1))
        episodes = [shortfall_episode(one, unhalted) for one in episodes_of_days(connection, exchanges, about)]
        first = min((one.started_at for one in episodes), default=end)
        halts = mismatch_halts(store, connection, exchanges, first, _latest_answer(episodes, end))
        evaluations = evaluations_of(store, connection)
    answers = _answers(halts, episodes)
    return tuple(
        _response(one, unhalted.get(one.place), answers.get(one.place), halts, evaluations)
        for one in episodes
        if one.started_at < end  # those of the day after only tell which of them a halt goes back to
    )


def _latest_answer(episodes: Sequence[ShortfallEpisode], end: datetime) -> datetime:
    """Until when a halt may answer one of the episodes."""
    return max([end, *(one.ended_at or end for one in episodes)]) + timedelta(hours=1)


def _answers(halts: Sequence[MismatchHalt], episodes: Sequence[ShortfallEpisode]) -> dict[Any, MismatchHalt]:
    """The first halt that goes back to each episode, by the episode's place."""
    answers: dict[Any, MismatchHalt] = {}
    for halt in halts:
        for episode in halt.causes(episodes):
            answers.setdefault(episode.place, halt)
    return answers


def _response(
    episode: ShortfallEpisode,
    unhalted: UnhaltedShortfall | None,
    halt: MismatchHalt | None,
    halts: Sequence[MismatchHalt],
    evaluations: Evaluations,
) -> EpisodeResponse:
    own: dict[str, Any] = {one.name: getattr(episode, one.name) for one in fields(ShortfallEpisode)}
    reached: dict[str, Any] = {name: getattr(unhalted, name, None) for name in _REACHED}
    before = next((one for one in halts if one.covers(episode) and one.is_in_force_at(episode.started_at)), None)
    if halt is not None:
        response = Response.HALTED
    else:
        response = Response.ALREADY_HALTED if before else _without_halt(episode, evaluations)
    named = halt or before
    return EpisodeResponse(
        **own,
        **reached,
        halt_response=response,
        halt_id=named.halt_id if named else None,
        detected_at=halt.detected_at if halt else None,
        halted_at=halt.halted_at if halt else None,
        detection_lag=halt.detected_at - episode.started_at if halt else None,
        halt_lag=halt.halted_at - unhalted.reached_at if halt and unhalted else None,
    )


_REACHED = ("reached_at", "reached_krw", "reached_ratio", "due_at")
_WITHOUT_HALT = {Judgement.FOUND: Response.NOT_HALTED, Judgement.NOT_FOUND: Response.NO_FINDING}


def _without_halt(episode: ShortfallEpisode, evaluations: Evaluations) -> Response:
    day = kst_day(episode.started_at)
    found = evaluations.judgement(UNHALTED, episode.exchange, day, _REPORTS, is_found=episode.is_unhalted)
    return _WITHOUT_HALT.get(found, Response.NOT_EVALUATED)


@dataclass(frozen=True, slots=True)
class HaltCauses:
    """The shortfalls that one halt goes back to, and what the records say of HLT-005, the rule that finds none."""

    no_cause: Judgement
    episodes: tuple[EpisodeResponse, ...]


def halt_causes(store: Store, scope: Scope, exchange: str, halt_id: str, moment: datetime) -> HaltCauses | None:
    """The shortfalls behind the halt of that id, which began at `moment`; None where there is no such halt."""
    choice = Choice((exchange,), kst_day(moment - _AROUND), kst_day(moment + _AROUND))
    with reading(store.engine) as connection:
        halts = mismatch_halts(store, connection, scope.visible(choice.exchanges), moment - _AROUND, moment + _AROUND)
    halt = next((one for one in halts if one.halt_id == halt_id), None)
    if halt is None:
        return None
    return HaltCauses(halt.no_cause, tuple(halt.causes(episode_responses(store, scope, choice))))

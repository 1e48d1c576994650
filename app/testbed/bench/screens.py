"""What the screens cost with a year of all exchanges in figures: script runs of every page, alone and among fifty.

Runs are measured where somebody waits for them: at the websocket of a real server, from asking until the last thing is
drawn. A warm run asks what was asked since the records changed; before a cold one a submission is withdrawn, so that
nothing that is kept is of use. Many at once look at what somebody has looked at since the records changed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from app.moments import KST, kst_day, last_whole_day
from app.navigation import SCREENS
from app.queries.choice import Choice
from app.reconciliation.episodes import mismatch_episodes
from app.scope import Scope
from app.testbed.year import Year, fill_year
from etl.exchanges import all_exchanges
from etl.receiving import take_out
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.people import Role
from etl.store import Store

if TYPE_CHECKING:
    from app.testbed.bench.visitors import Visitor

Record = dict[str, Any]
Address = dict[str, str]
Advance = Callable[[int, int, str], None]

DAYS, MODEL_DAYS = 365, 14
"""Days in the store, and how many of them are made the real way."""
SESSIONS = 50
RUNS = 40
"""Warm runs of each page and period: so many that the one at the turn of five minutes, which asks anew, is no p95."""
COLD_RUNS = 3
RERUNS_EACH = 8
THINK_SECONDS = (2.0, 4.0)
"""How long each of the fifty looks before the next click, at least and at most."""

AIM_PAGE_MILLISECONDS = 150
AIM_YEAR_RATIO = 2.0
AIM_TOGETHER_MILLISECONDS = 500
"""What the project holds itself to: a page, a year's view against that of a full day, and reruns of fifty at once."""

_DAY, _FULL_DAY, _YEAR = "day", "full_day", "year"
_PERIODS = ("1d", "30d", "1y")
_PAGES = {screen.name: min(screen.roles, key=lambda role: (role is not Role.SUPERVISOR, role)) for screen in SCREENS}
"""Every page and who looks at it: a supervisor, or, where they may not, somebody else who may."""
_SUPERVISORS = [page for page, role in _PAGES.items() if role is Role.SUPERVISOR]
_SEED = 50


def measure_screens(folder: Path, assets: int | None, advance: Advance) -> Record:
    """Milliseconds of every page, of a day's view and of a year's, and of many sessions at once."""
    last_day = last_whole_day(datetime.now(KST))
    year = Year(last_day, days=DAYS, model_days=min(MODEL_DAYS, DAYS), assets=assets)
    store = fill_year(folder, year, _told(advance))
    try:
        return measured(store, advance)
    finally:
        store.engine.dispose()


def _told(advance: Advance) -> Callable[[str, int | None], AbstractContextManager[Advance]]:
    """The bench's own progress in the form in which a year's filling tells of it."""

    @contextmanager
    def show(_title: str, _total: int | None) -> Any:
        yield advance

    return show


def measured(store: Store, advance: Advance) -> Record:
    """The measurement over a store that is filled."""
    from app.testbed.bench.visitors import served

    with served(store) as where:
        pages = asyncio.run(_alone(where, store, advance))
        together = asyncio.run(_together(where, store, advance))
    with reading(store.engine) as connection:
        filed = len(life.listed(connection))
    return {
        "bench": "script runs of every page over a year of all exchanges, at the websocket of a real server",
        "days": DAYS,
        "submissions": filed,
        "slowest_page_milliseconds": max(max(page["day_p95"], page["year_p95"]) for page in pages.values()),
        "slowest_page_milliseconds_aim": AIM_PAGE_MILLISECONDS,
        "pages": pages,
        "together": together,
    }


# ------------------------------------------------------------------------------------------- one session


async def _alone(where: str, store: Store, advance: Advance) -> dict[str, Record]:
    """Milliseconds of each page when nobody else is there."""
    from app.testbed.bench.visitors import signed_in, visitor

    pages, views = {}, _views(store)
    for place, (page, role) in enumerate(_PAGES.items()):
        advance(place, len(_PAGES), page)
        async with visitor(where, signed_in(store, role)) as somebody:
            cold = {name: await _cold(somebody, store, page, views[name]) for name in (_DAY, _YEAR)}
            warm: dict[str, list[float]] = {name: [] for name in views}
            for view in views.values():
                await somebody.look(page, **view)
            for _ in range(RUNS):
                for name, taken in warm.items():
                    taken.append(await somebody.look(page, **views[name]))
            pages[page] = _of_page(cold, warm)
    return pages


def _views(store: Store) -> dict[str, Address]:
    """The periods that are compared: the last day, the newest day with a shortfall, and the year.

    A page shows all of its parts on the day of a shortfall, as over a year; on a day without one the page of
    reconciliation is half as long, and the ratio would be that of its parts and not of the days.
    """
    everybody = Scope(Role.SUPERVISOR, tuple(all_exchanges()))
    last_day = last_whole_day(datetime.now(KST))
    shortfalls = mismatch_episodes(store, everybody, Choice((), last_day - timedelta(days=DAYS), last_day))
    last = full_day = {"period": "1d"}
    if shortfalls:
        day = str(kst_day(max(one.started_at for one in shortfalls)))
        full_day = {"period": "custom", "from": day, "to": day}
    return {_DAY: last, _FULL_DAY: full_day, _YEAR: {"period": "1y"}}


async def _cold(somebody: Visitor, store: Store, page: str, view: Address) -> list[float]:
    """Runs of the page, each after a change of the records."""
    await somebody.look(page, **view)
    taken = []
    for _ in range(COLD_RUNS):
        _change_the_records(store)
        taken.append(await somebody.look(page, **view))
    return taken


def _change_the_records(store: Store) -> None:
    """Withdraw the oldest submission that is accepted: what every page shows is asked anew."""
    with reading(store.engine) as connection:
        oldest = min(life.in_force(connection, "api_volume"), key=lambda one: one.period)
    take_out(store, oldest.id, reason="bench")


def _of_page(cold: dict[str, list[float]], warm: dict[str, list[float]]) -> Record:
    day, full_day, year = warm[_DAY], warm[_FULL_DAY], warm[_YEAR]
    return {
        "day_p50": _milliseconds(median(day)),
        "day_p95": _milliseconds(_p95(day)),
        "day_p95_aim": AIM_PAGE_MILLISECONDS,
        "day_cold": _milliseconds(median(cold[_DAY])),
        "full_day_p50": _milliseconds(median(full_day)),
        "year_p50": _milliseconds(median(year)),
        "year_p95": _milliseconds(_p95(year)),
        "year_p95_aim": AIM_PAGE_MILLISECONDS,
        "year_cold": _milliseconds(median(cold[_YEAR])),
        "year_ratio": round(median(year) / median(full_day), 2),
        "year_ratio_aim": AIM_YEAR_RATIO,
    }


def _p95(seconds: Sequence[float]) -> float:
    return quantiles(seconds, n=20, method="inclusive")[-1]


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


# ----------------------------------------------------------------------------------------- many sessions


async def _together(where: str, store: Store, advance: Advance) -> Record:
    """Milliseconds of first runs and of reruns when many look at once, each at another page and period."""
    from app.testbed.bench.visitors import signed_in, visitor

    session = signed_in(store, Role.SUPERVISOR)
    async with visitor(where, session) as somebody:  # what a change of the records costs is in the cold runs
        for page in _SUPERVISORS:
            for period in _PERIODS:
                await somebody.look(page, period=period)
    first: list[float] = []
    again: list[float] = []

    async def look_about(number: int) -> None:
        thinking = random.Random(_SEED + number)  # noqa: S311 — think time, no secret
        await asyncio.sleep(thinking.uniform(0, THINK_SECONDS[1]))
        async with visitor(where, session) as somebody:
            first.append(await somebody.look(_SUPERVISORS[number % len(_SUPERVISORS)]))
            for step in range(1, RERUNS_EACH + 1):
                await asyncio.sleep(thinking.uniform(*THINK_SECONDS))
                # Every second click stays on the page and changes the period.
                page = _SUPERVISORS[(number + step // 2) % len(_SUPERVISORS)]
                again.append(await somebody.look(page, period=_PERIODS[(number + step) % len(_PERIODS)]))
                advance(len(again), SESSIONS * RERUNS_EACH, page)

    async with asyncio.TaskGroup() as group:
        for number in range(SESSIONS):
            group.create_task(look_about(number))
    return {
        "sessions": SESSIONS,
        "reruns": len(again),
        "first_p50": _milliseconds(median(first)),
        "first_p95": _milliseconds(_p95(first)),
        "rerun_p50": _milliseconds(median(again)),
        "rerun_p95": _milliseconds(_p95(again)),
        "rerun_p95_aim": AIM_TOGETHER_MILLISECONDS,
    }

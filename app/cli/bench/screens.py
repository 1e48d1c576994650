"""How fast the screens answer over a year of full-size figures: every page alone, and fifty sessions at once.

The server is a process of its own, the visitors speak its protocol from this one. A run is measured from asking for it
until the page's script has ended. Every page is visited with one day, a month and a year, of all exchanges and of some;
the first visit with a choice asks the records, the runs after it are what clicking costs.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from app.cli.bench.server import cookies_given, served
from app.cli.bench.visitor import Visitor, visiting
from app.cli.year import ShowProgress, Year, fill_year
from expectations.vocabulary import KST

AIM_MILLISECONDS = 150
"""Of all runs of a page in a visited choice, 95 in 100 end within this."""
AIM_RATIO = 2.0
"""A page's run with a year takes at most so many times what it takes with a day."""
AIM_TOGETHER_MILLISECONDS = 500
"""With fifty sessions at once, 95 in 100 runs end within this."""

PERIODS = {"day": "1d", "month": "30d", "year": "1y"}
EXCHANGES = ("", "upbit", "bithumb,korbit")
"""What is chosen of the exchanges in turn; nothing chosen means all."""

_LAST_DUE = time(10, tzinfo=KST)
"""From when on the day before is complete."""
_SEEN_AT = time(11, tzinfo=KST)

Advance = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many sessions run at once, how often each, and how long each thinks in between."""

    sessions: int = 50
    runs: int = 12
    think_seconds: float = 3.0


@dataclass(slots=True)
class _Runs:
    """Seconds of a page's runs: the first ones that asked the records, and the further ones by period."""

    asking: list[float] = field(default_factory=list)
    warm: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in PERIODS})


def last_complete_day(now: datetime) -> Year:
    """The year that ends with the newest day of which all reports were due by `now`."""
    complete = now.astimezone(KST) - timedelta(hours=_LAST_DUE.hour)
    return Year(complete.date() - timedelta(days=1))


def measure_screens(
    home: Path,
    year: Year,
    progress: ShowProgress,
    *,
    pages: Sequence[str],
    crowd: Crowd | None = None,
    repeats: int = 8,
) -> dict[str, Any]:
    """The record of all pages over the year's store at `home`, which is made where it is not there."""
    store = fill_year(home, year, progress)
    store.engine.dispose()
    now = datetime.combine(year.last_day + timedelta(days=1), _SEEN_AT).astimezone(UTC)
    crowd = crowd or Crowd()
    with served(home, now) as port, progress("screens", None) as advance:
        runs = asyncio.run(_alone(port, pages, repeats, advance))
        together = asyncio.run(_together(port, pages, crowd, advance))
    return {
        "bench": f"runs of every page over {year.days} days of figures, and {crowd.sessions} sessions at once",
        "processors": os.cpu_count(),
        "assets": "real size" if year.assets is None else year.assets,
        "pages": {page: _page_record(runs[page]) for page in pages},
        "together": {
            "sessions": crowd.sessions,
            "runs": len(together),
            "p50_milliseconds": _milliseconds(median(together)),
            "p95_milliseconds": _milliseconds(_p95(together)),
            "p95_milliseconds_aim": AIM_TOGETHER_MILLISECONDS,
            "longest_milliseconds": _milliseconds(max(together)),
        },
    }


# ----------------------------------------------------------------------------------------------- alone


async def _alone(port: int, pages: Sequence[str], repeats: int, advance: Advance) -> Mapping[str, _Runs]:
    """Every page in every choice by a single visitor, in turn through the choices so that no answer stands by."""
    found = {page: _Runs() for page in pages}
    cookies = cookies_given(port)
    async with visiting(port, cookies) as first:
        for page in pages:  # what a process imports and compiles once is no run's
            await first.visit(page, "")
    for done, page in enumerate(pages, 1):
        choices = [(period, exchanges) for exchanges in EXCHANGES for period in PERIODS]
        for period, exchanges in choices:
            async with visiting(port, cookies) as visitor:
                found[page].asking.append(await visitor.visit(page, _query(period, exchanges)))
        for period, exchanges in choices:
            async with visiting(port, cookies) as visitor:
                await visitor.visit(page, _query(period, exchanges))
                found[page].warm[period] += [await visitor.rerun() for _ in range(repeats)]
        advance(done, len(pages), page)
    return found


def _query(period: str, exchanges: str) -> str:
    chosen = f"&exchange={exchanges.replace(',', '%2C')}" if exchanges else ""
    return f"period={PERIODS[period]}{chosen}"


def _page_record(runs: _Runs) -> dict[str, Any]:
    warm = [seconds for group in runs.warm.values() for seconds in group]
    day, year = median(runs.warm["day"]), median(runs.warm["year"])
    return {
        **{f"{name}_milliseconds": _milliseconds(median(group)) for name, group in runs.warm.items()},
        "p95_milliseconds": _milliseconds(_p95(warm)),
        "p95_milliseconds_aim": AIM_MILLISECONDS,
        "year_to_day": round(year / day, 2),
        "year_to_day_aim": AIM_RATIO,
        "asking_p50_milliseconds": _milliseconds(median(runs.asking)),
        "asking_longest_milliseconds": _milliseconds(max(runs.asking)),
    }


def _p95(seconds: Sequence[float]) -> float:
    return quantiles(seconds, n=20, method="inclusive")[-1]


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


# -------------------------------------------------------------------------------------------- together


async def _together(port: int, pages: Sequence[str], crowd: Crowd, advance: Advance) -> list[float]:
    """Seconds of every run after the first of each session, while all sessions are open."""
    advance(0, crowd.sessions, "together")
    cookies = cookies_given(port)
    sessions = (_session(port, cookies, pages, crowd, number) for number in range(crowd.sessions))
    return [seconds for runs in await asyncio.gather(*sessions) for seconds in runs]


async def _session(port: int, cookies: str, pages: Sequence[str], crowd: Crowd, number: int) -> list[float]:
    """One visitor: a page and choice of its own, mostly runs of it again, now and then another page."""
    drawn = random.Random(number)  # noqa: S311 — a plan to be repeated, no secret
    await asyncio.sleep(drawn.uniform(0, 2 * crowd.think_seconds))
    async with visiting(port, cookies) as visitor:
        await visitor.visit(drawn.choice(pages), _drawn_query(drawn))
        runs = []
        for _ in range(crowd.runs):
            await asyncio.sleep(drawn.uniform(0.5, 1.5) * crowd.think_seconds)
            runs.append(await _click(visitor, pages, drawn))
    return runs


async def _click(visitor: Visitor, pages: Sequence[str], drawn: random.Random) -> float:
    """Seconds of what somebody does next: two times in three something on the page, else the next page."""
    if drawn.random() < 2 / 3:
        return await visitor.rerun()
    return await visitor.visit(drawn.choice(pages), visitor.query)


def _drawn_query(drawn: random.Random) -> str:
    return _query(drawn.choice(tuple(PERIODS)), drawn.choice(EXCHANGES))

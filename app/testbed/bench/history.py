"""What a long history costs: one more day of all exchanges after 7 stored days and after 180.

Judging a day again reads what the day can affect and no more, so the days stored before must not make it slower. Both
stores hold the same newest days and take the same further days in turn, within one warm process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from app.testbed.simulator import SimulatedFile, simulate
from etl.exchanges import all_exchanges
from etl.intake import Candidate, Declared
from etl.store import Store, open_store
from expectations.vocabulary import KST

SHORT_DAYS, LONG_DAYS = 7, 180
AIM_RATIO = 1.3
"""How much longer one more day may take after the long history."""
_LAST_DAY = date(2026, 12, 1)
_ASSETS = 3
_MORE_DAYS = 5
_AFTER = datetime(2027, 2, 1, tzinfo=KST)
"""All of it is received when every period has ended, the month's too, whatever the clock says."""

Advance = Callable[[int, int, str], None]


def measure_history(folder: Path, assets: int | None, advance: Advance) -> dict[str, Any]:
    """Seconds of one more day after both histories, and the median ratio over further days, in turn."""
    from etl import jobs

    sizes = dict.fromkeys(all_exchanges(), assets or _ASSETS)
    last = _LAST_DAY + timedelta(days=_MORE_DAYS)
    first = _LAST_DAY - timedelta(days=LONG_DAYS - 1)
    files = list(simulate(folder / "inbox", first, last, seed=3, assets=sizes, story=False))
    stores = {
        days: open_store(folder / f"after{days}", f"sqlite:///{folder / f'after{days}.sqlite'}")
        for days in (SHORT_DAYS, LONG_DAYS)
    }
    for days, store in stores.items():
        begin = _LAST_DAY - timedelta(days=days - 1)
        before = [file for file in files if begin <= file.period.first_day <= _LAST_DAY]
        jobs.ingest(store, _candidates(before), received_at=_AFTER, progress=advance)
    seconds: dict[int, list[float]] = {days: [] for days in stores}
    for number in range(_MORE_DAYS):
        day = _LAST_DAY + timedelta(days=number + 1)
        further = _candidates([file for file in files if file.period.first_day == day])
        for days, store in stores.items():
            seconds[days].append(_taken(store, further))
            advance(number + 1, _MORE_DAYS, f"after {days} days")
    for store in stores.values():
        store.engine.dispose()
    # The first further day warms both.
    ratios = [long / short for short, long in list(zip(seconds[SHORT_DAYS], seconds[LONG_DAYS], strict=True))[1:]]
    return {
        "bench": f"one more day of all exchanges after {SHORT_DAYS} and after {LONG_DAYS} stored days",
        "files_a_day": len(further),
        "short_history_seconds": round(median(seconds[SHORT_DAYS][1:]), 3),
        "long_history_seconds": round(median(seconds[LONG_DAYS][1:]), 3),
        "ratio": round(median(ratios), 2),
        "ratio_aim": AIM_RATIO,
    }


def _candidates(files: Sequence[SimulatedFile]) -> list[Candidate]:
    return [Candidate(file.path, Declared(file.exchange, file.report, file.period)) for file in files]


def _taken(store: Store, candidates: Sequence[Candidate]) -> float:
    from etl import jobs

    start = time.perf_counter()
    outcomes = jobs.ingest(store, candidates, received_at=_AFTER)
    taken = time.perf_counter() - start
    refused = [o.receipt.file for o in outcomes if o.receipt.submission.state.value != "accepted"]
    if refused:
        raise RuntimeError(f"the bench's own files were refused: {refused[:3]}")
    return taken

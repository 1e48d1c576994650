"""A store filled by simulated exchanges, as the screens' tests look at it; and an empty one."""

from datetime import date, datetime
from pathlib import Path

from app.testbed.simulator import simulate
from etl import jobs
from etl.store import open_store
from expectations.vocabulary import KST

FIRST_DAY = date(2026, 11, 13)
LAST_DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 22, 11, 0, tzinfo=KST)
"""Half an hour after the last day's reports were due: some came, the story says which did not."""
SEED = 11
ASSETS = {"upbit": 4, "bithumb": 4, "coinone": 4, "korbit": 3, "gopax": 3}


def fill(home: Path, first_day: date = FIRST_DAY, last_day: date = LAST_DAY, now: datetime = NOW) -> Path:
    """Nine days, or as many as are named, of all exchanges, filed when the story has it; the home of the store."""
    store = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    for file in simulate(home / "inbox", first_day, last_day, seed=SEED, assets=ASSETS):
        if file.received_at <= now:
            jobs.receive(store, file.candidate, received_at=file.received_at)
    jobs.process(store)
    store.engine.dispose()
    return home


def leave_empty(home: Path) -> Path:
    """A store in which nothing was filed; its home."""
    open_store(home, f"sqlite:///{home / 'daxa.sqlite'}").engine.dispose()
    return home

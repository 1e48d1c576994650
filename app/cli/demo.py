"""The demonstration: simulated reports of all exchanges, filed as the story has it, into a store of their own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path

from etl.intake import Candidate, Declared
from etl.rebuild import figures_version
from etl.simulate import simulate
from etl.store import Store, open_store
from expectations.catalogue import rule_set_version

DEMO_ASSETS = {"upbit": 14, "bithumb": 16, "coinone": 12, "korbit": 8, "gopax": 6}
"""Assets of each exchange in the demonstration: enough to look at, small enough to start soon."""

_DONE_MARK = "demo.done"

ShowProgress = Callable[[str, int | None], AbstractContextManager[Callable[[int, int, str], None]]]


def prepare_demo(first_day: date, last_day: date, *, seed: int, progress: ShowProgress) -> Store:
    """A store filled with the simulated days; one that holds exactly these is taken as it stands.

    It lies in `demo` under the home, apart from what was really filed, and is made anew for other days, rules and
    figures. What the story sends later than this moment is not filed yet.
    """
    from etl import jobs

    home = open_store().home / "demo"
    mark = home / _DONE_MARK
    made_by = f"{rule_set_version()} {figures_version()}"
    wanted = f"{first_day} {last_day} {seed} {sorted(DEMO_ASSETS.items())} {made_by}"
    if mark.exists() and mark.read_text("utf-8") == wanted:
        return _demo_store(home)
    shutil.rmtree(home, ignore_errors=True)
    store = _demo_store(home)
    now = datetime.now(UTC)
    with progress("simulate", None) as advance:
        filed = []
        for file in simulate(home / "inbox", first_day, last_day, seed=seed, assets=DEMO_ASSETS):
            if file.received_at <= now:
                filed.append(file)
            advance(len(filed), 0, file.path.name)
    with progress("receive", len(filed)) as advance:
        for place, file in enumerate(filed, 1):
            candidate = Candidate(file.path, Declared(file.exchange, file.report, file.period))
            jobs.receive(store, candidate, received_at=file.received_at)
            advance(place, len(filed), file.path.name)
    with progress("ingest", len(filed)) as advance:
        jobs.process(store, progress=advance)
    mark.write_text(wanted, "utf-8")
    return store


def _demo_store(home: Path) -> Store:
    """The demonstration's own store, always embedded, whatever DAXA_DATABASE_URL says."""
    return open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")

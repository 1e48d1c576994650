"""Demonstration stores, filed like real ones: the story of simulated exchanges, or the replay of an incident."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from itertools import chain, groupby
from pathlib import Path

from app.cli.demo_answers import answer_demo
from app.moments import now
from app.testbed.simulator import simulate
from etl.rebuild import figures_version
from etl.records.engine import head_revision
from etl.replays import replays_called
from etl.store import Store, open_store
from expectations.catalogue import rule_set_version

DEMO_ASSETS = {"upbit": 14, "bithumb": 16, "coinone": 12, "korbit": 8, "gopax": 6}
"""Assets of each exchange in the demonstration: enough to look at, small enough to start soon."""

_DONE_MARK = "demo.done"

ShowProgress = Callable[[str, int | None], AbstractContextManager[Callable[[int, int, str], None]]]


def prepare_demo(first_day: date, last_day: date, *, seed: int, progress: ShowProgress) -> Store:
    """Fill a store with the simulated days; one that already holds exactly these is reused."""
    from etl import jobs

    home = open_store(prepared=False).home / "demo"
    mark = home / _DONE_MARK
    made_by = f"{rule_set_version()} {figures_version()} {head_revision()}"
    wanted = f"{first_day} {last_day} {seed} {sorted(DEMO_ASSETS.items())} {made_by}"
    if mark.exists() and mark.read_text("utf-8") == wanted:
        return _demo_store(home)
    shutil.rmtree(home, ignore_errors=True)
    store = _demo_store(home)
    moment = now()
    with progress("simulate", None) as advance:
        filed = []
        for file in simulate(home / "inbox", first_day, last_day, seed=seed, assets=DEMO_ASSETS):
            if file.received_at <= moment:
                filed.append(file)
            advance(len(filed), 0, file.path.name)
    with progress("receive", len(filed)) as advance:
        for place, file in enumerate(filed, 1):
            jobs.receive(store, file.candidate, received_at=file.received_at)
            advance(place, len(filed), file.path.name)
    with progress("ingest", len(filed)) as advance:
        jobs.process(store, progress=advance)
    answer_demo(store, first_day, last_day, moment)
    mark.write_text(wanted, "utf-8")
    return store


def prepare_replay(name: str, *, progress: ShowProgress) -> Store:
    """Fill a store with the files of an incident, or of all; one that already holds exactly these is reused."""
    incidents = replays_called(name)
    from etl import jobs
    from etl.replays.files import write_files

    home = open_store(prepared=False).home / "replays" / name
    mark = home / _DONE_MARK
    versions = " ".join(incident.version for incident in incidents)
    wanted = f"{versions} {rule_set_version()} {figures_version()} {head_revision()}"
    if mark.exists() and mark.read_text("utf-8") == wanted:
        return _demo_store(home)
    shutil.rmtree(home, ignore_errors=True)
    store = _demo_store(home)
    store.mark_as_replay(*(incident.name for incident in incidents))
    written = chain.from_iterable(write_files(incident, home / "inbox" / incident.name) for incident in incidents)
    with progress("ingest", None) as advance:
        for received_at, files in groupby(written, lambda file: file.received_at):
            candidates = [file.candidate for file in files]
            jobs.ingest(store, candidates, received_at=received_at, progress=advance, as_if_in_force=True)
    mark.write_text(wanted, "utf-8")
    return store


def _demo_store(home: Path) -> Store:
    """The demonstration's own store, always embedded, whatever DAXA_DATABASE_URL says."""
    return open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")

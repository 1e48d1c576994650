"""A column that is added, dropped or renamed from a day on, over files that were stored before, on both databases.

The store is filled by the source as it is. Then a copy of the source is changed as a developer changes it
(`tests/evolution/change.py`), and the same store is worked on with the copy, in a process of its own, through the
command, the pages and the HTTP door (`tests/evolution/after_change.py`).
"""

import os
import subprocess
import sys
from pathlib import Path

from app.testbed.simulator import simulate
from etl import jobs
from etl.export import export_rows
from etl.intake import Candidate, Declared
from etl.store import open_store
from expectations.vocabulary import Period
from tests.evolution.change import ASSETS, EARLIER, LATER, ROOT, SEED, change


def fill(home: Path, url: str, inbox: Path, before: Path) -> None:
    """File the days before the change, and keep what is told of them."""
    store = open_store(home, url)
    for file in simulate(inbox, EARLIER[0], LATER[-1], seed=SEED, assets=ASSETS, exchanges=tuple(ASSETS), story=False):
        if file.period.first_day in EARLIER:
            declared = Declared(file.exchange, file.report, file.period)
            jobs.receive(store, Candidate(file.path, declared), received_at=file.received_at)
    jobs.process(store)
    day = Period.of_day(EARLIER[-1])
    export_rows(store, "api_keys", day, day, format_="csv", out=before / "rows.csv")
    store.engine.dispose()


def test_a_change_of_shape_over_what_was_filed_before(
    tmp_path: Path,
    database_url: str,
) -> None:
    home, inbox, before, copy = (tmp_path / name for name in ("home", "inbox", "before", "copy"))
    for folder in (home, inbox, before, copy):
        folder.mkdir()
    fill(home, database_url, inbox, before)
    environment = {
        **os.environ,
        "DAXA_HOME": str(home),
        "DAXA_DATABASE_URL": database_url,
        "EVOLUTION_BEFORE": str(before),
    }
    environment.pop("PYTHONPATH", None)
    command = [sys.executable, "-c", "from app.cli import main; main()", "findings", "--json", "--to", str(EARLIER[-1])]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    (before / "findings").write_bytes(told.stdout)
    every = database_url.startswith("postgresql")
    inner = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/evolution/after_change.py"]
    done = subprocess.run(
        [*inner, *([] if every else ["-m", "not slow"])],
        cwd=change(copy),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2_000:]

"""Simulated exchanges that file in their own formats, seeded, with a story worth looking at.

`simulate` writes the files of a run in order of receipt. The same arguments give the same bytes. A day's figures do not
depend on which other days are simulated, except for key cases and halts, which begin with the run, and for the story,
which is told backwards from the last day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from app.testbed.simulator.filing import GENERATORS, Filing, contents, planned, table_of, whole_contents
from app.testbed.simulator.market import MEMBERS, listing
from app.testbed.simulator.story import STORY, Run
from etl.exchanges import all_exchanges
from etl.intake import SIDE_FILE, Candidate, Declared, given_beside
from expectations.catalogue import all_reports
from expectations.catalogue import report as report_of
from expectations.vocabulary import Period

__all__ = [
    "REAL_ASSETS",
    "SimulatedFile",
    "canonical_table",
    "simulate",
]

REAL_ASSETS = {name: member.assets for name, member in MEMBERS.items()}
"""How many assets each exchange lists at real size."""


@dataclass(frozen=True, slots=True)
class SimulatedFile:
    """A written file, named `EXCHANGE_REPORT_PERIOD.EXT` in a folder per KST day of receipt.

    `received_at` (UTC) is when the story says that the exchange sends it; that may lie in the future, and it is
    for the reader to hold back what has not been sent yet.
    """

    path: Path
    exchange: str
    report: str
    period: Period
    received_at: datetime

    @property
    def candidate(self) -> Candidate:
        """The file as it is to be filed, with the hash that its exchange gives of it, if any."""
        declared = Declared(self.exchange, self.report, self.period)
        return Candidate(self.path, declared, given=given_beside(self.path))


def simulate(
    folder: Path,
    first_day: date,
    last_day: date,
    *,
    seed: int,
    assets: Mapping[str, int] | None = None,
    exchanges: Sequence[str] | None = None,
    story: bool = True,
    reports: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[SimulatedFile]:
    """Write the files for `first_day` to `last_day` below `folder`, one at a time in order of receipt.

    `assets` says how many assets each exchange lists (real size where it does not). Without `story` nothing goes wrong:
    no rule has anything to say of the files. `progress` is told the files written and the files planned. Raises
    KeyError for an exchange or report that is not simulated and ValueError for days or sizes that cannot be.
    """
    run = _run(first_day, last_day, seed, assets or {}, exchanges, story)
    plan = planned(run, tuple(_known(reports, GENERATORS, all_reports(), "report")))
    return _written(folder, run, plan, progress)


def canonical_table(exchange: str, report: str, period: Period, *, seed: int, assets: int | None = None) -> pa.Table:
    """The canonical rows of one report without any trouble, no `source_row`: ground for other tables."""
    day = period.first_day
    run = _run(day, day, seed, {} if assets is None else {exchange: assets}, [exchange], story=False)
    return table_of(run, exchange, report_of(report), period)


def _written(
    folder: Path, run: Run, plan: Sequence[Filing], progress: Callable[[int, int], None] | None
) -> Iterator[SimulatedFile]:
    for number, filing in enumerate(plan, 1):
        path = folder / filing.place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents(run, filing))
        if filing.has_hash:
            line = f"{hashlib.sha256(whole_contents(run, filing)).hexdigest()}  {path.name}\n"
            path.with_name(path.name + SIDE_FILE).write_text(line, "utf-8")
        if progress is not None:
            progress(number, len(plan))
        yield SimulatedFile(path, filing.exchange, filing.report, filing.period, filing.received_at)


def _run(
    first_day: date,
    last_day: date,
    seed: int,
    assets: Mapping[str, int],
    exchanges: Sequence[str] | None,
    story: bool,
) -> Run:
    if last_day < first_day:
        raise ValueError(f"the last day, {last_day}, lies before the first, {first_day}")
    chosen = _known(exchanges, MEMBERS, all_exchanges(), "exchange")
    sizes = tuple((name, assets.get(name, REAL_ASSETS[name])) for name in chosen)
    for name, size in sizes:
        listing(name, size)
    return Run(seed, first_day, last_day, sizes, STORY if story else ())


def _known(
    wanted: Sequence[str] | None, simulated: Mapping[str, object], order: Mapping[str, object], what: str
) -> list[str]:
    """The wanted names in the house's order, all where none are given."""
    names = [name for name in order if name in simulated]
    unknown = [name for name in wanted or () if name not in names]
    if unknown:
        raise KeyError(f"no {what} '{unknown[0]}' is simulated; those that are: {', '.join(names)}")
    return [name for name in names if wanted is None or name in wanted]

"""Speed as ratios of one run: a full-size day of all exchanges through `ingest` against its floor.

The floor is a plain reading of the same files, each by the same library that the readers use and with no check at
all, plus writing what was read as Parquet. Both run in processes of their own after a warm-up, in turn, so that the
machine's moods meet both; the peak is the whole process's.
"""

from __future__ import annotations

import io
import json as json_library
import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook

AIM_RATIO = 4.0
AIM_PEAK_BYTES = 1_000_000_000
"""What the project holds itself to: at most four times the floor, below one gigabyte."""

_DAY = date(2026, 11, 2)
_WARM_UP_DAY = date(2026, 11, 1)
_ROUNDS = 3


def measure_day(folder: Path, assets: int | None, advance: Callable[[int, int, str], None]) -> dict[str, Any]:
    """Simulate a day at real size and take it both ways in turn: seconds, ratio and peak."""
    rows = _simulate(folder, assets, advance)
    seconds: dict[str, list[float]] = {"ingest": [], "floor": []}
    peak = 0
    for turn in range(_ROUNDS):
        for place, (name, measure) in enumerate((("ingest", measure_ingest), ("floor", measure_floor))):
            taken, most = _apart(measure, folder, folder / f"{name}{turn}")
            seconds[name].append(taken)
            peak = max(peak, most) if name == "ingest" else peak
            advance(2 * turn + place + 1, 2 * _ROUNDS, name)
    ratios = [i / f for i, f in zip(seconds["ingest"], seconds["floor"], strict=True)]
    return {
        "bench": "one day of all exchanges through ingest, warm, against plain reading and writing Parquet",
        "rows": rows,
        "ingest_seconds": round(median(seconds["ingest"]), 3),
        "floor_seconds": round(median(seconds["floor"]), 3),
        "ratio": round(median(ratios), 2),
        "ratio_aim": AIM_RATIO,
        "peak_megabytes": round(peak / 1e6),
        "peak_megabytes_aim": round(AIM_PEAK_BYTES / 1e6),
    }


def _simulate(folder: Path, assets: int | None, advance: Callable[[int, int, str], None]) -> int:
    from app.testbed.simulator import simulate
    from etl.exchanges import all_exchanges

    chosen = None if assets is None else dict.fromkeys(all_exchanges(), assets)
    few = dict.fromkeys(all_exchanges(), 2)
    for _ in simulate(folder / "warm", _WARM_UP_DAY, _WARM_UP_DAY, seed=1, assets=few, story=False):
        pass
    for count, file in enumerate(simulate(folder / "day", _DAY, _DAY, seed=1, assets=chosen, story=False), 1):
        advance(count, 0, file.path.name)
    return sum(table.num_rows for table in map(read_plainly, _files(folder / "day")))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _apart(measure: Callable[[Path, Path], float], folder: Path, home: Path) -> tuple[float, int]:
    """Run a measurement in a fresh process: its seconds and the process's peak in bytes."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        return executor.submit(_measured, measure, folder, home).result()


def _measured(measure: Callable[[Path, Path], float], folder: Path, home: Path) -> tuple[float, int]:
    taken = measure(folder, home)
    return taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure_ingest(folder: Path, home: Path) -> float:
    """Seconds that the day takes the whole way, after a small day has warmed the process."""
    from etl import jobs
    from etl.intake import Candidate, find
    from etl.store import open_store

    store = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    taken = 0.0
    for part in ("warm", "day"):
        candidates = [found for found in find([folder / part]) if isinstance(found, Candidate)]
        start = time.perf_counter()
        outcomes = jobs.ingest(store, candidates)
        taken = time.perf_counter() - start
        refused = [o.receipt.file for o in outcomes if o.receipt.submission.state.value != "accepted"]
        if refused:
            raise RuntimeError(f"the bench's own files were refused: {refused[:3]}")
    return taken


def measure_floor(folder: Path, home: Path) -> float:
    """Seconds that a plain reading of the same files and writing them as Parquet take, after a warm-up."""
    home.mkdir(parents=True)
    taken = 0.0
    for part in ("warm", "day"):
        files = _files(folder / part)
        start = time.perf_counter()
        for path in files:
            pq.write_table(read_plainly(path), home / f"{path.name}.parquet", compression="zstd")
        taken = time.perf_counter() - start
    return taken


def read_plainly(path: Path) -> pa.Table:
    """A file as its library gives it, without any check."""
    data = path.read_bytes()
    if path.suffix == ".json":
        document = json_library.loads(data)
        return pa.Table.from_pylist(document["data"] if isinstance(document, dict) else document)
    if path.suffix == ".xlsx":
        rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
        header, body = rows[2], rows[3:]
        return pa.table({name: [str(row[place]) for row in body] for place, name in enumerate(header)})
    encoding = "utf-8" if data.startswith(b"\xef\xbb\xbf") else "cp949"
    return pa_csv.read_csv(
        io.BytesIO(data),
        read_options=pa_csv.ReadOptions(encoding=encoding),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=lambda row: "skip"),
    )

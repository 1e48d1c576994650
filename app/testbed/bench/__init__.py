"""Speed as ratios within one run: each part measures the program and its yardstick in turn and gives one record.

A part is a module that measures, given a folder of its own, and returns its record; what is printed of it is here.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from app.testbed.bench.history import measure_history
from app.testbed.bench.ingest import measure_day
from app.testbed.bench.rules import measure_rules
from app.testbed.bench.screens import measure_screens

Record = dict[str, Any]
Advance = Callable[[int, int, str], None]
ShowProgress = Callable[[str, int | None], AbstractContextManager[Advance]]

PARTS: Mapping[str, Callable[[Path, int | None, Advance], Record]] = {
    "ingest": measure_day,
    "rules": measure_rules,
    "history": measure_history,
    "screens": measure_screens,
}
"""What `daxa bench` measures, in this order: each given a folder, how many assets (None: real size), and progress."""

ON_DEMAND = ("screens",)
"""Parts that are measured only where they are asked for: filling a year takes many minutes."""


class UnknownPartError(ValueError):
    """There is no such part."""


def run_bench(
    *,
    only: Sequence[str],
    assets: int | None,
    json: bool,
    emit: Callable[[Record], None],
    progress: ShowProgress,
) -> None:
    """Measure the parts that are asked for, all but those on demand where none is, and print each as it is done."""
    for name in only:
        if name not in PARTS:
            raise UnknownPartError(f"there is no part '{name}' of the bench; there are {', '.join(PARTS)}")
    for name, measure in PARTS.items():
        if name in only or (not only and name not in ON_DEMAND):
            folder = Path(tempfile.mkdtemp(prefix="daxa-bench-"))
            try:
                with progress(name, None) as advance:
                    record = measure(folder, assets, advance)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            if json:
                emit(record)
            else:
                print("\n".join(lines(record)))


def lines(record: Record, indent: str = "") -> list[str]:
    """A record as one reads it: its name, then a line a value, those of a group indented, aims beside their value."""
    shown = [f"{indent}{record['bench']}"] if "bench" in record else []
    for name, value in record.items():
        if name == "bench" or name.endswith("_aim"):
            continue
        words = name.replace("_", " ")
        if isinstance(value, dict):
            shown += [f"{indent}  {words}", *lines(value, f"{indent}  ")]
        else:
            aim = record.get(f"{name}_aim")
            number = f"{value:,}" if isinstance(value, int | float) else str(value)
            shown.append(f"{indent}  {words:24} {number}" + (f" (aim ≤ {aim:,g})" if aim is not None else ""))
    return shown

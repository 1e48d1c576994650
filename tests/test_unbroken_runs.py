"""A term is judged once it has passed in an unbroken run of accepted days, whichever of them comes or goes last."""

from collections.abc import Iterator
from datetime import datetime
from itertools import permutations
from pathlib import Path

import pytest

from etl import jobs
from etl.records import submissions as life
from etl.records.engine import reading
from etl.store import Store, open_store
from expectations.vocabulary import KST
from tests.filing import file, halt, halts

BEGUN = datetime(2026, 11, 2, 23, 30, tzinfo=KST)
DAYS = {
    "2026-11-02": halts(halt("H-1", BEGUN).replace("maintenance", "systemFault")),
    "2026-11-03": halts(),
    "2026-11-04": halts(),
}


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def is_found(store: Store) -> bool:
    """Whether the halt without a notice is a finding."""
    with reading(store.engine) as connection:
        return any(one.finding.rule == "HLT-006" for one in life.current_findings(connection))


@pytest.mark.parametrize("order", sorted(permutations(DAYS)), ids=" ".join)
def test_a_day_that_lacks_keeps_a_term_open_until_it_comes(
    store: Store, tmp_path: Path, order: tuple[str, ...]
) -> None:
    for place, day in enumerate(order, start=1):
        file(store, tmp_path, f"korbit_halts_{day}.csv", DAYS[day])
        known = {*order[:place]}
        assert is_found(store) == ({"2026-11-02", "2026-11-03"} <= known), known


def test_a_day_that_is_withdrawn_opens_it_again(store: Store, tmp_path: Path) -> None:
    filed = {day: file(store, tmp_path, f"korbit_halts_{day}.csv", text) for day, text in DAYS.items()}
    assert is_found(store)
    jobs.withdraw(store, filed["2026-11-03"].receipt.submission.id, reason="wrong day")
    assert not is_found(store)
    file(store, tmp_path, "korbit_halts_2026-11-03.csv", DAYS["2026-11-03"])
    assert is_found(store)

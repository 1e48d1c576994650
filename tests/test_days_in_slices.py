"""What a rule says of a whole day is the same whether it came as one file or as slices, in whatever order."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest

from etl.records import submissions as life
from etl.records.engine import reading
from etl.store import Store, open_store
from expectations.vocabulary import Period
from tests.filing import RECONCILIATION_HEADER, file, milliseconds

DAY = "2026-12-02"
SLICES = (f"{DAY}T00-08", f"{DAY}T08-16", f"{DAY}T16-24")
SUBJECTS = {"REC-009": "FOLLOWS", "REC-011": "LEFT"}


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def reconciliation(text: str, *assets: str) -> str:
    """Checks every five minutes: `follows` has wallets made from its ledger, the others go their own way."""
    period = Period.parse(text)
    begin = Period.of_day(period.first_day).start
    lines = [RECONCILIATION_HEADER]
    for number in range((period.end - period.start) // timedelta(minutes=5)):
        at = period.start + number * timedelta(minutes=5)
        place = (at - begin) // timedelta(hours=8) + number % 2
        for asset in assets:
            wallet = 20 + place if asset == "follows" else f"{40 + number}.5"
            lines.append(f"{milliseconds(at)},{asset},{10 + place},{wallet},100,match")
    return "\r\n".join(lines) + "\r\n"


def found(store: Store) -> dict[str, list[tuple[str, str | None]]]:
    """The periods and subjects of the findings of a day's rules."""
    with reading(store.engine) as connection:
        return {
            rule: sorted(
                (one.submission.period.text, one.finding.subject)
                for one in life.current_findings(connection)
                if one.finding.rule == rule
            )
            for rule in SUBJECTS
        }


@pytest.mark.parametrize("order", sorted(permutations(range(3))))
def test_a_day_in_slices_is_judged_as_one_when_all_of_it_is_there(
    store: Store, tmp_path: Path, order: tuple[int, ...]
) -> None:
    file(store, tmp_path, "korbit_reconciliation_2026-12-01.csv", reconciliation("2026-12-01", "left"))
    for count, place in enumerate(order, start=1):
        text = SLICES[place]
        assets = ("follows", "left") if place == 1 else ("follows",)
        file(store, tmp_path, f"korbit_reconciliation_{text}.csv", reconciliation(text, *assets))
        there = sorted(order[:count])
        lacking = [SLICES[one] for one in there if one != 1]
        assert found(store) == {
            "REC-009": [(SLICES[0], "FOLLOWS")] if count == 3 else [],
            "REC-011": [(lacking[0], "LEFT")] if lacking else [],
        }


def test_a_whole_day_is_judged_by_itself(store: Store, tmp_path: Path) -> None:
    file(store, tmp_path, "korbit_reconciliation_2026-12-01.csv", reconciliation("2026-12-01", "left"))
    file(store, tmp_path, f"korbit_reconciliation_{DAY}.csv", reconciliation(DAY, "follows"))
    assert found(store) == {"REC-009": [(DAY, "FOLLOWS")], "REC-011": [(DAY, "LEFT")]}

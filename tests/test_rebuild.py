"""Figures are derived: made anew from the published rows they are the same, in one transaction, on both databases."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, update

from app.testbed.simulator import simulate
from etl import jobs, rebuild
from etl.intake import Candidate, Declared
from etl.records.engine import RecordsUnavailableError, reading, writing
from etl.records.tables import derived_tables, figures_made
from etl.store import Store, open_store

SIZES = {"korbit": 3, "gopax": 3}


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Store:
    """Two days of two exchanges, one of whose files was filed twice."""
    opened = open_store(tmp_path, database_url)
    files = list(simulate(tmp_path / "in", date(2026, 11, 1), date(2026, 11, 2), seed=5, assets=SIZES, exchanges=SIZES))
    for file in files:
        declared = Declared(file.exchange, file.report, file.period)
        jobs.receive(opened, Candidate(file.path, declared), received_at=file.received_at)
    first = files[0]
    first.path.write_bytes(first.path.read_bytes() + b"\n")
    jobs.receive(opened, Candidate(first.path, Declared(first.exchange, first.report, first.period)))
    jobs.process(opened)
    yield opened
    opened.engine.dispose()


def figures_of(store: Store) -> dict[str, list[str]]:
    with reading(store.engine) as connection:
        return {table.name: sorted(map(str, connection.execute(select(table)))) for table in derived_tables()}


def made_by_another_version(store: Store) -> None:
    with writing(store.engine) as connection:
        connection.execute(update(figures_made).values(version="another"))
        figure = next(table for table in derived_tables() if table.name == "volume_days")
        connection.execute(update(figure).values(trade_count=0))


def test_figures_made_anew_are_the_same(store: Store) -> None:
    before = figures_of(store)
    assert len([name for name, rows in before.items() if rows]) > 8
    made_by_another_version(store)
    assert figures_of(store) != before
    assert rebuild.rebuild_figures(store.engine, store.facts) > 10
    assert figures_of(store) == before


def test_figures_that_are_current_are_left_alone(store: Store) -> None:
    assert rebuild.rebuild_figures(store.engine, store.facts) == 0


def test_a_store_with_older_figures_says_what_to_do(store: Store) -> None:
    made_by_another_version(store)
    with pytest.raises(RecordsUnavailableError, match="daxa migrate"):
        rebuild.make_figures_ready(store.engine)


def test_a_rebuild_that_fails_leaves_the_old_figures(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made_by_another_version(store)
    before = figures_of(store)
    monkeypatch.setattr(rebuild.figures, "write", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        rebuild.rebuild_figures(store.engine, store.facts)
    assert figures_of(store) == before


def test_small_batches_make_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = figures_of(store)
    made_by_another_version(store)
    monkeypatch.setattr(rebuild, "BATCH_ROWS", 1)
    rebuild.rebuild_figures(store.engine, store.facts)
    assert figures_of(store) == before

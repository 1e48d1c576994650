"""The year that screens are measured with: copies of real days' records, moved back whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from app.testbed.year import Year, fill_year, moved_text
from etl.records.engine import reading
from etl.records.tables import derived_tables, findings, states, submissions
from etl.records.types import ExactDecimal
from etl.store import Store, open_store
from expectations.vocabulary import KST

pytestmark = pytest.mark.slow

YEAR = Year(date(2026, 11, 15), days=45, model_days=3, assets=2)


@contextmanager
def quietly(_title: str, _total: int | None):
    yield lambda done, of, name: None


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = fill_year(tmp_path_factory.mktemp("year"), YEAR, quietly)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def model(store: Store) -> Iterator[Store]:
    opened = open_store(store.home / "model", f"sqlite:///{store.home / 'model' / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


FIGURES = [table for table in derived_tables() if "submission" in table.c]


def rows(store: Store, table, condition=None):
    with reading(store.engine) as connection:
        query = select(table) if condition is None else select(table).where(condition)
        return [dict(row) for row in connection.execute(query).mappings()]


@pytest.mark.parametrize("table", FIGURES, ids=lambda table: table.name)
def test_every_figure_of_the_model_stands_on_every_earlier_day_of_its_rhythm(store, model, table):
    by_day = select(table.c.day, func.count()).group_by(table.c.day)
    with reading(store.engine) as connection:
        counts = dict(connection.execute(by_day).all())
    with reading(model.engine) as connection:
        expected = dict(connection.execute(by_day).all())
    if table.name == "audits":
        assert counts.keys() == {date(2026, 10, 1)}
        return
    for back in range(YEAR.days):
        day = YEAR.last_day - timedelta(days=back)
        pattern = YEAR.last_day - timedelta(days=back % YEAR.model_days)
        assert counts.get(day, 0) == expected.get(pattern, 0), day


def test_amounts_are_scaled_alike_and_quantities_and_counts_stay(store, model):
    table = next(table for table in FIGURES if table.name == "volume_days")
    day, back = YEAR.last_day, timedelta(days=YEAR.model_days)
    now = {row["exchange"]: row for row in rows(model, table, table.c.day == day)}
    then = {row["exchange"]: row for row in rows(store, table, table.c.day == day - back)}
    ratios = {
        then[exchange][column.name] / now[exchange][column.name]
        for exchange in now
        for column in table.c
        if isinstance(column.type, ExactDecimal) and now[exchange][column.name]
    }
    assert len(ratios) == 1
    assert ratios != {1}
    assert all(then[exchange]["trade_count"] == now[exchange]["trade_count"] for exchange in now)


def test_a_copied_submission_has_its_own_number_period_and_history(store, model):
    day = YEAR.last_day
    (original,) = rows(
        model,
        submissions,
        (submissions.c.report == "api_volume")
        & (submissions.c.exchange == "upbit")
        & (submissions.c.period == f"{day}"),
    )
    moved = day - timedelta(days=YEAR.model_days)
    (copy,) = rows(
        store,
        submissions,
        (submissions.c.report == "api_volume")
        & (submissions.c.exchange == "upbit")
        & (submissions.c.period == f"{moved}"),
    )
    assert copy["id"] == original["id"].replace(
        f"{day + timedelta(days=1):%Y%m%d}", f"{moved + timedelta(days=1):%Y%m%d}"
    )
    assert copy["period_start"].astimezone(KST).date() == moved
    assert copy["received_at"] == original["received_at"] - timedelta(days=YEAR.model_days)
    history = [row["state"] for row in rows(store, states, states.c.submission == copy["id"])]
    assert history == [row["state"] for row in rows(model, states, states.c.submission == original["id"])]


def test_findings_are_copied_with_what_they_are_of(store, model):
    assert len(rows(store, findings)) > len(rows(model, findings)) > 0
    numbers = {row["id"] for row in rows(store, submissions)}
    assert {row["submission"] for row in rows(store, findings)} - {None} <= numbers


def test_the_newest_days_have_rows_behind_them(store):
    for row in rows(store, submissions, submissions.c.period == f"{YEAR.last_day}"):
        files = list((store.home / "facts").glob(f"*/*/*/{row['id']}.parquet"))
        assert bool(files) == (row["state"] in ("accepted", "superseded"))


def test_a_store_that_holds_the_year_is_taken_as_it_stands(store):
    before = (store.home / "daxa.sqlite").stat()
    fill_year(store.home, YEAR, quietly).engine.dispose()
    assert (store.home / "daxa.sqlite").stat().st_ino == before.st_ino


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("2026-11-02", "2026-10-31"),
        ("2026-11-02T09-12", "2026-10-31T09-12"),
        ("20261102-c5b620d1e2", "20261031-c5b620d1e2"),
        ("BI-C-20261102-900", "BI-C-20261031-900"),
        ("upbit_api_keys_2026-11-02.json", "upbit_api_keys_2026-10-31.json"),
        ("≤ 2026-11-02T10:00:00.000+09:00", "≤ 2026-10-31T10:00:00.000+09:00"),
        ("a20261102b, 2026-13-02, 2026-02-31, 120261102", "a20261102b, 2026-13-02, 2026-02-31, 120261102"),
        ("KRW-BTC", "KRW-BTC"),
    ],
)
def test_every_day_that_a_text_names_is_moved(text: str, moved: str) -> None:
    assert moved_text(text, 2) == moved


def test_a_month_becomes_the_month_that_is_told() -> None:
    months = (("2026-10", "2026-08"),)
    assert moved_text("gopax_audits_2026-10.csv", 61, months) == "gopax_audits_2026-08.csv"
    assert moved_text("2026-10-31", 61, months) == "2026-08-31"

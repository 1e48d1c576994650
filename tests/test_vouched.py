"""Every column of every table: another value in one row is found by what `daxa verify` does, or the reason is listed.

So is a row that is taken away and one that is added. The lists of what passes unseen are those of
`etl.records.vouched`; nothing else passes.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from forging import around_the_guards, change_one, copy_one, fill, place_of
from log_tampering import drop_guards
from sqlalchemy import Column, Connection, Table, delete, func, select

from etl.figure_faults import figure_faults
from etl.figures import AcceptedRows, derive
from etl.records import submissions as life
from etl.records.schema import every_table
from etl.records.vouched import NO_EVIDENCE, OTHERWISE, VOUCHINGS
from etl.signing import public_keys_of
from etl.store import Store, open_store
from etl.verify import records_held, verify_store

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("guards_not_asked")]

EVERY_TABLE = [pytest.param(table, id=table.name) for table in every_table()]
EVERY_COLUMN = [pytest.param(column, id=f"{table.name}.{column.name}") for table in every_table() for column in table.c]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("forged")
    opened = open_store(folder / "home", f"sqlite:///{folder / 'records.sqlite'}")
    with pytest.MonkeyPatch.context() as patch:
        fill(opened, folder, patch)
    drop_guards(opened)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("etl.figures.derive", _once(derive))  # the published rows are the same for every test
        yield opened
    opened.engine.dispose()


def _once(really: Callable[..., Any]) -> Callable[..., Any]:
    made: dict[tuple[str, ...], Any] = {}

    def derived(report: str, files: Sequence[AcceptedRows]) -> Any:
        asked = (report, *(file.submission for file in files))
        return made[asked] if asked in made else made.setdefault(asked, really(report, files))

    return derived


def faults(store: Store, connection: Connection) -> list[str]:
    """What `daxa verify` finds in the records as they stand inside a transaction; figures where nothing else is."""
    held = records_held(connection, public_keys_of(store.home))
    figures = [] if held.faults else figure_faults(connection, store.facts, life.with_rows(connection))
    return [f"{fault.subject}: {fault.what}" for fault in (*held.faults, *figures)]


def unseen(column: Column[Any]) -> str | None:
    """Why another value in a column passes unseen; None where it must not."""
    table = column.table.name
    return NO_EVIDENCE.get(table) or next(
        (
            one.left_out[column.name]
            for one in VOUCHINGS.values()
            if one.table.name == table and column.name in one.left_out
        ),
        None,
    )


@pytest.mark.parametrize("table", EVERY_TABLE)
def test_the_store_of_these_tests_has_rows_in_every_table(store: Store, table: Table) -> None:
    with around_the_guards(store) as connection:
        assert connection.execute(select(func.count()).select_from(table)).scalar_one() > 0


def test_nothing_is_found_in_a_store_that_nobody_forged(store: Store) -> None:
    assert verify_store(store).faults == ()
    with around_the_guards(store) as connection:
        assert faults(store, connection) == []


@pytest.mark.parametrize("column", EVERY_COLUMN)
def test_another_value_in_one_row_is_found(store: Store, column: Column[Any]) -> None:
    with around_the_guards(store) as connection:
        put = change_one(connection, column)
        found = faults(store, connection)
        assert bool(found) == (unseen(column) is None), put


@pytest.mark.parametrize("table", EVERY_TABLE)
def test_a_row_that_is_taken_away_is_found(store: Store, table: Table) -> None:
    with around_the_guards(store) as connection:
        place = place_of(connection)
        first = connection.execute(select(place).select_from(table).order_by(place).limit(1)).scalar_one()
        connection.execute(delete(table).where(place == first))
        assert bool(faults(store, connection)) == (table.name not in NO_EVIDENCE)


@pytest.mark.parametrize("table", EVERY_TABLE)
def test_a_row_that_is_added_is_found(store: Store, table: Table) -> None:
    with around_the_guards(store) as connection:
        copy_one(connection, table)
        assert bool(faults(store, connection)) == (table.name not in NO_EVIDENCE)


def test_every_table_is_vouched_for_or_told_why_not() -> None:
    figures = {table.name for table in every_table() if table.info.get("derived")}
    told = {one.table.name for one in VOUCHINGS.values()} | set(OTHERWISE) | set(NO_EVIDENCE) | figures
    assert told == {table.name for table in every_table()}

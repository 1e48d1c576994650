"""The records keep money and instants exact, and the migrations make the schema that the code expects."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, Table, insert, select

from etl.rebuild import make_figures_ready
from etl.records import engine as records
from etl.records.schema import metadata
from etl.records.types import ExactDecimal, Instant

ROOT = Path(__file__).resolve().parent.parent
LONGEST = Decimal("12345678901234567890.123456789012345678")


@pytest.fixture
def engine(database_url):
    opened = records.open_engine(database_url)
    yield opened
    opened.dispose()


def test_migrations_and_figures_make_exactly_the_schema_of_the_tables(engine):
    records.prepare(engine)
    make_figures_ready(engine)
    with records.reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(engine):
    assert records.migrate(engine) == (None, records.head_revision())
    assert records.migrate(engine) == (records.head_revision(), records.head_revision())


def test_a_database_of_another_revision_is_refused_with_what_to_do(engine):
    records.prepare(engine)
    with records.writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(records.RecordsUnavailableError, match="daxa migrate"):
        records.prepare(engine)


@pytest.mark.parametrize(
    "value",
    [Decimal(0), LONGEST, -LONGEST, Decimal("1E-18"), Decimal("0.1"), Decimal("60140000000000.00000001")],
    ids=str,
)
def test_a_decimal_comes_back_to_the_last_digit(engine, value):
    table = Table("amounts", MetaData(), Column("id", Integer, primary_key=True), Column("amount", ExactDecimal))
    with records.writing(engine) as connection:
        table.create(connection)
        connection.execute(insert(table).values(id=1, amount=value))
        assert connection.execute(select(table.c.amount)).scalar_one() == value


def test_a_float_is_refused_where_a_decimal_is_due(engine):
    table = Table("amounts", MetaData(), Column("amount", ExactDecimal))
    with records.writing(engine) as connection:
        table.create(connection)
    with pytest.raises(Exception, match="takes a Decimal"), records.writing(engine) as connection:
        connection.execute(insert(table).values(amount=0.1))


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 2, 9, 5, 0, 123000, timezone(timedelta(hours=9))),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2998, 12, 31, 23, 59, 59, 999000, UTC),
    ],
    ids=str,
)
def test_an_instant_comes_back_to_the_millisecond(engine, moment):
    table = Table("moments", MetaData(), Column("at", Instant))
    with records.writing(engine) as connection:
        table.create(connection)
        connection.execute(insert(table).values(at=moment))
        assert connection.execute(select(table.c.at)).scalar_one() == moment


def test_an_instant_without_zone_is_refused(engine):
    with pytest.raises(TypeError, match="time zone"):
        Instant().process_bind_param(datetime(2026, 11, 2), engine.dialect)


@pytest.mark.parametrize("url", ["mysql://h/d", "nonsense", "sqlite+nothing://"])
def test_an_address_that_is_none_is_said_in_one_sentence(url):
    with pytest.raises(records.RecordsUnavailableError, match="is no database address"):
        records.open_engine(url)


def test_an_unreachable_database_is_said_in_one_sentence_without_its_password():
    engine = records.open_engine("postgresql://user:secret@127.0.0.1:1/none?connect_timeout=2")
    with pytest.raises(records.RecordsUnavailableError, match="cannot be opened") as caught, records.reading(engine):
        pass
    assert "secret" not in str(caught.value)


def test_a_failed_transaction_leaves_nothing(engine):
    table = Table("numbers", MetaData(), Column("number", Integer))
    with records.writing(engine) as connection:
        table.create(connection)
    with pytest.raises(ZeroDivisionError), records.writing(engine) as connection:
        connection.execute(insert(table).values(number=1))
        raise ZeroDivisionError
    with records.reading(engine) as connection:
        assert connection.execute(select(table)).all() == []


def test_every_table_belongs_to_the_schema_whatever_was_imported_before() -> None:
    """A dump or a copy that missed a table would lose it without a word."""
    code = "from etl.records.schema import every_table; print(*sorted(table.name for table in every_table()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    declared = {
        name
        for file in (ROOT / "etl" / "records").glob("*.py")
        for name in re.findall(r'= (?:Table|_figure)\(\s*"(\w+)"', file.read_text("utf-8"))
    }
    assert set(done.stdout.split()) == declared

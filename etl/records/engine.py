"""Opening the records: SQLite by default, PostgreSQL by URL; transactions, and migrations through Alembic."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, ProgrammingError

from etl.migrations import first_stores
from etl.modes import make_file

_MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
BUSY_VARIABLE = "DAXA_BUSY_SECONDS"
_BUSY_SECONDS = 30.0
"""How long a writer waits for another one before it says that the database is locked."""
EXCHANGE_SETTING = "daxa.exchange"
"""What PostgreSQL's policies ask: for which exchange a transaction reads; unset where it is for all."""
_EXCHANGE_OPTION = "daxa_exchange"


class RecordsUnavailableError(RuntimeError):
    """The database cannot be used: a sentence for the person at the command."""


def open_engine(url: str) -> Engine:
    """An engine for `url`; RecordsUnavailableError where it is no database URL that we know."""
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise ArgumentError(parsed.drivername)
        engine = create_engine(parsed)
    except (ArgumentError, NoSuchModuleError) as error:
        raise RecordsUnavailableError(
            f"'{_shown(url)}' is no database address; DAXA_DATABASE_URL is sqlite:///path or postgresql://…"
        ) from error
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(engine)
    return engine


def _shown(url: str) -> str:
    """The address without its password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://…{rest.rpartition('@')[2]}" if "@" in rest else url


def _set_up_sqlite(engine: Engine) -> None:
    """Write-ahead logging, transactions that begin when we say so, and files for their owner alone."""

    @event.listens_for(engine, "do_connect")
    def _to_be_connected(_dialect: Any, _record: Any, where: list[Any], _how: Any) -> None:
        # SQLite gives the files beside a database the rights that the database has.
        if engine.url.database and not str(where[0]).startswith(("file:", ":memory:")):
            with suppress(OSError):  # the connection fails on it, in a sentence of its own
                make_file(Path(where[0]))

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        patience = float(os.environ.get(BUSY_VARIABLE) or _BUSY_SECONDS)
        for pragma in (
            f"busy_timeout={int(patience * 1000)}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("daxa_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def limited_to(engine: Engine, exchange: str) -> Engine:
    """The same engine for requests of one exchange: what `reading` opens on it says so to PostgreSQL's policies.

    What `writing` opens sees all, for submissions are numbered over all exchanges.
    """
    return engine.execution_options(**{_EXCHANGE_OPTION: exchange})


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view of the records."""
    with _opened(engine) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            exchange = engine.get_execution_options().get(_EXCHANGE_OPTION)
            if exchange is not None:
                said = {"setting": EXCHANGE_SETTING, "exchange": exchange}
                connection.execute(text("SELECT set_config(:setting, :exchange, true)"), said)
        yield connection


@contextmanager
def writing(engine: Engine, *, lock: str = "records") -> Iterator[Connection]:
    """Open one transaction; no other under the same `lock` interleaves with it."""
    with _opened(engine) as connection:
        connection = connection.execution_options(daxa_writes=True)
        with connection.begin():
            hold(connection, lock)
            yield connection


def hold(connection: Connection, lock: str) -> None:
    """Take `lock` until the transaction ends; SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:lock))"), {"lock": lock})


@contextmanager
def alone(engine: Engine, work: str) -> Iterator[None]:
    """Do work that no other process or thread does on the same records at the same time; they wait for their turn.

    A process that ends gives its turn up. Nothing that is done within may ask for the same work.
    """
    if engine.dialect.name == "postgresql":
        with _opened(engine) as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("SELECT pg_advisory_lock(hashtext(:work))"), {"work": work})
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(hashtext(:work))"), {"work": work})
    else:
        lock = Path(f"{engine.url.database}.{work}.lock")
        make_file(lock)
        with lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


@contextmanager
def writing_soon(engine: Engine, *, patience: timedelta) -> Iterator[Connection]:
    """One small transaction under no lock, for what may as well be written later.

    RecordsUnavailableError where another writer does not make room within `patience`.
    """
    milliseconds = int(patience / timedelta(milliseconds=1))
    with _opened(engine) as connection:
        if engine.dialect.name == "sqlite":
            with _patient_for(connection, milliseconds):
                connection = connection.execution_options(daxa_writes=True)
                with connection.begin():
                    yield connection
        else:
            with connection.begin():
                connection.execute(text(f"SET LOCAL lock_timeout = {milliseconds}"))
                yield connection


@contextmanager
def _patient_for(connection: Connection, milliseconds: int) -> Iterator[None]:
    """SQLite's waiting time for others, changed on this connection alone and put back."""
    driver: Any = connection.connection.driver_connection
    (usual,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute(f"PRAGMA busy_timeout={milliseconds}")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA busy_timeout={usual}")


@contextmanager
def _opened(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except OperationalError as error:
        cause = str(error.orig).strip().splitlines()[0]
        raise RecordsUnavailableError(
            f"the database {_shown(engine.url.render_as_string(hide_password=True))} cannot be opened "
            f"({cause}); check DAXA_DATABASE_URL and that it is running"
        ) from error
    with connection:
        try:
            yield connection
        except OperationalError as error:
            if "locked" in str(error.orig) or "lock timeout" in str(error.orig):
                raise RecordsUnavailableError(
                    "the database is locked by another process; wait for it to end and try again"
                ) from error
            raise


def _configuration(url: str) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(_MIGRATIONS))
    configuration.attributes["url"] = url
    return configuration


def migrate(engine: Engine) -> tuple[str | None, str]:
    """Bring the schema to this version's; the revisions before and after."""
    with writing(engine, lock="migrations") as connection:
        return upgrade(connection)


def upgrade(connection: Connection) -> tuple[str | None, str]:
    """Bring the schema to this version's within a transaction; the revisions before and after."""
    configuration = _configuration("")
    configuration.attributes["connection"] = connection
    before = current_revision(connection)
    if before == "0001":
        first_stores.complete(connection)
    command.upgrade(configuration, "head")
    return before, str(current_revision(connection))


def columns_by_table(connection: Connection) -> dict[str, frozenset[str]]:
    """The names of the columns of each table, as the database has them."""
    found = inspect(connection).get_multi_columns()
    return {name: frozenset(str(column["name"]) for column in columns) for (_, name), columns in found.items()}


def head_revision() -> str:
    """The newest revision that this version of the program knows."""
    return str(ScriptDirectory.from_config(_configuration("")).get_current_head())


def current_revision(connection: Connection) -> str | None:
    """The revision that a database is at; None for one without tables of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def prepare(engine: Engine) -> None:
    """Create the schema in an empty database; RecordsUnavailableError where it holds an older or foreign one."""
    with reading(engine) as connection:
        current = current_revision(connection)
        empty = not inspect(connection).get_table_names()
    if current == head_revision():
        return
    if not empty:
        raise RecordsUnavailableError(
            f"the database is at revision {current}, this program at {head_revision()}; run 'daxa migrate'"
        )
    try:
        migrate(engine)
    except ProgrammingError as error:  # the service's role makes no tables
        raise RecordsUnavailableError(
            f"the database has no tables, and the role '{engine.url.username}' of DAXA_DATABASE_URL may not make them "
            f"({str(error.orig).strip().splitlines()[0]}); run 'daxa migrate' with the owner's address in "
            "DAXA_DATABASE_OWNER_URL"
        ) from error

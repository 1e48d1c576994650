"""A store of every revision that ever landed comes to this version by `daxa migrate`, and nothing of it is doubted."""

import hashlib
import os
import re
import sqlite3
import subprocess
import sys
import tarfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from browsing import ROOT
from killing import killed_at
from sqlalchemy import Boolean, Connection, Date, MetaData, text

from etl.records import engine as records
from etl.records.engine import open_engine, reading, writing
from etl.records.log import EventKind, entries
from etl.records.tables import derived_tables
from etl.store import open_store
from etl.verify import verify_store

STORES = Path(__file__).parent / "revisions"
VERSIONS = ROOT / "etl/migrations/versions"
LANDED_TOGETHER = {"0004", "0005", "0006", "0007", "0008"}
"""Revisions that landed with 0009: before that no store could be made by any of them alone."""
MADE_BY = sorted(path.name.partition(".")[0] for path in STORES.glob("*.tar.xz"))
"""Revisions of the stores; 0001a is the first form of 0001, which was changed a day later."""
RENEWS = {"0017"}
"""Since when the log has digests, and before which a column was added that is never empty."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def unpacked(revision: str, home: Path, url: str) -> None:
    """The store of a revision at a home, its records in the database at `url`."""
    with tarfile.open(STORES / f"{revision}.tar.xz") as archive:
        archive.extractall(home, filter="data")
    if url.startswith("postgresql"):
        _to_postgresql(home / "daxa.sqlite", url, revision)
        (home / "daxa.sqlite").unlink()


def url_of(database_url: str, home: Path) -> str:
    return database_url if database_url.startswith("postgresql") else f"sqlite:///{home / 'daxa.sqlite'}"


def _to_postgresql(file: Path, url: str, revision: str) -> None:
    """The same rows in an empty PostgreSQL database, at the same revision."""
    engine = open_engine(url)
    configuration = records._configuration("")
    with writing(engine) as connection, sqlite3.connect(file) as source:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, revision[:4])
        if revision == "0001a":
            _to_first_form(connection)
        schema = MetaData()
        schema.reflect(connection)
        derived = {table.name for table in derived_tables()}
        for table in schema.sorted_tables:
            if table.name == "alembic_version" or table.name in derived:
                continue
            found = source.execute(
                f"SELECT {', '.join(f'{chr(34)}{c.name}{chr(34)}' for c in table.c)} FROM {table.name}"
            )
            rows = [dict(zip(table.c.keys(), map(_value, table.c, row), strict=True)) for row in found]
            if rows:
                connection.execute(table.insert(), rows)
    source.close()
    engine.dispose()


def _to_first_form(connection: Connection) -> None:
    """Take away what revision 0001 makes only since it was changed."""
    connection.execute(text("DROP TABLE short_checks"))
    connection.execute(text("ALTER TABLE submissions DROP COLUMN reviewed_state"))
    for name in ("exchange", "report", "period", "found_at", "lifted_at"):
        connection.execute(text(f"ALTER TABLE findings DROP COLUMN {name}"))
    connection.execute(text("ALTER TABLE findings ALTER COLUMN submission SET NOT NULL"))


def _value(column: Any, value: Any) -> Any:
    match column.type:
        case Boolean() if value is not None:
            return bool(value)
        case Date() if value is not None:
            return date.fromisoformat(value)
    return value


def daxa(home: Path, url: str, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", *words],
        env=environment(home, url),
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    return done.returncode, done.stdout + done.stderr


def environment(home: Path, url: str) -> dict[str, str]:
    return {**os.environ, "DAXA_HOME": str(home), "DAXA_DATABASE_URL": url}


# ------------------------------------------------------------------------------------------------ what landed


def test_no_migration_is_changed_once_it_has_landed() -> None:
    listed = dict(
        reversed(line.split())
        for line in (STORES / "SHA256SUMS").read_text("ascii").splitlines()  # type: ignore[misc]
    )
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VERSIONS.glob("0*.py")}
    assert found == listed


def test_each_revision_has_its_store() -> None:
    """`python tests/revisions/fill.py` makes that of the newest."""
    assert {path.name[:4] for path in VERSIONS.glob("0*.py")} - LANDED_TOGETHER == {name[:4] for name in MADE_BY}


# ---------------------------------------------------------------------------------------------- are brought on


@pytest.mark.parametrize("revision", MADE_BY)
def test_a_store_of_each_revision_is_brought_to_this_one_and_is_whole(
    revision: str, home: Path, database_url: str
) -> None:
    url = url_of(database_url, home)
    unpacked(revision, home, url)
    status, said = daxa(home, url, "migrate")
    assert status == 0, said
    assert ("vouches anew" in said) == (revision in RENEWS)
    store = open_store(home, url)
    found = verify_store(store)
    assert (found.faults, found.not_vouched) == ((), 0)
    with reading(store.engine) as connection:
        states = connection.execute(text("SELECT state, count(*) FROM submissions GROUP BY state")).all()
        made = entries(connection, act=EventKind.MIGRATE)
    assert {tuple(row) for row in states} == {("accepted", 1), ("withdrawn", 1), ("rejected", 1)}
    assert len(made) == (revision != records.head_revision())
    assert daxa(home, url, "migrate")[1].startswith(f"already at revision {records.head_revision()}\n")
    store.engine.dispose()


# ----------------------------------------------------------------------------------------------------- killed

STEPS = {
    "before the schema": ("etl.records.engine.command.upgrade", 0),
    "before the entry": ("etl.migrating.append", 0),
    "before digests are renewed": ("etl.migrating.renew_after_migration", 0),
    "before older records are vouched for": ("etl.migrating.vouch_for_older", 0),
    "before all of it is kept": ("etl.migrating.Migrated", 0),
    "before the figures": ("etl.rebuild.rebuild_figures", 0),
    "while figures are derived": ("etl.rebuild._make_tables", 0),
}


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("revision", ["0001a", "0003", "0017"])
def test_a_migration_that_was_killed_is_done_to_its_end_by_the_same_command(
    revision: str, step: str, home: Path, database_url: str
) -> None:
    url = url_of(database_url, home)
    unpacked(revision, home, url)
    is_killed = killed_at(*STEPS[step], "migrate", environment=environment(home, url))
    if not is_killed:
        assert (step, revision) == ("while figures are derived", "0017")  # its figures are those of today
    status, said = daxa(home, url, "migrate")
    assert status == 0, said
    store = open_store(home, url)
    found = verify_store(store)
    assert (found.faults, found.not_vouched) == ((), 0)
    with reading(store.engine) as connection:
        assert len(entries(connection, act=EventKind.MIGRATE)) == 1
    store.engine.dispose()


# ------------------------------------------------------------------------------- what was forged stays a fault


def test_what_was_forged_before_a_migration_is_told_after_it(home: Path, database_url: str) -> None:
    url = url_of(database_url, home)
    unpacked("0017", home, url)
    engine = open_engine(url)
    with writing(engine) as connection:
        forged = connection.execute(text("SELECT id FROM submissions WHERE state = 'rejected'")).scalar_one()
        connection.execute(text("UPDATE submissions SET sender = 'somebody else' WHERE id = :id"), {"id": forged})
    engine.dispose()
    status, said = daxa(home, url, "migrate")
    assert (status, re.findall(r"vouches anew for (\d+)", said)) == (0, ["2"])
    store = open_store(home, url)
    assert [(fault.subject, fault.what) for fault in verify_store(store).faults] == [
        (forged, "its record in submissions is not what the audit log has a digest of")
    ]
    store.engine.dispose()

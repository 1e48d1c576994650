"""`daxa verify` tells each trigger that is missing, altered, switched off or strange; rights are in test_rights.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from etl.records.engine import reading, writing
from etl.records.guards import wrong_guards
from etl.store import Store, open_store
from etl.verify import verify_store

GROWING = (
    *("audit_log", "log_heads", "explanations", "decisions", "breach_states", "verdict_reads"),
    *("threshold_proposals", "threshold_decisions"),
)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def wrong_after(store: Store, *statements: str) -> list[tuple[str, str]]:
    """What is wrong after these statements, which are taken back."""
    with writing(store.engine) as connection:
        point = connection.begin_nested()
        for statement in statements:
            connection.execute(text(statement))
        found = list(wrong_guards(connection))
        point.rollback()
    return found


def test_a_database_as_the_migrations_made_it_has_all_its_guards(store: Store) -> None:
    with reading(store.engine) as connection:
        assert list(wrong_guards(connection)) == []


def test_each_trigger_that_is_taken_away_or_altered_is_told_with_what_makes_it(store: Store) -> None:
    is_postgresql = store.engine.dialect.name == "postgresql"
    ways = ("only_grows",) if is_postgresql else ("no_update", "no_delete", "no_replace")
    for table, way in ((table, way) for table in GROWING for way in ways):
        name, on = f"{table}_{way}", f" ON {table}" if is_postgresql else ""
        ((told, what),) = wrong_after(store, f"DROP TRIGGER {name}{on}")
        assert told == name
        assert what.startswith("is missing")
        made = what.partition("make it again: ")[2]
        assert wrong_after(store, f"DROP TRIGGER {name}{on}", *made.split("; ALTER", 1)[:1], *_rest(made)) == []
        if is_postgresql:
            altered = [f"ALTER TABLE {table} {change} TRIGGER {name}" for change in ("DISABLE", "ENABLE")]
        else:
            altered = [f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} BEGIN SELECT 1; END"]
        for statement in altered:
            taken = () if is_postgresql else (f"DROP TRIGGER {name}",)
            ((told, what),) = wrong_after(store, *taken, statement)
            assert (told, what.startswith("was altered to")) == (name, True)


def _rest(made: str) -> list[str]:
    """On PostgreSQL, the second statement that makes a trigger."""
    _, second, rest = made.partition("; ALTER")
    return [f"ALTER{rest}"] if second else []


@pytest.mark.parametrize("name", ["refuse_change", "refuse_other_answers", "refuse_threshold_change"])
@pytest.mark.postgres
def test_a_function_that_refuses_nothing_any_more_is_told(
    tmp_path: Path, postgres_database_url: str, name: str
) -> None:
    opened = open_store(tmp_path / "home", postgres_database_url)
    silent = f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
    ((told, what),) = wrong_after(opened, silent)
    assert (told, what.startswith("was altered to")) == (f"{name}()", True)
    rule = wrong_after(opened, "CREATE RULE quiet AS ON INSERT TO audit_log DO INSTEAD NOTHING")
    assert [told for told, _ in rule] == ["rule quiet"]
    opened.engine.dispose()


def test_a_trigger_of_somebody_else_is_told(store: Store) -> None:
    if store.engine.dialect.name == "postgresql":
        made = "CREATE TRIGGER own BEFORE INSERT ON findings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    else:
        made = "CREATE TRIGGER own AFTER INSERT ON findings BEGIN DELETE FROM findings; END"
    ((told, what),) = wrong_after(store, made)
    assert told.partition(" on ")[0] == "own"
    assert what.startswith("is none of ours")


def test_verify_tells_it(store: Store) -> None:
    assert verify_store(store).faults == ()
    with writing(store.engine) as connection:
        on = " ON audit_log" if connection.dialect.name == "postgresql" else ""
        name = "audit_log_only_grows" if on else "audit_log_no_update"
        connection.execute(text(f"DROP TRIGGER {name}{on}"))
    assert [fault.subject for fault in verify_store(store).faults] == [f"guard {name}"]

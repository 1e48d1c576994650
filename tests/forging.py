"""A store in which every table has rows, and what somebody does to them who writes to the database itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from people import PASSWORD, add_person
from random_stores import DAYS, EXCHANGES, steps, take
from sqlalchemy import Column, Connection, Date, Integer, Table, func, literal_column, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.elements import ColumnElement

from app.cli.demo_answers import answer_demo
from etl import examine, jobs
from etl.drafts import keep_draft
from etl.heads import sign_heads
from etl.intake import Declared
from etl.records import operators, organisation, people, row_grants, thresholds, tokens
from etl.records.engine import writing
from etl.records.log import COMMAND
from etl.records.people import Role
from etl.records.sessions import Way, open_session
from etl.records.sign_in import authenticate
from etl.records.thresholds import Decision, ThresholdChange
from etl.records.types import ExactDecimal, Instant
from etl.records.visits import Visit, keep_visit
from etl.store import Store
from expectations.vocabulary import Period
from tests.filing import checks, file
from tests.log_tampering import log_deeds, undone

SEED, STEPS = 5, 30
NOW = datetime(2026, 12, 12, 3, 0, tzinfo=UTC)
"""The moment of what people do; the log's own clock is the machine's."""
_WORDS = ("manager", "supervisor", "refused", "referred", "closed", "remedied", "open", "approved", "withdrawn")


def fill(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File, correct, withdraw and fail; answer, propose, let people in and shut them out; sign the log's head."""
    for days in (3, 2):
        log_deeds(store, 2, datetime.now(UTC) - timedelta(days=days))
    for number, step in enumerate(steps(SEED, STEPS)):
        take(store, folder, step, number, SEED)
    rare = (
        step for step in steps(SEED + 1, 500) if step.declared is not None and step.declared.report == "surveillance"
    )
    for number in range(5):
        take(store, folder, next(rare), STEPS + number, SEED)
    _fail(store, folder, monkeypatch)
    answer_demo(store, DAYS[0], DAYS[-1], NOW)
    _people(store)
    _thresholds(store)
    sign_heads(store, datetime.now(UTC) + timedelta(days=1))


def _fail(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: Any) -> Any:
        raise ZeroDivisionError("what went wrong")

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "decide", failing)
        file(store, folder, "gopax_reconciliation_2026-11-29.csv", checks("2026-11-29"), NOW)
    assert examine.decide is jobs.decide


def _people(store: Store) -> None:
    for exchange in EXCHANGES:
        add_person(store.engine, exchange, Role.EXCHANGE, exchange)
    supervisor = add_person(store.engine, "fss", Role.SUPERVISOR)
    add_person(store.engine, "gone", Role.MANAGER)
    with writing(store.engine) as connection:
        people.change_password(connection, "korbit", "another horse battery", actor=COMMAND, at=NOW)
        people.disable(connection, "gone", actor=COMMAND, at=NOW)
        who = {"name": "oidc", "role": Role.SUPERVISOR, "exchange": None, "at": NOW}
        organisation.person_with_account(connection, "https://fss.example", "4711", **who)
        kept = tokens.create(connection, "korbit", "nightly", actor=COMMAND, at=NOW)
        ended = tokens.create(connection, "upbit", "old", actor=COMMAND, at=NOW)
        tokens.revoke(connection, ended.token.id, actor=COMMAND, at=NOW)
        keep_visit(connection, Visit("v", NOW, NOW, NOW, NOW))
    assert tokens.token_of(store.engine, kept.text, NOW)
    authenticate(store.engine, "fss", "not " + PASSWORD, source="192.0.2.1", now=NOW)
    open_session(store.engine, supervisor, Way.PASSWORD, source="192.0.2.1", now=NOW)
    told = {"state": "accepted", "findings": []}
    day = Period.parse("2026-11-30")
    keep_draft(store, supervisor.id, Declared("korbit", "halts", day), "draft.csv", b"draft", told, NOW)


def _thresholds(store: Store) -> None:
    first, second = (add_person(store.engine, name, Role.ADMIN).id for name in ("kim", "lee"))
    change = ThresholdChange("halt_shortfall_ratio", None, "0.1", date(2027, 1, 1))
    shown = {"name": change.name, "exchange": None, "value": "0.1", "rules": []}
    with writing(store.engine) as connection:
        made = thresholds.propose(connection, change, reason="why", what_if=shown, actor=first, at=NOW)
        thresholds.decide(connection, made.id, Decision.APPROVED, reason="agreed", actor=second, at=NOW)
        supervisor = people.named(connection, "fss").id
        grants = [
            row_grants.grant(connection, name, row_grants.LONGEST, reason="why", actor=supervisor, at=NOW)
            for name in ("kim", "lee")
        ]
        row_grants.end(connection, grants[0].id, actor=supervisor, at=NOW)
        operators.bind(connection, "kim", "kim", at=NOW)


# ------------------------------------------------------------------------------------------------ forging


@contextmanager
def around_the_guards(store: Store) -> Iterator[Connection]:
    """A transaction in which nothing is refused, and which leaves nothing behind."""
    with undone(store) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        yield connection
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = DEFAULT"))


def place_of(connection: Connection) -> ColumnElement[Any]:
    """Where a row lies, also in a table without a key."""
    return literal_column("ctid" if connection.dialect.name == "postgresql" else "rowid")


def change_one(connection: Connection, column: Column[Any]) -> str:
    """Give one row another value in a column, whichever the table takes; what was put there."""
    table, place = column.table, place_of(connection)
    rows = connection.execute(select(place.label("place"), column).order_by(column.is_(None), place).limit(20)).all()
    for row in rows:
        for value in _other_values(column, row[1]):
            try:
                with connection.begin_nested():
                    done = update(table).where(place == row.place).values({column: value})
                    assert connection.execute(done).rowcount == 1
            except IntegrityError:
                continue
            return f"{row[1]!r} -> {value!r}"
    raise AssertionError(f"no other value can be put into {table.name}.{column.name}")


def _other_values(column: Column[Any], value: Any) -> Iterator[Any]:
    match value:
        case bool():
            yield not value
        case datetime():
            yield value + timedelta(seconds=1)
        case date():
            yield value + timedelta(days=1)
        case int() | Decimal():
            yield value + 1_000_000
            yield value + 1
        case str():
            yield value[:-1] + ("0" if value[-1:] != "0" else "1")
            yield from (word for word in _WORDS if word != value)
            yield from (one for one in EXCHANGES if one != value)
        case _:
            yield _anything(column)


def _anything(column: Column[Any]) -> Any:
    match column.type:
        case Instant():
            return NOW
        case Date():
            return NOW.date()
        case ExactDecimal():
            return Decimal(7)
        case Integer():
            return 7
    return "forged"


def copy_one(connection: Connection, table: Table) -> None:
    """Add a row that is like one that is there, with a key of its own."""
    last = select(table).order_by(place_of(connection).desc()).limit(1)
    row = dict(connection.execute(last).mappings().one())
    unique = [column for column in table.c if column.primary_key or column.unique]
    for column in unique or list(table.c)[-1:]:
        row[column.name] = next(_other_values(column, row[column.name]))
    for column in (column for index in table.indexes if index.unique for column in index.columns):
        row[column.name] = connection.execute(select(func.max(column))).scalar_one() + 1
    connection.execute(table.insert().values(row))

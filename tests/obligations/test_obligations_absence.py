"""Why a screen is empty: each reason is told apart from the others, in words, sign and shape."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from app.obligations.absence import ABSENT, absences
from app.queries.choice import Choice
from app.scope import Role, Scope
from app.widgets.header import STATE_GLYPHS
from app.words import LANGUAGES, say
from etl.exchanges import all_exchanges
from etl.store import Store, open_store
from expectations.vocabulary import KST
from tests.filing import checks, file, halt, halts

EVERYBODY = Scope(Role.SUPERVISOR, tuple(all_exchanges()))
NOON = datetime(2026, 11, 7, 12, tzinfo=KST)
WEEK = Choice(("korbit", "gopax"), date(2026, 11, 2), date(2026, 11, 7))


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def told(store: Store, report: str, choice: Choice = WEEK, scope: Scope = EVERYBODY) -> list[tuple[object, ...]]:
    found = absences(store, scope, choice, report, NOON)
    return [(one.state, one.exchange, one.period_count, one.first_period, one.last_period) for one in found]


def test_an_empty_store_has_no_reasons(store: Store) -> None:
    assert told(store, "halts") == []


def test_missing_refused_nil_and_not_due_are_told_apart(store: Store, tmp_path: Path) -> None:
    stopped = datetime(2026, 11, 4, 9, tzinfo=KST)
    file(store, tmp_path, "korbit_halts_2026-11-02.csv", halts())
    file(store, tmp_path, "korbit_halts_2026-11-03.csv", halts(halt("h", stopped)))  # of another day: refused
    file(store, tmp_path, "korbit_halts_2026-11-04.csv", halts(halt("h", stopped)))
    assert told(store, "halts") == [
        ("not_reported", "gopax", 5, "2026-11-02", "2026-11-06"),
        ("missing", "korbit", 2, "2026-11-05", "2026-11-06"),
        ("rejected", "korbit", 1, "2026-11-03", "2026-11-03"),
        ("not_due", "korbit", 1, "2026-11-07", "2026-11-07"),
        ("not_due", "gopax", 1, "2026-11-07", "2026-11-07"),
        ("nil", "korbit", 1, "2026-11-02", "2026-11-02"),
    ]
    only = Scope(Role.EXCHANGE, ("gopax",))
    assert {row[1] for row in told(store, "halts", scope=only)} == {"gopax"}


def test_a_part_of_a_day_is_partial(store: Store, tmp_path: Path) -> None:
    file(store, tmp_path, "korbit_reconciliation_2026-11-02T00-12.csv", checks("2026-11-02T00-12", every=5))
    day = Choice(("korbit",), date(2026, 11, 2), date(2026, 11, 2))
    assert told(store, "reconciliation", day) == [("partial", "korbit", 1, "2026-11-02", "2026-11-02")]
    file(store, tmp_path, "korbit_reconciliation_2026-11-02T12-24.csv", checks("2026-11-02T12-24", every=5))
    assert told(store, "reconciliation", day) == []


def test_every_reason_has_its_own_words_and_sign() -> None:
    for language in LANGUAGES:
        sentences = [say(f"absence.{state}", language, due="1 h") for state in ABSENT]
        assert len(set(sentences)) == len(ABSENT)
    signs = {state: STATE_GLYPHS.get(state, "–") for state in ABSENT}
    assert len({signs[state] for state in ("missing", "partial", "received", "not_due", "nil", "not_reported")}) == 6

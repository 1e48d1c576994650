"""Keys that came and went, allow lists, and what the rules recorded about them."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from key_files import at, days, file_keys, keys
from people import EVERYBODY
from sqlalchemy import update

from app.keys.allow_lists import allow_list_state
from app.keys.counts import KeyFlow, key_balance, key_flow, per_keys
from app.queries.choice import Choice
from app.scope import Role, Scope
from etl import jobs
from etl.records.engine import writing
from etl.records.tables import findings
from etl.store import Store, open_store
from expectations.catalogue import thresholds_of_the_book

MONDAY = date(2026, 11, 2)
GOPAX_ONLY = Scope(Role.EXCHANGE, ("gopax",))
BOOK = thresholds_of_the_book()


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def test_the_three_ends_stay_apart_and_scopes_add_up(store: Store, tmp_path: Path) -> None:
    file_keys(store, tmp_path, 2, keys(2, "100,7,3,2,1,101,101,8,40,0", read="50,1,4,0,2,45,45,2,10,5"))
    assert key_flow(store, EVERYBODY, days(2, 2)) == (
        KeyFlow(
            exchange="korbit",
            first_day=MONDAY,
            last_day=MONDAY,
            day_count=1,
            opening_keys=150,
            issued_keys=8,
            expired_keys=7,
            deleted_keys=2,
            forced_expired_keys=3,
            active_keys=146,
            blocked_call_count=50,
            unlisted_call_count=5,
        ),
    )


def test_a_long_period_is_told_by_weeks_of_filed_days(store: Store, tmp_path: Path) -> None:
    file_keys(store, tmp_path, 6, keys(6, "10,2,0,0,1,11,11,8,4,0"))
    file_keys(store, tmp_path, 8, keys(8, "11,3,1,0,2,11,11,8,6,0"))
    file_keys(store, tmp_path, 9, keys(9, "11,1,0,0,0,12,12,8,0,0"))
    year = Choice((), date(2025, 11, 20), date(2026, 11, 19))
    first, second = key_flow(store, EVERYBODY, year)
    assert (first.first_day, first.last_day, first.day_count) == (MONDAY, date(2026, 11, 8), 2)
    assert (first.opening_keys, first.forced_expired_keys, first.active_keys) == (15, 3, 16)
    assert (second.first_day, second.day_count, second.issued_keys) == (date(2026, 11, 9), 1, 1)


def test_what_came_and_went_explains_the_keys_unless_a_day_is_missing(store: Store, tmp_path: Path) -> None:
    file_keys(store, tmp_path, 2, keys(2, "100,10,5,2,1,102,102,8,0,0"))
    file_keys(store, tmp_path, 3, keys(3, "102,4,1,1,2,102,102,8,0,0"))
    (whole,) = key_balance(key_flow(store, EVERYBODY, days(2, 3)))
    assert (whole.opening_keys, whole.issued_keys, whole.active_keys) == (105, 14, 107)
    assert (whole.expired_keys, whole.deleted_keys, whole.forced_expired_keys) == (6, 3, 3)
    assert whole.unexplained_keys == 107 - (105 + 14 - 6 - 3 - 3) == 0
    file_keys(store, tmp_path, 5, keys(5, "109,0,0,0,0,109,109,8,0,0"))
    (gap,) = key_balance(key_flow(store, EVERYBODY, days(2, 5)))
    assert (gap.active_keys, gap.unexplained_keys, gap.day_count) == (114, 7, 3)


def test_the_state_is_of_the_last_filed_day_and_only_of_what_may_be_seen(store: Store, tmp_path: Path) -> None:
    for day in (2, 3):
        file_keys(store, tmp_path, day, keys(day, "100,0,0,0,0,100,98,8,1,0"))
    state = allow_list_state(store, EVERYBODY, days(2, 9), BOOK)
    assert [row.scope for row in state] == ["read", "trade", "withdraw"]
    assert {row.day for row in state} == {date(2026, 11, 3)}
    assert [row.allowlisted_keys for row in state] == [5, 98, 0]
    assert [row.coverage for row in state] == [1, Decimal("0.98"), None]
    assert allow_list_state(store, GOPAX_ONLY, days(2, 9), BOOK) == ()
    assert key_flow(store, GOPAX_ONLY, days(2, 9)) == ()


def test_withdrawn_keys_count_no_more(store: Store, tmp_path: Path) -> None:
    submission = file_keys(store, tmp_path, 2, keys(2, "1,0,0,0,0,1,1,1,0,0"))
    jobs.withdraw(store, submission, reason="wrong day", at=at(3, 10))
    assert key_flow(store, EVERYBODY, days(2, 2)) == ()


def test_what_the_rules_recorded_is_beside_the_row_that_it_is_about(store: Store, tmp_path: Path) -> None:
    """Keys without an address are a finding (KEY-005): where it is withdrawn, the same numbers say nothing of it."""
    file_keys(store, tmp_path, 2, keys(2, "100,0,0,0,0,100,98,8,1,0"))
    state = {row.scope: row for row in allow_list_state(store, EVERYBODY, days(2, 2), BOOK)}
    assert {scope: row.rules for scope, row in state.items()} == {
        "read": None,
        "trade": "KEY-005",
        "withdraw": None,
    }
    with writing(store.engine) as connection:
        connection.execute(update(findings).where(findings.c.subject == "trade").values(lifted_at=at(3, 10)))
    (trade,) = [row for row in allow_list_state(store, EVERYBODY, days(2, 2), BOOK) if row.scope == "trade"]
    assert (trade.active_keys, trade.allowlisted_keys, trade.rules, trade.is_coverage_found) == (100, 98, None, False)


@pytest.mark.parametrize(
    ("exchange", "limit"), [("upbit", 10), ("bithumb", 5), ("coinone", None), ("korbit", None), ("gopax", None)]
)
def test_a_limit_of_addresses_is_known_only_where_the_exchange_published_one(exchange: str, limit: int | None) -> None:
    assert BOOK.value("maximum_ips_per_key", MONDAY, exchange) == limit


def test_a_rate_is_exact_and_absent_without_keys() -> None:
    assert per_keys(1, 3) == Decimal(1) / Decimal(3) * 10_000
    assert per_keys(1, 0) is None

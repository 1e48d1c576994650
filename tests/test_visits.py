"""Visits: when one ends, and what the next one shows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl.records.engine import reading, writing
from etl.records.visits import LONGEST_PAUSE, Visit, keep_visit, visit_of
from etl.store import Store, open_store

MORNING = datetime(2026, 11, 3, 0, 30, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def visited(store: Store, now: datetime, *, shown: bool = True, visitor: str = "v") -> Visit:
    """The visit at `now`, recorded as the screens do."""
    with writing(store.engine) as connection:
        visit = visit_of(connection, visitor, now)
        keep_visit(connection, replace(visit, shown_until=now if shown else visit.shown_until))
    return visit


def test_the_first_visit_has_no_earlier_one(store: Store) -> None:
    assert visited(store, MORNING) == Visit("v", MORNING, None, MORNING, None)


def test_a_visit_goes_on_while_no_pause_is_longer_than_half_an_hour(store: Store) -> None:
    visited(store, MORNING)
    for number in range(1, 5):
        now = MORNING + number * LONGEST_PAUSE
        visit = visited(store, now)
        assert (visit.began_at, visit.since, visit.last_seen_at) == (MORNING, None, now)


def test_the_next_visit_shows_what_changed_since_changes_were_shown_last(store: Store) -> None:
    visited(store, MORNING)
    looked = MORNING + timedelta(minutes=10)
    visited(store, looked)
    visited(store, MORNING + timedelta(minutes=20), shown=False)  # another page
    back = MORNING + timedelta(minutes=51)
    assert visited(store, back).since == looked
    again = visited(store, back + timedelta(minutes=29))
    assert (again.began_at, again.since) == (back, looked)


def test_changes_wait_for_a_visit_that_looks_at_them(store: Store) -> None:
    visited(store, MORNING)
    visited(store, MORNING + timedelta(hours=5), shown=False)
    assert visited(store, MORNING + timedelta(hours=9)).since == MORNING


def test_a_clock_that_was_set_back_begins_anew(store: Store) -> None:
    visited(store, MORNING)
    earlier = MORNING - timedelta(days=1)
    assert visited(store, earlier) == Visit("v", earlier, None, earlier, None)


def test_visitors_are_kept_apart(store: Store) -> None:
    visited(store, MORNING)
    visited(store, MORNING + timedelta(days=1), visitor="w")
    with reading(store.engine) as connection:
        assert visit_of(connection, "w", MORNING + timedelta(days=1)).since is None
        assert visit_of(connection, "v", MORNING + timedelta(days=2)).since == MORNING

"""Visits: when one ends, what the next one shows; and the browser's name that they are kept under."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.security import VISITOR_COOKIE, VisitorCookie, visitor_in
from etl.records.engine import reading, writing
from etl.records.visits import LONGEST_PAUSE, Visit, keep_visit, visit_of
from etl.store import Store, open_store

MORNING = datetime(2026, 11, 3, 0, 30, tzinfo=UTC)
NAME = "A-z_0123456789abcdefghijklmnopqr"


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


@pytest.mark.parametrize(
    ("cookies", "name"),
    [
        pytest.param(f"a=b; {VISITOR_COOKIE}={NAME}; c=d", NAME, id="among others"),
        pytest.param("", "", id="none"),
        pytest.param(f"{VISITOR_COOKIE}=short", "", id="of another length"),
        pytest.param(f"{VISITOR_COOKIE}={'<' * 32}", "", id="of other signs"),
        pytest.param("\x00=;;;=", "", id="unreadable"),
    ],
)
def test_a_browsers_name_is_read_from_its_cookies(cookies: str, name: str) -> None:
    assert visitor_in(cookies) == name


def answered(*headers: tuple[bytes, bytes], scheme: str = "http", kind: str = "http") -> list[bytes]:
    """The cookies that an answer to a request with these headers sets."""

    async def page(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]})
        await send({"type": "http.response.body", "body": b"page"})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    scope = {"type": kind, "scheme": scheme, "headers": list(headers)}
    asyncio.run(VisitorCookie(page)(scope, receive, send))
    assert (b"x", b"y") in sent[0]["headers"]
    return [value for name, value in sent[0]["headers"] if name == b"set-cookie"]


HTML = (b"accept", b"text/html,*/*")


def test_a_browser_without_a_name_gets_one_with_the_document() -> None:
    first, second = (answered(HTML)[0].decode() for _ in range(2))
    assert first != second
    assert visitor_in(first.partition(";")[0])
    assert first.endswith("; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax")
    assert answered(HTML, scheme="https")[0].endswith(b"; Secure")


def test_a_browser_keeps_its_name() -> None:
    assert answered(HTML, (b"cookie", f"{VISITOR_COOKIE}={NAME}".encode())) == []


def test_only_documents_give_names() -> None:
    assert answered((b"accept", b"*/*")) == []
    assert answered(HTML, kind="websocket") == []

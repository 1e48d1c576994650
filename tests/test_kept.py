"""What many runs have in common is worked out once, shown to whoever looks at the same, and changed by nobody."""

import pickle
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opening import NAMES, looked_at, opened_at
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from app import run as app_run
from app.cache import ValueCache
from app.navigation import SCREENS
from app.widgets import view
from etl.records.engine import reading
from etl.records.tables import halts, key_actions, submissions

ADDRESSES: dict[str, list[dict[str, str]]] = {
    "api_volume": [{"at": "upbit", "by": "count"}, {"order": "share", "axis": "shared"}],
    "key_revocations": [{"measure": "count", "standing": "open"}, {"stretch": "first_response"}],
    "reconciliation": [{"at": "bithumb", "day": "2026-02-28"}],
    "halts": [{"trigger": "reconciliation_mismatch"}, {"period": "1y"}],
    "surveillance": [{"pattern": "wash", "context": "none"}],
    "data_quality": [{"at": "korbit"}],
    "submissions": [{"report": "halts"}],
    "rules": [{"rule": "REC-004"}],
    "answers": [{"state": "all"}],
}
"""Addresses at which pages show more than they do unasked."""
ONE = {
    "halts": {"at": halts.c.exchange, "halt": halts.c.halt_id},
    "key_revocations": {"at": key_actions.c.exchange, "case": key_actions.c.case_id},
    "submissions": {"submission": submissions.c.id},
}
"""What one halt, case or file is picked by."""
LOOKS = [
    (screen.name, {**more, **picks})
    for screen in SCREENS
    if screen.name in NAMES
    for more in ({"period": "7d"}, {"lang": "en"})
    for picks in ({}, *ADDRESSES.get(screen.name, ()))
]


@pytest.fixture(autouse=True)
def _looked_at(monkeypatch: pytest.MonkeyPatch, filled_home: Path) -> Iterator[None]:
    yield from looked_at(monkeypatch, filled_home)


def test_what_is_kept_is_worked_out_once() -> None:
    shelf, made = ValueCache(), Counter[str]()

    def make() -> int:
        made["seven"] += 1
        return 7

    assert [shelf.get("seven", make) for _ in range(3)] == [7, 7, 7]
    assert made == {"seven": 1}
    shelf.clear()
    assert shelf.get("seven", make) == 7
    assert made == {"seven": 2}


def test_many_who_ask_at_once_wait_for_one_who_works_it_out() -> None:
    shelf, made, found = ValueCache(), Counter[str](), list[object]()

    def make() -> object:
        made["once"] += 1
        time.sleep(0.05)
        return object()

    threads = [threading.Thread(target=lambda: found.append(shelf.get("once", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == {"once": 1}
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_what_fails_is_not_kept() -> None:
    shelf = ValueCache()

    def fail() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        shelf.get("one", fail)
    assert shelf.get("one", lambda: 1) == 1


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    shelf, text = ValueCache(most_bytes=250), "a" * 90
    for number in (1, 2, 1, 3):
        shelf.get(number, lambda: text)
    assert shelf.get(1, lambda: "anew") == text
    assert shelf.get(2, lambda: "anew") == "anew"


def test_what_is_too_large_is_handed_on_and_not_kept() -> None:
    shelf, made = ValueCache(most_bytes=100), Counter[str]()

    def make() -> str:
        made["large"] += 1
        return "a" * 1000

    assert [len(shelf.get("large", make)) for _ in range(2)] == [1000, 1000]
    assert made == {"large": 2}


def test_what_has_lain_long_is_worked_out_anew() -> None:
    shelf = ValueCache(most_bytes=1000, seconds=0.05)
    assert shelf.get("one", lambda: 1) == 1
    time.sleep(0.06)
    assert shelf.get("one", lambda: 2) == 2


def looks_of(name: str) -> list[dict[str, str]]:
    """The addresses at which a page is looked at, and that of one thing that is filed, with all that is told of it."""
    looks = [address for page, address in LOOKS if page == name]
    if name not in ONE:
        return looks
    with reading(view.store().engine) as connection:
        row = connection.execute(select(*ONE[name].values()).limit(1)).one()
    return [*looks, {pick: str(value) for pick, value in zip(ONE[name], row, strict=True)}]


def drawn(session: AppTest) -> list[tuple[str, bytes]]:
    """Everything that a session shows, but for the addresses of its files, which are its own."""
    return [
        (node.type, node.proto.SerializeToString(deterministic=True))
        for node in session.main
        if node.type != "download_button" and node.proto is not None
    ]


@pytest.mark.parametrize(("name", "address"), LOOKS, ids=str)
def test_a_page_that_was_kept_is_the_same_as_one_worked_out_anew(name: str, address: dict[str, str]) -> None:
    anew = drawn(opened_at(name, **address))
    assert len(anew) > 3
    assert drawn(opened_at(name, **address)) == anew
    assert drawn(opened_at(name, **address, exchange="gopax")) != anew


@pytest.fixture
def kept_values(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Hashable, Any, bytes]]:
    """Every value that is kept from now on: what it is of, itself, and what it was when it was made."""
    values: list[tuple[Hashable, Any, bytes]] = []

    def watching(get: Callable[..., Any]) -> Callable[..., Any]:
        def watched(key: Hashable, make: Callable[[], Any]) -> Any:
            def made() -> Any:
                value = make()
                told = getattr(value, "frame", value)  # of a drawing its rows: the rest is written already
                values.append((key, told, pickle.dumps(told)))
                return value

            return get(key, made)

        return watched

    for shelf in (view._ANSWERS, view._DRAWN):
        monkeypatch.setattr(shelf, "get", watching(shelf.get))
    return values


@pytest.mark.parametrize("name", sorted({name for name, _ in LOOKS}))
def test_nothing_that_is_kept_is_changed(name: str, kept_values: list[tuple[Hashable, Any, bytes]]) -> None:
    for address in looks_of(name):
        for _ in range(2):
            opened_at(name, **address)
    assert len(kept_values) > 5
    for key, value, before in kept_values:
        assert pickle.dumps(value) == before, key


@pytest.mark.parametrize("name", sorted({name for name, _ in LOOKS}))
def test_no_two_things_of_a_page_are_kept_under_one_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[Hashable] = Counter()
    runs: list[object] = []
    get, keep_view = view._DRAWN.get, app_run.keep_view

    def watched(key: Hashable, make: Callable[[], Any]) -> Any:
        asked[key] += 1
        return get(key, make)

    def counted(one: view.View) -> None:
        runs.append(one)
        keep_view(one)

    monkeypatch.setattr(view._DRAWN, "get", watched)
    monkeypatch.setattr(app_run, "keep_view", counted)
    for address in looks_of(name):
        asked.clear()
        runs.clear()
        opened_at(name, **address)
        assert asked
        assert max(asked.values()) <= len(runs), asked.most_common(1)

"""Who is at the screen is asked with every run; what they look at and take away is logged."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from demo_store import LAST_DAY, NOW, leave_empty
from opening import keep_nothing, opened_at, shown
from people import EVERYBODY, SUPERVISOR, add_person, identity_of
from sqlalchemy import Connection
from streamlit.testing.v1 import AppTest

from app.queries.choice import Choice
from app.scope import Identity
from app.sign_in.handed import was_made_for
from app.sign_in.present import identity_behind
from app.widgets import audit_events, guard
from app.widgets.view import View, present_moment
from app.words import LANGUAGES, say
from etl.records import people
from etl.records.engine import RecordsUnavailableError, reading, writing
from etl.records.log import COMMAND, AuditEvent, Entry, EventKind, entries
from etl.records.people import Role
from etl.records.sessions import Way, end_session, open_session
from etl.store import Store, open_store

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """What the screens of a test opened and kept goes with it."""
    yield
    keep_nothing()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty store, served."""
    home = leave_empty(tmp_path / "home")
    monkeypatch.setenv("DAXA_HOME", str(home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


def signed_in(store: Store, name: str = "fss", role: Role = Role.SUPERVISOR, exchange: str | None = None) -> str:
    """The session of somebody who has just signed in."""
    person = add_person(store.engine, name, role, exchange)
    return open_session(store.engine, person, Way.PASSWORD, source="", now=datetime.now(UTC))


def logged(store: Store, act: EventKind) -> list[Entry]:
    with reading(store.engine) as connection:
        return entries(connection, act=act)


# ------------------------------------------------------------------------------------------------ who


def test_a_session_says_who_it_is_and_what_they_may_see(store: Store) -> None:
    firm = identity_behind(signed_in(store, "gopax", Role.EXCHANGE, "gopax"))
    assert firm is not None
    assert (firm.name, firm.scope.role, firm.scope.exchanges) == ("gopax", Role.EXCHANGE, ("gopax",))
    for role in (Role.SUPERVISOR, Role.MANAGER, Role.ADMIN):
        found = identity_behind(signed_in(store, role.value, role))
        assert found is not None
        assert (found.scope.role, found.scope.exchanges) == (role, EVERYBODY.exchanges)
    assert firm.session not in repr(firm)


def test_whoever_is_gone_is_nobody_at_once(store: Store) -> None:
    ended, disabled, changed = (signed_in(store, name) for name in ("first", "second", "third"))
    assert identity_behind(ended) and identity_behind(disabled) and identity_behind(changed)
    end_session(store.engine, ended, datetime.now(UTC))
    with writing(store.engine) as connection:
        people.disable(connection, "second", actor=COMMAND, at=datetime.now(UTC))
        people.change_password(connection, "third", "another long password", actor=COMMAND, at=datetime.now(UTC))
    assert [identity_behind(session) for session in (ended, disabled, changed, "made up", "", None)] == [None] * 6


# --------------------------------------------------------------------------------------- run


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[Identity | None], None]:
    """Says who is at the screen from now on."""
    return lambda who: monkeypatch.setattr("app.sign_in.present.current_identity", lambda: who)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_next_run_after_the_end_shows_nothing_but_the_way_back(
    store: Store, looked_at: Callable[[Identity | None], None], language: str
) -> None:
    session = AppTest.from_file(str(ROOT / "app" / "ui.py"), default_timeout=60)
    session.query_params["lang"] = language
    session.run()
    assert session.title[0].value == say("overview.title", language)
    looked_at(None)
    session.run()
    text = "\n".join(element.proto.body for element in session.get("html"))
    shown(session)
    assert not session.title
    assert not session.sidebar
    assert say("present.over", language) in text
    assert re.search(r'<a href="/login[^"]*" target="_self">' + say("present.again", language), text)


def test_a_session_taken_up_by_somebody_else_begins_anew(
    store: Store, looked_at: Callable[[Identity | None], None]
) -> None:
    session = AppTest.from_file(str(ROOT / "app" / "ui.py"), default_timeout=60).run()
    session.session_state["left.behind"] = "something"
    looked_at(identity_of(Role.EXCHANGE, "gopax"))
    session.run()
    shown(session)
    assert "left.behind" not in session.session_state


def view_of(identity: Identity) -> View:
    return View("ko", identity, Choice((), LAST_DAY, LAST_DAY), LAST_DAY, NOW, False, "0", "overview")


@pytest.mark.parametrize("seconds", [0.0, 5.0])
def test_a_question_long_after_the_run_began_asks_who_is_there(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    asked: list[int] = []
    clock = iter([100.0, 100.0 + seconds, 100.0 + seconds])
    monkeypatch.setattr("app.widgets.guard.time.monotonic", lambda: next(clock))
    monkeypatch.setattr("app.sign_in.present.current_identity", lambda: asked.append(1) or SUPERVISOR)
    st.session_state.clear()
    guard.must_still_be(guard.present_identity())
    assert len(asked) == (1 if seconds == 0 else 2)


def test_no_part_of_a_page_runs_by_itself_unguarded() -> None:
    bare = [
        f"{file.relative_to(ROOT)}:{number}"
        for folder in ("app", "pages")
        for file in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if re.search(r"\bst\.fragment\b|from streamlit import .*fragment|experimental_fragment|st\.dialog\b", line)
        and file.name != "guard.py"
    ]
    assert not bare, f"a fragment would draw without asking who is there: {bare}"


def test_no_file_leaves_a_page_unlogged() -> None:
    bare = [
        f"{file.relative_to(ROOT)}:{number}"
        for folder in ("app", "pages")
        for file in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if re.search(r"\bst\.download_button\b|from streamlit import .*download_button", line)
        and file.name != "file_button.py"
    ]
    assert not bare, f"use app.widgets.file_button, which logs what is taken away: {bare}"


# ------------------------------------------------------------------------------------------- the log


def opened(home: Path, monkeypatch: pytest.MonkeyPatch, name: str, **address: str) -> AppTest:
    monkeypatch.setenv("DAXA_HOME", str(home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", NOW.isoformat())
    return opened_at(name, **address)


def views(home: Path, *, of_lists: bool) -> list[tuple[str, str, dict[str, str]]]:
    """Who looked at what of which reports, the latest first: lists, or the rows behind a figure."""
    filled = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    told = [
        (entry.actor, str(entry.subject), json.loads(entry.details)) for entry in logged(filled, EventKind.VIEW_ROWS)
    ]
    filled.engine.dispose()
    return [view for view in told if ("list" in view[2]) == of_lists]


def test_a_view_of_rows_is_logged_once(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(views(filled_home, of_lists=False))
    session = opened(filled_home, monkeypatch, "api_volume", at="korbit", day=str(LAST_DAY))
    session.run()
    now = views(filled_home, of_lists=False)
    ((actor, subject, details),) = now[: len(now) - before]
    assert (actor, subject) == (SUPERVISOR.person, "api_volume/korbit")
    assert details["first"] == str(LAST_DAY)


@pytest.mark.parametrize(
    ("page", "name"),
    [("submissions", "submissions"), ("halts", "halts"), ("key_revocations", "cases"), ("reconciliation", "findings")],
)
def test_a_list_is_logged_for_each_exchange_in_it(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch, page: str, name: str
) -> None:
    before = len(views(filled_home, of_lists=True))
    opened(filled_home, monkeypatch, page, period="30d")
    now = views(filled_home, of_lists=True)
    own = [subject.split("/") for _, subject, view in now[: len(now) - before] if view["page"] == page]
    assert {exchange for what, exchange in own if what == name} > {"korbit"}


def test_questions_are_asked_as_of_a_moment_that_is_not_before_what_was_filed(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAXA_HOME", str(filled_home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    told = [
        present_moment(EVERYBODY, stamp, NOW + timedelta(minutes=minutes)) - NOW
        for stamp, minutes in (("one", 3), ("one", 4), ("one", 7), ("two", 8), ("two", 9), ("two", 10))
    ]
    assert [length // timedelta(minutes=1) for length in told] == [3, 3, 5, 8, 8, 10]


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("api_volume", {"at": "gopax", "day": str(LAST_DAY)}),
        ("submissions", {}),
        ("halts", {"period": "7d"}),
        ("key_revocations", {"period": "7d"}),
        ("reconciliation", {"period": "7d"}),
    ],
)
def test_rows_whose_view_cannot_be_logged_are_not_shown(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch, page: str, address: dict[str, str]
) -> None:
    monkeypatch.setattr("app.widgets.audit_events._PATIENCE", timedelta(milliseconds=50))
    drawn: list[str] = []
    real = audit_events.append

    def watched(connection: Connection, events: Sequence[AuditEvent]) -> None:
        real(connection, events)
        drawn.append("logged")

    def no_log(_connection: Connection, _events: Sequence[AuditEvent]) -> None:
        raise RecordsUnavailableError("the log cannot be written")

    monkeypatch.setattr("app.widgets.audit_events.append", no_log)
    with monkeypatch.context() as patch:
        patch.setattr("opening.shown", lambda session: session)  # it has no page with a failure
        refused = opened(filled_home, monkeypatch, page, **address)
    failed = [one.value for one in refused.get("html") if 'class="failed"' in one.value]
    monkeypatch.setattr("app.widgets.audit_events.append", watched)
    shown = opened(filled_home, monkeypatch, page, **address)
    assert failed and drawn
    assert not [one.value for one in shown.get("html") if 'class="failed"' in one.value]
    assert len(refused.dataframe) < len(shown.dataframe)


def test_a_view_that_could_not_be_logged_is_logged_once_it_is_shown(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.widgets.audit_events._PATIENCE", timedelta(milliseconds=50))
    filled = open_store(filled_home, f"sqlite:///{filled_home / 'daxa.sqlite'}")
    before = len(views(filled_home, of_lists=False))
    session = opened(filled_home, monkeypatch, "api_volume")
    session.query_params["at"], session.query_params["day"] = "gopax", str(LAST_DAY)
    with writing(filled.engine):  # somebody else writes
        session.run()
    assert len(views(filled_home, of_lists=False)) == before
    session.run()
    assert len(views(filled_home, of_lists=False)) == before + 1
    filled.engine.dispose()


@pytest.mark.slow
def test_nothing_is_taken_away_unlogged_or_after_the_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = identity_behind(signed_in(store))
    assert identity is not None
    assert audit_events.taken_away(identity, b"rows", "halts", {"file": "halts.csv", "rows": 3}) == b"rows"
    (entry,) = logged(store, EventKind.DOWNLOAD)
    assert (entry.actor, entry.subject) == (identity.person, "halts")
    assert json.loads(entry.details)["rows"] == 3
    assert was_made_for(identity.person, b"rows")
    assert not was_made_for("P-another", b"rows")
    monkeypatch.setenv("DAXA_BUSY_SECONDS", "0.1")
    st.cache_resource.clear()
    with writing(store.engine), pytest.raises(RecordsUnavailableError):
        audit_events.taken_away(identity, b"others", "halts", {})
    assert not was_made_for(identity.person, b"others")
    with pytest.raises(audit_events.NotSignedInError):
        audit_events.taken_away(replace(identity, scope=EVERYBODY, name="another"), b"rows", "halts", {})
    end_session(store.engine, identity.session, datetime.now(UTC))
    with pytest.raises(audit_events.NotSignedInError):
        audit_events.taken_away(identity, b"rows", "halts", {})
    assert len(logged(store, EventKind.DOWNLOAD)) == 1

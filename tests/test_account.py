"""People's own things: their password, their sessions, and what they are told of who signed in as them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from opening import opened_at, shown
from streamlit.testing.v1 import AppTest

from app.account.own import SHOWN, end_own_sessions, own_account, set_own_password
from app.scope import Identity, Role, Scope
from app.words import say
from etl.records import people
from etl.records.administrators import RefusedError
from etl.records.engine import reading, writing
from etl.records.log import COMMAND, SYSTEM, AuditEvent, EventKind, append, entries
from etl.records.passwords import Unfit, UnfitPasswordError, hash_of_new
from etl.records.sessions import Way, open_session, open_sessions, session_of
from etl.records.sign_in import FREE_FOR_NAME, Refused, authenticate
from etl.store import Store, open_store

PASSWORD = "correct horse battery"
NEW = "another battery horse"
HERE, THERE = "192.0.2.7", "198.51.100.9"


class Desk:
    """A store with two people, of whom one is signed in three times."""

    def __init__(self, store: Store) -> None:
        self.store = store
        with writing(store.engine) as connection:
            self.kim = people.add(
                connection, "kim", Role.MANAGER, password=PASSWORD, actor=COMMAND, at=datetime.now(UTC)
            )
            self.lee = people.add(
                connection, "lee", Role.MANAGER, password=PASSWORD, actor=COMMAND, at=datetime.now(UTC)
            )
        self.own, self.second, self.third = (self.session(self.kim, one) for one in (HERE, THERE, THERE))
        self.others = self.session(self.lee, THERE)

    def session(self, person: people.Person, source: str) -> str:
        return open_session(self.store.engine, person, Way.PASSWORD, source=source, now=datetime.now(UTC))

    @property
    def identity(self) -> Identity:
        return Identity(self.kim.id, "kim", Scope(Role.MANAGER, ("korbit",)), session=self.own)

    def open(self) -> list[bool]:
        """Which of the four sessions are open: own, second, third, that of the other person."""
        now = datetime.now(UTC)
        sessions = (self.own, self.second, self.third, self.others)
        return [session_of(self.store.engine, one, now) is not None for one in sessions]

    def tries(self, password: str) -> bool:
        found = authenticate(self.store.engine, "kim", password, source=THERE, now=datetime.now(UTC))
        return not isinstance(found, Refused)

    def shown(self) -> Any:
        return own_account(self.store, self.identity, datetime.now(UTC))


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    store = open_store(tmp_path / "home", database_url)
    yield Desk(store)
    store.engine.dispose()


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(RefusedError) as caught:
        act()
    return caught.value.reason


# ------------------------------------------------------------------------------------------------- passwords


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", Unfit.LENGTH),
        ("x" * 257, Unfit.LENGTH),
        ("kim-kim-kim-kim-kim", Unfit.NAMES),
        ("Korbit-Korbit-Korbit", Unfit.NAMES),
        ("DAXA-kim-korbit-2026", Unfit.NAMES),
        ("123456789012345", Unfit.GUESSED),
        ("qwertyuiopasdfgh", Unfit.GUESSED),
        ("passwordpassword", Unfit.GUESSED),
        ("P@ssw0rdP@ssw0rd", Unfit.GUESSED),
        ("ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ", Unfit.GUESSED),
        ("비밀번호비밀번호비밀번호비밀번호", Unfit.GUESSED),
        ("aaaaaaaaaaaaaaaaaaaa", Unfit.GUESSED),
    ],
)
def test_common_and_own_name_passwords_are_refused(password: str, reason: Unfit) -> None:
    with pytest.raises(UnfitPasswordError) as caught:
        hash_of_new(password, name="kim", exchange="korbit")
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        NEW,
        "abcd-efgh-jkmn-pqrs-tuvw",
        "우리집 강아지는 복슬강아지 세 마리",
        "the long way round by the river, " * 5,
    ],
)
def test_a_password_that_nobody_guesses_is_taken_however_long(password: str) -> None:
    assert hash_of_new(password, name="kim", exchange="korbit")


def test_ones_own_password_is_changed_with_the_present_one_and_ends_the_other_sessions(desk: Desk) -> None:
    set_own_password(desk.store, desk.identity, PASSWORD, NEW, NEW)
    assert desk.open() == [True, False, False, True]
    assert (desk.tries(PASSWORD), desk.tries(NEW)) == (False, True)
    with reading(desk.store.engine) as connection:
        entry = entries(connection, act=EventKind.PERSON_CHANGE, subject=desk.kim.id)[0]
    assert (entry.actor, '"change":"own_password"' in entry.details) == (desk.kim.id, True)


@pytest.mark.parametrize(
    ("present", "new", "again", "reason"),
    [
        ("wrong", NEW, NEW, "wrong"),
        (PASSWORD, NEW, NEW + "!", "not_the_same"),
        (PASSWORD, PASSWORD, PASSWORD, "no_other"),
        (PASSWORD, "short", "short", "length"),
        (PASSWORD, "passwordpassword", "passwordpassword", "guessed"),
        (PASSWORD, "kim-kim-kim-kim-kim", "kim-kim-kim-kim-kim", "names"),
    ],
)
def test_a_change_that_is_refused_changes_nothing(desk: Desk, present: str, new: str, again: str, reason: str) -> None:
    assert refused(lambda: set_own_password(desk.store, desk.identity, present, new, again)) == reason
    assert desk.open() == [True] * 4
    assert desk.tries(PASSWORD)


def test_whoever_finds_an_open_screen_cannot_guess_the_password_there(desk: Desk) -> None:
    reasons = [
        refused(lambda: set_own_password(desk.store, desk.identity, "guess", NEW, NEW))
        for _ in range(FREE_FOR_NAME + 1)
    ]
    assert reasons == ["wrong"] * FREE_FOR_NAME + ["wait"]


# -------------------------------------------------------------------------------------------------- sessions


def test_ones_own_sessions_are_told_with_where_they_are_from(desk: Desk) -> None:
    assert sorted((one.source, one.is_own) for one in desk.shown().sessions) == [
        (HERE, True),
        (THERE, False),
        (THERE, False),
    ]


def test_one_or_all_others_are_ended_and_never_this_one_nor_another_persons(desk: Desk) -> None:
    keys = {one.is_own: one.key for one in desk.shown().sessions}
    with reading(desk.store.engine) as connection:
        (others,) = open_sessions(connection, desk.lee.id, desk.others, datetime.now(UTC))
    assert end_own_sessions(desk.store, desk.identity, keys[True]) == 0
    assert end_own_sessions(desk.store, desk.identity, others.key) == 0
    assert desk.open() == [True] * 4
    assert end_own_sessions(desk.store, desk.identity, keys[False]) == 1
    assert end_own_sessions(desk.store, desk.identity) == 1
    assert desk.open() == [True, False, False, True]


# -------------------------------------------------------------------------------------------------- sign-ins


def test_sign_ins_and_failed_tries_are_told_to_whose_name_it_was(desk: Desk) -> None:
    for _ in range(2):
        assert not desk.tries("guess")
    told = desk.shown()
    assert told.failed_since == 2
    assert [(one.outcome, one.source) for one in told.sign_ins].count(("failed", THERE)) == 2
    desk.session(desk.kim, HERE)
    assert desk.shown().failed_since == 2  # still told in the visit after
    desk.session(desk.kim, HERE)
    assert desk.shown().failed_since == 0


def test_failed_tries_are_counted_also_beyond_those_that_are_listed(desk: Desk) -> None:
    with writing(desk.store.engine) as connection:
        tried = AuditEvent(SYSTEM, EventKind.SIGN_IN_FAILED, desk.kim.id, {"source": THERE})
        append(connection, [tried] * (SHOWN + 5))
    told = desk.shown()
    assert (told.failed_since, len(told.sign_ins)) == (SHOWN + 5, SHOWN)


# -------------------------------------------------------------------------------------------------- the page


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Desk, Callable[[], AppTest]]]:
    store = open_store(tmp_path, f"sqlite:///{tmp_path / 'daxa.sqlite'}")
    desk = Desk(store)
    monkeypatch.setenv("DAXA_HOME", str(tmp_path))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setattr("app.sign_in.present.current_identity", lambda: desk.identity)
    yield desk, lambda: opened_at("account")
    from app.widgets import view

    view.store().engine.dispose()
    store.engine.dispose()


def text_of(session: AppTest) -> str:
    return "\n".join(element.proto.body for element in session.get("html"))


def test_the_page_changes_the_password_and_keeps_none_of_what_was_typed(
    page: tuple[Desk, Callable[[], AppTest]],
) -> None:
    desk, opened = page
    session = opened()
    for name, typed in (("present", PASSWORD), ("new", NEW), ("again", NEW)):
        session.text_input(key=f"account.{name}").set_value(typed)
    (button,) = [one for one in session.button if one.label == say("account.change", "ko")]
    shown(button.click().run())
    assert say("account.password_changed", "ko") in text_of(session)
    assert desk.tries(NEW)
    kept = repr(session.session_state)
    assert PASSWORD not in kept
    assert NEW not in kept


def test_the_page_ends_the_other_sessions_and_tells_failed_tries_at_the_foot_of_the_side_bar(
    page: tuple[Desk, Callable[[], AppTest]],
) -> None:
    desk, opened = page
    assert not desk.tries("guess")
    session = opened()
    assert say("account.notice", "ko", count=1) in text_of(session)
    shown(session.button(key="account.end_others").click().run())
    assert say("account.ended", "ko") in text_of(session)
    assert desk.open() == [True, False, False, True]


def test_a_session_without_use_is_told_no_more(desk: Desk) -> None:
    later = datetime.now(UTC) + timedelta(minutes=31)
    assert own_account(desk.store, desk.identity, later).sessions == ()

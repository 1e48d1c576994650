"""Signing in and out, and the gate, through a real server: who is let in, how they are told, and what nobody gets."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest
from browsing import served
from demo_store import leave_empty
from people import PASSWORD, SESSION, add_person
from visiting import Visitor

from app.navigation import REPLAY, SCREENS
from app.scope import Scope
from app.sign_in.addresses import local, sign_in_address
from app.sign_in.cookies import FORM_COOKIE, SESSION_COOKIE, cookie_in
from app.words import LANGUAGES, say
from etl.records import people
from etl.records.engine import reading, writing
from etl.records.log import COMMAND, EventKind, entries
from etl.records.people import Role
from etl.records.sign_in import FREE_FOR_NAME
from etl.store import Store, open_store

ACCOUNTS = {
    "fss": (Role.SUPERVISOR, None),
    "head": (Role.MANAGER, None),
    "root": (Role.ADMIN, None),
    "gopax": (Role.EXCHANGE, "gopax"),
}


@pytest.fixture(scope="module")
def store(home: Path) -> Iterator[Store]:
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    for name, (role, exchange) in ACCOUNTS.items():
        add_person(opened.engine, name, role, exchange)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def address(home: Path, store: Store) -> Iterator[str]:
    with served(home) as served_at:
        yield served_at


@pytest.fixture(scope="module")
def proxied(home: Path, store: Store) -> Iterator[str]:
    """The same store behind a proxy on this machine."""
    with served(home, DAXA_PROXY="127.0.0.1") as served_at:
        yield served_at


@pytest.fixture
def visitor(address: str) -> Visitor:
    return Visitor(address)


def someone(store: Store, name: str) -> str:
    """A person of whom a test may do what it likes."""
    add_person(store.engine, name, Role.SUPERVISOR)
    return name


# ------------------------------------------------------------------------------------------- the form


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_is_a_plain_document_in_its_language(visitor: Visitor, language: str) -> None:
    page = visitor.get(f"/login?lang={language}")
    assert page.status == 200
    assert f'<html lang="{language}">' in page.text
    assert f"<h1>{say('sign_in.title', language)}</h1>" in page.text
    assert "<script" not in page.text
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    text = re.sub(r"<[^>]+>|<style>.*?</style>", " ", page.text.replace("한국어", ""), flags=re.DOTALL)
    assert bool(re.search("[가-힣]", text)) == (language == "ko")


def test_the_head_of_a_page_can_be_asked_for(visitor: Visitor) -> None:
    assert visitor.ask("HEAD", "/login").status == 200
    assert visitor.ask("HEAD", "/logout").status == 303
    assert visitor.ask("PUT", "/login").status == 405


def test_name_and_password_open_a_session_and_lead_on(visitor: Visitor, store: Store) -> None:
    wanted = "/halts?exchange=gopax&period=7d"
    answer = visitor.sign_in(" FSS ", path=sign_in_address(wanted))
    assert (answer.status, answer.location) == (303, wanted)
    (cookie,) = [line for line in answer.cookies if line.startswith(SESSION_COOKIE)]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie  # not over http, where the browser would not send it back
    page = visitor.get("/halts")
    assert page.status == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert visitor.shake_hands() == 101
    assert visitor.get(sign_in_address(wanted)).location == wanted
    with reading(store.engine) as connection:
        (entry, *_) = entries(connection, act=EventKind.SIGN_IN, limit=1)
        person = people.named(connection, "fss")
    assert (entry.actor, "127.0.0.1" in entry.details) == (person.id, True)
    assert visitor.cookies[SESSION_COOKIE] not in entry.details


def test_every_failure_gets_the_same_answer(address: str, store: Store) -> None:
    name = someone(store, "was-here")
    with writing(store.engine) as connection:
        people.disable(connection, name, actor=COMMAND, at=datetime.now(UTC))
        people.add(connection, "elsewhere", Role.MANAGER, password=None, actor=COMMAND, at=datetime.now(UTC))
    told = []
    for who, password in (("fss", "wrong"), ("nobody", PASSWORD), (name, PASSWORD), ("elsewhere", "")):
        answer = Visitor(address).sign_in(who, password)
        assert answer.status == 401
        assert SESSION_COOKIE not in "".join(answer.cookies)
        told.append(re.sub(r'name="form" value="[^"]+"', "", answer.text).replace(f'value="{who}"', ""))
    assert len(set(told)) == 1
    assert say("sign_in.wrong", "ko") in told[0]


def test_a_name_is_shown_again_as_text_and_a_password_never(visitor: Visitor) -> None:
    page = visitor.sign_in('"><b>me</b>', "hunter2-hunter2").text
    assert escape('"><b>me</b>') in page
    assert "<b>me" not in page
    assert "hunter2" not in page


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_a_form_from_elsewhere_is_not_taken(address: str, path: str) -> None:
    visitor = Visitor(address)
    if path == "/logout":
        visitor.sign_in("fss")
    form = visitor.form_at(path)
    fields = {"name": "fss", "password": PASSWORD, "form": form}
    for cookie in ("", "another"):
        other = Visitor(address)
        other.cookies = {**visitor.cookies, FORM_COOKIE: cookie}
        answer = other.ask("POST", path, fields)
        assert answer.status == 403
        assert say("sign_in.stale", "ko") in answer.text
    assert visitor.ask("POST", path, {**fields, "form": ""}).status == 403
    assert visitor.ask("POST", path, {**fields, "more": "x" * 10_000}).status == 403


def test_after_many_failures_the_wait_is_told_whoever_it_is(proxied: str, store: Store) -> None:
    for number, (language, name) in enumerate(
        (("ko", someone(store, "guessed")), ("ko", "ghost"), ("en", someone(store, "tried")), ("en", "shade"))
    ):
        source = {"X-Forwarded-For": f"203.0.113.{number}"}
        for attempt in range(FREE_FOR_NAME + 1):
            password = PASSWORD if attempt == FREE_FOR_NAME else "wrong"  # a right one must wait as well
            answer = Visitor(proxied).sign_in(name, password, f"/login?lang={language}", **source)
            assert answer.status == (401 if attempt < FREE_FOR_NAME else 429)
        assert 1 <= int(answer.headers["Retry-After"]) <= 3
        assert re.search(say("sign_in.wait", language, wait=".*", until=".*"), answer.text)


def test_a_proxy_is_believed_where_the_server_was_told_to(proxied: str, store: Store) -> None:
    asked = {"X-Forwarded-For": "203.0.113.99", "X-Forwarded-Proto": "https"}
    answer = Visitor(proxied).sign_in("fss", **asked)
    (cookie,) = [line for line in answer.cookies if line.startswith(f"__Host-{SESSION_COOKIE}")]
    assert "Secure" in cookie.split("; ")
    with reading(store.engine) as connection:
        (entry,) = entries(connection, act=EventKind.SIGN_IN, limit=1)
    assert "203.0.113.99" in entry.details


def test_a_proxy_is_not_believed_unasked(address: str, store: Store) -> None:
    Visitor(address).sign_in("nobody-there", "wrong", **{"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9"})
    with reading(store.engine) as connection:
        (entry,) = entries(connection, act=EventKind.SIGN_IN_FAILED, limit=1)
    assert "203.0.113.9" not in entry.details


# ------------------------------------------------------------------------------------------ the address


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/ok\r\nSet-Cookie: a=b",
        "https://evil.example/",
        "javascript:alert(1)",
        "evil.example",
        "/login?next=/login",
        "/logout",
        "/api/v1/submissions",
        "/" + "x" * 5_000,
        "",
        None,
    ],
)
def test_nobody_is_led_away_from_here(address: str | None) -> None:
    assert local(address) == "/"


@pytest.mark.parametrize("address", ["/", "/halts", "/rules?rule=REC-002&lang=en", "/x?next=//y#z"])
def test_a_page_of_ours_is_led_to(address: str) -> None:
    assert local(address) == address


def test_the_first_cookie_of_a_name_counts() -> None:
    headers = [(b"cookie", b"a=1; daxa_session=mine; b"), (b"Cookie", b"daxa_session=other")]
    assert cookie_in(headers, SESSION_COOKIE) == "mine"
    assert cookie_in([(b"cookie", b"daxa_session2=x;;=")], SESSION_COOKIE) is None


# --------------------------------------------------------------------------------------------- the gate


@pytest.mark.parametrize("name", ["", *(screen.name for screen in SCREENS), "nothing/here"])
def test_a_page_leads_a_stranger_to_sign_in_and_back(visitor: Visitor, name: str) -> None:
    answer = visitor.get(f"/{name}?exchange=gopax&lang=en")
    assert answer.status == 303
    assert answer.location == sign_in_address(f"/{name}?exchange=gopax&lang=en", "en")
    assert visitor.ask("HEAD", f"/{name}").status == 303


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/_stcore/metrics"),
        ("GET", "/_stcore/stream"),
        ("GET", "/_stcore/health/../metrics"),
        ("GET", "/static/../_stcore/metrics"),
        ("GET", "/static/%2e%2e/_stcore/metrics"),
        ("GET", "/media/abc.csv"),
        ("PUT", "/_stcore/upload_file/a/b"),
        ("DELETE", "/_stcore/upload_file/a/b"),
        ("GET", "/_stcore/script-health-check"),
        ("POST", "/_stcore/agent/interact"),
        ("GET", "/component/x/index.html"),
        ("GET", "/halts/_stcore/host-config"),
        ("POST", "/halts"),
    ],
)
def test_a_stranger_gets_nothing_else(visitor: Visitor, method: str, path: str) -> None:
    for session in ("", "x" * 43, SESSION + "x"):
        visitor.cookies = {SESSION_COOKIE: session}
        answer = visitor.ask(method, path, headers={"Accept": "*/*"})
        assert answer.status == 401
        assert answer.body == b"Sign in first."


def test_a_strangers_websocket_is_refused(visitor: Visitor) -> None:
    assert visitor.shake_hands() == 403
    assert visitor.shake_hands("/halts/_stcore/stream") == 403


@pytest.mark.parametrize("path", ["/healthz", "/_stcore/health", "/_stcore/host-config", "/app/static/mark.svg"])
def test_what_holds_no_data_is_open(visitor: Visitor, path: str) -> None:
    assert visitor.get(path).status == 200
    assert visitor.ask("GET", "/api/v1/submissions").status == 401
    assert b"token" in visitor.ask("GET", "/api/v1/submissions").body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ACCOUNTS)
def test_a_page_that_is_not_for_somebodys_role_says_so(address: str, name: str, language: str) -> None:
    visitor = Visitor(address)
    visitor.sign_in(name)
    role, _ = ACCOUNTS[name]
    scope = Scope(role, ())
    own = next(screen for screen in SCREENS if screen.is_open_to(scope))
    for screen in (REPLAY, *SCREENS):
        answer = visitor.get(f"/{screen.name}?lang={language}")
        if screen.is_open_to(scope):
            if screen is own:  # the first page has the address `/`, and its name in links
                assert (answer.status, answer.location) == (303, f"/?lang={language}")
            else:
                assert answer.status == 200
            continue
        assert answer.status == 403
        title = say(f"{screen.name}.title", language)
        key = "closed.without_grant" if role is Role.ADMIN else "closed.page"
        sentence = say(key, language, page=title, role=say(f"role.{role}", language))
        assert escape(sentence) in answer.text


# ----------------------------------------------------------------------------------------- the end of it


def test_signing_out_is_asked_and_ends_the_session_everywhere(visitor: Visitor, address: str, store: Store) -> None:
    visitor.sign_in("fss")
    copied = Visitor(address)
    copied.cookies = dict(visitor.cookies)
    question = visitor.get("/logout?lang=en")
    assert escape(say("sign_out.question", "en", name="fss")) in question.text
    assert copied.get("/").status == 200  # asking has not ended it
    answer = visitor.sign_out()
    assert answer.status == 303
    assert SESSION_COOKIE not in visitor.cookies
    assert say("sign_in.out", "ko") in visitor.get(answer.location).text
    assert copied.get("/").status == 303
    assert copied.shake_hands() == 403
    with reading(store.engine) as connection:
        assert entries(connection, act=EventKind.SIGN_OUT, limit=1)


@pytest.mark.parametrize("change", ["disabled", "password"])
def test_whoever_is_sent_away_is_out_at_once(visitor: Visitor, store: Store, change: str) -> None:
    name = someone(store, f"leaves-{change}")
    visitor.sign_in(name)
    assert visitor.shake_hands() == 101
    with writing(store.engine) as connection:
        now = datetime.now(UTC)
        if change == "disabled":
            people.disable(connection, name, actor=COMMAND, at=now)
        else:
            people.change_password(connection, name, PASSWORD[::-1], actor=COMMAND, at=now)
    assert visitor.get("/").status == 303
    assert visitor.shake_hands() == 403


def test_signing_in_again_ends_what_the_browser_had_before(visitor: Visitor, address: str) -> None:
    visitor.sign_in("fss")
    before = Visitor(address)
    before.cookies = dict(visitor.cookies)
    fields = {"name": "gopax", "password": PASSWORD}
    visitor.cookies.pop(SESSION_COOKIE)
    form = visitor.form_at("/login")
    visitor.cookies[SESSION_COOKIE] = before.cookies[SESSION_COOKIE]
    assert visitor.ask("POST", "/login", {**fields, "form": form}).status == 303
    assert visitor.cookies[SESSION_COOKIE] != before.cookies[SESSION_COOKIE]
    assert before.get("/").status == 303
    assert visitor.get("/").status == 200


def test_a_store_without_people_says_how_to_begin(tmp_path: Path) -> None:
    empty = leave_empty(tmp_path)
    with served(empty, with_people=False) as address:
        page = Visitor(address).get("/login").text
    assert "daxa users add NAME --role admin" in page

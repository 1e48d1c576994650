"""What every answer carries, and what a proxy of TLS changes: headers, cookies, forms, and sockets that are closed."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from browsing import served, with_session
from people import PASSWORD, add_person, sign_in
from playwright.sync_api import Browser, expect
from visiting import HANDSHAKE, HTML, Visitor
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin

from app.sign_in import routes
from app.sign_in.cookies import FORM_COOKIE, SESSION_COOKIE
from app.sign_in.routes import SignIn
from app.words import say
from etl.records import people
from etl.records.engine import writing
from etl.records.log import COMMAND
from etl.records.people import Role
from etl.records.sessions import Way, end_session, open_session
from etl.store import Store, open_store

pytestmark = pytest.mark.slow

TLS = {"X-Forwarded-Proto": "https"}
PLAIN = {"X-Forwarded-Proto": "http"}
PATHS = (
    "/",
    "/login",
    "/logout",
    "/healthz",
    "/api/v1/key",
    "/api/v1/submissions",
    "/api/nothing",
    "/api/v1/openapi.json",
    "/screens.js",
    "/_stcore/host-config",
    "/_stcore/health",
    "/app/static/mark.svg",
    "/media/nothing",
    "/nothing",
)


@pytest.fixture(scope="module")
def store(home: Path) -> Iterator[Store]:
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    add_person(opened.engine, "fss", Role.SUPERVISOR)
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


# ------------------------------------------------------------------------------------------ headers


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_keeps_other_sites_out_and_names_no_server(address: str, path: str) -> None:
    headers = Visitor(address).get(path).headers
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
    assert "Server" not in headers and "X-Powered-By" not in headers
    assert "Strict-Transport-Security" not in headers  # without TLS it would lock people out
    if path.startswith("/api/"):
        assert headers["Cache-Control"] == "no-store"
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    host = Visitor(address).host
    assert policy["connect-src"] == f"'self' ws://{host} wss://{host}"
    sources = {source for part in policy.values() for source in part.split()}
    assert not sources & {"ws:", "wss:", "http:", "https:", "*", "'unsafe-eval'"}


def test_a_refused_request_and_a_handshake_name_no_server(address: str) -> None:
    for headers in ({"X": "a" * 9_000}, HANDSHAKE, {**HANDSHAKE, "Origin": "http://evil.example"}):
        assert "Server" not in Visitor(address).ask("GET", "/_stcore/stream", headers=headers).headers


@pytest.mark.parametrize("path", PATHS)
def test_over_tls_the_host_is_asked_over_tls_alone_from_then_on(proxied: str, path: str) -> None:
    headers = Visitor(proxied).get(path, **TLS).headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert f"connect-src 'self' wss://{Visitor(proxied).host}" in headers["Content-Security-Policy"].split("; ")


def test_no_other_origin_may_send_messages_to_the_screens(address: str) -> None:
    told = Visitor(address).get("/_stcore/host-config").text
    assert '"allowedOrigins":[]' in told.replace(" ", "") and "streamlit.app" not in told


# ----------------------------------------------------------------------------------------------- TLS


@pytest.mark.parametrize("path", ["/", "/login?next=%2Fhalts&lang=en", "/halts?x=%0d%0aX:%201", "//evil.example/%2e"])
def test_a_reader_without_tls_is_sent_to_the_same_address_over_tls(proxied: str, path: str) -> None:
    answer = Visitor(proxied).get(path, **PLAIN)
    assert (answer.status, answer.location) == (308, f"https://{Visitor(proxied).host}{path}")
    assert answer.headers["Cache-Control"] == "no-store" and not answer.cookies


def test_secrets_that_came_without_tls_are_refused(proxied: str) -> None:
    visitor = Visitor(proxied)
    assert visitor.ask("POST", "/login", {"name": "fss", "password": PASSWORD}, {**HTML, **PLAIN}).status == 403
    token = {"Authorization": "Bearer x", **PLAIN}
    assert visitor.ask("GET", "/api/v1/submissions", headers=token).status == 403
    assert visitor.shake_hands(**PLAIN) == 403


def test_without_a_proxy_nobody_is_sent_to_tls(address: str) -> None:
    assert Visitor(address).get("/login", **PLAIN).status == 200
    assert Visitor(address).get("/login", **TLS).status == 200
    assert "Strict-Transport-Security" not in Visitor(address).get("/login", **TLS).headers


# ------------------------------------------------------------------------------------------- cookies


def test_over_tls_cookies_are_of_this_host_alone(proxied: str) -> None:
    visitor = Visitor(proxied)
    answer = visitor.sign_in("fss", **TLS)
    assert answer.status == 303
    for line in answer.cookies:
        assert line.startswith("__Host-") and "Path=/" in line and "Domain" not in line
        assert {"secure", "httponly"} <= {part.strip().lower() for part in line.split(";")}
    assert set(visitor.cookies) == {f"__Host-{SESSION_COOKIE}", f"__Host-{FORM_COOKIE}"}
    own = {"Origin": f"https://{visitor.host}", **TLS}
    assert visitor.shake_hands(**own) == 101
    # What a neighbour of the host, or somebody on the way, could plant is not read.
    planted = Visitor(proxied)
    planted.cookies = {SESSION_COOKIE: visitor.cookies[f"__Host-{SESSION_COOKIE}"]}
    assert planted.shake_hands(**own) == 403
    assert planted.get("/", **TLS).status == 303 and planted.get("/logout", **TLS).status == 303


def test_signing_out_over_tls_takes_the_cookie_away(proxied: str) -> None:
    visitor = Visitor(proxied)
    visitor.sign_in("fss", **TLS)
    answer = visitor.sign_out(**TLS)
    assert answer.status == 303
    (gone,) = [line for line in answer.cookies if line.startswith(f"__Host-{SESSION_COOKIE}=")]
    assert "Max-Age=0" in gone and "Secure" in gone and "Path=/" in gone
    assert visitor.get("/", **TLS).status == 303


def test_a_cookie_of_the_screens_goes_back_over_tls_alone(proxied: str) -> None:
    visitor = Visitor(proxied)
    visitor.sign_in("fss", **TLS)
    for path in ("/", "/_stcore/host-config", "/_stcore/health"):
        for line in visitor.get(path, **TLS).cookies:
            assert "secure" in [part.strip().lower() for part in line.split(";")]


# --------------------------------------------------------------------------------------------- forms


def test_a_form_is_taken_that_this_server_made_and_no_other(address: str) -> None:
    visitor = Visitor(address)
    form = visitor.form_at("/login")
    until, _, made = form.partition(".")
    later = f"{int(until) + 3_600}.{made}"
    half = visitor.cookies[FORM_COOKIE]
    # A cookie that somebody planted is worth nothing: its other half is made here.
    for said in (
        half,
        f"{until}.{half}",
        later,
        f"0.{made}",
        f"-1.{made}",
        made,
        ".",
        f"{until}.",
        f"{until}.{made}0",
        "x",
    ):
        fields = {"name": "fss", "password": PASSWORD, "form": said}
        assert visitor.ask("POST", "/login", fields).status == 403
        visitor.cookies[FORM_COOKIE] = half
    assert visitor.ask("POST", "/login", {"name": "fss", "password": PASSWORD, "form": form}).status == 303


def test_a_form_belongs_to_its_page_and_to_the_session_that_it_ends(address: str) -> None:
    visitor, other = Visitor(address), Visitor(address)
    visitor.sign_in("fss")
    other.sign_in("fss")
    for path in ("/login?out=1", "/logout"):
        elsewhere = Visitor(address) if path != "/logout" else other
        form = elsewhere.form_at(path)
        visitor.cookies[FORM_COOKIE] = elsewhere.cookies[FORM_COOKIE]
        assert visitor.ask("POST", "/logout", {"form": form}).status == 403
    assert visitor.sign_out().status == 303


def test_a_form_has_its_hour(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    client = TestClient(Starlette(routes=SignIn(lambda: store).routes()), follow_redirects=False)
    for ago, status in ((0, 303), (3_590, 303), (3_601, 403)):
        client.cookies.clear()
        with monkeypatch.context() as then:
            now = datetime.now(UTC).timestamp()
            then.setattr(routes.time, "time", lambda now=now, ago=ago: now - ago)
            (form,) = re.findall(r'name="form" value="([^"]+)"', client.get("/login").text)
        answer = client.post("/login", data={"name": "fss", "password": PASSWORD, "form": form})
        assert answer.status_code == status


# ------------------------------------------------------------------------------------------- sockets


@pytest.mark.parametrize("change", ["disabled", "password", "signed out"])
def test_the_socket_of_whoever_is_sent_away_is_closed(address: str, store: Store, change: str) -> None:
    person = add_person(store.engine, f"gone-{change.replace(' ', '-')}", Role.SUPERVISOR)
    stays = add_person(store.engine, f"stays-{change.replace(' ', '-')}", Role.SUPERVISOR)
    now = datetime.now(UTC)
    sessions = [open_session(store.engine, one, Way.PASSWORD, source="127.0.0.1", now=now) for one in (person, stays)]
    host = Visitor(address).host

    def opened(session: str):
        cookie = {"Cookie": f"{SESSION_COOKIE}={session}"}
        return connect(f"ws://{host}/_stcore/stream", origin=Origin(address), additional_headers=cookie)

    with opened(sessions[0]) as gone, opened(sessions[1]) as staying:
        with pytest.raises(TimeoutError):
            gone.recv(timeout=0.2)
        match change:
            case "signed out":
                end_session(store.engine, sessions[0], now)
            case "disabled":
                with writing(store.engine) as connection:
                    people.disable(connection, person.name, actor=COMMAND, at=now)
            case _:
                with writing(store.engine) as connection:
                    people.change_password(connection, person.name, PASSWORD[::-1], actor=COMMAND, at=now)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                gone.recv(timeout=60)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401
        staying.ping().wait(30)
        with pytest.raises(TimeoutError):
            staying.recv(timeout=0.2)


@pytest.mark.browser
def test_the_page_of_whoever_is_sent_away_leads_to_signing_in(
    address: str, store: Store, home: Path, browser: Browser
) -> None:
    context = with_session(browser.new_context(), sign_in(home, "leaver", Role.SUPERVISOR))
    page = context.new_page()
    page.goto(f"{address}/halts?lang=en")
    expect(page.get_by_role("heading", level=1)).to_have_text(say("halts.title", "en"))
    with writing(store.engine) as connection:
        people.disable(connection, "leaver", actor=COMMAND, at=datetime.now(UTC))
    expect(page).to_have_url(re.compile(r"/login\?next=%2Fhalts.*lang=en"))
    expect(page.get_by_role("button")).to_be_visible()
    context.close()

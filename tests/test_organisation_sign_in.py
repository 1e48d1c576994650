"""Signing in with the organisation's account: the whole way over HTTP, with a real provider; and who is kept how."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsing import served
from people import add_person
from visiting import Answer, Visitor

from app.sign_in.cookies import SESSION_COOKIE
from app.sign_in.oidc import configured_provider, role_in
from app.words import say
from etl.records import people
from etl.records.engine import reading, writing
from etl.records.log import COMMAND, SYSTEM, EventKind, entries
from etl.records.organisation import person_with_account
from etl.records.people import PersonError, Role
from etl.store import Store, open_store

CLAIMS = (
    {"sub": "u-1", "preferred_username": "kim", "daxa_role": ["staff", "supervisor"]},
    {"sub": "u-2", "preferred_username": "lee", "daxa_role": "exchange", "daxa_exchange": "korbit"},
    {"sub": "u-3", "preferred_username": "park", "daxa_role": ["visitor"]},
    {"sub": "u-4", "preferred_username": "taken", "daxa_role": "admin"},
    {"sub": "u-5", "preferred_username": "choi", "daxa_role": "exchange", "daxa_exchange": "binance"},
    {"sub": "u-6", "preferred_username": "jung", "daxa_role": ["admin", "manager"]},
    {"sub": "u-7", "preferred_username": "sent-away", "daxa_role": "manager"},
)


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of an OpenID Connect provider that knows these people."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    known = [word for claims in CLAIMS for word in ("--user-claims", json.dumps(claims))]
    command = [sys.executable, "-m", "oidc_provider_mock", "-p", str(port), *known]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert process.poll() is None
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="module")
def kept(home: Path) -> Iterator[Store]:
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    add_person(opened.engine, "taken", Role.MANAGER)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def address(home: Path, kept: Store, provider: str) -> Iterator[str]:
    variables = {
        "DAXA_OIDC_METADATA": f"{provider}/.well-known/openid-configuration",
        "DAXA_OIDC_CLIENT_ID": "daxa",
        "DAXA_OIDC_CLIENT_SECRET": "known to both",
        "DAXA_PASSWORDS": "off",
    }
    with served(home, **variables) as served_at:
        yield served_at


def come_back(visitor: Visitor, provider: str, subject: str, begin: str = "/sso/login") -> Answer:
    """Sign in at the provider and follow its answer back."""
    away = visitor.get(begin)
    assert away.status == 302
    assert away.location.startswith(provider)
    assert {"code_challenge_method=S256", "response_type=code"} <= set(urlsplit(away.location).query.split("&"))
    there = Visitor(provider).ask("POST", away.location.removeprefix(provider), {"sub": subject})
    assert there.status == 302
    parts = urlsplit(there.location)
    assert parts.path == "/oauth2callback"
    return visitor.get(f"{parts.path}?{parts.query}")


def test_whoever_the_provider_vouches_for_has_the_same_session(address: str, provider: str, kept: Store) -> None:
    visitor = Visitor(address)
    page = visitor.get("/login?next=/halts").text
    assert "/sso/login?next=%2Fhalts" in page
    assert 'type="password"' not in page
    answer = come_back(visitor, provider, "u-1", "/sso/login?next=/halts")
    assert (answer.status, answer.location) == (303, "/halts")
    assert visitor.get("/halts").status == 200
    assert visitor.shake_hands() == 101
    with reading(kept.engine) as connection:
        person = people.named(connection, "kim")
        (change,) = entries(connection, act=EventKind.PERSON_CHANGE, subject=person.id)
        (entry,) = entries(connection, act=EventKind.SIGN_IN, actor=person.id)
    assert (person.role, person.exchange, change.actor) == (Role.SUPERVISOR, None, SYSTEM)
    assert json.loads(entry.details)["way"] == "oidc"
    assert come_back(Visitor(address), provider, "u-1").status == 303  # the same person again
    visitor.sign_out()
    assert visitor.get("/halts").status == 303


def test_an_exchange_is_the_one_that_the_provider_names(address: str, provider: str, kept: Store) -> None:
    visitor = Visitor(address)
    assert come_back(visitor, provider, "u-2", "/sso/login?lang=en").location == "/?lang=en"
    assert visitor.get("/trends").status == 403
    with reading(kept.engine) as connection:
        assert people.named(connection, "lee").exchange == "korbit"


@pytest.mark.parametrize("subject", ["u-3", "u-4", "u-5", "u-6", "u-7"])
def test_whoever_has_no_single_role_here_is_told_so(address: str, provider: str, kept: Store, subject: str) -> None:
    if subject == "u-7":
        assert come_back(Visitor(address), provider, subject).status == 303
        with writing(kept.engine) as connection:
            people.disable(connection, "sent-away", actor=COMMAND, at=datetime.now(UTC))
    visitor = Visitor(address)
    answer = come_back(visitor, provider, subject)
    assert answer.status == 403
    assert say("sign_in.sso_refused", "ko") in answer.text
    assert SESSION_COOKIE not in visitor.cookies


def test_an_answer_that_nobody_asked_for_is_not_taken(address: str, provider: str) -> None:
    visitor = Visitor(address)
    away = visitor.get("/sso/login")
    there = Visitor(provider).ask("POST", away.location.removeprefix(provider), {"sub": "u-1"})
    parts = urlsplit(there.location)
    stranger = Visitor(address)
    answer = stranger.get(f"{parts.path}?{parts.query}")
    assert answer.status == 403
    assert say("sign_in.sso_failed", "ko") in answer.text
    assert SESSION_COOKIE not in stranger.cookies
    assert visitor.get("/oauth2callback?error=access_denied&state=x").status == 403


def test_passwords_can_be_switched_off(address: str) -> None:
    visitor = Visitor(address)
    answer = visitor.ask("POST", "/login", {"name": "taken", "password": "correct horse battery staple", "form": "x"})
    assert answer.status == 403
    assert SESSION_COOKIE not in visitor.cookies


# ------------------------------------------------------------------------------------------------ records


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def test_a_change_of_role_is_kept_and_logged(store: Store) -> None:
    now = datetime.now(UTC)
    with writing(store.engine) as connection:
        first = person_with_account(
            connection, "https://idp", "s", name="Kim", role=Role.SUPERVISOR, exchange=None, at=now
        )
        same = person_with_account(
            connection, "https://idp", "s", name="Other", role=Role.SUPERVISOR, exchange=None, at=now
        )
        assert same.id == first.id
        moved = person_with_account(
            connection, "https://idp", "s", name="Kim", role=Role.EXCHANGE, exchange="upbit", at=now
        )
        assert (moved.id, moved.name, moved.role, moved.exchange) == (first.id, "kim", Role.EXCHANGE, "upbit")
        with pytest.raises(PersonError):
            person_with_account(connection, "https://idp", "s", name="Kim", role=Role.EXCHANGE, exchange=None, at=now)
        with pytest.raises(PersonError):  # the same name from another provider is another person
            person_with_account(
                connection, "https://other", "s", name="Kim", role=Role.SUPERVISOR, exchange=None, at=now
            )
        assert len(entries(connection, act=EventKind.PERSON_CHANGE, subject=first.id)) == 2


@pytest.mark.parametrize(
    ("claim", "role"),
    [("admin", Role.ADMIN), (["x", "manager"], Role.MANAGER), (["admin", "manager"], None), (None, None), ([], None)],
)
def test_one_role_of_ours_is_taken(claim: object, role: Role | None) -> None:
    assert role_in(claim) is role


def test_half_a_configuration_is_said_to_be_half(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configured_provider() is None
    monkeypatch.setenv("DAXA_OIDC_METADATA", "https://idp/.well-known/openid-configuration")
    with pytest.raises(ValueError, match="DAXA_OIDC_CLIENT_ID, DAXA_OIDC_CLIENT_SECRET"):
        configured_provider()

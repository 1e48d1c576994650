"""Each role's way through the dashboard in a real browser: sign in, see what the role may, sign out, nothing left."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from browsing import keep_picture, served
from demo_store import LAST_DAY, fill
from people import PASSWORD, add_person
from playwright.sync_api import Browser, BrowserContext, Page, expect
from visiting import Visitor

from app.navigation import SCREENS
from app.scope import Scope
from app.sign_in.cookies import SESSION_COOKIE
from app.words import exchange_name, say
from etl.records import people
from etl.records.engine import reading, writing
from etl.records.log import COMMAND, EventKind, entries
from etl.records.people import Role
from etl.store import Store

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WHO = {
    "fss": (Role.SUPERVISOR, None),
    "head": (Role.MANAGER, None),
    "root": (Role.ADMIN, None),
    "gopax": (Role.EXCHANGE, "gopax"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("roles"))


@pytest.fixture(scope="module")
def store(store: Store) -> Store:
    for name, (role, exchange) in WHO.items():
        add_person(store.engine, name, role, exchange)
    return store


@pytest.fixture(scope="module")
def address(home: Path, store: Store) -> Iterator[str]:
    with served(home) as served_at:
        yield served_at


@pytest.fixture
def stranger(browser: Browser) -> Iterator[BrowserContext]:
    """A browser in which nobody is signed in."""
    context = browser.new_context(viewport={"width": 1366, "height": 1000}, locale="ko-KR")
    context.set_default_timeout(60_000)
    yield context
    context.close()


def drawn(page: Page) -> None:
    page.get_by_role("heading", level=1).wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def sign_in(page: Page, address: str, name: str, wanted: str = "/") -> None:
    page.goto(address + wanted)
    expect(page.get_by_role("heading", level=1)).to_have_text(say("sign_in.title", "ko"))
    keep_picture(page, "sign-in-ko")
    page.get_by_label(say("sign_in.name", "ko")).fill(name)
    page.get_by_label(say("sign_in.password", "ko")).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator("[data-testid=stSidebarNav]").wait_for()
    drawn(page)


@pytest.mark.parametrize("name", WHO)
def test_a_role_signs_in_sees_its_own_and_leaves_nothing_behind(
    stranger: BrowserContext, address: str, name: str
) -> None:
    role, exchange = WHO[name]
    page = stranger.new_page()
    sign_in(page, address, name)
    own = [screen for screen in SCREENS if screen.is_open_to(Scope(role, ()))]
    expect(page.get_by_role("heading", level=1)).to_have_text(say(f"{own[0].name}.title", "ko"))
    menu = page.locator("[data-testid=stSidebarNav] a").all_inner_texts()
    assert [text.splitlines()[-1] for text in menu] == [say(f"{screen.name}.title", "ko") for screen in own]
    who = page.locator("p.who")
    expect(who).to_contain_text(name)
    expect(who).to_contain_text(say(f"role.{role}", "ko"))
    expect(who).to_contain_text("KST")
    keep_picture(page, f"role-{name}-ko")
    if exchange:
        expect(who).to_contain_text(exchange_name(exchange, "ko"))
        text = page.locator("[data-testid=stMainBlockContainer]").inner_text()
        assert exchange_name(exchange, "ko") in text
        assert not [other for other in ("업비트", "빗썸", "코인원", "코빗") if other in text]
    page.reload()
    drawn(page)
    who.get_by_role("link", name=say("sign_out.title", "ko")).click()
    expect(page.get_by_text(say("sign_out.question", "ko", name=name))).to_be_visible()
    page.get_by_role("button", name=say("sign_out.button", "ko")).click()
    expect(page.get_by_text(say("sign_in.out", "ko"))).to_be_visible()
    assert not [cookie for cookie in stranger.cookies() if cookie.get("name") == SESSION_COOKIE]
    for _ in range(2):  # the question, then the page before it
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_have_text(say("sign_in.title", "ko"))
        assert page.locator("[data-testid=stApp]").count() == 0


def test_whoever_is_disabled_is_led_to_signing_in_without_a_click(
    stranger: BrowserContext, address: str, store: Store
) -> None:
    add_person(store.engine, "gone", Role.SUPERVISOR)
    page = stranger.new_page()
    sign_in(page, address, "gone", "/rules")
    with writing(store.engine) as connection:
        people.disable(connection, "gone", actor=COMMAND, at=datetime.now(UTC))
    expect(page).to_have_url(re.compile("/login.*rules"))
    expect(page.locator("[data-testid=stApp]")).to_have_count(0)
    keep_picture(page, "disabled-ko")


def test_a_file_made_for_somebody_is_nobody_elses(stranger: BrowserContext, address: str, store: Store) -> None:
    """The address of a download is not enough: not for a stranger, and not for another person who is signed in."""
    page = stranger.new_page()
    sign_in(page, address, "gopax", "/submissions")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/media/" in request.url else None)
    button = page.locator("[data-testid=stDownloadButton]").get_by_role("button", name=say("export.to_csv", "ko"))
    with page.expect_download() as waiting:
        button.first.click()
    content = Path(waiting.value.path()).read_bytes()
    assert b"gopax" in content or exchange_name("gopax", "ko").encode() in content
    (media,) = {
        url.removeprefix(address) for url in (*asked, waiting.value.url) if url.partition("?")[0][-4:] == ".csv"
    }
    with reading(store.engine) as connection:
        (entry,) = entries(connection, act=EventKind.DOWNLOAD)
        person = people.named(connection, "gopax")
    assert entry.actor == person.id
    assert json.loads(entry.details)["exchanges"] == ["gopax"]
    own = Visitor(address)
    own.cookies = {SESSION_COOKIE: next(c["value"] for c in stranger.cookies() if c["name"] == SESSION_COOKIE)}
    assert own.get(media).body == content
    other = Visitor(address)
    assert other.ask("GET", media, headers={"Accept": "*/*"}).status == 401
    for name in ("fss", "root"):
        other = Visitor(address)
        other.sign_in(name)
        for headers in ({}, {"Range": "bytes=0-99"}, {"Accept-Encoding": "gzip"}):
            answer = other.ask("GET", media, headers=headers)
            assert (answer.status, answer.body) == (404, b"File not found")
    assert other.ask("HEAD", media).status == 404
    assert str(LAST_DAY)[:4].encode() in content

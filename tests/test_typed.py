"""Nothing typed is lost: what a session's end, a reload or a paste did to it is said, and the text comes back."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from answer_store import NOW, fill
from browsing import hears_no_close, keep_picture, served, with_session
from people import sign_in
from playwright.sync_api import Browser, FilePayload, Page, Route, expect
from screen_texts import texts_of
from sqlalchemy import select

from app.scope import Role
from app.words import LANGUAGES, say
from etl.answers import EXPLAINED_KINDS
from etl.records.answers import LONGEST_TEXT
from etl.records.engine import writing
from etl.records.people import by_name, sign_out_everywhere
from etl.records.tables import findings
from etl.store import Store, open_store

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("typed"))


@pytest.fixture(scope="module")
def store(home: Path) -> Iterator[Store]:
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with served(home, NOW) as served_at:
        yield served_at


@pytest.fixture
def page(browser: Browser, home: Path) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1366, "height": 1400}, locale="en-US")
    context.set_default_timeout(60_000)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield with_session(context, sign_in(home, "korbit1", Role.EXCHANGE, "korbit")).new_page()
    context.close()


def finding_of(store: Store) -> int:
    with store.engine.connect() as connection:
        query = select(findings.c.id).where(findings.c.kind.in_(EXPLAINED_KINDS), findings.c.exchange == "korbit")
        return int(connection.execute(query.order_by(findings.c.id)).scalars().first() or 0)


def end_sessions(store: Store) -> None:
    with writing(store.engine) as connection:
        person = by_name(connection, "korbit1")
        assert person
        sign_out_everywhere(connection, person)


def opened(page: Page, address: str, store: Store) -> None:
    page.goto(f"{address}/answers?lang=ko&finding={finding_of(store)}")
    page.locator("textarea").first.wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def test_a_text_outlasts_the_end_of_its_session(page: Page, address: str, store: Store, home: Path) -> None:
    opened(page, address, store)
    page.locator("textarea").first.press_sequentially("지갑을 옮기는 중")
    end_sessions(store)
    page.wait_for_url(re.compile("/login"))
    with_session(page.context, sign_in(home, "korbit1", Role.EXCHANGE, "korbit"))
    opened(page, address, store)
    expect(page.locator("textarea").first).to_have_value("지갑을 옮기는 중")
    expect(page.get_by_text(say("typed.restored", "ko"))).to_be_visible()
    keep_picture(page, "typed-restored-ko")
    with_session(page.context, sign_in(home, "korbit2", Role.EXCHANGE, "korbit"))
    opened(page, address, store)
    page.wait_for_timeout(1000)
    expect(page.locator("textarea").first).to_have_value("")


def test_a_paste_over_the_limit_is_told_and_not_taken(page: Page, address: str, store: Store) -> None:
    opened(page, address, store)
    area = page.locator("textarea").first
    area.press_sequentially("가")
    page.evaluate("length => navigator.clipboard.writeText('나'.repeat(length))", LONGEST_TEXT)
    page.keyboard.press("Control+V")
    told = say("typed.too_long", "ko", length=f"{LONGEST_TEXT + 1:,}", most=f"{LONGEST_TEXT:,}")
    expect(page.get_by_text(told)).to_be_visible()
    expect(area).to_have_value("가")
    keep_picture(page, "typed-too-long-ko")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_upload_after_the_sessions_end_says_so_with_the_way_back(
    page: Page, address: str, store: Store, language: str
) -> None:
    hears_no_close(page)
    page.goto(f"{address}/filing?lang={language}&task=submit")
    page.locator("[data-testid=stFileUploader] input[type=file]").wait_for(state="attached")
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()

    def ends_first(upload: Route) -> None:
        end_sessions(store)
        upload.continue_()

    page.route("**/_stcore/upload_file/**", ends_first)
    dropped: FilePayload = {"name": "korbit_halts_2026-11-02.json", "mimeType": "application/json", "buffer": b"[]"}
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(dropped)
    told = page.locator("#screens-told")
    expect(told).to_contain_text(say("typed.signed_out", language))
    expect(told).to_be_in_viewport()
    keep_picture(page, f"typed-upload-{language}")
    assert not (language == "ko" and [text for text in texts_of(page) if "Error" in text or "icon" in text])
    told.get_by_role("link", name=say("typed.sign_in", language)).click()
    page.wait_for_url(re.compile("/login"))
    query = parse_qs(urlsplit(page.url).query)
    back = urlsplit(query["next"][0])
    assert (back.path, parse_qs(back.query)["task"]) == ("/filing", ["submit"])
    assert query.get("lang", ["ko"]) == [language]


def test_an_upload_that_does_not_arrive_says_so(page: Page, address: str) -> None:
    page.goto(f"{address}/filing?lang=ko")
    page.locator("[data-testid=stFileUploader] input[type=file]").wait_for(state="attached")
    page.route("**/_stcore/upload_file/**", lambda route: route.abort())
    dropped: FilePayload = {"name": "korbit_halts_2026-11-02.json", "mimeType": "application/json", "buffer": b"[]"}
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(dropped)
    expect(page.locator("#screens-told")).to_have_text(say("typed.not_uploaded", "ko"))


def test_what_was_sent_is_forgotten_and_its_result_is_in_sight(page: Page, address: str, store: Store) -> None:
    opened(page, address, store)
    page.locator("textarea").first.press_sequentially("지갑을 옮기는 중")
    page.get_by_role("button", name=say("answers.form.explain", "ko")).click()
    told = page.locator("p.banner[role=status]")
    expect(told).to_contain_text(say("answers.done.explained", "ko"))
    expect(told).to_be_in_viewport()
    keep_picture(page, "typed-sent-ko")
    page.wait_for_timeout(4000)
    assert page.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('typed/'))") == []

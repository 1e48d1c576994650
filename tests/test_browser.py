"""Every page in a real Chromium, served by a real server: with simulated data and with an empty store.

DAXA_SCREENSHOTS names a folder that keeps a picture of every page in every language.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from demo_store import LAST_DAY, NOW, fill, leave_empty
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from app.navigation import SCREENS
from app.words import LANGUAGES, all_words, say
from expectations.catalogue import all_rules

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parent.parent
NAMES = tuple(screen.name for screen in SCREENS)
HARMLESS = re.compile(r"/_stcore/(health|host-config)")
"""What Streamlit asks for below the address of a page, and does not find there."""
STREAMLIT_OWN = "Skip to main content"
"""A link for those who use the keyboard, seen only while it has the focus, which has no Korean."""
VIEWPORT = {"width": 1366, "height": 1800}


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The address of the dashboard over the store at `home`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "DAXA_HOME": str(home), "DAXA_NOW": NOW.isoformat()}
    environment.pop("DAXA_DATABASE_URL", None)
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port), "--log-level", "warning"]
    log = home / "server.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=stream, stderr=stream)
    try:
        _wait_for(f"{address}/healthz", server, log)
        yield address
        assert "Traceback" not in log.read_text("utf-8")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=1):  # noqa: S310
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server does not answer:\n{log.read_text('utf-8')}")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(fill(tmp_path_factory.mktemp("filled"))) as address:
        yield address


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(leave_empty(tmp_path_factory.mktemp("empty"))) as address:
        yield address


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


def context_of(browser: Browser) -> BrowserContext:
    context = browser.new_context(viewport=VIEWPORT, locale="ko-KR", timezone_id="America/New_York")
    context.set_default_timeout(30_000)
    return context


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that keeps what it has loaded; every page in it is a session of its own all the same."""
    opened = context_of(browser)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails its test over errors in the console, refused requests and addresses of others."""
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on(
        "console",
        lambda said: (
            troubles.append(said.text) if said.type == "error" and "Failed to load resource" not in said.text else None
        ),
    )
    opened.on(
        "response",
        lambda answer: (
            troubles.append(f"{answer.status} {answer.url}")
            if answer.status >= 400 and not HARMLESS.search(answer.url)
            else None
        ),
    )
    opened.on(
        "request",
        lambda asked: (
            troubles.append(f"asks {asked.url}")
            if not re.match(r"(https?|wss?)://127\.0\.0\.1|data:|blob:", asked.url)
            else None
        ),
    )
    yield opened
    opened.close()
    assert not troubles, troubles


def visit(page: Page, server: str, name: str, language: str, query: str = "") -> str:
    """Open a page and wait until it is drawn; its visible text."""
    page.goto(f"{server}/{'' if name == NAMES[0] else name}?lang={language}{query}")
    expect(page.get_by_role("heading", level=1)).to_have_text(say(f"{name}.title", language))
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.locator("[data-testid=stSkeleton]").first.wait_for(state="detached")
    for chart in page.locator(".js-plotly-plot").all():
        chart.locator(".main-svg").first.wait_for()
    assert page.locator("[data-testid=stException]").count() == 0
    return page.locator("[data-testid=stApp]").inner_text().replace(STREAMLIT_OWN, "")


def keep_picture(page: Page, name: str) -> None:
    folder = os.environ.get("DAXA_SCREENSHOTS")
    if folder:
        page.evaluate("document.fonts.ready")
        page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled")


def sentences(text: str) -> list[str]:
    """Lines that look like English: three Latin words in a row."""
    return [line for line in text.splitlines() if re.search(r"\b[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}", line)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_shows_its_figures(page: Page, filled: str, name: str, language: str) -> None:
    text = visit(page, filled, name, language)
    keep_picture(page, f"{name}-{language}")
    assert say("empty.store", language) not in text
    assert str(LAST_DAY) in text
    assert page.locator("html").get_attribute("lang") == language
    if language == "ko":
        assert not sentences(text)
    else:
        assert not re.search("[가-힣]", text.replace("한국어", ""))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_says_that_the_store_is_empty(page: Page, empty: str, name: str, language: str) -> None:
    text = visit(page, empty, name, language)
    keep_picture(page, f"{name}-{language}-empty")
    assert say("empty.store", language) in text
    if language == "ko":
        assert not sentences(text)


def test_a_link_shows_the_same_in_another_session(page: Page, browser: Browser, filled: str) -> None:
    visit(page, filled, "api_volume", "en")
    page.get_by_role("radio", name="7d").or_(page.get_by_role("button", name="7d")).first.click()
    expect(page.get_by_text("(7 days)")).to_be_visible()
    page.locator("[data-testid=stMultiSelect] input").click()
    page.get_by_role("option", name="Gopax").click()
    expect(page).to_have_url(re.compile("exchange=gopax"))
    page.keyboard.press("Escape")
    address = page.url
    assert "period=7d" in address
    assert "lang=en" in address
    other = context_of(browser)
    copied = other.new_page()
    copied.goto(address)
    expect(copied.get_by_text("(7 days)")).to_be_visible()
    expect(copied.locator("[data-baseweb=tag], [data-testid=stMultiSelect]").get_by_text("Gopax").first).to_be_visible()
    other.close()


def test_filters_go_along_to_the_next_page(page: Page, filled: str) -> None:
    visit(page, filled, "overview", "en", "&period=7d&exchange=korbit")
    page.get_by_role("link", name=say("halts.title", "en")).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(say("halts.title", "en"))
    expect(page).to_have_url(re.compile("(?=.*period=7d)(?=.*exchange=korbit)(?=.*lang=en)"))


def test_a_click_on_a_mark_leads_to_file_and_row(page: Page, filled: str) -> None:
    visit(page, filled, "reconciliation", "ko")
    marks = page.locator(".js-plotly-plot").first.locator(".scatterlayer .point")
    marks.first.wait_for()
    marks.first.click(force=True)
    expect(page).to_have_url(re.compile("day=2026-11-"))
    page.get_by_text(say("rows.title", "ko", what="")).first.wait_for()
    # The table is drawn on a canvas; what it holds stands in the grid behind it.
    grid = page.locator("[data-testid=stDataFrame]").nth(1).locator("[role=grid]")
    expect(grid.get_by_text(re.compile(r"_reconciliation_2026-11-")).first).to_be_attached()
    keep_picture(page, "reconciliation-picked-ko")


def test_a_cell_of_the_overview_leads_to_its_submissions(page: Page, filled: str) -> None:
    visit(page, filled, "overview", "ko")
    page.locator("table.matrix a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(say("submissions.title", "ko"))
    expect(page).to_have_url(re.compile("(?=.*report=api_volume)(?=.*exchange=upbit)"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_rule_shows_where_it_comes_from_and_what_it_found(page: Page, filled: str, language: str) -> None:
    text = visit(page, filled, "rules", language, "&rule=REC-002&period=30d")
    keep_picture(page, f"rules-picked-{language}")
    assert all_rules()["REC-002"].statement.in_language(language) in text
    assert "daxa rules --proof" in text
    page.get_by_text(say("rules.condition", language), exact=True).click()
    expect(page.get_by_text("expect_no").or_(page.get_by_text("-- expect_")).first).to_be_visible()
    if language == "ko":
        assert not sentences(text)


def test_a_row_of_the_breaches_leads_to_its_submission(page: Page, filled: str) -> None:
    visit(page, filled, "overview", "ko", "&period=7d")
    grid = page.locator("[data-testid=stDataFrame]").first
    box = grid.bounding_box()
    assert box
    page.mouse.click(box["x"] + 16, box["y"] + 52)  # the check box of the first row
    expect(page.get_by_role("heading", level=1)).to_have_text(say("submissions.title", "ko"))
    expect(page).to_have_url(re.compile("(?=.*submission=2026)(?=.*period=7d)"))
    expect(page.get_by_role("heading", name=re.compile("지적사항 "))).to_be_visible()


def test_every_answer_carries_the_headers(filled: str) -> None:
    with urllib.request.urlopen(f"{filled}/healthz", timeout=10) as answer:  # noqa: S310
        headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "script-src 'self' 'wasm-unsafe-eval' 'sha256-" in headers["Content-Security-Policy"]


def test_the_keys_of_the_texts_are_never_shown(page: Page, filled: str) -> None:
    text = visit(page, filled, "overview", "ko")
    assert not [key for key in all_words() if "." in key and key in text]

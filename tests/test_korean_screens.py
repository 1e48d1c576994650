"""The screens in Korean hold no English: neither what is seen nor what is read out, opened as far as it opens."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import keep_picture, served, with_session
from people import sign_in
from playwright.sync_api import Browser, BrowserContext, Page, expect
from screen_texts import texts_of

from app.navigation import SCREENS
from app.scope import Role, Scope
from app.words import LANGUAGES, say

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WHO = {
    "fss": (Role.SUPERVISOR, None),
    "head": (Role.MANAGER, None),
    "root": (Role.ADMIN, None),
    "gopax": (Role.EXCHANGE, "gopax"),
}
OWN_LOOKS = {"overview", "submissions", "filing", "answers", "administration"}
"""The pages that look another way for another role; the others are walked through by a supervisor."""
PAGES = [
    (name, screen.name)
    for name, (role, _) in WHO.items()
    for screen in SCREENS
    if screen.is_open_to(Scope(role, ())) and (name == "fss" or screen.name in OWN_LOOKS)
]

CODES = re.compile(
    r"\b[A-Z]{2,4}-\d{3}\b"  # rules
    r"|\b(?:[DEHPT]|\d{8}|[A-Z]{2}-[CH])-[\w-]+"  # numbers of drafts, explanations, proposals, people, tokens, cases
    r"|\b[a-z]+(?:_[a-z0-9]+)+[\w.-]*|\b[\w-]+\.(?:csv|json|xlsx|parquet|xml|pem)\b"  # names of columns and files
    r"|\b(?=\w*\d)[0-9a-f]{6,}\b"  # digests and versions
    r"|\b[A-Z0-9]{2,10}/KRW\b|\b\d+(?:h|d|m|s|p)\b"
    r"|\bdaxa(?: [a-z-]+)*(?: --[a-z-]+)?|https?://\S+",
    re.ASCII,
)
"""What is written the same in every language."""
ALLOWED = {
    *("API", "KST", "UTC", "CSV", "XLSX", "JSON", "XML", "PARQUET", "PDF", "MB", "IP", "SHA", "SQL", "HTTP"),
    *("DAXA", "FSS", "FSC", "KRW", "VASP", "bp", "Enter", "Ctrl", "Escape", "English"),
    *("BTC", "ETH", "XRP", "SOL", "DOGE", "ADA", "USDT", "TRX"),
    *WHO,
}
"""Names, units, keys of the keyboard, and abbreviations that Korean papers write in Latin letters."""


def english_in(texts: list[str]) -> set[str]:
    """Each text with a Latin word that nothing allows."""
    return {text for text in texts if set(re.findall(r"[A-Za-z][A-Za-z'’]+", CODES.sub("", text))) - ALLOWED}


@pytest.fixture(scope="module")
def sessions(filled_home: Path) -> dict[str, str]:
    return {name: sign_in(filled_home, name, role, exchange) for name, (role, exchange) in WHO.items()}


@pytest.fixture(scope="module")
def address(filled_home: Path, sessions: dict[str, str]) -> Iterator[str]:
    with served(filled_home) as served_at:
        yield served_at


@pytest.fixture
def stranger(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that speaks English, as one bought abroad does."""
    context = browser.new_context(viewport={"width": 1366, "height": 1400}, locale="en-US")
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture(scope="module")
def pages(browser: Browser, sessions: dict[str, str]) -> Iterator[dict[str, Page]]:
    """One window of each, which keeps what it has loaded; all speak English, as browsers bought abroad do."""
    contexts = {name: browser.new_context(viewport={"width": 1366, "height": 1400}, locale="en-US") for name in WHO}
    for name, context in contexts.items():
        context.set_default_timeout(60_000)
        with_session(context, sessions[name])
    yield {name: context.new_page() for name, context in contexts.items()}
    for context in contexts.values():
        context.close()


def shown(page: Page, address: str, name: str, query: str = "") -> None:
    page.goto(f"{address}/{name}?lang=ko{query}")
    page.get_by_role("heading", level=1).wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.locator("[data-testid=stSkeleton]").first.wait_for(state="detached")


def opened(page: Page) -> Iterator[str]:
    """The page as it comes, then with everything of Streamlit's open that is on it, one after the other."""
    yield "page"
    page.get_by_test_id("stMainMenu").get_by_role("button").first.click()
    page.wait_for_timeout(300)
    yield "menu"
    page.keyboard.press("Escape")
    chooser = page.locator("[data-testid=stMultiSelect] input").first
    chooser.click()
    page.wait_for_timeout(200)
    yield "options"
    page.keyboard.type("zzz")
    page.wait_for_timeout(200)
    yield "no options"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    if (days := page.get_by_test_id("stDateInputCalendarButton")).count():
        days.first.click()
        page.wait_for_timeout(300)
        yield "calendar"
        page.keyboard.press("Escape")
    if (area := page.locator("textarea:visible, [data-testid=stTextInput] input:visible")).count():
        area.first.click()
        page.keyboard.type("가")
        page.wait_for_timeout(200)
        yield "text"
    if (table := page.get_by_test_id("stDataFrame")).count() and (box := table.first.bounding_box()):
        table.first.scroll_into_view_if_needed()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 18)
        page.wait_for_timeout(300)
        yield "table"


@pytest.mark.parametrize(("who", "name"), PAGES)
def test_a_screen_in_korean_holds_no_english(pages: dict[str, Page], address: str, who: str, name: str) -> None:
    page = pages[who]
    shown(page, address, name, "&period=custom&from=2026-11-13&to=2026-11-21")
    found: dict[str, str] = {}
    for state in opened(page):
        keep_picture(page, f"korean-{who}-{name}-{state.replace(' ', '-')}")
        for text in english_in(texts_of(page)):
            found.setdefault(text, state)
    assert not found, "say these in Korean (app/wording/streamlit.toml):\n" + "\n".join(
        f"  {state}: {text[:200]}" for text, state in found.items()
    )


def test_a_language_that_is_changed_changes_streamlits_texts_too(
    stranger: BrowserContext, address: str, sessions: dict[str, str]
) -> None:
    page = with_session(stranger, sessions["fss"]).new_page()
    shown(page, address, "overview")
    for language in ("en", *LANGUAGES):
        own = {"ko": "한국어", "en": "English"}[language]
        page.get_by_role("radio", name=own).or_(page.get_by_role("button", name=own)).first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(say("overview.title", language))
        expect(page.locator("html")).to_have_attribute("lang", language)
        for key in ("menu", "skip"):
            words = say(f"streamlit.bar.{key}", language)
            assert words in texts_of(page)


def test_a_calendar_of_an_english_screen_is_english_in_a_korean_browser(
    browser: Browser, address: str, sessions: dict[str, str]
) -> None:
    context = browser.new_context(viewport={"width": 1366, "height": 1400}, locale="ko-KR")
    context.set_default_timeout(60_000)
    page = with_session(context, sessions["fss"]).new_page()
    page.goto(f"{address}/overview?lang=en&period=custom&from=2026-11-13&to=2026-11-21")
    page.get_by_test_id("stDateInputCalendarButton").first.click()
    page.wait_for_timeout(300)
    assert not [text for text in texts_of(page) if re.search("[가-힣]", text.replace("한국어", ""))]
    context.close()


def test_the_document_is_korean_before_any_script_runs(
    stranger: BrowserContext, address: str, sessions: dict[str, str]
) -> None:
    answer = with_session(stranger, sessions["fss"]).request.get(f"{address}/?lang=ko", headers={"Accept": "text/html"})
    text = answer.text()
    assert f"<title>{say('product', 'ko')}</title>" in text
    assert "Streamlit</title>" not in text
    assert say("no_script", "ko") in text


# ------------------------------------------------------------------------------------- back, and links


def choose(page: Page, option: str) -> None:
    page.get_by_role("radio", name=option, exact=True).or_(
        page.get_by_role("button", name=option, exact=True)
    ).first.click()


def test_back_undoes_a_filter_and_forward_does_it_again(
    stranger: BrowserContext, address: str, sessions: dict[str, str]
) -> None:
    page = with_session(stranger, sessions["fss"]).new_page()
    shown(page, address, "api_volume")
    marks = {days: f"({days}일)" for days in (7, 30, 90)}
    expect(page.locator("p.asof")).to_contain_text(marks[30])
    choose(page, say("filter.7d", "ko"))
    expect(page.locator("p.asof")).to_contain_text(marks[7])
    choose(page, say("filter.90d", "ko"))
    expect(page.locator("p.asof")).to_contain_text(marks[90])
    page.go_back()
    expect(page.locator("p.asof")).to_contain_text(marks[7])
    page.go_back()
    expect(page.locator("p.asof")).to_contain_text(marks[30])
    assert "period" not in page.url
    page.go_forward()
    expect(page.locator("p.asof")).to_contain_text(marks[7])
    page.get_by_role("link", name=say("halts.title", "ko")).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(say("halts.title", "ko"))
    expect(page.locator("p.asof")).to_contain_text(marks[7])
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text(say("api_volume.title", "ko"))
    expect(page.locator("p.asof")).to_contain_text(marks[7])


def test_copy_link_copies_the_days_and_not_the_preset(
    stranger: BrowserContext, address: str, sessions: dict[str, str]
) -> None:
    stranger.grant_permissions(["clipboard-read", "clipboard-write"])
    page = with_session(stranger, sessions["fss"]).new_page()
    shown(page, address, "halts", "&period=7d&exchange=korbit")
    page.get_by_role("button", name=say("head.share", "ko")).click()
    done = say("head.shared", "ko", first="2026-11-15", last="2026-11-21")
    expect(page.get_by_text(done)).to_be_visible()
    keep_picture(page, "copied-ko")
    copied = page.evaluate("navigator.clipboard.readText()")
    wanted = {"period=custom", "from=2026-11-15", "to=2026-11-21", "exchange=korbit", "lang=ko"}
    assert wanted == set(copied.partition("?")[2].split("&"))
    assert copied.startswith(f"{address}/halts?")
    page.goto(copied)
    expect(page.locator("p.asof")).to_contain_text("2026-11-15 ~ 2026-11-21")


def test_a_link_that_cannot_be_copied_stands_there_to_be_copied(
    stranger: BrowserContext, address: str, sessions: dict[str, str]
) -> None:
    stranger.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page = with_session(stranger, sessions["fss"]).new_page()
    shown(page, address, "halts")
    page.get_by_role("button", name=say("head.share", "ko")).click()
    expect(page.locator("p.share output")).to_contain_text("from=2026-10-23")
    assert "from=2026-10-23" in page.evaluate("getSelection().toString()")

"""Screens on a telephone and on paper: everything that a wide screen shows is there, nothing is cut off."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import NAMES, context_of, keep_picture, served, visit
from playwright.sync_api import Browser, Page, ViewportSize

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TELEPHONE: ViewportSize = {"width": 390, "height": 844}
PAPER: ViewportSize = {"width": 1040, "height": 720}
"""A4 across, within its margins, in the pixels of a browser."""
DAYS = "&period=custom&from=2026-11-13&to=2026-11-21"
_LOST = """(canScroll) => {
    const main = document.querySelector('[data-testid=stMain]');
    const width = document.documentElement.clientWidth;
    const lost = [];
    if (document.documentElement.scrollWidth > width || main.scrollWidth > main.clientWidth + 1) lost.push('the page');
    const scrolls = (element) => {
        for (let one = element.parentElement; canScroll && one && one !== main; one = one.parentElement)
            if (['auto', 'scroll'].includes(getComputedStyle(one).overflowX)) return true;
        return false;
    };
    for (const element of main.querySelectorAll('*')) {
        if (element.closest('[role=grid], canvas, [data-testid=stElementToolbar]')) continue;
        const style = getComputedStyle(element), box = element.getBoundingClientRect();
        if (style.visibility === 'hidden' || !box.width || !box.height) continue;
        const text = [...element.childNodes].some(node => node.nodeType === 3 && node.nodeValue.trim());
        if (!text && element.tagName !== 'svg') continue;
        const said = element.textContent.trim().slice(0, 60);
        if ((box.right > width + 1 || box.left < -1) && !scrolls(element)) lost.push(`outside: ${said}`);
        const isCut = ['hidden', 'clip'].includes(style.overflowX) && element.scrollWidth > element.clientWidth + 1;
        if (text && isCut && element.clientWidth > 4) lost.push(`cut: ${said}`);
    }
    return lost;
}"""
"""What of a page is outside of it or cut off; what stands in a part that scrolls sideways is not, on a screen."""


@pytest.fixture(scope="module")
def address(filled_home: Path) -> Iterator[str]:
    with served(filled_home) as served_at:
        yield served_at


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = context_of(browser)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(("name", "language"), [*((name, "ko") for name in NAMES), ("overview", "en"), ("halts", "en")])
def test_a_telephone_shows_everything(page: Page, address: str, name: str, language: str) -> None:
    page.set_viewport_size(TELEPHONE)
    visit(page, address, name, language, DAYS)
    page.wait_for_timeout(500)
    assert page.evaluate(_LOST, True) == []
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": 390, "height": min(height, 9000)})
    keep_picture(page, f"narrow-{name}-{language}")


@pytest.mark.parametrize("name", NAMES)
def test_paper_shows_everything(page: Page, address: str, name: str) -> None:
    page.set_viewport_size({"width": 1366, "height": 900})
    visit(page, address, name, "ko", DAYS)
    grids = page.get_by_test_id("stDataFrame").count()
    page.evaluate("window.addEventListener('beforeprint', () => { window.wasPrinted = true; })")
    page.pdf(prefer_css_page_size=True)
    assert page.evaluate("window.wasPrinted")
    page.emulate_media(media="print")
    page.set_viewport_size(PAPER)
    page.wait_for_timeout(500)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(_LOST, False) == []
    assert page.locator("[data-testid=stSidebar]:visible, [data-testid=stDataFrame]:visible").count() == 0
    assert page.locator(".on-paper table:visible").count() == grids
    for main in ("[data-testid=stMain]", "[data-testid=stAppViewContainer]"):
        assert page.locator(main).evaluate("one => one.scrollHeight - one.clientHeight") <= 1
    keep_picture(page, f"paper-{name}")

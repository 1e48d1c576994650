"""What every screen must stand up to: copied links, files equal to the screen, the keyboard alone, small and large."""

import csv
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from browsing import NAMES, PATIENCE, context_of, signed_in, visit
from demo_store import LAST_DAY
from people import EVERYBODY
from playwright.sync_api import Browser, Download, Page, expect

from app import queries
from app.queries import Choice
from app.queries.submitted import Wanted
from app.words import LANGUAGES, say
from etl.store import Store, open_store
from expectations.catalogue import rule_set_version

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WEEK = "&period=7d&exchange=korbit,gopax"


@pytest.fixture
def store(filled_home: Path) -> Iterator[Store]:
    opened = open_store(filled_home, f"sqlite:///{filled_home / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


def main_text(page: Page) -> str:
    return page.locator("[data-testid=stMainBlockContainer]").inner_text()


def grids(page: Page) -> list[str]:
    """What stands in the tables of a page, as a screen reader finds it, once all of them are drawn."""
    found: list[str] = []
    for _ in range(40):
        before, found = found, page.locator("[data-testid=stDataFrame] [role=grid]").all_inner_texts()
        if found == before and len(found) == page.locator("[data-testid=stDataFrame]").count():
            break
        page.wait_for_timeout(250)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_copied_link_gives_the_same_figures_in_another_session(
    page: Page, browser: Browser, filled: str, name: str
) -> None:
    visit(page, filled, name, "ko", WEEK)
    text, tables = main_text(page), grids(page)
    page.get_by_role("button", name=say("head.share", "ko")).click()
    address = page.locator("[data-testid=stPopoverBody] code").inner_text()
    assert {"period=7d", "exchange=korbit%2Cgopax"} <= set(re.split(r"[?&]", address))
    other = context_of(browser)
    copied = other.new_page()
    copied.goto(address)
    expect(copied.get_by_role("heading", level=1)).to_have_text(say(f"{name}.title", "ko"))
    copied.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    copied.locator("[data-testid=stSkeleton]").first.wait_for(state="detached")
    for chart in copied.locator(".js-plotly-plot").all():
        chart.locator(".main-svg").first.wait_for()
    assert main_text(copied) == text
    assert grids(copied) == tables
    other.close()


def downloaded(page: Page, label: str, place: int = 0) -> Download:
    button = page.locator("[data-testid=stDownloadButton]").get_by_role("button", name=label).nth(place)
    with page.expect_download() as waiting:
        button.click()
    return waiting.value


@pytest.mark.parametrize("language", LANGUAGES)
def test_screen_file_and_records_have_the_same_total(
    page: Page, filled: str, store: Store, language: str, tmp_path: Path
) -> None:
    visit(page, filled, "submissions", language, "&period=7d&exchange=korbit")
    choice = Choice(("korbit",), LAST_DAY.replace(day=LAST_DAY.day - 6), LAST_DAY)
    known = queries.submission_list(store, EVERYBODY, choice, Wanted())
    book = tmp_path / "rows.xlsx"
    downloaded(page, say("export.to_xlsx", language)).save_as(book)
    cover, rows = openpyxl.load_workbook(book).worksheets
    header, *body = [[cell.value for cell in row] for row in rows.iter_rows()]
    place = header.index(say("column.row_count", language))
    assert sum(row[place] or 0 for row in body) == known["row_count"].fillna(0).sum()
    assert len(body) == len(known)
    said = " ".join(str(cell.value) for row in cover.iter_rows() for cell in row if cell.value)
    assert rule_set_version() in said
    assert "KST" in said
    assert "exchange=korbit" in said
    table = tmp_path / "rows.csv"
    downloaded(page, say("export.to_csv", language)).save_as(table)
    text = table.read_text("utf-8-sig")
    lines = list(csv.reader(io.StringIO("".join(line for line in text.splitlines(True) if line[:1] != "#"))))
    assert lines[0] == header
    assert sum(Decimal(line[place] or 0) for line in lines[1:]) == known["row_count"].fillna(0).sum()


@pytest.mark.parametrize("name", NAMES)
def test_every_table_and_chart_can_be_taken_away(page: Page, filled: str, name: str) -> None:
    visit(page, filled, name, "ko")
    drawn = page.locator("[data-testid=stDataFrame], .js-plotly-plot").count()
    offered = page.locator("[data-testid=stDownloadButton]").count()
    assert offered >= 2 * drawn > 0


def test_with_the_keyboard_alone_one_gets_from_the_overview_to_a_submission(page: Page, filled: str) -> None:
    visit(page, filled, "overview", "ko")
    for _ in range(120):
        page.keyboard.press("Tab")
        target = page.evaluate("document.activeElement.getAttribute('href') || ''")
        if target.startswith("/") and "exchange=" in target:
            break
    else:
        pytest.fail("no cell of the overview takes the focus")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("exchange="))
    expect(page.get_by_role("heading", level=1)).not_to_have_text(say("overview.title", "ko"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wider_than_the_screen(
    browser: Browser, filled: str, name: str, size: tuple[int, int], scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale="ko-KR",
        color_scheme="dark" if scheme == "dark" else "light",
    )
    context.set_default_timeout(PATIENCE)
    page = signed_in(context).new_page()
    visit(page, filled, name, "en")
    too_wide = page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stMainBlockContainer] :is(h1, h3, h4, p, table, ul, div)')]
            .filter(e => !e.parentElement.closest('[data-testid=stDataFrame]'))
            .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
            .map(e => e.tagName + ' ' + e.className + ' ' + e.innerText.slice(0, 60))"""
    )
    assert too_wide == []
    context.close()

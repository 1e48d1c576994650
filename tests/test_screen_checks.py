"""What every screen must stand up to: copied links, files equal to the screen, the keyboard alone, small and large."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from browsing import NAMES, PATIENCE, VIEWPORT, context_of, visit, with_session
from demo_store import LAST_DAY
from people import EVERYBODY, sign_in
from playwright.sync_api import Browser, BrowserContext, Download, Page, expect
from sqlalchemy import select

from app.amounts import percent
from app.filing.submissions import Wanted, submission_list
from app.queries.choice import Choice
from app.scope import Role
from app.words import LANGUAGES, exchange_name, say
from etl.exchanges import all_exchanges
from etl.records.engine import reading
from etl.records.tables import submissions, volume_days
from etl.store import Store, open_store
from expectations.catalogue import rule_set_version
from expectations.vocabulary import Period

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
    address = page.get_by_role("button", name=say("head.share", "ko")).get_attribute("data-copy") or ""
    assert {"period=custom", "exchange=korbit%2Cgopax"} <= set(re.split(r"[?&]", address))
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
    known = submission_list(store, EVERYBODY, choice, Wanted())
    book = tmp_path / "rows.xlsx"
    downloaded(page, say("export.to_xlsx", language)).save_as(book)
    cover, rows = openpyxl.load_workbook(book).worksheets
    header, *body = [[cell.value for cell in row] for row in rows.iter_rows()]
    place = header.index(say("column.row_count", language))
    assert sum(row[place] or 0 for row in body) == sum(one.row_count or 0 for one in known)
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
    assert sum(Decimal(line[place] or 0) for line in lines[1:]) == sum(one.row_count or 0 for one in known)


@pytest.fixture
def seen_by(browser: Browser, filled_home: Path) -> Iterator[Callable[..., Page]]:
    """Pages as somebody of a role sees them."""
    opened: list[BrowserContext] = []

    def look(role: Role, exchange: str | None = None) -> Page:
        context = browser.new_context(viewport=VIEWPORT, locale="ko-KR", timezone_id="America/New_York")
        context.set_default_timeout(PATIENCE)
        opened.append(with_session(context, sign_in(filled_home, f"checks.{role}", role, exchange)))
        return context.new_page()

    yield look
    for context in opened:
        context.close()


def body_of(book: Path) -> tuple[list[str], list[list[Any]]]:
    """The titles and the rows of a workbook that was taken away."""
    header, *body = [[cell.value for cell in row] for row in openpyxl.load_workbook(book).worksheets[1].iter_rows()]
    return [str(title) for title in header], body


def test_an_exchange_takes_away_what_is_on_its_screen_and_in_its_records(
    seen_by: Callable[..., Page], filled: str, store: Store, tmp_path: Path
) -> None:
    page, book = seen_by(Role.EXCHANGE, "gopax"), tmp_path / "rows.xlsx"
    text = visit(page, filled, "submissions", "ko", "&period=7d")
    downloaded(page, say("export.to_xlsx", "ko")).save_as(book)
    header, body = body_of(book)
    c, first = submissions.c, Period.of_day(LAST_DAY - timedelta(days=6)).start
    query = select(c.row_count).where(
        c.exchange == "gopax", c.period_start < Period.of_day(LAST_DAY).end, c.period_end > first
    )
    with reading(store.engine) as connection:
        counts = connection.execute(query).scalars().all()
    assert f"제출 {len(counts)}건" in text
    assert len(body) == len(counts)
    assert sum(row[header.index(say("column.row_count", "ko"))] or 0 for row in body) == sum(n or 0 for n in counts)


def test_a_manager_takes_away_the_share_that_is_on_the_screen_and_in_the_records(
    seen_by: Callable[..., Page], filled: str, store: Store, tmp_path: Path
) -> None:
    page, book, month = seen_by(Role.MANAGER), tmp_path / "trends.xlsx", f"{LAST_DAY:%Y-%m}"
    visit(page, filled, "trends", "ko")
    downloaded(page, say("export.to_xlsx", "ko")).save_as(book)
    header, body = body_of(book)
    who, lane, when, value, said = (
        header.index(say(f"column.{name}", "ko")) for name in ("of_whom", "lane", "month", "value", "trend_value")
    )
    names = (volume_days.c.exchange, volume_days.c.api_trade_value_krw, volume_days.c.trade_value_krw)
    query = select(*names).join(submissions, submissions.c.id == volume_days.c.submission)
    with reading(store.engine) as connection:
        rows = connection.execute(query.where(submissions.c.state == "accepted")).all()
    for exchange in all_exchanges():
        api, whole = (sum(row[place] for row in rows if row.exchange == exchange) for place in (1, 2))
        (told,) = (
            row
            for row in body
            if (row[who], row[lane], row[when]) == (exchange_name(exchange, "ko"), say("lane.api_share", "ko"), month)
        )
        assert round(Decimal(str(told[value])), 9) == round(api / whole, 9)
        assert percent(api / whole) == told[said]


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


_TOO_WIDE = """() =>
    [...document.querySelectorAll('[data-testid=stMainBlockContainer] :is(h1, h3, h4, p, table, ul, div)')]
        .filter(e => !e.parentElement.closest('[data-testid=stDataFrame]'))
        .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => e.tagName + ' ' + e.className + ' ' + e.innerText.slice(0, 60))"""
"""What of a page reaches beyond the right edge of the screen."""


SIZES = ({"width": 1366, "height": 768}, {"width": 1920, "height": 1080})


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wider_than_the_screen(page: Page, filled: str, name: str) -> None:
    """In English, whose texts are the longer ones; as wide as it was opened, and drawn anew at other widths."""
    visit(page, filled, name, "en")
    for size in (VIEWPORT, *SIZES, VIEWPORT):
        page.set_viewport_size(size)
        for _ in range(40):  # drawn anew
            too_wide = page.evaluate(_TOO_WIDE)
            if not too_wide:
                break
            page.wait_for_timeout(250)
        assert too_wide == [], size


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_an_empty_store_is_wider_than_the_screen(page: Page, empty: str, name: str, language: str) -> None:
    visit(page, empty, name, language)
    assert page.viewport_size == VIEWPORT
    assert page.evaluate(_TOO_WIDE) == []

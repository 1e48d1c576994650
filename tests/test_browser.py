"""Every page in a real Chromium, served by a real server: with simulated data and with an empty store."""

import re
import urllib.request
from decimal import Decimal

import pytest
from browsing import NAMES, context_of, keep_picture, sentences, visit
from demo_store import LAST_DAY
from playwright.sync_api import Browser, Locator, Page, expect

from app.words import LANGUAGES, all_words, say
from expectations.catalogue import all_rules

pytestmark = pytest.mark.browser


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.parametrize("exchanges", ["korbit%2Cupbit", ""], ids=["two pages", "three"])
def test_every_page_of_a_short_list_can_be_chosen(page: Page, filled: str, exchanges: str) -> None:
    text = visit(page, filled, "submissions", "ko", f"&period=30d&exchange={exchanges}")
    total = re.search(r"([\d,]+)건 중 1~100", text)
    assert total, text
    page_count = -(-int(total[1].replace(",", "")) // 100)
    assert 1 < page_count < 5
    numbers = page.get_by_test_id("stPagination").locator("[data-testid^=stPaginationPage]")
    expect(numbers).to_have_text([str(number + 1) for number in range(page_count)])


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
    page.locator("table.matrix:not(.lanes) a").first.click()
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


def column_of(grid: Locator, title: str) -> tuple[str, list[Decimal]]:
    """The title of a column of amounts as a table shows it, with the arrow of its order, and its values, row by row."""
    table = grid.locator("[role=grid]")
    titles = [cell.text_content() or "" for cell in table.get_by_role("columnheader", include_hidden=True).all()]
    cells = [cell.text_content() or "" for cell in table.get_by_role("gridcell", include_hidden=True).all()]
    place = next(place for place, shown in enumerate(titles) if shown.endswith(title))
    return titles[place], [Decimal(text.strip().replace(",", "")) for text in cells[place :: len(titles)]]


@pytest.mark.slow
def test_a_click_on_the_title_of_amounts_sorts_by_value(page: Page, filled: str) -> None:
    visit(page, filled, "api_volume", "en", "&period=7d")
    title = say("column.trade_value_krw", "en")
    grid = page.locator("[data-testid=stDataFrame]").filter(has_text=title)
    grid.scroll_into_view_if_needed()
    _, values = column_of(grid, title)
    texts = [f"{value:,}" for value in values]
    assert sorted(values) != [Decimal(text.replace(",", "")) for text in sorted(texts)], "texts would sort the same"
    box = grid.bounding_box()
    assert box
    orders = {}
    place = box["width"] - 60  # the last column is that of the whole value
    for _ in range(2):
        page.mouse.click(box["x"] + place, box["y"] + 16)
        page.wait_for_timeout(500)
        shown, values = column_of(grid, title)
        orders[shown.removesuffix(title).strip()] = values
    assert set(orders) == {"↑", "↓"}
    assert orders["↑"] == sorted(values)
    assert orders["↓"] == sorted(values, reverse=True)

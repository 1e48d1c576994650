"""Screens for all eyes: without colours, with those that a colour-blind reader sees, and by keyboard alone."""

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path

import openpyxl
import pytest
import small_store
from browsing import keep_picture, visit
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Locator, Page, expect

from app.charts.grades import SHORTFALL
from app.widgets.header import STATE_GLYPHS
from app.words import LANGUAGES, exchange_name, say

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DEFICIENCIES = ("achromatopsia", "deuteranopia")
"""No colour at all, as in a grey print; and the most frequent weakness for red and green."""
LEAST_DIFFERENCE = 6.0
"""Of 255, over a mark with its sign: what paper and eyes tell apart."""
_MARKS = """chart => Object.fromEntries([...chart.querySelectorAll('.scatterlayer .trace')].flatMap(trace => {
    const mark = trace.querySelector('.points path');
    if (!mark) return [];
    const {x, y, width, height} = mark.getBoundingClientRect();
    return [[trace.__data__[0].trace.name, {x: x + width / 2, y: y + height / 2}]];
}))"""
"""The middle of the first mark of every trace of a chart, by the name in its legend."""
BETWEEN_DOWNLOADS = 150
"""Milliseconds: Chromium drops what a page hands out beyond ten files a second."""


@contextmanager
def seen_with(page: Page, deficiency: str) -> Iterator[None]:
    """The page as somebody sees it who has this deficiency."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setEmulatedVisionDeficiency", {"type": deficiency})
    yield
    session.send("Emulation.setEmulatedVisionDeficiency", {"type": "none"})
    session.detach()


def drawn(page: Page, alt: str) -> Locator:
    """The chart with these words for those who do not see it, in the middle of the screen."""
    chart = page.get_by_role("figure", name=alt).locator(".js-plotly-plot")
    chart.scroll_into_view_if_needed()
    return chart


def picture(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("L")


def around(shot: Image.Image, place: Mapping[str, float], reach: int = 11) -> Image.Image:
    x, y = round(place["x"]), round(place["y"])
    return shot.crop((x - reach, y - reach, x + reach, y + reach))


def difference(one: Image.Image, other: Image.Image) -> float:
    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0]


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize(
    ("name", "alt", "least"),
    [
        ("reconciliation", "reconciliation.calendar_alt", 3),
        ("halts", "halts.bars_alt", 3),
        ("audits", "audits.grid_alt", 2),
        ("data_quality", "data_quality.grid_alt", 2),
    ],
)
def test_marks_of_different_states_differ_without_their_colours(
    page: Page, filled: str, name: str, alt: str, least: int, deficiency: str
) -> None:
    visit(page, filled, name, "ko")
    chart = drawn(page, say(alt, "ko"))
    marks = chart.evaluate(_MARKS)
    with seen_with(page, deficiency):
        shot = picture(page)
        keep_picture(page, f"{name}-{deficiency}")
    patches = {state: around(shot, place) for state, place in marks.items()}
    assert len(patches) >= least, marks
    alike = [
        (one, other, difference(patches[one], patches[other]))
        for one, other in combinations(patches, 2)
        if difference(patches[one], patches[other]) < LEAST_DIFFERENCE
    ]
    assert not alike


def test_a_day_of_no_halts_and_a_day_without_a_report_look_different_in_grey(page: Page, small: str) -> None:
    visit(page, small, "halts", "ko", small_store.WEEK)
    marks = drawn(page, say("halts.bars_alt", "ko")).evaluate(_MARKS)
    with seen_with(page, "achromatopsia"):
        shot = picture(page)
    none, missing = (around(shot, place) for name, place in marks.items() if name in _NO_HALT)
    assert difference(none, missing) > LEAST_DIFFERENCE


_NO_HALT = (say("reach.none", "ko"), f"– {say('reach.unknown', 'ko')}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_for_an_empty_screen_has_its_own_sign_and_words(page: Page, small: str, language: str) -> None:
    visit(page, small, "halts", language, small_store.WEEK)
    keep_picture(page, f"halts-{language}-small")
    korbit, gopax = (exchange_name(exchange, language) for exchange in ("korbit", "gopax"))
    signs, texts = set(), set()
    for state, who in [
        ("missing", korbit),
        ("rejected", korbit),
        ("not_due", korbit),
        ("nil", korbit),
        ("not_reported", gopax),
    ]:
        item = page.locator(f"ul.absent li.{state}")
        text = item.inner_text()
        assert who in text, (state, text)
        word = say("absence.word" if state == "not_reported" else f"state.{state}", language)
        assert text.startswith(f"{STATE_GLYPHS.get(state, '–')} {word}"), text
        signs.add((text[0], item.evaluate("e => getComputedStyle(e).borderLeftStyle")))
        texts.add(item.locator("span").inner_text())
    assert len(texts) == 5
    assert len(signs) == 4  # what is missing and what was refused share the cross: both are to be mended
    gone = "&period=custom&from=2025-01-01&to=2025-01-07"
    visit(page, small, "halts", language, gone)
    empty = page.locator("p.empty").first
    assert empty.inner_text().startswith("∅")
    expect(empty.get_by_role("link", name=say("empty.clear", language))).to_be_visible()


def test_a_click_on_the_calendar_leads_to_the_filed_rows(page: Page, filled: str) -> None:
    visit(page, filled, "reconciliation", "ko")
    chart = drawn(page, say("reconciliation.calendar_alt", "ko"))
    short = next(place for name, place in chart.evaluate(_MARKS).items() if name.startswith(SHORTFALL.sign))
    page.mouse.click(short["x"], short["y"])
    rows = say("rows.title", "ko", what="").strip()
    expect(page.get_by_role("heading", level=3).filter(has_text=rows)).to_be_visible()
    assert "day=2026-11-" in page.url
    filed = page.locator("[data-testid=stDataFrame] [role=grid]").filter(
        has_text=f"_reconciliation_{page.url.partition('day=')[2][:10]}"
    )
    filed.first.wait_for(state="attached")


_FOCUSED_TABLE = """() => document.activeElement.tagName === 'CANVAS' && document.activeElement.textContent || ''"""
"""What a reader of screens finds in the table that has the focus itself, not one of its buttons."""


def test_a_case_is_opened_with_the_keyboard_alone(page: Page, small: str) -> None:
    visit(page, small, "key_revocations", "ko", small_store.WEEK)
    for _ in range(200):
        page.keyboard.press("Tab")
        if small_store.CASE in page.evaluate(_FOCUSED_TABLE):
            break
    else:
        pytest.fail("no table of cases takes the focus")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    heading = say("key_revocations.case", "ko", exchange=exchange_name("korbit", "ko"), case=small_store.CASE)
    expect(page.get_by_role("heading", name=heading)).to_be_visible()


def test_a_text_like_a_formula_comes_back_as_text(page: Page, small: str, tmp_path: Path) -> None:
    """The note of a filed row, from the exchange's file through the screen into both kinds of spreadsheet."""
    visit(page, small, "key_revocations", "ko", f"{small_store.WEEK}&at=korbit&case={small_store.CASE}")
    offered = page.locator("[data-testid=stDownloadButton]")
    table, book = tmp_path / "rows.csv", tmp_path / "rows.xlsx"
    notes = []
    for button in offered.get_by_role("button").all():
        is_table = button.inner_text().strip().endswith(say("export.to_csv", "ko"))
        with page.expect_download() as waiting:
            button.click()
        waiting.value.save_as(table if is_table else book)
        if is_table:
            lines = [line for line in table.read_text("utf-8-sig").splitlines(True) if line[:1] != "#"]
            notes += [cell for row in csv.reader(io.StringIO("".join(lines))) for cell in row if "1+1" in cell]
        else:
            cells = [cell for row in openpyxl.load_workbook(book).worksheets[1].iter_rows() for cell in row]
            notes += [cell for cell in cells if "1+1" in str(cell.value)]
        page.wait_for_timeout(BETWEEN_DOWNLOADS)
    texts = [note for note in notes if isinstance(note, str)]
    cells = [note for note in notes if not isinstance(note, str)]
    assert texts
    assert set(texts) == {f"'{small_store.FORMULA}"}
    assert cells
    assert {(cell.data_type, str(cell.value).lstrip("'")) for cell in cells} == {("s", small_store.FORMULA)}

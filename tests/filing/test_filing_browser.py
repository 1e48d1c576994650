"""An exchange's way in a real browser: drop a file, read what is wrong, drop the mended one, submit, keep the proof."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import keep_picture, served, with_session
from filing import checks
from filing_desk import NOW
from people import SESSION, sign_in
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect

from app.words import say
from etl.receipts import verify_receipt
from etl.records import submissions as life
from etl.records.engine import reading
from etl.records.people import Role
from etl.signing import public_keys_of
from etl.store import Store
from expectations.vocabulary import State

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DAY = "2026-11-02"
NAME = f"korbit_reconciliation_{DAY}.csv"
SOUND = checks(DAY, every=5)
_COUNT_VERDICTS = """() => {
    window.mostVerdicts = 0;
    const count = () => {
        const shown = [...document.querySelectorAll('p.verdict')].filter(one => !one.closest('[data-stale="true"]'));
        window.mostVerdicts = Math.max(window.mostVerdicts, shown.length);
    };
    new MutationObserver(count).observe(document.body, {childList: true, subtree: true});
}"""
"""From now on, how many verdicts ever stood on the screen at once; what Streamlit greys while it draws is none."""


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with served(home, NOW) as served_at:
        yield served_at


@pytest.fixture
def korbit(browser: Browser, home: Path) -> Iterator[BrowserContext]:
    """A browser in which somebody of Korbit is signed in."""
    session = sign_in(home, "kim.korbit", Role.EXCHANGE, "korbit")
    context = browser.new_context(viewport={"width": 1366, "height": 1800}, locale="ko-KR")
    context.set_default_timeout(90_000)
    yield with_session(context, session)
    context.close()


def drop_and_check(page: Page, *files: tuple[str, str]) -> None:
    dropped: list[FilePayload] = [
        {"name": name, "mimeType": "text/csv", "buffer": text.encode()} for name, text in files
    ]
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(dropped)
    page.get_by_role("button", name=say("filing.check", "ko", count=str(len(files)))).click()


def test_a_file_is_dropped_mended_submitted_and_proven(
    korbit: BrowserContext, browser: Browser, address: str, home: Path, store: Store
) -> None:
    page = korbit.new_page()
    page.goto(f"{address}/filing?lang=ko")
    expect(page.get_by_role("heading", level=1)).to_have_text(say("filing.title", "ko"))

    drop_and_check(page, (NAME, SOUND.replace(",100.5,", ",백,", 3)))
    verdict = page.locator("p.verdict")
    expect(verdict).to_contain_text(say("filing.not_submitted", "ko"))
    expect(verdict).to_contain_text(say("filing.verdict.rejected", "ko"))
    expect(page.get_by_text("2, price").first).to_be_visible()
    expect(page.get_by_role("button", name=say("filing.submit", "ko"))).to_be_disabled()
    keep_picture(page, "filing-rejected-draft-ko")
    page.get_by_role("button", name=say("filing.discard", "ko")).click()
    expect(verdict).to_have_count(0)

    drop_and_check(page, (NAME, SOUND))
    expect(verdict).to_contain_text(say("filing.not_submitted", "ko"))
    keep_picture(page, "filing-draft-ko")
    with reading(store.engine) as connection:
        assert life.listed(connection) == []
    page.evaluate(_COUNT_VERDICTS)
    page.get_by_role("button", name=say("filing.submit", "ko")).click()
    expect(verdict).not_to_contain_text(say("filing.not_submitted", "ko"))
    expect(verdict).to_contain_text(say("filing.verdict.accepted", "ko"))
    assert page.evaluate("window.mostVerdicts") == 1  # never the draft's beside that of what was submitted
    with reading(store.engine) as connection:
        (filed,) = life.listed(connection)
    told = page.locator("[data-testid=stMainBlockContainer]")
    for shown in (filed.id, filed.sha256, "KST", str(filed.rule_set_version)):
        expect(told).to_contain_text(shown)
    keep_picture(page, "filing-receipt-ko")
    with page.expect_download() as waiting:
        page.get_by_role("button", name=say("filing.receipt", "ko")).click()
    receipt = Path(waiting.value.path()).read_text("utf-8")
    assert json.loads(receipt)["receipt"]["submission"] == filed.id
    assert verify_receipt(receipt, public_keys_of(home)).fault is None

    drop_and_check(page, (NAME, SOUND))  # the same again is answered with the same receipt
    page.get_by_role("button", name=say("filing.submit", "ko")).click()
    expect(told).to_contain_text(say("filing.repeated", "ko", number=filed.id))
    with reading(store.engine) as connection:
        assert len(life.listed(connection)) == 1

    with browser.new_context(viewport={"width": 1366, "height": 1000}, locale="ko-KR") as supervisors:
        theirs = with_session(supervisors, SESSION).new_page()
        theirs.goto(f"{address}/submissions?lang=ko&submission={filed.id}&period=30d")
        expect(theirs.locator("[data-testid=stMainBlockContainer]")).to_contain_text(filed.sha256)
        theirs.goto(f"{address}/filing?lang=ko")
        expect(theirs.locator("[data-testid=stFileUploader]")).to_have_count(0)


def test_a_day_without_halts_is_a_nil_return_by_one_button(korbit: BrowserContext, address: str, store: Store) -> None:
    page = korbit.new_page()
    page.goto(f"{address}/filing?lang=ko")
    nil = page.locator(".st-key-filing-nil-report")
    nil.locator("input").click()
    page.get_by_role("option", name="거래차단").click()
    page.get_by_role("button", name=say("filing.nil_make", "ko")).click()
    expect(page.get_by_text(say("filing.nil_is", "ko", exchange="코빗", report="거래차단", day=DAY))).to_be_visible()
    keep_picture(page, "filing-nil-ko")
    page.get_by_role("button", name=say("filing.submit", "ko")).click()
    verdict = page.locator("p.verdict")
    expect(verdict).not_to_contain_text(say("filing.not_submitted", "ko"))
    expect(verdict).to_contain_text(say("filing.verdict.accepted", "ko"))
    with reading(store.engine) as connection:
        (filed,) = (one for one in life.listed(connection) if one.report == "halts")
    assert (filed.row_count, filed.state) == (0, "accepted")


def test_rows_that_would_go_are_named_and_a_reason_typed_last_is_kept(
    korbit: BrowserContext, address: str, store: Store
) -> None:
    page, name = korbit.new_page(), "korbit_reconciliation_2026-10-30.csv"
    page.goto(f"{address}/filing?lang=ko")
    draft = page.locator("p.verdict").filter(has_text=say("filing.not_submitted", "ko"))
    for content in (checks("2026-10-30"), checks("2026-10-30").splitlines()[0]):
        drop_and_check(page, (name, content))
        expect(draft).to_be_visible()
        if content.count("\n") > 1:
            page.get_by_role("button", name=say("filing.submit", "ko")).click()
            expect(draft).to_have_count(0)
    keep_picture(page, "filing-replaces-ko")
    button = page.get_by_role("button", name=say("filing.submit", "ko"))
    button.click()
    expect(page.get_by_role("alert").first).to_contain_text(say("filing.refused.no_reason_to_replace", "ko"))
    page.get_by_label(say("filing.replace_reason", "ko")).fill("다른 날의 자료를 잘못 제출함")
    button.click()  # without leaving the field first
    expect(draft).to_have_count(0)
    expect(page.locator("[data-testid=stMainBlockContainer]")).to_contain_text("다른 날의 자료를 잘못 제출함")
    keep_picture(page, "filing-replaced-receipt-ko")
    with reading(store.engine) as connection:
        assert [one.state for one in life.listed(connection) if one.period.text == "2026-10-30"] == [
            State.SUPERSEDED,
            State.ACCEPTED,
        ]

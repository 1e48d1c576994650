"""Four eyes in a real browser: one administrator proposes what the other one approves, and days are judged by it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from browsing import VIEWPORT, keep_picture, sentences, served, visit, watched, with_session
from people import sign_in
from playwright.sync_api import Browser, Page, expect

from app.words import LANGUAGES, say
from etl.records.people import Role
from etl.store import Store, open_store
from expectations.vocabulary import KST
from tests.filing import checks, file

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAST = "2026-11-02"
WAIT = 60_000
"""Milliseconds: the process beside the screens takes seconds to load what judges."""
SHORT = range(10, 14)
"""Checks that lack 6.7 % of the ledger: above one per cent, below ten."""


@dataclass(frozen=True)
class Office:
    """A served store with two administrators, and the browser that they share."""

    home: Path
    store: Store
    address: str
    browser: Browser

    def page_of(self, name: str, scheme: str = "light") -> Page:
        """A page of somebody's own session."""
        context = self.browser.new_context(viewport=VIEWPORT, locale="ko-KR", color_scheme=scheme)
        context.set_default_timeout(WAIT)
        page = with_session(context, sign_in(self.home, name, Role.ADMIN)).new_page()
        page.goto(self.address)  # a fresh session loads everything anew
        page.get_by_role("heading", level=1).wait_for()
        return page


@pytest.fixture(scope="module")
def office(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    home = tmp_path_factory.mktemp("office")
    store = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    file(store, home, f"korbit_reconciliation_{PAST}.csv", checks(PAST, every=5, short=SHORT))
    with served(home) as address:
        opened = Office(home, store, address, browser)
        opened.page_of("kim").context.close()
        yield opened
    store.engine.dispose()


def rules_of(office: Office, folder: Path, day: str) -> list[str]:
    """What a day with the shortfall is found to break."""
    filed = file(office.store, folder, f"korbit_reconciliation_{day}.csv", checks(day, every=5, short=SHORT))
    return [finding.rule for _, finding in filed.findings]


def test_one_proposes_the_other_approves_and_a_coming_day_is_judged_by_the_new_value(
    office: Office, tmp_path: Path
) -> None:
    kim = office.page_of("kim")
    days = f"&period=custom&from={PAST}&to={PAST}&threshold=halt_shortfall_ratio"
    visit(kim, office.address, "administration", "ko", days)
    send = kim.get_by_role("button", name=say("administration.send", "ko"), exact=True)
    expect(send).to_be_disabled(timeout=WAIT)
    kim.get_by_label("새 값").fill("0.1")
    kim.get_by_label("새 값").press("Enter")
    kim.get_by_label(say("column.reason", "ko")).fill("시장의 변동이 커졌습니다.")
    kim.get_by_label(say("column.reason", "ko")).press("Control+Enter")
    kim.get_by_role("button", name=say("administration.what_if", "ko")).click()
    expect(kim.get_by_text("영향 분석 · ").or_(kim.get_by_text("에 적용했다면")).first).to_be_visible(timeout=WAIT)
    expect(send).to_be_enabled(timeout=WAIT)
    keep_picture(kim, "administration-what-if-ko")
    send.click()
    expect(kim.get_by_text("다른 관리자의 승인을 기다립니다.")).to_be_visible(timeout=WAIT)
    expect(kim.get_by_text(say("administration.own_proposal", "ko"))).to_be_visible(timeout=WAIT)
    approve = say("decide.approved", "ko")
    assert kim.get_by_role("button", name=approve, exact=True).count() == 0
    keep_picture(kim, "administration-own-proposal-ko")
    coming = (datetime.now(KST) + timedelta(days=2)).date().isoformat()
    lee = office.page_of("lee")
    visit(lee, office.address, "administration", "ko")
    keep_picture(lee, "administration-to-approve-ko")
    lee.get_by_role("button", name=approve, exact=True).click()
    expect(lee.get_by_text(say("administration.approved", "ko"))).to_be_visible(timeout=WAIT)
    assert rules_of(office, tmp_path, coming) == ["REC-003"]
    assert rules_of(office, tmp_path, "2026-11-03") == ["REC-003", "REC-004"]
    for page in (kim, lee):
        page.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("section", ["thresholds", "people", "tokens", "log", "work"])
def test_every_section_is_drawn_in_its_language(office: Office, section: str, language: str) -> None:
    for scheme in ("light", "dark"):
        page = office.page_of("kim", scheme)
        with watched(page.context) as opened:
            text = visit(opened, office.address, "administration", language, f"&section={section}")
            keep_picture(opened, f"administration-{section}-{language}-{scheme}")
        page.context.close()
    if language == "ko":
        assert not sentences(text)


def test_the_log_is_green_only_after_it_was_recomputed(office: Office) -> None:
    page = office.page_of("kim")
    visit(page, office.address, "administration", "ko", "&section=log")
    assert page.get_by_test_id("stAlert").count() == 0
    page.get_by_role("button", name=say("administration.verify", "ko")).click()
    expect(page.get_by_text("이상 없음: 기록")).to_be_visible(timeout=WAIT)
    keep_picture(page, "administration-verified-ko")
    page.context.close()

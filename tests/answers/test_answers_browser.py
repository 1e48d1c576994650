"""Explain, decide, carried forward: the way of an answer in a real browser, between an exchange and a supervisor."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from answer_store import DAYS, fill
from browsing import context_of, keep_picture, sentences, visit, watched, with_session
from people import sign_in
from playwright.sync_api import Browser, Page, expect

from app.words import LANGUAGES, say
from etl.records.people import Role

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SAID = "ETH 대사는 매주 수행합니다."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("answers"))


def looked_at_by(browser: Browser, session: str) -> Iterator[Page]:
    context = with_session(context_of(browser), session)
    with watched(context) as page:
        yield page
    context.close()


@pytest.fixture
def exchange(browser: Browser, address: str, home: Path) -> Iterator[Page]:
    yield from looked_at_by(browser, sign_in(home, "korbit", Role.EXCHANGE, "korbit"))


@pytest.fixture
def supervisor(browser: Browser, address: str, home: Path) -> Iterator[Page]:
    yield from looked_at_by(browser, sign_in(home, "fss", Role.SUPERVISOR))


def pick_first(page: Page, heading: re.Pattern[str]) -> None:
    """Select the first row of the table under a heading."""
    title = page.get_by_role("heading", name=heading)
    expect(title).to_be_visible()
    top = title.bounding_box()
    assert top
    boxes = [grid.bounding_box() for grid in page.locator("[data-testid=stDataFrame]").all()]
    box = min((box for box in boxes if box and box["y"] > top["y"]), key=lambda box: box["y"])
    page.mouse.click(box["x"] + 16, box["y"] + 52)


def heading(key: str) -> re.Pattern[str]:
    before, _, after = say(key, "ko", count="#").partition("#")
    return re.compile(f"{re.escape(before)}\\d+{re.escape(after)}")


def send(page: Page, text: str, label: str) -> None:
    page.locator("textarea").first.fill(text)
    page.get_by_role("button", name=say(label, "ko"), exact=True).click()


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_sides_see_their_page_in_their_language(
    exchange: Page, supervisor: Page, address: str, language: str
) -> None:
    for name, page in (("exchange", exchange), ("supervisor", supervisor)):
        text = visit(page, address, "answers", language, "&state=all")
        keep_picture(page, f"answers-{name}-{language}")
        if language == "ko":
            assert not sentences(text)
        else:
            assert not re.search("[가-힣]", text.replace("한국어", ""))


def test_an_explanation_is_decided_and_carried_forward(exchange: Page, supervisor: Page, address: str) -> None:
    visit(exchange, address, "answers", "ko")
    pick_first(exchange, heading("answers.to_explain"))
    expect(exchange).to_have_url(re.compile("finding="))
    exchange.locator("textarea").first.wait_for()
    keep_picture(exchange, "answers-explain-ko")
    send(exchange, SAID, "answers.form.explain")
    expect(exchange.get_by_text(say("answers.done.explained", "ko"))).to_be_visible()

    visit(supervisor, address, "answers", "ko")
    pick_first(supervisor, heading("answers.to_decide"))
    expect(supervisor.locator("dl.facts").get_by_text(SAID)).to_be_visible()
    keep_picture(supervisor, "answers-decide-ko")
    send(supervisor, "매월 확인함", "answers.form.decide")
    expect(supervisor.get_by_text(say("answers.done.decided", "ko"))).to_be_visible()
    keep_picture(supervisor, "answers-decided-ko")

    days = f"&period=custom&from={DAYS[2]}&to={DAYS[2]}"
    visit(exchange, address, "submissions", "ko", f"{days}&report=reconciliation")
    exchange.locator("[data-testid=stDataFrame]").first.wait_for()
    pick_first(exchange, re.compile(say("submissions.title", "ko")))
    mark = say("answer.accepted_until", "ko", until="2027-02-20")
    grid = exchange.locator("[data-testid=stDataFrame] [role=grid]")
    expect(grid.get_by_text(mark).first).to_be_attached()
    keep_picture(exchange, "submissions-answered-ko")


def test_a_breach_is_remedied_and_closed(exchange: Page, supervisor: Page, address: str) -> None:
    visit(exchange, address, "answers", "ko")
    pick_first(exchange, heading("answers.breaches"))
    exchange.locator("textarea").first.wait_for()
    send(exchange, "피드를 다시 시작했습니다.", "answers.form.make_remedied")
    expect(exchange.get_by_text(say("answers.done.made_remedied", "ko"))).to_be_visible()

    visit(supervisor, address, "answers", "ko", "&exchange=korbit")
    pick_first(supervisor, heading("answers.breaches"))
    supervisor.locator("textarea").first.wait_for()
    keep_picture(supervisor, "answers-breach-ko")
    send(supervisor, "확인함", "answers.form.make_closed")
    expect(supervisor.get_by_text(say("answers.done.made_closed", "ko"))).to_be_visible()

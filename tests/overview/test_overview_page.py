"""The overview as a page: lanes that lead to their pages, what changed since a visit, and the sentence."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from demo_store import LAST_DAY, NOW
from opening import keep_nothing, shown
from people import EVERYBODY, SUPERVISOR
from streamlit.testing.v1 import AppTest

from app.keys.case_totals import case_flow
from app.overview.lane_states import situation
from app.queries.choice import Choice
from app.volume.ranking import volume_ranking
from app.words import LANGUAGES, say
from etl.records.engine import writing
from etl.records.visits import Visit, keep_visit
from etl.store import open_store
from expectations.catalogue import thresholds_of_the_book

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """The engine that a page opened is closed with it."""
    yield
    from app.widgets import view

    if "page" in _OPENED:
        view.store().engine.dispose()
    _OPENED.clear()
    keep_nothing()


_OPENED: set[str] = set()


def page(home: Path, monkeypatch: pytest.MonkeyPatch, now: datetime = NOW, **address: str) -> str:
    """The first screen's own markup."""
    monkeypatch.setenv("DAXA_HOME", str(home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", now.isoformat())
    session = AppTest.from_file(str(ROOT / "app" / "ui.py"), default_timeout=60)
    for name, value in address.items():
        session.query_params[name] = value
    session.run()
    _OPENED.add("page")
    shown(session)
    return "\n".join(element.proto.body for element in session.get("html"))


def cells(text: str) -> dict[tuple[str, int], tuple[str, str]]:
    """The matrix of lanes: exchange and column, then the address of a cell and its words."""
    (matrix,) = re.findall(r'<table class="matrix lanes".*?</table>', text, re.DOTALL)
    found = {}
    for row in re.findall(r"<tbody>(.*)</tbody>", matrix, re.DOTALL)[0].split("</tr>")[:-1]:
        (name,) = re.findall(r'<th scope="row">(.*?)</th>', row)
        for column, (address, body) in enumerate(re.findall(r'<a href="([^"]+)"[^>]*>(.*?)</a>', row, re.DOTALL)):
            words = " ".join(re.sub(r"<[^>]+>", " ", body).split())
            found[name, column] = (unescape(address), unescape(words))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_lane_of_every_exchange_leads_to_its_page(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    found = cells(page(filled_home, monkeypatch, lang=language))
    assert len(found) == 5 * 6
    pages = ("submissions", "data_quality", "api_volume", "key_revocations", "reconciliation", "halts")
    for (_, column), (address, words) in found.items():
        assert address.startswith((f"/{pages[column]}?", "/audits?" if column == 5 else "-"))
        assert "exchange=" in address
        assert words


def test_a_lane_shows_the_figures_of_its_page(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = cells(page(filled_home, monkeypatch, period="7d"))
    store = open_store(filled_home, f"sqlite:///{filled_home / 'daxa.sqlite'}")
    choice = Choice((), LAST_DAY - timedelta(days=6), LAST_DAY)
    (share,) = [
        one.share * 100 for one in volume_ranking(store, EVERYBODY, choice).by_exchange if one.exchange == "korbit"
    ]
    assert f"{share:.1f} %" in found["코빗", 2][1]
    flow = case_flow(store, EVERYBODY, choice, thresholds_of_the_book()).open_cases
    count = sum(one.suspicion_case_count for one in flow if one.exchange == "bithumb")
    assert f"진행 {count}" in found["빗썸", 3][1]
    store.engine.dispose()


def lines(text: str) -> list[list[str]]:
    """The two lists beside each other."""
    sections = re.findall(r"<section>(.*?)</section>", text, re.DOTALL)
    return [re.findall(r"<li>(.*?)</li>", section, re.DOTALL) for section in sections]


def test_the_first_visit_shows_a_day_and_says_so(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sign_in.present.current_identity", lambda: replace(SUPERVISOR, person="P-newcomer"))
    text = page(filled_home, monkeypatch)
    since = f"{NOW - timedelta(days=1):%m-%d %H:%M}"
    assert say("overview.since_first", "ko", since=since) in text
    changed, due = lines(text)
    assert 1 <= len(changed) <= 7
    assert 1 <= len(due) <= 7


def test_a_later_visit_shows_what_changed_since_and_keeps_showing_it(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.overview.visit_parts._visitor", lambda: "somebody")
    monkeypatch.setenv("DAXA_HOME", str(filled_home))
    store = open_store(filled_home, f"sqlite:///{filled_home / 'daxa.sqlite'}")
    looked = NOW - timedelta(days=3)
    with writing(store.engine) as connection:
        keep_visit(connection, Visit("somebody", looked, None, looked, looked))
    for minutes in (0, 20, 40):
        text = page(filled_home, monkeypatch, NOW + timedelta(minutes=minutes))
        assert say("overview.since", "ko", since=f"{looked:%m-%d %H:%M}") in text
    back = NOW + timedelta(minutes=80)
    shown_until = NOW + timedelta(minutes=39)
    text = page(filled_home, monkeypatch, back)
    assert say("overview.since", "ko", since=f"{shown_until:%m-%d %H:%M}") in text
    assert say("overview.unchanged", "ko") in text
    store.engine.dispose()


def test_the_sentence_says_who_is_current_and_what_is_wanting(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = page(filled_home, monkeypatch, lang="en")
    store = open_store(filled_home, f"sqlite:///{filled_home / 'daxa.sqlite'}")
    found = situation(store, EVERYBODY, Choice((), LAST_DAY - timedelta(days=29), LAST_DAY), NOW)
    store.engine.dispose()
    assert found.outstanding == ()
    assert "2026-11-22 11:00 KST. 5 of 5 exchanges are current. Open halts: 0." in text
    assert f"{found.urgent_count} cells need attention." in text
    text = page(filled_home, monkeypatch, NOW + timedelta(days=1), lang="en")
    assert "0 of 5 exchanges are current. Longest outstanding: Upbit, API volume 2026-11-22, Missing for 1 h." in text
    assert "29 more outstanding." in text

"""Every page through the entrypoint, in both languages, with simulated data and with an empty store."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType

import pytest
import streamlit as st
from demo_store import LAST_DAY, NOW, fill, leave_empty
from streamlit.testing.v1 import AppTest

from app import queries
from app.identity import current_scope
from app.navigation import SCREENS
from app.queries import Choice
from app.queries.submitted import Wanted
from app.words import LANGUAGES, say
from etl.store import Store, open_store

ROOT = Path(__file__).resolve().parent.parent
NAMES = tuple(screen.name for screen in SCREENS)
EMPTY_SENTENCES = MappingProxyType(
    {
        "overview": "empty.store",
        "api_volume": "empty.store",
        "key_revocations": "empty.store",
        "reconciliation": "empty.store",
        "halts": "empty.store",
        "submissions": "empty.store",
    }
)

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("filled"))


@pytest.fixture(scope="module")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return leave_empty(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def store(filled_home: Path) -> Iterator[Store]:
    opened = open_store(filled_home, f"sqlite:///{filled_home / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Engines that the screens opened are closed with them."""
    yield
    from app.widgets import view

    view.store().engine.dispose()
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page of the dashboard over the store at a home, with the given parameters in its address."""

    def open_page(home: Path, name: str, **address: str) -> AppTest:
        monkeypatch.setenv("DAXA_HOME", str(home))
        monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
        monkeypatch.setenv("DAXA_NOW", NOW.isoformat())
        session = AppTest.from_file(str(ROOT / "app" / "ui.py"), default_timeout=60)
        if name != NAMES[0]:
            session.run()
            session.switch_page(f"../pages/{name}.py")
        for parameter, value in address.items():
            session.query_params[parameter.rstrip("_")] = value
        session.run()
        assert not session.exception, [error.stack_trace for error in session.exception]
        return session

    return open_page


def html_of(session: AppTest) -> str:
    return "\n".join(element.proto.body for element in session.get("html"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_opens_with_data(opened: Open, filled_home: Path, name: str, language: str) -> None:
    session = opened(filled_home, name, lang=language)
    assert session.title[0].value == say(f"{name}.title", language)
    assert say("empty.store", language) not in html_of(session)
    assert len(session.dataframe) + len(session.get("plotly_chart")) >= 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_opens_with_an_empty_store(opened: Open, empty_home: Path, name: str, language: str) -> None:
    session = opened(empty_home, name, lang=language)
    assert session.title[0].value == say(f"{name}.title", language)
    assert say(EMPTY_SENTENCES[name], language) in html_of(session)
    assert say("head.no_data", language) in html_of(session)


@pytest.mark.parametrize("name", NAMES)
def test_filters_that_leave_nothing_say_so(opened: Open, filled_home: Path, name: str) -> None:
    days = {"period": "custom", "from_": "2025-01-01", "to": "2025-01-07"}
    text = html_of(opened(filled_home, name, **days))
    assert "2025-01-01" in text
    assert 'class="empty"' in text
    assert say("empty.store", "ko") not in text


@pytest.mark.parametrize("name", NAMES)
def test_every_chart_has_words_for_those_who_do_not_see_it(opened: Open, filled_home: Path, name: str) -> None:
    for chart in opened(filled_home, name).get("plotly_chart"):
        assert chart.proto.alt
        assert '"showSendToCloud": false' in chart.proto.config


def test_the_matrix_has_a_linked_cell_for_every_exchange_and_report(opened: Open, filled_home: Path) -> None:
    text = html_of(opened(filled_home, "overview"))
    cells = re.findall(r'<td class="(\w+)"><a href="([^"]+)">', text)
    assert len(cells) == 5 * 7
    assert all("/submissions?" in address and "report=" in address for _, address in cells)
    assert {"current", "missing"} <= {stand for stand, _ in cells}


def test_the_address_chooses_exchanges_and_days(opened: Open, filled_home: Path) -> None:
    session = opened(filled_home, "api_volume", exchange="gopax,korbit", period="7d")
    ranking = session.dataframe[0].value
    assert set(ranking["exchange"]) == {"고팍스", "코빗"}
    assert set(ranking["day_count"]) == {7}


@pytest.mark.parametrize(
    "address",
    [{"exchange": "nobody"}, {"period": "forever"}, {"lang": "fr"}, {"period": "custom", "from_": "soon"}],
    ids=str,
)
def test_an_address_that_makes_no_sense_shows_the_defaults(
    opened: Open, filled_home: Path, address: dict[str, str]
) -> None:
    session = opened(filled_home, "api_volume", **address)
    assert len(session.dataframe[0].value) == 5


def test_a_picked_day_shows_file_and_rows(opened: Open, filled_home: Path) -> None:
    session = opened(filled_home, "api_volume", at="korbit", day=str(LAST_DAY))
    rows = session.dataframe[-1].value
    assert set(rows["file"]) == {f"korbit_api_volume_{LAST_DAY}.csv"}
    assert rows["source_row"].tolist() == list(range(2, 2 + len(rows)))


def test_a_picked_asset_shows_its_checks(opened: Open, filled_home: Path) -> None:
    session = opened(filled_home, "reconciliation", at="korbit", day="2026-11-13", asset="ETH")
    assert len(session.get("plotly_chart")) == 4
    rows = next(frame.value for frame in session.dataframe if "file" in frame.value)
    assert set(rows["result"]) == {say("code.mismatch", "ko")}


def test_a_rejected_file_shows_its_findings(opened: Open, filled_home: Path, store: Store) -> None:
    choice = Choice((), LAST_DAY.replace(day=13), LAST_DAY)
    rejected = queries.submission_list(store, current_scope(), choice, Wanted(state="rejected"))
    submission = rejected.iloc[0]["id"]
    for language in LANGUAGES:
        session = opened(filled_home, "submissions", submission=submission, lang=language)
        found = next(frame.value for frame in session.dataframe if "sentence" in frame.value)
        assert len(found) == rejected.iloc[0]["finding_count"]
        assert bool(re.search("[가-힣]", found["sentence"].iloc[0])) == (language == "ko")


def test_a_submission_that_does_not_exist_is_said_so(opened: Open, filled_home: Path) -> None:
    text = html_of(opened(filled_home, "submissions", submission="20990101-<b>"))
    assert "20990101-&lt;b&gt;" in text


def test_a_page_without_the_dashboard_shows_nothing(filled_home: Path) -> None:
    session = AppTest.from_file(str(ROOT / "pages" / "overview.py"), default_timeout=60).run()
    assert not session.title
    assert not session.dataframe

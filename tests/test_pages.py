"""Every page through the entrypoint, in both languages, with simulated data and with an empty store."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType

import pytest
from demo_store import LAST_DAY, NOW
from opening import NAMES, keep_nothing, opened_at
from people import EVERYBODY, identity_of
from streamlit.testing.v1 import AppTest

from app.filing.submissions import Wanted, submission_list
from app.navigation import SCREENS
from app.queries.choice import Choice
from app.scope import Role
from app.words import LANGUAGES, say
from etl.exchanges import all_exchanges
from etl.store import Store, open_store

ROOT = Path(__file__).resolve().parent.parent
EMPTY_SENTENCES = MappingProxyType(
    {
        "overview": "empty.store",
        "api_volume": "empty.store",
        "key_revocations": "empty.store",
        "reconciliation": "empty.store",
        "halts": "empty.store",
        "audits": "empty.store",
        "surveillance": "empty.store",
        "data_quality": "empty.store",
        "submissions": "empty.store",
        "answers": "empty.store",
        "trends": "empty.store",
        "rules": "empty.store",
    }
)

Open = Callable[..., AppTest]


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
    keep_nothing()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page of the dashboard over the store at a home, with the given parameters in its address."""

    def open_page(home: Path, name: str, **address: str) -> AppTest:
        monkeypatch.setenv("DAXA_HOME", str(home))
        monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
        monkeypatch.setenv("DAXA_NOW", NOW.isoformat())
        return opened_at(name, **address)

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
    (matrix,) = re.findall(r'<table class="matrix">.*?</table>', html_of(opened(filled_home, "overview")), re.DOTALL)
    cells = re.findall(r'<td class="(\w+)"><a href="([^"]+)">', matrix)
    assert len(cells) == 5 * 7
    assert all("/submissions?" in address and "report=" in address for _, address in cells)
    assert {"current", "unrecorded"} <= {stand for stand, _ in cells}


def test_the_address_chooses_exchanges_and_days(opened: Open, filled_home: Path) -> None:
    session = opened(filled_home, "api_volume", exchange="gopax,korbit", period="7d")
    ranking = session.dataframe[0].value
    assert set(ranking["exchange"]) == {"고팍스", "코빗"}
    assert all(filing.startswith(("7/7", "6/7")) for filing in ranking["filing"])


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
    rows = next(frame.value for frame in session.dataframe if "file" in frame.value)
    assert set(rows["file"]) == {f"korbit_api_volume_{LAST_DAY}.csv"}
    assert rows["source_row"].tolist() == list(range(2, 2 + len(rows)))


def test_a_picked_asset_shows_its_checks(opened: Open, filled_home: Path) -> None:
    session = opened(filled_home, "reconciliation", at="korbit", day="2026-11-13", asset="ETH")
    drawn = {chart.proto.id.rpartition("-")[2] for chart in session.get("plotly_chart")}
    assert drawn >= {"calendar", "day_strip", "ledger_and_wallet", "price_line", "slot_strip", "price_gaps"}
    rows = next(frame.value for frame in session.dataframe if "file" in frame.value)
    assert set(rows["result"]) == {say("code.mismatch", "ko")}


def test_a_rejected_file_shows_its_findings(opened: Open, filled_home: Path, store: Store) -> None:
    choice = Choice((), LAST_DAY.replace(day=13), LAST_DAY)
    rejected = submission_list(store, EVERYBODY, choice, Wanted(state="rejected"))
    submission = rejected[0].id
    for language in LANGUAGES:
        session = opened(filled_home, "submissions", submission=submission, lang=language)
        found = next(frame.value for frame in session.dataframe if "sentence" in frame.value)
        assert len(found) == rejected[0].finding_count
        assert bool(re.search("[가-힣]", found["sentence"].iloc[0])) == (language == "ko")


@pytest.mark.parametrize("name", ["overview", "key_revocations", "reconciliation", "halts", "api_volume"])
def test_a_page_lists_the_standing_findings_of_its_reports(opened: Open, filled_home: Path, name: str) -> None:
    session = opened(filled_home, name)
    headings = " ".join(heading.value for heading in session.subheader)
    key = "overview.breaches" if name == "overview" else "list.open_findings"
    assert say(key, "ko", count="#").partition("#")[0] in headings


def test_a_cell_of_the_overview_says_the_gravest_kind_that_stands(opened: Open, filled_home: Path) -> None:
    session = opened(filled_home, "overview")
    assert f"▲ {say('code.compliance', 'ko')}" in html_of(session)
    assert say("overview.unevaluated", "ko") in [heading.value for heading in session.subheader]


def test_a_long_list_is_turned_page_by_page(opened: Open, filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.filing.submissions.LIST_PAGE", 7)
    first = opened(filled_home, "submissions").dataframe[0].value
    second = opened(filled_home, "submissions", history="2").dataframe[0].value
    assert len(first) == len(second) == 7
    assert not set(first["sha256"]) & set(second["sha256"])
    assert opened(filled_home, "submissions", history="99999").dataframe[0].value.shape[0] > 0


def test_a_submission_that_does_not_exist_is_said_so(opened: Open, filled_home: Path) -> None:
    text = html_of(opened(filled_home, "submissions", submission="20990101-<b>"))
    assert "20990101-&lt;b&gt;" in text


def test_a_page_without_the_dashboard_shows_nothing(filled_home: Path) -> None:
    session = AppTest.from_file(str(ROOT / "pages" / "overview.py"), default_timeout=60).run()
    assert not session.title
    assert not session.dataframe


@pytest.mark.parametrize("name", NAMES)
def test_an_exchange_sees_nothing_of_another(
    opened: Open, filled_home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whatever the page draws (tables, charts, cells of a matrix) is of the exchange that asks, also by address."""
    monkeypatch.setattr("app.sign_in.present.current_identity", lambda: identity_of(Role.EXCHANGE, "korbit"))
    if Role.EXCHANGE not in next(screen for screen in SCREENS if screen.name == name).roles:
        pytest.skip(f"{name} is not for exchanges")
    session = opened(filled_home, name, exchange="upbit", at="upbit", day=str(LAST_DAY), asset="BTC")
    drawn = [str(frame.value.to_dict()) for frame in session.dataframe]
    drawn += [chart.proto.spec for chart in session.get("plotly_chart")]
    drawn += re.findall(r"<td.*?</td>", html_of(session), re.DOTALL)
    others = [exchange for exchange in all_exchanges().values() if exchange.id != "korbit"]
    names = {name for other in others for _, wording in other.names for name in (wording.ko, wording.en, other.id)}
    assert drawn or name == "overview"
    assert not [(name, text[:200]) for text in drawn for name in names if name in text and "statement" not in text]

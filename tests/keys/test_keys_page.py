"""The page of key measures: first figures, every way of showing, a picked case, and what the address says."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from key_files import Steps, at, file_keys, keys
from opening import keep_nothing, opened_at
from streamlit.testing.v1 import AppTest

from app.keys.case_courses import DETECTED, STAGES
from app.keys.case_stage_charts import MOVE_SIGNS
from app.keys.case_stretches import CASE_STATES, StretchKind
from app.words import LANGUAGES, say
from etl.store import open_store

pytestmark = pytest.mark.slow

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with five Korbit days: keys with a gap, and cases of every kind."""
    tmp_path = tmp_path_factory.mktemp("keys")
    home = tmp_path / "home"
    store = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    for day in (2, 3, 5):
        file_keys(store, tmp_path, day, keys(day, "100,2,1,1,0,100,98,8,3,1"))
    steps = Steps().add("C-WATCHED", "monitoring", at(2, 9), risk="high")
    steps.add("C-BACK", "warning", at(2, 10)).add("C-BACK", "monitoring", at(3, 10))
    steps.add("C-DIRECT", "forcedExpiry", at(3, 11), risk="high").file(store, tmp_path, 5)
    store.engine.dispose()
    return home


@pytest.fixture
def opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the page with the given parameters in its address."""
    monkeypatch.setenv("DAXA_HOME", str(home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", at(6, 11).isoformat())

    def open_page(**address: str) -> AppTest:
        return opened_at("key_revocations", **{"period": "7d", **address})

    yield open_page
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()


def html_of(session: AppTest) -> str:
    return "\n".join(element.proto.body for element in session.get("html"))


def cases_on(session: AppTest) -> list[str]:
    return next((frame.value["case_id"].tolist() for frame in session.dataframe if "skip_count" in frame.value), [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_figures_say_what_they_are_of(opened: Open, language: str) -> None:
    text = html_of(opened(lang=language))
    assert "<b>105</b>" in text  # 5 keys to read with and 100 to trade with on the last filed day
    assert say("tile.coverage_note", language) in text
    assert "98.09 %" in text  # 103 of 105
    assert say("tile.open_note", language, rate="190.48", over=1) in text  # 2 of 105
    assert say("tile.too_few", language) in text  # one expiry is no median


@pytest.mark.parametrize("address", [{"measure": "count"}, *({"stretch": kind.value} for kind in StretchKind)], ids=str)
def test_every_way_of_showing_opens(opened: Open, address: dict[str, str]) -> None:
    assert len(opened(**address).get("plotly_chart")) == 8


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picked_case_is_shown_with_its_limits_findings_and_rows(opened: Open, language: str) -> None:
    session = opened(at="korbit", case="C-WATCHED", lang=language)
    assert len(session.get("plotly_chart")) == 9
    limits = next(frame.value for frame in session.dataframe if "hours" in frame.value)
    assert limits["rule"].tolist() == ["ACT-005", "ACT-006"]
    assert limits["hours"].tolist() == [24, 24]
    assert say("state.over", language) in limits["state"].tolist()[1]
    assert say("key_revocations.findings", language, count=1) in html_of(session)
    rows = next(frame.value for frame in session.dataframe if "file" in frame.value)
    assert rows["file"].tolist() == ["korbit_key_actions_2026-11-02.csv"]


def test_a_step_back_is_marked_in_its_case(opened: Open) -> None:
    session = opened(at="korbit", case="C-BACK")
    steps = next(frame.value for frame in session.dataframe if "since_detection" in frame.value)
    assert "↶" in steps["move"].tolist()[1]
    assert "▲" in steps["move"].tolist()[1]
    assert steps["rules"].tolist()[1] == "ACT-003"


def test_the_address_says_which_cases_are_listed(opened: Open) -> None:
    assert set(cases_on(opened())) == {"C-WATCHED", "C-BACK", "C-DIRECT"}
    assert cases_on(opened(move="detected>forced_expiry")) == ["C-DIRECT"]
    assert cases_on(opened(standing="over")) == ["C-WATCHED"]
    assert cases_on(opened(search="back")) == ["C-BACK"]
    assert set(cases_on(opened(standing="open", firm="korbit", stage="monitoring"))) == {"C-WATCHED", "C-BACK"}
    assert say("empty.cases", "ko") in html_of(opened(search="nobody"))


def test_a_picked_day_shows_the_rows_of_the_inventory(opened: Open) -> None:
    session = opened(at="korbit", day="2026-11-03", until="2026-11-03")
    rows = next(frame.value for frame in session.dataframe if "file" in frame.value)
    assert set(rows["file"]) == {"korbit_api_keys_2026-11-03.csv"}
    assert len(rows) == 3


def test_a_case_that_does_not_exist_is_said_so(opened: Open) -> None:
    assert say("empty.case", "ko", exchange="코빗", case="C-0") in html_of(opened(at="korbit", case="C-0"))


def test_states_and_stages_have_words() -> None:
    for language in LANGUAGES:
        assert all(say(f"state.{state}", language) for state in CASE_STATES)
        assert all(say(f"code.{stage}", language) for stage in (DETECTED, *STAGES))
        assert all(say(f"stretch.{kind}", language) for kind in StretchKind)
        assert all(say(f"move.{move}", language) for move in MOVE_SIGNS)

"""A part of a page that fails says so under the number of an incident, which is kept, and leaves the others."""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from demo_store import fill
from opening import UI, keep_nothing, looked_at, opened_at
from sqlalchemy import select
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from app.widgets import view
from app.words import LANGUAGES, say
from etl.records.engine import RecordsUnavailableError, reading
from etl.records.tables import incidents


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("failing"))


@pytest.fixture(autouse=True)
def _looked_at(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[None]:
    yield from looked_at(monkeypatch, home)


def failing(error: Exception) -> Callable[..., NoReturn]:
    def fail(*_: Any, **__: Any) -> NoReturn:
        raise type(error)(*error.args)

    return fail


def opened(name: str, language: str = "ko") -> AppTest:
    """A session that has drawn the page, whatever became of it."""
    session = AppTest.from_file(str(UI), default_timeout=60)
    session.query_params["lang"] = language
    session._page_hash = calc_hash(name)
    return session.run()


def told(session: AppTest) -> list[str]:
    """What is said of parts that are not shown."""
    bodies = [element.proto.body for element in session.get("html")]
    return [re.sub("<.*?>", "", body) for body in bodies if 'class="failed"' in body]


def kept() -> dict[str, str]:
    """The incidents of the store and their summaries."""
    with reading(view.store().engine) as connection:
        return {row.id: row.summary for row in connection.execute(select(incidents.c.id, incidents.c.summary))}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chart_that_fails_says_so_and_the_rest_of_the_page_stays(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, language: str
) -> None:
    whole = opened_at("halts", lang=language)
    before, other_charts = kept(), len(whole.get("plotly_chart")) - 1
    keep_nothing()
    monkeypatch.setattr("app.halts.reach_charts.halt_reasons", failing(ZeroDivisionError(f"in {language}")))
    with caplog.at_level(logging.ERROR):
        session = opened("halts", language)
    assert not session.exception
    (text,) = told(session)
    (incident,) = kept().keys() - before.keys()
    assert say("failed.part", language) in text
    assert say("failed.ours", language) in text
    assert say("failed.incident", language, incident=incident) in text
    assert kept()[incident] == f"ZeroDivisionError: in {language}"
    assert incident in caplog.text
    assert any(say("halts.reasons", language) in element.proto.body for element in session.get("html"))
    assert len(session.get("plotly_chart")) == other_charts
    assert len(session.dataframe) == len(whole.dataframe)
    assert [one.value for one in session.subheader] == [one.value for one in whole.subheader]


def test_the_same_failure_again_is_the_same_incident(monkeypatch: pytest.MonkeyPatch) -> None:
    before = kept()
    monkeypatch.setattr("app.halts.reach_charts.halt_reasons", failing(ZeroDivisionError("again")))
    assert told(opened("halts")) == told(opened("halts"))
    assert len(kept()) == len(before) + 1


def test_a_section_whose_question_fails_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.volume.market_parts.volume_by_hour", failing(LookupError("hours")))
    session = opened("api_volume")
    assert len(told(session)) == 1
    assert say("api_volume.concentration", "ko") in [one.value for one in session.subheader]


def test_a_page_whose_own_question_fails_says_so_below_its_title(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.surveillance.indicators.pattern_indicators", failing(LookupError("indicators")))
    session = opened("surveillance")
    assert not session.exception
    assert session.title[0].value == say("surveillance.title", "ko")
    (text,) = told(session)
    assert say("failed.page", "ko") in text


def test_records_that_cannot_be_read_are_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    from app import run

    monkeypatch.setattr(run, "present_stamp", failing(RecordsUnavailableError("the database does not answer")))
    session = opened("halts")
    assert not session.exception
    (text,) = told(session)
    assert say("failed.page", "ko") in text
    assert say("failed.records", "ko") in text

"""Thresholds on the screens: nothing is said of too few, and a new value leaves the days before it as they were."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from demo_store import FIRST_DAY, LAST_DAY, NOW
from opening import keep_nothing, opened_at
from people import EVERYBODY

from app.queries.choice import Choice
from app.reconciliation.episode_parts import halt_limits
from app.reconciliation.responses import episode_responses
from app.words import say
from etl.store import Store, open_store
from expectations import catalogue

ROOT = Path(__file__).resolve().parent.parent
CHANGED_ON = LAST_DAY - timedelta(days=4)
NEW_ENTRY = f"""
[[parameter]]
name = "halt_shortfall_ratio"
value = "0.99"
effective_from = {CHANGED_ON}
source = "MODEL"
reason_ko = "시험을 위하여 높인 값입니다."
reason_en = "Raised for a test."
"""


def forget() -> None:
    """What was read from the file of thresholds is read anew."""
    for read in (catalogue.all_parameters, catalogue.thresholds_of_the_book, catalogue._book_digest):
        read.cache_clear()


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The rule book's own file of thresholds with one entry more, as a decision would add it."""
    book = tmp_path / "parameters.toml"
    book.write_text(catalogue._PARAMETERS.read_text("utf-8") + NEW_ENTRY, "utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "_PARAMETERS", book)
        forget()
        yield
    forget()


@pytest.fixture
def store(filled_home: Path) -> Iterator[Store]:
    opened = open_store(filled_home, f"sqlite:///{filled_home / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def looking(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The screens look at the simulated store at its own moment."""
    monkeypatch.setenv("DAXA_HOME", str(filled_home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", NOW.isoformat())
    yield
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()


def shown_limit(last_day: date) -> tuple[str, str]:
    """What the page of reconciliation says of the limit in force on a day: its value, and since when."""
    session = opened_at("reconciliation", seconds=120, period="custom", from_=str(FIRST_DAY), to=str(last_day))
    box = next(frame.value for frame in session.dataframe if {"parameter", "value", "reason"} <= set(frame.value))
    (row,) = box[box["parameter"] == say("parameter.halt_shortfall_ratio", "ko")].to_dict("records")
    return row["value"], row["effective_from"]


@pytest.mark.usefixtures("looking", "changed")
def test_a_page_about_past_days_keeps_the_value_of_then() -> None:
    before, after = shown_limit(CHANGED_ON - timedelta(days=1)), shown_limit(LAST_DAY)
    assert before[0] == "1%"
    assert after == ("99%", str(CHANGED_ON))


def test_another_limit_changes_nothing_that_was_found(store: Store, request: pytest.FixtureRequest) -> None:
    """Screens say what the rules recorded, so no value of a threshold changes it before it is judged again."""
    choice = Choice((), FIRST_DAY, LAST_DAY)
    known = episode_responses(store, EVERYBODY, choice)
    assert halt_limits(catalogue.thresholds_of_the_book(), CHANGED_ON)["ratio"] == Decimal("0.01")
    request.getfixturevalue("changed")
    assert halt_limits(catalogue.thresholds_of_the_book(), CHANGED_ON)["ratio"] == Decimal("0.99")
    assert known
    assert episode_responses(store, EVERYBODY, choice) == known

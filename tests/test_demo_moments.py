"""The demonstration at any moment: whatever day it is, no screen of it has a chart with nothing in it."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from demo_store import fill
from opening import keep_nothing, shown
from streamlit.testing.v1 import AppTest

from app.navigation import SCREENS
from app.scope import Role
from expectations.vocabulary import KST, Period

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent
DAYS = (date(2027, 3, 2), date(2028, 2, 29))
"""After the end of a short month, and on a day that most years have not."""


@pytest.fixture(params=DAYS, ids=str)
def moment(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[datetime]:
    """Half an hour after the reports of the day before were due; the screens look at nine days that end there."""
    last_day = request.param - timedelta(days=1)
    now = Period.of_day(last_day).end.astimezone(KST) + timedelta(hours=10, minutes=30)
    fill(tmp_path, last_day - timedelta(days=8), last_day, now)
    monkeypatch.setenv("DAXA_HOME", str(tmp_path))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", now.isoformat())
    yield now
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()


def holds_something(trace: dict[str, Any]) -> bool:
    """True where a trace has a value; long series of numbers travel as bytes."""
    values = [trace.get("x"), trace.get("y")]
    return all(
        isinstance(one, dict) or (isinstance(one, list) and any(value is not None for value in one)) for one in values
    )


def test_no_chart_is_empty(moment: datetime) -> None:
    session = AppTest.from_file(str(ROOT / "app" / "ui.py"), default_timeout=120).run()
    empty, count = [], 0
    for screen in (screen for screen in SCREENS if Role.SUPERVISOR in screen.roles):
        session.switch_page(f"../pages/{screen.name}.py").run()
        shown(session)
        for chart in session.get("plotly_chart"):
            count += 1
            if not any(holds_something(trace) for trace in json.loads(chart.proto.spec)["data"]):
                empty.append(f"{screen.name}: {chart.proto.alt}")
    assert count > 20
    assert not empty

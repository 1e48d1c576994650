"""What anybody looks at comes from the clock: no file moves a default period, a month, or what needs attention."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from opening import NAMES, keep_nothing, opened_at
from people import EVERYBODY

from app.keys.case_courses import course_of_case
from app.moments import last_whole_day
from app.obligations.outcomes import records_begin
from app.overview.lane_states import situation
from app.queries.choice import Choice
from app.queries.freshness import newest_filed_day
from app.words import LANGUAGES, say
from etl.store import Store, open_store
from expectations.vocabulary import KST
from tests.filing import checks, file, halts, milliseconds

DAY = date(2026, 11, 2)
NOW = datetime(2026, 11, 3, 11, 0, tzinfo=KST)
"""All of the day before is due."""
TEN_DAYS_ON = NOW + timedelta(days=10)
_ACTIONS = "actionId,caseId,keyHash,accountHash,suspicion,riskLevel,stage,detectedAt,actedAt,outcome,note"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Korbit's day with a shortfall to its end and a case that is open, and nil returns."""
    home = tmp_path / "home"
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    seen = milliseconds(datetime(2026, 11, 2, 8, tzinfo=KST))
    step = f"A-1,C-1,{'a' * 64},{'b' * 64},lending,low,monitoring,{seen},{seen + 1},applied,"
    for name, content in {
        f"korbit_reconciliation_{DAY}.csv": checks(str(DAY), every=5, short=range(280, 288)),
        f"korbit_halts_{DAY}.csv": halts(),
        f"upbit_api_volume_{DAY}.json": "[]",
        f"upbit_reconciliation_{DAY}.json": "[]",
        f"korbit_key_actions_{DAY}.csv": "\r\n".join([_ACTIONS, step, ""]),
    }.items():
        assert file(opened, tmp_path, name, content).receipt.submission.state == "accepted"
    yield opened
    opened.engine.dispose()


def file_next_year(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was accepted before SUB-010: nil returns for days of next year, received today."""
    with monkeypatch.context() as patched:
        patched.setattr("etl.examine._not_ended", lambda _: ())
        for name, content in {
            "upbit_api_volume_2027-11-02.json": "[]",
            "upbit_reconciliation_2027-11-02.json": "[]",
            "korbit_key_actions_2027-11-03.csv": f"{_ACTIONS}\r\n",
        }.items():
            outcome = file(store, folder, name, content, NOW - timedelta(minutes=10))
            assert outcome.receipt.submission.state == "accepted"


@pytest.fixture
def page(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Opens a page over the store and gives all that it wrote as HTML."""
    monkeypatch.setenv("DAXA_HOME", str(store.home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    keep_nothing()

    def opened(name: str, now: datetime = NOW, **address: str) -> str:
        monkeypatch.setenv("DAXA_NOW", now.isoformat())
        session = opened_at(name, **address)
        return "\n".join(unescape(element.proto.body) for element in session.get("html"))

    yield opened
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()


# --------------------------------------------------------------------------------------- the moment


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 3, tzinfo=KST), date(2026, 11, 2)),
        (datetime(2026, 11, 3, tzinfo=KST) - timedelta(milliseconds=1), date(2026, 11, 1)),
        (datetime(2027, 1, 1, 8, 59, tzinfo=KST), date(2026, 12, 31)),
    ],
)
def test_the_last_whole_day_is_that_of_korea(moment: datetime, day: date) -> None:
    assert last_whole_day(moment) == day


def test_the_newest_report_is_of_today_at_most(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file_next_year(store, tmp_path, monkeypatch)
    assert newest_filed_day(store, EVERYBODY, NOW.date()) == DAY
    morning = "2026-11-03T00-09"
    file(store, tmp_path, f"korbit_reconciliation_{morning}.csv", checks(morning), NOW)
    assert newest_filed_day(store, EVERYBODY, NOW.date()) == NOW.date()
    assert newest_filed_day(store, EVERYBODY, date(2027, 11, 2)) == date(2027, 11, 2)


def test_records_begin_with_the_first_receipt_at_the_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'daxa.sqlite'}")
    file_next_year(store, tmp_path, monkeypatch)
    begin = records_begin(store)
    assert begin is not None
    assert begin.first_day == NOW.date()
    store.engine.dispose()


# ------------------------------------------------------------------------------- a file of next year


def test_a_file_of_next_year_changes_no_state_and_no_age(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = Choice((), DAY - timedelta(days=29), DAY)
    before = situation(store, EVERYBODY, choice, NOW)
    case = course_of_case(store, EVERYBODY, "korbit", "C-1")
    assert before.urgent_count
    assert case is not None
    file_next_year(store, tmp_path, monkeypatch)
    assert situation(store, EVERYBODY, choice, NOW) == before
    assert course_of_case(store, EVERYBODY, "korbit", "C-1") == case


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_next_year_moves_no_page(
    page: Callable[..., str], store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = page(name)
    file_next_year(store, tmp_path, monkeypatch)
    keep_nothing()
    assert page(name) == before


# ---------------------------------------------------------------------------- old, and running, days


@pytest.mark.parametrize("language", LANGUAGES)
def test_old_records_are_told_and_linked_and_not_jumped_to(page: Callable[..., str], language: str) -> None:
    text = page("reconciliation", TEN_DAYS_ON, lang=language, period="7d")
    assert "2026-11-06" in text
    assert "2026-11-12" in text
    assert say("head.ends_before", language, day=DAY) in text
    assert "period=custom&from=2026-10-27&to=2026-11-02" in text
    there = page("reconciliation", TEN_DAYS_ON, lang=language, period="custom", from_="2026-10-27", to=str(DAY))
    assert say("head.ends_before", language, day=DAY) not in there
    assert say("head.as_of", language, moment="2026-11-13 11:00") in there
    assert say("head.newest", language, day=DAY) in there


@pytest.mark.parametrize("language", LANGUAGES)
def test_slices_of_the_running_day_are_one_step_away(
    page: Callable[..., str], store: Store, tmp_path: Path, language: str
) -> None:
    assert 'class="newest"' not in page("reconciliation", lang=language)
    morning = "2026-11-03T00-09"
    file(store, tmp_path, f"korbit_reconciliation_{morning}.csv", checks(morning), NOW)
    keep_nothing()
    text = page("reconciliation", lang=language)
    assert say("head.period", language, first="2026-10-04", last=DAY, count=30) in text
    assert say("head.today_runs", language, day=NOW.date()) in text
    assert "period=custom&from=2026-10-04&to=2026-11-03" in text


def test_managers_are_offered_the_months_up_to_the_present_one(page: Callable[..., str]) -> None:
    assert "2026-12" not in page("trends")
    assert "2026-12" in page("trends", NOW + timedelta(days=29))

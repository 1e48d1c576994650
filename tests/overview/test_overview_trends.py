"""Trends: equal to the supervisors' pages lane by lane, gaps and provisional months, no rows, and who sees the page."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from demo_store import NOW
from opening import keep_nothing, opened_at
from people import EVERYBODY, SUPERVISOR
from streamlit.testing.v1 import AppTest

from app import navigation
from app.charts.style import Look
from app.halts.availability import halted_time
from app.halts.events import halt_events
from app.keys.case_lists import CasesWanted, case_list
from app.keys.case_totals import case_flow
from app.keys.counts import key_flow
from app.overview.lane_figures import Lane, LaneFigures, exchange_figures
from app.overview.trend_charts import TrendCell, TrendPoint, trend_matrix
from app.overview.trend_sentence_parts import count_before
from app.overview.trends import Trend, TrendMonth, due_days, is_open, lane_trends, trend_months
from app.quality.counts import quality_months
from app.quality.measures import Rating
from app.quality.scorecard import Scored, score
from app.queries.choice import Choice
from app.queries.months import months_as_days
from app.reconciliation.days import reconciled_days
from app.reconciliation.episodes import mismatch_episodes
from app.scope import Role, Scope
from app.volume.ranking import volume_ranking
from app.widgets.view import View
from app.words import LANGUAGES, say
from etl.exchanges import all_exchanges
from etl.replays import all_replays
from etl.store import Store, open_store
from expectations.catalogue import thresholds_of_the_book
from expectations.vocabulary import KST, Period

pytestmark = pytest.mark.slow

MONTH = "2026-11"
DAYS = Choice((), date(2026, 11, 1), date(2026, 11, 30))
HOUR = NOW.replace(minute=0)
WHOLE = ""
BOOK = thresholds_of_the_book()


@pytest.fixture
def store(filled_home: Path) -> Iterator[Store]:
    opened = open_store(filled_home, f"sqlite:///{filled_home / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


def scored(store: Store, months: tuple[str, ...]) -> tuple[Scored, ...]:
    return score(quality_months(store, EVERYBODY, months_as_days((), months), HOUR), HOUR)


def trends_of(store: Store, month: str = MONTH) -> dict[tuple[str, Lane], Trend]:
    months = trend_months(month)
    figures = {name: exchange_figures(store, EVERYBODY, months_as_days((), (name,)), HOUR) for name in months}
    return {(one.exchange, one.lane): one for one in lane_trends(figures, scored(store, months), months, HOUR)}


# --------------------------------------------------------------------- equal to the pages of the supervisors


def on_time(store: Store) -> dict[str, Any]:
    """As the page of data quality counts."""
    rows = [one for one in quality_months(store, EVERYBODY, DAYS, HOUR) if one.month == MONTH]
    met, due = (sum(one.count(name) for one in rows) for name in ("on_time_count", "due_count"))
    shares = {one.exchange: Decimal(one.on_time_count) / one.due_count for one in rows}
    return {**shares, WHOLE: Decimal(met) / due}


def grades(store: Store) -> dict[str, Any]:
    places = {Rating.GOOD: 2, Rating.WATCH: 1, Rating.POOR: 0}
    return {one.exchange: places[one.grade.rating] for one in scored(store, (MONTH,)) if one.month == MONTH}


def shares(store: Store) -> dict[str, Any]:
    ranking = volume_ranking(store, EVERYBODY, DAYS)
    own = {row.exchange: row.share for row in ranking.by_exchange}
    return {**own, WHOLE: ranking.together.share}


def counted(rows: list[Any], count: str = "") -> dict[str, Any]:
    own = dict.fromkeys((*all_exchanges(), WHOLE), 0)
    for row in rows:
        for name in (row["exchange"], WHOLE):
            own[name] += row[count] if count else 1
    return own


def open_cases(store: Store) -> dict[str, Any]:
    return counted([asdict(row) for row in case_flow(store, EVERYBODY, DAYS, BOOK).open_cases], "suspicion_case_count")


def shortfalls(store: Store) -> dict[str, Any]:
    return counted([asdict(one) for one in mismatch_episodes(store, EVERYBODY, DAYS)])


def halted_minutes(store: Store) -> dict[str, Any]:
    start, end = Period.of_day(DAYS.first_day).start, min(Period.of_day(DAYS.last_day).end, HOUR)
    found = dict.fromkeys((*all_exchanges(), WHOLE), timedelta())
    for halt in halt_events(store, EVERYBODY, DAYS):
        for name in (halt.exchange, WHOLE):
            found[name] += halted_time(halt, start, end)
    return {name: length // timedelta(minutes=1) for name, length in found.items()}


@pytest.mark.parametrize(
    ("lane", "supervisors"),
    [
        (Lane.SUBMISSION, on_time),
        (Lane.QUALITY, grades),
        (Lane.API_SHARE, shares),
        (Lane.KEYS, open_cases),
        (Lane.RECONCILIATION, shortfalls),
        (Lane.HALTS, halted_minutes),
    ],
    ids=lambda one: one if isinstance(one, Lane) else one.__name__,
)
def test_a_lane_shows_the_number_of_the_supervisors_page(store: Store, lane: Lane, supervisors: Any) -> None:
    shown = {exchange: one.now.value for (exchange, name), one in trends_of(store).items() if name is lane}
    assert shown == supervisors(store)
    assert any(value for value in shown.values())


def test_the_sentences_count_as_the_pages_do(store: Store) -> None:
    together = exchange_figures(store, EVERYBODY, DAYS, HOUR)[-1]
    flow = case_flow(store, EVERYBODY, DAYS, BOOK)
    closing = ("forced_expiry", "cleared")
    assert together.opened_case_count == sum(row.step_count for row in flow.moves if row.origin == "detected")
    assert together.closed_case_count == sum(
        row.step_count for row in flow.moves if row.stage in closing and row.origin not in closing
    )
    (expiry,) = [row for row in flow.stretches if (row.stretch, row.exchange) == ("expiry", WHOLE)]
    assert together.expiry_median == expiry.median
    assert together.halt_count == len(halt_events(store, EVERYBODY, DAYS))
    assert together.forced_expired_keys == sum(row.forced_expired_keys for row in key_flow(store, EVERYBODY, DAYS))
    days = reconciled_days(store, EVERYBODY, DAYS, HOUR)
    assert together.covered_slot_count == sum(day.covered_slot_count for day in days)
    assert together.expected_slot_count == sum(day.expected_slot_count for day in days)


# ------------------------------------------------------------------------------------ gaps, provisional months


def test_months_without_filing_are_gaps_and_not_zero(store: Store) -> None:
    found = trends_of(store)
    for lane in (Lane.API_SHARE, Lane.KEYS, Lane.RECONCILIATION, Lane.HALTS):
        for exchange in (*all_exchanges(), WHOLE):
            assert [one.value is None for one in found[exchange, lane].months] == [True] * 5 + [False]
    assert (WHOLE, Lane.QUALITY) not in found


def test_an_open_month_is_provisional_and_counts_are_not_compared(store: Store) -> None:
    one = trends_of(store)["korbit", Lane.RECONCILIATION]
    assert one.now.is_open
    assert one.now.is_partial
    assert one.change is None


def test_a_month_is_open_until_its_last_day_has_been_due() -> None:
    due = datetime(2026, 12, 1, 10, tzinfo=KST)
    assert is_open(MONTH, due - timedelta(seconds=1))
    assert not is_open(MONTH, due)
    assert due_days(MONTH, due) == 30
    assert due_days(MONTH, datetime(2026, 11, 3, 9, 59, tzinfo=KST)) == 1
    assert due_days(MONTH, datetime(2026, 10, 31, tzinfo=KST)) == 0


def month(value: str | None, filed: int = 30, *, expected: int = 30, open_: bool = False) -> TrendMonth:
    return TrendMonth("2026-11", None if value is None else Decimal(value), filed, expected, 30, open_)


@pytest.mark.parametrize(
    ("lane", "before", "now", "change"),
    [
        pytest.param(Lane.API_SHARE, month("0.31"), month("0.3"), Decimal("-0.01"), id="two whole months"),
        pytest.param(Lane.API_SHARE, month("0.31", 15), month("0.3", 15, open_=True), Decimal("-0.01"), id="half"),
        pytest.param(Lane.API_SHARE, month("0.31", 14), month("0.3"), None, id="too few days before"),
        pytest.param(Lane.API_SHARE, month("0.31"), month("0.3", 14), None, id="too few days now"),
        pytest.param(Lane.API_SHARE, month(None, 0), month("0.3"), None, id="nothing before"),
        pytest.param(Lane.HALTS, month("10"), month("7", 20, open_=True), None, id="a sum of a month that goes on"),
        pytest.param(Lane.HALTS, month("10"), month("7", 20), Decimal(-3), id="a sum of a month that is over"),
        pytest.param(Lane.KEYS, month("10"), month("7", 20, open_=True), Decimal(-3), id="a stock may be compared"),
    ],
)
def test_only_what_can_be_compared_is(lane: Lane, before: TrendMonth, now: TrendMonth, change: Decimal | None) -> None:
    assert Trend("upbit", lane, (before, now)).change == change


def test_six_months_end_with_the_chosen_one() -> None:
    assert trend_months("2027-02") == ("2026-09", "2026-10", "2026-11", "2026-12", "2027-01", "2027-02")


def test_all_together_are_the_sums(store: Store) -> None:
    *own, together = exchange_figures(store, EVERYBODY, DAYS, HOUR)
    for name in ("due_count", "open_case_count", "covered_slot_count", "halt_count", "halted", "weighted", "passed"):
        assert getattr(together, name) == sum((getattr(one, name) for one in own[1:]), getattr(own[0], name))
    assert together.day_count == 150
    only: tuple[LaneFigures, ...] = exchange_figures(store, EVERYBODY, Choice(("korbit",), *_ends()), HOUR)
    assert [one.exchange for one in only] == ["korbit"]


def _ends() -> tuple[date, date]:
    return DAYS.first_day, DAYS.last_day


# -------------------------------------------------------------------------------------------------- the chart


def drawn(*values: str | None, from_zero: bool = False) -> Any:
    points = tuple(TrendPoint(None if value is None else Decimal(value), "", value != "9") for value in values)
    cells = {("upbit", "keys"): TrendCell("9", points, from_zero)}
    return trend_matrix(cells, {"upbit": "업비트"}, {"keys": "키"}, Look("ko"))


def test_a_course_has_a_gap_where_nothing_was_filed() -> None:
    course, gap = drawn("8", None, "9").data
    assert list(course.y) == pytest.approx([0.12, None, 0.5, None], nan_ok=True) or list(course.y)[1] is None
    assert course.connectgaps is False
    assert len(gap.x) == 1
    assert list(course.marker.symbol) == ["circle", "circle", "circle-open", "circle"]


def test_counts_begin_at_zero_and_shares_at_the_lowest() -> None:
    assert drawn("1", "2", from_zero=True).data[0].y[0] == pytest.approx(0.31)
    assert drawn("1", "2").data[0].y[0] == pytest.approx(0.12)
    assert drawn("2", "2").data[0].y[:2] == pytest.approx((0.31, 0.31))


# --------------------------------------------------------------------------------------------- page and roles


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """The engine that a page opened is closed with it."""
    yield
    from app.widgets import view

    if _OPENED:
        view.store().engine.dispose()
    _OPENED.clear()
    keep_nothing()


_OPENED: set[str] = set()


def opened(home: Path, monkeypatch: pytest.MonkeyPatch, **address: str) -> AppTest:
    monkeypatch.setenv("DAXA_HOME", str(home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", NOW.isoformat())
    _OPENED.add("page")
    return opened_at("trends", **address)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_no_rows_and_leads_to_none(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch, language: str, store: Store
) -> None:
    session = opened(filled_home, monkeypatch, lang=language)
    (chart,) = session.get("plotly_chart")
    html = "\n".join(element.proto.body for element in session.get("html"))
    shown = json.dumps(json.loads(chart.proto.spec)) + html + "".join(str(frame.value) for frame in session.dataframe)
    cases = [row.case_id for row in case_list(store, EVERYBODY, DAYS, CasesWanted(), BOOK).cases]
    halts = [halt.halt_id for halt in halt_events(store, EVERYBODY, DAYS)]
    assert len(cases)
    assert len(halts)
    assert not [name for name in (*cases, *halts) if name in shown]
    assert set(re.findall(r'href="([^"?]+)', html)) == {"/logout"}
    assert ".csv" not in shown
    assert say("trends.provisional", language) in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_month_before_without_reports_is_no_zero(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    session = opened(filled_home, monkeypatch, lang=language)
    html = "\n".join(element.proto.body for element in session.get("html"))
    assert html.count(say("trends.before_none", language)) == 3  # cases, halts, corrections
    assert say("trends.before", language, count="0") not in html


def test_a_month_before_of_which_days_are_wanting_says_so() -> None:
    view = View("ko", SUPERVISOR, DAYS, DAYS.last_day, NOW, False, "0", "trends")
    assert count_before(view, 1234, month("1234")) == "전월 1,234건"
    assert count_before(view, 1234, month("1234", 20)) == "전월 1,234건, 일부 제출"
    assert count_before(view, 0, month(None, 0)) == "전월 자료 없음"


def test_months_are_chosen_in_the_address(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = opened(filled_home, monkeypatch, month="1999-01")
    html = "\n".join(element.proto.body for element in session.get("html"))
    assert say("trends.open_month", "ko", month=MONTH) in html


SEEN = {
    Role.MANAGER: {"trends", "rules", "account"},
    Role.EXCHANGE: {screen.name for screen in navigation.SCREENS} - {"trends", "administration"},
    Role.SUPERVISOR: {screen.name for screen in navigation.SCREENS} - {"filing"},
    Role.ADMIN: {"trends", "rules", "administration", "account"},
}


@pytest.mark.parametrize("role", Role)
def test_a_role_sees_its_pages(role: Role) -> None:
    seen = navigation.pages(Scope(role, tuple(all_exchanges())), "ko", ())
    assert set(seen) == SEEN[role]
    assert [page._default for page in seen.values()].count(True) == 1


def test_an_administrator_with_a_grant_sees_what_a_supervisor_sees() -> None:
    granted = navigation.pages(Scope(Role.ADMIN, tuple(all_exchanges()), has_row_grant=True), "ko", ())
    assert set(granted) == SEEN[Role.SUPERVISOR]


def test_an_incident_comes_first_to_those_who_see_its_exchange() -> None:
    for incidents in (*((one,) for one in all_replays().values()), tuple(all_replays().values())):
        assert navigation.first_page(Scope(Role.SUPERVISOR, tuple(all_exchanges())), incidents) == "replay"
        for incident in incidents:
            assert navigation.first_page(Scope(Role.EXCHANGE, (incident.exchange,)), incidents) == "replay"
        assert navigation.first_page(Scope(Role.EXCHANGE, ("korbit",)), incidents) == "overview"

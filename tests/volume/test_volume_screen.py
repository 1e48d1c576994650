"""API volume on the screen: exact sums and shares, gaps with their reasons, markets chosen with a margin, resets."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browsing import visit
from demo_store import LAST_DAY, NOW
from filing import file
from opening import keep_nothing, opened_at
from people import EVERYBODY
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest
from template_files import template

from app.charts.style import Look
from app.queries.choice import Choice
from app.queries.spans import LONGEST_BY_DAY, Span, spans_of
from app.scope import Role, Scope
from app.volume.course import volume_course
from app.volume.hour_charts import share_by_hour
from app.volume.markets import Order, market_volumes
from app.volume.order_charts import order_conduct
from app.volume.ranking import RankedVolume, concentration, is_comparable, volume_ranking
from app.volume.share_charts import share_panels
from app.volume.shares import Measure, volume_by_day, volume_by_hour
from app.volume.trading_halts import TradingHalt, halts_of_trading
from app.words import LANGUAGES, say
from etl.exchanges import all_exchanges
from etl.store import Store, open_store
from expectations.vocabulary import KST

pytestmark = pytest.mark.slow

DAY = date(2026, 11, 2)
"""A Monday."""
GOPAX_ONLY = Scope(Role.EXCHANGE, ("gopax",))
BOTH = ("korbit", "gopax")
COLUMNS = (
    "hour_start,market,trade_value_krw,api_trade_value_krw,trade_count,api_trade_count,"
    "api_order_count,api_cancel_count,api_small_order_count,api_account_count"
)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def traded(
    value: str = "1000",
    api: str = "300",
    *,
    market: str = "BTC/KRW",
    hour: int = 0,
    trades: int = 10,
    api_trades: int = 4,
    orders: int = 200,
    cancels: int = 100,
    small: int = 20,
    accounts: int = 3,
) -> str:
    """A row of a canonical file after its hour."""
    counts = ",".join(map(str, (trades, api_trades, orders, cancels, small, accounts)))
    return f"{hour:02},{market},{value},{api},{counts}"


def volume(store: Store, folder: Path, exchange: str, day: date, *rows: str) -> str:
    """File a day of an exchange in the canonical template; its submission."""
    lines = [COLUMNS, *(f"{day}T{row[:2]}:00:00+09:00{row[2:]}" for row in rows)]
    name = f"{exchange}_api_volume_{day}.csv"
    received = datetime.combine(day + timedelta(days=1), time(9), KST)
    outcome = file(store, folder, name, "\n".join(lines) + "\n", received)
    assert outcome.receipt.submission.state == "accepted", outcome
    return outcome.receipt.submission.id


def halted(store: Store, folder: Path, **functions_of: str) -> None:
    """File Korbit's halts of BTC in the afternoon of the first day, by their number what each stopped."""
    at = datetime(2026, 11, 2, 15, tzinfo=KST).isoformat(timespec="milliseconds")
    row = {"scope": "asset", "target": "BTC", "trigger": "maintenance", "mode": "manual", "affected_account_count": 1}
    row |= {"detected_at": at, "halted_at": at, "notice_at": at, "resumed_at": None}
    rows = [{**row, "halt_id": halt_id, "functions": functions} for halt_id, functions in functions_of.items()]
    received = datetime.combine(after(1), time(9), KST)
    outcome = file(store, folder, f"korbit_halts_{DAY}.csv", template("halts", rows), received)
    assert outcome.receipt.submission.state == "accepted", outcome


def after(count: int) -> date:
    return DAY + timedelta(days=count)


def ranking(store: Store, choice: Choice, measure: Measure = Measure.VALUE) -> dict[str, RankedVolume]:
    return {row.exchange: row for row in volume_ranking(store, EVERYBODY, choice, measure).by_exchange}


# --------------------------------------------------------------------------------- exchanges


def test_sums_come_first_and_the_share_of_them_last(store: Store, tmp_path: Path) -> None:
    volume(store, tmp_path, "korbit", DAY, traded("100", "10"), traded("300", "150", hour=1))
    volume(store, tmp_path, "korbit", after(1), traded("600", "40"))
    row = ranking(store, Choice(("korbit",), DAY, after(1)))["korbit"]
    assert (row.api_trade_value_krw, row.trade_value_krw) == (Decimal(200), Decimal(1000))
    assert row.share == Decimal("0.2")  # not the mean of 40 % and 6.67 %
    assert row.trend == (40.0, pytest.approx(100 * 40 / 600))
    assert (row.small_order_share, row.cancels_per_order) == (Decimal("0.1"), Decimal("0.5"))
    assert row.trades_per_order == Decimal(12) / 600


def test_sums_are_exact_beyond_what_decimals_usually_keep(store: Store, tmp_path: Path) -> None:
    largest = "99999999999999999999.99999999"
    for number in range(3):
        volume(store, tmp_path, "korbit", after(number), traded(largest, "0.00000001"))
    row = ranking(store, Choice(("korbit",), DAY, after(2)))["korbit"]
    assert row.trade_value_krw == Decimal("299999999999999999999.99999997")
    assert row.api_trade_value_krw == Decimal("0.00000003")


def test_the_definition_changes_the_share_and_both_are_told(store: Store, tmp_path: Path) -> None:
    volume(store, tmp_path, "korbit", DAY, traded("1000", "300", trades=10, api_trades=4))
    choice = Choice(("korbit",), DAY, DAY)
    by_value, by_count = (ranking(store, choice, measure)["korbit"] for measure in Measure)
    assert (by_value.share, by_count.share) == (Decimal("0.3"), Decimal("0.4"))
    for row in (by_value, by_count):
        assert (row.share_by_value, row.share_by_count) == (Decimal("0.3"), Decimal("0.4"))


def test_a_change_is_against_the_preceding_period_of_equal_length(store: Store, tmp_path: Path) -> None:
    for number, api in enumerate(("100", "300", "400", "600")):
        volume(store, tmp_path, "korbit", after(number), traded("1000", api))
    row = ranking(store, Choice(("korbit",), after(2), after(3)))["korbit"]
    assert row.preceding_change == Decimal("0.5") - Decimal("0.2")
    assert (row.before_day_count, row.day_count) == (2, 2)
    assert row.week_change is None  # nothing was filed in the week before the last


def test_a_week_is_compared_with_the_week_before(store: Store, tmp_path: Path) -> None:
    for number in range(14):
        volume(store, tmp_path, "korbit", after(number), traded("1000", "100" if number < 7 else "250"))
    row = ranking(store, Choice(("korbit",), after(13), after(13)))["korbit"]
    assert (row.week_change, row.preceding_change) == (Decimal("0.15"), Decimal(0))


@pytest.mark.parametrize(
    ("filed", "days", "comparable"), [(0, 1, False), (1, 1, True), (1, 2, True), (1, 3, False), (15, 30, True)]
)
def test_half_of_the_days_are_enough_to_compare(filed: int, days: int, comparable: bool) -> None:
    assert is_comparable(filed, days) is comparable


def test_too_few_days_before_give_no_change(store: Store, tmp_path: Path) -> None:
    volume(store, tmp_path, "korbit", after(2), traded())
    for number in range(3, 6):
        volume(store, tmp_path, "korbit", after(number), traded())
    row = ranking(store, Choice(("korbit",), after(3), after(5)))["korbit"]
    assert (row.preceding_change, row.before_day_count) == (None, 1)


def test_an_exchange_that_filed_nothing_stays_in_the_ranking_without_a_zero(store: Store, tmp_path: Path) -> None:
    volume(store, tmp_path, "korbit", DAY, traded())
    rows = volume_ranking(store, EVERYBODY, Choice((), DAY, DAY)).by_exchange
    assert [row.exchange for row in rows] == ["korbit", "upbit", "bithumb", "coinone", "gopax"]
    assert all(row.share is None and row.filed_day_count == 0 for row in rows[1:])
    assert all(row.trend == (None,) and row.turnover_share is None for row in rows[1:])


def test_of_few_orders_nothing_is_said(store: Store, tmp_path: Path) -> None:
    volume(store, tmp_path, "korbit", DAY, traded(orders=99, cancels=90, small=90))
    row = ranking(store, Choice(("korbit",), DAY, DAY))["korbit"]
    assert (row.small_order_share, row.cancels_per_order, row.trades_per_order) == (None, None, None)


def test_accounts_are_not_added_up(store: Store, tmp_path: Path) -> None:
    rows = (traded(accounts=3), traded(accounts=7, market="ETH/KRW"), traded(accounts=5, hour=1))
    volume(store, tmp_path, "korbit", DAY, *rows)
    volume(store, tmp_path, "korbit", after(1), traded(accounts=2))
    assert ranking(store, Choice(("korbit",), DAY, after(1)))["korbit"].largest_api_account_count == 7


def test_shares_of_the_turnover_and_their_concentration(store: Store, tmp_path: Path) -> None:
    volume(store, tmp_path, "korbit", DAY, traded("900", "100"))
    volume(store, tmp_path, "gopax", DAY, traded("100", "100"))
    found = volume_ranking(store, EVERYBODY, Choice((), DAY, DAY))
    shares = {row.exchange: (row.turnover_share, row.api_turnover_share) for row in found.by_exchange}
    assert shares["korbit"] == (Decimal("0.9"), Decimal("0.5"))
    assert concentration(row.turnover_share for row in found.by_exchange) == 90**2 + 10**2
    assert concentration(row.api_turnover_share for row in found.by_exchange) == 50**2 + 50**2
    assert found.together.share == Decimal("0.2")


# ------------------------------------------------------------------------------- over time


def test_long_periods_are_weeks_from_monday_that_the_ends_cut() -> None:
    days = Choice((), DAY, after(LONGEST_BY_DAY - 1))
    assert spans_of(days) == tuple(Span(day, day) for day in days.days)
    weeks = spans_of(Choice((), after(2), after(LONGEST_BY_DAY + 2)))
    assert weeks[0] == Span(after(2), after(6))
    assert weeks[1] == Span(after(7), after(13))
    assert weeks[-1].last_day == after(LONGEST_BY_DAY + 2)
    assert sum(week.day_count for week in weeks) == LONGEST_BY_DAY + 1
    year = spans_of(Choice((), date(2025, 11, 3), DAY))
    assert len(year) == 53


def test_a_week_is_summed_up_before_it_is_divided(store: Store, tmp_path: Path) -> None:
    volume(store, tmp_path, "korbit", DAY, traded("100", "90"))
    volume(store, tmp_path, "korbit", after(1), traded("900", "10"))
    choice = Choice(("korbit",), DAY, after(LONGEST_BY_DAY))
    (week,) = volume_course(store, EVERYBODY, choice).by_exchange
    assert (week.first_day, week.last_day) == (DAY, after(6))
    assert (week.share, week.filed_day_count, week.day_count) == (Decimal("0.1"), 2, 7)


def test_all_together_name_who_is_missing_and_a_nil_return_is_not(store: Store, tmp_path: Path) -> None:
    volume(store, tmp_path, "korbit", DAY, traded("900", "90"))
    volume(store, tmp_path, "gopax", DAY, traded("100", "60"))
    volume(store, tmp_path, "korbit", after(1), traded("900", "90"))
    volume(store, tmp_path, "korbit", after(2), traded("900", "90"))
    volume(store, tmp_path, "gopax", after(2))
    found = volume_course(store, EVERYBODY, Choice(BOTH, DAY, after(3)))
    together = [(row.first_day, row.share, row.missing) for row in found.together]
    assert together == [
        (DAY, Decimal("0.15"), ()),
        (after(1), Decimal("0.1"), ("gopax",)),
        (after(2), Decimal("0.1"), ()),
    ]
    assert [(row.exchange, row.first_day) for row in found.by_exchange] == [
        ("korbit", DAY),
        ("gopax", DAY),
        ("korbit", after(1)),
        ("korbit", after(2)),
    ]


def test_hours_are_of_the_korean_day(store: Store, tmp_path: Path) -> None:
    rows = (traded("100", "10", hour=0), traded("100", "30", hour=0, market="ETH/KRW"), traded("50", "5", hour=23))
    volume(store, tmp_path, "korbit", DAY, *rows)
    hours = volume_by_hour(store, EVERYBODY, Choice((), DAY, DAY))
    assert [(row.hour, row.share) for row in hours] == [(0, Decimal("0.2")), (23, Decimal("0.1"))]
    assert [row.small_order_share for row in hours] == [Decimal("0.1"), Decimal("0.1")]


# --------------------------------------------------------------------------------- markets


def market_names(store: Store, choice: Choice, order: Order, limit: int, measure: Measure = Measure.VALUE) -> list[str]:
    return [row.market for row in market_volumes(store, EVERYBODY, choice, measure, order, limit)]


def test_markets_that_differ_in_the_last_digit_are_ranked_exactly(store: Store, tmp_path: Path) -> None:
    whole = "99999999999999999999"
    same = [traded(whole, f"10000000000000000000.0000000{n}", market=f"M{n}/KRW") for n in range(5)]
    volume(store, tmp_path, "korbit", DAY, *same, traded(whole, "9", market="LOW/KRW"))
    choice = Choice((), DAY, DAY)
    assert market_names(store, choice, Order.AMOUNT, 2) == ["M4/KRW", "M3/KRW"]
    assert market_names(store, choice, Order.SHARE, 2) == ["M4/KRW", "M3/KRW"]
    (first,) = market_volumes(store, EVERYBODY, choice, limit=1)
    assert first.api_trade_value_krw == Decimal("10000000000000000000.00000004")


def test_a_tiny_market_does_not_lead_by_share(store: Store, tmp_path: Path) -> None:
    rows = (
        traded("998000", "200000", market="BIG/KRW"),
        traded("1000", "500", market="EDGE/KRW"),  # exactly a thousandth of the exchange's million
        traded("999.99", "999.99", market="TINY/KRW", api_trades=10),
        traded("0.01", "0", market="NONE/KRW", api_trades=0),
    )
    volume(store, tmp_path, "korbit", DAY, *rows)
    choice = Choice((), DAY, DAY)
    assert market_names(store, choice, Order.SHARE, 9) == ["EDGE/KRW", "BIG/KRW"]
    assert market_names(store, choice, Order.AMOUNT, 9) == ["BIG/KRW", "TINY/KRW", "EDGE/KRW"]


def test_a_market_is_ranked_by_trades_where_they_are_what_counts(store: Store, tmp_path: Path) -> None:
    rows = (traded("900", "300", market="A/KRW", api_trades=1), traded("90", "30", market="B/KRW", api_trades=9))
    volume(store, tmp_path, "korbit", DAY, *rows)
    assert market_names(store, Choice((), DAY, DAY), Order.AMOUNT, 1) == ["A/KRW"]
    assert market_names(store, Choice((), DAY, DAY), Order.AMOUNT, 1, Measure.COUNT) == ["B/KRW"]


def test_a_markets_change_is_against_the_same_market_before(store: Store, tmp_path: Path) -> None:
    volume(store, tmp_path, "korbit", DAY, traded("100", "20"))
    volume(store, tmp_path, "korbit", after(1), traded("100", "50"), traded("100", "40", market="NEW/KRW"))
    markets = market_volumes(store, EVERYBODY, Choice((), after(1), after(1)))
    assert [row.preceding_change for row in markets] == [Decimal("0.3"), None]


def test_nobody_sees_what_their_scope_leaves_out(store: Store, tmp_path: Path) -> None:
    volume(store, tmp_path, "korbit", DAY, traded())
    choice = Choice((), DAY, DAY)
    found = volume_ranking(store, GOPAX_ONLY, choice)
    assert [row.exchange for row in found.by_exchange] == ["gopax"]
    assert found.together.trade_value_krw == 0
    assert volume_course(store, GOPAX_ONLY, choice).together == ()
    assert volume_by_day(store, GOPAX_ONLY, choice) == ()
    assert volume_by_hour(store, GOPAX_ONLY, choice) == ()
    assert market_volumes(store, GOPAX_ONLY, choice) == ()


# ---------------------------------------------------------------------------------- charts


def drawn(
    store: Store, choice: Choice, *, language: str = "ko", shared: bool = False, halts: Sequence[TradingHalt] = ()
) -> Any:
    course = volume_course(store, EVERYBODY, choice)
    look, shown = Look(language), EVERYBODY.visible(choice.exchanges)
    return share_panels(course.by_exchange, course.together, halts, spans_of(choice), shown, look, shared=shared)


def lines_of(figure: Any) -> dict[str, Any]:
    """The lines that can be clicked, by exchange; all together under nothing."""
    return {trace.customdata[0][0]: trace for trace in figure.data if trace.customdata is not None}


def test_each_exchange_has_a_panel_and_its_gaps_are_shaded(store: Store, tmp_path: Path) -> None:
    volume(store, tmp_path, "korbit", DAY, traded("100", "25"))
    volume(store, tmp_path, "gopax", DAY, traded("100", "75"))
    volume(store, tmp_path, "korbit", after(2), traded("100", "25"))
    figure = drawn(store, Choice(BOTH, DAY, after(2)))
    lines = lines_of(figure)
    assert list(lines["korbit"].y) == [25.0, None, 25.0]
    assert list(lines["gopax"].y) == [75.0, None, None]
    assert list(lines[""].y) == [50.0, None, 25.0]
    assert {name: line.yaxis for name, line in lines.items()} == {"korbit": "y", "gopax": "y2", "": "y3"}
    shaded = [(shape.xref, shape.x0[:10], shape.x1[:10]) for shape in figure.layout.shapes if shape.type == "rect"]
    assert shaded == [
        ("x", "2026-11-02", "2026-11-03"),
        ("x2", "2026-11-02", "2026-11-04"),
        ("x3", "2026-11-02", "2026-11-03"),
    ]
    assert list(lines[""].marker.symbol) == ["circle", "circle", "circle-open"]
    assert "고팍스" in lines[""].text[2]


def test_axes_are_each_panels_own_until_they_are_shared(store: Store, tmp_path: Path) -> None:
    volume(store, tmp_path, "korbit", DAY, traded())
    choice = Choice(BOTH, DAY, DAY)
    assert drawn(store, choice).layout.yaxis2.matches is None
    assert drawn(store, choice, shared=True).layout.yaxis2.matches == "y"


def test_the_reference_stands_in_every_panel(store: Store, tmp_path: Path) -> None:
    volume(store, tmp_path, "korbit", DAY, traded())
    figure = drawn(store, Choice((), DAY, DAY))
    dashed = [trace for trace in figure.data if trace.name == say("volume.reference", "ko")]
    assert len(dashed) == 6
    assert {tuple(trace.y) for trace in dashed} == {(30.0, 30.0)}
    assert sum(trace.showlegend for trace in dashed) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_halts_of_trading_are_marked_with_words(store: Store, tmp_path: Path, language: str) -> None:
    volume(store, tmp_path, "korbit", DAY, traded())
    halted(store, tmp_path, **{"H-1": "trading", "H-2": "deposit"})
    choice = Choice(("korbit",), DAY, DAY)
    halts = halts_of_trading(store, EVERYBODY, choice)
    figure = drawn(store, choice, halts=halts, language=language)
    (sign,) = [note for note in figure.layout.annotations if "▼" in note.text]
    assert say("volume.halt", language) in {trace.name for trace in figure.data}
    assert say("volume.halt", language) in sign.hovertext
    assert "H-1" in sign.hovertext
    assert "H-2" not in sign.hovertext


def test_resets_stand_where_the_exchanges_tickers_begin_their_day(store: Store, tmp_path: Path) -> None:
    volume(store, tmp_path, "korbit", DAY, traded(hour=9))
    hours = volume_by_hour(store, EVERYBODY, Choice((), DAY, DAY))
    figure = share_by_hour(hours, tuple(all_exchanges()), Look("ko"))
    first = [shape for shape in figure.layout.shapes if shape.xref == "x"]
    assert sorted(shape.x0 for shape in first) == [0, 9, 23]
    assert any("업비트 · 코인원 09:00" in note.text for note in figure.layout.annotations)
    assert figure.data[0].x[9] == 9.5  # in the middle of the hour that the reset begins


def test_what_is_known_of_each_ticker_has_its_source() -> None:
    resets = {name: one.day_reset.at for name, one in all_exchanges().items()}
    assert resets == {"upbit": time(9), "bithumb": time(0), "coinone": time(9), "korbit": None, "gopax": time(23)}
    assert all(one.day_reset.source.ko for one in all_exchanges().values())


@pytest.mark.parametrize(("small", "line_count"), [(20, 0), (150, 1)], ids=["far below", "near"])
def test_the_threshold_of_small_orders_is_drawn_where_it_is_near(
    store: Store, tmp_path: Path, small: int, line_count: int
) -> None:
    volume(store, tmp_path, "korbit", DAY, traded(small=small))
    choice = Choice((), DAY, DAY)
    course = volume_course(store, EVERYBODY, choice).by_exchange
    figure = order_conduct(course, spans_of(choice), Decimal("0.8"), Look("ko"))
    assert sum(trace.name == say("volume.threshold", "ko") for trace in figure.data) == line_count
    assert "80 %" in figure.layout.annotations[0].text


# ------------------------------------------------------------------------------------ page


@pytest.fixture
def shown(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., AppTest]]:
    """The page over nine simulated days, with the given parameters in its address."""
    monkeypatch.setenv("DAXA_HOME", str(filled_home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", NOW.isoformat())

    def show(**address: str) -> AppTest:
        return opened_at("api_volume", **address)

    yield show
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()


def html_of(session: AppTest) -> str:
    return "\n".join(element.proto.body for element in session.get("html"))


def table_with(session: AppTest, *columns: str) -> pd.DataFrame:
    return next(frame.value for frame in session.dataframe if set(columns) <= set(frame.value))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_definition_stands_above_its_figures(shown: Callable[..., AppTest], language: str) -> None:
    by_value, by_count = shown(lang=language), shown(lang=language, by="count")
    assert say("api_volume.definition_value", language) in html_of(by_value)
    assert say("api_volume.definition_count", language) in html_of(by_count)
    first, second = (table_with(session, "filing") for session in (by_value, by_count))
    assert first["share"].tolist() == sorted(first["share_by_value"], reverse=True)
    assert second["share"].tolist() == sorted(second["share_by_count"], reverse=True)


def test_an_address_that_names_no_definition_shows_the_first(shown: Callable[..., AppTest]) -> None:
    assert say("api_volume.definition_value", "ko") in html_of(shown(by="weight", axis="none", order="name"))


def test_a_picked_exchange_shows_its_days_and_markets(shown: Callable[..., AppTest]) -> None:
    session = shown(at="korbit", period="7d")
    days = table_with(session, "day", "market_count")
    assert days["day"].iloc[0] == str(LAST_DAY)
    assert (days["market_count"] > 0).all()
    assert say("api_volume.days_of", "ko", exchange="코빗") in html_of(session)


def test_a_picked_day_shows_its_markets_and_a_picked_market_its_hours(shown: Callable[..., AppTest]) -> None:
    session = shown(at="korbit", day=str(LAST_DAY))
    assert set(table_with(session, "market", "preceding_change")["exchange"]) == {"코빗"}
    session = shown(at="korbit", day=str(LAST_DAY), market="BTC/KRW")
    rows = table_with(session, "file")
    assert set(rows["market"]) == {"BTC/KRW"}
    assert len(rows) == 24


def test_one_exchange_alone_is_not_compared_with_itself(shown: Callable[..., AppTest]) -> None:
    session = shown(exchange="gopax")
    assert len(table_with(session, "filing")) == 1
    assert say("api_volume.concentration", "ko") not in [heading.value for heading in session.subheader]


def test_a_year_is_shown_by_weeks(shown: Callable[..., AppTest]) -> None:
    session = shown(period="custom", from_="2025-11-22", to=str(LAST_DAY))
    assert say("axis.week", "ko") in session.get("plotly_chart")[0].proto.spec
    ranking = table_with(session, "filing")
    assert ranking["compared"].tolist() == [say("api_volume.no_filing", "ko")] * 5
    assert ranking["preceding_change"].isna().all()


@pytest.mark.slow
@pytest.mark.browser
def test_a_click_in_any_panel_leads_to_markets_and_on_to_rows(page: Page, filled: str) -> None:
    visit(page, filled, "api_volume", "ko", "&period=7d")
    panels = page.locator(".js-plotly-plot").first
    for subplot, picked in (("x4y4", "at=korbit"), ("x6y6", "^(?!.*at=).*day=")):
        panels.locator(f".subplot.{subplot} .scatterlayer .point").nth(2).click(force=True)
        expect(page).to_have_url(re.compile(picked))
        expect(page.locator("h4.chart", has_text="의 마켓")).to_be_visible()
    page.goto(f"{filled}/api_volume?period=7d&at=korbit&day={LAST_DAY}&market=BTC/KRW")
    title = say("rows.title", "ko", what=f"코빗 · BTC/KRW · {LAST_DAY}")
    expect(page.get_by_role("heading", name=title)).to_be_visible()

"""The page of indicators: each pattern against its own past, ranks, persistence, stages and markets."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from filing import file
from hypothesis import given
from hypothesis import strategies as st
from people import EVERYBODY
from sqlalchemy import select, update
from template_files import alerts, hour, template

from app.charts.style import Look
from app.queries.choice import Choice
from app.queries.spans import spans_of
from app.scope import Role, Scope
from app.surveillance.charts import pattern_panels
from app.surveillance.course import pattern_course
from app.surveillance.history import PAST_DAYS, past_before, pasts
from app.surveillance.indicators import Indicator, pattern_indicators
from app.surveillance.sums import pattern_markets, surveillance_stages
from etl import jobs
from etl.intake import Candidate, declare
from etl.records.engine import reading, writing
from etl.records.tables import findings, submissions
from etl.store import Store, open_store
from expectations.catalogue import thresholds_of_the_book
from expectations.vocabulary import KST, Period

pytestmark = pytest.mark.slow

BOOK = thresholds_of_the_book()
GOPAX_ONLY = Scope(Role.EXCHANGE, ("gopax",))
DAY = date(2026, 11, 2)
MORNING = datetime(2026, 11, 28, 9, tzinfo=KST)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def filed(store: Store, folder: Path, exchange: str, day: date, rows: list[dict[str, Any]]) -> None:
    report = "surveillance" if not rows or "pattern" in rows[0] else "api_volume"
    outcome = file(store, folder, f"{exchange}_{report}_{day}.csv", template(report, rows), MORNING)
    assert outcome.receipt.submission.state == "accepted", outcome.receipt


def days_of(store: Store, folder: Path, exchange: str, counts: list[int | None], first: date = DAY) -> None:
    """A file a day with so many spoofing alerts; 0 is a nil return, and None no file at all."""
    candidates = []
    for number, count in enumerate(counts):
        day = first + timedelta(days=number)
        if count is not None:
            path = folder / f"{exchange}_surveillance_{day}.csv"
            path.write_text(template("surveillance", [alerts(day, "BTC/KRW", "spoofing", count)] if count else []))
            candidates.append(Candidate(path, declare(path.name)))
    outcomes = jobs.ingest(store, candidates, received_at=MORNING)
    assert {outcome.receipt.submission.state for outcome in outcomes} == {"accepted"}


def indicator(store: Store, choice: Choice, exchange: str = "korbit", pattern: str = "spoofing") -> Indicator:
    found = pattern_indicators(store, EVERYBODY, choice, BOOK)
    (one,) = [one for one in found if (one.exchange, one.pattern) == (exchange, pattern)]
    return one


@pytest.mark.parametrize(
    ("counts", "median", "day_count"),
    [
        pytest.param([], None, 0, id="nothing before"),
        pytest.param([5] * 6, None, 6, id="six days are too few"),
        pytest.param([1, 2, 3, 4, 5, 6, 100], Decimal(4), 7, id="an odd number of days"),
        pytest.param([1, 2, 3, 4, 5, 6, 7, 100], Decimal("4.5"), 8, id="an even number of days"),
        pytest.param([1000] * 10 + [2] * 90, Decimal(2), 90, id="no day older than ninety"),
    ],
)
def test_a_day_is_compared_with_the_median_of_its_own_past(
    counts: list[int], median: Decimal | None, day_count: int
) -> None:
    course = {DAY + timedelta(days=number): count for number, count in enumerate([*counts, 7])}
    past = pasts(course, BOOK)[DAY + timedelta(days=len(counts))]
    assert (past.median, past.day_count) == (median, day_count)


def test_a_gap_in_filing_shortens_the_past_and_is_not_zero() -> None:
    late = DAY + timedelta(days=95)
    course = {**{DAY + timedelta(days=n): 10 + n for n in range(10)}, late: 50}
    assert (pasts(course, BOOK)[late].median, pasts(course, BOOK)[late].day_count) == (
        None,
        5,
    )  # the last five of the ten


def test_the_period_is_set_against_the_days_before_it(store: Store, tmp_path: Path) -> None:
    days_of(store, tmp_path, "korbit", [10, 12, 14, None, 16, 18, 20, 0, 30, 31, 0])
    choice = Choice((), DAY + timedelta(days=8), DAY + timedelta(days=10))
    row = indicator(store, choice)
    assert (row.alert_count, row.day_count, row.day_median) == (61, 3, Decimal(30))
    assert (row.past_median, row.past_day_count) == (Decimal(14), 7)  # 0 10 12 14 16 18 20
    assert row.past_ratio == Decimal(30) / Decimal(14)
    assert (row.peak_count, row.peak_day) == (31, DAY + timedelta(days=9))
    assert (row.rank, row.rank_count) == (1, 1)
    assert (row.trade_value_krw, row.api_trade_value_krw) == (Decimal(20), Decimal(8))
    other = indicator(store, choice, pattern="target_price_push")
    assert (other.alert_count, other.day_median, other.past_ratio) == (0, Decimal(0), None)


def test_too_few_days_are_said_and_not_judged(store: Store, tmp_path: Path) -> None:
    days_of(store, tmp_path, "korbit", [10, 10, 10, 10, 10, 10, 500])
    row = indicator(store, Choice((), DAY, DAY + timedelta(days=6)))
    assert (row.review, row.past_ratio, row.rank, row.past_day_count) == ("too_few", None, None, 0)
    assert (row.finding_day_count, row.compared_day_count) == (0, 0)


@pytest.mark.parametrize(
    ("last", "review", "above"),
    [
        pytest.param([31, 32, 33], "persistent", 3, id="three days"),
        pytest.param([31, 32, 30], "single", 2, id="exactly three times is not above"),
        pytest.param([30, 30, 30], "nothing", 0, id="none"),
    ],
)
def test_three_days_of_thirty_make_it_to_be_reviewed(
    store: Store, tmp_path: Path, last: list[int], review: str, above: int
) -> None:
    days_of(store, tmp_path, "korbit", [10] * 12 + last)
    row = indicator(store, Choice((), DAY + timedelta(days=12), DAY + timedelta(days=14)))
    assert (row.review, row.finding_day_count, row.compared_day_count) == (review, above, 8)


def test_small_numbers_are_never_far_above(store: Store, tmp_path: Path) -> None:
    days_of(store, tmp_path, "korbit", [1] * 8 + [9, 9, 9])
    row = indicator(store, Choice((), DAY + timedelta(days=8), DAY + timedelta(days=10)))
    assert (row.review, row.finding_day_count, row.past_ratio) == ("nothing", 0, None)


def test_a_rank_is_a_place_among_those_that_can_be_judged(store: Store, tmp_path: Path) -> None:
    for exchange, last in (("korbit", 20), ("gopax", 40), ("coinone", 20)):
        days_of(store, tmp_path, exchange, [10] * 8 + [last])
    days_of(store, tmp_path, "upbit", [10, 90], DAY + timedelta(days=7))
    day = DAY + timedelta(days=8)
    places = {}
    for name in ("korbit", "gopax", "coinone", "upbit"):
        row = indicator(store, Choice(("korbit", "gopax", "coinone", "upbit"), day, day), name)
        places[name] = (row.rank, row.rank_count)
    assert places == {"gopax": (1, 3), "korbit": (2, 3), "coinone": (2, 3), "upbit": (None, 3)}
    alone = indicator(store, Choice(("korbit",), day, day))
    assert (alone.rank, alone.rank_count) == (2, 3)  # a filter changes no rank
    own = pattern_indicators(store, GOPAX_ONLY, Choice((), day, day), BOOK)
    assert {one.exchange for one in own} == {"gopax"}
    assert max(one.rank_count for one in own) == 1  # and nobody's scope leaks into it


def test_days_far_above_are_those_with_an_open_finding(store: Store, tmp_path: Path) -> None:
    """Though the screen's own past is longer than the rule's: within 28 days all are high, within 90 none but these."""
    days_of(store, tmp_path, "korbit", [10] * 35 + [40] * 25, first=date(2026, 9, 15))
    last = date(2026, 9, 15) + timedelta(days=59)
    row = indicator(store, Choice((), last, last))
    assert (row.alert_count, row.past_median) == (40, Decimal(10))  # by the screen's own past each were far above
    with reading(store.engine) as connection:
        days = select(submissions.c.period).join(findings, findings.c.submission == submissions.c.id)
        found = list(connection.execute(days.where(findings.c.rule == "SUR-005")).scalars())
    recent = [day for day in found if date.fromisoformat(day) > last - timedelta(days=30)]
    assert 0 < len(recent) < 25
    assert row.finding_day_count == len(recent)
    course = pattern_course(store, EVERYBODY, Choice((), date(2026, 9, 15), last), "spoofing", BOOK)
    assert {str(point.first_day) for point in course if point.finding_day_count} == set(found)


def test_a_withdrawn_finding_is_no_day_far_above(store: Store, tmp_path: Path) -> None:
    days_of(store, tmp_path, "korbit", [10] * 12 + [31, 32, 33])
    choice = Choice((), DAY + timedelta(days=12), DAY + timedelta(days=14))
    assert indicator(store, choice).review == "persistent"
    with writing(store.engine) as connection:
        connection.execute(update(findings).where(findings.c.found == "32").values(lifted_at=MORNING))
    assert (indicator(store, choice).review, indicator(store, choice).finding_day_count) == ("single", 2)


@given(counts=st.lists(st.integers(0, 50), max_size=60), gaps=st.sets(st.integers(0, 120), max_size=60))
def test_the_past_of_every_day_is_what_was_filed_in_the_ninety_days_before(counts: list[int], gaps: set[int]) -> None:
    days = [DAY + timedelta(days=number) for number in range(len(counts) + len(gaps)) if number not in gaps]
    alerts = dict(zip(days, counts, strict=False))
    for day, past in pasts(alerts, BOOK).items():
        before = [count for one, count in alerts.items() if day - timedelta(days=PAST_DAYS) <= one < day]
        assert (past.day_count, past.alerts) == (len(before), sum(before))
        assert past.median == (Decimal(str(median(before))) if len(before) >= 7 else None)
        assert past_before(alerts, day, BOOK) == past


def test_the_course_tells_api_orders_of_the_day(store: Store, tmp_path: Path) -> None:
    days_of(store, tmp_path, "korbit", [10, None, 12])
    start = Period.of_day(DAY).start
    few = hour(start + timedelta(hours=1), "ETH/KRW", api_order_count=99, api_cancel_count=1, api_small_order_count=1)
    filed(store, tmp_path, "korbit", DAY, [hour(start, "BTC/KRW"), few])
    third = DAY + timedelta(days=2)
    filed(store, tmp_path, "korbit", third, [{**few, "hour_start": Period.of_day(third).start.isoformat()}])
    course = pattern_course(store, EVERYBODY, Choice((), DAY, third), "spoofing", BOOK)
    first, last = course  # the day without a file has no row
    assert (first.small_order_share, first.cancel_ratio) == (Decimal(21) / 299, Decimal(51) / 299)
    assert (last.first_day, last.alert_count, last.finding_day_count, last.past_day_count) == (third, 12, 0, 1)
    assert (last.small_order_share, last.cancel_ratio, last.api_order_count) == (None, None, 99)


def test_a_long_period_is_told_by_weeks(store: Store, tmp_path: Path) -> None:
    days_of(store, tmp_path, "korbit", [10] * 7 + [10, 40, None, 0], first=date(2026, 11, 9))  # a Monday
    course = pattern_course(store, EVERYBODY, Choice((), date(2026, 8, 1), date(2026, 11, 30)), "spoofing", BOOK)
    first, second = course
    assert (first.first_day, first.last_day) == (date(2026, 11, 9), date(2026, 11, 15))
    assert (first.alert_count, first.day_count, first.finding_day_count) == (70, 7, 0)
    assert (second.alert_count, second.day_count, second.daily_alerts) == (50, 3, Decimal(50) / 3)
    assert (second.past_median, second.past_day_count, second.finding_day_count) == (Decimal(10), 7, 1)


def test_stages_count_from_markets_to_notified_cases(store: Store, tmp_path: Path) -> None:
    more = {"case_count": 3, "account_count": 4, "key_count": 2, "notified_count": 1}
    rows = [
        alerts(DAY, "BTC/KRW", "spoofing", 6, **more),
        alerts(DAY, "BTC/KRW", "repeated_small_trades", 2),
        alerts(DAY, "ETH/KRW", "spoofing", 4),
    ]
    filed(store, tmp_path, "korbit", DAY, rows)
    filed(store, tmp_path, "korbit", DAY, [hour(Period.of_day(DAY).start, name) for name in ("BTC/KRW", "ETH/KRW")])
    unmatched = DAY + timedelta(days=1)
    filed(store, tmp_path, "korbit", unmatched, [alerts(unmatched, "BTC/KRW", "spoofing", 8)])
    (row,) = surveillance_stages(store, EVERYBODY, Choice((), DAY, unmatched))
    assert (row.day_count, row.alert_count, row.case_count, row.notified_count) == (2, 20, 3, 1)
    assert (row.market_day_count, row.pattern_market_day_count) == (2, 3)
    assert row.flagged_share == Decimal(3) / 8
    assert (row.case_share, row.notified_share) == (Decimal(3) / 20, Decimal(1) / 3)
    assert (row.account_day_count, row.key_day_count, row.trade_value_krw) == (4, 2, Decimal(40))


def test_markets_come_from_the_rows_with_what_was_traded_in_them(store: Store, tmp_path: Path) -> None:
    large = "99999999999999999999.99999999"
    rows = [
        alerts(DAY, "BTC/KRW", "spoofing", 6, trade_value_krw=large, api_trade_value_krw="0"),
        alerts(DAY, "ETH/KRW", "spoofing", 9),
        alerts(DAY, "ETH/KRW", "target_price_push", 99),
    ]
    filed(store, tmp_path, "korbit", DAY, rows)
    following = DAY + timedelta(days=1)
    again = alerts(following, "BTC/KRW", "spoofing", 1, trade_value_krw="0.00000001", api_trade_value_krw="0")
    filed(store, tmp_path, "korbit", following, [again])
    filed(store, tmp_path, "korbit", DAY, [hour(Period.of_day(DAY).start, "ETH/KRW")])
    eth, btc = pattern_markets(store, EVERYBODY, "korbit", DAY, following, "spoofing")
    assert (eth.market, eth.alert_count, eth.market_value_krw) == ("ETH/KRW", 9, Decimal(1000))
    assert (eth.market_share, eth.share) == (Decimal("0.01"), Decimal("0.4"))
    assert (btc.alert_count, btc.trade_value_krw, btc.market_value_krw) == (7, Decimal(10**20), None)
    assert pattern_markets(store, GOPAX_ONLY, "korbit", DAY, following, "spoofing") == ()
    assert surveillance_stages(store, GOPAX_ONLY, Choice((), DAY, following)) == ()
    assert pattern_course(store, GOPAX_ONLY, Choice((), DAY, following), "spoofing", BOOK) == ()


@pytest.mark.parametrize(
    ("counts", "ring_count", "past_count"),
    [
        pytest.param([10] * 6 + [500], 0, 0, id="six days of past are too few"),
        pytest.param([10] * 7 + [500], 1, 1, id="seven are enough"),
        pytest.param([1] * 7 + [9], 0, 1, id="nine alerts are too few"),
        pytest.param([10, 11, 9, 12, 10, 8, 11, 12, 10, 9], 0, 3, id="honest days"),
    ],
)
def test_no_ring_is_drawn_without_a_finding(
    store: Store, tmp_path: Path, counts: list[int], ring_count: int, past_count: int
) -> None:
    days_of(store, tmp_path, "korbit", counts)
    choice = Choice(("korbit",), DAY, DAY + timedelta(days=len(counts) - 1))
    course = pattern_course(store, EVERYBODY, choice, "spoofing", BOOK)
    panels = pattern_panels(course, {}, ("korbit",), spans_of(choice), "cancel_ratio", Look("ko"))
    drawn = {trace.legendgroup: [value for value in trace.y if value is not None] for trace in panels.data}
    assert len(drawn["above"]) == ring_count
    assert len(drawn["past"]) == past_count
    assert len(drawn["alerts"]) == len(counts)
    assert drawn["context"] == []  # no report of volumes, so no ratio of orders

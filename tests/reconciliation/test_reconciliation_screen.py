"""The page of reconciliation: what came and what did not, each shortfall exactly, and what was done about it."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from demo_store import NOW as DEMO_NOW
from filing import MORNING, file
from opening import keep_nothing, opened_at
from people import EVERYBODY
from streamlit.testing.v1 import AppTest
from template_files import template

from app.charts.grades import grade_mark
from app.charts.style import Look
from app.queries.choice import Choice
from app.queries.freshness import records_stamp
from app.reconciliation import day_charts
from app.reconciliation.day_calendar import CalendarCell, DayGrade, calendar_cells, longest_gap
from app.reconciliation.days import asset_checks, reconciled_assets, reconciled_days
from app.reconciliation.responses import EpisodeResponse, episode_responses
from app.reconciliation.slots import day_slots
from app.reconciliation.unhalted import unhalted_shortfalls
from app.scope import Role, Scope
from app.words import LANGUAGES, exchange_name, say
from etl import jobs
from etl.review import review_pending
from etl.store import Store, open_store
from expectations.vocabulary import KST, Period

pytestmark = pytest.mark.slow

GOPAX_ONLY = Scope(Role.EXCHANGE, ("gopax",))
DAY = date(2026, 11, 2)
CHOICE = Choice((), DAY, DAY + timedelta(days=3))
NINE = datetime(2026, 11, 2, 9, tzinfo=KST)
NOW = datetime(2026, 11, 6, 11, tzinfo=KST)
KORBIT = Choice(("korbit",), DAY, DAY)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def check(minute: int, ledger: str, wallet: str, price: str = "100", asset: str = "BTC") -> dict[str, Any]:
    """A check so many minutes after nine, as a row of the canonical template."""
    at = (NINE + timedelta(minutes=minute)).isoformat(timespec="milliseconds")
    result = "mismatch" if Decimal(wallet) < Decimal(ledger) else "match"
    quantities = {"ledger_quantity": ledger, "wallet_quantity": wallet, "price_krw": price}
    return {"checked_at": at, "asset": asset, **quantities, "result": result}


def halt(halt_id: str, detected: int, halted: int, resumed: int | None = None, **more: Any) -> dict[str, Any]:
    """A halt of BTC for a mismatch, its moments in minutes after nine."""
    moments = {"detected_at": detected, "halted_at": halted, "resumed_at": resumed}
    row = {"halt_id": halt_id, "scope": "asset", "target": "BTC", "functions": "all", "mode": "automatic"}
    row |= {"trigger": "reconciliation_mismatch", "affected_account_count": 0}
    row |= {
        name: None if minute is None else (NINE + timedelta(minutes=minute)).isoformat()
        for name, minute in moments.items()
    }
    return row | more


def filed(store: Store, folder: Path, report: str, rows: list[dict[str, Any]], period: str = "2026-11-02") -> None:
    outcome = file(store, folder, f"korbit_{report}_{period}.csv", template(report, rows))
    assert outcome.receipt.submission.state == "accepted", outcome.receipt


def answers(store: Store, choice: Choice = CHOICE) -> tuple[EpisodeResponse, ...]:
    return episode_responses(store, EVERYBODY, choice)


def test_each_shortfall_is_the_largest_of_the_episode(store: Store, tmp_path: Path) -> None:
    rows = [
        check(0, "100", "90", "10"),  # 10 missing: 100 won, a tenth of the ledger
        check(5, "50", "40", "9"),  # 10 missing: 90 won, a fifth of the ledger, a quarter of what is held
        check(10, "1000", "988", "1"),  # 12 missing: 12 won
        check(15, "10", "11"),
    ]
    filed(store, tmp_path, "reconciliation", rows)
    (one,) = answers(store)
    assert (one.shortfall_quantity, one.shortfall_krw) == (Decimal(12), Decimal(100))
    assert (one.shortfall_ratio, one.holdings_multiple) == (Decimal("0.2"), Decimal("0.25"))
    assert (one.largest_at, one.source_row) == (NINE, 2)
    assert one.duration == timedelta(minutes=15)


@pytest.mark.parametrize(
    ("ledger", "wallet", "price", "is_unhalted"),
    [
        pytest.param("100", "99", "1", True, id="one per cent exactly"),
        pytest.param("100", "99.000000000000000001", "1", False, id="less by the last digit"),
        pytest.param("2000", "1999", "1000000000", True, id="a billion won exactly"),
        pytest.param("2000", "1999", "999999999.99999999", False, id="less by the last digit of a won"),
        pytest.param("5", "0", "1", True, id="nothing is held"),
    ],
)
def test_a_screen_says_what_the_rule_found_to_the_last_digit(
    store: Store, tmp_path: Path, ledger: str, wallet: str, price: str, is_unhalted: bool
) -> None:
    filed(store, tmp_path, "reconciliation", [check(0, ledger, wallet, price), check(5, "1", "1")])
    (one,) = answers(store)
    assert one.is_unhalted is is_unhalted
    assert one.halt_response == ("not_halted" if is_unhalted else "no_finding")
    assert (one.reached_at == NINE) is is_unhalted
    assert len(unhalted_shortfalls(store, EVERYBODY, CHOICE)) == int(is_unhalted)
    (day,) = reconciled_days(store, EVERYBODY, KORBIT, NOW)
    assert day.is_unhalted is is_unhalted
    checks = asset_checks(store, EVERYBODY, "korbit", DAY, "BTC")
    assert [check.is_unhalted for check in checks] == [is_unhalted, False]
    assert (one.holdings_multiple is None) is (wallet == "0")


def test_the_check_that_reached_the_limit_and_a_late_halt_for_it_are_timed(store: Store, tmp_path: Path) -> None:
    rows = [check(0, "100", "99.5"), check(5, "100", "98"), check(10, "100", "97"), check(40, "100", "100")]
    filed(store, tmp_path, "reconciliation", rows)
    filed(store, tmp_path, "halts", [halt("H-1", 7, 11, 60)])
    (one,) = answers(store)
    assert (one.reached_at, one.due_at) == (NINE + timedelta(minutes=5), NINE + timedelta(minutes=10))
    assert (one.reached_krw, one.reached_ratio) == (Decimal(200), Decimal("0.02"))
    assert (one.halt_response, one.halt_id) == ("halted", "H-1")
    assert (one.detection_lag, one.halt_lag) == (timedelta(minutes=7), timedelta(minutes=6))
    assert len(unhalted_shortfalls(store, EVERYBODY, CHOICE)) == 1


def test_of_a_halt_in_time_nothing_is_said_of_the_limit(store: Store, tmp_path: Path) -> None:
    rows = [check(0, "100", "99.5"), check(5, "100", "98"), check(10, "100", "97"), check(40, "100", "100")]
    filed(store, tmp_path, "reconciliation", rows)
    filed(store, tmp_path, "halts", [halt("H-1", 7, 9, 60)])
    (one,) = answers(store)
    assert (one.halt_response, one.halt_id, one.detection_lag) == ("halted", "H-1", timedelta(minutes=7))
    assert (one.is_unhalted, one.reached_at, one.due_at, one.halt_lag) == (False, None, None, None)
    assert unhalted_shortfalls(store, EVERYBODY, CHOICE) == ()
    (day,) = reconciled_days(store, EVERYBODY, KORBIT, NOW)
    assert (day.is_unhalted, day.worst_ratio) == (False, Decimal("0.03"))


@pytest.mark.parametrize(
    ("given", "response"),
    [
        pytest.param(halt("H-1", -30, -20), "already_halted", id="in force since before"),
        pytest.param(halt("H-1", -30, -20, -10), "not_halted", id="resumed before"),
        pytest.param(halt("H-1", 7, 9, target="ETH"), "not_halted", id="of another asset"),
        pytest.param(halt("H-1", 7, 9, trigger="maintenance"), "not_halted", id="for another reason"),
        pytest.param(halt("H-1", 7, 9, scope="market", target="BTC/KRW"), "halted", id="of a market"),
        pytest.param(halt("H-1", 7, 9, scope="exchange", target="ALL"), "halted", id="of the exchange"),
        pytest.param(halt("H-1", 7, 9, scope="account", target="ACCOUNTS"), "halted", id="of accounts"),
        pytest.param(halt("H-1", 7, 25), "halted", id="just after its end"),
        pytest.param(halt("H-1", 7, 26), "not_halted", id="longer after its end"),
    ],
)
def test_what_counts_as_the_answer_to_a_shortfall(
    store: Store, tmp_path: Path, given: dict[str, Any], response: str
) -> None:
    filed(store, tmp_path, "reconciliation", [check(0, "100", "90"), check(5, "100", "90"), check(15, "100", "100")])
    filed(store, tmp_path, "halts", [given])
    (one,) = answers(store)
    assert one.halt_response == response


def test_what_was_found_names_its_episode_until_a_halt_is_filed(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, "reconciliation", [check(0, "100", "99.5"), check(5, "100", "90"), check(15, "100", "100")])
    (found,) = unhalted_shortfalls(store, EVERYBODY, CHOICE)
    (one,) = answers(store)
    assert found.place == one.place == ("korbit", "BTC", NINE)
    assert (found.reached_at, found.reached_krw) == (NINE + timedelta(minutes=5), Decimal(1000))
    assert (one.reached_at, one.reached_krw) == (found.reached_at, found.reached_krw)
    filed(store, tmp_path, "halts", [halt("H-1", 6, 8)])
    assert unhalted_shortfalls(store, EVERYBODY, CHOICE) == ()


def test_only_checks_from_the_one_that_reached_the_limit_are_grave(store: Store, tmp_path: Path) -> None:
    rows = [check(0, "100", "99.5"), check(5, "100", "90"), check(10, "100", "99.9"), check(15, "100", "100")]
    filed(store, tmp_path, "reconciliation", rows)
    checks = asset_checks(store, EVERYBODY, "korbit", DAY, "BTC")
    assert [one.is_unhalted for one in checks] == [False, True, True, False]
    slots = {slot.slot: slot.is_unhalted for slot in day_slots(store, EVERYBODY, "korbit", DAY)}
    assert [slots[place] for place in (108, 109, 110, 111)] == [False, True, True, False]


def test_before_the_review_nothing_is_said_to_be_kept(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "review_pending", lambda *_, **__: [])
        filed(store, tmp_path, "reconciliation", [check(0, "100", "90"), check(5, "100", "100")])
    stamp = records_stamp(store)
    assert [one.halt_response for one in answers(store)] == ["not_evaluated"]
    review_pending(store)
    assert [one.halt_response for one in answers(store)] == ["not_halted"]
    assert records_stamp(store) != stamp


def test_the_end_of_a_review_that_finds_nothing_is_seen(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "review_pending", lambda *_, **__: [])
        filed(store, tmp_path, "halts", [])
    stamp = records_stamp(store)
    review_pending(store)
    assert records_stamp(store) != stamp


def test_an_episode_over_days_reaches_the_limit_in_a_later_file(store: Store, tmp_path: Path) -> None:
    evening = 14 * 60 + 55
    filed(store, tmp_path, "reconciliation", [check(evening, "100", "99.5")])
    filed(
        store,
        tmp_path,
        "reconciliation",
        [check(evening + 5, "100", "90"), check(evening + 20, "1", "1")],
        "2026-11-03",
    )
    (one,) = answers(store)
    assert one.started_at == NINE + timedelta(minutes=evening)
    assert one.reached_at == NINE + timedelta(minutes=evening + 5)
    assert one.ended_at == NINE + timedelta(minutes=evening + 20)


def grades(store: Store, choice: Choice = CHOICE, moment: datetime = NOW) -> dict[date, str]:
    cells = calendar_cells(store, EVERYBODY, choice, moment)
    return {cell.first_day: str(cell.grade) for cell in cells if cell.exchange == "korbit"}


def whole_day(day: date, wallet: str = "10") -> list[dict[str, Any]]:
    since_nine = int((Period.of_day(day).start - NINE) / timedelta(minutes=1))
    return [check(since_nine + 5 * slot, "10", wallet) for slot in range(288)]


def test_the_calendar_says_how_each_day_went_and_why_one_is_not_there(store: Store, tmp_path: Path) -> None:
    days = [DAY + timedelta(days=n) for n in range(7)]
    filed(store, tmp_path, "reconciliation", whole_day(days[0]))
    filed(store, tmp_path, "reconciliation", whole_day(days[1])[1:], str(days[1]))
    filed(store, tmp_path, "reconciliation", whole_day(days[2], "9.99"), str(days[2]))
    broken = template("reconciliation", [{**check(3 * 1440, "1", "1"), "price_krw": "many"}])
    file(store, tmp_path, f"korbit_reconciliation_{days[3]}.csv", broken)
    filed(store, tmp_path, "reconciliation", [], str(days[4]))
    choice = Choice((), days[0] - timedelta(days=1), days[-1])
    assert grades(store, choice, datetime(2026, 11, 8, 11, tzinfo=KST)) == {
        days[0] - timedelta(days=1): DayGrade.WAITING,  # before the records begin
        days[0]: DayGrade.COMPLETE,
        days[1]: DayGrade.GAPS,
        days[2]: DayGrade.SHORTFALL,
        days[3]: DayGrade.REFUSED,
        days[4]: DayGrade.NIL,
        days[5]: DayGrade.ABSENT,
        days[6]: DayGrade.WAITING,
    }


def test_a_week_is_as_bad_as_its_worst_day_and_adds_up_what_is_missing(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, "reconciliation", whole_day(DAY)[4:])
    filed(store, tmp_path, "reconciliation", whole_day(DAY + timedelta(days=2), "9")[1:], "2026-11-04")
    choice = Choice(("korbit",), DAY - timedelta(days=150), DAY + timedelta(days=6))
    cells = calendar_cells(store, EVERYBODY, choice, datetime(2026, 11, 9, 11, tzinfo=KST))
    week = cells[-1]
    assert (week.first_day, week.last_day) == (DAY, DAY + timedelta(days=6))
    assert (week.grade, week.worst_day) == (DayGrade.GRAVE, DAY + timedelta(days=2))
    assert (week.missing_slot_count, week.covered_slot_count) == (5, 571)
    assert (week.filed_day_count, week.unfiled_day_count) == (2, 5)
    assert (week.worst_krw, week.worst_ratio) == (Decimal(100), Decimal("0.1"))
    assert len(cells) <= 53


def test_a_slot_of_a_day_is_told_over_all_assets(store: Store, tmp_path: Path) -> None:
    rows = [
        check(0, "10", "10"),
        check(4, "10", "10"),
        check(5, "10", "9.95", asset="ETH"),
        check(6, "10", "9"),
        check(10, "10", "10", asset="ETH"),
    ]
    filed(store, tmp_path, "reconciliation", rows)
    slots = day_slots(store, EVERYBODY, "korbit", DAY)
    assert len(slots) == 288
    nine, five_past, ten_past = slots[108:111]
    assert (nine.checked_asset_count, nine.missing_asset_count, nine.short_asset_count) == (1, 1, 0)
    assert (five_past.checked_asset_count, five_past.short_asset_count) == (2, 2)
    assert (five_past.worst_asset, five_past.worst_krw) == ("BTC", Decimal(100))
    assert (five_past.worst_ratio, five_past.is_unhalted) == (Decimal("0.1"), True)
    assert (ten_past.checked_asset_count, ten_past.worst_krw) == (1, None)
    assert slots[0].checked_asset_count == 0
    assert day_slots(store, EVERYBODY, "korbit", DAY + timedelta(days=1)) == ()


def test_assets_of_a_day_come_gravest_first(store: Store, tmp_path: Path) -> None:
    rows = [check(0, "10", "11", asset="XRP"), check(0, "10", "9.95", "1000", asset="ETH"), check(0, "10", "9")]
    filed(store, tmp_path, "reconciliation", [*rows, check(5, "10", "11", asset="XRP")])
    found = reconciled_assets(store, EVERYBODY, "korbit", DAY, NOW)
    assert [one.asset for one in found] == ["BTC", "ETH", "XRP"]
    assert [one.worst_krw for one in found] == [Decimal(100), Decimal(50), None]
    assert [one.missing_slot_count for one in found] == [287, 287, 286]
    assert [one.difference for one in found] == [Decimal(-1), Decimal("-0.05"), Decimal(1)]


def test_the_longest_gap_is_named(store: Store, tmp_path: Path) -> None:
    rows = whole_day(DAY)
    filed(store, tmp_path, "reconciliation", rows[:10] + rows[13:50] + rows[51:])
    gap = longest_gap(store, EVERYBODY, CHOICE)
    assert gap is not None
    start = Period.of_day(DAY).start + timedelta(minutes=50)
    assert (gap.exchange, gap.asset, gap.start, gap.end) == (
        "korbit",
        "BTC",
        start,
        start + timedelta(minutes=15),
    )
    assert longest_gap(store, EVERYBODY, Choice((), DAY + timedelta(days=1), DAY + timedelta(days=2))) is None


def test_nobody_sees_what_their_scope_leaves_out(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, "reconciliation", [check(0, "100", "90"), check(15, "100", "100")])
    assert episode_responses(store, GOPAX_ONLY, CHOICE) == ()
    assert unhalted_shortfalls(store, GOPAX_ONLY, CHOICE) == ()
    assert day_slots(store, GOPAX_ONLY, "korbit", DAY) == ()
    assert longest_gap(store, GOPAX_ONLY, CHOICE) is None
    cells = calendar_cells(store, GOPAX_ONLY, CHOICE, NOW)
    assert {cell.exchange for cell in cells} == {"gopax"}
    assert {cell.filed_day_count for cell in cells} == {0}


def test_a_withdrawn_file_counts_no_more(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, "reconciliation", [check(0, "100", "90"), check(15, "100", "100")])
    (first,) = answers(store)
    jobs.withdraw(store, first.submission, reason="filed by mistake", at=MORNING + timedelta(hours=1))
    assert answers(store) == ()
    assert reconciled_days(store, EVERYBODY, KORBIT, NOW) == ()
    assert grades(store, KORBIT)[DAY] == DayGrade.ABSENT


# ----------------------------------------------------------------------------------------------- the screen


@pytest.fixture
def looking(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The screens look at the simulated store at its own moment."""
    monkeypatch.setenv("DAXA_HOME", str(filled_home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", DEMO_NOW.isoformat())
    yield
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()


def opened(**address: str) -> AppTest:
    return opened_at("reconciliation", **address)


def text_of(session: AppTest) -> str:
    return unescape("\n".join(element.proto.body for element in session.get("html")))


@pytest.mark.usefixtures("looking")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picked_day_leads_to_its_slots_assets_and_rows(language: str) -> None:
    session = opened(at="korbit", day="2026-11-13", asset="ETH", lang=language)
    headings = [heading.value for heading in session.subheader]
    assert (
        say("reconciliation.asset", language, exchange=exchange_name("korbit", language), asset="ETH", day="2026-11-13")
        in headings
    )
    tables = [frame.value for frame in session.dataframe]
    assets = next(table for table in tables if "worst_multiple" in table and "asset" in table)
    assert assets.iloc[0]["asset"] == "ETH"
    assert assets.iloc[0]["grade"] == grade_mark("shortfall", Look(language))  # a halt in time: no finding
    rows = next(table for table in tables if "file" in table)
    assert set(rows["result"]) == {say("code.mismatch", language)}
    for key in ("reconciliation.received", "reconciliation.lag", "reconciliation.worst_multiple"):
        assert say(key, language) in text_of(session)


@pytest.mark.usefixtures("looking")
def test_a_slot_narrows_the_rows() -> None:
    slot = 10 * 12 + 8  # 10:40
    session = opened(at="korbit", day="2026-11-13", asset="ETH", slot=str(slot))
    rows = next(frame.value for frame in session.dataframe if "file" in frame.value)
    assert 6 <= len(rows) <= 7
    assert all("10:2" <= moment[11:15] <= "11:0" for moment in rows["checked_at"])


@pytest.mark.usefixtures("looking")
@pytest.mark.parametrize(
    "address",
    [
        {"at": "nobody", "day": "2026-11-13"},
        {"at": "korbit", "day": "soon"},
        {"at": "korbit", "day": "2026-11-13", "asset": "<b>"},
        {"at": "korbit", "day": "2026-11-13", "slot": "99999", "row": "x"},
        {"at": "korbit", "day": "2020-01-01"},
    ],
    ids=str,
)
def test_an_address_that_makes_no_sense_does_no_harm(address: dict[str, str]) -> None:
    assert opened(**address).title[0].value == say("reconciliation.title", "ko")


@pytest.mark.usefixtures("looking")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_rules_in_force_are_shown_with_their_sources(language: str) -> None:
    session = opened(lang=language)
    box = next(frame.value for frame in session.dataframe if {"parameter", "value", "reason"} <= set(frame.value))
    values = dict(zip(box["parameter"], box["value"], strict=True))
    assert values[say("parameter.halt_shortfall_ratio", language)] == "1%"
    assert values[say("parameter.halt_delay_minutes", language)] == f"5 {say('unit.minutes', language)}"
    assert set(box["rule"]) == {"REC-002", "REC-003", "REC-004", "REC-005", "REC-006"}
    assert any(say("source.MODEL", language) in source for source in box["source"])
    assert say("reconciliation.context", language) in text_of(session)


@pytest.mark.usefixtures("looking")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_year_is_shown_by_weeks(language: str) -> None:
    session = opened(period="1y", lang=language)
    assert say("reconciliation.weeks_how", language) in text_of(session)


def test_a_calendar_of_a_year_has_few_marks_and_shapes_beside_colours() -> None:
    cells = [
        CalendarCell(
            exchange=exchange,
            first_day=DAY - timedelta(days=n),
            last_day=DAY - timedelta(days=n),
            grade=DayGrade.GAPS,
            worst_day=DAY - timedelta(days=n),
            filed_day_count=1,
            unfiled_day_count=0,
            covered_slot_count=0,
            expected_slot_count=0,
            missing_slot_count=7,
            mismatch_count=0,
            coverage=None,
            worst_krw=None,
            worst_ratio=None,
            worst_multiple=None,
            submission=None,
        )
        for exchange in EVERYBODY.exchanges
        for n in range(90)
    ]
    figure = day_charts.reconciliation_calendar(cells, EVERYBODY.exchanges, Look("ko"))
    gaps = next(trace for trace in figure.data if trace.name.startswith("△"))
    assert gaps.marker.symbol == "triangle-up"
    assert sum(len(trace.x) for trace in figure.data if trace.customdata) == len(cells) <= 5000

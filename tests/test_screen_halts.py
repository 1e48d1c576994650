"""The page of halts: how long and how far, each step against its limit, what was not halted, one halt whole."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from demo_store import LAST_DAY
from demo_store import NOW as DEMO_NOW
from filing import MORNING, file
from opening import keep_nothing, opened_at
from people import EVERYBODY
from streamlit.testing.v1 import AppTest
from template_files import template

from app.halts.availability import HaltReach, halt_bars, halt_reasons, halted_time, weighted_time
from app.halts.events import HaltsWanted, halt_events, halt_filing_days, halt_versions
from app.halts.steps import HaltSpan, halt_step_lengths, halt_steps, median_length
from app.queries.choice import Choice
from app.queries.spans import Span, spans_of
from app.scope import Role, Scope
from app.words import LANGUAGES, say, target_word
from etl.store import Store, open_store
from expectations.vocabulary import KST, Period

ROOT = Path(__file__).resolve().parent.parent
GOPAX_ONLY = Scope(Role.EXCHANGE, ("gopax",))
DAY = date(2026, 11, 2)
CHOICE = Choice((), DAY, DAY + timedelta(days=3))
NINE = datetime(2026, 11, 2, 9, tzinfo=KST)
NOON = NINE + timedelta(hours=3)
NOW = datetime(2026, 11, 6, 11, tzinfo=KST)


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def event(begin: int, end: int | None = None, **more: Any) -> dict[str, Any]:
    """A halt of an asset from so many minutes after nine to so many, as `queries.halt_events` tells it."""
    row = {"exchange": "korbit", "halt_id": "H-1", "scope": "asset", "target": "BTC", "functions": "all"}
    row |= {"trigger": "reconciliation_mismatch", "mode": "automatic", "day": DAY}
    halted = NINE + minutes(begin)
    row |= {"detected_at": halted - minutes(2), "halted_at": halted, "notice_at": halted + minutes(20)}
    return {**row, "resumed_at": None if end is None else NINE + minutes(end), **more}


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows) or None, columns=list(event(0)), dtype=object)


def filed(store: Store, folder: Path, rows: list[dict[str, Any]], period: str = "2026-11-02") -> None:
    written = [
        {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in {**row, "affected_account_count": 0}.items()
        }
        for row in rows
    ]
    at = MORNING + timedelta(days=(date.fromisoformat(period) - DAY).days)
    outcome = file(store, folder, f"korbit_halts_{period}.csv", template("halts", written), at)
    assert outcome.receipt.submission.state == "accepted", outcome.receipt


# -------------------------------------------------------------------------------------------- how long, how far


@pytest.mark.parametrize(
    ("row", "length"),
    [
        pytest.param(event(0, 30), 30, id="inside"),
        pytest.param(event(-60, 30), 30, id="begun before"),
        pytest.param(event(170, 500), 10, id="lifted after"),
        pytest.param(event(60), 120, id="open"),
        pytest.param(event(-60, -30), 0, id="before"),
        pytest.param(event(200), 0, id="after"),
    ],
)
def test_only_time_inside_the_period_counts(row: dict[str, Any], length: int) -> None:
    assert halted_time(row, NINE, NOON) == minutes(length)


@pytest.mark.parametrize(
    ("rows", "weighted"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([event(0, 60, scope="exchange")], 60, id="the exchange counts whole"),
        pytest.param([event(0, 60)], 30, id="an asset half"),
        pytest.param([event(0, 60, scope="account")], 0, id="accounts nothing"),
        pytest.param([event(0, 60), event(30, 90)], 45, id="what overlaps counts once"),
        pytest.param([event(0, 60), event(20, 40, scope="exchange")], 40, id="the widest wins"),
        pytest.param([event(0, 60), event(60, 80, scope="market")], 40, id="one after the other"),
        pytest.param([event(170)], 5, id="open until the end"),
    ],
)
def test_each_moment_counts_once_with_the_widest_halt(rows: list[dict[str, Any]], weighted: int) -> None:
    assert weighted_time(rows, NINE, NOON) == minutes(weighted)


def test_a_day_without_a_report_is_not_a_day_without_halts() -> None:
    events = frame(event(0, 60), event(1440, 1500, scope="exchange"), event(1450, 1460))
    spans = [Span(DAY + timedelta(days=n), DAY + timedelta(days=n)) for n in range(4)]
    filed_days = {"korbit": frozenset({DAY, DAY + timedelta(days=1), DAY + timedelta(days=3)})}
    bars = halt_bars(events, filed_days, ("korbit", "gopax"), spans, NOW).to_dict("records")
    korbit, gopax = bars[:4], bars[4:]
    assert [bar["reach"] for bar in korbit] == [
        HaltReach.PARTIAL,
        HaltReach.EXCHANGE,
        HaltReach.UNKNOWN,
        HaltReach.NONE,
    ]
    assert {bar["reach"] for bar in gopax} == {HaltReach.UNKNOWN}
    assert (korbit[1]["halt_count"], korbit[1]["halted"], korbit[1]["weighted"]) == (2, minutes(70), minutes(60))


def test_a_week_reaches_as_far_as_its_widest_halt() -> None:
    choice = Choice(("korbit",), DAY - timedelta(days=200), DAY + timedelta(days=3))
    spans = spans_of(choice)
    bars = halt_bars(frame(event(0, 60, scope="account"), event(1440, 1500)), {}, ("korbit",), spans, NOW)
    assert len(bars) == len(spans) <= 53
    assert bars.iloc[-1]["reach"] == HaltReach.PARTIAL
    assert bars.iloc[0]["reach"] == HaltReach.UNKNOWN


def test_reasons_come_longest_first_with_what_they_add_up_to() -> None:
    rows = [event(0, 30), event(0, 90, trigger="maintenance"), event(100, trigger="system_fault", exchange="gopax")]
    found = halt_reasons(frame(*rows), NINE, NOON).to_dict("records")
    assert [row["trigger"] for row in found] == ["maintenance", "system_fault", "reconciliation_mismatch"]
    assert [row["halted"] for row in found] == [minutes(90), minutes(80), minutes(30)]
    assert [row["weighted"] for row in found] == [minutes(45), minutes(40), minutes(15)]
    assert [row["cumulative_share"] for row in found] == [Decimal("0.45"), Decimal("0.85"), Decimal(1)]
    assert [row["open_count"] for row in found] == [0, 1, 0]
    assert halt_reasons(frame(), NINE, NOON).empty


# ----------------------------------------------------------------------------------------------- step by step


@pytest.mark.parametrize(
    ("row", "verdicts"),
    [
        pytest.param(event(0, 60), ("kept", "kept", "kept"), id="all in time"),
        pytest.param(event(0, 60, detected_at=NINE - minutes(5)), ("kept", "kept", "kept"), id="five minutes"),
        pytest.param(
            event(0, 60, detected_at=NINE - timedelta(minutes=5, milliseconds=1)),
            ("exceeded", "kept", "kept"),
            id="a millisecond more",
        ),
        pytest.param(event(0, 60, mode="manual"), ("no_limit", "kept", "kept"), id="by hand"),
        pytest.param(event(0, 60, notice_at=NINE + minutes(61)), ("kept", "exceeded", "kept"), id="a late notice"),
        pytest.param(event(0, 60, trigger="maintenance"), ("kept", "no_limit", "kept"), id="maintenance"),
        pytest.param(event(0, 60, scope="account"), ("kept", "no_limit", "kept"), id="accounts"),
        pytest.param(event(0, 1441), ("kept", "kept", "exceeded"), id="a long halt"),
        pytest.param(event(0, 9999, trigger="authority_order"), ("kept", "kept", "no_limit"), id="by an authority"),
        pytest.param(event(0, notice_at=None), ("kept", "exceeded", "pending"), id="open, without a notice"),
    ],
)
def test_each_step_is_held_against_its_rule(row: dict[str, Any], verdicts: tuple[str, ...]) -> None:
    steps = halt_steps(row, NINE + timedelta(hours=5))
    assert tuple(step.verdict for step in steps) == verdicts
    assert [step.rule for step in steps] == ["HLT-004", "HLT-006", "HLT-009"]


def test_the_median_is_of_steps_that_are_done_and_have_a_limit() -> None:
    rows = [
        event(0, 60, detected_at=NINE - minutes(1)),
        event(0, 60, detected_at=NINE - minutes(4)),
        event(0, None, detected_at=NINE - minutes(90), mode="manual"),
    ]
    steps = halt_step_lengths(rows, NINE + timedelta(hours=2))
    assert median_length(steps, HaltSpan.TO_HALT) == (minutes(2.5), 2)
    assert median_length(steps, HaltSpan.TO_RESUME) == (minutes(60), 2)
    assert median_length(halt_step_lengths([], NOW), HaltSpan.TO_NOTICE) == (None, 0)


# ----------------------------------------------------------------------------------------------- as it was filed


def test_halts_are_narrowed_by_what_is_wanted(store: Store, tmp_path: Path) -> None:
    rows = [event(0, 60), event(0, halt_id="H-2", trigger="maintenance", mode="manual", target="ETH")]
    filed(store, tmp_path, rows)

    def found(**wanted: str) -> list[str]:
        return sorted(halt_events(store, EVERYBODY, CHOICE, HaltsWanted(**wanted))["halt_id"])

    assert found() == ["H-1", "H-2"]
    assert found(trigger="maintenance") == found(mode="manual") == found(state="open") == ["H-2"]
    assert found(state="lifted", scope="asset") == ["H-1"]
    assert found(scope="exchange") == []


def test_every_filing_of_a_halt_can_be_read(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, [event(0)])
    filed(store, tmp_path, [event(0, 1500)], "2026-11-03")
    versions = halt_versions(store, EVERYBODY, "korbit", "H-1")
    assert versions["period"].tolist() == ["2026-11-02", "2026-11-03"]
    assert versions["resumed_at"].tolist() == [None, NINE + minutes(1500)]
    assert versions["file"].tolist() == ["korbit_halts_2026-11-02.csv", "korbit_halts_2026-11-03.csv"]
    assert halt_versions(store, GOPAX_ONLY, "korbit", "H-1").empty
    assert halt_versions(store, EVERYBODY, "gopax", "H-1").empty


def test_a_nil_return_covers_its_day(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, [])
    filed(store, tmp_path, [event(1440, 1500)], "2026-11-03")
    days = halt_filing_days(store, EVERYBODY, CHOICE)
    assert days["korbit"] == {DAY, DAY + timedelta(days=1)}
    assert days["gopax"] == frozenset()
    assert halt_filing_days(store, GOPAX_ONLY, CHOICE) == {"gopax": frozenset()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_targets_are_said_in_words(language: str) -> None:
    assert target_word("exchange", "ALL", language) == say("target.exchange", language)
    assert target_word("account", "ACCOUNTS", language) == say("target.account", language)
    assert target_word("asset", "ALL", language) == "ALL"  # an asset may be called so
    assert target_word("market", "BTC/KRW", language) == "BTC/KRW"


# ----------------------------------------------------------------------------------------------- the screen


@pytest.fixture
def closed() -> Iterator[None]:
    """Engines that the screens opened are closed with them."""
    yield
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()


@pytest.fixture
def looking(filled_home: Path, monkeypatch: pytest.MonkeyPatch, closed: None) -> None:
    """The screens look at the simulated store at its own moment."""
    look_at(monkeypatch, filled_home, DEMO_NOW)


def look_at(monkeypatch: pytest.MonkeyPatch, home: Path, now: datetime) -> None:
    monkeypatch.setenv("DAXA_HOME", str(home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", now.isoformat())


def opened(**address: str) -> AppTest:
    return opened_at("halts", **address)


def text_of(session: AppTest) -> str:
    return unescape("\n".join(element.proto.body for element in session.get("html")))


def tables_of(session: AppTest, column: str) -> list[pd.DataFrame]:
    return [table.value for table in session.dataframe if column in table.value]


@pytest.mark.usefixtures("looking")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picked_halt_is_told_whole(language: str) -> None:
    (listed,) = tables_of(opened(lang=language), "cause_asset")
    own = listed[listed["trigger"] == say("code.reconciliation_mismatch", language)]
    assert len(own) == 1
    assert own.iloc[0]["cause_asset"] == "ETH"
    session = opened(at="korbit", halt=own.iloc[0]["halt_id"], lang=language)
    headings = [heading.value for heading in session.subheader]
    assert any(own.iloc[0]["halt_id"] in heading for heading in headings)
    text = text_of(session)
    assert say("halts.cause", language) in text
    assert say("halts.versions", language, count=1) in text
    (rows,) = tables_of(session, "source_row")
    assert set(rows["halt_id"]) == {own.iloc[0]["halt_id"]}
    cause = next(table for table in tables_of(session, "detection_lag") if "exchange" not in table)
    assert cause["asset"].tolist() == ["ETH"]


@pytest.mark.usefixtures("looking")
def test_filters_in_the_address_narrow_the_page() -> None:
    (listed,) = tables_of(opened(trigger="maintenance"), "cause_asset")
    assert set(listed["trigger"]) == {say("code.maintenance", "ko")}
    assert tables_of(opened(trigger="nothing"), "cause_asset")[0].shape[0] >= len(listed)


@pytest.mark.usefixtures("looking")
def test_a_picked_square_lists_the_halts_in_force_then() -> None:
    (whole,) = tables_of(opened(), "cause_asset")
    day = (LAST_DAY - timedelta(days=8)).isoformat()
    session = opened(at="korbit", day=day, until=day)
    (listed,) = tables_of(session, "cause_asset")
    assert 0 < len(listed) < len(whole)
    assert set(listed["exchange"]) == {"코빗"}
    assert say("halts.days", "ko", exchange="코빗", first=day, last=day) in text_of(session)


@pytest.mark.usefixtures("looking")
@pytest.mark.parametrize(
    "address",
    [{"at": "nobody", "halt": "X"}, {"at": "korbit", "halt": "<b>"}, {"at": "korbit", "day": "soon", "until": "x"}],
    ids=str,
)
def test_an_address_that_makes_no_sense_does_no_harm(address: dict[str, str]) -> None:
    assert opened(**address).title[0].value == say("halts.title", "ko")


@pytest.mark.usefixtures("looking")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_year_is_shown_by_weeks_and_says_what_is_covered(language: str) -> None:
    session = opened(period="1y", lang=language)
    text = text_of(session)
    assert say("halts.weeks", language) in text
    assert say("halts.covers", language, exchange="Upbit" if language == "en" else "업비트", filed=9, days=90) in text


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_halt_declared_is_said_beside_the_crossings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    home = tmp_path / "home"
    store = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    checks = [
        {
            "checked_at": (NINE + minutes(minute)).isoformat(),
            "asset": "BTC",
            "ledger_quantity": "100",
            "wallet_quantity": wallet,
            "price_krw": "100",
            "result": "mismatch" if wallet == "90" else "match",
        }
        for minute, wallet in ((0, "90"), (5, "90"), (10, "100"))
    ]
    file(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", template("reconciliation", checks))
    filed(store, tmp_path, [])
    store.engine.dispose()
    look_at(monkeypatch, home, Period.of_day(DAY).end + timedelta(hours=11))
    session = opened(lang=language)
    assert say("empty.no_halts", language, count=1) in text_of(session)
    (crossings,) = tables_of(session, "due_at")
    assert crossings["asset"].tolist() == ["BTC"]
    assert crossings["halt_response"].tolist() == [say("code.not_halted", language)]
    assert crossings["reached_krw"].tolist() == [1000]

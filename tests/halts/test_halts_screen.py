"""The page of halts: how long and how far, each step against its limit, what was not halted, one halt whole."""

from collections.abc import Iterator
from dataclasses import replace
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
from hypothesis import given
from hypothesis import strategies as st
from opening import keep_nothing, opened_at
from people import EVERYBODY
from streamlit.testing.v1 import AppTest
from template_files import template

from app.halts.availability import HaltReach, bars_of, halted_time, reasons_of, weighted_time
from app.halts.events import STEP_RULES, HaltEvent, HaltsWanted, halt_events, halt_filing_days, halt_versions
from app.halts.steps import HaltSpan, Verdict, halt_steps, median_length, step_lengths
from app.queries.choice import Choice
from app.queries.recorded import Judgement, current_findings
from app.queries.spans import Span, spans_of
from app.scope import Role, Scope
from app.words import LANGUAGES, say, target_word
from etl import jobs
from etl.records.engine import reading
from etl.review import review_pending
from etl.store import Store, open_store
from expectations.catalogue import report as report_of
from expectations.catalogue import thresholds_of_the_book
from expectations.vocabulary import KST, Period

pytestmark = pytest.mark.slow

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


def event(begin: int, end: int | None = None, **more: Any) -> HaltEvent:
    """A halt of an asset from so many minutes after nine to so many, of which the rules found nothing."""
    halted = NINE + minutes(begin)
    resumed = None if end is None else NINE + minutes(end)
    told = HaltEvent(
        exchange="korbit",
        halt_id="H-1",
        scope="asset",
        target="BTC",
        functions="all",
        trigger="reconciliation_mismatch",
        mode="automatic",
        detected_at=halted - minutes(2),
        halted_at=halted,
        notice_at=halted + minutes(20),
        resumed_at=resumed,
        affected_account_count=0,
        day=DAY,
        submission="S-1",
        source_row=2,
        state="open" if resumed is None else "resumed",
        version_count=1,
        earlier=(),
        judgements=dict.fromkeys(STEP_RULES, Judgement.NOT_FOUND),
    )
    return replace(told, **more)


def judged(**judgements: Judgement) -> dict[str, Judgement]:
    """What the records say of the step rules, HLT_004 for HLT-004; nothing found where not named."""
    named = {rule.replace("_", "-"): judgement for rule, judgement in judgements.items()}
    return {**dict.fromkeys(STEP_RULES, Judgement.NOT_FOUND), **named}


def filed(store: Store, folder: Path, events: list[HaltEvent], period: str = "2026-11-02") -> None:
    names = report_of("halts").field_names
    written = [
        {
            name: value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value
            for name, value in ((name, getattr(event, name)) for name in names)
        }
        for event in events
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
        pytest.param(event(170, 500), 10, id="resumed after"),
        pytest.param(event(60), 120, id="open"),
        pytest.param(event(-60, -30), 0, id="before"),
        pytest.param(event(200), 0, id="after"),
    ],
)
def test_only_time_inside_the_period_counts(row: HaltEvent, length: int) -> None:
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
def test_each_moment_counts_once_with_the_widest_halt(rows: list[HaltEvent], weighted: int) -> None:
    assert weighted_time(rows, NINE, NOON) == minutes(weighted)


def test_a_day_without_a_report_is_not_a_day_without_halts() -> None:
    events = [event(0, 60), event(1440, 1500, scope="exchange"), event(1450, 1460)]
    spans = [Span(DAY + timedelta(days=n), DAY + timedelta(days=n)) for n in range(4)]
    filed_days = {"korbit": frozenset({DAY, DAY + timedelta(days=1), DAY + timedelta(days=3)})}
    bars = bars_of(events, filed_days, ("korbit", "gopax"), spans, NOW)
    korbit, gopax = bars[:4], bars[4:]
    assert [bar.reach for bar in korbit] == [
        HaltReach.PARTIAL,
        HaltReach.EXCHANGE,
        HaltReach.UNKNOWN,
        HaltReach.NONE,
    ]
    assert {bar.reach for bar in gopax} == {HaltReach.UNKNOWN}
    assert (korbit[1].halt_count, korbit[1].halted, korbit[1].weighted) == (2, minutes(70), minutes(60))


def test_a_week_reaches_as_far_as_its_widest_halt() -> None:
    choice = Choice(("korbit",), DAY - timedelta(days=200), DAY + timedelta(days=3))
    spans = spans_of(choice)
    bars = bars_of([event(0, 60, scope="account"), event(1440, 1500)], {}, ("korbit",), spans, NOW)
    assert len(bars) == len(spans) <= 53
    assert bars[-1].reach == HaltReach.PARTIAL
    assert bars[0].reach == HaltReach.UNKNOWN


def test_reasons_come_longest_first_with_what_they_add_up_to() -> None:
    rows = [event(0, 30), event(0, 90, trigger="maintenance"), event(100, trigger="system_fault", exchange="gopax")]
    found = reasons_of(rows, NINE, NOON)
    assert [row.trigger for row in found] == ["maintenance", "system_fault", "reconciliation_mismatch"]
    assert [row.halted for row in found] == [minutes(90), minutes(80), minutes(30)]
    assert [row.weighted for row in found] == [minutes(45), minutes(40), minutes(15)]
    assert [row.cumulative_share for row in found] == [Decimal("0.45"), Decimal("0.85"), Decimal(1)]
    assert [row.open_count for row in found] == [0, 1, 0]
    assert reasons_of([], NINE, NOON) == ()


# ----------------------------------------------------------------------------------------------- step by step


BOOK = thresholds_of_the_book()


@pytest.mark.parametrize(
    ("row", "verdicts"),
    [
        pytest.param(event(0, 60), ("kept", "kept", "kept"), id="done, and nothing found"),
        pytest.param(
            event(0, 60, judgements=judged(HLT_004=Judgement.FOUND)), ("exceeded", "kept", "kept"), id="found of one"
        ),
        pytest.param(event(0, 60, mode="manual"), ("no_limit", "kept", "kept"), id="by hand"),
        pytest.param(event(0, 60, trigger="maintenance"), ("kept", "no_limit", "kept"), id="maintenance"),
        pytest.param(event(0, 60, scope="account"), ("kept", "no_limit", "kept"), id="accounts"),
        pytest.param(event(0, 9999, trigger="authority_order"), ("kept", "kept", "no_limit"), id="by an authority"),
        pytest.param(
            event(0, notice_at=None), ("kept", "running", "running"), id="a clock beyond its limit, not found"
        ),
        pytest.param(
            event(0, notice_at=None, judgements=judged(HLT_006=Judgement.FOUND)),
            ("kept", "exceeded", "running"),
            id="found while it runs",
        ),
        pytest.param(
            event(0, judgements=dict.fromkeys(STEP_RULES, Judgement.NOT_EVALUATED)),
            ("not_evaluated", "not_evaluated", "running"),
            id="not reviewed yet",
        ),
        pytest.param(
            event(0, judgements=dict.fromkeys(STEP_RULES, Judgement.NOT_IN_FORCE)),
            ("no_limit", "no_limit", "no_limit"),
            id="before the rules",
        ),
    ],
)
def test_a_step_is_said_to_be_what_the_records_say(row: HaltEvent, verdicts: tuple[str, ...]) -> None:
    steps = halt_steps(row, BOOK, NINE + timedelta(days=3))
    assert tuple(step.verdict for step in steps) == verdicts
    assert [step.rule for step in steps] == list(STEP_RULES)


MOMENTS = st.integers(min_value=-3000, max_value=3000)


@given(
    lengths=st.tuples(st.integers(0, 3000), st.none() | MOMENTS, st.none() | st.integers(0, 9000)),
    judgements=st.tuples(*[st.sampled_from(Judgement)] * 3),
    hours=st.integers(0, 1000),
    mode=st.sampled_from(("automatic", "manual")),
)
def test_the_clock_never_judges(
    lengths: tuple[int, int | None, int | None], judgements: tuple[Judgement, ...], hours: int, mode: str
) -> None:
    """Whatever the time is and however long a step takes: exceeded is what was found, kept what was evaluated."""
    to_halt, notice, resumed = lengths
    row = event(
        0,
        resumed,
        detected_at=NINE - minutes(to_halt),
        notice_at=None if notice is None else NINE + minutes(notice),
        mode=mode,
        judgements=dict(zip(STEP_RULES, judgements, strict=True)),
    )
    for step in halt_steps(row, BOOK, NINE + timedelta(hours=hours)):
        judgement = row.judgements[step.rule]
        has_limit = step.limit is not None
        assert (step.verdict is Verdict.EXCEEDED) == (has_limit and judgement is Judgement.FOUND)
        assert step.verdict is not Verdict.KEPT or (step.is_done and judgement is Judgement.NOT_FOUND)
        assert step.verdict is not Verdict.RUNNING or not step.is_done
        assert has_limit == (step.verdict is not Verdict.NO_LIMIT)


def test_the_median_is_of_steps_that_are_done_and_have_a_limit() -> None:
    rows = [
        event(0, 60, detected_at=NINE - minutes(1)),
        event(0, 60, detected_at=NINE - minutes(4)),
        event(0, None, detected_at=NINE - minutes(90), mode="manual"),
    ]
    steps = step_lengths(rows, BOOK, NINE + timedelta(hours=2))
    assert median_length(steps, HaltSpan.TO_HALT) == (minutes(2.5), 2)
    assert median_length(steps, HaltSpan.TO_RESUME) == (minutes(60), 2)
    assert median_length(step_lengths([], BOOK, NOW), HaltSpan.TO_NOTICE) == (None, 0)


@pytest.mark.parametrize(
    ("row", "verdicts"),
    [
        pytest.param(event(0, 60, detected_at=NINE - minutes(5)), ("kept", "kept", "kept"), id="five minutes"),
        pytest.param(
            event(0, 60, detected_at=NINE - timedelta(minutes=5, milliseconds=1)),
            ("exceeded", "kept", "kept"),
            id="a millisecond more",
        ),
        pytest.param(event(0, 60, notice_at=NINE + minutes(61)), ("kept", "exceeded", "kept"), id="a late notice"),
        pytest.param(event(0, 1441), ("kept", "kept", "exceeded"), id="a long halt"),
        pytest.param(event(800, notice_at=None), ("kept", "exceeded", "running"), id="open, no notice in the day"),
        pytest.param(event(899, notice_at=None), ("kept", "running", "running"), id="the notice is not due that day"),
    ],
)
def test_a_screen_says_exceeded_exactly_where_a_finding_says_it(
    store: Store, tmp_path: Path, row: HaltEvent, verdicts: tuple[str, ...]
) -> None:
    """However late one looks: the rules go by accepted data, which ends with the day."""
    filed(store, tmp_path, [row])
    (found,) = halt_events(store, EVERYBODY, CHOICE)
    steps = halt_steps(found, BOOK, NOW + timedelta(days=300))
    assert tuple(step.verdict for step in steps) == verdicts
    with reading(store.engine) as connection:
        rules = {one.rule for one in current_findings(connection, STEP_RULES, ("korbit",))}
    assert {step.rule for step in steps if step.verdict is Verdict.EXCEEDED} == rules


def test_before_the_review_a_done_step_is_not_evaluated(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "review_pending", lambda *_, **__: [])
        filed(store, tmp_path, [event(0, 60, detected_at=NINE - minutes(9))])
    verdicts = [step.verdict for step in halt_steps(*halt_events(store, EVERYBODY, CHOICE), BOOK, NOW)]
    assert verdicts == ["not_evaluated", "not_evaluated", "not_evaluated"]
    review_pending(store)
    verdicts = [step.verdict for step in halt_steps(*halt_events(store, EVERYBODY, CHOICE), BOOK, NOW)]
    assert verdicts == ["exceeded", "kept", "kept"]


# ----------------------------------------------------------------------------------------------- as it was filed


def test_halts_are_narrowed_by_what_is_wanted(store: Store, tmp_path: Path) -> None:
    rows = [event(0, 60), event(0, halt_id="H-2", trigger="maintenance", mode="manual", target="ETH")]
    filed(store, tmp_path, rows)

    def found(**wanted: str) -> list[str]:
        return sorted(one.halt_id for one in halt_events(store, EVERYBODY, CHOICE, HaltsWanted(**wanted)))

    assert found() == ["H-1", "H-2"]
    assert found(trigger="maintenance") == found(mode="manual") == found(state="open") == ["H-2"]
    assert found(state="resumed", scope="asset") == ["H-1"]
    assert found(scope="exchange") == []


def test_every_filing_of_a_halt_can_be_read(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, [event(0)])
    filed(store, tmp_path, [event(0, 1500)], "2026-11-03")
    versions = halt_versions(store, EVERYBODY, "korbit", "H-1")
    assert [one.period for one in versions] == ["2026-11-02", "2026-11-03"]
    assert [one.resumed_at for one in versions] == [None, NINE + minutes(1500)]
    assert [one.file for one in versions] == ["korbit_halts_2026-11-02.csv", "korbit_halts_2026-11-03.csv"]
    assert halt_versions(store, GOPAX_ONLY, "korbit", "H-1") == ()
    assert halt_versions(store, EVERYBODY, "gopax", "H-1") == ()


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

"""The page of the replayed incident, its questions and charts, and the other pages over a store that is a replay."""

from collections.abc import Callable, Iterator
from dataclasses import astuple
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import escape
from pathlib import Path

import pytest
from opening import keep_nothing, opened_at
from people import EVERYBODY
from replay_store import NAME, fill_replay
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from app.charts.style import Look
from app.navigation import REPLAY, SCREENS
from app.obligations.punctuality import late_and_missing
from app.obligations.status import report_statuses
from app.queries.choice import Choice
from app.replay.checks import replayed_checks, replayed_halts
from app.replay.course import Course, course_of, halt_finding
from app.replay.facts import events_of, holdings
from app.replay.incident_charts import LANES, incident_lanes
from app.replay.shortfall_charts import shortfall_course
from app.replay.slots import milestones, slots_of
from app.rules.evaluated import unevaluated_days
from app.scope import Role, Scope
from app.words import LANGUAGES, say
from etl.calendar import ObligationState
from etl.records.engine import writing
from etl.records.tables import findings
from etl.replays import replay
from etl.store import Store, open_store
from expectations.catalogue import thresholds_of_the_book
from expectations.vocabulary import KST

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent.parent
FACTS = replay(NAME)
ABOUT = (FACTS.exchange, FACTS.asset, FACTS.first_day, FACTS.last_day)
BOOK = thresholds_of_the_book()
UPBIT_ONLY = Scope(Role.EXCHANGE, ("upbit",))
OTHERS = tuple(screen.name for screen in SCREENS if Role.SUPERVISOR in screen.roles)


def at(text: str) -> datetime:
    """A moment of February 2026 in KST: `06 19:05`."""
    return datetime.fromisoformat(f"2026-02-{text.replace(' ', 'T')}").replace(tzinfo=KST)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill_replay(tmp_path_factory.mktemp("replay"))


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = open_store(home, f"sqlite:///{home / 'daxa.sqlite'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., AppTest]]:
    """Opens a page over the replay, with the given parameters in its address."""
    monkeypatch.setenv("DAXA_HOME", str(home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.delenv("DAXA_NOW", raising=False)

    def open_page(name: str = REPLAY.name, **address: str) -> AppTest:
        return opened_at(name, **address)

    yield open_page
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()


def html_of(session: AppTest) -> str:
    return "\n".join(element.proto.body for element in session.get("html"))


# --------------------------------------------------------------------------------------------- questions


def test_every_check_has_its_shortfall_and_its_limits(store: Store) -> None:
    checks = replayed_checks(store, EVERYBODY, *ABOUT, BOOK)
    assert len(checks) == 2 * 288
    rows = {check.checked_at: check for check in checks}
    before, first, tail = (rows[at(text)] for text in ("06 19:00", "06 19:05", "06 19:45"))
    assert (before.shortfall_quantity, before.is_short) == (0, False)
    assert first.shortfall_quantity == 620_000
    assert first.shortfall_krw == 60_140_000_000_000
    assert first.shortfall_ratio == Decimal(620_000) / 666_000
    assert first.holdings_multiple == Decimal(620_000) / 46_000
    assert (first.ratio_limit_quantity, first.krw_limit_quantity) == (6_660, Decimal(10**9) / 97_000_000)
    assert first.source_row == 3 + 19 * 12 + 2  # three lines of head, then twelve checks an hour
    assert (tail.shortfall_quantity, tail.is_short) == (1_788, True)
    assert tail.ratio_limit_quantity == Decimal("477.88")


def test_the_course_is_seen_by_the_checks_and_the_halts(store: Store) -> None:
    course = course_of(store, EVERYBODY, *ABOUT, BOOK)
    assert course.detected_at == course.limit_reached_at == at("06 19:05")
    assert (course.halt_due_at, course.halted_at) == (at("06 19:10"), at("06 19:35"))
    assert course.equal_at == at("07 22:45")
    assert course.tail is not None
    assert (course.tail.since, course.tail.until) == (at("06 19:40"), at("07 22:45"))
    assert course.tail.check_count == (27 * 60 + 5) / 5
    assert (course.tail.quantity, course.tail.krw) == (1_788, 1_788 * 97_000_000)
    assert (round(course.tail.share_of_ledger, 4), round(course.tail.share_of_holdings, 4)) == (
        Decimal("0.0374"),
        Decimal("0.0389"),
    )
    assert course.tail.ratio_limit_quantity == Decimal("477.88")


def test_without_a_finding_no_halt_was_due(store: Store) -> None:
    """The quantities say as much as before; that a limit was reached is for the rule to say."""
    recorded = halt_finding(store, EVERYBODY, *ABOUT)
    assert recorded is not None
    assert (recorded.reached_at, recorded.due_at) == (at("06 19:05"), at("06 19:10"))
    is_open = (findings.c.rule == "REC-004") & findings.c.lifted_at.is_(None)
    withdrawn_at = at("08 09:41")  # a moment at which nothing else happened
    with writing(store.engine) as connection:
        connection.execute(update(findings).where(is_open).values(lifted_at=withdrawn_at))
    try:
        course = course_of(store, EVERYBODY, *ABOUT, BOOK)
        assert (course.limit_reached_at, course.halt_due_at) == (None, None)
        assert (course.detected_at, course.halted_at) == (at("06 19:05"), at("06 19:35"))
    finally:
        with writing(store.engine) as connection:
            was_open = (findings.c.rule == "REC-004") & (findings.c.lifted_at == withdrawn_at)
            connection.execute(update(findings).where(was_open).values(lifted_at=None))


def test_who_may_not_see_the_exchange_sees_none_of_it(store: Store) -> None:
    assert replayed_checks(store, UPBIT_ONLY, *ABOUT, BOOK) == ()
    assert replayed_halts(store, UPBIT_ONLY, *ABOUT) == ()
    assert halt_finding(store, UPBIT_ONLY, *ABOUT) is None
    assert course_of(store, UPBIT_ONLY, *ABOUT, BOOK) == Course(None, None, None, None, None, None)


def test_another_exchange_has_no_course(store: Store) -> None:
    assert course_of(store, EVERYBODY, "upbit", *ABOUT[1:], BOOK) == Course(None, None, None, None, None, None)


def test_a_day_alone_leaves_the_tail_open(store: Store) -> None:
    course = course_of(store, EVERYBODY, *ABOUT[:2], FACTS.first_day, FACTS.first_day, BOOK)
    assert course.equal_at is None
    assert course.tail is not None
    assert (course.tail.since, course.tail.until) == (at("06 19:40"), None)


def test_rules_without_ground_are_said_to_be_not_evaluated(store: Store) -> None:
    found = unevaluated_days(store, EVERYBODY, Choice((), FACTS.first_day, FACTS.last_day))
    assert {(one.rule, one.unevaluated_day_count) for one in found} == {
        ("REC-006", 2),
        ("REC-007", 2),
    }


# -------------------------------------------------------------------------------------------- side by side


def test_real_and_checked_moments_stand_side_by_side(store: Store) -> None:
    course = course_of(store, EVERYBODY, *ABOUT, BOOK)
    compared = [astuple(one)[1:] for one in milestones(FACTS, course, "en")]
    assert compared == [
        (at("06 19:20"), "20 min", at("06 19:05"), "5 min", "15 min"),
        (at("06 19:35"), "35 min", at("06 19:10"), "10 min", "25 min"),
        (at("07 22:42:52"), "1 d 3 h 42 min 52 s", at("07 22:45"), "1 d 3 h 45 min", "−2 min 8 s"),
    ]


def test_each_slot_tells_facts_check_and_rule(store: Store) -> None:
    checks = replayed_checks(store, EVERYBODY, *ABOUT, BOOK)
    halts = replayed_halts(store, EVERYBODY, *ABOUT)
    course = course_of(store, EVERYBODY, *ABOUT, BOOK)
    slots = slots_of(FACTS, checks, halts, course, "en")
    told = [(slot.when, tuple(event.id for event in slot.events), slot.rule) for slot in slots]
    limits = "(limits: 477.88 BTC by the ledger, {} BTC by won)"
    short = f"Blocked: Account (Trading, Withdrawal) · short by 1,788 BTC {limits}"
    early, tail = short.format("12.33"), short.format("10.31")  # at the price of each check
    assert told == [
        ("02-06 18:55", (), ""),
        ("02-06 19:00", ("credited", "unaware"), ""),
        ("02-06 19:05", (), "Limit reached (93.09 % of the ledger, ₩60.14 trn): halt by 19:10"),
        ("02-06 19:10", (), "Halt is due"),
        ("02-06 19:15", (), "No halt · 5 min overdue"),
        ("02-06 19:20", ("noticed",), "No halt · 10 min overdue"),
        ("02-06 19:25", (), "No halt · 15 min overdue"),
        ("02-06 19:30", ("low", "compensable"), "No halt · 20 min overdue"),
        ("02-06 19:35", ("block_started",), "Block begins: Account (Trading, Withdrawal) · 25 min after it was due"),
        ("02-06 19:40", ("block_complete",), early),
        ("02-07 00:20", ("first_notice",), tail),
        ("02-07 04:30", ("second_notice",), tail),
        ("02-07 13:00", ("on_site",), tail),
        ("02-07 17:30", ("third_notice",), tail),
        ("02-07 22:40", ("filled",), tail),
        ("02-07 22:45", (), "Shortfall ended"),
        ("02-09", ("no_fees",), ""),
        ("02-10", ("inspection",), ""),
        ("02-11", ("hearing",), ""),
    ]
    assert [slot.check is None for slot in slots] == [False] * 16 + [True] * 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_of_the_holdings_is_told_with_its_multiple(language: str) -> None:
    held = holdings(FACTS, language)
    assert [str(one.amount) for one in held] == ["46000", "42794", "41798", "40000", "47700"]
    multiples = [round(one.credited_multiple or 0, 2) for one in held]
    assert multiples == [Decimal(value) for value in ("13.48", "14.49", "14.83", "15.50", "13.00")]
    shares = [round((one.residual_share or 0) * 100, 2) for one in held]
    assert shares == [Decimal(value) for value in ("3.89", "4.18", "4.28", "4.47", "3.75")]


# ------------------------------------------------------------------------------------------------ charts


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lanes_lie_on_one_axis_of_time(store: Store, language: str) -> None:
    checks = replayed_checks(store, EVERYBODY, *ABOUT, BOOK)
    halts = replayed_halts(store, EVERYBODY, *ABOUT)
    required = (at("06 19:10"), at("07 22:45"))
    events = events_of(FACTS, language)
    figure = incident_lanes(checks, events, halts, required, FACTS.zoom, Look(language)).to_dict()
    assert figure["layout"]["xaxis"]["range"] == ["2026-02-06T18:27:00", "2026-02-06T20:33:00"]
    assert figure["layout"]["yaxis2"]["type"] == "category"  # also where its first trace holds nothing
    by_lane: dict[str, list[dict[str, object]]] = {}
    for trace in figure["data"]:
        by_lane.setdefault(trace["y"][0] if trace.get("yaxis") == "y2" else "", []).append(trace)
    happened, checked, wanted, blocked = (by_lane[say(f"replay.lane_{name}", language)] for name in LANES)
    assert sum(len(trace["x"]) for trace in happened) == 7  # type: ignore[arg-type]
    assert [len(trace["x"]) for trace in checked] == [7, 18]  # type: ignore[arg-type]
    assert checked[1]["customdata"][0] == ["2026-02-06", 233]  # type: ignore[index]
    assert wanted[0]["base"] == ["2026-02-06T19:10:00"]
    assert wanted[0]["x"] == [80 * 60 * 1000]
    assert [(trace["base"], trace["x"]) for trace in blocked] == [(["2026-02-06T19:35:00"], [55 * 60 * 1000])] * 2
    assert [trace["customdata"] for trace in blocked] == [[["", "BI-H-20260206-01"]], [["", "BI-H-20260206-02"]]]


def test_spike_and_tail_are_drawn_and_nothing_where_nothing_is_short(store: Store) -> None:
    checks = replayed_checks(store, EVERYBODY, *ABOUT, BOOK)
    figure = shortfall_course(checks, Look("ko")).to_dict()
    line, ratio_limit, krw_limit, levels = figure["data"]
    assert figure["layout"]["yaxis"]["type"] == "log"
    drawn = [value for value in line["y"] if value is not None]
    assert (drawn.count(620_000), drawn.count(1_788), len(drawn)) == (7, 325, 332)
    assert levels["text"] == ["19:05 · 620,000", "19:40 · 1,788"]
    assert (ratio_limit["y"][0], round(krw_limit["y"][0], 2)) == (460, 10.31)


def test_charts_are_drawn_of_nothing(store: Store) -> None:
    nothing = replayed_checks(store, UPBIT_ONLY, *ABOUT, BOOK)
    halts = replayed_halts(store, UPBIT_ONLY, *ABOUT)
    look = Look("ko", dark=True)
    assert incident_lanes(nothing, [], halts, None, FACTS.zoom, look).to_json()
    assert shortfall_course(nothing, look).to_json()


# ------------------------------------------------------------------------------------------------ the page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_tells_the_incident(opened: Callable[..., AppTest], language: str) -> None:
    session = opened(lang=language)
    text = html_of(session)
    assert session.title[0].value == say("replay.title", language)
    assert escape(FACTS.summary.in_language(language)) in text
    assert escape(say("replay.as_if", language)) in text
    assert escape(say("replay.mark", language, incident=FACTS.title.in_language(language))) in text
    assert "1,000,000,000" in text  # the assumed limit in won
    assert len(session.get("plotly_chart")) == 3
    assert all(chart.proto.alt for chart in session.get("plotly_chart"))
    for event in FACTS.events:
        assert escape(event.text.in_language(language)) in text
    for assumption in FACTS.assumptions:
        assert escape(assumption.in_language(language)) in text
    found = next(frame.value for frame in session.dataframe if "rule" in frame.value)
    assert found["rule"].tolist() == ["HLT-003", "HLT-003", "HLT-009", "HLT-009", "REC-003", "REC-004", "REC-005"]


@pytest.mark.parametrize(
    ("picked", "file", "row"),
    [
        ({"day": "2026-02-06", "row": "233"}, "bithumb_reconciliation_2026-02-06.xlsx", 233),
        ({"halt": "BI-H-20260206-02"}, "bithumb_halts_2026-02-06.xlsx", 5),
    ],
    ids=["a check", "a halt"],
)
def test_a_mark_leads_to_the_row_of_the_file(
    opened: Callable[..., AppTest], picked: dict[str, str], file: str, row: int
) -> None:
    session = opened(**picked)
    behind = next(frame.value for frame in session.dataframe if "file" in frame.value)
    assert behind[["file", "source_row"]].to_numpy().tolist() == [[file, row]]


def test_without_its_exchange_the_page_says_so(opened: Callable[..., AppTest]) -> None:
    assert say("empty.replay", "ko") in html_of(opened(exchange="korbit"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", OTHERS)
def test_every_other_page_works_over_a_replay(opened: Callable[..., AppTest], name: str, language: str) -> None:
    for period in ("7d", "30d"):
        session = opened(name, lang=language, period=period)
        text = html_of(session)
        assert session.title[0].value == say(f"{name}.title", language)
        assert "2026-02-07" in text  # presets end with the day before the one on which the screens stand
        assert escape(say("replay.mark", language, incident=FACTS.title.in_language(language))) in text


@pytest.mark.parametrize("name", ["api_volume", "key_revocations", "audits", "surveillance"])
def test_a_page_without_a_replayed_report_says_that_none_was_made_up(opened: Callable[..., AppTest], name: str) -> None:
    text = html_of(opened(name))
    assert say("empty.not_replayed", "ko", report="#").rpartition("#")[2] in text
    assert say("empty.clear", "ko") not in text


def test_nothing_is_missing_in_february(store: Store) -> None:
    """At 10:00 of 8 February the due time of the 7th has not passed: the 6th, with two halts, was due last."""
    stands = report_statuses(store, EVERYBODY, (), FACTS.seen_from)
    filed = {(one.exchange, one.report): one.state for one in stands if one.state is not ObligationState.NOT_DUE}
    assert filed == {
        **{(exchange, "reconciliation"): ObligationState.CURRENT for exchange in EVERYBODY.exchanges},
        ("bithumb", "halts"): ObligationState.CURRENT,
    }
    met = late_and_missing(store, EVERYBODY, Choice((), date(2026, 1, 9), FACTS.last_day), FACTS.seen_from)
    assert not any(one.late or one.missing for one in met.values())


def test_the_page_is_there_only_where_a_store_is_a_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAXA_HOME", str(tmp_path))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    session = AppTest.from_file(str(ROOT / "app" / "ui.py"), default_timeout=60).run()
    assert session.title[0].value == say("overview.title", "ko")
    with pytest.raises(ValueError, match="replay"):
        session.switch_page("../pages/replay.py")
    from app.widgets import view

    view.store().engine.dispose()
    keep_nothing()


def test_a_replay_stands_at_its_own_moment() -> None:
    from app import moments

    assert FACTS.seen_from == at("08 10:00")
    assert moments.now(FACTS.seen_from) == FACTS.seen_from
    assert FACTS.last_day == date(2026, 2, 7)
    assert FACTS.zoom[1] - FACTS.zoom[0] == timedelta(hours=2)
    assert [event.id for event in events_of(FACTS, "ko")] == [event.id for event in FACTS.events]

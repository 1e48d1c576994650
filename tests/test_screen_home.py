"""The first screen: what changed, what is due, how the lanes stand; exactly, of small stores, and as a page."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from demo_store import LAST_DAY, NOW
from filing import MORNING, checks, file, halt, halts
from opening import keep_nothing, shown
from people import EVERYBODY, SUPERVISOR
from streamlit.testing.v1 import AppTest

from app.frames import frame_of
from app.keys.case_totals import case_flow
from app.obligations.due import due_soon
from app.overview.changes import CHANGE_COLUMNS, NewsKind, changes, decided_until, lines_of
from app.overview.lane_figures import Lane, lane_figures
from app.overview.lane_states import situation
from app.queries.choice import Choice
from app.rules.findings import About, finding_counts
from app.scope import Role, Scope
from app.volume.course import volume_ranking
from app.words import LANGUAGES, say
from etl import jobs
from etl.intake import Candidate, declare
from etl.records.engine import writing
from etl.records.visits import Visit, keep_visit
from etl.store import Store, open_store
from expectations.vocabulary import KST, Period

ROOT = Path(__file__).resolve().parent.parent
DAY = date(2026, 11, 2)
CHOICE = Choice((), DAY, DAY + timedelta(days=1))
GOPAX_ONLY = Scope(Role.EXCHANGE, ("gopax",))
BEFORE, AFTER = MORNING - timedelta(hours=1), MORNING + timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path, sqlite_database_url: str) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", sqlite_database_url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def either_store(tmp_path: Path, database_url: str) -> Iterator[Store]:
    """One of each kind of database: for the tests that ask every question."""
    opened = open_store(tmp_path / "home", database_url)
    yield opened
    opened.engine.dispose()


def filed(store: Store, folder: Path, name: str, content: str, at: datetime = MORNING) -> str:
    """The number of a file that was filed."""
    return file(store, folder, name, content, at).receipt.submission.id


def reconciled(store: Store, folder: Path, day: str, short: range, at: datetime = MORNING, **more: Any) -> str:
    return filed(store, folder, f"korbit_reconciliation_{day}.csv", checks(day, short=short, **more), at)


def told(store: Store, since: datetime = BEFORE, until: datetime = AFTER, scope: Scope = EVERYBODY) -> list[Any]:
    """What changed, but for breaches: kind and subject."""
    rows = changes(store, scope, since, until).to_dict("records")
    return [(row["change"], row["subject"]) for row in rows if row["change"] is not NewsKind.BREACH]


# ----------------------------------------------------------------------------------------------- what changed


def test_nothing_changes_where_nothing_is_filed(store: Store) -> None:
    assert list(changes(store, EVERYBODY, BEFORE, AFTER).columns) == list(CHANGE_COLUMNS)
    assert told(store) == []


def test_a_change_is_told_after_since_and_until_until(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, "2026-11-02", range(20, 24))
    assert told(store, MORNING - timedelta(milliseconds=1), MORNING) == [(NewsKind.SHORTFALL, "BTC")]
    assert told(store, MORNING, AFTER) == []
    assert told(store, BEFORE, MORNING - timedelta(milliseconds=1)) == []


def test_a_shortfall_that_is_open_says_since_when_and_how_much(store: Store, tmp_path: Path) -> None:
    submission = reconciled(store, tmp_path, "2026-11-02", range(20, 24))
    (row,) = [row for row in changes(store, EVERYBODY, BEFORE, AFTER).to_dict("records") if row["subject"] == "BTC"]
    start = Period.of_day(DAY).start + timedelta(hours=20, seconds=3)
    assert (row["exchange"], row["report"], row["at"]) == ("korbit", "reconciliation", MORNING)
    assert (row["started_at"], row["shortfall_krw"], row["submission"]) == (start, Decimal("10.05"), submission)
    assert (row["first_day"], row["last_day"]) == (DAY, DAY)


def test_a_shortfall_that_ended_within_its_file_is_told_as_passed(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, "2026-11-02", range(3, 6))
    assert told(store) == [(NewsKind.SHORTFALL_PASSED, "BTC")]


def test_a_later_file_ends_what_was_open(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, "2026-11-02", range(20, 24))
    reconciled(store, tmp_path, "2026-11-03", range(2), MORNING + timedelta(days=1))
    assert told(store, AFTER, AFTER + timedelta(days=1)) == [(NewsKind.SHORTFALL_ENDED, "BTC")]
    assert told(store, BEFORE, AFTER + timedelta(days=1)) == [(NewsKind.SHORTFALL_PASSED, "BTC")]


def test_what_goes_on_has_not_changed(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, "2026-11-02", range(20, 24))
    reconciled(store, tmp_path, "2026-11-03", range(24), MORNING + timedelta(days=1))
    assert told(store, AFTER, AFTER + timedelta(days=1)) == []


def test_a_correction_restates_and_tells_no_old_shortfall_anew(either_store: Store, tmp_path: Path) -> None:
    reconciled(either_store, tmp_path, "2026-11-02", range(3, 6))
    later = MORNING + timedelta(days=1)
    new = reconciled(either_store, tmp_path, "2026-11-02", range(3, 6), later, wallet="1.7")
    assert told(either_store, AFTER, later) == [(NewsKind.RESTATED, "")]
    (row,) = [
        r for r in changes(either_store, EVERYBODY, AFTER, later).to_dict("records") if r["change"] is NewsKind.RESTATED
    ]
    assert (row["report"], row["submission"], row["first_day"]) == ("reconciliation", new, DAY)


def test_a_correction_may_tell_of_a_new_shortfall(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, "2026-11-02", range(3, 6))
    later = MORNING + timedelta(days=1)
    reconciled(store, tmp_path, "2026-11-02", range(10, 12), later)
    assert told(store, AFTER, later) == [(NewsKind.SHORTFALL_PASSED, "BTC"), (NewsKind.RESTATED, "")]


HALTED = Period.of_day(DAY).start + timedelta(hours=9)


def test_a_halt_is_told_when_it_begins_and_when_it_is_lifted(either_store: Store, tmp_path: Path) -> None:
    later = MORNING + timedelta(days=1)
    filed(either_store, tmp_path, "korbit_halts_2026-11-02.csv", halts(halt("H-1", HALTED)))
    assert told(either_store) == [(NewsKind.HALT, "H-1")]
    again = halts(halt("H-1", HALTED, HALTED + timedelta(days=1)))
    filed(either_store, tmp_path, "korbit_halts_2026-11-03.csv", again, later)
    assert told(either_store, AFTER, later) == [(NewsKind.HALT_LIFTED, "H-1")]
    assert told(either_store, BEFORE, later) == [(NewsKind.HALT_PASSED, "H-1")]


def test_a_halt_that_is_only_filed_again_has_not_changed(store: Store, tmp_path: Path) -> None:
    later = MORNING + timedelta(days=1)
    filed(store, tmp_path, "korbit_halts_2026-11-02.csv", halts(halt("H-1", HALTED)))
    filed(store, tmp_path, "korbit_halts_2026-11-03.csv", halts(halt("H-1", HALTED)), later)
    assert told(store, AFTER, later) == []


BROKEN = checks("2026-11-02").replace("100.5,match", "many,match", 1)


def test_a_refusal_stays_graver_until_something_is_filed_for_its_period(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", BROKEN)
    assert told(store) == [(NewsKind.REFUSED, "")]
    reconciled(store, tmp_path, "2026-11-02", range(0), AFTER)
    assert told(store) == [(NewsKind.REPLACED, "")]


def test_a_withdrawal_is_told(store: Store, tmp_path: Path) -> None:
    submission = reconciled(store, tmp_path, "2026-11-02", range(0))
    jobs.withdraw(store, submission, reason="wrong day", at=AFTER)
    assert told(store, MORNING, AFTER) == [(NewsKind.WITHDRAWN, "")]


def test_new_breaches_are_told_by_rule(either_store: Store, tmp_path: Path) -> None:
    reconciled(either_store, tmp_path, "2026-11-02", range(3, 6))
    found = changes(either_store, EVERYBODY, BEFORE, AFTER)
    breaches = found[found["change"] == NewsKind.BREACH]
    counts = finding_counts(either_store, EVERYBODY, CHOICE, About(kind="compliance"))
    standing = Counter({one.rule: 0 for one in counts})
    for one in counts:
        standing[one.rule] += one.open_finding_count
    assert dict(zip(breaches["subject"], breaches["count"], strict=True)) == standing
    assert standing["REC-003"] == 1
    later = AFTER + timedelta(hours=1)
    reconciled(either_store, tmp_path, "2026-11-02", range(0), later)  # takes the breach away
    found = changes(either_store, EVERYBODY, BEFORE, later)
    assert "REC-003" not in set(found["subject"])


def test_nobody_is_told_what_their_scope_leaves_out(either_store: Store, tmp_path: Path) -> None:
    reconciled(either_store, tmp_path, "2026-11-02", range(20, 24))
    filed(either_store, tmp_path, "korbit_halts_2026-11-02.csv", halts(halt("H-1", HALTED)))
    filed(either_store, tmp_path, "korbit_reconciliation_2026-11-03.csv", BROKEN.replace("x", "x"))
    assert changes(either_store, GOPAX_ONLY, BEFORE, AFTER).empty
    noon = datetime(2026, 11, 3, 12, tzinfo=KST)
    assert set(due_soon(either_store, GOPAX_ONLY, (), noon, noon + timedelta(days=1))["exchange"]) == {"gopax"}
    assert set(situation(either_store, GOPAX_ONLY, CHOICE, noon).lanes) == {"gopax"}
    assert not situation(either_store, GOPAX_ONLY, CHOICE, noon).open_episodes
    assert [one.exchange for one in lane_figures(either_store, GOPAX_ONLY, CHOICE, noon)] == ["gopax"]


def test_what_is_not_decided_yet_is_told_next_time(either_store: Store, tmp_path: Path) -> None:
    assert decided_until(either_store, SUPERVISOR, AFTER) == AFTER - timedelta(minutes=1)
    path = tmp_path / "korbit_halts_2026-11-02.csv"
    path.write_text(halts(), "utf-8")
    jobs.receive(either_store, Candidate(path, declare(path.name)), received_at=MORNING)
    assert decided_until(either_store, SUPERVISOR, AFTER) == MORNING - timedelta(milliseconds=1)
    jobs.process(either_store)
    assert decided_until(either_store, SUPERVISOR, AFTER) == AFTER - timedelta(minutes=1)


def change(kind: NewsKind, exchange: str, subject: str = "", minutes: int = 0, count: int = 1) -> dict[str, Any]:
    row = {**dict.fromkeys(CHANGE_COLUMNS), "change": kind, "exchange": exchange, "subject": subject, "count": count}
    days = {"first_day": DAY, "last_day": DAY, "started_at": MORNING, "submission": f"{exchange}-{subject}"}
    return row | days | {"report": "halts", "at": MORNING - timedelta(minutes=minutes)}


def test_lines_put_together_what_is_alike_and_show_every_kind() -> None:
    rows = [
        change(NewsKind.HALT, "upbit", "A"),
        change(NewsKind.HALT, "upbit", "B"),
        *(change(NewsKind.BREACH, exchange, rule, count=2) for rule in "VWXYZ" for exchange in ("upbit", "gopax")),
        change(NewsKind.HALT_LIFTED, "upbit", "C"),
        change(NewsKind.HALT_LIFTED, "upbit", "D", minutes=5),
        change(NewsKind.RESTATED, "korbit"),
    ]
    lines, count = lines_of(frame_of(rows, CHANGE_COLUMNS), 7)
    assert count == 9
    assert [(line["change"], line["subject"], line["count"]) for line in lines] == [
        (NewsKind.HALT, "A", 1),
        (NewsKind.HALT, "B", 1),
        (NewsKind.BREACH, "V", 4),
        (NewsKind.BREACH, "W", 4),
        (NewsKind.BREACH, "X", 4),
        (NewsKind.HALT_LIFTED, "C", 2),
        (NewsKind.RESTATED, "", 1),
    ]
    assert lines[2]["exchanges"] == ("upbit", "gopax")
    assert lines[5]["submission"] is None
    assert lines[6]["submission"] == "korbit-"


# ------------------------------------------------------------------------------------------------ what is due


def test_what_falls_due_says_what_has_arrived(either_store: Store, tmp_path: Path) -> None:
    night = datetime(2026, 11, 3, 2, tzinfo=KST)
    filed(either_store, tmp_path, "korbit_halts_2026-11-02.csv", halts(), night - timedelta(minutes=10))
    reconciled(either_store, tmp_path, "2026-11-02T00-12", range(0), night - timedelta(minutes=5))
    found = due_soon(either_store, EVERYBODY, ("korbit",), night, night + timedelta(days=1))
    rows = {row["report"]: (row["period"], row["stand"], row["received_at"]) for row in found.to_dict("records")}
    assert rows["halts"] == ("2026-11-02", "current", night - timedelta(minutes=10))
    assert rows["reconciliation"] == ("2026-11-02", "partial", night - timedelta(minutes=5))
    assert rows["api_keys"] == ("2026-11-02", "not_due", None)
    assert "audits" not in rows
    assert set(found["due_at"]) == {datetime(2026, 11, 3, 10, tzinfo=KST)}


def test_audits_fall_due_on_the_tenth(store: Store) -> None:
    morning = datetime(2026, 11, 10, 11, tzinfo=KST)
    found = due_soon(store, EVERYBODY, (), morning, morning + timedelta(days=1))
    assert list(found["report"][:5]) == ["audits"] * 5
    assert set(found["period"][:5]) == {"2026-10"}
    assert len(found) == 5 + 5 * 6
    assert due_soon(store, EVERYBODY, (), morning, morning).empty


# ----------------------------------------------------------------------------------------- how the lanes stand


def test_the_worst_off_comes_first_and_what_is_open_is_so_whatever_days_are_chosen(
    either_store: Store, tmp_path: Path
) -> None:
    noon = datetime(2026, 11, 3, 12, tzinfo=KST)
    reconciled(either_store, tmp_path, "2026-11-02", range(20, 24))
    filed(either_store, tmp_path, "korbit_halts_2026-11-02.csv", halts(halt("H-1", HALTED)))
    long_ago = Choice((), date(2026, 10, 1), date(2026, 10, 7))
    found = situation(either_store, EVERYBODY, long_ago, noon)
    assert found.current == ()
    assert tuple(found.lanes)[1:] == ("upbit", "bithumb", "coinone", "gopax")  # the others are all as bad
    own = found.lanes["korbit"]
    assert (own[Lane.RECONCILIATION].state, own[Lane.RECONCILIATION].count) == ("open", 1)
    assert own[Lane.RECONCILIATION].picks == {"at": "korbit", "day": "2026-11-02", "asset": "BTC"}
    assert (own[Lane.HALTS].state, own[Lane.HALTS].since) == ("open", HALTED)
    assert (own[Lane.SUBMISSION].state, own[Lane.SUBMISSION].count) == ("missing", 4)
    assert own[Lane.SUBMISSION].more == {"arrived": 2, "due": 6}  # audits were due before there were records
    assert own[Lane.API_SHARE].state == "quiet"
    assert [row["asset"] for row in found.open_episodes] == ["BTC"]
    assert found.worst_standing is not None
    assert (found.worst_standing.exchange, found.worst_standing.report) == ("upbit", "api_volume")
    assert {cell.stand for cell in found.standing if cell.report == "audits"} == {"unrecorded"}


def test_a_breach_marks_the_lane_of_its_report(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, "2026-11-02", range(3, 6))
    own = situation(store, EVERYBODY, CHOICE, datetime(2026, 11, 3, 12, tzinfo=KST)).lanes["korbit"]
    breaches = finding_counts(store, EVERYBODY, CHOICE, About(kind="compliance"))
    assert own[Lane.RECONCILIATION].state == "breach"
    assert own[Lane.RECONCILIATION].count == sum(one.open_finding_count for one in breaches)
    assert own[Lane.RECONCILIATION].since == Period.of_day(DAY).end


def test_what_was_not_filed_is_no_figure(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, "2026-11-02", range(3, 6))
    noon = datetime(2026, 11, 3, 12, tzinfo=KST)
    figures = {one.exchange: one for one in lane_figures(store, EVERYBODY, CHOICE, noon)}
    korbit = figures["korbit"]
    assert korbit.is_filed(Lane.RECONCILIATION)
    assert not any(korbit.is_filed(lane) for lane in (Lane.API_SHARE, Lane.KEYS, Lane.HALTS))
    assert not figures["upbit"].is_filed(Lane.RECONCILIATION)
    assert (korbit.covered_slot_count, korbit.expected_slot_count, korbit.episode_count) == (24, 288, 1)
    assert (korbit.due_count, korbit.on_time_count, korbit.unmet_count) == (6, 1, 5)
    together = figures[""]
    assert (together.due_count, together.unmet_count, together.episode_count) == (30, 29, 1)
    assert (together.share, together.day_count) == (None, 10)


# ---------------------------------------------------------------------------------------------------- the page


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """The engine that a page opened is closed with it."""
    yield
    from app.widgets import view

    if "page" in _OPENED:
        view.store().engine.dispose()
    _OPENED.clear()
    keep_nothing()


_OPENED: set[str] = set()


def page(home: Path, monkeypatch: pytest.MonkeyPatch, now: datetime = NOW, **address: str) -> str:
    """The first screen's own markup."""
    monkeypatch.setenv("DAXA_HOME", str(home))
    monkeypatch.delenv("DAXA_DATABASE_URL", raising=False)
    monkeypatch.setenv("DAXA_NOW", now.isoformat())
    session = AppTest.from_file(str(ROOT / "app" / "ui.py"), default_timeout=60)
    for name, value in address.items():
        session.query_params[name] = value
    session.run()
    _OPENED.add("page")
    shown(session)
    return "\n".join(element.proto.body for element in session.get("html"))


def cells(text: str) -> dict[tuple[str, int], tuple[str, str]]:
    """The matrix of lanes: exchange and column, then the address of a cell and its words."""
    (matrix,) = re.findall(r'<table class="matrix lanes".*?</table>', text, re.DOTALL)
    found = {}
    for row in re.findall(r"<tbody>(.*)</tbody>", matrix, re.DOTALL)[0].split("</tr>")[:-1]:
        (name,) = re.findall(r'<th scope="row">(.*?)</th>', row)
        for column, (address, body) in enumerate(re.findall(r'<a href="([^"]+)"[^>]*>(.*?)</a>', row, re.DOTALL)):
            words = " ".join(re.sub(r"<[^>]+>", " ", body).split())
            found[name, column] = (unescape(address), unescape(words))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_lane_of_every_exchange_leads_to_its_page(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    found = cells(page(filled_home, monkeypatch, lang=language))
    assert len(found) == 5 * 6
    pages = ("submissions", "data_quality", "api_volume", "key_revocations", "reconciliation", "halts")
    for (_, column), (address, words) in found.items():
        assert address.startswith((f"/{pages[column]}?", "/audits?" if column == 5 else "-"))
        assert "exchange=" in address
        assert words


def test_a_lane_shows_the_figures_of_its_page(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = cells(page(filled_home, monkeypatch, period="7d"))
    store = open_store(filled_home, f"sqlite:///{filled_home / 'daxa.sqlite'}")
    choice = Choice((), LAST_DAY - timedelta(days=6), LAST_DAY)
    ranking = volume_ranking(store, EVERYBODY, choice).by_exchange.set_index("exchange")
    share = ranking.loc["korbit"]["share"] * 100
    assert f"{share:.1f} %" in found["코빗", 2][1]
    flow = case_flow(store, EVERYBODY, choice).open_cases
    count = flow[flow["exchange"] == "bithumb"]["case_count"].sum()
    assert f"진행 {count}" in found["빗썸", 3][1]
    store.engine.dispose()


def lines(text: str) -> list[list[str]]:
    """The two lists beside each other."""
    sections = re.findall(r"<section>(.*?)</section>", text, re.DOTALL)
    return [re.findall(r"<li>(.*?)</li>", section, re.DOTALL) for section in sections]


def test_the_first_visit_shows_a_day_and_says_so(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sign_in.present.current_identity", lambda: replace(SUPERVISOR, person="P-newcomer"))
    text = page(filled_home, monkeypatch)
    since = f"{NOW - timedelta(days=1):%m-%d %H:%M}"
    assert say("overview.since_first", "ko", since=since) in text
    changed, due = lines(text)
    assert 1 <= len(changed) <= 7
    assert 1 <= len(due) <= 7


def test_a_later_visit_shows_what_changed_since_and_keeps_showing_it(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.overview.visit_parts._visitor", lambda: "somebody")
    monkeypatch.setenv("DAXA_HOME", str(filled_home))
    store = open_store(filled_home, f"sqlite:///{filled_home / 'daxa.sqlite'}")
    looked = NOW - timedelta(days=3)
    with writing(store.engine) as connection:
        keep_visit(connection, Visit("somebody", looked, None, looked, looked))
    for minutes in (0, 20, 40):
        text = page(filled_home, monkeypatch, NOW + timedelta(minutes=minutes))
        assert say("overview.since", "ko", since=f"{looked:%m-%d %H:%M}") in text
    back = NOW + timedelta(minutes=80)
    shown_until = NOW + timedelta(minutes=39)
    text = page(filled_home, monkeypatch, back)
    assert say("overview.since", "ko", since=f"{shown_until:%m-%d %H:%M}") in text
    assert say("overview.unchanged", "ko") in text
    store.engine.dispose()


def test_the_sentence_says_who_is_current_and_what_is_wanting(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = page(filled_home, monkeypatch, lang="en")
    store = open_store(filled_home, f"sqlite:///{filled_home / 'daxa.sqlite'}")
    found = situation(store, EVERYBODY, Choice((), LAST_DAY - timedelta(days=29), LAST_DAY), NOW)
    store.engine.dispose()
    assert found.lacking == ()
    assert "2026-11-22 11:00 KST. 5 of 5 exchanges are current. Open halts: 0." in text
    assert f"{found.urgent_count} cells need attention." in text
    text = page(filled_home, monkeypatch, NOW + timedelta(days=1), lang="en")
    assert "0 of 5 exchanges are current. Longest outstanding: Upbit, API volume 2026-11-22, Missing for 1 h." in text
    assert "29 more outstanding." in text

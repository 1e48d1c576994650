"""What changed between two moments: exactly, of small stores, and put together in few lines."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from filing import MORNING, checks, halt, halts
from hypothesis import given
from hypothesis import strategies as some
from overview_filing import filed, reconciled
from people import EVERYBODY, SUPERVISOR

from app.overview.change_queries import changes_between, decided_until
from app.overview.changes import Change, ChangeKind, grouped
from app.queries.choice import Choice
from app.rules.findings import About, finding_counts
from app.scope import Role, Scope
from etl import jobs
from etl.intake import Candidate, declare
from etl.store import Store, open_store
from expectations.vocabulary import Period

pytestmark = pytest.mark.slow

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


def kinds(store: Store, since: datetime = BEFORE, until: datetime = AFTER, scope: Scope = EVERYBODY) -> list[Any]:
    """What changed, but for breaches: kind and subject."""
    found = changes_between(store, scope, since, until)
    return [(one.kind, one.subject) for one in found if one.kind is not ChangeKind.BREACH]


# ----------------------------------------------------------------------------------------------- what changed


def test_nothing_changes_where_nothing_is_filed(store: Store) -> None:
    assert changes_between(store, EVERYBODY, BEFORE, AFTER) == ()


def test_a_change_is_told_after_since_and_until_until(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, "2026-11-02", range(20, 24))
    assert kinds(store, MORNING - timedelta(milliseconds=1), MORNING) == [(ChangeKind.SHORTFALL, "BTC")]
    assert kinds(store, MORNING, AFTER) == []
    assert kinds(store, BEFORE, MORNING - timedelta(milliseconds=1)) == []


def test_a_shortfall_that_is_open_says_since_when_and_how_much(store: Store, tmp_path: Path) -> None:
    submission = reconciled(store, tmp_path, "2026-11-02", range(20, 24))
    (one,) = [one for one in changes_between(store, EVERYBODY, BEFORE, AFTER) if one.subject == "BTC"]
    start = Period.of_day(DAY).start + timedelta(hours=20, seconds=3)
    assert (one.exchange, one.report, one.at) == ("korbit", "reconciliation", MORNING)
    assert (one.started_at, one.shortfall_krw, one.submission) == (start, Decimal("10.05"), submission)
    assert (one.first_day, one.last_day) == (DAY, DAY)


def test_a_shortfall_that_ended_within_its_file_is_told_as_passed(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, "2026-11-02", range(3, 6))
    assert kinds(store) == [(ChangeKind.SHORTFALL_PASSED, "BTC")]


def test_a_later_file_ends_what_was_open(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, "2026-11-02", range(20, 24))
    reconciled(store, tmp_path, "2026-11-03", range(2), MORNING + timedelta(days=1))
    assert kinds(store, AFTER, AFTER + timedelta(days=1)) == [(ChangeKind.SHORTFALL_ENDED, "BTC")]
    assert kinds(store, BEFORE, AFTER + timedelta(days=1)) == [(ChangeKind.SHORTFALL_PASSED, "BTC")]


def test_what_goes_on_has_not_changed(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, "2026-11-02", range(20, 24))
    reconciled(store, tmp_path, "2026-11-03", range(24), MORNING + timedelta(days=1))
    assert kinds(store, AFTER, AFTER + timedelta(days=1)) == []


def test_a_correction_restates_and_tells_no_old_shortfall_anew(either_store: Store, tmp_path: Path) -> None:
    reconciled(either_store, tmp_path, "2026-11-02", range(3, 6))
    later = MORNING + timedelta(days=1)
    new = reconciled(either_store, tmp_path, "2026-11-02", range(3, 6), later, wallet="1.7")
    assert kinds(either_store, AFTER, later) == [(ChangeKind.RESTATED, "")]
    found = changes_between(either_store, EVERYBODY, AFTER, later)
    (one,) = [one for one in found if one.kind is ChangeKind.RESTATED]
    assert (one.report, one.submission, one.first_day) == ("reconciliation", new, DAY)


def test_a_correction_may_tell_of_a_new_shortfall(store: Store, tmp_path: Path) -> None:
    reconciled(store, tmp_path, "2026-11-02", range(3, 6))
    later = MORNING + timedelta(days=1)
    reconciled(store, tmp_path, "2026-11-02", range(10, 12), later)
    assert kinds(store, AFTER, later) == [(ChangeKind.SHORTFALL_PASSED, "BTC"), (ChangeKind.RESTATED, "")]


HALTED = Period.of_day(DAY).start + timedelta(hours=9)


def test_a_halt_is_told_when_it_begins_and_when_it_is_lifted(either_store: Store, tmp_path: Path) -> None:
    later = MORNING + timedelta(days=1)
    filed(either_store, tmp_path, "korbit_halts_2026-11-02.csv", halts(halt("H-1", HALTED)))
    assert kinds(either_store) == [(ChangeKind.HALT, "H-1")]
    again = halts(halt("H-1", HALTED, HALTED + timedelta(days=1)))
    filed(either_store, tmp_path, "korbit_halts_2026-11-03.csv", again, later)
    assert kinds(either_store, AFTER, later) == [(ChangeKind.HALT_RESUMED, "H-1")]
    assert kinds(either_store, BEFORE, later) == [(ChangeKind.HALT_PASSED, "H-1")]


def test_a_halt_that_is_only_filed_again_has_not_changed(store: Store, tmp_path: Path) -> None:
    later = MORNING + timedelta(days=1)
    filed(store, tmp_path, "korbit_halts_2026-11-02.csv", halts(halt("H-1", HALTED)))
    filed(store, tmp_path, "korbit_halts_2026-11-03.csv", halts(halt("H-1", HALTED)), later)
    assert kinds(store, AFTER, later) == []


BROKEN = checks("2026-11-02").replace("100.5,match", "many,match", 1)


def test_a_refusal_stays_graver_until_something_is_filed_for_its_period(store: Store, tmp_path: Path) -> None:
    filed(store, tmp_path, "korbit_reconciliation_2026-11-02.csv", BROKEN)
    assert kinds(store) == [(ChangeKind.REFUSED, "")]
    reconciled(store, tmp_path, "2026-11-02", range(0), AFTER)
    assert kinds(store) == [(ChangeKind.REPLACED, "")]


def test_a_withdrawal_is_kinds(store: Store, tmp_path: Path) -> None:
    submission = reconciled(store, tmp_path, "2026-11-02", range(0))
    jobs.withdraw(store, submission, reason="wrong day", at=AFTER)
    assert kinds(store, MORNING, AFTER) == [(ChangeKind.WITHDRAWN, "")]


def test_new_breaches_are_told_by_rule(either_store: Store, tmp_path: Path) -> None:
    reconciled(either_store, tmp_path, "2026-11-02", range(3, 6))
    found = changes_between(either_store, EVERYBODY, BEFORE, AFTER)
    breaches = {one.subject: one.count for one in found if one.kind is ChangeKind.BREACH}
    counts = finding_counts(either_store, EVERYBODY, CHOICE, About(kind="compliance"))
    open_counts: Counter[str] = Counter()
    for one in counts:
        open_counts[one.rule] += one.open_finding_count
    assert breaches == open_counts
    assert open_counts["REC-003"] == 1
    later = AFTER + timedelta(hours=1)
    reconciled(either_store, tmp_path, "2026-11-02", range(0), later)  # takes the breach away
    assert "REC-003" not in {one.subject for one in changes_between(either_store, EVERYBODY, BEFORE, later)}


def test_nobody_sees_changes_that_their_scope_leaves_out(either_store: Store, tmp_path: Path) -> None:
    reconciled(either_store, tmp_path, "2026-11-02", range(20, 24))
    filed(either_store, tmp_path, "korbit_halts_2026-11-02.csv", halts(halt("H-1", HALTED)))
    filed(either_store, tmp_path, "korbit_reconciliation_2026-11-03.csv", BROKEN)
    assert changes_between(either_store, GOPAX_ONLY, BEFORE, AFTER) == ()


def test_what_is_not_decided_yet_is_told_next_time(either_store: Store, tmp_path: Path) -> None:
    assert decided_until(either_store, SUPERVISOR, AFTER) == AFTER - timedelta(minutes=1)
    path = tmp_path / "korbit_halts_2026-11-02.csv"
    path.write_text(halts(), "utf-8")
    jobs.receive(either_store, Candidate(path, declare(path.name)), received_at=MORNING)
    assert decided_until(either_store, SUPERVISOR, AFTER) == MORNING - timedelta(milliseconds=1)
    jobs.process(either_store)
    assert decided_until(either_store, SUPERVISOR, AFTER) == AFTER - timedelta(minutes=1)


def change(kind: ChangeKind, exchange: str, subject: str = "", minutes: int = 0, count: int = 1) -> Change:
    return Change(
        kind=kind,
        at=MORNING - timedelta(minutes=minutes),
        exchange=exchange,
        report="halts",
        first_day=DAY,
        last_day=DAY,
        subject=subject,
        started_at=MORNING,
        count=count,
        submission=f"{exchange}-{subject}",
    )


def test_groups_put_together_what_is_alike_and_show_every_kind() -> None:
    found = [
        change(ChangeKind.HALT, "upbit", "A"),
        change(ChangeKind.HALT, "upbit", "B"),
        *(change(ChangeKind.BREACH, exchange, rule, count=2) for rule in "VWXYZ" for exchange in ("upbit", "gopax")),
        change(ChangeKind.HALT_RESUMED, "upbit", "C"),
        change(ChangeKind.HALT_RESUMED, "upbit", "D", minutes=5),
        change(ChangeKind.RESTATED, "korbit"),
    ]
    groups, count = grouped(found, 7)
    assert count == 9
    assert [(group.kind, group.newest.subject, group.count) for group in groups] == [
        (ChangeKind.HALT, "A", 1),
        (ChangeKind.HALT, "B", 1),
        (ChangeKind.BREACH, "V", 4),
        (ChangeKind.BREACH, "W", 4),
        (ChangeKind.BREACH, "X", 4),
        (ChangeKind.HALT_RESUMED, "C", 2),
        (ChangeKind.RESTATED, "", 1),
    ]
    assert groups[2].exchanges == ("upbit", "gopax")
    assert groups[5].submission is None
    assert groups[6].submission == "korbit-"


def any_changes() -> some.SearchStrategy[list[Change]]:
    """Changes of a few exchanges and subjects, sorted by kind as a query returns them."""
    one = some.builds(
        change,
        some.sampled_from(ChangeKind),
        some.sampled_from(("upbit", "korbit", "gopax")),
        some.sampled_from("AB"),
        some.integers(0, 9),
        some.integers(1, 3),
    )
    order = list(ChangeKind)
    return some.lists(one, max_size=30).map(lambda found: sorted(found, key=lambda one: order.index(one.kind)))


@given(any_changes(), some.integers(len(ChangeKind), 40))
def test_groups_leave_out_no_kind_and_lose_no_change(found: list[Change], most: int) -> None:
    every, count = grouped(found, len(found))
    assert len(every) == count
    assert sorted(map(id, found)) == sorted(id(one) for group in every for one in group.changes)
    shown, _ = grouped(found, most)
    assert len(shown) == min(most, count)
    assert {group.kind for group in shown} == {one.kind for one in found}
    order = list(ChangeKind)
    assert [group.kind for group in shown] == sorted((group.kind for group in shown), key=order.index)

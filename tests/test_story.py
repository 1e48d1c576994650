"""The story since the rules of version 2 hold: what is planted is found, and nothing else is."""

import hashlib
from collections import Counter
from datetime import date, timedelta

import pytest

from app.cli.demo import DEMO_ASSETS
from app.testbed.simulator import simulate
from app.testbed.simulator.months import month_of
from app.testbed.simulator.planted import planted
from app.testbed.simulator.story import NEW_RULES_HOLD, STORY, Happening, Run
from etl import jobs
from etl.exchanges import exchange
from etl.formats import read
from etl.intake import given_beside
from etl.records import submissions as life
from etl.records.engine import reading
from etl.store import open_store
from expectations.catalogue import all_rules, report

SIZES = {"upbit": 4, "bithumb": 4, "coinone": 3, "korbit": 3, "gopax": 3}
NEW_RULES = {rule.id for rule in all_rules().values() if rule.effective_from == NEW_RULES_HOLD}
UNDATED = {"SUB-010", "SUB-011", "SUB-012", "VOL-009"}
"""New in version 2, or ours, without a date of their own."""
PLANTED = NEW_RULES | UNDATED
WAITING = [event for event in STORY if event.since is not None]


def run_of(last_day, days=30, sizes=DEMO_ASSETS):
    return Run(13, last_day - timedelta(days=days - 1), last_day, tuple(sizes.items()), STORY)


def test_every_new_rule_has_its_event():
    assert {rule for event in WAITING for rule in event.finds} >= PLANTED


@pytest.mark.parametrize(
    "last_day", [date(2026, 12, 31), date(2027, 1, 15), date(2027, 3, 9), date(2028, 3, 1)], ids=str
)
def test_a_run_of_thirty_days_has_each_new_breach_once(last_day):
    waiting = [run_of(last_day).is_told(event) for event in WAITING if event.report != "audits"]
    assert all(waiting)
    found = planted(run_of(last_day))
    beside = Counter({"REC-008": 1, "REC-011": 1 + DEMO_ASSETS["gopax"]})
    assert {rule: found[rule] for rule in PLANTED} == {rule: 1 + beside[rule] for rule in PLANTED}


def test_nothing_happens_before_the_new_rules_hold():
    for days in range(60):
        run = run_of(NEW_RULES_HOLD - timedelta(days=20) + timedelta(days=days))
        for event in WAITING:
            if event.report != "audits" and run.is_told(event):
                assert run.first_day_of(event) >= NEW_RULES_HOLD
                assert run.first_day_of(event) - timedelta(days=event.history) >= run.first_day


def test_a_month_after_the_new_rules_begin_each_has_been_planted_but_the_audit_that_is_not_over():
    found = planted(run_of(date(2026, 12, 19)))
    assert {rule for rule in PLANTED if not found[rule]} == {"AUD-007"}


@pytest.mark.parametrize(
    ("last_day", "month"),
    [
        (date(2026, 12, 19), None),
        (date(2026, 12, 31), "2026-12"),
        (date(2027, 1, 9), "2026-12"),
        (date(2027, 2, 9), "2026-12"),
        (date(2027, 2, 10), "2027-01"),
    ],
    ids=str,
)
def test_the_copied_audit_is_the_last_one_due_or_the_first_under_the_new_rules(last_day, month):
    (event,) = [event for event in STORY if event.kind is Happening.COPIED_AUDIT]
    found = month_of(run_of(last_day, days=45), event)
    assert (found and found.text) == month


def test_no_two_events_bend_the_same_figures():
    """Of one exchange, report and day: only a slice without an asset, in a day that comes in slices."""
    touched = Counter(
        (event.exchange, event.report, event.days_before - day) for event in STORY for day in range(event.days)
    )
    twice = {place for place, count in touched.items() if count > 1}
    assert twice == {("bithumb", "reconciliation", 4)}


def filed(folder, kind, sizes=SIZES):
    """The files of the report, exchange and day that an event of that kind concerns, in order."""
    (event,) = [event for event in STORY if event.kind is kind]
    last_day = NEW_RULES_HOLD + timedelta(days=event.days_before)
    files = list(
        simulate(
            folder, NEW_RULES_HOLD, last_day, seed=5, assets=sizes, exchanges=[event.exchange], reports=[event.report]
        )
    )
    return [file for file in files if file.period.first_day == NEW_RULES_HOLD], event


def test_a_file_that_is_cut_off_comes_with_the_hash_of_the_whole_one(tmp_path):
    (cut, whole), event = filed(tmp_path, Happening.CUT_OFF)
    assert whole.received_at - cut.received_at == timedelta(minutes=event.minutes)
    assert cut.path.read_bytes() == whole.path.read_bytes()[: cut.path.stat().st_size]
    assert cut.path.stat().st_size < whole.path.stat().st_size
    sha256 = hashlib.sha256(whole.path.read_bytes()).hexdigest()
    assert (cut.candidate.given.sha256, whole.candidate.given.sha256) == (sha256, sha256)
    assert given_beside(cut.path) == cut.candidate.given


def test_a_file_that_is_early_is_filed_again_when_its_day_is_over(tmp_path):
    (early, whole), event = filed(tmp_path, Happening.EARLY)
    assert early.period.end - early.received_at == timedelta(minutes=event.minutes)
    assert early.period.end < whole.received_at < report(whole.report).due_at(whole.period)
    assert early.path.read_bytes() != whole.path.read_bytes()


def test_a_last_line_lacks_its_end(tmp_path):
    (file,), _ = filed(tmp_path, Happening.UNENDED)
    data = file.path.read_bytes()
    assert b"\n" in data
    assert not data.endswith((b"\n", b"\r"))


def test_a_nil_return_is_replaced_by_rows_after_its_due_time(tmp_path):
    (nil, rows), _ = filed(tmp_path, Happening.NIL_FIRST)
    assert [row_count(nil), row_count(rows) > 0] == [0, True]
    due_at = report(nil.report).due_at(nil.period)
    assert nil.received_at < due_at < rows.received_at


def row_count(file):
    """How many rows of data a file holds."""
    day = file.period.first_day
    layout = exchange(file.exchange).layouts[file.report].on(day)
    cells, _ = read(file.path.read_bytes(), file.path.name, layout, report(file.report).on(day))
    return cells.row_count


WINDOWS = [
    pytest.param(date(2026, 12, 2), date(2026, 12, 12), id="eleven days"),
    pytest.param(date(2026, 12, 16), date(2027, 1, 12), id="over the end of a month"),
]


def all_findings(folder, first_day, last_day, story=True):
    """Findings by rule and exchange of everything that is filed of these days, and the run."""
    store = open_store(folder, f"sqlite:///{folder / 'records.sqlite'}")
    for file in simulate(folder / "inbox", first_day, last_day, seed=2, assets=SIZES, story=story):
        jobs.receive(store, file.candidate, received_at=file.received_at)
    jobs.process(store)
    with reading(store.engine) as connection:
        every = [submission.id for submission in life.listed(connection)]
        found = life.findings_of(connection, every)
        exchanges = {submission.id: submission.exchange for submission in life.listed(connection)}
    return Counter((finding.rule, exchanges[one]) for one, said in found.items() for _, finding in said)


@pytest.mark.slow
@pytest.mark.parametrize(("first_day", "last_day"), WINDOWS)
def test_what_is_planted_is_found_and_nothing_else(tmp_path, first_day, last_day):
    run = Run(2, first_day, last_day, tuple(SIZES.items()), STORY)
    found: Counter[str] = Counter()
    for (rule, who), count in all_findings(tmp_path, first_day, last_day).items():
        if (rule[:3], who) != ("ACT", missing_steps_of(run)):
            found[rule] += count
    assert found == planted(run)


def missing_steps_of(run):
    """The exchange whose steps of a day are never filed, so that its cases have holes; nobody in a shorter run."""
    (event,) = [event for event in STORY if event.kind is Happening.MISSING and event.report == "key_actions"]
    return event.exchange if run.first_day_of(event) >= run.first_day else None


@pytest.mark.slow
def test_without_the_story_no_rule_of_version_2_finds_anything(tmp_path):
    assert not all_findings(tmp_path, date(2026, 12, 2), date(2026, 12, 12), story=False)

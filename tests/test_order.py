"""What is found is a function of what is accepted: the same for any order of arrival and any cut into runs.

The files are a story of some days with shortfalls, halts, cases, corrections and slices. The order is shuffled by a
seed and cut into runs; after all runs the findings must be those of filing everything at once. What each file was
received at stays what it was, so that lateness is the same.
"""

import random
from collections import Counter
from datetime import date

import pytest

from app.testbed.simulator import SimulatedFile, simulate
from etl import jobs
from etl.affected import StoreChange, affected_submissions
from etl.intake import Candidate, Declared
from etl.records import submissions as life
from etl.records.engine import reading
from etl.review import findings_now, review_submissions
from etl.store import Store, open_store
from expectations.catalogue import published_rules
from expectations.vocabulary import State

pytestmark = pytest.mark.slow

FIRST, LAST = date(2026, 10, 23), date(2026, 11, 14)
UNTIL = date(2026, 11, 3)
"""The first days of the story: a payout, a shortfall without a halt, gaps in the allow-list, late files."""
SEED = 5
ASSETS = {"upbit": 3, "bithumb": 3, "coinone": 3, "korbit": 2, "gopax": 2}
SHUFFLE = 1


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[SimulatedFile]:
    """The last days of a story, each file once: corrections take the place of what they correct."""
    folder = tmp_path_factory.mktemp("story")
    newest: dict[tuple[str, str, str], SimulatedFile] = {}
    for file in simulate(folder, FIRST, LAST, seed=SEED, assets=ASSETS):
        if file.period.first_day <= UNTIL:
            newest[file.exchange, file.report, file.period.text] = file
    return list(newest.values())


def filed(store: Store, files: list[SimulatedFile], runs: int) -> None:
    """File everything in the order given, in so many runs."""
    for run in range(runs):
        for file in files[run * len(files) // runs : (run + 1) * len(files) // runs]:
            candidate = Candidate(file.path, Declared(file.exchange, file.report, file.period))
            jobs.receive(store, candidate, received_at=file.received_at)
        jobs.process(store)


def found(store: Store) -> Counter[tuple[object, ...]]:
    """Every current finding, by the file it is of."""
    with reading(store.engine) as connection:
        return Counter(
            (s.submission.exchange, s.submission.report, s.submission.period.text, s.finding)
            for s in life.current_findings(connection)
        )


@pytest.fixture(scope="module")
def expected(files: list[SimulatedFile], tmp_path_factory: pytest.TempPathFactory) -> Counter[tuple[object, ...]]:
    """The findings of filing everything at once, in order."""
    folder = tmp_path_factory.mktemp("once")
    store = open_store(folder, f"sqlite:///{folder / 'records.sqlite'}")
    filed(store, files, 1)
    return found(store)


def test_the_story_holds_findings_of_many_rules(expected: Counter[tuple[object, ...]]) -> None:
    rules = {key[3].rule for key in expected}
    assert rules >= {"REC-002", "REC-003", "REC-004", "KEY-005", "KEY-006", "HLT-003", "CAL-001", "REC-005"}


def shuffled(files: list[SimulatedFile]) -> list[SimulatedFile]:
    """Any order, but for halts: one that is filed again must find its earlier version accepted (2.5)."""
    order = list(files)
    random.Random(SHUFFLE).shuffle(order)
    halts = iter(sorted((f for f in order if f.report == "halts"), key=lambda f: f.period))
    return [next(halts) if f.report == "halts" else f for f in order]


@pytest.fixture(scope="module")
def shuffled_store(files: list[SimulatedFile], tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The same files in another order and in several runs, on SQLite."""
    folder = tmp_path_factory.mktemp("shuffled")
    store = open_store(folder, f"sqlite:///{folder / 'records.sqlite'}")
    filed(store, shuffled(files), 3)
    return store


def test_any_order_of_arrival_and_any_runs_give_the_same_findings(shuffled_store, expected):
    assert found(shuffled_store) == expected


@pytest.mark.postgres
def test_any_order_gives_the_same_findings_on_postgresql(files, expected, tmp_path, postgres_database_url):
    store = open_store(tmp_path / "home", postgres_database_url)
    filed(store, shuffled(files), 3)
    assert found(store) == expected
    store.engine.dispose()


def test_judging_everything_again_changes_nothing(shuffled_store, expected):
    """What was found step by step is what all rules find of all that is accepted, judged afresh."""
    with reading(shuffled_store.engine) as connection:
        accepted = [s for s in life.listed(connection) if s.state is State.ACCEPTED]
        for name in dict.fromkeys(s.report for s in accepted):
            own = [s for s in accepted if s.report == name]
            afresh = findings_now(shuffled_store, connection, name, own, published_rules(name))
            standing = life.findings_of(connection, [s.id for s in own])
            for submission in own:
                stands = Counter(f for _, f in standing[submission.id] if f.rule != "CAL-001")
                assert Counter(afresh[submission.id]) == stands
    review_submissions(shuffled_store, accepted, at=max(s.received_at for s in accepted))
    assert found(shuffled_store) == expected


def test_withdrawing_and_filing_again_ends_where_it_began(files, shuffled_store, expected):
    with reading(shuffled_store.engine) as connection:
        everything = life.listed(connection)
    taken = random.Random(3).sample([s for s in everything if s.state is State.ACCEPTED and s.report != "halts"], 8)
    for submission in taken:
        jobs.withdraw(shuffled_store, submission.id, reason="test", at=submission.received_at)
    assert found(shuffled_store) != expected
    by_key = {(f.exchange, f.report, f.period.text): f for f in files}
    filed(shuffled_store, [by_key[s.exchange, s.report, s.period.text] for s in taken], 1)
    assert found(shuffled_store) == expected


def test_a_change_reaches_only_what_reads_it(files, tmp_path):
    """A day of key counts reaches itself and the next day, and days that look back on it; nothing of others."""
    store = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'r.sqlite'}")
    filed(store, [f for f in files if f.period.text.startswith(("2026-10-3", "2026-11-0"))], 1)
    with reading(store.engine) as connection:
        every = {s.id: s for s in life.listed(connection)}
        (keys,) = [
            s for s in every.values() if (s.exchange, s.report, s.period.text) == ("upbit", "api_keys", "2026-11-01")
        ]
        by_report = affected_submissions(connection, [StoreChange.of(keys)])
    assert list(by_report) == ["api_keys"]
    reached = {rule: {every[id_] for id_ in ids} for rule, ids in by_report["api_keys"].items()}
    assert {one.exchange for ids in reached.values() for one in ids} == {"upbit"}
    days = {rule: {one.period.text for one in ids} for rule, ids in reached.items()}
    own = {s.period.text for s in every.values() if (s.exchange, s.report) == ("upbit", "api_keys")}
    assert days.pop("KEY-009") == {day for day in own if day >= "2026-11-01"}
    assert days.pop("KEY-004") == {"2026-11-01", "2026-11-02"}
    assert set().union(*days.values()) == {"2026-11-01"}

"""What is found is a function of what is accepted: the same for any order of arrival and any cut into runs.

The files are a story of some days with shortfalls, halts, cases, corrections and slices. The order is shuffled by a
seed and cut into runs; after all runs the findings must be those of filing everything at once. What each file was
received at stays what it was, so that lateness is the same.
"""

import random
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from etl import jobs
from etl.affected import Change, affected
from etl.intake import Candidate, Declared
from etl.records import submissions as life
from etl.records.engine import reading
from etl.review import findings_now, review
from etl.simulate import SimulatedFile, simulate
from etl.store import Store, open_store
from expectations.catalogue import published_rules, report
from expectations.vocabulary import State

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 14)
SEED = 5
ASSETS = {"upbit": 3, "bithumb": 3, "coinone": 3, "korbit": 2, "gopax": 2}
SHUFFLES = (1,)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[SimulatedFile]:
    """The last days of a story, each file once: corrections take the place of what they correct."""
    folder = tmp_path_factory.mktemp("story")
    newest: dict[tuple[str, str, str], SimulatedFile] = {}
    for file in simulate(folder, FIRST, LAST, seed=SEED, assets=ASSETS):
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


@cache
def at_once(folder: Path, names: tuple[SimulatedFile, ...]) -> Counter[tuple[object, ...]]:
    """What is found when everything is filed in one run, in order."""
    store = open_store(folder / "once", f"sqlite:///{folder / 'once.sqlite'}")
    filed(store, list(names), 1)
    return found(store)


@pytest.fixture(scope="module")
def expected(files: list[SimulatedFile], tmp_path_factory: pytest.TempPathFactory) -> Counter[tuple[object, ...]]:
    """The findings of filing everything at once."""
    return at_once(tmp_path_factory.mktemp("once"), tuple(files))


def test_the_story_holds_findings_of_many_rules(expected: Counter[tuple[object, ...]]) -> None:
    rules = {key[3].rule for key in expected}
    assert rules >= {"REC-002", "REC-003", "REC-004", "KEY-005", "KEY-006", "HLT-003", "CAL-001", "REC-005"}


@pytest.mark.parametrize("shuffle", SHUFFLES)
def test_any_order_of_arrival_and_any_runs_give_the_same_findings(files, expected, tmp_path, database_url, shuffle):
    store = open_store(tmp_path / "home", database_url)
    order = list(files)
    random.Random(shuffle).shuffle(order)
    # A halt that is filed again must find its earlier version accepted (2.5): halts keep their order among themselves.
    halts = iter(sorted((f for f in order if f.report == "halts"), key=lambda f: f.period))
    order = [next(halts) if f.report == "halts" else f for f in order]
    filed(store, order, 3)
    assert found(store) == expected
    store.engine.dispose()


def test_withdrawing_and_filing_again_ends_where_it_began(files, expected, tmp_path):
    store = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'r.sqlite'}")
    filed(store, files, 1)
    with reading(store.engine) as connection:
        everything = life.listed(connection)
    taken = random.Random(3).sample([s for s in everything if s.state is State.ACCEPTED and s.report != "halts"], 12)
    for submission in taken:
        jobs.withdraw(store, submission.id, reason="test", at=submission.received_at)
    assert found(store) != expected
    by_key = {(f.exchange, f.report, f.period.text): f for f in files}
    filed(store, [by_key[s.exchange, s.report, s.period.text] for s in taken], 1)
    assert found(store) == expected


def test_judging_everything_again_changes_nothing(files, expected, tmp_path):
    """What was found step by step is what all rules find of all that is accepted, judged afresh."""
    store = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'r.sqlite'}")
    filed(store, files, 3)
    with reading(store.engine) as connection:
        accepted = [s for s in life.listed(connection) if s.state is State.ACCEPTED]
        for name in dict.fromkeys(s.report for s in accepted):
            own = [s for s in accepted if s.report == name]
            rules = published_rules(report(name).name)
            afresh = findings_now(store, connection, name, own, rules)
            standing = life.findings_of(connection, [s.id for s in own])
            for submission in own:
                stands = Counter(f for _, f in standing[submission.id] if f.rule != "CAL-001")
                assert Counter(afresh[submission.id]) == stands
    review(store, accepted, at=max(s.received_at for s in accepted))
    assert found(store) == expected


def test_a_change_reaches_only_what_reads_it(files, tmp_path):
    """A day of key counts reaches its own day and the next one's, and nothing of other exchanges."""
    store = open_store(tmp_path / "home", f"sqlite:///{tmp_path / 'r.sqlite'}")
    filed(store, [f for f in files if f.period.text.startswith("2026-11-0")], 1)
    with reading(store.engine) as connection:
        every = {s.id: s for s in life.listed(connection)}
        (keys,) = [
            s for s in every.values() if (s.exchange, s.report, s.period.text) == ("upbit", "api_keys", "2026-11-05")
        ]
        reached = {
            every[id_]
            for rules in affected(connection, [Change.of(keys)]).values()
            for ids in rules.values()
            for id_ in ids
        }
    assert {(s.exchange, s.report, s.period.text) for s in reached} == {
        ("upbit", "api_keys", "2026-11-05"),
        ("upbit", "api_keys", "2026-11-06"),
    }
